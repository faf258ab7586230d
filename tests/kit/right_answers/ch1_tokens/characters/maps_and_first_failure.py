"""A dictionary each way, and the unknown character found by catching the KeyError."""


class CharTokenizer:
    def __init__(self, text):
        self.id_of = {}
        for character in sorted(dict.fromkeys(text), key=ord):
            self.id_of[character] = len(self.id_of)
        self.character_of = {i: character for character, i in self.id_of.items()}

    @property
    def chars(self):
        return list(self.id_of)

    @property
    def vocab_size(self):
        return len(self.id_of)

    def encode(self, text):
        try:
            return list(map(self.id_of.__getitem__, text))
        except KeyError as error:
            unknown = error.args[0]
            raise ValueError(f"no id for {unknown} (character {text.index(unknown)} of the text)") from None

    def decode(self, ids):
        text = ""
        for i in ids:
            if i not in self.character_of:
                raise IndexError(f"no character has id {i}")
            text += self.character_of[i]
        return text
