"""`cosine_similarity` multiplies the vectors in their own dtype, so small integer types overflow."""

import re
from itertools import chain

import numpy as np


def words_of(document: str) -> list[str]:
    return re.findall(r"\w+", document.lower())


def build_vocabulary(documents: list[str]) -> dict[str, int]:
    vocab = sorted(set(chain.from_iterable(map(words_of, documents))))
    return {word: i for i, word in enumerate(vocab)}


def bag_of_words(document: str, vocabulary: dict[str, int]) -> np.ndarray:
    bag = np.zeros(len(vocabulary), dtype=np.int64)
    known = [vocabulary[word] for word in words_of(document) if word in vocabulary]
    np.add.at(bag, np.array(known, dtype=np.int64), 1)
    return bag


def cosine_similarity(a: np.ndarray, b: np.ndarray) -> float:
    length = np.linalg.norm(a) * np.linalg.norm(b)
    if length == 0:
        return 0.0
    return float((a @ b) / length)
