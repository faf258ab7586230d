"""Masks: causal, padding, and several at once."""

import pytest
import torch
from result_checks import without_last_column, write_over


def causal(q_len, k_len):
    """Query i stands at position i + k_len - q_len."""
    return torch.tensor([[j <= i + k_len - q_len for j in range(k_len)] for i in range(q_len)])


def padding(lengths, max_len):
    """One row for each sequence, written out."""
    return torch.tensor([[[j < length for j in range(max_len)]] for length in lengths])


def check_device(expect, mask, shape, whose):
    """The mask is on the meta device and has this shape."""
    expect.shape(mask, shape)
    expect.true(str(mask.device) == "meta", f"The mask is not on the device {whose}.", actual=mask)


@pytest.mark.points(2)
@pytest.mark.parametrize("length", ["several", 1])
def test_a_position_sees_itself_and_what_came_before(student, draw, expect, length):
    """With as many keys as queries, query i sees the keys 0 to i."""
    n = draw.integer(3, 9) if length == "several" else length
    expect.equal(student.causal_mask(n), causal(n, n))


@pytest.mark.points(2)
def test_the_last_query_stands_at_the_last_key(student, expect):
    """2 queries behind a past of 3: the last one sees all 5 keys, the one before it 4."""
    wanted = torch.tensor([[True, True, True, True, False], [True, True, True, True, True]])
    expect.equal(student.causal_mask(2, 5), wanted)


def test_each_causal_mask_is_its_own(student, expect):
    """The same number of queries with other keys gives another mask."""
    for k_len in (4, 6, 7):
        expect.equal(student.causal_mask(4, k_len), causal(4, k_len))
    expect.equal(student.causal_mask(4), causal(4, 4))


def test_a_long_text(student, expect):
    """Three queries behind a long past, and a long padded sequence, have all their columns."""
    wanted = torch.ones(3, 4100, dtype=torch.bool)
    wanted[0, 4098:], wanted[1, 4099:] = False, False
    expect.equal(student.causal_mask(3, 4100), wanted)
    wanted = torch.ones(2, 1, 4100, dtype=torch.bool)
    wanted[0, 0, 4099:], wanted[1, 0, 2:] = False, False
    expect.equal(student.padding_mask(torch.tensor([4099, 2]), 4100), wanted)


def test_the_mask_belongs_to_the_caller(student, expect):
    """After the caller has written into a mask, the same call gives the right one again."""
    lengths = torch.tensor([1, 3])
    calls = (
        (student.causal_mask, (12,), causal(12, 12)),
        (student.causal_mask, (13,), causal(13, 13)),
        (student.padding_mask, (lengths, 3), padding([1, 3], 3)),
    )
    for message in ("", "After the caller wrote into earlier masks, this call gives a wrong one."):
        for function, arguments, wanted in calls:
            expect.equal(function(*arguments), wanted, message)
        write_over(student, student.causal_mask, 12)
        write_over(student, student.padding_mask, lengths, 3)


def test_each_place_of_a_mask_is_its_own(student, expect):
    """The caller writes into the last column, and no other place changes: of one query or one sequence alone, too."""
    calls = (
        (student.causal_mask, (1, 4), causal(1, 4)),
        (student.causal_mask, (3, 5), causal(3, 5)),
        (student.padding_mask, (torch.tensor([4]), 4), padding([4], 4)),
    )
    for function, arguments, wanted in calls:
        wanted[..., -1] = False
        expect.equal(without_last_column(student, function, *arguments), wanted)


@pytest.mark.parametrize("keys", ["two to eight", pytest.param("up to thirty", marks=pytest.mark.hidden)])
def test_any_number_of_queries_and_keys(student, draw, expect, keys):
    """The mask has a row for each query, also for a single one, and a column for each key."""
    q_len, k_len = sorted(draw.sizes(2, 2, 9 if keys == "two to eight" else 31))
    expect.equal(student.causal_mask(q_len, k_len), causal(q_len, k_len))
    expect.equal(student.causal_mask(1, k_len), torch.ones(1, k_len, dtype=torch.bool))


