"""`cosine_similarity` divides by the product of the squared lengths: the square roots are missing."""

import re

import numpy as np


def _split(text):
    return [m.group(0) for m in re.finditer(r"\w+", text.lower())]


def build_vocabulary(documents):
    all_words = []
    for d in documents:
        all_words.extend(_split(d))
    vocabulary = {}
    for number, word in enumerate(sorted(set(all_words))):
        vocabulary[word] = number
    return vocabulary


def bag_of_words(document, vocabulary):
    out = np.zeros(len(vocabulary), dtype="int64")
    for word in _split(document):
        if word not in vocabulary:
            continue
        out[vocabulary[word]] += 1
    return out


def cosine_similarity(a, b):
    dot = 0.0
    len_a = 0.0
    len_b = 0.0
    for x, y in zip(a.tolist(), b.tolist()):
        dot += float(x) * float(y)
        len_a += float(x) ** 2
        len_b += float(y) ** 2
    if len_a == 0.0 or len_b == 0.0:
        return 0.0
    return dot / (len_a * len_b)
