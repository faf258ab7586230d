"""# Byte-pair encoding

**How can a vocabulary of fixed size write every text, and still keep texts short?** A vocabulary of words has no id
for a word that it never saw. The 256 bytes can write every word, but `transformer` is then 11 tokens.

Byte-pair encoding lies between the two. It starts from the 256 possible bytes, so it can write every text. Then it
learns *merges*: again and again, the most frequent pair of neighbouring tokens becomes one new token. In the end a
frequent word is one token, and a rare word is several tokens.

Before training, GPT-2's pattern (`PATTERN` below) cuts the text into *pieces*. A piece is a word with the blank
before it, a number, a run of other signs, or white space. No merge reaches over the border of two pieces, so `dog`,
`dog.` and `dog!` do not become three tokens. *Special tokens*, such as `<|endoftext|>`, are cut out first. Each of them
is one id and takes no part in merging.

| name | what it is |
|---|---|
| `vocab` | a dictionary from id to bytes |
| `merges` | pairs of byte strings in the order in which they were learned; the place in this order is the *rank* |
| ids after training | the bytes are 0 to 255, then the merges in order, then the special tokens |

By hand: the pieces of the text `"aab aab"` are `aab` and ` aab`. The pairs (`a`, `a`) and (`a`, `b`) both occur
twice. Of equally frequent pairs the greatest in the order of bytes is merged, so `ab` becomes token 256. Then (`a`,
`ab`) occurs twice and becomes token 257.

A merge changes only the pieces that hold its pair. So count the pairs once, and correct the counts after each merge.
To count all pairs again after each merge is right too, but far slower.

To encode a piece, split it into bytes. Then merge the pair with the lowest rank, again and again, until no pair of
the piece is a merge. A vocabulary that others trained has its own ids: in GPT-2's vocabulary id 0 is `!`, which is byte
33.

Sources: R. Sennrich, B. Haddow and A. Birch, *Neural Machine Translation of Rare Words with Subword Units*, ACL 2016,
algorithm 1; A. Radford et al., *Language Models are Unsupervised Multitask Learners* (GPT-2), 2019, section 2.2.
"""

from collections import Counter, defaultdict
from itertools import pairwise

import regex

PATTERN = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"


def count_pairs(ids: list[int]) -> Counter[tuple[int, int]]:
    """Count how often each pair of neighbours occurs. The order matters: `(1, 2)` is not `(2, 1)`.

    A single id has no neighbour. Pairs that overlap all count: `[1, 1, 1]` holds `(1, 1)` twice.

    >>> count_pairs([1, 2, 1, 2, 3])
    Counter({(1, 2): 2, (2, 1): 1, (2, 3): 1})
    """
    # TODO: pair the list with itself, shifted by one, and count.
    raise NotImplementedError


def merge_pair(ids: list[int], pair: tuple[int, int], new_id: int) -> list[int]:
    """Return a new list in which `new_id` takes the place of each occurrence of `pair`.

    The list is read from left to right, and occurrences do not overlap. All other ids stay as they are: `[11, 2]` does
    not hold the pair `(1, 2)`. The caller's list is not changed.

    >>> merge_pair([1, 1, 1, 2], (1, 1), 9)
    [9, 1, 2]
    """
    # TODO: walk from left to right. After a merge, continue behind the pair, not inside it.
    raise NotImplementedError


def train_bpe(
    text: str, vocab_size: int, special_tokens: tuple[str, ...] = ()
) -> tuple[dict[int, bytes], list[tuple[bytes, bytes]]]:
    """Learn merges from `text` until the vocabulary has `vocab_size` entries, or until no pair is left.

    Returns `(vocab, merges)`. Ids are given in this order: the 256 bytes, the merges, the special tokens. All of them
    count towards `vocab_size`. A `vocab_size` that is too small for the bytes and the special tokens raises a
    `ValueError` whose message gives it.

    Pairs are counted inside the pieces, in their UTF-8 bytes, and over the whole text: a piece that occurs five times
    counts five times. Special tokens are cut out of the text before pairs are counted. The most frequent pair is
    merged. Of equally frequent pairs it is the one whose pair of byte strings is greatest (`(b"b", b"a") > (b"a",
    b"z")`). A pair that occurs only once may still be merged. A call keeps nothing for the next one.

    >>> train_bpe("aab aab", 258)[1]
    [(b'a', b'b'), (b'a', b'ab')]
    """
    # TODO: reject a vocab_size below 256 + the number of special tokens.
    # TODO: cut the text into pieces (`split_pieces` below), and each piece into byte ids. Keep each different
    #   piece once, with the number of times it occurs.
    # TODO: count the pairs inside the pieces, and note for each pair which pieces hold it.
    # TODO: while there is room: choose the best pair, give it the next id, and merge it in the pieces that hold it.
    #   For these pieces, subtract the counts of the old pairs and add those of the new pairs.
    # TODO: the special tokens get the ids after the last merge.
    raise NotImplementedError


