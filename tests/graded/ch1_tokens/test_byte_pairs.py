"""Byte-pair encoding: counting, merging, training, and a tokenizer for any vocabulary."""

from collections import Counter
from itertools import pairwise

import pytest
import regex

PATTERN = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
WORLD = "Grüße aus Łódź!\n\n  日本語も, 👍🏽\t x²  don't\r\n \ufeff"
BYTES = {i: bytes([i]) for i in range(256)}

# GPT-2 numbers the printable bytes first; these are the first of its published merges.
GPT2_BYTES = [*range(33, 127), *range(161, 173), *range(174, 256), *range(33), *range(127, 161), 173]
GPT2_MERGES = """
_+t _+a h+e i+n r+e o+n _t+he e+r _+s a+t _+w _+o e+n _+c i+t i+s a+n o+r
e+s _+b e+d _+f in+g _+p o+u _a+n a+l a+r _t+o _+m _o+f _+in _+d _+h _an+d
"""


def gpt2():
    """The beginning of GPT-2's vocabulary and merges."""
    merges = [tuple(part.replace("_", " ").encode() for part in pair.split("+")) for pair in GPT2_MERGES.split()]
    tokens = [bytes([byte]) for byte in GPT2_BYTES] + [first + second for first, second in merges]
    return dict(enumerate(tokens)), merges


def with_merges(*pairs):
    """A vocabulary of the 256 bytes and these merges, and the merges; a character below U+0100 stands for its byte."""
    merges = [(first.encode("latin-1"), second.encode("latin-1")) for first, second in pairs]
    return BYTES | {256 + i: first + second for i, (first, second) in enumerate(merges)}, merges


def train_slowly(text, n_merges, special_tokens=()):
    """The merges, by counting everything anew in lists of bytes."""
    parts = [text]
    for special in special_tokens:
        parts = [piece for part in parts for piece in part.split(special)]
    pieces = [[bytes([b]) for b in piece.encode()] for part in parts for piece in regex.findall(PATTERN, part)]
    merges = []
    while n_merges > len(merges):
        counts = Counter(pair for piece in pieces for pair in pairwise(piece))
        if not counts:
            break
        best = max(counts.items(), key=lambda item: (item[1], item[0]))[0]
        merges.append(best)
        for piece in pieces:
            i = 0
            while i < len(piece) - 1:
                if (piece[i], piece[i + 1]) == best:
                    piece[i : i + 2] = [best[0] + best[1]]
                i += 1
    return merges


def vocabulary_of(merges, special_tokens=()):
    tokens = [*BYTES.values(), *(first + second for first, second in merges), *(t.encode() for t in special_tokens)]
    return dict(enumerate(tokens))


def ids_by_token(vocab):
    return {token: number for number, token in vocab.items()}


def merged_in_order(word, merges):
    """The tokens of one piece, each merge done everywhere before the next."""
    tokens = [bytes([b]) for b in word.encode()]
    for first, second in merges:
        i = 0
        while i < len(tokens) - 1:
            if (tokens[i], tokens[i + 1]) == (first, second):
                tokens[i : i + 2] = [first + second]
            i += 1
    return tokens


# -- the two small ones -------------------------------------------------------------------------------------


@pytest.mark.points(2)
def test_count_pairs_counts_neighbours(student, draw, expect):
    """Each pair of neighbours is counted, in its order."""
    ids = [2, 0, 1, *draw.id_array(3, 20).tolist(), 0, 1]
    wanted = Counter((ids[i], ids[i + 1]) for i in range(len(ids) - 1))
    expect.equal(student.count_pairs(ids), wanted)


def test_overlapping_pairs_count(student, expect):
    """Three equal ids hold two pairs, four hold three."""
    expect.equal(student.count_pairs([1, 1, 1]), Counter({(1, 1): 2}))
    expect.equal(student.count_pairs([7, 7, 7, 7, 2]), Counter({(7, 7): 3, (7, 2): 1}))


def test_one_id_has_no_neighbour(student, expect):
    """One id or none hold no pair."""
    expect.equal(student.count_pairs([5]), Counter())
    expect.equal(student.count_pairs([]), Counter())


@pytest.mark.hidden
def test_pairs_of_larger_ids(student, draw, expect):
    """Ids of any size are counted as they are, by each call for itself."""
    for _ in range(2):
        ids = [int(i) for i in draw.id_array(4, 30) * 111 + 1]
        expect.equal(student.count_pairs(ids), Counter(pairwise(ids)))


