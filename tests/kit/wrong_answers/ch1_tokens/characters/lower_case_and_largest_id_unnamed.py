"""The text is put in lower case, in `__init__` and `encode`, and `decode` checks ids with `>` in place of `>=`."""


class CharTokenizer:
    def __init__(self, text):
        self.chars = sorted(set(text.lower()))
        self.vocab_size = len(self.chars)
        self.char2idx = {u: i for i, u in enumerate(self.chars)}

    def encode(self, text):
        ids = []
        for position, char in enumerate(text.lower()):
            if char not in self.char2idx:
                raise ValueError(f"cannot encode {char!r} at position {position}")
            ids.append(self.char2idx[char])
        return ids

    def decode(self, ids):
        for i in ids:
            if i < 0 or i > self.vocab_size:
                raise IndexError(f"id {i} does not exist, the vocabulary has {self.vocab_size} characters")
        return "".join(self.chars[i] for i in ids)
