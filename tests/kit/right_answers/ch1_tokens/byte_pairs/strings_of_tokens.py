"""Training keeps pair counts up to date, encoding works on ids and part by part, special tokens are found by hand."""

from collections import Counter, defaultdict

import regex

GPT2 = regex.compile(r"""'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+""")


def count_pairs(ids):
    pairs = Counter()
    for i in range(1, len(ids)):
        pairs[(ids[i - 1], ids[i])] += 1
    return pairs


def merge_pair(ids, pair, new_id):
    out = []
    for i in ids:
        out.append(i)
    place = 0
    while place + 1 < len(out):
        if out[place] == pair[0] and out[place + 1] == pair[1]:
            out[place : place + 2] = [new_id]
        place += 1
    return out


def cut(text, special_tokens):
    """(part, is special) in order; the earliest special token, and of those the longest."""
    while text:
        found = [(text.index(token), -len(token), token) for token in special_tokens if token in text]
        if not found:
            yield text, False
            return
        place, _, token = min(found)
        if place:
            yield text[:place], False
        yield token, True
        text = text[place + len(token) :]


def train_bpe(text, vocab_size, special_tokens=()):
    room = vocab_size - 256 - len(special_tokens)
    if room < 0:
        raise ValueError(f"vocab_size={vocab_size} is too small")
    words = Counter()
    for part, special in cut(text, special_tokens):
        if not special:
            words.update(match.group().encode("utf-8") for match in GPT2.finditer(part))
    spelled = {word: tuple(bytes([b]) for b in word) for word in words}
    pairs, where = Counter(), defaultdict(set)
    for word, tokens in spelled.items():
        for pair in zip(tokens, tokens[1:]):
            pairs[pair] += words[word]
            where[pair].add(word)
    merges = []
    while len(merges) < room and pairs:
        best = max(pairs, key=lambda pair: (pairs[pair], pair))
        merges.append(best)
        for word in list(where[best]):
            for pair in zip(spelled[word], spelled[word][1:]):
                pairs[pair] -= words[word]
                if not pairs[pair]:
                    del pairs[pair]
                where[pair].discard(word)
            spelled[word] = tuple(merge_pair(list(spelled[word]), best, best[0] + best[1]))
            for pair in zip(spelled[word], spelled[word][1:]):
                pairs[pair] += words[word]
                where[pair].add(word)
    tokens = [bytes([i]) for i in range(256)] + [a + b for a, b in merges]
    tokens += [token.encode() for token in special_tokens]
    return {i: token for i, token in enumerate(tokens)}, merges


class BPETokenizer:
    def __init__(self, vocab, merges, special_tokens=()):
        self.bytes_of = {**vocab}
        self.special = {}
        for token in special_tokens:
            known = [i for i, b in self.bytes_of.items() if b == token.encode()]
            if not known:
                known = [max(self.bytes_of) + 1]
                self.bytes_of[known[0]] = token.encode()
            self.special[token] = known[0]
        id_of = {b: i for i, b in reversed(vocab.items())}
        self.byte_id = [id_of.get(bytes([i])) for i in range(256)]
        self.table = {}
        for a, b in reversed(merges):
            self.table[id_of[a], id_of[b]] = id_of[a + b]
        self.rank = {(id_of[a], id_of[b]): r for r, (a, b) in enumerate(merges)}

    def encode(self, text):
        ids = []
        for part, special in cut(text, list(self.special)):
            if special:
                ids.append(self.special[part])
                continue
            for piece in GPT2.findall(part):
                word = [self.byte_id[b] for b in piece.encode()]
                while len(word) > 1:
                    places = [(self.rank.get(pair, 10**9), i) for i, pair in enumerate(zip(word, word[1:]))]
                    rank, i = min(places)
                    if rank == 10**9:
                        break
                    word = word[:i] + [self.table[word[i], word[i + 1]]] + word[i + 2 :]
                ids.extend(word)
        return ids

    def decode(self, ids):
        data = bytearray()
        for i in ids:
            if i not in self.bytes_of:
                raise IndexError(f"unknown id {i}")
            data += self.bytes_of[i]
        return str(data, "utf-8", errors="replace")