@pytest.mark.points(2)
def test_merge_pair_replaces_each_occurrence(student, draw, expect):
    """Every occurrence of the pair becomes the new id, and nothing else changes."""
    first, second, other, new_id = draw.sizes(4, 1, 99)
    ids = [other, first, second, other, second, first, second, first, second]
    expect.equal(student.merge_pair(ids, (first, second), new_id), [other, new_id, other, second, new_id, new_id])


def test_merges_do_not_overlap(student, expect):
    """Of three equal ids the first two are merged."""
    expect.equal(student.merge_pair([1, 1, 1, 2], (1, 1), 9), [9, 1, 2])
    expect.equal(student.merge_pair([1, 1, 1, 1, 1], (1, 1), 9), [9, 9, 1])


@pytest.mark.points(2)
def test_other_ids_stay(student, expect):
    """Ids are numbers and not digits; lists without the pair, or too short for it, stay as they are."""
    expect.equal(student.merge_pair([11, 2], (1, 2), 9), [11, 2])
    expect.equal(student.merge_pair([1, 21, 1, 2, 12, 1, 2], (1, 2), 9), [1, 21, 9, 12, 9])
    expect.equal(student.merge_pair([2, 1], (1, 2), 3), [2, 1])
    expect.equal(student.merge_pair([1], (1, 2), 3), [1])
    expect.equal(student.merge_pair([], (1, 2), 3), [])


@pytest.mark.hidden
def test_merge_pair_in_a_drawn_list(student, draw, expect):
    """In a drawn list each pair becomes the new id: at both ends, next to one another and apart."""
    for pair in ((1, 2), (2, 2), (12, 1)):
        ids = [*pair, *([1, 2, 12, 21][i] for i in draw.id_array(4, 40)), *pair]
        wanted = list(ids)
        for i in range(len(ids) - 1):
            if i < len(wanted) - 1 and (wanted[i], wanted[i + 1]) == pair:
                wanted[i : i + 2] = [500]
        expect.equal(student.merge_pair(ids, pair, 500), wanted)


# -- training -----------------------------------------------------------------------------------------------


@pytest.mark.points(2)
def test_training_by_hand(student, expect):
    """`aab aab` has the merges `ab` and then `a` + `ab`, with the ids 256 and 257."""
    vocab, merges = student.train_bpe("aab aab", 258)
    expect.equal(merges, [(b"a", b"b"), (b"a", b"ab")])
    expect.equal(vocab, BYTES | {256: b"ab", 257: b"aab"})


@pytest.mark.points(2)
def test_the_most_frequent_pair_comes_first(student, draw, expect):
    """Merges come by frequency, counted in the whole text: a word that occurs often counts each time."""
    rare, often = draw.shuffled(["xyx", "qzq"])
    text = f"{often} {often} {often} {rare} {rare[0]}{rare[1]}{rare[0]}{rare[1]}"
    expect.equal(student.train_bpe(text, 259)[1], train_slowly(text, 3))


@pytest.mark.points(2)
@pytest.mark.parametrize("n_merges", [1, 4, 12])
def test_merges_of_a_drawn_text(student, draw, expect, n_merges):
    """Drawn words give the merges and the vocabulary of a slow count."""
    text = " ".join(draw.text("abc", draw.integer(1, 6)) for _ in range(12))
    wanted = train_slowly(text, n_merges)
    vocab, merges = student.train_bpe(text, 256 + n_merges)
    expect.equal(merges, wanted)
    expect.equal(vocab, vocabulary_of(wanted))


@pytest.mark.parametrize(("text", "n_merges"), [("ab ab abc bc", 4), ("bcccbcbc", 3), ("caccacac", 3)], ids=str)
def test_a_part_of_a_token_is_no_token(student, expect, text, n_merges):
    """Tokens are whole: neither the end nor the beginning of a longer one counts, or is merged, as a token."""
    wanted = train_slowly(text, n_merges)
    expect.equal(student.train_bpe(text, 256 + n_merges)[1], wanted)


@pytest.mark.points(2)
def test_training_works_on_bytes(student, expect):
    """Letters outside ASCII are several bytes, which are merged like others."""
    text = "öö öö ß日本"
    wanted = train_slowly(text, 8)
    expect.equal(student.train_bpe(text, 264)[1], wanted)


