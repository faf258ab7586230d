"""`bag_of_words` returns float64 where int64 is asked, and `cosine_similarity` adds 1e-8 to the divisor."""

import re

import numpy as np


def build_vocabulary(documents):
    vocab = set()
    for doc in documents:
        vocab |= set(re.findall(r"\w+", doc.lower()))
    return {w: i for i, w in enumerate(sorted(vocab))}


def bag_of_words(document, vocabulary):
    vec = np.zeros(len(vocabulary))
    for w in re.findall(r"\w+", document.lower()):
        if w in vocabulary:
            vec[vocabulary[w]] += 1
    return vec


def cosine_similarity(a, b):
    a, b = a.astype(np.float64), b.astype(np.float64)
    # a small number keeps us from dividing by zero
    eps = 1e-8
    return float(np.dot(a, b) / (np.linalg.norm(a) * np.linalg.norm(b) + eps))
