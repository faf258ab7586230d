"""One-hot vectors, the look-up that equals them, and its gradient."""

import numpy as np
import pytest


def test_each_row_has_one_one(student, draw, expect):
    """Each id becomes a row with a single 1, in the id's own column."""
    n, vocab_size = draw.sizes(2, 3, 9)
    ids = draw.id_array(vocab_size, n)
    wanted = np.zeros((n, vocab_size))
    for row, i in enumerate(ids):
        wanted[row, i] = 1.0
    expect.close(student.one_hot(ids, vocab_size), wanted)


def test_one_hot_of_one_id_and_of_none(student, expect):
    """A single id gives one row, and no ids give no rows."""
    expect.close(student.one_hot(np.array([2]), 4), np.array([[0.0, 0.0, 1.0, 0.0]]))
    expect.close(student.one_hot(np.array([], dtype=np.int64), 4), np.zeros((0, 4)))


def test_matmul_gives_the_rows_of_the_table(student, draw, expect):
    """One-hot rows times the table are the table's rows."""
    n, vocab_size, dim = draw.sizes(3, 3, 9)
    ids, table = draw.id_array(vocab_size, n), draw.array(vocab_size, dim)
    expect.close(student.embed_by_matmul(ids, table), np.stack([table[i] for i in ids]))


def test_lookup_gives_the_same_rows(student, draw, expect):
    """Indexing gives the same rows as the product."""
    n, vocab_size, dim = draw.sizes(3, 3, 9)
    ids, table = draw.id_array(vocab_size, n), draw.array(vocab_size, dim)
    expect.close(student.embed_by_lookup(ids, table), np.stack([table[i] for i in ids]))


@pytest.mark.hidden
@pytest.mark.parametrize("name", ["embed_by_matmul", "embed_by_lookup"])
def test_the_dtype_is_the_tables(student, draw, expect, name):
    """A float32 table gives float32 embeddings."""
    ids, table = draw.id_array(5, 7), draw.array(5, 3, dtype="float32")
    expect.close(getattr(student, name)(ids, table), np.stack([table[i] for i in ids]))


def test_repeated_ids_add_up_in_the_gradient(student, draw, expect):
    """An id that occurs several times collects the gradient of each occurrence."""
    vocab_size, dim = draw.sizes(2, 4, 9)
    ids = np.array([1, 3, 1, 0, 1, 3])
    grad_output = draw.array(len(ids), dim)
    wanted = np.zeros((vocab_size, dim))
    for i, row in zip(ids, grad_output, strict=True):
        wanted[i] += row
    expect.close(student.lookup_gradient(ids, grad_output, vocab_size), wanted)


@pytest.mark.hidden
def test_the_gradient_keeps_its_dtype(student, draw, expect):
    """A float32 gradient stays float32."""
    ids, grad_output = np.array([2, 0, 2]), draw.array(3, 5, dtype="float32")
    wanted = np.zeros((4, 5), dtype="float32")
    for i, row in zip(ids, grad_output, strict=True):
        wanted[i] += row
    expect.close(student.lookup_gradient(ids, grad_output, 4), wanted)


def test_the_product_multiplies_and_the_lookup_does_not(student, draw, expect):
    """The product costs n · vocab · dim multiplications, the look-up none."""
    n, vocab_size, dim = draw.sizes(3, 2, 30)
    expect.equal(student.multiplications(n, vocab_size, dim), (n * vocab_size * dim, 0))


@pytest.mark.hidden
@pytest.mark.parametrize("bad", [-1, 5])
def test_ids_outside_the_vocabulary_are_refused(student, draw, expect, bad):
    """An id below 0 or too large raises an IndexError that names it."""
    ids, table, grad_output = np.array([0, bad, 2]), draw.array(5, 3), draw.array(3, 3)
    expect.raises(IndexError, student.one_hot, ids, 5, mentions=bad)
    expect.raises(IndexError, student.embed_by_matmul, ids, table, mentions=bad)
    expect.raises(IndexError, student.embed_by_lookup, ids, table, mentions=bad)
    expect.raises(IndexError, student.lookup_gradient, ids, grad_output, 5, mentions=bad)


@pytest.mark.hidden
def test_the_last_id_is_one_too(student, expect):
    """Ids go from 0 to vocab_size − 1, both included."""
    expect.close(student.one_hot(np.array([3, 0]), 4), np.array([[0.0, 0.0, 0.0, 1.0], [1.0, 0.0, 0.0, 0.0]]))
