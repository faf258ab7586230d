"""Positions: the sinusoidal table, and the learned one."""

import math

import pytest
import torch


def table(length, d_model, first=0):
    """Entry by entry from the formula, from position `first` on."""
    rows = []
    for position in range(first, length):
        angles = [position / 10000 ** (2 * (column // 2) / d_model) for column in range(d_model)]
        rows.append([math.cos(a) if column % 2 else math.sin(a) for column, a in enumerate(angles)])
    return torch.tensor(rows, dtype=torch.float64)


def test_by_hand(student, expect):
    """Position 0 is 0, 1, 0, 1; position 1 begins with sin 1 and cos 1."""
    wanted = torch.tensor([[0.0, 1.0, 0.0, 1.0], [0.84147098, 0.54030231, 0.00999983, 0.99995000]]).double()
    expect.close(student.sinusoidal_positions(2, 4, dtype=torch.float64), wanted, tolerance=1e-7)


def test_sines_and_cosines_take_turns(student, draw, expect):
    """Column 2i is the sine of position / 10000^(2i / d_model), column 2i + 1 the cosine of the same angle."""
    length, d_model = draw.integer(11, 30), 2 * draw.integer(3, 6)
    expect.close(student.sinusoidal_positions(length, d_model, dtype=torch.float64), table(length, d_model))


def test_an_odd_width_ends_in_a_sine(student, draw, expect):
    """With an odd d_model the last column is a sine without its cosine."""
    length, d_model = draw.integer(3, 9), 2 * draw.integer(1, 4) + 1
    expect.close(student.sinusoidal_positions(length, d_model, dtype=torch.float64), table(length, d_model))


@pytest.mark.hidden
def test_far_positions_are_exact(student, expect):
    """Position 4999 is as exact as the first one: the angles are worked out in float64."""
    came = student.sinusoidal_positions(5000, 6, dtype=torch.float64)
    expect.close(came[4990:], table(5000, 6, first=4990))


def test_the_default_dtype(student, draw, expect):
    """Without a dtype the result is float32, torch's default."""
    expect.close(student.sinusoidal_positions(20, 8), table(20, 8).float())


@pytest.mark.hidden
def test_half_precision_is_rounded_at_the_end(student, expect):
    """In float16 position 2049 is 2048, so only the finished table may be rounded."""
    came = student.sinusoidal_positions(2100, 8, dtype=torch.float16)
    expect.close(came[2040:], table(2100, 8, first=2040).half(), tolerance=2e-3)


@pytest.mark.hidden
def test_one_position_and_the_smallest_widths(student, expect):
    """Length 1, and widths 1 and 2, work as any other."""
    for length, d_model in ((1, 5), (4, 1), (4, 2)):
        expect.close(student.sinusoidal_positions(length, d_model, dtype=torch.float64), table(length, d_model))


@pytest.mark.hidden
def test_the_table_is_made_on_its_device(student, expect):
    """`device` says where the table is made."""
    came = student.sinusoidal_positions(4, 6, device="meta")
    expect.true(str(came.device) == "meta", "The table is not on the device that was asked for.", actual=came)
    expect.shape(came, (4, 6))


def test_a_learned_row_for_each_position(student, draw, expect):
    """`weight` is the one parameter, of shape (max_len, d_model), and starts small: N(0, 0.02²)."""
    found = student.LearnedPositions(200, 50).named_parameters()
    expect.equal(list(found), ["weight"], "The parameters are not just `weight`.")
    expect.shape(found["weight"], (200, 50), "`weight` is not of shape (max_len, d_model).")
    expect.between(found["weight"].mean(), -0.002, 0.002, "The mean of `weight` is not near 0.")
    expect.between(found["weight"].std(), 0.019, 0.021, "The standard deviation of `weight` is not near 0.02.")


def test_the_first_rows_are_added(student, draw, expect):
    """Row p of the table is added at position p, to every sequence of the batch."""
    batch, seq, max_len, d_model = [*sorted(draw.sizes(3, 2, 7)), 8]
    layer, weight = student.LearnedPositions(max_len, d_model).double(), draw.normal(max_len, d_model)
    layer.load_state_dict({"weight": weight})
    x = draw.normal(batch, seq, d_model)
    wanted = torch.stack([torch.stack([x[b, p] + weight[p] for p in range(seq)]) for b in range(batch)])
    expect.close(layer(x), wanted)


@pytest.mark.hidden
def test_a_sequence_of_full_length_and_one_of_length_one(student, draw, expect):
    """A sequence may be exactly as long as the table, or a single token; strides do not matter."""
    layer, weight = student.LearnedPositions(5, 4).double(), draw.normal(5, 4)
    layer.load_state_dict({"weight": weight})
    x = draw.strided(2, 5, 4)
    expect.close(layer(x), x + weight)
    expect.close(layer.eval()(x[:1, :1]), x[:1, :1] + weight[0])


def test_a_sequence_longer_than_the_table_is_refused(student, draw, expect):
    """More positions than rows raise a ValueError that names the length."""
    layer = student.LearnedPositions(5, 4).double()
    expect.raises(ValueError, layer, draw.normal(2, 6, 4), mentions=6)


def test_the_gradients(student, draw, expect):
    """A row gets the sum of the gradients at its position; rows beyond the sequence get zero."""
    layer = student.LearnedPositions(6, 4).double()
    x, cotangent = draw.normal(3, 4, 4, grad=True), draw.normal(3, 4, 4)
    (layer(x) * cotangent).sum().backward()
    wanted = torch.zeros(6, 4, dtype=torch.float64)
    wanted[:4] = cotangent.sum(0)
    gradient = layer.gradients()["weight"]
    expect.true(gradient is not None, "`weight` got no gradient.")
    expect.close(gradient, wanted, "The gradient of `weight` is wrong.")
    expect.true(x.grad is not None, "No gradient came back to `x`.")
    expect.close(x.grad, cotangent, "The gradient of `x` is wrong.")


@pytest.mark.hidden
def test_learned_positions_on_the_meta_device(student, expect):
    """A module without values runs and gives the right shape."""
    expect.shape(student.LearnedPositions(6, 4).to("meta")(torch.empty(2, 5, 4, device="meta")), (2, 5, 4))
