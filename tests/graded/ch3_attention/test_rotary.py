"""Rotary positions: which pairs turn, by how much, and what stays the same."""

import math

import pytest
import torch


def turn(x, positions, base=10000.0):
    """By complex numbers: each pair is one, and turning it is a product."""
    size = x.shape[-1]
    pairs = torch.complex(x[..., 0::2], x[..., 1::2])
    frequencies = torch.tensor([base ** (-2 * i / size) for i in range(size // 2)], dtype=torch.float64)
    angles = positions.double()[..., None] * frequencies
    return torch.view_as_real(pairs * torch.polar(torch.ones_like(angles), angles)).reshape(x.shape)


def test_by_hand(student, expect):
    """With d_head = 2 the angle is the position: [1, 0] at position 1 becomes [cos 1, sin 1]."""
    x = torch.tensor([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]], dtype=torch.float64)
    wanted = torch.tensor([[1.0, 0.0], [math.cos(1), math.sin(1)], [-math.sin(1), math.cos(1)]], dtype=torch.float64)
    expect.close(student.apply_rotary(x, torch.tensor([0, 1, 1])), wanted)


def test_neighbours_are_a_pair(student, draw, expect):
    """Pair i, the columns 2i and 2i + 1, turns by position · 10000^(-2i / d_head)."""
    batch, heads, seq = draw.sizes(3, 2, 6)
    x = draw.normal(batch, heads, seq, 8)
    positions = torch.arange(seq)
    expect.close(student.apply_rotary(x, positions), turn(x, positions))


def test_any_positions(student, draw, expect):
    """The positions need not start at 0 nor follow one another."""
    x, positions = draw.normal(2, 5, 6), torch.tensor(draw.shuffled([3, 41, 8, 0, 17]))
    expect.close(student.apply_rotary(x, positions), turn(x, positions))


def test_scores_depend_on_the_distance_alone(student, draw, expect):
    """Moving queries and keys by the same number of positions leaves every score as it was."""
    q, k, positions = draw.normal(4, 6), draw.normal(4, 6), torch.arange(4)
    shift = draw.integer(50, 500)
    scores = student.apply_rotary(q, positions) @ student.apply_rotary(k, positions).T
    moved = student.apply_rotary(q, positions + shift) @ student.apply_rotary(k, positions + shift).T
    expect.close(moved, scores, "The scores changed when queries and keys moved together.")


@pytest.mark.hidden
def test_positions_for_each_sequence(student, draw, expect):
    """Positions (batch, 1, seq) turn each sequence of (batch, heads, seq, d_head) by its own."""
    x, positions = draw.normal(3, 2, 5, 4), draw.ids(30, 3, 1, 5)
    expect.close(student.apply_rotary(x, positions), turn(x, positions))


@pytest.mark.hidden
def test_one_position_for_all(student, draw, expect):
    """An axis of length 1 in the positions broadcasts; fractions are positions too."""
    x = draw.normal(3, 5, 4)
    expect.close(student.apply_rotary(x, torch.tensor([7])), turn(x, torch.tensor([7])))
    positions = draw.normal(5, scale=3.0)
    expect.close(student.apply_rotary(x, positions), turn(x, positions))


def test_another_base(student, draw, expect):
    """`base` sets how quickly the frequencies fall."""
    x, positions = draw.normal(2, 5, 6), torch.arange(5)
    expect.close(student.apply_rotary(x, positions, base=50.0), turn(x, positions, 50.0))


@pytest.mark.hidden
def test_far_positions_in_float64(student, draw, expect):
    """A float64 input is turned with float64 angles, also a million positions away."""
    x, positions = draw.normal(2, 4, 6), torch.tensor([0, 1_000_000, 999_999, 123_457])
    expect.close(student.apply_rotary(x, positions), turn(x, positions))


def test_an_odd_width_is_refused(student, draw, expect):
    """An odd d_head has no pairs: a ValueError names it."""
    expect.raises(ValueError, student.apply_rotary, draw.normal(2, 3, 7), torch.arange(3), mentions=7)


def test_the_gradient_turns_back(student, draw, expect):
    """The gradient of a rotation is the rotation the other way."""
    x, cotangent, positions = draw.normal(2, 5, 6, grad=True), draw.normal(2, 5, 6), torch.arange(2, 7)
    (student.apply_rotary(x, positions) * cotangent).sum().backward()
    expect.true(x.grad is not None, "No gradient came back to `x`.")
    expect.close(x.grad, turn(cotangent, -positions), "The gradient of `x` is wrong.")


@pytest.mark.hidden
@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16], ids=str)
def test_the_dtype_is_kept(student, draw, expect, dtype):
    """The result has the dtype of `x`, and half precision does not round the angles."""
    x, positions = draw.normal(2, 4, 6, dtype=dtype), torch.tensor([0, 3, 301, 1027])
    tolerance = {torch.float32: 2e-4, torch.float16: 1e-2, torch.bfloat16: 5e-2}[dtype]
    expect.close(student.apply_rotary(x, positions), turn(x.double(), positions).to(dtype), tolerance=tolerance)


@pytest.mark.hidden
def test_one_token_and_strides(student, draw, expect):
    """A single token and an input that is not contiguous work as any other."""
    x = draw.normal(1, 1, 1, 2)
    expect.close(student.apply_rotary(x, torch.tensor([5])), turn(x, torch.tensor([5])))
    x, positions = draw.normal(2, 5, 3, 4).transpose(1, 2), torch.arange(10)[::2]
    expect.close(student.apply_rotary(x, positions), turn(x, positions))


@pytest.mark.hidden
def test_it_runs_on_the_meta_device(student, expect):
    """A tensor without values gives a result without values, of the same shape."""
    x, positions = torch.empty(2, 3, 5, 4, device="meta"), torch.empty(5, dtype=torch.int64, device="meta")
    expect.shape(student.apply_rotary(x, positions), (2, 3, 5, 4))
