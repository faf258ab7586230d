"""`multiplications` counts the additions of the matrix product as well: `2 * vocab_size - 1` per entry."""

import numpy as np


def _first_bad(ids, size):
    return next((int(i) for i in ids if not (0 <= i <= size - 1)), None)


def one_hot(ids, vocab_size):
    bad = _first_bad(ids, vocab_size)
    if bad is not None:
        raise IndexError(f"id {bad} is outside 0..{vocab_size - 1}")
    return (np.arange(vocab_size)[None, :] == ids[:, None]).astype(np.float64)


def embed_by_matmul(ids, table):
    x = one_hot(ids, len(table))
    return x.astype(table.dtype) @ table


def embed_by_lookup(ids, table):
    bad = _first_bad(ids, len(table))
    if bad is not None:
        raise IndexError(f"id {bad} is outside 0..{len(table) - 1}")
    return table[ids]


def lookup_gradient(ids, grad_output, vocab_size):
    # backward of out = X @ table is X.T @ d_out
    x = one_hot(ids, vocab_size).astype(grad_output.dtype)
    return x.T @ grad_output


def multiplications(n_ids, vocab_size, dim):
    # each output entry: vocab_size products, summed up with vocab_size - 1 more operations
    per_entry = 2 * vocab_size - 1
    return n_ids * dim * per_entry, 0