@pytest.mark.points(2)
def test_no_merge_crosses_the_border_of_two_pieces(student, expect):
    """Letters, numbers and other signs are pieces of their own, and a blank belongs to what follows it."""
    expect.equal(student.train_bpe("x.x.x.x1x1x1x", 300)[1], [])
    expect.equal(student.train_bpe("x.x.x<s>1x.x<s>", 300, ("<s>",))[1], [])
    expect.equal(student.train_bpe("a b b b b", 258)[1], [(b" ", b"b")])


@pytest.mark.points(2)
def test_pieces_are_those_of_gpt2(student, expect):
    """Contractions, numbers, several blanks and line ends are cut as GPT-2 cuts them."""
    text = "we're   they've it's 123 x1 x²! a_b!?\n\n  no  they'll WE'LL  \t end "
    expect.equal(student.train_bpe(text * 2, 400)[1], train_slowly(text * 2, 144))


@pytest.mark.hidden
def test_pieces_of_other_texts(student, expect):
    """Signs before letters, letters of other alphabets, numbers that are no digits, and white space at the end."""
    text = "(I'd) 'tis we'D x² ½l 日本 日本 ж_ж\u00a0\u00a0y -- ...\r\n\r\n\t"
    expect.equal(student.train_bpe(text * 3, 400)[1], train_slowly(text * 3, 144))


@pytest.mark.hidden
@pytest.mark.points(2)
def test_training_on_the_courses_own_text(student, data, expect):
    """The beginning of the language corpus gives the same merges as a slow count."""
    text = (data / "language.txt").read_text(encoding="utf-8")[:1200]
    expect.equal(student.train_bpe(text, 256 + 20)[1], train_slowly(text, 20))


GREATER = "The merges of `{}` are not `{}` alone, the greater of its two equally frequent pairs."


def test_of_equals_the_greatest_pair_of_bytes_wins(student, expect):
    """Equally frequent pairs are compared as pairs of bytes, first the left one, then the right one."""
    expect.equal(student.train_bpe("az.ba", 257)[1], [(b"b", b"a")], GREATER.format("az.ba", "(b, a)"))
    expect.equal(student.train_bpe("ay.az", 257)[1], [(b"a", b"z")], GREATER.format("ay.az", "(a, z)"))
    # After `ab` (id 256) the pairs (ab, c) and (z, y) occur once each; z is the greater, though 256 is above 122.
    expect.equal(student.train_bpe("abc.ab.zy", 258)[1], [(b"a", b"b"), (b"z", b"y")])
    # `(ab, a)` is greater than `(a, z)`, although `aba` is less than `az`.
    expect.equal(student.train_bpe("ab.ab.aba.az", 258)[1], [(b"a", b"b"), (b"ab", b"a")])


@pytest.mark.hidden
def test_many_equals(student, draw, expect):
    """Of many pairs that occur once each, one after the other is merged, from the greatest down."""
    pairs = draw.shuffled(["ab", "ba", "cd", "dd", "ez", "fö", "xy", "yx", "zz"])
    text = ".".join(pairs)
    expect.equal(student.train_bpe(text, 256 + 10)[1], train_slowly(text, 10))


def test_training_stops_when_nothing_is_left(student, expect):
    """When each piece is one token, training ends, with a smaller vocabulary than was asked for."""
    vocab, merges = student.train_bpe("cab", 300)
    expect.equal(merges, [(b"c", b"a"), (b"ca", b"b")])
    expect.equal(len(vocab), 258, "The vocabulary does not have 258 entries: 256 bytes and two merges.")
    vocab, merges = student.train_bpe("", 300)
    expect.equal((vocab, list(merges)), (BYTES, []))


def test_a_pair_that_occurs_once_may_be_merged(student, expect):
    """A pair that occurs once is merged too, as long as there is room."""
    expect.equal(student.train_bpe("ab", 257)[1], [(b"a", b"b")])
    expect.equal(student.train_bpe("aa aa xyz", 260)[1], train_slowly("aa aa xyz", 4))


def test_special_tokens_come_last_and_count(student, expect):
    """Special tokens get the ids after the merges, in their own order, and are part of `vocab_size`."""
    text = "aab aab aab"
    vocab, merges = student.train_bpe(text, 260, ("<|end|>", "<pad>"))
    wanted = train_slowly(text, 2)
    expect.equal(merges, wanted)
    expect.equal(vocab, vocabulary_of(wanted, ("<|end|>", "<pad>")))


