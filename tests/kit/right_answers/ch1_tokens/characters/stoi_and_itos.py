"""The two dictionaries of small teaching code, filled by comprehensions, and a check before each look-up."""


class CharTokenizer:
    def __init__(self, text):
        self.chars = sorted(list(set(text)))
        self.vocab_size = len(self.chars)
        self.stoi = {ch: i for i, ch in enumerate(self.chars)}
        self.itos = {i: ch for i, ch in enumerate(self.chars)}

    def encode(self, s):
        for position, ch in enumerate(s):
            if ch not in self.stoi:
                raise ValueError(f"unknown character {ch!r} at position {position}")
        return [self.stoi[c] for c in s]

    def decode(self, ids):
        for i in ids:
            if i not in self.itos:
                raise IndexError(f"id {i} is not in the vocabulary of size {self.vocab_size}")
        return "".join([self.itos[i] for i in ids])
