"""Positions: the sinusoidal table, and the learned one."""

import math

import pytest
import torch
from result_checks import write_over

NEAR = 1e-5  # angles that are worked out in float32 are near enough


def table(length, d_model, first=0):
    """Entry by entry from the formula, from position `first` on."""
    rows = []
    for position in range(first, length):
        angles = [position / 10000 ** (2 * (column // 2) / d_model) for column in range(d_model)]
        rows.append([math.cos(a) if column % 2 else math.sin(a) for column, a in enumerate(angles)])
    return torch.tensor(rows, dtype=torch.float64)


@pytest.mark.points(3)
def test_by_hand(student, expect):
    """Position 0 is 0, 1, 0, 1; position 1 begins with sin 1 and cos 1."""
    wanted = torch.tensor([[0.0, 1.0, 0.0, 1.0], [0.84147098, 0.54030231, 0.00999983, 0.99995000]])
    expect.close(student.sinusoidal_positions(2, 4), wanted, tolerance=NEAR)


@pytest.mark.points(4)
def test_sines_and_cosines_take_turns(student, draw, expect):
    """Column 2i is the sine of position / 10000^(2i / d_model), column 2i + 1 the cosine of the same angle."""
    length, d_model = draw.integer(11, 30), 2 * draw.integer(3, 6)
    found = student.sinusoidal_positions(length, d_model)
    expect.close(found, table(length, d_model), tolerance=NEAR, dtype=False)


@pytest.mark.points(2)
def test_an_odd_width_ends_in_a_sine(student, draw, expect):
    """With an odd d_model the last column is a sine without its cosine."""
    length, d_model = draw.integer(3, 9), 2 * draw.integer(1, 4) + 1
    found = student.sinusoidal_positions(length, d_model)
    expect.close(found, table(length, d_model), tolerance=NEAR, dtype=False)


@pytest.mark.parametrize(("length", "d_model"), [(1, 5), (4, 1), (4, 2)])
def test_the_smallest_tables(student, expect, length, d_model):
    """One position, one column, one pair work as any other number, and both axes stay."""
    found = student.sinusoidal_positions(length, d_model)
    expect.close(found, table(length, d_model), tolerance=NEAR, dtype=False)


def test_far_positions(student, expect):
    """A table of 6000 positions ends as its formula says."""
    came = student.sinusoidal_positions(6000, 6)
    expect.shape(came, (6000, 6))
    expect.close(came[5990:], table(6000, 6, first=5990), tolerance=5e-3, dtype=False)


def test_the_dtype(student, draw, expect):
    """Without a dtype the result is float32, torch's default; else it has the dtype that was asked for."""
    expect.close(student.sinusoidal_positions(20, 8), table(20, 8).float())
    for dtype in (torch.float64, torch.float16, torch.bfloat16):
        expect.close(student.sinusoidal_positions(20, 8, dtype=dtype), table(20, 8).to(dtype), tolerance=0.01)


@pytest.mark.points(0.5)
def test_another_default_dtype(student, expect):
    """Where torch's default dtype is float64, so is the table."""
    side = student.imported("torch")
    side.set_default_dtype(torch.float64)
    try:
        expect.close(student.sinusoidal_positions(5, 8), table(5, 8), tolerance=NEAR)
        expect.dtype(student.sinusoidal_positions(5, 8, dtype=torch.float32), torch.float32)
    finally:
        side.set_default_dtype(torch.float32)


def test_half_precision_is_rounded_at_the_end(student, expect):
    """In float16 position 2049 is 2048, so only the finished table may be rounded; in bfloat16 257 is 256."""
    came = student.sinusoidal_positions(2100, 8, dtype=torch.float16)
    expect.close(came[2040:], table(2100, 8, first=2040).half(), tolerance=2e-3)
    came = student.sinusoidal_positions(280, 8, dtype=torch.bfloat16)
    expect.close(came[250:], table(280, 8, first=250).bfloat16(), tolerance=1e-2)


def test_the_table_is_made_on_its_device(student, draw, expect):
    """`device` says where the table is made, with and without a dtype, and the next one is on the CPU again."""
    for dtype in (None, torch.float64):
        came = student.sinusoidal_positions(4, 22, dtype=dtype, device="meta")
        expect.true(str(came.device) == "meta", "The table is not on the device that was asked for.", actual=came)
        expect.shape(came, (4, 22))
    expect.close(student.sinusoidal_positions(4, 22), table(4, 22).float())


def test_earlier_calls_do_not_matter(student, draw, expect):
    """After a short table of float16 a longer one comes in full, in float32, and with its own digits."""
    student.sinusoidal_positions(3, 14, dtype=torch.float16)
    student.sinusoidal_positions(9, 14, dtype=torch.float16)
    for length in (9, 12, 5):
        came = student.sinusoidal_positions(length, 14)
        expect.close(came, table(length, 14).float(), f"The table of {length} positions is wrong.", tolerance=NEAR)


@pytest.mark.points(0.5)
@pytest.mark.parametrize(("length", "dtype"), [(4, torch.float32), (5, torch.float64)], ids=str)
def test_the_table_belongs_to_the_caller(student, expect, length, dtype):
    """After the caller has written into a table, the same call gives the right one again."""
    write_over(student, student.sinusoidal_positions, length, 24, dtype)
    came = student.sinusoidal_positions(length, 24, dtype)
    message = "After the caller wrote into an earlier table, the same call gives a wrong one."
    expect.close(came, table(length, 24).to(dtype), message, tolerance=NEAR)


@pytest.mark.hidden
@pytest.mark.points(2)
def test_other_tables(student, draw, expect):
    """A wide table, and a wide one of an odd width, are right in float64."""
    for d_model in (2 * draw.integer(10, 40), 2 * draw.integer(10, 40) + 1):
        found = student.sinusoidal_positions(13, d_model, dtype=torch.float64)
        expect.close(found, table(13, d_model), tolerance=NEAR)


# -- learned positions -------------------------------------------------------------------------------------


def learned(student, draw, max_len, d_model):
    """The learner's layer and the values that were loaded into it."""
    layer, weight = student.LearnedPositions(max_len, d_model).double(), draw.normal(max_len, d_model)
    layer.load_state_dict({"weight": weight})
    return layer, weight


@pytest.mark.points(4)
def test_the_first_rows_are_added(student, draw, expect):
    """Row p of the table is added at position p, to every sequence of the batch, be there as many of both or not."""
    batch, seq, max_len, d_model = [*sorted(draw.sizes(3, 2, 7)), 8]
    layer, weight = learned(student, draw, max_len, d_model)
    for sequences in (batch, seq):
        x = draw.normal(sequences, seq, d_model)
        wanted = torch.stack([torch.stack([x[b, p] + weight[p] for p in range(seq)]) for b in range(sequences)])
        expect.close(layer(x), wanted, tolerance=NEAR)


@pytest.mark.points(3)
def test_the_gradients(student, draw, expect):
    """A row gets the sum of the gradients at its position; rows beyond the sequence get zero."""
    layer, _ = learned(student, draw, 6, 4)
    x, cotangent = draw.normal(3, 4, 4, grad=True), draw.normal(3, 4, 4)
    (layer(x) * cotangent).sum().backward()
    wanted = torch.zeros(6, 4, dtype=torch.float64)
    wanted[:4] = cotangent.sum(0)
    gradient = layer.gradients()["weight"]
    expect.true(gradient is not None, "`weight` got no gradient.")
    expect.close(gradient, wanted, "The gradient of `weight` is wrong.", tolerance=NEAR)
    expect.true(x.grad is not None, "No gradient came back to `x`.")
    expect.close(x.grad, cotangent, "The gradient of `x` is wrong.", tolerance=NEAR)


def test_a_batch_of_one_token(student, draw, expect):
    """A batch of one with a sequence of one keeps its shape (1, 1, d_model)."""
    layer, weight = learned(student, draw, 5, 4)
    x = draw.normal(1, 1, 4)
    expect.close(layer(x), x + weight[0], tolerance=NEAR)


def test_it_is_the_length_that_must_fit(student, draw, expect):
    """A sequence as long as the table fits, also with a small `d_model` and a large batch."""
    layer, weight = learned(student, draw, 7, 3)
    x = draw.normal(8, 7, 3)
    expect.close(layer(x), x + weight, tolerance=NEAR)


def test_another_length_in_each_call(student, draw, expect):
    """Each call adds the rows of its own length, and those of another table once it is loaded, in both modes."""
    layer, weight = learned(student, draw, 9, 4)
    for mode in (layer.train, layer.eval):
        mode()
        for seq in (3, 8, 1):
            x = draw.normal(2, seq, 4)
            expect.close(layer(x), x + weight[:seq], f"The result for {seq} positions is wrong.", tolerance=NEAR)
        weight, x = draw.normal(9, 4), draw.normal(2, 3, 4)
        layer.load_state_dict({"weight": weight})
        expect.close(
            layer(x),
            x + weight[:3],
            "After another table was loaded, the result is not `x` plus its rows.",
            tolerance=NEAR,
        )


def test_a_learned_row_for_each_position(student, draw, expect):
    """`weight`, of shape (max_len, d_model), is the only parameter and all that the state dict holds."""
    layer = student.LearnedPositions(200, 50)
    found = layer.named_parameters()
    expect.equal(list(found), ["weight"], "The parameters are not just `weight`.")
    expect.shape(found["weight"], (200, 50), "`weight` is not of shape (max_len, d_model).")
    expect.equal(list(layer.state_dict()), ["weight"], "The state dict does not hold just `weight`.")


def test_the_table_starts_small(student, draw, expect):
    """Every number of `weight` is drawn from N(0, 0.02²), in each layer anew."""
    first, weight = (student.LearnedPositions(200, 50).named_parameters()["weight"] for _ in range(2))
    expect.between(weight.mean(), -0.002, 0.002, "The mean of `weight` is not near 0.")
    expect.between(weight.std(), 0.019, 0.021, "The standard deviation of `weight` is not near 0.02.")
    share = (weight.abs() > 0.04).double().mean()
    expect.between(
        share,
        0.034,
        0.058,
        "The share of `weight` that lies farther from 0 than 0.04, twice the deviation, is not near 0.046.",
    )
    expect.greater(
        weight.std(0).mean(), 0.017, "In a column of `weight` the numbers should vary by 0.02; on average they vary by"
    )
    expect.greater(
        weight.std(1).mean(), 0.017, "In a row of `weight` the numbers should vary by 0.02; on average they vary by"
    )
    different = weight.abs().unique().numel() / weight.numel()
    expect.between(
        different, 0.99, 1.0, "Among the numbers of `weight`, signs aside, the share of different ones is not near 1."
    )
    expect.true(not torch.equal(first, weight), "Two layers start with the same table.")


def test_a_sequence_longer_than_the_table_is_refused(student, draw, expect):
    """66 positions and 1, 6 or 65 rows raise a ValueError that names one of the two, however wide the table."""
    for max_len, d_model in ((6, 4), (6, 99), (65, 3), (1, 4)):
        layer = student.LearnedPositions(max_len, d_model).double()
        expect.raises(ValueError, layer, draw.normal(2, 66, d_model), mentions=(66, max_len))


def test_learned_positions_on_the_meta_device(student, expect):
    """A module without values runs and gives the right shape."""
    expect.shape(student.LearnedPositions(6, 4).to("meta")(torch.empty(2, 5, 4, device="meta")), (2, 5, 4))


@pytest.mark.hidden
@pytest.mark.points(2)
def test_other_rows_are_added(student, draw, expect):
    """Rows are added to a transposed input that is as long as the table, and in eval mode."""
    layer, weight = learned(student, draw, 5, 4)
    x = draw.strided(3, 5, 4)
    expect.close(layer(x), x + weight, tolerance=NEAR)
    expect.close(layer.eval()(x[:1, :2]), x[:1, :2] + weight[:2], tolerance=NEAR)


@pytest.mark.hidden
def test_other_long_sequences_are_refused(student, draw, expect):
    """4 positions and one row, and 11 positions and 10 rows, raise a ValueError that names one of the two."""
    for max_len, seq in ((1, 4), (10, 11)):
        layer = student.LearnedPositions(max_len, 20).double()
        expect.raises(ValueError, layer, draw.normal(3, seq, 20), mentions=(seq, max_len))
