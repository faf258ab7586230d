"""Softmax: its values along any axis, very large entries, its gradient, entries and rows of -inf, half precision."""

import math

import pytest
import torch

INF = math.inf
CLOSE = 1e-5  # a right answer may compute in float32
FAR = 1e-3  # the same beside entries of 10000, where float32 has three decimals


def check_gradient(expect, x, wanted):
    """The gradient that came back to `x`."""
    expect.true(x.grad is not None, "No gradient came back to `x`.")
    expect.close(x.grad, wanted, "The gradient with respect to `x` is wrong.", tolerance=CLOSE)


def around(draw, *levels):
    """Rows of five around each level, in steps that float32 has at 10000 too."""
    return torch.round(draw.normal(len(levels), 5) * 64) / 64 + torch.tensor(levels, dtype=torch.float64)[:, None]


@pytest.mark.points(2)
def test_by_hand(student, expect):
    """`softmax([0, ln 3])` is `[1/4, 3/4]`."""
    x = torch.tensor([0.0, math.log(3)], dtype=torch.float64)
    expect.close(student.softmax(x, 0), torch.tensor([0.25, 0.75], dtype=torch.float64), tolerance=CLOSE)


@pytest.mark.parametrize("dim", [0, 1, 2, -1, -2, -3])
def test_weights_sum_to_one_along_dim(student, draw, expect, dim):
    """Each entry's power is divided by the sum of the powers along `dim`, and along no other axis."""
    x = draw.normal(*draw.sizes(3))
    expect.close(student.softmax(x, dim), torch.softmax(x, dim), tolerance=CLOSE)


def test_each_call_is_its_own(student, draw, expect):
    """A second call, with other numbers of the same shape, has the weights of its own numbers."""
    first, second = draw.normal(3, 4), draw.normal(3, 4)
    expect.close(student.softmax(first, 1), torch.softmax(first, 1), tolerance=CLOSE)
    expect.close(student.softmax(second, 1), torch.softmax(second, 1), tolerance=CLOSE)


@pytest.mark.points(2)
def test_large_entries_do_not_overflow(student, draw, expect):
    """Rows around 10000, 0 and -10000 give the same weights as the same rows around 0."""
    x = around(draw, 1e4, 0.0, -1e4)
    expect.close(student.softmax(x, 1), torch.softmax(x, 1), tolerance=FAR)


def test_one_row_may_span_from_minus_to_plus_ten_thousand(student, expect):
    """Within one row, an entry far below the largest gets the weight zero."""
    x = torch.tensor([[1e4, -1e4, 1e4 - 1.0], [-1e4, -1e4 - 2.0, -1e4]], dtype=torch.float64)
    expect.close(student.softmax(x, -1), torch.softmax(x, -1), tolerance=FAR)


@pytest.mark.hidden
def test_large_entries_along_the_first_axis(student, draw, expect):
    """Large entries do not overflow along any axis, whatever stands beside them."""
    x = around(draw, -9000.0, 7000.0, 10000.0, 0.0).T.contiguous()
    expect.close(student.softmax(x, 0), torch.softmax(x, 0), tolerance=FAR)
    expect.close(student.softmax(x, 1), torch.softmax(x, 1), tolerance=FAR)


@pytest.mark.points(2)
@pytest.mark.parametrize(
    "dim", [1, pytest.param(0, marks=pytest.mark.hidden), pytest.param(-1, marks=pytest.mark.hidden)]
)
def test_the_gradient(student, draw, expect, dim):
    """The gradient goes through the powers and through their sum."""
    x, cotangent = draw.normal(3, 4, 5, grad=True), draw.normal(3, 4, 5)
    mine = x.detach().clone().requires_grad_()
    (torch.softmax(mine, dim) * cotangent).sum().backward()
    (student.softmax(x, dim) * cotangent).sum().backward()
    check_gradient(expect, x, mine.grad)


@pytest.mark.parametrize(
    "shape", [(1, 4, 1), pytest.param((5,), marks=pytest.mark.hidden), pytest.param((1, 1), marks=pytest.mark.hidden)]
)
def test_axes_of_length_one_stay(student, draw, expect, shape):
    """The result has the shape of `x`; along an axis of length 1 every weight is 1."""
    x = draw.normal(*shape)
    for dim in range(len(shape)):
        expect.close(student.softmax(x, dim), torch.softmax(x, dim), tolerance=CLOSE)


def test_an_input_that_is_not_contiguous(student, draw, expect):
    """How `x` lies in memory makes no difference."""
    x = draw.strided(4, 3, 7)
    expect.close(student.softmax(x, 1), torch.softmax(x, 1), tolerance=CLOSE)


