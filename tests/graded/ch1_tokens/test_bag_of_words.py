"""Words, their counts, and the angle between two documents."""

import math
from collections import Counter

import numpy as np
import pytest

WORDS = ("ant", "bee", "cat", "dog", "eel", "fox")
MORE_WORDS = ("0", "_", "a", "ab", "abc", "b", "ba", "o1", "z", "zz", "über", "ж")


def check_bag(expect, came, wanted):
    """The counts; another dtype costs the test of dtypes, and not this one."""
    expect.close(came, np.array(wanted), dtype=False)


# -- the vocabulary -----------------------------------------------------------------------------------------


@pytest.mark.points(5)
def test_the_vocabulary_numbers_words_in_sorted_order(student, expect):
    """The words of all documents, in lower case, each once, are numbered in sorted order from 0."""
    documents = ["The cat sat.", "A CAT, and an eager dog!"]
    wanted = {"a": 0, "an": 1, "and": 2, "cat": 3, "dog": 4, "eager": 5, "sat": 6, "the": 7}
    expect.equal(student.build_vocabulary(documents), wanted)


@pytest.mark.hidden
@pytest.mark.points(3)
def test_other_documents_are_numbered_too(student, draw, expect):
    """Words of one letter and of several, digits, and letters of other alphabets are sorted by code point."""
    words = draw.shuffled(MORE_WORDS)
    documents = [" ".join(words[:7]), "; ".join(words[5:]).upper(), words[0]]
    expect.equal(student.build_vocabulary(documents), {word: i for i, word in enumerate(MORE_WORDS)})


@pytest.mark.points(4)
def test_words_are_runs_of_letters_digits_and_underscores(student, expect):
    """Signs between words do not belong to them; digits and underscores do, and so do letters such as ü and ß."""
    document = "It's 3 o'clock: über-cool, x_1!\nEnd.End Straße"
    wanted = ["3", "clock", "cool", "end", "it", "o", "s", "straße", "x_1", "über"]
    expect.equal(student.build_vocabulary([document]), {word: i for i, word in enumerate(wanted)})


def test_each_vocabulary_is_of_its_own_documents(student, expect):
    """A second vocabulary knows nothing of the first one's documents."""
    expect.equal(student.build_vocabulary(["an ant", "a bee"]), {"a": 0, "an": 1, "ant": 2, "bee": 3})
    expect.equal(student.build_vocabulary(["the cat"]), {"cat": 0, "the": 1})


def test_documents_without_words_make_an_empty_vocabulary(student, expect):
    """No documents, empty ones, and signs alone hold no word."""
    expect.equal(student.build_vocabulary([]), {})
    expect.equal(student.build_vocabulary(["", " .,"]), {})


# -- the bag ------------------------------------------------------------------------------------------------


@pytest.mark.points(6)
def test_each_word_is_counted_at_its_place(student, draw, expect):
    """The bag holds how often each word occurs, at the place that is its number in the vocabulary."""
    words = [*WORDS, *(draw.choice(WORDS) for _ in range(20))]
    vocabulary = dict(zip(WORDS, (4, 0, 5, 2, 1, 3), strict=True))
    counts = Counter(words)
    wanted = [counts[word] for word in sorted(WORDS, key=vocabulary.get)]
    check_bag(expect, student.bag_of_words(" ".join(draw.shuffled(words)), vocabulary), wanted)


@pytest.mark.hidden
@pytest.mark.points(3)
def test_a_drawn_vocabulary(student, draw, expect):
    """Words in any order, some of them unknown, are counted at the places of a vocabulary in any order."""
    known = draw.shuffled(MORE_WORDS)[:7]
    vocabulary = dict(zip(known, draw.shuffled(range(7)), strict=True))
    words = [draw.choice(MORE_WORDS) for _ in range(40)]
    wanted = [words.count(word) for word in sorted(known, key=vocabulary.get)]
    check_bag(expect, student.bag_of_words(" . ".join(words), vocabulary), wanted)


@pytest.mark.points(3)
def test_words_are_found_as_in_the_vocabulary(student, expect):
    """Case and signs do not matter in a bag either; a word inside a longer one is not that word."""
    vocabulary = {"cat": 0, "o": 1, "the": 2}
    check_bag(expect, student.bag_of_words("The CAT, the cat's; o'cat!", vocabulary), [3, 1, 2])
    check_bag(expect, student.bag_of_words("category", {"cat": 0}), [0])
    check_bag(expect, student.bag_of_words("a concat, cat_1; other o2 cat", vocabulary), [1, 0, 0])


@pytest.mark.points(3)
def test_two_orders_are_one_vector(student, expect):
    """Two texts of the same words in another order have the same bag."""
    vocabulary = {"bites": 0, "dog": 1, "man": 2, "the": 3}
    for text in ("the dog bites the man", "the man bites the dog"):
        check_bag(expect, student.bag_of_words(text, vocabulary), [1, 1, 1, 2])


@pytest.mark.points(2)
def test_unknown_words_are_ignored(student, expect):
    """A word that the vocabulary lacks counts nowhere."""
    vocabulary = {"cat": 0, "sat": 1, "the": 2}
    check_bag(expect, student.bag_of_words("the dog and the cat", vocabulary), [1, 0, 2])
    check_bag(expect, student.bag_of_words("nothing known here", vocabulary), [0, 0, 0])


