"""Each word of the vocabulary counted in the list of the document's words; cosine by `math` on plain floats."""

import math
import re

import numpy as np

WORD = re.compile(r"\w+", re.UNICODE)


def tokens(document):
    return WORD.findall(document.lower())


def build_vocabulary(documents):
    words = []
    for document in documents:
        for word in tokens(document):
            if word not in words:
                words.append(word)
    words.sort()
    return dict(zip(words, range(len(words))))


def bag_of_words(document, vocabulary):
    words = tokens(document)
    bag = np.empty(len(vocabulary), np.int64)
    for word in vocabulary:
        bag[vocabulary[word]] = words.count(word)
    return bag


def cosine_similarity(a, b):
    dot = math.fsum(float(x) * float(y) for x, y in zip(a, b))
    norm_a = math.hypot(*(float(x) for x in a))
    norm_b = math.hypot(*(float(y) for y in b))
    if norm_a == 0 or norm_b == 0:
        return 0.0
    return dot / norm_a / norm_b