def test_the_argument_stays_as_it_was(student, draw, expect):
    """`x` holds the same numbers after the call as before it."""
    x = draw.normal(2, 3)
    before = x.clone()
    student.softmax(x, 1)
    expect.equal(x, before, "`x` was changed.")


def test_minus_infinity_gets_no_weight(student, draw, expect):
    """An entry of -inf gets the weight zero, and the others share out the whole, however large they are."""
    x = around(draw, 0.0, 800.0, 1e4, -800.0, -1e4)
    x[0, 2], x[1, 0], x[2, 1:], x[3, 4], x[4, :3] = -INF, -INF, -INF, -INF, -INF
    weights = student.softmax(x, 1)
    expect.close(weights, torch.softmax(x, 1), tolerance=FAR)
    expect.equal(
        weights[x == -INF],
        torch.zeros(10, dtype=torch.float64),
        "The weight of an entry of -inf is close to zero, but not zero.",
    )


def test_nothing_but_minus_infinity_gives_zeros(student, draw, expect):
    """A row in which all entries are -inf, be they several or one, gives a row of zeros, and no NaN."""
    for length in (5, 1):
        x = draw.normal(3, length)
        x[1] = -INF
        wanted = torch.softmax(x, 1)
        wanted[1] = 0.0
        expect.close(student.softmax(x, 1), wanted, tolerance=CLOSE)


@pytest.mark.points(0.5)
@pytest.mark.parametrize("dtype", [torch.float64, pytest.param(torch.float16, marks=pytest.mark.hidden)], ids=str)
def test_zeros_for_minus_infinity_along_the_first_axis(student, draw, expect, dtype):
    """The rule for -inf holds along `dim`, also where that is not the last axis, and in half precision."""
    x = draw.normal(3, 5, 2).to(dtype)
    x[:, 4, 1] = -INF
    wanted = torch.softmax(x.double(), 0)
    wanted[:, 4, 1] = 0.0
    expect.close(student.softmax(x, 0), wanted.to(dtype), tolerance=CLOSE if dtype == torch.float64 else None)


@pytest.mark.parametrize("dim", [1, pytest.param(0, marks=[pytest.mark.hidden, pytest.mark.points(0.5)])])
def test_the_gradient_of_minus_infinity_is_zero(student, draw, expect, dim):
    """Where all entries are -inf, the gradient is zero and never NaN; the other rows keep theirs."""
    values, cotangent = draw.normal(3, 5), draw.normal(3, 5)
    values[1] = -INF
    mine = values[[0, 2]].requires_grad_()
    (torch.softmax(mine, 1) * cotangent[[0, 2]]).sum().backward()
    wanted = torch.zeros_like(values)
    wanted[[0, 2]] = mine.grad
    if dim == 0:
        values, cotangent, wanted = values.T.contiguous(), cotangent.T.contiguous(), wanted.T.contiguous()
    x = values.requires_grad_()
    (student.softmax(x, dim) * cotangent).sum().backward()
    check_gradient(expect, x, wanted)


@pytest.mark.points(0.5)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16], ids=str)
def test_the_dtype_is_kept(student, draw, expect, dtype):
    """The weights have the dtype of `x` and gradients, and half precision bears entries of 10000 too."""
    x = torch.cat([draw.normal(2, 6, scale=2.0), draw.normal(1, 6) + 1e4, draw.normal(1, 6) - 1e4]).to(dtype)
    wanted = torch.softmax(x.double(), 1).to(dtype)
    weights = student.softmax(x.requires_grad_(), 1)
    expect.close(weights, wanted, tolerance=FAR if dtype == torch.float32 else None)
    expect.true(weights.requires_grad, f"The weights of {dtype} do not require a gradient, though `x` does.")


@pytest.mark.points(0.5)
@pytest.mark.parametrize("kind", ["zeros", pytest.param("others", marks=pytest.mark.hidden)])
def test_a_long_row_in_float16(student, draw, expect, kind):
    """The weights of 66,000 and more equal entries in float16 sum to one; a sum taken in float16 would be infinite."""
    length, level = (70_000, 0.0) if kind == "zeros" else (draw.integer(66_000, 90_000), draw.uniform(-50.0, 50.0))
    weights = student.softmax(torch.full((2, length), level, dtype=torch.float16), 1)
    expect.dtype(weights, torch.float16)
    sums = weights.double().sum(1)
    expect.close(sums, torch.ones(2, dtype=torch.float64), "The weights do not sum to one.", tolerance=0.02)


@pytest.mark.points(0.5)
def test_it_runs_on_the_meta_device(student, expect):
    """A tensor without values gives a result without values, of the same shape."""
    expect.shape(student.softmax(torch.empty(2, 5, 3, device="meta"), 1), (2, 5, 3))
