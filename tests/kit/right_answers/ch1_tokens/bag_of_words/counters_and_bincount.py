"""Counters, `re.finditer`, `np.bincount`, and unit vectors for the cosine."""

import re
from collections import Counter

import numpy as np


def build_vocabulary(documents):
    counter = Counter()
    for document in documents:
        counter.update(match.group() for match in re.finditer(r"\w+", document.lower()))
    vocabulary = {}
    for word in sorted(counter):
        vocabulary[word] = len(vocabulary)
    return vocabulary


def bag_of_words(document, vocabulary):
    places = [vocabulary[word] for word in re.split(r"\W+", document.lower()) if word in vocabulary]
    return np.bincount(np.array(places, dtype=np.int64), minlength=len(vocabulary)).astype(np.int64)


def cosine_similarity(a, b):
    a, b = np.array(a, dtype=float), np.array(b, dtype=float)
    if not a.any() or not b.any():
        return 0.0
    a, b = a / np.abs(a).max(), b / np.abs(b).max()
    return np.sum(a / np.sqrt(np.sum(a**2)) * (b / np.sqrt(np.sum(b**2))))
