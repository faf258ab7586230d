"""`bag_of_words` marks with 1 that a word occurs and does not count how often."""

import re

import numpy as np

WORD = re.compile(r"\w+")


def build_vocabulary(documents):
    vocab = set()
    for doc in documents:
        vocab.update(WORD.findall(doc.lower()))
    return dict(zip(sorted(vocab), range(len(vocab))))


def bag_of_words(document, vocabulary):
    bag = np.zeros(len(vocabulary), dtype=np.int64)
    for token in WORD.findall(document.lower()):
        idx = vocabulary.get(token)
        if idx is not None:
            bag[idx] = 1
    return bag


def cosine_similarity(a, b):
    a = np.asarray(a, dtype=np.float64)
    b = np.asarray(b, dtype=np.float64)
    norm_a = np.sqrt(np.sum(a**2))
    norm_b = np.sqrt(np.sum(b**2))
    if norm_a == 0 or norm_b == 0:
        return 0.0
    return float(np.dot(a, b) / (norm_a * norm_b))
