"""Rows of the identity, take, a product for the gradient, and a loop."""

import numpy as np


def one_hot(ids, vocab_size):
    bad = ids[(ids < 0) | (ids >= vocab_size)]
    if bad.size:
        raise IndexError(f"{bad[0]} is out of range")
    return np.eye(vocab_size)[ids]


def embed_by_matmul(ids, table):
    return np.einsum("nv,vd->nd", one_hot(ids, table.shape[0]), table).astype(table.dtype)


def embed_by_lookup(ids, table):
    for i in ids:
        if i < 0:
            raise IndexError(f"negative id {i}")
    return np.take(table, ids, axis=0) if ids.max(initial=-1) < len(table) else one_hot(ids, len(table))


def lookup_gradient(ids, grad_output, vocab_size):
    return (one_hot(ids, vocab_size).T @ grad_output).astype(grad_output.dtype)


def multiplications(n_ids, vocab_size, dim):
    total = 0
    for _ in range(n_ids * dim):
        total += vocab_size
    return total, 0
