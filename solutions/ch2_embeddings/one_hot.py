"""# One-hot vectors and the embedding table

**Why does a model get neither a token's id nor its one-hot vector, but a row of a table?** As a number, id 6 would
be twice id 3. As one-hot vectors any two tokens are equally far apart (√2), and each vector has 50,257 numbers in
GPT-2's vocabulary.

A token id is a name, not a quantity. The *one-hot* vector of an id has one place for each id of the vocabulary: a 1
in the id's own place and 0 in all others.

Take a table with one row for each id. A one-hot vector times this table is the id's own row, because every other row
is multiplied by zero. So `one_hot @ table` and `table[id]` are the same embedding. The product needs `vocab`
multiplications for each number of its result, and the look-up needs none. An embedding layer is a linear layer on
one-hot vectors, and it is computed as a look-up.

The gradient goes the same way back. Row `i` of the table gets the sum of the gradients of all positions at which id
`i` stands. A row that was not looked up gets zero.

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
    """One row for each entry of `ids`, with one column for each id of the vocabulary, as float64.

    A row holds 1 in the id's own column and 0 elsewhere. Empty `ids` give no rows. An id outside 0 to `vocab_size - 1`
    raises an `IndexError` whose message gives that id.

    >>> one_hot(np.array([2, 0]), vocab_size=3)
    array([[0., 0., 1.],
           [1., 0., 0.]])
    """
    # TODO: reject ids outside the vocabulary. NumPy itself would count a negative id from the end.
    # TODO: start from zeros of shape (n, vocab_size) and set one place in each row.
    _check_ids(ids, vocab_size)
    rows = np.zeros((len(ids), vocab_size))
    rows[np.arange(len(ids)), ids] = 1.0
    return rows


def embed_by_matmul(ids: Int[np.ndarray, "n"], table: Float[np.ndarray, "vocab dim"]) -> Float[np.ndarray, "n dim"]:
    """The rows of `table` for `ids`, as the product of one-hot vectors and the table.

    The result has the table's dtype. Empty `ids` give no rows, and ids out of range raise an `IndexError`, as in
    `one_hot`.

    >>> embed_by_matmul(np.array([1]), np.array([[1.0, 2.0], [3.0, 4.0]]))
    array([[3., 4.]])
    """
    # TODO: multiply your one-hot rows by the table, in the table's own dtype.
    return one_hot(ids, len(table)).astype(table.dtype) @ table


def embed_by_lookup(ids: Int[np.ndarray, "n"], table: Float[np.ndarray, "vocab dim"]) -> Float[np.ndarray, "n dim"]:
    """The same rows by indexing, with no multiplication at all.

    The result has the table's dtype. Empty `ids` give no rows, and ids out of range raise an `IndexError`, as in
    `one_hot`.

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

    Row `i` of the result is the sum of the rows of `grad_output` at the positions at which id `i` stands. So an id that
    stands at several positions collects all of their rows. The row of an id that was not looked up is zero. Each call
    starts from zeros. The result has the dtype of `grad_output`. Ids out of range raise an `IndexError`, as in
    `one_hot`.

    >>> lookup_gradient(np.array([1, 1]), np.array([[1.0, 2.0], [10.0, 20.0]]), vocab_size=2)
    array([[ 0.,  0.],
           [11., 22.]])
    """
    # TODO: start from zeros of shape (vocab_size, dim).
    # TODO: add each row of `grad_output` to the row of its id. Take care of ids that occur twice.
    _check_ids(ids, vocab_size)
    gradient = np.zeros((vocab_size, grad_output.shape[1]), dtype=grad_output.dtype)
    np.add.at(gradient, ids, grad_output)
    return gradient


def multiplications(n_ids: int, vocab_size: int, dim: int) -> tuple[int, int]:
    """How many multiplications of two numbers each of the two ways needs: `(by_matmul, by_lookup)`.

    Every entry of the matrix product is a sum of `vocab_size` products. A product with a zero is counted, too.

    >>> multiplications(n_ids=2, vocab_size=3, dim=4)
    (24, 0)
    """
    # TODO: count the entries of the product, and the multiplications that each entry needs.
    return n_ids * vocab_size * dim, 0


def _check_ids(ids: Int[np.ndarray, "n"], vocab_size: int) -> None:
    for i in ids:
        if not 0 <= i < vocab_size:
            raise IndexError(f"id {i} is not in a vocabulary of {vocab_size}")
