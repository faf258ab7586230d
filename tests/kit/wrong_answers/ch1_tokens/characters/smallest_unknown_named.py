"""The error of `encode` names the unknown character that sorts first, not the one that comes first in the text."""


class CharTokenizer:
    def __init__(self, text: str) -> None:
        self.chars = sorted(frozenset(text))
        self.vocab_size = len(self.chars)
        self._index = {c: n for n, c in enumerate(self.chars)}

    def encode(self, text: str) -> list[int]:
        missing = sorted(set(text) - set(self.chars))
        if missing:
            c = missing[0]
            raise ValueError(f"character {c!r} at position {text.index(c)} is not in the vocabulary")
        return [self._index[c] for c in text]

    def decode(self, ids: list[int]) -> str:
        for n in ids:
            if n not in range(self.vocab_size):
                raise IndexError(f"id {n} is not in the vocabulary")
        return "".join([self.chars[n] for n in ids])