def test_each_call_counts_anew(student, expect):
    """A second document's bag holds nothing of the first one's, and the same document has its own bag each time."""
    vocabulary = {"heron": 0, "crane": 1}
    check_bag(expect, student.bag_of_words("heron crane heron", vocabulary), [2, 1])
    check_bag(expect, student.bag_of_words("crane", vocabulary), [0, 1])
    check_bag(expect, student.bag_of_words("crane", {"crane": 0, "gull": 1}), [1, 0])
    check_bag(expect, student.bag_of_words("crane", {"gull": 0, "heron": 1, "crane": 2}), [0, 0, 1])


def test_counts_are_int64(student, expect):
    """The bag is int64."""
    expect.dtype(student.bag_of_words("cat cat", {"cat": 0, "dog": 1}), "int64")


def test_empty_documents_and_vocabularies(student, expect):
    """No words give zeros, and an empty vocabulary an empty bag."""
    check_bag(expect, student.bag_of_words("", {"a": 0, "b": 1}), [0, 0])
    expect.shape(student.bag_of_words("a b", {}), (0,))


# -- the cosine ---------------------------------------------------------------------------------------------


@pytest.mark.points(5)
def test_the_cosine_of_known_angles(student, expect):
    """The same direction gives 1, a right angle 0, 45 degrees √0.5, and (1, 0) with (3, 4) gives 0.6."""
    expect.close(student.cosine_similarity(np.array([1, 0]), np.array([3, 4])), 0.6)
    expect.close(student.cosine_similarity(np.array([1, 2, 2]), np.array([2, 4, 4])), 1.0)
    expect.close(student.cosine_similarity(np.array([1, 0, 2]), np.array([0, 3, 0])), 0.0)
    expect.close(student.cosine_similarity(np.array([1, -1]), np.array([2, 0])), math.sqrt(0.5))


@pytest.mark.points(5)
def test_the_cosine_of_drawn_vectors(student, draw, expect):
    """The product of the vectors, divided by both lengths."""
    a, b = draw.array(6), draw.array(6, scale=3.0)
    dot, lengths = sum(x * y for x, y in zip(a, b, strict=True)), math.hypot(*a) * math.hypot(*b)
    expect.close(student.cosine_similarity(a, b), dot / lengths)


@pytest.mark.hidden
@pytest.mark.points(3)
def test_the_cosine_of_counts(student, draw, expect):
    """Two long vectors of counts have the right cosine, and two of one number each have the cosine 1."""
    a, b = draw.id_array(9, 30), draw.id_array(4, 30)
    dot, lengths = sum(int(x) * int(y) for x, y in zip(a, b, strict=True)), math.hypot(*a) * math.hypot(*b)
    expect.close(student.cosine_similarity(a, b), dot / lengths)
    expect.close(student.cosine_similarity(np.array([3]), np.array([5])), 1.0)


def test_opposite_directions_are_minus_one(student, draw, expect):
    """A vector and one in the opposite direction have the cosine -1."""
    a = draw.array(5)
    expect.close(student.cosine_similarity(a, -2.0 * a), -1.0)


@pytest.mark.points(2)
def test_a_zero_vector_is_like_nothing(student, draw, expect):
    """Where a vector is all zeros the cosine is 0.0, not NaN."""
    zero, other = np.zeros(4), draw.array(4)
    for a, b in ((zero, other), (other, zero), (zero, zero)):
        expect.close(student.cosine_similarity(a, b), 0.0)
    expect.close(student.cosine_similarity(np.array([0, 0]), np.array([2, 1])), 0.0)


def test_the_cosine_does_not_depend_on_lengths(student, expect):
    """Two tiny vectors, two huge ones, and a tiny beside a huge one have the cosine of their directions."""
    a, b = np.array([3.0, 4.0]), np.array([4.0, 3.0])
    for first, second in ((7.0, 0.5), (1e-6, 1e-6), (1e10, 1e10), (1e-6, 1e10)):
        expect.close(student.cosine_similarity(first * a / 5, second * b / 5), 0.96)


def test_products_of_whole_numbers_do_not_overflow(student, expect):
    """Vectors in int8, int32 and int64 give the right cosine, also where their products are too large for the dtype."""
    for dtype, size in (("int8", 20), ("int32", 10**8), ("int64", 10**9)):
        a, b = np.array([3, 4], dtype=dtype) * np.array(size, dtype=dtype), np.array([4, 3], dtype=dtype)
        expect.close(student.cosine_similarity(a, b * np.array(size, dtype=dtype)), 0.96)
    least = np.array([-128, 0], dtype="int8")  # its size is no int8 any more
    expect.close(student.cosine_similarity(least, np.array([1, 0], dtype="int8")), -1.0)


@pytest.mark.hidden
def test_other_whole_numbers_do_not_overflow(student, expect):
    """Longer vectors of small whole numbers, unsigned and signed, give the right cosine too."""
    for dtype in ("uint8", "int16"):
        a, b = np.full(40, 120, dtype=dtype), np.array([120] * 20 + [0] * 20, dtype=dtype)
        expect.close(student.cosine_similarity(a, b), math.sqrt(0.5))
