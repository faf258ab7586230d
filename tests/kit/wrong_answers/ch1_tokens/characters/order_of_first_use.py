"""`chars` holds the characters in the order in which they are first seen and is not sorted."""


class CharTokenizer:
    def __init__(self, text: str) -> None:
        self.chars = list(dict.fromkeys(text))
        self.vocab_size = len(self.chars)
        self.stoi = {ch: i for i, ch in enumerate(self.chars)}

    def encode(self, text: str) -> list[int]:
        out = []
        for pos, ch in enumerate(text):
            idx = self.stoi.get(ch)
            if idx is None:
                raise ValueError(f"unknown character {ch!r} at position {pos}")
            out.append(idx)
        return out

    def decode(self, ids: list[int]) -> str:
        out = []
        for i in ids:
            if i < 0 or i >= self.vocab_size:
                raise IndexError(f"no character has the id {i}")
            out.append(self.chars[i])
        return "".join(out)
