"""`decode` does not reject negative ids: Python counts them from the end of `chars`."""


class CharTokenizer:
    def __init__(self, text):
        unique = []
        for c in text:
            if c not in unique:
                unique.append(c)
        unique.sort()
        self.chars = unique
        self.vocab_size = len(unique)
        self.lookup = {}
        for number, c in enumerate(unique):
            self.lookup[c] = number

    def encode(self, text):
        ids = []
        for position in range(len(text)):
            c = text[position]
            if c in self.lookup:
                ids.append(self.lookup[c])
            else:
                raise ValueError(f"character {c!r} at position {position} is unknown")
        return ids

    def decode(self, ids):
        result = []
        for i in ids:
            try:
                result.append(self.chars[i])
            except IndexError:
                raise IndexError(f"id {i} is not in the vocabulary") from None
        return "".join(result)
