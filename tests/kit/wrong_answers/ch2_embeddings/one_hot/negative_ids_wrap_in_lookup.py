"""`embed_by_lookup` does not reject negative ids: NumPy counts them from the end and a wrong row comes back."""

import numpy as np


def one_hot(ids: np.ndarray, vocab_size: int) -> np.ndarray:
    """(n,) -> (n, vocab_size)"""
    out = np.zeros((len(ids), vocab_size), dtype=np.float64)
    for row, token in enumerate(ids):
        if token < 0 or token >= vocab_size:
            raise IndexError(f"id {token} not in [0, {vocab_size})")
        out[row, token] = 1.0
    return out


def embed_by_matmul(ids: np.ndarray, table: np.ndarray) -> np.ndarray:
    """(n,), (vocab, dim) -> (n, dim)"""
    hot = one_hot(ids, table.shape[0])
    return hot.astype(table.dtype).dot(table)


def embed_by_lookup(ids: np.ndarray, table: np.ndarray) -> np.ndarray:
    """(n,), (vocab, dim) -> (n, dim)"""
    # numpy raises IndexError by itself when an id does not fit
    return table[ids, :]


def lookup_gradient(ids: np.ndarray, grad_output: np.ndarray, vocab_size: int) -> np.ndarray:
    """(n,), (n, dim) -> (vocab, dim)"""
    grad_table = np.zeros((vocab_size, grad_output.shape[1]), dtype=grad_output.dtype)
    for pos in range(len(ids)):
        token = ids[pos]
        if token < 0 or token >= vocab_size:
            raise IndexError(f"id {token} not in [0, {vocab_size})")
        grad_table[token] += grad_output[pos]
    return grad_table


def multiplications(n_ids: int, vocab_size: int, dim: int) -> tuple[int, int]:
    by_matmul = n_ids * dim * vocab_size
    by_lookup = 0
    return by_matmul, by_lookup
