"""Ids out of range raise a `ValueError` in place of an `IndexError` and `multiplications` counts `n_ids * dim` for the
look-up, where it is 0."""

import numpy as np


def verify_ids(ids: np.ndarray, vocab_size: int):
    """Complain about the first id that is not in the vocabulary."""
    for idx in ids:
        if idx < 0 or idx >= vocab_size:
            raise ValueError(f"invalid id {idx}: must be between 0 and {vocab_size - 1}")


def one_hot(ids: np.ndarray, vocab_size: int) -> np.ndarray:
    verify_ids(ids, vocab_size)
    rows = np.arange(ids.shape[0])
    result = np.zeros((ids.shape[0], vocab_size), dtype="float64")
    result[rows, ids] = 1
    return result


def embed_by_matmul(ids: np.ndarray, table: np.ndarray) -> np.ndarray:
    onehot_rows = one_hot(ids, table.shape[0]).astype(table.dtype)
    return onehot_rows @ table


def embed_by_lookup(ids: np.ndarray, table: np.ndarray) -> np.ndarray:
    verify_ids(ids, table.shape[0])
    return table[ids]


def lookup_gradient(ids: np.ndarray, grad_output: np.ndarray, vocab_size: int) -> np.ndarray:
    verify_ids(ids, vocab_size)
    grad_table = np.zeros((vocab_size, grad_output.shape[1]), dtype=grad_output.dtype)
    for token in range(vocab_size):
        # all positions where this token stood
        grad_table[token] = grad_output[ids == token].sum(axis=0)
    return grad_table


def multiplications(n_ids: int, vocab_size: int, dim: int) -> tuple[int, int]:
    by_matmul = n_ids * vocab_size * dim
    by_lookup = n_ids * dim
    return by_matmul, by_lookup
