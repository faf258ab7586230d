"""`merge_pair` merges inside the caller's list and returns that list in place of a new one."""

from collections import Counter, defaultdict

import regex

PATTERN = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"


def count_pairs(ids: list[int]) -> Counter[tuple[int, int]]:
    return Counter(zip(ids[:-1], ids[1:]))


def merge_pair(ids: list[int], pair: tuple[int, int], new_id: int) -> list[int]:
    first, second = pair
    i = 0
    while i < len(ids) - 1:
        if ids[i] == first and ids[i + 1] == second:
            ids[i : i + 2] = [new_id]
        i += 1
    return ids


def train_bpe(
    text: str, vocab_size: int, special_tokens: tuple[str, ...] = ()
) -> tuple[dict[int, bytes], list[tuple[bytes, bytes]]]:
    num_merges = vocab_size - 256 - len(special_tokens)
    if num_merges < 0:
        raise ValueError(f"vocab_size={vocab_size} leaves no room for bytes and special tokens")

    word_freq: Counter[str] = Counter()
    for chunk in split_pieces(text, special_tokens):
        if chunk not in special_tokens:
            word_freq[chunk] += 1
    words = [list(word.encode()) for word in word_freq]
    freqs = list(word_freq.values())

    pair_freq: Counter[tuple[int, int]] = Counter()
    where: dict[tuple[int, int], set[int]] = defaultdict(set)
    for w, word in enumerate(words):
        for pair, n in count_pairs(word).items():
            pair_freq[pair] += n * freqs[w]
            where[pair].add(w)

    vocab = {i: bytes([i]) for i in range(256)}
    merges: list[tuple[bytes, bytes]] = []
    for step in range(num_merges):
        if not pair_freq:
            break
        best = max(pair_freq, key=lambda p: (pair_freq[p], vocab[p[0]], vocab[p[1]]))
        left, right = vocab[best[0]], vocab[best[1]]
        vocab[256 + step] = left + right
        merges.append((left, right))
        for w in list(where[best]):
            for pair, n in count_pairs(words[w]).items():
                pair_freq[pair] -= n * freqs[w]
                if pair_freq[pair] <= 0:
                    del pair_freq[pair]
                where[pair].discard(w)
            words[w] = merge_pair(words[w], best, 256 + step)
            for pair, n in count_pairs(words[w]).items():
                pair_freq[pair] += n * freqs[w]
                where[pair].add(w)

    for i, token in enumerate(special_tokens):
        vocab[256 + len(merges) + i] = token.encode()
    return vocab, merges


def split_pieces(text: str, special_tokens: tuple[str, ...]) -> list[str]:
    if not special_tokens:
        return regex.findall(PATTERN, text)
    alternatives = "|".join(map(regex.escape, sorted(special_tokens, key=len, reverse=True)))
    out: list[str] = []
    for part in regex.split(f"({alternatives})", text):
        if part in special_tokens:
            out.append(part)
        else:
            out += regex.findall(PATTERN, part)
    return out


class BPETokenizer:
    def __init__(
        self, vocab: dict[int, bytes], merges: list[tuple[bytes, bytes]], special_tokens: tuple[str, ...] = ()
    ) -> None:
        self.vocab = {**vocab}
        self.special_tokens = special_tokens
        known = set(self.vocab.values())
        for token in special_tokens:
            if token.encode() not in known:
                known.add(token.encode())
                self.vocab[max(self.vocab) + 1] = token.encode()
        self.bytes_to_id = {b: i for i, b in self.vocab.items()}
        self.merge_rank = {pair: r for r, pair in enumerate(merges)}

    def _bpe(self, chunk: bytes) -> list[bytes]:
        parts = [chunk[i : i + 1] for i in range(len(chunk))]
        while len(parts) > 1:
            pair = min(zip(parts, parts[1:]), key=lambda p: self.merge_rank.get(p, float("inf")))
            if pair not in self.merge_rank:
                break
            parts = merge_pair(parts, pair, pair[0] + pair[1])
        return parts

    def encode(self, text: str) -> list[int]:
        ids: list[int] = []
        for chunk in split_pieces(text, self.special_tokens):
            raw = chunk.encode()
            parts = [raw] if chunk in self.special_tokens else self._bpe(raw)
            ids.extend(self.bytes_to_id[p] for p in parts)
        return ids

    def decode(self, ids: list[int]) -> str:
        unknown = [i for i in ids if i not in self.vocab]
        if unknown:
            raise IndexError(f"id {unknown[0]} is not in the vocabulary")
        return b"".join([self.vocab[i] for i in ids]).decode("utf-8", errors="replace")
