"""Characters to ids and back, and what is said of an unknown one."""

import pytest

ALPHABET = "abcdefgh XYZ.,!\n0123"
WORLD = "Grüße aus Łódź,\r\n日本語も！ 👍🏽!\tπ ≈ 3.14 e\u0301 é"


# -- the vocabulary -----------------------------------------------------------------------------------------


@pytest.mark.points(8)
def test_the_vocabulary_is_sorted_and_holds_each_character_once(student, expect):
    """`chars` is the sorted list of the different characters, upper case, blanks and line ends among them."""
    tokenizer = student.CharTokenizer("Bad cab,\nbad Ace")
    expect.equal(tokenizer.chars, ["\n", " ", ",", "A", "B", "a", "b", "c", "d", "e"])


def test_the_order_is_that_of_code_points(student, draw, expect):
    """Signs, capitals, small letters, letters of other alphabets and emoji come in the order of `ord`."""
    chars = ["!", "Z", "a", "\u00c4", "\u00e4", "\u0416", "\u65e5", "\uff01", "\U0001d51e", "\U0001f600"]
    expect.equal(student.CharTokenizer("".join(draw.shuffled(chars))).chars, chars)


@pytest.mark.hidden
@pytest.mark.points(3)
def test_the_vocabulary_of_a_drawn_text(student, draw, expect):
    """Characters of any alphabet, in any order and number, are sorted by their code points."""
    text = "".join(draw.shuffled(WORLD * 2)) + draw.text(ALPHABET, 30)
    expect.equal(student.CharTokenizer(text).chars, sorted(set(text)))


@pytest.mark.points(2)
def test_vocab_size_is_the_number_of_characters(student, expect):
    """`vocab_size` counts the different characters, not those of the text."""
    expect.equal(student.CharTokenizer("banana").vocab_size, 3)
    expect.equal(student.CharTokenizer("zzz").vocab_size, 1)


def test_an_accent_may_be_a_character_of_its_own(student, expect):
    """`e` with an accent in one code point is one character, and in two code points it is two."""
    one, two = "\u00e9", "e\u0301"
    tokenizer = student.CharTokenizer(one + two)
    expect.equal(tokenizer.chars, ["e", one, "\u0301"])
    expect.equal(tokenizer.encode(two + one), [0, 2, 1])


def test_an_empty_text_has_an_empty_vocabulary(student, expect):
    """The vocabulary of an empty text is empty, and so is what `encode` gives for it."""
    tokenizer = student.CharTokenizer("")
    expect.equal((list(tokenizer.chars), tokenizer.vocab_size, list(tokenizer.encode(""))), ([], 0, []))


def test_two_tokenizers_do_not_share_anything(student, expect):
    """A second tokenizer leaves the first one as it was, and the same text has its own ids in each."""
    first, second = student.CharTokenizer("banana"), student.CharTokenizer("xyzb")
    expect.equal(first.encode("nab"), [2, 0, 1])
    expect.equal(second.encode("bxz"), [0, 1, 3])
    expect.equal(first.decode([0, 1]), "ab")
    expect.equal(second.decode([0, 1]), "bx")
    for tokenizer, ids in ((first, [1, 1]), (second, [0, 0])):
        expect.equal(tokenizer.encode("bb"), ids)
    expect.equal(first.chars, ["a", "b", "n"])


# -- encode and decode --------------------------------------------------------------------------------------


@pytest.mark.points(8)
def test_encode_gives_each_characters_place(student, draw, expect):
    """An id is a character's place in the sorted vocabulary, counted from 0."""
    text = draw.text("nab", 12) + "nab"
    expect.equal(student.CharTokenizer("banana").encode(text), [{"a": 0, "b": 1, "n": 2}[c] for c in text])


@pytest.mark.points(8)
def test_decode_gives_the_characters(student, draw, expect):
    """Each id becomes its character, and nothing stands between them."""
    ids = [*draw.id_array(3, 12).tolist(), 2, 0, 1]
    expect.equal(student.CharTokenizer("banana").decode(ids), "".join("abn"[i] for i in ids))


@pytest.mark.points(8)
def test_decoding_gives_the_text_back(student, draw, expect):
    """`decode(encode(text))` is the text, whatever its characters are."""
    for text in (ALPHABET + draw.text(ALPHABET, 60), WORLD, "  \n two blanks  ", "\x00 a \x00\x7f\x00"):
        tokenizer = student.CharTokenizer(text)
        expect.equal(tokenizer.decode(tokenizer.encode(text)), text)


@pytest.mark.hidden
@pytest.mark.points(3)
def test_other_texts_come_back_too(student, draw, expect):
    """`decode(encode(text))` is the text: white space and control characters, digits and signs, and a long text."""
    for text in ("\t\x00\x7f\xa0\u2028\ufeff\r\n\r", "0101 1,000 -1 1.5e3", draw.text(WORLD, 400)):
        tokenizer = student.CharTokenizer(text)
        expect.equal(tokenizer.decode(tokenizer.encode(text)), text)


