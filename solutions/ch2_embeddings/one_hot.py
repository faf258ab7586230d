"""# One-hot vectors and the embedding table

A token id is a name, not a quantity: id 6 is not twice id 3. The *one-hot* vector of an id says so. It has
one place for each id of the vocabulary, a 1 in the id's own place and 0 in all others.

Multiply a one-hot vector by a table with one row per id and the product is that id's row, because every other
row is multiplied by zero. So `one_hot @ table` and `table[id]` are the same embedding. The product spends
`vocab` multiplications on each number that it returns; the look-up spends none. That is why an embedding layer
is a table to look things up in, although it is a linear layer on one-hot vectors.

The gradient follows the same road back: row `i` of the table receives the sum of the gradients of all the
positions at which id `i` stood, and rows that were not looked up receive zero.

| name | shape |
|---|---|
| `ids` | `(n,)`, integers from 0 to `vocab_size - 1`, in int64, int32 or int8 |
| `table` | `(vocab_size, dim)` |
| an embedding of `ids` | `(n, dim)` |

By hand: ids `[2, 0]` in a vocabulary of 3 are the rows `[0, 0, 1]` and `[1, 0, 0]`.

Source: Bengio, Ducharme, Vincent and Jauvin, *A Neural Probabilistic Language Model*, JMLR 3 (2003),
section 2, where the matrix `C` is this table.
"""

import numpy as np
from jaxtyping import Float, Int


def one_hot(ids: Int[np.ndarray, "n"], vocab_size: int) -> Float[np.ndarray, "n vocab"]:
    """One row per id, with a column for each id of the vocabulary: 1 in the id's own column, 0 elsewhere, as float64.

    No ids give no rows. An id below 0 or not below `vocab_size` raises an `IndexError` that names it.

    >>> one_hot(np.array([2, 0]), vocab_size=3)
    array([[0., 0., 1.],
           [1., 0., 0.]])
    """
    # TODO: reject ids outside the vocabulary; NumPy would count a negative one from the end.
    # TODO: start from zeros of shape (n, vocab_size) and set one place in each row.
    _check_ids(ids, vocab_size)
    rows = np.zeros((len(ids), vocab_size))
    rows[np.arange(len(ids)), ids] = 1.0
    return rows


def embed_by_matmul(ids: Int[np.ndarray, "n"], table: Float[np.ndarray, "vocab dim"]) -> Float[np.ndarray, "n dim"]:
    """The rows of `table` for `ids`, as the product of one-hot vectors and the table.

    The result has the table's dtype. No ids give no rows, and ids out of range raise an `IndexError`, as in `one_hot`.

    >>> embed_by_matmul(np.array([1]), np.array([[1.0, 2.0], [3.0, 4.0]]))
    array([[3., 4.]])
    """
    # TODO: multiply your one-hot rows by the table, in the table's own dtype.
    return one_hot(ids, len(table)).astype(table.dtype) @ table


def embed_by_lookup(ids: Int[np.ndarray, "n"], table: Float[np.ndarray, "vocab dim"]) -> Float[np.ndarray, "n dim"]:
    """The same rows by indexing, with no multiplication at all.

    The result has the table's dtype. No ids give no rows, and ids out of range raise an `IndexError`, as in `one_hot`.

    >>> embed_by_lookup(np.array([1]), np.array([[1.0, 2.0], [3.0, 4.0]]))
    array([[3., 4.]])
    """
    # TODO: reject ids outside the vocabulary, then index the table with all ids at once.
    _check_ids(ids, len(table))
    return table[ids]


def lookup_gradient(
    ids: Int[np.ndarray, "n"], grad_output: Float[np.ndarray, "n dim"], vocab_size: int
) -> Float[np.ndarray, "vocab dim"]:
    """The gradient of the table, given the gradient of the rows that were looked up.

    Row `i` is the sum of `grad_output` over the positions at which id `i` stands: a repeated id collects every one of
    them, and the row of an id that was not looked up is zero. Each call starts from zeros. The result has the dtype of
    `grad_output`. Ids out of range raise an `IndexError`, as in `one_hot`.

    >>> lookup_gradient(np.array([1, 1]), np.array([[1.0, 2.0], [10.0, 20.0]]), vocab_size=2)
    array([[ 0.,  0.],
           [11., 22.]])
    """
    # TODO: start from zeros of shape (vocab_size, dim).
    # TODO: add each row of `grad_output` to the row of its id; mind ids that occur twice.
    _check_ids(ids, vocab_size)
    gradient = np.zeros((vocab_size, grad_output.shape[1]), dtype=grad_output.dtype)
    np.add.at(gradient, ids, grad_output)
    return gradient


def multiplications(n_ids: int, vocab_size: int, dim: int) -> tuple[int, int]:
    """How many multiplications of two numbers each way needs: `(by_matmul, by_lookup)`.

    Every entry of the product is a sum of `vocab_size` products, the zeros included.

    >>> multiplications(n_ids=2, vocab_size=3, dim=4)
    (24, 0)
    """
    # TODO: count the product's entries and the multiplications behind each.
    return n_ids * vocab_size * dim, 0


def _check_ids(ids: Int[np.ndarray, "n"], vocab_size: int) -> None:
    for i in ids:
        if not 0 <= i < vocab_size:
            raise IndexError(f"id {i} is not in a vocabulary of {vocab_size}")
