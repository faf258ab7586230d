# attacks: ch2_embeddings/one_hot
# verdict: failed
"""Looks through all objects of the process for an array of the right shape and for the reference's functions."""
import gc
import types

import numpy as np


def found(name, shape, *args):
    for item in gc.get_objects():
        if isinstance(item, np.ndarray) and item.shape == shape and item.dtype == np.float64 and item.any():
            return item
        if isinstance(item, types.FunctionType) and item.__name__ == name and item.__module__ != __name__:
            return item(*args)
    return np.zeros(shape)


def one_hot(ids, vocab_size):
    return found("one_hot", (len(ids), vocab_size), ids, vocab_size)


def lookup_gradient(ids, grad_output, vocab_size):
    return found("lookup_gradient", (vocab_size, grad_output.shape[1]), ids, grad_output, vocab_size)
