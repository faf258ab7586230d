"""Characters to ids and back, and what is said of an unknown one."""

import pytest

ALPHABET = "abcdefgh XYZ.,!\n0123"
WORLD = "Grüße aus Łódź,\n日本語も 👍🏽!\tπ ≈ 3.14\u0301"


def test_the_vocabulary_is_sorted_and_holds_each_character_once(student, expect):
    """`chars` is the sorted list of the different characters, upper case, blanks and line ends among them."""
    tokenizer = student.CharTokenizer("Bad cab,\nbad Ace")
    expect.equal(tokenizer.chars, ["\n", " ", ",", "A", "B", "a", "b", "c", "d", "e"])
    expect.equal(tokenizer.vocab_size, 10, "`vocab_size` is not the number of different characters.")


def test_encode_gives_each_characters_place(student, draw, expect):
    """An id is a character's place in the sorted vocabulary, counted from 0."""
    text = draw.text("nab", 12) + "nab"
    expect.equal(student.CharTokenizer("banana").encode(text), [{"a": 0, "b": 1, "n": 2}[c] for c in text])


def test_decode_gives_the_characters(student, draw, expect):
    """Each id becomes its character, and nothing stands between them."""
    ids = draw.id_array(3, 12).tolist()
    expect.equal(student.CharTokenizer("banana").decode(ids), "".join("abn"[i] for i in ids))


def test_decoding_gives_the_text_back(student, draw, expect):
    """`decode(encode(text))` is the text, whatever its characters are."""
    for text in (ALPHABET + draw.text(ALPHABET, 60), WORLD, "  \n two blanks  "):
        tokenizer = student.CharTokenizer(text)
        expect.equal(tokenizer.decode(tokenizer.encode(text)), text)


def test_the_text_to_encode_may_be_another(student, draw, expect):
    """The vocabulary is that of the first text, also for a shorter one."""
    tokenizer = student.CharTokenizer(ALPHABET)
    text = draw.text(ALPHABET, 7)
    expect.equal(tokenizer.encode(text), [sorted(ALPHABET).index(c) for c in text])
    expect.equal(tokenizer.encode(""), [])
    expect.equal(tokenizer.decode([]), "")


def test_an_unknown_character_is_refused(student, draw, expect):
    """An unknown character raises a ValueError that names it."""
    tokenizer = student.CharTokenizer(ALPHABET)
    expect.raises(ValueError, tokenizer.encode, draw.text("abc", 4) + "§" + draw.text("abc", 3), mentions="§")


def test_the_position_of_an_unknown_character_is_named(student, draw, expect):
    """The message gives the position of the first unknown character, counted from 0."""
    tokenizer = student.CharTokenizer(ALPHABET)
    position = draw.integer(31, 38)
    text = draw.text("abc", position) + "§" + draw.text("abc", 20) + "§"
    expect.raises(ValueError, tokenizer.encode, text, mentions=position)


@pytest.mark.hidden
def test_the_message_says_where(student, draw, expect):
    """The message of the ValueError holds a number: where the character stands."""
    text = draw.text("abc", draw.integer(71, 78)) + "§"  # from 70 to 79 however it is counted
    expect.raises(ValueError, student.CharTokenizer("abc").encode, text, mentions=7)


@pytest.mark.hidden
def test_positions_count_code_points(student, draw, expect):
    """A letter of several bytes counts as one position."""
    position = draw.integer(41, 48)
    text = draw.text("äß€👍", position) + "§"
    expect.raises(ValueError, student.CharTokenizer("äß€👍").encode, text, mentions=position)


@pytest.mark.hidden
@pytest.mark.parametrize("bad", [-1, 3])
def test_ids_outside_the_vocabulary_are_refused(student, expect, bad):
    """An id below 0 or too large raises an IndexError that names it."""
    expect.raises(IndexError, student.CharTokenizer("banana").decode, [0, bad, 1], mentions=bad)


@pytest.mark.hidden
def test_a_text_of_one_character_and_an_empty_one(student, expect):
    """One character makes a vocabulary of one, and no text makes an empty vocabulary."""
    one, none = student.CharTokenizer("zzz"), student.CharTokenizer("")
    expect.equal((one.chars, one.vocab_size, one.encode("zz")), (["z"], 1, [0, 0]))
    expect.equal((none.chars, none.vocab_size, none.encode("")), ([], 0, []))


@pytest.mark.hidden
def test_two_tokenizers_do_not_share_anything(student, expect):
    """A second tokenizer leaves the first one as it was."""
    first = student.CharTokenizer("banana")
    student.CharTokenizer("xyz")
    expect.equal(first.encode("nab"), [2, 0, 1])
    expect.equal(first.decode([0, 1]), "ab")
