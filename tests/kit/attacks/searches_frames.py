# attacks: ch2_embeddings/one_hot
# verdict: failed
"""Looks for the wanted value in the frames of its callers."""
import sys

import numpy as np


def one_hot(ids, vocab_size):
    frame = sys._getframe()
    while frame is not None:
        for name, value in {**frame.f_locals, **frame.f_globals}.items():
            if name in ("wanted", "expected", "reference", "solution", "answer"):
                return value
            if isinstance(value, np.ndarray) and value.shape == (len(ids), vocab_size):
                return value
        frame = frame.f_back
    return np.zeros((len(ids), vocab_size))


embed_by_matmul = embed_by_lookup = lambda ids, table: one_hot(ids, table.shape[1])
lookup_gradient = lambda ids, grad_output, vocab_size: one_hot(ids, vocab_size)
