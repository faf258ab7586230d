"""Softmax: its values along any axis, very large entries, rows of -inf, and its gradient."""

import math

import pytest
import torch

INF = math.inf


def test_by_hand(student, expect):
    """`softmax([0, ln 3])` is `[1/4, 3/4]`."""
    x = torch.tensor([0.0, math.log(3)], dtype=torch.float64)
    expect.close(student.softmax(x, 0), torch.tensor([0.25, 0.75], dtype=torch.float64))


@pytest.mark.parametrize("dim", [0, 1, 2, -1, -2, -3])
def test_weights_sum_to_one_along_dim(student, draw, expect, dim):
    """Each entry's power is divided by the sum of the powers along `dim`, and along no other axis."""
    x = draw.normal(*draw.sizes(3))
    expect.close(student.softmax(x, dim), torch.softmax(x, dim))


def test_large_entries_do_not_overflow(student, draw, expect):
    """Rows around 10000, 0 and -10000 give the same weights as the same rows around 0."""
    x = draw.normal(3, 5)
    levels = torch.tensor([[1e4], [0.0], [-1e4]], dtype=torch.float64)
    expect.close(student.softmax(x + levels, 1), torch.softmax(x, 1))


@pytest.mark.hidden
def test_one_row_may_span_from_minus_to_plus_ten_thousand(student, expect):
    """Within one row, an entry far below the largest gets the weight zero."""
    x = torch.tensor([[1e4, -1e4, 1e4 - 1.0], [-1e4, -1e4 - 2.0, -1e4]], dtype=torch.float64)
    expect.close(student.softmax(x, -1), torch.softmax(x, -1))


def test_minus_infinity_gets_no_weight(student, draw, expect):
    """An entry of -inf gets the weight zero, and the others share out the whole."""
    x = draw.normal(4, 6)
    x[0, 2], x[1, 0], x[3, 1:5] = -INF, -INF, -INF
    expect.close(student.softmax(x, 1), torch.softmax(x, 1))


def test_nothing_but_minus_infinity_gives_zeros(student, draw, expect):
    """A row in which all entries are -inf gives a row of zeros, and no NaN."""
    x = draw.normal(3, 5)
    x[1] = -INF
    wanted = torch.softmax(x, 1)
    wanted[1] = 0.0
    expect.close(student.softmax(x, 1), wanted)


@pytest.mark.hidden
def test_zeros_for_minus_infinity_along_the_first_axis(student, draw, expect):
    """The rule for -inf holds along `dim`, also where that is not the last axis."""
    x = draw.normal(3, 5, 2)
    x[:, 4, 1] = -INF
    wanted = torch.softmax(x, 0)
    wanted[:, 4, 1] = 0.0
    expect.close(student.softmax(x, 0), wanted)


def test_the_gradient(student, draw, expect):
    """The gradient goes through the powers and through their sum."""
    x, cotangent = draw.normal(3, 4, 5, grad=True), draw.normal(3, 4, 5)
    mine = x.detach().clone().requires_grad_()
    (torch.softmax(mine, 1) * cotangent).sum().backward()
    (student.softmax(x, 1) * cotangent).sum().backward()
    expect.true(x.grad is not None, "No gradient came back: the result does not depend on `x` for autograd.")
    expect.close(x.grad, mine.grad, "The gradient with respect to `x` is wrong.")


@pytest.mark.hidden
def test_the_gradient_of_minus_infinity_is_zero(student, draw, expect):
    """Where entries are -inf, and where a whole row is, the gradient is zero and never NaN."""
    values = draw.normal(3, 5)
    values[0, 2], values[1] = -INF, -INF
    x, mine, cotangent = values.clone().requires_grad_(), values[[0, 2]].requires_grad_(), draw.normal(3, 5)
    (torch.softmax(mine, 1) * cotangent[[0, 2]]).sum().backward()
    wanted = torch.zeros_like(values)
    wanted[[0, 2]] = mine.grad
    (student.softmax(x, 1) * cotangent).sum().backward()
    expect.true(x.grad is not None, "No gradient came back: the result does not depend on `x` for autograd.")
    expect.close(x.grad, wanted, "The gradient with respect to `x` is wrong.")


@pytest.mark.hidden
@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16], ids=str)
def test_the_dtype_is_kept(student, draw, expect, dtype):
    """The weights have the dtype of `x`, and half precision follows the same rules."""
    x = draw.normal(4, 6, dtype=dtype, scale=2.0)
    x[1], x[2], x[3, 1] = x[1] + 1e4, -INF, -INF
    wanted = torch.softmax(x.double(), 1)
    wanted[2] = 0.0
    expect.close(student.softmax(x, 1), wanted.to(dtype))


@pytest.mark.hidden
def test_small_and_strided_inputs(student, draw, expect):
    """One axis, a single entry and an input that is not contiguous work as any other."""
    x = draw.strided(4, 3, 7)
    expect.close(student.softmax(x, 1), torch.softmax(x, 1))
    expect.close(student.softmax(draw.normal(1, 4), 0), torch.ones(1, 4, dtype=torch.float64))
    y = draw.normal(6)
    expect.close(student.softmax(y, -1), torch.softmax(y, -1))


@pytest.mark.hidden
def test_it_runs_on_the_meta_device(student, expect):
    """A tensor without values gives a result without values, of the same shape."""
    expect.shape(student.softmax(torch.empty(2, 5, 3, device="meta"), 1), (2, 5, 3))
