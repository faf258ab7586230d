"""`train_bpe` adds the special tokens beyond `vocab_size`, and `split_pieces` does not try the longest one first."""

from collections import Counter

import regex

PATTERN = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"


def count_pairs(ids):
    counts = Counter()
    for pair in zip(ids, ids[1:]):
        counts[pair] = counts.get(pair, 0) + 1
    return counts


def merge_pair(ids, pair, new_id):
    newids = []
    i = 0
    while i < len(ids):
        if ids[i] == pair[0] and i < len(ids) - 1 and ids[i + 1] == pair[1]:
            newids.append(new_id)
            i += 2
        else:
            newids.append(ids[i])
            i += 1
    return newids


def train_bpe(text, vocab_size, special_tokens=()):
    if vocab_size < 256 + len(special_tokens):
        raise ValueError(f"vocab_size {vocab_size} is too small")
    num_merges = vocab_size - 256

    chunk_counts = Counter(split_pieces(text, special_tokens))
    ids = [(list(ch.encode("utf-8")), n) for ch, n in chunk_counts.items() if ch not in special_tokens]

    merges = []
    vocab = {idx: bytes([idx]) for idx in range(256)}
    for i in range(num_merges):
        stats = Counter()
        for chunk_ids, n in ids:
            for pair, count in count_pairs(chunk_ids).items():
                stats[pair] += count * n
        if not stats:
            break
        pair = max(stats, key=lambda p: (stats[p], vocab[p[0]], vocab[p[1]]))
        idx = 256 + i
        ids = [(merge_pair(chunk_ids, pair, idx), n) for chunk_ids, n in ids]
        merges.append((vocab[pair[0]], vocab[pair[1]]))
        vocab[idx] = vocab[pair[0]] + vocab[pair[1]]

    # special tokens go on top
    for special in special_tokens:
        vocab[len(vocab)] = special.encode("utf-8")
    return vocab, merges


def split_pieces(text, special_tokens):
    if not special_tokens:
        return regex.findall(PATTERN, text)
    special_pattern = "(" + "|".join(regex.escape(k) for k in special_tokens) + ")"
    pieces = []
    for chunk in regex.split(special_pattern, text):
        if chunk in special_tokens:
            pieces.append(chunk)
        else:
            pieces.extend(regex.findall(PATTERN, chunk))
    return pieces


class BPETokenizer:
    def __init__(self, vocab, merges, special_tokens=()):
        self.vocab = dict(vocab)
        self.merges = {pair: idx for idx, pair in enumerate(merges)}
        self.special_tokens = special_tokens
        for special in special_tokens:
            if special.encode("utf-8") not in self.vocab.values():
                self.vocab[max(self.vocab) + 1] = special.encode("utf-8")
        self.inverse_vocab = {v: k for k, v in self.vocab.items()}

    def _encode_chunk(self, text_bytes):
        parts = [bytes([b]) for b in text_bytes]
        while len(parts) >= 2:
            stats = count_pairs(parts)
            pair = min(stats, key=lambda p: self.merges.get(p, float("inf")))
            if pair not in self.merges:
                break
            parts = merge_pair(parts, pair, pair[0] + pair[1])
        return [self.inverse_vocab[p] for p in parts]

    def encode(self, text):
        ids = []
        for part in split_pieces(text, self.special_tokens):
            if part in self.special_tokens:
                ids.append(self.inverse_vocab[part.encode("utf-8")])
            else:
                ids.extend(self._encode_chunk(part.encode("utf-8")))
        return ids

    def decode(self, ids):
        part_bytes = []
        for idx in ids:
            if idx not in self.vocab:
                raise IndexError(f"invalid token id: {idx}")
            part_bytes.append(self.vocab[idx])
        return b"".join(part_bytes).decode("utf-8", errors="replace")