def test_special_tokens_follow_the_last_merge(student, expect):
    """After an early end, or without room for a merge, the special tokens have the next ids."""
    vocab, merges = student.train_bpe("ab", 300, ("<s>",))
    expect.equal(merges, [(b"a", b"b")])
    expect.equal(vocab, vocabulary_of(merges, ("<s>",)))
    vocab, merges = student.train_bpe("abab", 257, ("<s>",))
    expect.equal((vocab, list(merges)), (BYTES | {256: b"<s>"}, []))


def test_special_tokens_take_no_part_in_training(student, draw, expect):
    """A special token in the text is cut out: nothing of it is merged, and nothing across it."""
    text = "".join(draw.text("ab", draw.integer(1, 5)) + "<|end|>" for _ in range(9)) + "end of end"
    wanted = train_slowly(text, 7, ("<|end|>",))
    expect.equal(student.train_bpe(text, 256 + 7 + 1, ("<|end|>",))[1], wanted)
    expect.equal(student.train_bpe("x<|x|>x<|x|>x<|x|>", 300, ("<|x|>",))[1], [])


def test_the_longest_special_token_wins_in_training_too(student, expect):
    """Where one special token begins another, the longest that fits is cut out, however they are ordered."""
    for special_tokens in (("<s", "<s>>"), ("<s>>", "<s")):
        merges = student.train_bpe("<s>><s>><s>>a<s>", 300, special_tokens)[1]
        expect.equal(list(merges), [], "There are merges, but with the longest special tokens cut out no pair is left.")


@pytest.mark.parametrize(("vocab_size", "special_tokens"), [(255, ()), (257, ("<s>", "</s>"))])
def test_a_vocabulary_too_small_is_refused(student, expect, vocab_size, special_tokens):
    """A `vocab_size` below 256 plus the number of special tokens raises a ValueError that gives it."""
    expect.raises(ValueError, student.train_bpe, "abab", vocab_size, special_tokens, mentions=vocab_size)


def test_the_smallest_vocabulary_has_no_merges(student, expect):
    """256 are enough for the bytes, and leave no room for a merge."""
    vocab, merges = student.train_bpe("abab", 256)
    expect.equal((vocab, list(merges)), (BYTES, []))


def test_each_training_starts_anew(student, expect):
    """A second training on another text knows nothing of the first one, and its vocabulary begins with the bytes."""
    for text in ("xyxyxy xy", "aab aab", "xyxyxy xy"):
        vocab, merges = student.train_bpe(text, 258)
        expect.equal(merges, train_slowly(text, 2))
        expect.equal(vocab, vocabulary_of(train_slowly(text, 2)))


# -- the tokenizer ------------------------------------------------------------------------------------------


@pytest.mark.points(2)
def test_encode_applies_merges_by_rank(student, expect):
    """The merge that was learned first is done first, wherever it stands, and merges go on until none is left."""
    tokenizer = student.BPETokenizer(*with_merges(("b", "c"), ("a", "b"), ("a", "bc")))
    expect.equal(tokenizer.encode("abc"), [258])
    tokenizer = student.BPETokenizer(*with_merges(("b", "c"), ("a", "b")))
    expect.equal(tokenizer.encode("abc"), [97, 256], "`abc` does not become `a` and `bc`; (b, c) has the lower rank.")


@pytest.mark.points(2)
def test_the_place_of_a_pair_does_not_matter(student, expect):
    """With (a, b) before (b, c) in `merges`, `abc` becomes `ab` and `c`."""
    tokenizer = student.BPETokenizer(*with_merges(("a", "b"), ("b", "c")))
    expect.equal(tokenizer.encode("abc"), [256, 99])


def test_the_rank_is_the_place_in_merges(student, expect):
    """`merges` give the ranks by their order, whatever ids the merged tokens have in `vocab`."""
    tokenizer = student.BPETokenizer(BYTES | {256: b"ab", 257: b"bc"}, [(b"b", b"c"), (b"a", b"b")])
    wrong = "`abc` does not become `a` and `bc`; (b, c) has the lower rank, though `ab` has the lower id."
    expect.equal(tokenizer.encode("abc"), [97, 257], wrong)


