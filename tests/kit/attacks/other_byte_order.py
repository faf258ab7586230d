# attacks: ch2_embeddings/one_hot
# verdict: passed
"""Right answers with their bytes the other way round, in Fortran order, as views: the values count."""
import numpy as np
import right_one_hot as right
from right_one_hot import *


def one_hot(ids, vocab_size):
    return np.asfortranarray(right.one_hot(ids, vocab_size).astype(">f8"))


def embed_by_lookup(ids, table):
    return np.repeat(right.embed_by_lookup(ids, table), 2, axis=0)[::2]