@pytest.mark.points(2)
def test_the_text_to_encode_may_be_another(student, draw, expect):
    """The vocabulary is that of the first text, also for a shorter one and for none."""
    tokenizer = student.CharTokenizer(ALPHABET)
    text = draw.text(ALPHABET, 7)
    expect.equal(tokenizer.encode(text), [sorted(ALPHABET).index(c) for c in text])
    expect.equal(tokenizer.encode(""), [])
    expect.equal(tokenizer.decode([]), "")


def test_each_call_stands_for_itself(student, expect):
    """A second text's ids hold nothing of the first one's, and the vocabulary stays as it was."""
    tokenizer = student.CharTokenizer("banana")
    expect.equal(tokenizer.encode("nab"), [2, 0, 1])
    expect.equal(tokenizer.encode("ann"), [0, 2, 2])
    expect.equal(tokenizer.decode([1, 0]), "ba")
    expect.equal(tokenizer.decode([2]), "n")
    expect.equal((tokenizer.chars, tokenizer.vocab_size), (["a", "b", "n"], 3))


# -- what is refused ----------------------------------------------------------------------------------------


@pytest.mark.points(2)
def test_an_unknown_character_is_refused(student, draw, expect):
    """An unknown character raises a ValueError that names it, in each call anew, and leaves nothing behind."""
    tokenizer = student.CharTokenizer(ALPHABET)
    for _ in range(2):
        expect.raises(ValueError, tokenizer.encode, draw.text("abc", 4) + "§" + draw.text("abc", 3), mentions="§")
    expect.equal(tokenizer.encode("cab"), [sorted(ALPHABET).index(c) for c in "cab"])


@pytest.mark.hidden
def test_a_character_stays_unknown(student, expect):
    """What was refused once is refused again, alone as well, and in another text."""
    tokenizer = student.CharTokenizer("banana")
    for text in ("xabn", "x", "nax", "Nab", "µ"):
        unknown = next(c for c in text if c not in "abn")
        expect.raises(ValueError, tokenizer.encode, text, mentions=unknown)


def test_a_position_is_named(student, draw, expect):
    """The message gives the position of the unknown character, counted from 0 or from 1."""
    position = draw.integer(21, 28)
    text = draw.text("abc", position) + "§"
    expect.raises(ValueError, student.CharTokenizer("abc").encode, text, mentions=(position, position + 1))


def test_the_position_of_an_unknown_character_is_named(student, draw, expect):
    """The message gives the character's position, counted from 0."""
    tokenizer = student.CharTokenizer(ALPHABET)
    position = draw.integer(31, 38)
    text = draw.text("abc", position) + "§" + draw.text("abc", 20)
    expect.raises(ValueError, tokenizer.encode, text, mentions=position)


@pytest.mark.parametrize("letters", ["äß€", "👍𝄞"], ids=["letters", "emoji"])
def test_positions_count_code_points(student, draw, expect, letters):
    """A letter of several bytes counts as one position, and so does an emoji."""
    position = draw.integer(41, 48)
    text = draw.text(letters, position) + "§"
    expect.raises(ValueError, student.CharTokenizer(letters).encode, text, mentions=position)


def test_the_first_unknown_character_is_named(student, draw, expect):
    """Of several unknown characters the first in the text is named, with its position."""
    tokenizer = student.CharTokenizer("ab")
    for _ in range(3):
        unknown = draw.shuffled("cdefghijklmnopqrstuvwxyz")
        position = draw.integer(11, 19)
        text = draw.text("ab", position) + "".join(unknown)
        expect.raises(ValueError, tokenizer.encode, text, mentions=position)


def test_the_first_place_is_named(student, draw, expect):
    """Of several places of the same unknown character the first one is given."""
    position = draw.integer(61, 68)
    text = draw.text("ab", position) + "§" + draw.text("ab", 4) + "§§"
    expect.raises(ValueError, student.CharTokenizer("ab").encode, text, mentions=position)


@pytest.mark.hidden
def test_the_first_place_of_a_character_that_is_unknown_twice(student, draw, expect):
    """The message gives the first place of a character that is unknown twice, also where that is 0."""
    tokenizer = student.CharTokenizer("ab")
    expect.raises(ValueError, tokenizer.encode, "§" + draw.text("ab", 31) + "§", mentions=0)
    expect.raises(ValueError, tokenizer.encode, draw.text("ab", 53) + "§" + draw.text("ab", 31) + "§", mentions=53)


@pytest.mark.parametrize("bad", [-1, 3, 17])
def test_ids_outside_the_vocabulary_are_refused(student, expect, bad):
    """An id below 0 or too large raises an IndexError that names it."""
    expect.raises(IndexError, student.CharTokenizer("banana").decode, [0, bad, 1], mentions=bad)


@pytest.mark.hidden
def test_one_bad_id_anywhere_is_refused(student, expect):
    """The bad id may stand first or last, and may be far outside."""
    tokenizer = student.CharTokenizer("abcdef")
    for ids, bad in (([-2, 1], -2), ([1, -60], -60), ([6], 6), ([0, 5, 600], 600)):
        expect.raises(IndexError, tokenizer.decode, ids, mentions=bad)
