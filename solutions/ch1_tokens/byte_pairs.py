"""# Byte-pair encoding

Characters make sequences long, and words make a vocabulary that is never complete. Byte-pair encoding lies between.
It starts from the 256 possible bytes, so that every text can be written, and then learns *merges*: again and again
the most frequent pair of neighbouring tokens becomes one new token. Frequent words end as one token, rare ones as
several.

Before that, the text is cut into *pieces* with GPT-2's pattern (`PATTERN` below): words with the blank before them,
numbers, runs of other signs, white space. No merge reaches over the border of two pieces, so that `dog`, `dog.` and
`dog!` do not become three tokens. *Special tokens*, such as `<|endoftext|>`, are cut out first; they are one id each
and take no part in merging.

| name | what it is |
|---|---|
| `vocab` | a dictionary from id to bytes |
| `merges` | pairs of bytes, in the order in which they were learned; that order is their *rank* |
| ids after training | the bytes are 0 to 255, then the merges in order, then the special tokens |

By hand: in the text `"aab aab"` the pieces are `aab` and ` aab`. The pairs `aa` and `ab` both occur twice; of equals
the greatest pair of bytes wins, so `ab` becomes token 256. Then `a` + `ab` occurs twice and becomes token 257.

A merge changes only the pieces that hold its pair. So the pairs are counted once, and after each merge the counts are
brought up to date; counting all of them anew is right too, and far slower.

To encode, a piece is split into bytes, and the pair with the lowest rank is merged until no pair of it is a merge. With
a vocabulary that others trained, ids are whatever it says: GPT-2 does not number the bytes 0 to 255.

Sources: R. Sennrich, B. Haddow and A. Birch, *Neural Machine Translation of Rare Words with Subword Units*, ACL 2016,
algorithm 1; A. Radford et al., *Language Models are Unsupervised Multitask Learners* (GPT-2), 2019, section 2.2.
"""

from collections import Counter, defaultdict
from itertools import pairwise

import regex

PATTERN = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"


def count_pairs(ids: list[int]) -> Counter[tuple[int, int]]:
    """How often each pair of neighbours occurs, in its order. A single id has no neighbour.

    Overlapping pairs count: `[1, 1, 1]` holds `(1, 1)` twice.

    >>> count_pairs([1, 2, 1, 2, 3])
    Counter({(1, 2): 2, (2, 1): 1, (2, 3): 1})
    """
    # TODO: pair the list with itself, shifted by one, and count.
    return Counter(pairwise(ids))


def merge_pair(ids: list[int], pair: tuple[int, int], new_id: int) -> list[int]:
    """A new list in which `new_id` stands for each occurrence of `pair`, from left to right, without overlap.

    All other ids stay as they are, and so does the caller's list: `[11, 2]` does not hold the pair `(1, 2)`.

    >>> merge_pair([1, 1, 1, 2], (1, 1), 9)
    [9, 1, 2]
    """
    # TODO: walk from left to right; after a merge go on behind the pair, not inside it.
    merged = []
    i = 0
    while i < len(ids):
        if tuple(ids[i : i + 2]) == pair:
            merged.append(new_id)
            i += 2
        else:
            merged.append(ids[i])
            i += 1
    return merged


def train_bpe(
    text: str, vocab_size: int, special_tokens: tuple[str, ...] = ()
) -> tuple[dict[int, bytes], list[tuple[bytes, bytes]]]:
    """Learn merges from `text` until the vocabulary has `vocab_size` entries, or until no pair is left.

    Returns `(vocab, merges)`. Ids are given in this order: the 256 bytes, the merges, the special tokens; all of
    them count towards `vocab_size`, and a `vocab_size` that cannot hold the bytes and the special tokens raises a
    `ValueError` that names it.

    Pairs are counted inside the pieces, in their UTF-8 bytes, and over the whole text: a piece that occurs often counts
    each time. Special tokens are cut out of the text before pairs are counted. The most frequent pair is merged; of
    equally frequent ones the one whose pair of bytes is greatest (`(b"b", b"a") > (b"a", b"z")`). A pair that occurs
    once may still be merged. Nothing is kept from one training to the next.

    >>> train_bpe("aab aab", 258)[1]
    [(b'a', b'b'), (b'a', b'ab')]
    """
    # TODO: reject a vocab_size below 256 + the number of special tokens.
    # TODO: cut the text into pieces (`split_pieces` below), and each piece into byte ids. Keep each different
    #   piece once, with the number of times it occurs.
    # TODO: count the pairs inside the pieces, and note for each pair which pieces hold it.
    # TODO: while there is room: choose the best pair, give it the next id, and merge it in the pieces that hold it.
    #   Take the counts of their old pairs away and add those of their new ones.
    # TODO: the special tokens get the ids after the last merge.
    n_merges = vocab_size - 256 - len(special_tokens)
    if n_merges < 0:
        raise ValueError(f"a vocabulary of {vocab_size} cannot hold 256 bytes and {len(special_tokens)} special tokens")
    vocab = {i: bytes([i]) for i in range(256)}
    merges: list[tuple[bytes, bytes]] = []
    numbers = Counter(piece for piece in split_pieces(text, special_tokens) if piece not in special_tokens)
    pieces = [list(piece.encode()) for piece in numbers]
    times = list(numbers.values())
    pairs: Counter[tuple[int, int]] = Counter()
    places: defaultdict[tuple[int, int], set[int]] = defaultdict(set)
    for place, piece in enumerate(pieces):
        for pair, count in count_pairs(piece).items():
            pairs[pair] += count * times[place]
            places[pair].add(place)
    while len(merges) < n_merges and pairs:
        most = max(pairs.values())
        equals = [pair for pair in pairs if pairs[pair] == most]
        best = max(equals, key=lambda pair: (vocab[pair[0]], vocab[pair[1]]))
        new_id = len(vocab)
        vocab[new_id] = vocab[best[0]] + vocab[best[1]]
        merges.append((vocab[best[0]], vocab[best[1]]))
        for place in places.pop(best):
            for pair in pairwise(pieces[place]):
                pairs[pair] -= times[place]
            pieces[place] = merge_pair(pieces[place], best, new_id)
            for pair in pairwise(pieces[place]):
                pairs[pair] += times[place]
                places[pair].add(place)
        pairs = +pairs  # without those that no piece holds any more
    for token in special_tokens:
        vocab[len(vocab)] = token.encode()
    return vocab, merges