def split_pieces(text: str, special_tokens: tuple[str, ...]) -> list[str]:
    """Return the pieces of a text in order. Special tokens stay whole, and the text between them is cut by `PATTERN`.

    Where two special tokens begin at the same place, the longest is taken. A special token is plain text, not a
    pattern. Joined together, the pieces are the text again. (`train_bpe` and `encode` need this function. The tests
    look at what these two make of it.)

    >>> split_pieces("my dog.<|end|> It's", ("<|end|>",))
    ['my', ' dog', '.', '<|end|>', ' It', "'s"]
    """
    # TODO: without special tokens, `regex.findall(PATTERN, text)` is all.
    # TODO: else cut at the special tokens first: `regex.split` with a pattern such as `(first|second)`.
    #   The first alternative that fits is taken, so put the longest token first. Escape each token with `regex.escape`,
    #   because `|` has a meaning in a pattern. The brackets make the split keep the tokens.
    raise NotImplementedError


class BPETokenizer:
    """Turn text into ids and back, with a vocabulary and merges from `train_bpe` or from anyone else.

    `vocab` maps ids to byte strings, in any order. `merges` are pairs of byte strings, the lowest rank first. Each
    tokenizer uses its own vocabulary and merges. Each part of a merge is a single byte or the result of an earlier
    merge. A special token that `vocab` does not hold gets the next id after the largest one. Several of them get their
    ids in the order in which they are given. The caller's `vocab` is not changed.

    >>> tokenizer = BPETokenizer(*train_bpe("aab aab", 258))
    >>> tokenizer.encode("aab"), tokenizer.decode([257])
    ([257], 'aab')
    """

    def __init__(
        self, vocab: dict[int, bytes], merges: list[tuple[bytes, bytes]], special_tokens: tuple[str, ...] = ()
    ) -> None:
        # TODO: copy `vocab`, and add the special tokens that it lacks.
        # TODO: keep the rank of each merge, and the id of each byte string (the inverse of `vocab`).
        raise NotImplementedError

    def encode(self, text: str) -> list[int]:
        """Return the ids of `text`. Each special token in it is one id.

        Where two special tokens fit, the longest is taken. Each other piece is split into bytes. Then its pair with the
        lowest rank is merged, again and again, until none of its pairs is a merge. Only merges make longer tokens: a
        byte string is not taken as a token just because `vocab` holds it. A special token that was not given to this
        tokenizer is ordinary text.

        >>> BPETokenizer(*train_bpe("aab aab", 258)).encode("abaab b")
        [256, 257, 32, 98]
        """
        # TODO: split into pieces as in training; a special token is one id.
        # TODO: split each other piece into single bytes (as byte strings), then merge the pair with the lowest rank,
        #   everywhere in the piece, until none of its pairs is a merge.
        # TODO: look each id up in the inverse of `vocab`. The id of a single byte need not be the value of the byte.
        raise NotImplementedError

    def decode(self, ids: list[int]) -> str:
        """Return the text of these ids. `decode(encode(text))` is `text`, whatever Unicode it holds.

        A character may be spread over several ids, so the bytes are joined before they are decoded. Bytes that are not
        UTF-8 become U+FFFD, the replacement character. An id that is not in the vocabulary raises an `IndexError` whose
        message gives that id.
        """
        # TODO: reject unknown ids, join the bytes, and decode them with errors="replace".
        raise NotImplementedError
