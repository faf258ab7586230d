"""All tokenizers share one set of characters, kept on the class, and `encode`'s error counts positions from 1."""


class CharTokenizer:
    seen: set[str] = set()

    def __init__(self, text: str) -> None:
        for char in text:
            self.seen.add(char)
        self.chars = sorted(self.seen)
        self.vocab_size = len(self.chars)
        self.ids = {char: i for i, char in enumerate(self.chars)}

    def encode(self, text: str) -> list[int]:
        tokens = []
        for position, char in enumerate(text, 1):
            if char not in self.ids:
                raise ValueError(f"unknown character {char!r} at position {position}")
            tokens.append(self.ids[char])
        return tokens

    def decode(self, ids: list[int]) -> str:
        def char(i):
            if not 0 <= i < self.vocab_size:
                raise IndexError(f"id {i} is out of range")
            return self.chars[i]

        return "".join(char(i) for i in ids)
