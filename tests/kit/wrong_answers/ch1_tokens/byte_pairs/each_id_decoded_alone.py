"""`decode` decodes the bytes of each id alone and joins the texts, so characters spread over several ids break."""

from collections import Counter
from itertools import pairwise

import regex

PATTERN = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"


def count_pairs(ids: list[int]) -> Counter[tuple[int, int]]:
    return Counter(list(pairwise(ids)))


def merge_pair(ids: list[int], pair: tuple[int, int], new_id: int) -> list[int]:
    a, b = pair
    out: list[int] = []
    n = 0
    while n < len(ids):
        is_pair = n + 1 < len(ids) and ids[n] == a and ids[n + 1] == b
        out.append(new_id if is_pair else ids[n])
        n += 2 if is_pair else 1
    return out


def train_bpe(
    text: str, vocab_size: int, special_tokens: tuple[str, ...] = ()
) -> tuple[dict[int, bytes], list[tuple[bytes, bytes]]]:
    if vocab_size < 256 + len(special_tokens):
        raise ValueError(f"vocab_size {vocab_size} < 256 + {len(special_tokens)}")

    corpus: dict[tuple[int, ...], int] = {}
    for pretoken in split_pieces(text, special_tokens):
        if pretoken in special_tokens:
            continue
        key = tuple(pretoken.encode("utf-8"))
        corpus[key] = corpus.get(key, 0) + 1

    vocab: dict[int, bytes] = {i: bytes([i]) for i in range(256)}
    merges: list[tuple[bytes, bytes]] = []
    while len(vocab) + len(special_tokens) < vocab_size:
        counts: Counter[tuple[int, int]] = Counter()
        for word, freq in corpus.items():
            for pair in pairwise(word):
                counts[pair] += freq
        if not counts:
            break
        best = max(counts, key=lambda p: (counts[p], vocab[p[0]], vocab[p[1]]))
        idx = len(vocab)
        merges.append((vocab[best[0]], vocab[best[1]]))
        vocab[idx] = vocab[best[0]] + vocab[best[1]]
        corpus = {
            tuple(merge_pair(list(word), best, idx)) if best[0] in word else word: freq for word, freq in corpus.items()
        }
    for token in special_tokens:
        vocab[len(vocab)] = token.encode("utf-8")
    return vocab, merges


def split_pieces(text: str, special_tokens: tuple[str, ...]) -> list[str]:
    if not special_tokens:
        return regex.findall(PATTERN, text)
    by_length = sorted(special_tokens, key=len, reverse=True)
    pieces: list[str] = []
    for i, part in enumerate(regex.split("(" + "|".join(map(regex.escape, by_length)) + ")", text)):
        # every second part is a separator
        pieces.extend([part] if i % 2 == 1 else regex.findall(PATTERN, part))
    return pieces


class BPETokenizer:
    def __init__(
        self, vocab: dict[int, bytes], merges: list[tuple[bytes, bytes]], special_tokens: tuple[str, ...] = ()
    ) -> None:
        self.vocab = dict(vocab)
        self.special_tokens = special_tokens
        for token in special_tokens:
            if token.encode("utf-8") not in self.vocab.values():
                self.vocab[max(self.vocab) + 1] = token.encode("utf-8")
        self.vocab_inv = {v: k for k, v in self.vocab.items()}
        self.ranks = {pair: i for i, pair in enumerate(merges)}

    def encode(self, text: str) -> list[int]:
        out: list[int] = []
        for piece in split_pieces(text, self.special_tokens):
            if piece in self.special_tokens:
                out.append(self.vocab_inv[piece.encode("utf-8")])
            else:
                out.extend(self.vocab_inv[t] for t in self._apply_merges(piece.encode("utf-8")))
        return out

    def _apply_merges(self, raw: bytes) -> list[bytes]:
        tokens = [bytes([b]) for b in raw]
        while True:
            ranked = [(self.ranks[p], p) for p in pairwise(tokens) if p in self.ranks]
            if not ranked:
                return tokens
            _, (a, b) = min(ranked)
            tokens = merge_pair(tokens, (a, b), a + b)

    def decode(self, ids: list[int]) -> str:
        text = ""
        for i in ids:
            if i not in self.vocab:
                raise IndexError(f"id {i} is unknown")
            text += self.vocab[i].decode("utf-8", errors="replace")
        return text
