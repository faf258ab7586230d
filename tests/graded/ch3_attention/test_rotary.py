"""Rotary positions: which pairs turn, by how much, and what stays the same."""

import math

import pytest
import torch

NEAR = 1e-4  # near positions in float32 are as good as this; that float64 stays float64 is a test of its own


def turn(x, positions, base=10000.0):
    """By complex numbers: each pair is one, and turning it is a product."""
    size = x.shape[-1]
    pairs = torch.complex(x[..., 0::2], x[..., 1::2])
    frequencies = torch.tensor([base ** (-2 * i / size) for i in range(size // 2)], dtype=torch.float64)
    angles = positions.double()[..., None] * frequencies
    return torch.view_as_real(pairs * torch.polar(torch.ones_like(angles), angles)).reshape(x.shape)


@pytest.mark.points(4)
def test_by_hand(student, expect):
    """With d_head = 2 the angle is the position: [1, 0] at position 1 becomes [cos 1, sin 1]."""
    x = torch.tensor([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    wanted = torch.tensor([[1.0, 0.0], [math.cos(1), math.sin(1)], [-math.sin(1), math.cos(1)]])
    expect.close(student.apply_rotary(x, torch.tensor([0, 1, 1])), wanted)


@pytest.mark.points(4)
def test_neighbours_are_a_pair(student, draw, expect):
    """Pair i, the columns 2i and 2i + 1, turns by position · 10000^(-2i / d_head)."""
    batch, heads, seq = draw.sizes(3, 2, 6)
    x = draw.normal(batch, heads, seq, 8)
    positions = torch.arange(seq)
    expect.close(student.apply_rotary(x, positions), turn(x, positions), tolerance=NEAR)


@pytest.mark.points(3)
def test_any_positions(student, draw, expect):
    """The positions need not start at 0 nor follow one another."""
    x, positions = draw.normal(2, 5, 6), torch.tensor(draw.shuffled([3, 41, 8, 12, 17]))
    expect.close(student.apply_rotary(x, positions), turn(x, positions), tolerance=NEAR)


@pytest.mark.points(4)
def test_scores_depend_on_the_distance_alone(student, draw, expect):
    """Moving queries and keys by the same number of positions leaves every score as it was."""
    q, k, positions = draw.normal(4, 6), draw.normal(4, 6), torch.arange(4)
    shift = draw.integer(20, 60)
    scores = student.apply_rotary(q, positions) @ student.apply_rotary(k, positions).T
    moved = student.apply_rotary(q, positions + shift) @ student.apply_rotary(k, positions + shift).T
    expect.close(moved, scores, "The scores changed when queries and keys moved together.", tolerance=1e-3)
    expect.close(scores.diagonal(), (q * k).sum(-1), "At distance 0 the score is not that of q and k.", tolerance=1e-3)


@pytest.mark.points(2)
def test_positions_for_each_sequence(student, draw, expect):
    """Positions (batch, 1, seq) turn each sequence by its own, (batch, heads, seq) each head; so do (batch, seq)."""
    x = draw.normal(3, 2, 5, 4)
    for positions in (draw.ids(30, 3, 1, 5), draw.ids(30, 3, 2, 5)):
        expect.close(student.apply_rotary(x, positions), turn(x, positions), tolerance=NEAR)
    x, positions = draw.normal(3, 5, 4), draw.ids(30, 3, 5)
    expect.close(student.apply_rotary(x, positions), turn(x, positions), tolerance=NEAR)


def test_one_position_for_all(student, draw, expect):
    """The one position of `(1,)` serves every token."""
    x = draw.normal(3, 5, 4)
    expect.close(student.apply_rotary(x, torch.tensor([7])), turn(x, torch.tensor([7])), tolerance=NEAR)


@pytest.mark.points(2)
def test_another_base(student, draw, expect):
    """`base` sets how quickly the frequencies fall."""
    x, positions = draw.normal(2, 5, 20), torch.arange(5)
    expect.close(student.apply_rotary(x, positions, base=50.0), turn(x, positions, 50.0), tolerance=NEAR)


@pytest.mark.points(4)
def test_the_gradient_turns_back(student, draw, expect):
    """The gradient of a rotation is the rotation the other way."""
    x, cotangent, positions = draw.normal(2, 6, 6, grad=True), draw.normal(2, 6, 6), torch.arange(2, 8)
    (student.apply_rotary(x, positions) * cotangent).sum().backward()
    expect.true(x.grad is not None, "No gradient came back to `x`.")
    expect.close(x.grad, turn(cotangent, -positions), "The gradient of `x` is wrong.", tolerance=NEAR)


@pytest.mark.parametrize("shape", [(3, 6), (1, 1, 1, 2), (2, 1, 2, 3, 4)], ids=str)
def test_any_axes_in_front(student, draw, expect, shape):
    """A sequence alone, axes of length 1, which stay, or three axes in front."""
    x, positions = draw.normal(*shape), torch.arange(1, 1 + shape[-2])
    expect.close(student.apply_rotary(x, positions), turn(x, positions), tolerance=NEAR)


def test_fractions_and_negative_numbers(student, draw, expect):
    """Fractions are positions too, and so are negative numbers."""
    x, positions = draw.normal(2, 4, 8), torch.tensor([0.5, -3.0, 2.25, -0.75])
    expect.close(student.apply_rotary(x, positions), turn(x, positions), tolerance=NEAR)


def test_positions_far_above_the_length(student, draw, expect):
    """Two tokens at the positions 9000 and 7001 are turned by the right angles, in float32."""
    x, positions = draw.normal(2, 2, 6).float(), torch.tensor([9000, 7001])
    expect.close(student.apply_rotary(x, positions), turn(x.double(), positions).float(), tolerance=0.02)


def test_not_contiguous(student, draw, expect):
    """An input and positions that are not contiguous work as their copies do."""
    x, positions = draw.strided(2, 5, 4), torch.arange(10)[::2]
    expect.close(student.apply_rotary(x, positions), turn(x, positions), tolerance=NEAR)


def test_the_arguments_are_not_changed(student, draw, expect):
    """`x` and `positions` stay as they were."""
    x, positions = draw.normal(3, 10), torch.tensor([0.0, 2.0, 5.0], dtype=torch.float64)
    expect.close(student.apply_rotary(x, positions), turn(x, positions), tolerance=NEAR)


@pytest.mark.points(2)
def test_nothing_is_kept(student, draw, expect):
    """After a first call, others of the same shape have other positions and another base."""
    x, first, second = draw.normal(2, 11, 10), torch.arange(11), torch.arange(30, 41)
    student.apply_rotary(x, first)
    expect.close(
        student.apply_rotary(x, second),
        turn(x, second),
        "With other positions, after a first call, the result is wrong.",
        tolerance=NEAR,
    )
    third = student.apply_rotary(x, second, base=20.0)
    expect.close(
        third, turn(x, second, 20.0), "With another base, after other calls, the result is wrong.", tolerance=NEAR
    )


def test_no_dtype_is_kept(student, draw, expect):
    """After a bfloat16 call, one in float32 has angles that are not rounded to bfloat16."""
    x, positions = draw.normal(2, 13, 12), torch.arange(200, 213)
    student.apply_rotary(x.bfloat16(), positions)
    expect.close(student.apply_rotary(x.float(), positions), turn(x, positions).float(), tolerance=5e-4)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16], ids=str)
def test_the_dtype_is_kept(student, draw, expect, dtype):
    """The result has the dtype of `x`, and half precision does not round the angles."""
    x, positions = draw.normal(2, 4, 6, dtype=dtype), torch.tensor([0, 3, 301, 1027])
    tolerance = {torch.float32: 2e-3, torch.float16: 1e-2, torch.bfloat16: 5e-2}[dtype]
    expect.close(student.apply_rotary(x, positions), turn(x.double(), positions).to(dtype), tolerance=tolerance)


def test_far_positions_in_float64(student, draw, expect):
    """A float64 input is turned with float64 angles, a million positions away and after a float32 call too."""
    x, positions = draw.normal(2, 4, 18), torch.tensor([0, 1_000_000, 999_999, 123_457])
    student.apply_rotary(x.float(), positions)
    expect.close(student.apply_rotary(x, positions), turn(x, positions), tolerance=1e-6)


def test_an_odd_width_is_refused(student, draw, expect):
    """An odd d_head has no pairs, and one column is no pair either: a ValueError names it."""
    for width in (7, 1):
        expect.raises(ValueError, student.apply_rotary, draw.normal(2, 3, width), torch.arange(3), mentions=width)


def test_it_runs_on_the_meta_device(student, expect):
    """A tensor without values gives a result without values, of the same shape; one on the CPU works after it."""
    x, positions = torch.empty(2, 3, 5, 22, device="meta"), torch.empty(5, dtype=torch.int64, device="meta")
    expect.shape(student.apply_rotary(x, positions), (2, 3, 5, 22))
    expect.shape(student.apply_rotary(torch.ones(2, 3, 5, 22), torch.arange(5)), (2, 3, 5, 22))


@pytest.mark.hidden
@pytest.mark.points(3)
def test_other_sizes(student, draw, expect):
    """Wider heads, at drawn positions and with another base, are turned by the right angles."""
    x, positions, base = draw.normal(2, 3, 7, 14), draw.ids(50, 7), draw.uniform(30.0, 3000.0)
    expect.close(student.apply_rotary(x, positions, base), turn(x, positions, base), tolerance=NEAR)


@pytest.mark.hidden
def test_other_positions_for_each_sequence(student, draw, expect):
    """Positions with an axis for each of x but the last, fractions among them, and a batch without heads."""
    x, positions = draw.normal(4, 3, 5, 6), draw.normal(4, 3, 5, scale=8.0)
    expect.close(student.apply_rotary(x, positions), turn(x, positions), tolerance=NEAR)
    x, positions = draw.normal(4, 5, 6), draw.ids(40, 4, 5)
    expect.close(student.apply_rotary(x, positions), turn(x, positions), tolerance=NEAR)


@pytest.mark.hidden
def test_other_odd_widths_are_refused(student, draw, expect):
    """3 or 13 columns are no pairs: a ValueError names their number."""
    for width in (3, 13):
        expect.raises(ValueError, student.apply_rotary, draw.normal(3, width), torch.arange(3), mentions=width)