@pytest.mark.points(0.5)
@pytest.mark.parametrize("sizes", [(5, 3), pytest.param("drawn", marks=pytest.mark.hidden)], ids=str)
def test_more_queries_than_keys(student, draw, expect, sizes):
    """With more queries than keys, the first queries see nothing."""
    k_len, q_len = sorted(draw.sizes(2, 2, 9) if sizes == "drawn" else sizes)
    expect.equal(student.causal_mask(q_len, k_len), causal(q_len, k_len))


@pytest.mark.points(0.5)
def test_the_causal_mask_is_made_on_the_device(student, expect):
    """The causal mask is on `device`, and the next one on the CPU again."""
    check_device(expect, student.causal_mask(3, 11, device="meta"), (3, 11), "that was asked for")
    expect.equal(student.causal_mask(3, 11), causal(3, 11))


@pytest.mark.points(2)
def test_padding_is_hidden(student, expect):
    """Sequence b shows its first `lengths[b]` keys; the query axis is 1."""
    expect.equal(student.padding_mask(torch.tensor([1, 4, 3]), 4), padding([1, 4, 3], 4))


def test_each_padding_mask_is_its_own(student, draw, expect):
    """Other lengths give another mask, also for as many sequences as before and for one alone."""
    max_len = draw.integer(6, 9)
    for lengths in ([2, 5, 3], draw.sizes(3, 1, max_len - 1), [max_len - 2], [3]):
        expect.equal(student.padding_mask(torch.tensor(lengths), max_len), padding(lengths, max_len))


@pytest.mark.points(0.5)
@pytest.mark.parametrize(
    "lengths", [[2, 0], pytest.param([0], marks=pytest.mark.hidden), pytest.param([0, 0, 5], marks=pytest.mark.hidden)]
)
def test_a_length_of_zero_hides_every_key(student, expect, lengths):
    """An empty sequence has a row of False."""
    expect.equal(student.padding_mask(torch.tensor(lengths), 5), padding(lengths, 5))


@pytest.mark.points(0.25)
@pytest.mark.parametrize(
    ("bad", "place"),
    [
        (7, 0),
        (8, 2),
        (-1, 1),
        pytest.param(6, 1, marks=pytest.mark.hidden),
        pytest.param(-2, 2, marks=pytest.mark.hidden),
    ],
)
def test_impossible_lengths_are_refused(student, expect, bad, place):
    """Lengths below 0 or above max_len raise a ValueError that names one of them."""
    lengths = torch.tensor([3, 0, 5])
    lengths[place] = bad
    expect.raises(ValueError, student.padding_mask, lengths, 5, mentions=bad)


@pytest.mark.points(0.5)
def test_the_padding_mask_is_where_the_lengths_are(student, expect):
    """The padding mask is on the device of `lengths`, also where there are no values."""
    lengths = torch.empty(4, dtype=torch.int64, device="meta")
    check_device(expect, student.padding_mask(lengths, 6), (4, 1, 6), "of `lengths`")


@pytest.mark.points(2)
def test_a_key_must_be_allowed_by_every_mask(student, draw, expect):
    """The result is True where all masks are."""
    masks = torch.stack([draw.mask(4, 5) for _ in range(3)])
    masks[:, range(3), range(3)] = ~torch.eye(3, dtype=torch.bool)  # each is once the only one that says no
    expect.equal(student.combine_masks(*masks), masks.all(0))


def test_each_combination_is_its_own(student, draw, expect):
    """Masks of an earlier call do not count in a later one."""
    for _ in range(2):
        one, other = draw.mask(4, 5), draw.mask(4, 5)
        expect.equal(student.combine_masks(one, other), one & other)
    expect.equal(student.combine_masks(one), one)


@pytest.mark.points(2)
def test_masks_of_different_axes_broadcast(student, draw, expect):
    """A causal mask (seq, seq) and a padding mask (batch, 1, seq) give (batch, seq, seq)."""
    future, filler = draw.mask(5, 5), draw.mask(3, 1, 5)
    wanted = torch.stack([future & filler[b, 0] for b in range(3)])
    expect.equal(student.combine_masks(future, filler), wanted)
    expect.equal(student.combine_masks(filler, future), wanted)
    expect.equal(student.combine_masks(future, future, filler), wanted)


