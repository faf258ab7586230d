"""`build_vocabulary` numbers the words in the order in which they are first seen and does not sort them."""

import re

import numpy as np


def build_vocabulary(documents: list[str]) -> dict[str, int]:
    word2idx = {}
    for document in documents:
        for word in re.findall(r"\w+", document.lower()):
            if word not in word2idx:
                word2idx[word] = len(word2idx)
    return word2idx


def bag_of_words(document: str, vocabulary: dict[str, int]) -> np.ndarray:
    places = [vocabulary[w] for w in re.findall(r"\w+", document.lower()) if w in vocabulary]
    return np.bincount(np.array(places, dtype=np.int64), minlength=len(vocabulary)).astype(np.int64)


def cosine_similarity(a: np.ndarray, b: np.ndarray) -> float:
    a, b = a.astype(float), b.astype(float)
    denominator = np.linalg.norm(a) * np.linalg.norm(b)
    if denominator == 0.0:
        return 0.0
    return float(np.sum(a * b) / denominator)
