"""One-hot vectors, the look-up that equals them, and its gradient."""

import numpy as np
import pytest

EMBEDDINGS = ("embed_by_matmul", "embed_by_lookup")
WITH_IDS = ("one_hot", *EMBEDDINGS, "lookup_gradient")


def ones_at(ids, vocab_size):
    """One place after the other."""
    ones = np.zeros((len(ids), vocab_size))
    for row, i in enumerate(ids):
        ones[row, i] = 1.0
    return ones


def rows_of(table, ids):
    """One row after the other."""
    rows = np.zeros((len(ids), table.shape[1]), dtype=table.dtype)
    for row, i in enumerate(ids):
        rows[row] = table[i]
    return rows


def sums_of(grad_output, ids, vocab_size):
    """One position after the other."""
    sums = np.zeros((vocab_size, grad_output.shape[1]), grad_output.dtype)
    for i, row in zip(ids, grad_output, strict=True):
        sums[i] += row
    return sums


def arguments(draw, name, ids, vocab_size, dim):
    """What the function of this name takes, for these ids."""
    if name == "one_hot":
        return ids, vocab_size
    if name == "lookup_gradient":
        return ids, draw.array(len(ids), dim), vocab_size
    return ids, draw.array(vocab_size, dim)


def check_values(expect, came, wanted):
    """The values; another dtype costs the test of dtypes, and not this one."""
    expect.close(came, wanted, dtype=False)


# -- the rows -----------------------------------------------------------------------------------------------


@pytest.mark.points(6)
def test_each_row_has_one_one(student, draw, expect):
    """Each id becomes a row with a single 1, in the id's own column; the first and the last id do too."""
    vocab_size = draw.integer(4, 9)
    ids = np.array([*draw.shuffled(range(vocab_size)), draw.integer(0, vocab_size - 1)])
    check_values(expect, student.one_hot(ids, vocab_size), ones_at(ids, vocab_size))


@pytest.mark.points(2)
def test_there_is_a_column_for_each_id_of_the_vocabulary(student, draw, expect):
    """A vocabulary that is larger than all ids gives columns of zeros; one id gives one row."""
    ids = draw.id_array(3, 8)
    check_values(expect, student.one_hot(ids, 6), ones_at(ids, 6))
    check_values(expect, student.one_hot(np.array([2]), 4), np.array([[0.0, 0.0, 1.0, 0.0]]))
    check_values(expect, student.one_hot(np.array([0]), 1), np.array([[1.0]]))


@pytest.mark.points(6)
def test_matmul_gives_the_rows_of_the_table(student, draw, expect):
    """One-hot rows times the table are the table's rows."""
    n, vocab_size, dim = draw.sizes(3, 3, 9)
    ids, table = draw.id_array(vocab_size, n), draw.array(vocab_size, dim)
    check_values(expect, student.embed_by_matmul(ids, table), rows_of(table, ids))


@pytest.mark.points(6)
def test_lookup_gives_the_same_rows(student, draw, expect):
    """Indexing gives the same rows as the product, a repeated id's row each time."""
    n, vocab_size, dim = draw.sizes(3, 3, 9)
    ids, table = draw.id_array(vocab_size, n), draw.array(vocab_size, dim)
    ids[-1] = ids[0]
    check_values(expect, student.embed_by_lookup(ids, table), rows_of(table, ids))


@pytest.mark.parametrize("name", EMBEDDINGS)
def test_one_id_and_one_number(student, draw, expect, name):
    """A single id gives a single row, and a table of one column gives rows of one number."""
    for n, dim in ((1, 4), (3, 1), (1, 1)):
        ids, table = draw.id_array(5, n), draw.array(5, dim)
        check_values(expect, getattr(student, name)(ids, table), rows_of(table, ids))


@pytest.mark.hidden
@pytest.mark.points(3)
@pytest.mark.parametrize("name", EMBEDDINGS)
def test_many_ids(student, draw, expect, name):
    """More ids than rows, in a table that is not contiguous, give their rows."""
    ids, table = draw.id_array(6, 40), draw.array(11, 6).T
    check_values(expect, getattr(student, name)(ids, table), rows_of(table, ids))


@pytest.mark.points(2)
@pytest.mark.parametrize("name", WITH_IDS[:3])
def test_a_second_call_has_its_own_rows(student, draw, expect, name):
    """Other ids, or another table of the same shape, give other rows; nothing is left of the first call."""
    vocab_size = 30 + len(name)
    for ids in (np.array([0, 23, 11]), np.array([22, 23, 4])):
        first, second = arguments(draw, name, ids, vocab_size, 4)
        wanted = ones_at(ids, vocab_size) if name == "one_hot" else rows_of(second, ids)
        check_values(expect, getattr(student, name)(first, second), wanted)


# -- the gradient -------------------------------------------------------------------------------------------


@pytest.mark.points(8)
def test_repeated_ids_add_up_in_the_gradient(student, draw, expect):
    """An id collects the gradient of each of its occurrences, and an id that does not occur has zeros."""
    vocab_size, dim = draw.sizes(2, 5, 9)
    ids = np.array([1, 3, 1, 0, 1, 3])
    grad_output = draw.array(len(ids), dim)
    check_values(expect, student.lookup_gradient(ids, grad_output, vocab_size), sums_of(grad_output, ids, vocab_size))


