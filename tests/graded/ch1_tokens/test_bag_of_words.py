"""Words, their counts, and the angle between two documents."""

import math
from collections import Counter

import numpy as np
import pytest

WORDS = ("ant", "bee", "cat", "dog", "eel", "fox")


def test_the_vocabulary_numbers_words_in_sorted_order(student, expect):
    """The words of all documents, in lower case, each once, are numbered in sorted order from 0."""
    documents = ["The cat sat.", "A CAT, and a dog!"]
    wanted = {"a": 0, "and": 1, "cat": 2, "dog": 3, "sat": 4, "the": 5}
    expect.equal(student.build_vocabulary(documents), wanted)


@pytest.mark.hidden
def test_the_dictionary_is_in_sorted_order_too(student, draw, expect):
    """Going through the vocabulary gives the words in sorted order."""
    words = draw.shuffled(WORDS)
    expect.equal(list(student.build_vocabulary([" ".join(words[:4]), " ".join(words[2:])])), list(WORDS))


def test_words_are_runs_of_letters_digits_and_underscores(student, expect):
    """Signs between words do not belong to them; digits and underscores do, and so do letters such as ü."""
    document = "It's 3 o'clock: über-cool, x_1!\nEnd.End"
    wanted = ["3", "clock", "cool", "end", "it", "o", "s", "x_1", "über"]
    expect.equal(student.build_vocabulary([document]), {word: i for i, word in enumerate(wanted)})


def test_each_word_is_counted_at_its_place(student, draw, expect):
    """The bag holds how often each word occurs, at the word's place."""
    words = [draw.choice(WORDS) for _ in range(20)]
    places = draw.shuffled(range(len(WORDS)))
    vocabulary = dict(zip(WORDS, places, strict=True))
    wanted = np.zeros(len(WORDS), dtype=np.int64)
    for word, count in Counter(words).items():
        wanted[vocabulary[word]] = count
    expect.equal(student.bag_of_words(" ".join(words), vocabulary), wanted)


def test_unknown_words_are_ignored(student, expect):
    """A word that the vocabulary lacks counts nowhere."""
    vocabulary = {"cat": 0, "sat": 1, "the": 2}
    expect.equal(student.bag_of_words("the dog and the cat", vocabulary), np.array([1, 0, 2]))
    expect.equal(student.bag_of_words("nothing known here", vocabulary), np.array([0, 0, 0]))


def test_a_document_is_read_as_the_vocabulary_was(student, expect):
    """Case and signs do not matter in a bag either."""
    vocabulary = {"cat": 0, "o": 1, "the": 2}
    expect.equal(student.bag_of_words("The CAT, the cat's; o'cat!", vocabulary), np.array([3, 1, 2]))


def test_two_orders_are_one_vector(student, expect):
    """What a bag loses: who bites whom."""
    first, second = "the dog bites the man", "the man bites the dog"
    vocabulary = student.build_vocabulary([first])
    bags = [student.bag_of_words(text, vocabulary) for text in (first, second)]
    expect.equal(bags[0], np.array([1, 1, 1, 2]))
    expect.equal(bags[1], bags[0], "The same words in another order give another vector.")
    expect.close(student.cosine_similarity(bags[0], bags[1]), 1.0)


@pytest.mark.hidden
def test_empty_documents_and_vocabularies(student, expect):
    """No words give zeros, and an empty vocabulary an empty bag."""
    expect.equal(student.build_vocabulary([]), {})
    expect.equal(student.build_vocabulary(["", " .,"]), {})
    expect.equal(student.bag_of_words("", {"a": 0, "b": 1}), np.array([0, 0]))
    expect.equal(student.bag_of_words("a b", {}), np.array([], dtype=np.int64))


def test_the_cosine_of_known_angles(student, expect):
    """The same direction gives 1, right angles give 0, and 3-4-5 gives 0.6."""
    expect.close(student.cosine_similarity(np.array([1, 0]), np.array([3, 4])), 0.6)
    expect.close(student.cosine_similarity(np.array([1, 2, 2]), np.array([2, 4, 4])), 1.0)
    expect.close(student.cosine_similarity(np.array([1, 0, 2]), np.array([0, 3, 0])), 0.0)


def test_the_cosine_does_not_depend_on_lengths(student, draw, expect):
    """Only the direction of the vectors matters."""
    a, b = draw.array(6), draw.array(6)
    dot, lengths = sum(x * y for x, y in zip(a, b, strict=True)), math.hypot(*a) * math.hypot(*b)
    expect.close(student.cosine_similarity(a, b), dot / lengths)
    expect.close(student.cosine_similarity(7.0 * a, 0.5 * b), dot / lengths)


def test_a_zero_vector_is_like_nothing(student, draw, expect):
    """Where a vector is all zeros the cosine is 0.0, not NaN."""
    zero, other = np.zeros(4), draw.array(4)
    for a, b in ((zero, other), (other, zero), (zero, zero)):
        expect.close(student.cosine_similarity(a, b), 0.0)
    expect.close(student.cosine_similarity(np.array([0, 0]), np.array([2, 1])), 0.0)


@pytest.mark.hidden
def test_opposite_directions_are_minus_one(student, draw, expect):
    """The cosine keeps its sign."""
    a = draw.array(5)
    expect.close(student.cosine_similarity(a, -2.0 * a), -1.0)


@pytest.mark.hidden
def test_small_and_large_numbers_keep_their_angle(student, expect):
    """Counts of any size, whole numbers among them, give the same cosine."""
    a, b = np.array([3, 4], dtype=np.int64), np.array([4, 3], dtype=np.int64)
    expect.close(student.cosine_similarity(a * 10**9, b * 10**9), 0.96)
    expect.close(student.cosine_similarity(a * 1e-6, b * 1e-6), 0.96)
    expect.close(student.cosine_similarity((a * 20).astype(np.int8), (b * 20).astype(np.int8)), 0.96)
