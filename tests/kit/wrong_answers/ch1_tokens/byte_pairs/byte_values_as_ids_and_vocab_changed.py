"""`encode` takes a byte's value for its id, whatever `vocab` says, and `__init__` writes to the caller's `vocab`."""

from collections import Counter, defaultdict
from itertools import pairwise

import regex

PATTERN = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"


def count_pairs(ids):
    return Counter(zip(ids, ids[1:]))


def merge_pair(ids, pair, new_id):
    out, i = [], 0
    while i < len(ids):
        if tuple(ids[i : i + 2]) == pair:
            out.append(new_id)
            i += 2
        else:
            out.append(ids[i])
            i += 1
    return out


class _Trainer:
    """Keeps the counts of all pairs up to date."""

    def __init__(self, pieces):
        self.words = [list(piece.encode()) for piece in pieces]
        self.freqs = list(pieces.values())
        self.counts = defaultdict(int)
        self.index = defaultdict(set)
        for w in range(len(self.words)):
            self.add(w)

    def add(self, w):
        for pair in pairwise(self.words[w]):
            self.counts[pair] += self.freqs[w]
            self.index[pair].add(w)

    def remove(self, w):
        for pair in pairwise(self.words[w]):
            self.counts[pair] -= self.freqs[w]
            self.index[pair].discard(w)
            if self.counts[pair] == 0:
                del self.counts[pair]

    def merge(self, pair, new_id):
        for w in list(self.index[pair]):
            self.remove(w)
            self.words[w] = merge_pair(self.words[w], pair, new_id)
            self.add(w)


def train_bpe(text, vocab_size, special_tokens=()):
    if vocab_size < 256 + len(special_tokens):
        raise ValueError(f"a vocab_size of {vocab_size} is too small")
    trainer = _Trainer(Counter(p for p in split_pieces(text, special_tokens) if p not in special_tokens))
    vocab = {i: bytes([i]) for i in range(256)}
    merges = []
    while len(vocab) < vocab_size - len(special_tokens) and trainer.counts:
        pair = max(trainer.counts, key=lambda p: (trainer.counts[p], vocab[p[0]], vocab[p[1]]))
        new_id = len(vocab)
        merges.append((vocab[pair[0]], vocab[pair[1]]))
        vocab[new_id] = vocab[pair[0]] + vocab[pair[1]]
        trainer.merge(pair, new_id)
    for token in special_tokens:
        vocab[len(vocab)] = token.encode()
    return vocab, merges


def split_pieces(text, special_tokens):
    if not special_tokens:
        return regex.findall(PATTERN, text)
    group = "|".join(regex.escape(t) for t in sorted(special_tokens, key=len, reverse=True))
    pieces = []
    for part in regex.split(f"({group})", text):
        pieces += [part] if part in special_tokens else regex.findall(PATTERN, part)
    return pieces


class BPETokenizer:
    def __init__(self, vocab, merges, special_tokens=()):
        self.vocab = vocab
        self.special_tokens = special_tokens
        for token in special_tokens:
            if token.encode() not in self.vocab.values():
                self.vocab[max(self.vocab) + 1] = token.encode()
        self.inverse = {b: i for i, b in self.vocab.items()}
        # (id, id) -> (rank, new id)
        self.merges = {}
        for rank, (a, b) in enumerate(merges):
            self.merges[self._id(a), self._id(b)] = (rank, self._id(a + b))

    def _id(self, token):
        return token[0] if len(token) == 1 else self.inverse[token]

    def encode(self, text):
        output = []
        for piece in split_pieces(text, self.special_tokens):
            if piece in self.special_tokens:
                output.append(self.inverse[piece.encode()])
                continue
            ids = list(piece.encode())
            while True:
                pairs = [p for p in pairwise(ids) if p in self.merges]
                if not pairs:
                    break
                pair = min(pairs, key=lambda p: self.merges[p])
                ids = merge_pair(ids, pair, self.merges[pair][1])
            output += ids
        return output

    def decode(self, ids):
        for i in ids:
            if i not in self.vocab:
                raise IndexError(f"id {i} is not in the vocabulary")
        return b"".join(self.vocab[i] for i in ids).decode("utf-8", errors="replace")
