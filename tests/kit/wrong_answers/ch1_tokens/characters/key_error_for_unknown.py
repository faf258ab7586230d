"""`encode` looks characters up without a check, so an unknown one raises a KeyError in place of a ValueError."""


class CharTokenizer:
    """Character level tokenizer."""

    def __init__(self, text: str) -> None:
        self.chars = sorted(set(text))
        self.vocab_size = len(self.chars)
        self.char_to_id = dict(zip(self.chars, range(self.vocab_size)))

    def encode(self, text: str) -> list[int]:
        return [self.char_to_id[c] for c in text]

    def decode(self, ids: list[int]) -> str:
        bad = [i for i in ids if not 0 <= i < self.vocab_size]
        if bad:
            raise IndexError(f"token id {bad[0]} is out of range")
        return "".join(map(self.chars.__getitem__, ids))
