# attacks: ch2_embeddings/one_hot
# verdict: failed
"""Asks for a terabyte at once, in three ways."""
import mmap

import numpy as np


def one_hot(ids, vocab_size):
    return np.ones((len(ids), 2**37))


def embed_by_lookup(ids, table):
    return mmap.mmap(-1, 2**40)


def lookup_gradient(ids, grad_output, vocab_size):
    return "x" * 2**40
