"""Words cut by hand, letter by letter; bags as sums of one-hot rows; the cosine by einsum, a NumPy scalar."""

import numpy as np


def split_words(document):
    word = ""
    for sign in document.lower() + " ":
        if sign.isalnum() or sign == "_":
            word += sign
        elif word:
            yield word
            word = ""


def build_vocabulary(documents):
    return {w: i for i, w in enumerate(sorted(set().union(*(set(split_words(d)) for d in documents))))}


def bag_of_words(document, vocabulary):
    bag = np.zeros((len(vocabulary),), dtype="int64")
    places = [vocabulary.get(word) for word in split_words(document)]
    np.add.at(bag, [place for place in places if place is not None], 1)
    return bag


def cosine_similarity(a, b):
    x, y = a / 1.0, b / 1.0
    x, y = x.astype(np.float64), y.astype(np.float64)
    if np.count_nonzero(x) == 0 or np.count_nonzero(y) == 0:
        return np.float64(0.0)
    return np.einsum("i,i->", x, y) / (np.sqrt(np.einsum("i,i->", x, x)) * np.sqrt(np.einsum("i,i->", y, y)))
