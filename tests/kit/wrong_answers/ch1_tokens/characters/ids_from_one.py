"""`encode` and `decode` number the characters from 1, with 0 kept free for padding, where ids count from 0."""


class CharTokenizer:
    def __init__(self, text: str):
        self.chars = sorted(set(text))
        self.vocab_size = len(self.chars)
        # 0 is the padding id
        self.token_to_id = {c: i for i, c in enumerate(self.chars, start=1)}
        self.id_to_token = {i: c for c, i in self.token_to_id.items()}

    def encode(self, text: str) -> list[int]:
        input_ids = []
        for pos, c in enumerate(text):
            if c not in self.token_to_id:
                raise ValueError(f"{c!r} (position {pos}) is not in the vocabulary")
            input_ids.append(self.token_to_id[c])
        return input_ids

    def decode(self, ids: list[int]) -> str:
        for token_id in ids:
            if token_id not in self.id_to_token:
                raise IndexError(f"{token_id} is not a valid id")
        return "".join(self.id_to_token[token_id] for token_id in ids)
