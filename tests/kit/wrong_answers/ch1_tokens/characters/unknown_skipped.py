"""`encode` leaves out the characters that are not in the vocabulary and raises no ValueError."""


class CharTokenizer:
    def __init__(self, text):
        chars = sorted(list(set(text)))
        self.chars = chars
        self.vocab_size = len(chars)
        self.stoi = {ch: i for i, ch in enumerate(chars)}
        self.itos = {i: ch for i, ch in enumerate(chars)}

    def encode(self, text):
        return [self.stoi[c] for c in text if c in self.stoi]

    def decode(self, ids):
        text = ""
        for i in ids:
            if i not in self.itos:
                raise IndexError(f"id {i} is outside 0..{self.vocab_size - 1}")
            text += self.itos[i]
        return text
