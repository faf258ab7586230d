"""`embed_by_matmul` does not bring the one-hot rows to the table's dtype, so a float32 table gives a float64 result."""

import numpy as np


def check_range(ids: np.ndarray, vocab_size: int) -> None:
    if ids.size == 0:
        return
    lowest, highest = ids.min(), ids.max()
    if lowest < 0:
        raise IndexError(f"negative id: {lowest}")
    if highest >= vocab_size:
        raise IndexError(f"id {highest} does not fit in a vocabulary of size {vocab_size}")


def one_hot(ids: np.ndarray, vocab_size: int) -> np.ndarray:
    check_range(ids, vocab_size)
    n = ids.shape[0]
    encoded = np.zeros(shape=(n, vocab_size))
    np.put_along_axis(encoded, ids.astype(np.int64).reshape(n, 1), 1.0, axis=1)
    return encoded


def embed_by_matmul(ids: np.ndarray, table: np.ndarray) -> np.ndarray:
    encoded = one_hot(ids, vocab_size=table.shape[0])
    return np.einsum("nv,vd->nd", encoded, table)


def embed_by_lookup(ids: np.ndarray, table: np.ndarray) -> np.ndarray:
    check_range(ids, table.shape[0])
    return table.take(ids, axis=0)


def lookup_gradient(ids: np.ndarray, grad_output: np.ndarray, vocab_size: int) -> np.ndarray:
    check_range(ids, vocab_size)
    d_table = np.zeros((vocab_size, grad_output.shape[1]), dtype=grad_output.dtype)
    for i, g in zip(ids, grad_output):
        d_table[i] = d_table[i] + g
    return d_table


def multiplications(n_ids: int, vocab_size: int, dim: int) -> tuple[int, int]:
    return vocab_size * n_ids * dim, 0
