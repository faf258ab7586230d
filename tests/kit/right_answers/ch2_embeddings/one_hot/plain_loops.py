"""Loops of plain Python over the ids, arrays filled row by row."""

import numpy as np


def _in_range(i, size):
    if i not in range(size):
        raise IndexError(f"{i} not in range({size})")
    return i


def one_hot(ids, vocab_size):
    out = np.zeros(shape=(ids.shape[0], vocab_size), dtype=float)
    for row, i in zip(out, ids.tolist()):
        row[_in_range(i, vocab_size)] = 1
    return out


def embed_by_matmul(ids, table):
    return np.dot(one_hot(ids, table.shape[0]).astype(table.dtype), table)


def embed_by_lookup(ids, table):
    out = np.empty((len(ids), table.shape[1]), table.dtype)
    for n, i in enumerate(ids):
        out[n] = table[_in_range(int(i), table.shape[0])]
    return out


def lookup_gradient(ids, grad_output, vocab_size):
    grad = np.zeros_like(grad_output, shape=(vocab_size, grad_output.shape[-1]))
    for i, g in zip(ids.tolist(), grad_output):
        grad[_in_range(i, vocab_size)] += g
    return grad


def multiplications(n_ids, vocab_size, dim):
    by_matmul = n_ids * dim * vocab_size
    by_lookup = 0
    return by_matmul, by_lookup
