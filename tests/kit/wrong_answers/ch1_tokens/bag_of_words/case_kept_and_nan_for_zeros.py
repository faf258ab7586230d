"""`bag_of_words` does not lower the document's case, and `cosine_similarity` gives NaN for a vector of zeros."""

import re

import numpy as np


def build_vocabulary(documents: list[str]) -> dict[str, int]:
    tokens = [t for doc in documents for t in re.findall(r"\w+", doc.lower())]
    return {t: i for i, t in enumerate(np.unique(tokens).tolist())} if tokens else {}


def bag_of_words(document: str, vocabulary: dict[str, int]) -> np.ndarray:
    counts = [0] * len(vocabulary)
    for token in re.findall(r"\w+", document):
        try:
            counts[vocabulary[token]] += 1
        except KeyError:
            pass
    return np.array(counts, dtype=np.int64)


def cosine_similarity(a: np.ndarray, b: np.ndarray) -> float:
    a = a.astype(np.float64)
    b = b.astype(np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        return float(a.dot(b) / np.sqrt(a.dot(a)) / np.sqrt(b.dot(b)))