@pytest.mark.points(0.5)
@pytest.mark.parametrize("shape", [(1, 1, 5), (1, 4, 5), (1, 3, 4, 5), (1, 1, 4, 5), (3, 1, 1, 5)], ids=str)
def test_axes_of_length_one_stay(student, draw, expect, shape):
    """A batch of one sequence, and one head for all, keep their axis: alone, and beside a mask (q_len, k_len)."""
    mask, future = draw.mask(*shape), draw.mask(4, 5)
    expect.equal(student.combine_masks(None, mask), mask)
    for masks in ((future, None, mask), (mask, future)):
        expect.equal(student.combine_masks(*masks), mask & future)


def test_none_is_no_mask(student, draw, expect):
    """A None among the masks is skipped."""
    mask, other = draw.mask(3, 4), draw.mask(3, 4)
    expect.equal(student.combine_masks(None, mask, None), mask)
    expect.equal(student.combine_masks(mask, None, other), mask & other)


@pytest.mark.points(0.5)
def test_nothing_but_none_is_none(student, expect):
    """Where every mask is None, the result is None."""
    expect.true(student.combine_masks(None, None) is None, "`combine_masks(None, None)` is not None.")


@pytest.mark.points(0.5)
def test_any_number_of_masks(student, draw, expect):
    """One mask comes back as it is, one that hides nothing too; four are joined like two, and none give None."""
    masks = torch.stack([draw.mask(2, 8, probability=0.8) for _ in range(4)])
    masks[:, 0, :4] = ~torch.eye(4, dtype=torch.bool)
    expect.equal(student.combine_masks(masks[0]), masks[0])
    expect.equal(student.combine_masks(*masks), masks.all(0))
    everything = torch.ones(3, 4, dtype=torch.bool)
    expect.equal(student.combine_masks(None, everything), everything)
    expect.true(student.combine_masks() is None, "`combine_masks()` is not None.")


@pytest.mark.points(0.5)
@pytest.mark.parametrize("order", ["before", "behind"])
@pytest.mark.parametrize("heads", [2, 3])
def test_beside_a_mask_with_heads(student, draw, expect, heads, order):
    """(batch, 1, k_len) beside (batch, heads, q_len, k_len) serves all heads of its own sequence."""
    filler, full = draw.mask(3, 1, 5), draw.mask(3, heads, 4, 5)
    wanted = torch.stack([full[b] & filler[b] for b in range(3)])
    masks = (filler, None, full) if order == "before" else (full, None, filler)
    expect.equal(student.combine_masks(*masks), wanted)


@pytest.mark.points(0.5)
@pytest.mark.parametrize("heads", [3, pytest.param(1, marks=pytest.mark.hidden)])
def test_a_row_for_each_query_beside_a_mask_with_heads(student, draw, expect, heads):
    """(batch, q_len, k_len) beside (batch, heads, q_len, k_len) serves all heads of its own sequence."""
    each, full = draw.mask(3, 4, 5), draw.mask(3, heads, 4, 5)
    wanted = torch.stack([full[b] & each[b] for b in range(3)])
    expect.equal(student.combine_masks(each, full), wanted)


@pytest.mark.parametrize("others", [0, 1])
def test_a_mask_of_two_axes_serves_all_heads(student, draw, expect, others):
    """(q_len, k_len) beside (batch, heads, q_len, k_len) holds for every sequence and head."""
    future, full = draw.mask(4, 5), draw.mask(2, 3, 4, 5)
    more = [draw.mask(2, 1, 5) for _ in range(others)]
    wanted = full & future
    for filler in more:
        wanted = wanted & filler[:, None]
    expect.equal(student.combine_masks(future, *more, full), wanted)


@pytest.mark.points(0.5)
@pytest.mark.parametrize("axes", [2, pytest.param(4, marks=pytest.mark.hidden)])
def test_the_masks_stay_as_they_were(student, draw, expect, axes):
    """Every mask holds the same after the call as before it."""
    masks = [draw.mask(*(2, 3, 4, 5)[-axes:]) for _ in range(3)]
    before = [mask.clone() for mask in masks]
    student.combine_masks(*masks)
    for mask, then in zip(masks, before, strict=True):
        expect.equal(mask, then, "A mask was changed.")
