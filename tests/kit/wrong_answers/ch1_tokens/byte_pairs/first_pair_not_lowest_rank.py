"""`encode` merges the first pair from the left that is a merge, not the pair with the lowest rank."""

from collections import Counter, defaultdict

import regex

PATTERN = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"


def count_pairs(ids):
    counts = Counter()
    for left, right in zip(ids, ids[1:]):
        counts[left, right] += 1
    return counts


def merge_pair(ids, pair, new_id):
    merged = []
    position = 0
    last = len(ids) - 1
    while position <= last:
        if position < last and ids[position] == pair[0] and ids[position + 1] == pair[1]:
            merged.append(new_id)
            position += 2
            continue
        merged.append(ids[position])
        position += 1
    return merged


def train_bpe(text, vocab_size, special_tokens=()):
    limit = vocab_size - len(special_tokens)
    if limit < 256:
        raise ValueError(f"vocab_size = {vocab_size} is below 256 + {len(special_tokens)} special tokens")

    pieces = Counter(split_pieces(text, special_tokens))
    for token in special_tokens:
        pieces.pop(token, None)
    words = [list(piece.encode()) for piece in pieces]
    times = list(pieces.values())

    counts = Counter()
    holders = defaultdict(set)
    for index, word in enumerate(words):
        for pair, count in count_pairs(word).items():
            counts[pair] += count * times[index]
            holders[pair].add(index)

    vocab = {byte: bytes([byte]) for byte in range(256)}
    merges = []
    while len(vocab) < limit:
        counts = Counter({pair: count for pair, count in counts.items() if count > 0})
        if not counts:
            break
        best = max(counts, key=lambda pair: (counts[pair], (vocab[pair[0]], vocab[pair[1]])))
        new_id = len(vocab)
        vocab[new_id] = vocab[best[0]] + vocab[best[1]]
        merges.append((vocab[best[0]], vocab[best[1]]))
        for index in holders.pop(best):
            counts.subtract({pair: n * times[index] for pair, n in count_pairs(words[index]).items()})
            words[index] = merge_pair(words[index], best, new_id)
            for pair, n in count_pairs(words[index]).items():
                counts[pair] += n * times[index]
                holders[pair].add(index)

    for token in special_tokens:
        vocab[len(vocab)] = token.encode()
    return vocab, merges


def split_pieces(text, special_tokens):
    if not special_tokens:
        return regex.findall(PATTERN, text)
    tokens = sorted(special_tokens, key=len)[::-1]
    parts = regex.split("(" + "|".join(regex.escape(token) for token in tokens) + ")", text)
    pieces = []
    for part in parts:
        if part in tokens:
            pieces.append(part)
        elif part:
            pieces.extend(regex.findall(PATTERN, part))
    return pieces


class BPETokenizer:
    def __init__(self, vocab, merges, special_tokens=()):
        self.vocab = dict(vocab)
        self.merges = {pair: rank for rank, pair in enumerate(merges)}
        self.special_tokens = special_tokens
        next_id = max(vocab, default=-1) + 1
        for token in special_tokens:
            if token.encode() not in self.vocab.values():
                self.vocab[next_id] = token.encode()
                next_id += 1
        self.token_to_id = {token: i for i, token in self.vocab.items()}

    def encode(self, text):
        ids = []
        for piece in split_pieces(text, self.special_tokens):
            if piece in self.special_tokens:
                ids.append(self.token_to_id[piece.encode()])
                continue
            tokens = [bytes([byte]) for byte in piece.encode()]
            changed = True
            while changed:
                changed = False
                for i in range(len(tokens) - 1):
                    pair = (tokens[i], tokens[i + 1])
                    if pair in self.merges:
                        tokens = merge_pair(tokens, pair, pair[0] + pair[1])
                        changed = True
                        break
            ids.extend(self.token_to_id[token] for token in tokens)
        return ids

    def decode(self, ids):
        for i in ids:
            if self.vocab.get(i) is None:
                raise IndexError(f"no token has the id {i}")
        return b"".join(self.vocab[i] for i in ids).decode("utf-8", "replace")
