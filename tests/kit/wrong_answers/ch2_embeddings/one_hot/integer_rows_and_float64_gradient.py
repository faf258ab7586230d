"""`one_hot` returns integers in place of float64 and `lookup_gradient` returns float64 whatever the dtype of
`grad_output`."""

import numpy as np


def _range_check(ids, vocab_size):
    for token_id in ids.tolist():
        if token_id not in range(vocab_size):
            raise IndexError(f"unknown token id {token_id}, vocabulary has {vocab_size}")


def one_hot(ids, vocab_size):
    _range_check(ids, vocab_size)
    n = len(ids)
    m = np.zeros((n, vocab_size), dtype=int)
    m[range(n), ids] = 1
    return m


def embed_by_matmul(ids, table):
    m = one_hot(ids, table.shape[0])
    return m.astype(table.dtype) @ table


def embed_by_lookup(ids, table):
    _range_check(ids, table.shape[0])
    return table[ids]


def lookup_gradient(ids, grad_output, vocab_size):
    _range_check(ids, vocab_size)
    n, dim = grad_output.shape
    g = np.zeros((vocab_size, dim))
    for k in range(n):
        g[ids[k]] += grad_output[k]
    return g


def multiplications(n_ids, vocab_size, dim):
    entries = n_ids * dim
    by_matmul = entries * vocab_size
    return (by_matmul, 0)
