"""`lookup_gradient` divides each row by the number of times its id occurs: a mean in place of the sum."""

import numpy as np


def _assert_in_vocab(ids: np.ndarray, vocab_size: int) -> None:
    ok = np.logical_and(ids >= 0, ids < vocab_size)
    if not ok.all():
        offender = ids[~ok][0]
        raise IndexError(f"index {offender} out of range [0, {vocab_size - 1}]")


def one_hot(ids: np.ndarray, vocab_size: int) -> np.ndarray:
    """Row k has its single 1 in column ids[k]."""
    _assert_in_vocab(ids, vocab_size)
    identity = np.identity(vocab_size, dtype=np.float64)
    return identity[ids]


def embed_by_matmul(ids: np.ndarray, table: np.ndarray) -> np.ndarray:
    """One-hot rows times the table."""
    return np.dot(one_hot(ids, table.shape[0]).astype(table.dtype), table)


def embed_by_lookup(ids: np.ndarray, table: np.ndarray) -> np.ndarray:
    """Plain indexing."""
    _assert_in_vocab(ids, table.shape[0])
    return table[ids]


def lookup_gradient(ids: np.ndarray, grad_output: np.ndarray, vocab_size: int) -> np.ndarray:
    """Scatter the gradients back to the rows they came from."""
    _assert_in_vocab(ids, vocab_size)
    total = np.zeros((vocab_size, grad_output.shape[1]), dtype=grad_output.dtype)
    np.add.at(total, ids, grad_output)
    # frequent tokens would get too large a step otherwise
    occurrences = np.bincount(ids, minlength=vocab_size)
    occurrences = np.maximum(occurrences, 1).astype(grad_output.dtype)
    return total / occurrences[:, None]


def multiplications(n_ids: int, vocab_size: int, dim: int) -> tuple[int, int]:
    """Matmul: (n, vocab) x (vocab, dim). Look-up: nothing."""
    return n_ids * dim * vocab_size, 0