@pytest.mark.points(0.5)
@pytest.mark.parametrize("text", ["abcd", pytest.param("xabcdabcd", marks=pytest.mark.hidden)])
def test_a_new_token_takes_part_by_its_rank(student, expect, text):
    """A pair with a token that was just made goes before one that was there all the time, if its rank is lower."""
    tokenizer = student.BPETokenizer(*with_merges(("a", "b"), ("ab", "c"), ("c", "d")))
    expect.equal(tokenizer.encode(text), [257, 100] if text == "abcd" else [120, 257, 100, 257, 100])


@pytest.mark.points(2)
def test_encode_does_not_look_for_the_longest(student, expect):
    """A lower rank goes before a longer token."""
    tokenizer = student.BPETokenizer(*with_merges(("c", "d"), ("a", "b"), ("b", "c"), ("ab", "c")))
    expect.equal(tokenizer.encode("abcd"), [257, 256])


@pytest.mark.hidden
@pytest.mark.points(2)
def test_ranks_in_longer_pieces(student, draw, expect):
    """A trained list of merges, applied one after the other to drawn words, gives the same ids."""
    tokenizer = student.BPETokenizer(*with_merges(("a", "b"), ("c", "d"), ("d", "e"), ("b", "cd"), ("de", "e")))
    expect.equal(tokenizer.encode("abcdee"), [256, 257, 101, 101])
    merges = train_slowly(" ".join(draw.text("abc", 7) for _ in range(9)), 15)
    tokenizer, ids = student.BPETokenizer(vocabulary_of(merges), merges), ids_by_token(vocabulary_of(merges))
    for _ in range(4):
        word = draw.text("abc", 20)
        expect.equal(tokenizer.encode(word), [ids[token] for token in merged_in_order(word, merges)])


@pytest.mark.points(2)
def test_every_occurrence_is_merged(student, expect):
    """A merge is done everywhere in a piece, from left to right, also where both tokens are equal."""
    tokenizer = student.BPETokenizer(*with_merges(("a", "a"), ("aa", "b")))
    expect.equal(tokenizer.encode("aaabaab"), [256, 97, 98, 257])
    expect.equal(tokenizer.encode("aaa"), [256, 97])
    tokenizer = student.BPETokenizer(*with_merges(("a", "a"), ("aa", "aa"), ("aaaa", "a")))
    expect.equal([tokenizer.encode("a" * n) for n in (4, 5, 7, 8)], [[257], [258], [257, 256, 97], [257, 257]])


@pytest.mark.points(2)
def test_only_merges_lead_to_longer_tokens(student, expect):
    """Bytes that `vocab` holds as one stay apart where no merge joins them."""
    expect.equal(student.BPETokenizer(BYTES | {256: b"uv"}, []).encode("uv"), [117, 118])
    vocab, merges = with_merges(("x", "y"), ("y", "z"))
    tokenizer = student.BPETokenizer(vocab | {258: b"xyz", 259: b" xy"}, merges)
    expect.equal(tokenizer.encode("xyz xy"), [256, 122, 32, 256])


@pytest.mark.points(2)
def test_encode_respects_pieces(student, expect):
    """No merge reaches over the border of two pieces, even where the bytes would fit."""
    tokenizer = student.BPETokenizer(*with_merges(("a", " "), ("a", "."), (" ", "b"), (".", "b")))
    expect.equal(tokenizer.encode("a b"), [97, 258])
    expect.equal(tokenizer.encode("a.b"), [97, 46, 98])
    tokenizer = student.BPETokenizer(*with_merges(("a", "."), (".", "b")), ("<s>",))
    expect.equal(tokenizer.encode("a.b<s>a.b"), [97, 46, 98, 258, 97, 46, 98])


@pytest.mark.points(2)
def test_ids_are_those_of_the_vocabulary(student, draw, expect):
    """The ids of bytes and merges are looked up in `vocab`, which may number them in any way."""
    vocab, merges = with_merges(("a", "b"), ("ab", "c"))
    numbers = draw.shuffled(range(1000))[: len(vocab)]
    shuffled = dict(zip(numbers, vocab.values(), strict=True))
    tokenizer, id_of = student.BPETokenizer(shuffled, merges), ids_by_token(shuffled)
    ids = [id_of[b"abc"], id_of[b"ab"], id_of[b"a"], id_of[b"c"], id_of[b"\xc3"], id_of[b"\xbc"]]
    expect.equal(tokenizer.encode("abcabacü"), ids)
    expect.equal(tokenizer.decode(ids), "abcabacü")