def split_pieces(text: str, special_tokens: tuple[str, ...]) -> list[str]:
    """The pieces of a text in order: special tokens whole, all between them cut by `PATTERN`.

    Where two special tokens begin at the same place, the longest wins. A special token is a string and no pattern. The
    pieces joined are the text. (A help for `train_bpe` and `encode`: the tests look at what these two make of it.)

    >>> split_pieces("my dog.<|end|> It's", ("<|end|>",))
    ['my', ' dog', '.', '<|end|>', ' It', "'s"]
    """
    # TODO: without special tokens, `regex.findall(PATTERN, text)` is all.
    # TODO: else cut at the special tokens first. An alternation takes the first that fits, so put the longest first;
    #   escape them (`<|end|>` holds a sign that patterns use), and put them in a group, so that the split keeps them.
    if not special_tokens:
        return regex.findall(PATTERN, text)
    longest_first = sorted(special_tokens, key=len, reverse=True)
    pieces = []
    for part in regex.split("(" + "|".join(regex.escape(token) for token in longest_first) + ")", text):
        pieces += [part] if part in special_tokens else regex.findall(PATTERN, part)
    return pieces


class BPETokenizer:
    """Text to ids and back, with a vocabulary and merges of `train_bpe` or of anyone else.

    `vocab` maps ids to bytes in any order, and `merges` are pairs of bytes by rank. Each tokenizer goes by its own.
    The two parts of a merge are single bytes or come from merges before it. Special tokens that `vocab` does not hold
    get the next ids after its largest, in the order in which they are given; the caller's `vocab` stays as it is.

    >>> tokenizer = BPETokenizer(*train_bpe("aab aab", 258))
    >>> tokenizer.encode("aab"), tokenizer.decode([257])
    ([257], 'aab')
    """

    def __init__(
        self, vocab: dict[int, bytes], merges: list[tuple[bytes, bytes]], special_tokens: tuple[str, ...] = ()
    ) -> None:
        # TODO: copy `vocab`, and add the special tokens that it lacks.
        # TODO: keep the rank of each merge, and the id of each byte string (the inverse of `vocab`).
        self.vocab = dict(vocab)
        self.special_tokens = special_tokens
        for token in self.special_tokens:
            if token.encode() not in self.vocab.values():
                self.vocab[max(self.vocab) + 1] = token.encode()
        self.ranks = {pair: rank for rank, pair in enumerate(merges)}
        self.ids = {token: i for i, token in self.vocab.items()}

    def encode(self, text: str) -> list[int]:
        """The ids of `text`. Special tokens in it are one id each; where two fit, the longest wins.

        Each other piece is split into bytes, and its pair with the lowest rank is merged until none of its pairs is a
        merge. Only merges lead to longer tokens: bytes that `vocab` holds as one are not taken for that reason alone,
        and a special token that this tokenizer was not given is text like any other.

        >>> BPETokenizer(*train_bpe("aab aab", 258)).encode("abaab b")
        [256, 257, 32, 98]
        """
        # TODO: split into pieces as in training; a special token is one id.
        # TODO: split each other piece into single bytes (as byte strings), then merge the pair with the lowest rank,
        #   everywhere in the piece, until none of its pairs is a merge.
        # TODO: look the ids up; a byte string of the vocabulary need not have the id that you expect.
        ids = []
        for piece in split_pieces(text, self.special_tokens):
            if piece in self.special_tokens:
                ids.append(self.ids[piece.encode()])
            else:
                ids += [self.ids[token] for token in _merge_by_rank(piece.encode(), self.ranks)]
        return ids

    def decode(self, ids: list[int]) -> str:
        """The text of these ids: `decode(encode(text))` is `text`, whatever Unicode it holds.

        A character may be spread over several ids, so the bytes are joined before they are decoded. Bytes that are not
        UTF-8 become U+FFFD, the replacement character. An id that the vocabulary lacks raises an `IndexError` that
        names it.
        """
        # TODO: reject unknown ids, join the bytes, and decode them with errors="replace".
        for i in ids:
            if i not in self.vocab:
                raise IndexError(f"id {i} is not in the vocabulary")
        return b"".join(self.vocab[i] for i in ids).decode(errors="replace")


def _merge_by_rank(piece: bytes, ranks: dict[tuple[bytes, bytes], int]) -> list[bytes]:
    tokens = [bytes([byte]) for byte in piece]
    while True:
        known = [pair for pair in pairwise(tokens) if pair in ranks]
        if not known:
            return tokens
        best = min(known, key=lambda pair: ranks[pair])
        tokens = merge_pair(tokens, best, best[0] + best[1])
