"""The word pattern asks for two signs or more, so `build_vocabulary` and `bag_of_words` lose words of one letter."""

import re
from collections import Counter

import numpy as np


def tokenize(document):
    return re.findall(r"\b\w\w+\b", document.lower())


def build_vocabulary(documents):
    unique_words = sorted({w for d in documents for w in tokenize(d)})
    return {w: i for i, w in enumerate(unique_words)}


def bag_of_words(document, vocabulary):
    counts = Counter(tokenize(document))
    x = np.zeros((len(vocabulary),), dtype=np.int64)
    for w, i in vocabulary.items():
        x[i] = counts[w]
    return x


def cosine_similarity(a, b):
    u = a.astype(np.float64)
    v = b.astype(np.float64)
    nu, nv = np.linalg.norm(u), np.linalg.norm(v)
    return float(u.dot(v) / (nu * nv)) if nu > 0 and nv > 0 else 0.0
