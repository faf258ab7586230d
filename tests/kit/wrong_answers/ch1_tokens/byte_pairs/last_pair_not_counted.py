"""`count_pairs` stops one place early and never counts the last pair of the list."""

from collections import Counter

import regex

PATTERN = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"


def count_pairs(ids):
    counts = Counter()
    i = 0
    while i < len(ids) - 2:
        counts[(ids[i], ids[i + 1])] += 1
        i += 1
    return counts


def merge_pair(ids, pair, new_id):
    new_ids = []
    skip = False
    for i in range(len(ids)):
        if skip:
            skip = False
        elif i + 1 < len(ids) and ids[i] == pair[0] and ids[i + 1] == pair[1]:
            new_ids.append(new_id)
            skip = True
        else:
            new_ids.append(ids[i])
    return new_ids


def train_bpe(text, vocab_size, special_tokens=()):
    if vocab_size < 256 + len(special_tokens):
        raise ValueError(f"vocab_size {vocab_size} is too small")
    vocab = {}
    for b in range(256):
        vocab[b] = bytes([b])
    merges = []

    words = Counter()
    for piece in split_pieces(text, special_tokens):
        if piece not in special_tokens:
            words[piece] += 1
    sequences = [[list(word.encode("utf-8")), times] for word, times in words.items()]

    while len(vocab) + len(special_tokens) < vocab_size:
        totals = Counter()
        for ids, times in sequences:
            for pair, n in count_pairs(ids).items():
                totals[pair] += n * times
        if len(totals) == 0:
            break
        best = None
        for pair in totals:
            key = (totals[pair], vocab[pair[0]], vocab[pair[1]])
            if best is None or key > best_key:
                best, best_key = pair, key
        new_id = len(vocab)
        merges.append((vocab[best[0]], vocab[best[1]]))
        vocab[new_id] = vocab[best[0]] + vocab[best[1]]
        for entry in sequences:
            entry[0] = merge_pair(entry[0], best, new_id)

    for token in special_tokens:
        vocab[len(vocab)] = token.encode("utf-8")
    return vocab, merges


def split_pieces(text, special_tokens):
    if len(special_tokens) == 0:
        return regex.findall(PATTERN, text)
    ordered = sorted(special_tokens, key=lambda t: -len(t))
    splitter = "(" + "|".join([regex.escape(t) for t in ordered]) + ")"
    pieces = []
    for part in regex.split(splitter, text):
        if part in special_tokens:
            pieces.append(part)
        else:
            pieces.extend(regex.findall(PATTERN, part))
    return pieces


class BPETokenizer:
    def __init__(self, vocab, merges, special_tokens=()):
        self.vocab = vocab.copy()
        self.special_tokens = special_tokens
        for token in special_tokens:
            raw = token.encode("utf-8")
            if raw not in self.vocab.values():
                self.vocab[max(self.vocab) + 1] = raw
        self.ranks = {}
        for rank, pair in enumerate(merges):
            self.ranks[pair] = rank
        self.inverse = {raw: i for i, raw in self.vocab.items()}

    def encode(self, text):
        ids = []
        for piece in split_pieces(text, self.special_tokens):
            if piece in self.special_tokens:
                ids.append(self.inverse[piece.encode("utf-8")])
                continue
            parts = [bytes([b]) for b in piece.encode("utf-8")]
            while True:
                best = None
                for pair in zip(parts, parts[1:]):
                    if pair in self.ranks and (best is None or self.ranks[pair] < self.ranks[best]):
                        best = pair
                if best is None:
                    break
                parts = merge_pair(parts, best, best[0] + best[1])
            for part in parts:
                ids.append(self.inverse[part])
        return ids

    def decode(self, ids):
        data = b""
        for i in ids:
            if i not in self.vocab:
                raise IndexError(f"unknown id {i}")
            data += self.vocab[i]
        return data.decode("utf-8", errors="replace")
