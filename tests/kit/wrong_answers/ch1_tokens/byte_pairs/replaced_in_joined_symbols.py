"""Training joins tokens to a text and replaces the pair there, so that the end of a longer token counts as a token."""

from collections import Counter

import regex

PATTERN = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"


def count_pairs(ids):
    return Counter(zip(ids, ids[1:]))


def merge_pair(ids, pair, new_id):
    merged = []
    for i in ids:
        if merged and (merged[-1], i) == tuple(pair):
            merged[-1] = new_id
        else:
            merged.append(i)
    return merged


def cut(text, special_tokens):
    if not special_tokens:
        return [(piece, False) for piece in regex.findall(PATTERN, text)]
    longest_first = sorted(special_tokens, key=len, reverse=True)
    parts = regex.split("(" + "|".join(map(regex.escape, longest_first)) + ")", text)
    return [
        (piece, place % 2 == 1)
        for place, part in enumerate(parts)
        for piece in ([part] if place % 2 else regex.findall(PATTERN, part))
    ]


def train_bpe(text, vocab_size, special_tokens=()):
    if vocab_size < 256 + len(special_tokens):
        raise ValueError(f"{vocab_size} is too small")
    words = Counter(piece.encode().hex(" ") for piece, special in cut(text, special_tokens) if not special)
    merges = []
    while 256 + len(merges) + len(special_tokens) < vocab_size:
        pairs = Counter()
        for word, times in words.items():
            tokens = word.split()
            for pair in zip(tokens, tokens[1:]):
                pairs[pair] += times
        if not pairs:
            break
        best = max(pairs, key=lambda pair: (pairs[pair], bytes.fromhex(pair[0]), bytes.fromhex(pair[1])))
        merges.append((bytes.fromhex(best[0]), bytes.fromhex(best[1])))
        merged = Counter()
        for word, times in words.items():
            merged[word.replace(" ".join(best), "".join(best))] += times
        words = merged
    tokens = [bytes([i]) for i in range(256)] + [a + b for a, b in merges] + [t.encode() for t in special_tokens]
    return dict(enumerate(tokens)), merges


class BPETokenizer:
    def __init__(self, vocab, merges, special_tokens=()):
        self.vocab = dict(vocab)
        for token in special_tokens:
            if token.encode() not in self.vocab.values():
                self.vocab[max(self.vocab) + 1] = token.encode()
        self.ids = {token: i for i, token in self.vocab.items()}
        self.merges = merges
        self.special_tokens = special_tokens

    def encode(self, text):
        ids = []
        for piece, special in cut(text, self.special_tokens):
            tokens = [piece.encode()] if special else [bytes([b]) for b in piece.encode()]
            for pair in () if special else self.merges:
                tokens = merge_pair(tokens, pair, pair[0] + pair[1])
            ids += [self.ids[token] for token in tokens]
        return ids

    def decode(self, ids):
        for i in ids:
            if i not in self.vocab:
                raise IndexError(f"unknown id {i}")
        return b"".join(self.vocab[i] for i in ids).decode(errors="replace")