@pytest.mark.points(2)
def test_gpt2s_ids(student, expect):
    """With the beginning of GPT-2's published vocabulary, the ids are GPT-2's."""
    tokenizer = student.BPETokenizer(*gpt2())
    expect.equal(tokenizer.encode(" the"), [262])
    expect.equal(tokenizer.encode(" and of the\n!"), [290, 286, 262, 198, 0])
    expect.equal(tokenizer.encode(" in  a"), [287, 220, 257])
    expect.equal(tokenizer.decode([278, 13, 220, 11]), "ing. ,")


@pytest.mark.points(2)
def test_training_and_encoding_fit_together(student, draw, expect):
    """With twenty merges of a text the tokenizer writes it in fewer ids than it has bytes, and reads it back."""
    text = " ".join(draw.text("abü", 4) for _ in range(20))
    vocab = vocabulary_of(merges := train_slowly(text, 20))
    tokenizer = student.BPETokenizer(vocab, merges)
    ids = tokenizer.encode(text)
    expect.less(len(ids), len(text.encode()), "The text has no fewer ids than bytes. The number of ids:")
    expect.equal(tokenizer.decode(ids), text)


def test_each_tokenizer_goes_by_its_own_merges(student, expect):
    """Two tokenizers with other merges give the same text other ids, in turn; another text has its own."""
    left, right = student.BPETokenizer(*with_merges(("a", "b"))), student.BPETokenizer(*with_merges(("b", "c")))
    for _ in range(2):
        expect.equal(left.encode("abc"), [256, 99])
        expect.equal(right.encode("abc"), [97, 256])
    expect.equal(left.encode("cab"), [99, 256])
    expect.equal(left.decode([256]) + right.decode([256]), "abbc")


def test_the_list_of_ids_is_the_callers(student, expect):
    """Whoever appends to the list that `encode` gave changes nothing of the next answer."""
    tokenizer, builtins = student.BPETokenizer(*with_merges(("a", "b"))), student.imported("builtins")
    append = student.imported("operator").methodcaller("append", 120)
    lists = student.imported("collections").deque(builtins.map(tokenizer.encode, ["abc", "abc"]))  # there, not copies
    builtins.list(builtins.map(append, lists))
    wrong = "Something was appended to earlier lists of ids of `abc`; now `encode` does not give [256, 99] for it."
    expect.equal(tokenizer.encode("abc"), [256, 99], wrong)


@pytest.mark.parametrize(
    "text", [WORLD, "aab aab", "", " ", "\n \n", "\x00\x7f", "a\u0301e\u200d\U0010ffff", "\ufeffa"]
)
def test_any_text_round_trips(student, expect, text):
    """`decode(encode(text))` is the text, here with four merges."""
    tokenizer = student.BPETokenizer(*with_merges(("a", "b"), (" ", "a"), ("\n", "\n"), ("\xc3", "\xbc")))
    expect.equal(tokenizer.decode(tokenizer.encode(text)), text)


@pytest.mark.points(2)
def test_a_character_may_be_spread_over_ids(student, expect):
    """Bytes are joined before they are decoded."""
    expect.equal(student.BPETokenizer(BYTES, []).decode([0xE6, 0x97, 0xA5, 33]), "日!")
    expect.equal(student.BPETokenizer(*with_merges(("\xc3", "\xbc"), ("x", "\xc3"))).decode([257, 0xA4, 256]), "xäü")


def test_broken_utf8_becomes_the_replacement_character(student, expect):
    """Bytes that are no UTF-8 decode to U+FFFD and raise nothing."""
    tokenizer = student.BPETokenizer(BYTES, [])
    expect.equal(tokenizer.decode([97, 0xFF, 98]), "a\ufffdb")
    expect.equal(tokenizer.decode([0xE6, 0x97]), "\ufffd")


@pytest.mark.parametrize("bad", [-1, 256])
def test_ids_that_the_vocabulary_lacks_are_refused(student, expect, bad):
    """An unknown id raises an IndexError that names it."""
    expect.raises(IndexError, student.BPETokenizer(BYTES, []).decode, [97, bad], mentions=bad)