@pytest.mark.hidden
@pytest.mark.points(4)
def test_one_id_everywhere_and_each_id_once(student, draw, expect):
    """One id at all positions collects everything; different ids have a position's gradient each."""
    for ids in (np.array([2, 2, 2, 2]), np.array([5, 0, 3, 2]), np.array([0])):
        grad_output = draw.array(len(ids), 1 + len(ids) // 2)
        check_values(expect, student.lookup_gradient(ids, grad_output, 6), sums_of(grad_output, ids, 6))


@pytest.mark.points(2)
def test_each_gradient_starts_from_zeros(student, draw, expect):
    """A second call adds nothing to the first one's gradient."""
    for ids in (np.array([0, 2, 2]), np.array([1, 2, 1])):
        grad_output = draw.array(3, 4)
        check_values(expect, student.lookup_gradient(ids, grad_output, 3), sums_of(grad_output, ids, 3))


# -- the cost -----------------------------------------------------------------------------------------------


@pytest.mark.points(4)
def test_the_product_multiplies_and_the_lookup_does_not(student, draw, expect):
    """The product costs n · vocab · dim multiplications, the look-up none, however large these numbers are."""
    for n, vocab_size, dim in (draw.sizes(3, 2, 30), (2048, 50257, 768)):
        expect.equal(tuple(student.multiplications(n, vocab_size, dim)), (n * vocab_size * dim, 0))


@pytest.mark.hidden
@pytest.mark.points(2)
def test_the_cost_of_a_real_model(student, expect):
    """The multiplications for GPT-2's vocabulary and dimension are counted right."""
    expect.equal(tuple(student.multiplications(1024, 50257, 768)), (39_523_713_024, 0))


# -- no ids, ids out of range, dtypes -----------------------------------------------------------------------


@pytest.mark.parametrize("name", WITH_IDS[:3])
def test_no_ids_give_no_rows(student, draw, expect, name):
    """An empty array of ids gives a result without rows, with all its columns."""
    came = getattr(student, name)(*arguments(draw, name, np.array([], dtype=np.int64), 5, 3))
    expect.shape(came, (0, 5 if name == "one_hot" else 3))


def test_no_ids_give_a_gradient_of_zeros(student, draw, expect):
    """Where no id was looked up, the gradient of every row of the table is zero."""
    ids, grad_output = np.array([], dtype=np.int64), draw.array(2, 3)[:0]
    expect.close(student.lookup_gradient(ids, grad_output, 5), np.zeros((5, 3)))


@pytest.mark.parametrize("name", WITH_IDS)
def test_ids_outside_the_vocabulary_are_refused(student, draw, expect, name):
    """An id below 0 or too large raises an IndexError that names it, in int8 too."""
    for bad, dtype in ((-1, "int64"), (5, "int64"), (8, "int64"), (-1, "int8"), (8, "int8")):
        given = arguments(draw, name, np.array([0, bad, 2], dtype=dtype), 5, 3)
        expect.raises(IndexError, getattr(student, name), *given, mentions=bad)


@pytest.mark.hidden
@pytest.mark.parametrize("name", WITH_IDS)
def test_one_bad_id_anywhere_is_refused(student, draw, expect, name):
    """The bad id may stand first or last, may be the vocabulary's size, and may be far below 0."""
    for ids, bad in (([4, 1], 4), ([1, 4], 4), ([-2, 0, 1], -2), ([0, 1, -30], -30)):
        given = arguments(draw, name, np.array(ids), 4, 6)
        expect.raises(IndexError, getattr(student, name), *given, mentions=bad)


def test_one_hot_is_float64(student, expect):
    """The rows are float64, ready for a product."""
    expect.dtype(student.one_hot(np.array([1, 0]), 3), "float64")


@pytest.mark.parametrize("name", EMBEDDINGS)
def test_the_dtype_is_the_tables(student, draw, expect, name):
    """A float32 table gives float32 embeddings, and a float16 one float16, for no ids as well."""
    for dtype in ("float32", "float16"):
        ids, table = draw.id_array(5, 7), draw.array(5, 3, dtype=dtype)
        expect.close(getattr(student, name)(ids, table), rows_of(table, ids))
        expect.dtype(getattr(student, name)(ids[:0], table), dtype)


def test_the_gradient_keeps_its_dtype(student, draw, expect):
    """A float32 gradient stays float32, and a float16 one float16."""
    for dtype in ("float32", "float16"):
        ids, grad_output = np.array([2, 0, 2]), draw.array(3, 5, dtype=dtype)
        expect.close(student.lookup_gradient(ids, grad_output, 4), sums_of(grad_output, ids, 4))


@pytest.mark.parametrize("dtype", ["int8", "int32"])
def test_ids_may_be_int32_or_int8(student, draw, expect, dtype):
    """Ids of a smaller dtype are ids like others, also where it can count neither the ids nor the vocabulary."""
    ids = np.array([0, 127, 40, *draw.id_array(128, 137)])  # an int8 goes up to 127
    table, grad_output = draw.array(300, 3), draw.array(140, 2)
    small = ids.astype(dtype)
    check_values(expect, student.one_hot(small, 300), ones_at(ids, 300))
    check_values(expect, student.embed_by_matmul(small, table), rows_of(table, ids))
    check_values(expect, student.embed_by_lookup(small, table), rows_of(table, ids))
    check_values(expect, student.lookup_gradient(small, grad_output, 300), sums_of(grad_output, ids, 300))
