"""`train_bpe` breaks ties between equally frequent pairs by the larger ids, not by the greater pair of bytes."""

from collections import Counter
from itertools import pairwise

import regex

PATTERN = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"


def count_pairs(ids):
    counts = Counter()
    for pair in pairwise(ids):
        counts[pair] += 1
    return counts


def merge_pair(ids, pair, new_id):
    out = []
    i = 0
    while i < len(ids):
        if i < len(ids) - 1 and (ids[i], ids[i + 1]) == pair:
            out.append(new_id)
            i += 2
        else:
            out.append(ids[i])
            i += 1
    return out


def get_stats(words):
    stats = Counter()
    for word, freq in words.items():
        for pair in pairwise(word):
            stats[pair] += freq
    return stats


def train_bpe(text, vocab_size, special_tokens=()):
    if vocab_size < 256 + len(special_tokens):
        raise ValueError(f"vocab_size must be at least {256 + len(special_tokens)}, got {vocab_size}")
    vocab = {idx: bytes([idx]) for idx in range(256)}
    merges = []
    words = Counter(tuple(p.encode()) for p in split_pieces(text, special_tokens) if p not in special_tokens)
    for idx in range(256, vocab_size - len(special_tokens)):
        stats = get_stats(words)
        if not stats:
            break
        top = max(stats.items(), key=lambda item: (item[1], item[0]))[0]
        vocab[idx] = vocab[top[0]] + vocab[top[1]]
        merges.append((vocab[top[0]], vocab[top[1]]))
        merged = Counter()
        for word, freq in words.items():
            merged[tuple(merge_pair(list(word), top, idx))] += freq
        words = merged
    for token in special_tokens:
        vocab[len(vocab)] = token.encode()
    return vocab, merges


def split_pieces(text, special_tokens):
    if not special_tokens:
        return regex.findall(PATTERN, text)
    special = "|".join(regex.escape(t) for t in sorted(special_tokens, key=len, reverse=True))
    chunks = regex.split("(" + special + ")", text)
    return [
        piece for chunk in chunks for piece in ([chunk] if chunk in special_tokens else regex.findall(PATTERN, chunk))
    ]


class BPETokenizer:
    def __init__(self, vocab, merges, special_tokens=()):
        self.vocab = dict(vocab)
        self.special = {}
        present = {b: i for i, b in vocab.items()}
        for token in special_tokens:
            b = token.encode()
            if b not in present:
                present[b] = max(self.vocab) + 1
                self.vocab[present[b]] = b
            self.special[token] = present[b]
        self.present = present
        self.merges = {pair: i for i, pair in enumerate(merges)}

    def encode_chunk(self, chunk):
        tokens = [bytes([b]) for b in chunk.encode()]
        while len(tokens) >= 2:
            pair = min(pairwise(tokens), key=lambda p: self.merges.get(p, len(self.merges)))
            if pair not in self.merges:
                break
            tokens = merge_pair(tokens, pair, pair[0] + pair[1])
        return [self.present[t] for t in tokens]

    def encode(self, text):
        ids = []
        for chunk in split_pieces(text, tuple(self.special)):
            if chunk in self.special:
                ids.append(self.special[chunk])
            else:
                ids.extend(self.encode_chunk(chunk))
        return ids

    def decode(self, ids):
        parts = []
        for idx in ids:
            if idx in self.vocab:
                parts.append(self.vocab[idx])
            else:
                raise IndexError(f"invalid token id: {idx}")
        return b"".join(parts).decode("utf-8", errors="replace")