@pytest.mark.points(0.5)
@pytest.mark.parametrize("last", [500, pytest.param(70_000, marks=pytest.mark.hidden)])
def test_ids_in_a_gap_are_refused(student, expect, last):
    """What counts is whether `vocab` holds the id, not how large it is."""
    tokenizer = student.BPETokenizer(BYTES | {last: b"ab"}, [(b"a", b"b")])
    expect.equal(tokenizer.decode([last, 97]), "aba")
    for ids, bad in (([300, 97], 300), ([97, last + 1], last + 1), ([-97], -97)):
        expect.raises(IndexError, tokenizer.decode, ids, mentions=bad)


# -- special tokens -----------------------------------------------------------------------------------------


def test_a_special_token_is_one_id(student, draw, expect):
    """A special token of the vocabulary keeps its id there; the text around it is encoded as usual."""
    vocab, merges = with_merges(("a", "b"))
    number = draw.integer(300, 900)
    tokenizer = student.BPETokenizer(vocab | {number: b"<|end|>"}, merges, ("<|end|>",))
    expect.equal(tokenizer.encode("ab<|end|>ab!<|end|><|end|>"), [256, number, 256, 33, number, number])
    expect.equal(tokenizer.decode([number, 256]), "<|end|>ab")


def test_special_tokens_that_are_missing_get_the_next_ids(student, expect):
    """They are numbered on from the largest id, in the order in which they are given; `vocab` may have gaps."""
    vocab, merges = with_merges(("a", "b"))
    tokenizer = student.BPETokenizer(vocab, merges, ("<z>", "<a>"))
    expect.equal(tokenizer.encode("<a>ab<z>"), [258, 256, 257])
    expect.equal(tokenizer.decode([257, 258]), "<z><a>")
    tokenizer = student.BPETokenizer(BYTES | {500: b"<s>"}, [], ("<pad>", "<s>"))
    expect.equal(tokenizer.encode("<pad><s>a"), [501, 500, 97])
    two_ways = [(b"b", b"c"), (b"a", b"b"), (b"ab", b"c"), (b"a", b"bc")]  # both of the last give `abc`
    tokenizer = student.BPETokenizer(BYTES | {256: b"bc", 257: b"ab", 258: b"abc"}, two_ways, ("<s>",))
    wrong = "The ids of `<s>a` are not [259, 97]. The largest id of `vocab` is 258, though there are four merges."
    expect.equal(tokenizer.encode("<s>a"), [259, 97], wrong)


@pytest.mark.hidden
def test_next_ids_in_a_vocabulary_in_any_order(student, draw, expect):
    """The largest id need not be the last one of `vocab`."""
    numbers = draw.shuffled([*range(255), 700])
    tokenizer = student.BPETokenizer(dict(zip(numbers, BYTES.values(), strict=True)), [], ("<b>", "<a>"))
    expect.equal(tokenizer.encode("<a><b>a"), [702, 701, numbers[97]])


@pytest.mark.parametrize("specials", [("<s", "<s>", "<s>>"), ("<s>>", "<s>", "<s")], ids=["short first", "long first"])
def test_the_longest_special_token_wins(student, expect, specials):
    """Where one special token begins another, the longest that fits is taken, however they are ordered."""
    tokenizer = student.BPETokenizer(BYTES, [], specials)
    ids = {token: 256 + i for i, token in enumerate(specials)}
    expect.equal(tokenizer.encode("<s>><s><s<"), [ids["<s>>"], ids["<s>"], ids["<s"], 60])


def test_special_tokens_may_hold_any_sign(student, expect):
    """A special token is a string, not a pattern."""
    tokenizer = student.BPETokenizer(BYTES, [], ("[x]", "a.b", "c++"))
    expect.equal(tokenizer.encode("x[x]a-ba.bc++"), [120, 256, 97, 45, 98, 257, 258])


def test_without_special_tokens_the_text_is_plain(student, expect):
    """A vocabulary may hold a special token that this tokenizer was not given: then its text is plain."""
    for special in (b"<s>", b"<|endoftext|>"):
        tokenizer = student.BPETokenizer(BYTES | {256: special}, [])
        expect.equal(tokenizer.encode(special.decode()), [*special])
        expect.equal(tokenizer.decode([256]), special.decode())


def test_blanks_before_a_special_token(student, expect):
    """The text before a special token is cut as if it ended there."""
    vocab, merges = with_merges((" ", " "), (" ", "a"))
    tokenizer = student.BPETokenizer(vocab, merges, ("<s>",))
    expect.equal(tokenizer.encode("  <s>  a"), [256, 258, 32, 257])
