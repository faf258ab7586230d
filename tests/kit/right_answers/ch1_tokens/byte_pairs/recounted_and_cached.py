"""Ids all along in training (recounted each time over tuples), OpenAI-style `bpe` with a cache in the tokenizer."""

import re
from collections import Counter

import regex as re2

SPLIT = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"


def count_pairs(ids):
    counts = Counter()
    for left, right in zip(ids[:-1], ids[1:]):
        counts[left, right] = counts[left, right] + 1
    return counts


def merge_pair(ids, pair, new_id):
    new, skip = [], False
    for n, i in enumerate(ids):
        if skip:
            skip = False
        elif n < len(ids) - 1 and i == pair[0] and ids[n + 1] == pair[1]:
            new.append(new_id)
            skip = True
        else:
            new.append(i)
    return new


def parts_of(text, special_tokens):
    """The text between special tokens at even places, the special tokens at odd ones."""
    if not special_tokens:
        return [text]
    ordered = sorted(special_tokens, key=lambda token: -len(token))
    return re.split("(" + "|".join(map(re.escape, ordered)) + ")", text)


def train_bpe(text, vocab_size, special_tokens=()):
    smallest = 256 + len(special_tokens)
    if vocab_size < smallest:
        raise ValueError(f"need at least {smallest} entries, got vocab_size {vocab_size}")
    words = Counter()
    for part in parts_of(text, special_tokens)[::2]:
        for word in re2.findall(SPLIT, part):
            words[tuple(word.encode("utf8"))] += 1
    vocab = {}
    for byte in range(256):
        vocab[byte] = bytes((byte,))
    merges = []
    for new_id in range(256, vocab_size - len(special_tokens)):
        totals = {}
        for word, times in words.items():
            for pair in zip(word, word[1:]):
                totals[pair] = totals.get(pair, 0) + times
        if len(totals) == 0:
            break
        top = max(totals.values())
        left, right = max((p for p in totals if totals[p] == top), key=lambda p: (vocab[p[0]], vocab[p[1]]))
        vocab[new_id] = vocab[left] + vocab[right]
        merges.append((vocab[left], vocab[right]))
        merged = Counter()
        for word, times in words.items():
            merged[tuple(merge_pair(word, (left, right), new_id))] += times
        words = merged
    for token in special_tokens:
        vocab[len(vocab)] = token.encode("utf8")
    return vocab, merges


class BPETokenizer:
    def __init__(self, vocab, merges, special_tokens=()):
        self.decoder = vocab.copy()
        self.encoder = {token: i for i, token in vocab.items()}
        for token in special_tokens:
            data = token.encode("utf8")
            if data not in self.encoder:
                new = 1 + max(self.decoder.keys())
                self.encoder[data], self.decoder[new] = new, data
        self.bpe_ranks = dict(zip(merges, range(len(merges))))
        self.special_tokens = list(special_tokens)
        self.cache = {}

    def bpe(self, token):
        if token in self.cache:
            return self.cache[token]
        word = tuple(token[i : i + 1] for i in range(len(token)))
        while len(word) > 1:
            bigram = min(zip(word, word[1:]), key=lambda pair: self.bpe_ranks.get(pair, float("inf")))
            if bigram not in self.bpe_ranks:
                break
            word = tuple(merge_pair(word, bigram, bigram[0] + bigram[1]))
        self.cache[token] = word
        return word

    def encode(self, text):
        ids = []
        for n, part in enumerate(parts_of(text, self.special_tokens)):
            if n % 2:
                ids.append(self.encoder[part.encode("utf8")])
            else:
                for word in re2.findall(SPLIT, part):
                    ids.extend(self.encoder[token] for token in self.bpe(word.encode("utf8")))
        return ids

    def decode(self, ids):
        try:
            data = b"".join([self.decoder[i] for i in ids])
        except KeyError as missing:
            raise IndexError(f"no token has the id {missing}") from missing
        return data.decode("utf8", "replace")
