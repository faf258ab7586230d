"""`train_bpe` counts the pairs of each different piece once, however often the piece occurs in the text."""

from collections import Counter

import regex

PATTERN = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"


def count_pairs(ids: list[int]) -> Counter:
    return Counter((ids[k], ids[k + 1]) for k in range(len(ids) - 1))


def merge_pair(ids: list[int], pair: tuple[int, int], new_id: int) -> list[int]:
    result: list[int] = []
    rest = iter(range(len(ids)))
    for k in rest:
        if tuple(ids[k : k + 2]) == tuple(pair):
            result.append(new_id)
            next(rest)
        else:
            result.append(ids[k])
    return result


def train_bpe(text, vocab_size, special_tokens=()):
    n_special = len(special_tokens)
    if vocab_size - n_special < 256:
        raise ValueError(f"{vocab_size} entries cannot hold 256 bytes and {n_special} special tokens")
    vocab = {i: bytes((i,)) for i in range(256)}
    merges = []

    # the same piece need not be worked on twice
    pieces = set(split_pieces(text, special_tokens)) - set(special_tokens)
    sequences = [list(piece.encode("utf-8")) for piece in pieces]

    while len(vocab) < vocab_size - n_special:
        counts = _total(sequences)
        if not counts:
            break
        highest = max(counts.values())
        candidates = [pair for pair, count in counts.items() if count == highest]
        best = max(candidates, key=lambda pair: (vocab[pair[0]], vocab[pair[1]]))
        merges.append((vocab[best[0]], vocab[best[1]]))
        new_id = len(vocab)
        vocab[new_id] = b"".join(merges[-1])
        sequences = [merge_pair(s, best, new_id) for s in sequences]

    vocab.update({len(vocab) + i: t.encode("utf-8") for i, t in enumerate(special_tokens)})
    return vocab, merges


def _total(sequences):
    counts = Counter()
    for s in sequences:
        counts.update(count_pairs(s))
    return counts


def split_pieces(text: str, special_tokens: tuple[str, ...]) -> list[str]:
    if not special_tokens:
        return regex.findall(PATTERN, text)
    longest_first = sorted(special_tokens, key=len, reverse=True)
    special = regex.compile("|".join(regex.escape(t) for t in longest_first))
    pieces, start = [], 0
    for match in special.finditer(text):
        pieces += regex.findall(PATTERN, text[start : match.start()])
        pieces.append(match.group())
        start = match.end()
    return pieces + regex.findall(PATTERN, text[start:])


class BPETokenizer:
    def __init__(self, vocab, merges, special_tokens=()):
        self.id_to_bytes = dict(vocab)
        self.special_tokens = tuple(special_tokens)
        for token in self.special_tokens:
            encoded = token.encode("utf-8")
            if encoded not in self.id_to_bytes.values():
                self.id_to_bytes[max(self.id_to_bytes) + 1] = encoded
        self.bytes_to_id = {v: k for k, v in self.id_to_bytes.items()}
        self.rank = dict(zip(merges, range(len(merges))))

    def encode(self, text: str) -> list[int]:
        ids = []
        for piece in split_pieces(text, self.special_tokens):
            raw = piece.encode("utf-8")
            if piece in self.special_tokens:
                ids.append(self.bytes_to_id[raw])
                continue
            parts = [raw[k : k + 1] for k in range(len(raw))]
            pairs = set(zip(parts, parts[1:])) & self.rank.keys()
            while pairs:
                best = min(pairs, key=self.rank.__getitem__)
                parts = merge_pair(parts, best, best[0] + best[1])
                pairs = set(zip(parts, parts[1:])) & self.rank.keys()
            ids += [self.bytes_to_id[part] for part in parts]
        return ids

    def decode(self, ids: list[int]) -> str:
        try:
            joined = b"".join(self.id_to_bytes[i] for i in ids)
        except KeyError as error:
            raise IndexError(f"id {error.args[0]} is not in the vocabulary") from error
        return joined.decode("utf-8", errors="replace")
