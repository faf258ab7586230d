"""The most frequent pair from a heap of stale entries; encoding tries the merges one after the other, by rank."""

import heapq
from collections import Counter, defaultdict

import regex


def pattern():
    return regex.compile(r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+")


def count_pairs(ids):
    return Counter((ids[i], ids[i + 1]) for i in range(len(ids) - 1))


def merge_pair(ids, pair, new_id):
    result = list(ids)
    i = 0
    while i < len(result) - 1:
        if (result[i], result[i + 1]) == tuple(pair):
            result[i] = new_id
            del result[i + 1]
        i += 1
    return result


class Backwards:
    """A pair of bytes that sorts from the greatest down."""

    def __init__(self, pair):
        self.pair = pair

    def __lt__(self, other):
        return self.pair > other.pair


def pieces_of(text, special):
    if special:
        special = sorted(special, key=len)[::-1]
        for part in regex.splititer("(" + "|".join(regex.escape(s) for s in special) + ")", text):
            if part in special:
                yield part, True
            else:
                yield from ((piece, False) for piece in pattern().findall(part))
    else:
        yield from ((piece, False) for piece in pattern().findall(text))


def train_bpe(text, vocab_size, special_tokens=()):
    if vocab_size < 256 + len(special_tokens):
        raise ValueError(f"vocab_size {vocab_size} < 256 + {len(special_tokens)}")
    vocab = {i: bytes([i]) for i in range(256)}
    merges = []
    numbers = Counter(piece for piece, is_special in pieces_of(text, special_tokens) if not is_special)
    words = [[bytes([b]) for b in piece.encode()] for piece in numbers]
    times = list(numbers.values())
    counts, homes = defaultdict(int), defaultdict(set)
    for w, word in enumerate(words):
        for pair in zip(word, word[1:]):
            counts[pair] += times[w]
            homes[pair].add(w)
    heap = [(-count, Backwards(pair)) for pair, count in counts.items()]
    heapq.heapify(heap)
    while heap and len(vocab) + len(special_tokens) < vocab_size:
        count, entry = heapq.heappop(heap)
        best = entry.pair
        if -count != counts[best] or count == 0:
            continue
        merges.append(best)
        vocab[len(vocab)] = best[0] + best[1]
        touched = set()
        for w in sorted(homes.pop(best)):
            before = Counter(zip(words[w], words[w][1:]))
            if best not in before:
                continue
            words[w] = merge_pair(words[w], best, best[0] + best[1])
            after = Counter(zip(words[w], words[w][1:]))
            for pair in {**before, **after}:
                change = (after[pair] - before[pair]) * times[w]
                if change:
                    counts[pair] += change
                    touched.add(pair)
                if pair in after:
                    homes[pair].add(w)
        for pair in touched:
            if counts[pair]:
                heapq.heappush(heap, (-counts[pair], Backwards(pair)))
    for token in special_tokens:
        vocab[len(vocab)] = token.encode()
    return vocab, merges


class BPETokenizer:
    def __init__(self, vocab, merges, special_tokens=()):
        self.vocab = {i: b for i, b in vocab.items()}
        self.merges = [tuple(pair) for pair in merges]
        self.special_tokens = special_tokens
        for token in special_tokens:
            if token.encode() not in self.vocab.values():
                self.vocab[sorted(self.vocab)[-1] + 1] = token.encode()

    def encode(self, text):
        number = {b: i for i, b in self.vocab.items()}
        out = []
        for piece, is_special in pieces_of(text, self.special_tokens):
            data = piece.encode("utf-8")
            tokens = [data] if is_special else [bytes([b]) for b in data]
            if not is_special:
                for a, b in self.merges:
                    tokens = merge_pair(tokens, (a, b), a + b)
            out += [number[token] for token in tokens]
        return out

    def decode(self, ids):
        data = b""
        for i in ids:
            if self.vocab.get(i) is None:
                raise IndexError(f"{i}")
            data = data + self.vocab[i]
        return data.decode("utf-8", errors="replace")
