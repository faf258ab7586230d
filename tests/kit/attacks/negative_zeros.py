# attacks: ch2_embeddings/one_hot
# verdict: passed
"""Right answers whose zeros are negative or so small that they are hardly numbers: the values count."""
import numpy as np
import right_one_hot as right
from right_one_hot import *


def one_hot(ids, vocab_size):
    rows = right.one_hot(ids, vocab_size)
    return np.where(rows == 0, -0.0, rows)


def embed_by_lookup(ids, table):
    return right.embed_by_lookup(ids, table) + np.zeros(1, table.dtype)


def lookup_gradient(ids, grad_output, vocab_size):
    found = right.lookup_gradient(ids, grad_output, vocab_size)
    return np.where(found == 0, np.finfo(found.dtype).smallest_subnormal, found)
