"""Masks: causal, padding, and several at once."""

import pytest
import torch


def causal(q_len, k_len):
    """Query i stands at position i + k_len - q_len."""
    return torch.tensor([[j <= i + k_len - q_len for j in range(k_len)] for i in range(q_len)])


def test_a_position_sees_itself_and_what_came_before(student, draw, expect):
    """With as many keys as queries, query i sees the keys 0 to i."""
    (length,) = draw.sizes(1, 3, 9)
    expect.equal(student.causal_mask(length), causal(length, length))


def test_the_last_query_stands_at_the_last_key(student, expect):
    """2 queries behind a past of 3: the last one sees all 5 keys, the one before it 4."""
    wanted = torch.tensor([[True, True, True, True, False], [True, True, True, True, True]])
    expect.equal(student.causal_mask(2, 5), wanted)


@pytest.mark.hidden
def test_any_number_of_queries_and_keys(student, draw, expect):
    """The mask has a row for each query and a column for each key."""
    q_len, k_len = sorted(draw.sizes(2, 2, 9))
    expect.equal(student.causal_mask(q_len, k_len), causal(q_len, k_len))
    expect.equal(student.causal_mask(1, k_len), torch.ones(1, k_len, dtype=torch.bool))
    expect.equal(student.causal_mask(1), torch.ones(1, 1, dtype=torch.bool))


@pytest.mark.hidden
def test_more_queries_than_keys(student, draw, expect):
    """With more queries than keys, the first queries see nothing."""
    k_len, q_len = sorted(draw.sizes(2, 2, 9))
    expect.equal(student.causal_mask(q_len, k_len), causal(q_len, k_len))


def test_padding_is_hidden(student, expect):
    """Sequence b shows its first `lengths[b]` keys; the query axis is 1."""
    wanted = torch.tensor([[[True, False, False, False]], [[True] * 4], [[True, True, True, False]]])
    expect.equal(student.padding_mask(torch.tensor([1, 4, 3]), 4), wanted)


@pytest.mark.hidden
def test_padding_for_any_lengths(student, draw, expect):
    """Also for a batch of one, for an empty sequence, and where no sequence fills the batch."""
    max_len = draw.integer(5, 9)
    lengths = [*draw.sizes(3, 1, max_len - 1), 0]
    wanted = torch.tensor([[[j < length for j in range(max_len)]] for length in lengths])
    expect.equal(student.padding_mask(torch.tensor(lengths), max_len), wanted)
    expect.equal(student.padding_mask(torch.tensor([2]), 3), torch.tensor([[[True, True, False]]]))


@pytest.mark.parametrize("bad", [7, pytest.param(-2, marks=pytest.mark.hidden)])
def test_impossible_lengths_are_refused(student, expect, bad):
    """A length below 0 or above max_len raises a ValueError that names it."""
    expect.raises(ValueError, student.padding_mask, torch.tensor([3, bad, 0]), 5, mentions=bad)


def test_a_key_must_be_allowed_by_every_mask(student, draw, expect):
    """The result is True where all masks are."""
    masks = torch.stack([draw.mask(4, 5) for _ in range(3)])
    masks[:, range(3), range(3)] = ~torch.eye(3, dtype=torch.bool)  # each is once the only one that says no
    expect.equal(student.combine_masks(*masks), masks.all(0))


def test_masks_of_different_axes_broadcast(student, draw, expect):
    """A causal mask (seq, seq) and a padding mask (batch, 1, seq) give (batch, seq, seq)."""
    future, padding = draw.mask(5, 5), draw.mask(3, 1, 5)
    wanted = torch.stack([future & padding[b, 0] for b in range(3)])
    expect.equal(student.combine_masks(future, padding), wanted)


def test_none_is_no_mask(student, draw, expect):
    """None is skipped."""
    mask = draw.mask(3, 4)
    expect.equal(student.combine_masks(None, mask, None), mask)


def test_nothing_but_none_is_none(student, expect):
    """Where every mask is None, and where there is none, the result is None."""
    expect.true(student.combine_masks(None, None) is None, "`combine_masks(None, None)` is not None.")
    expect.true(student.combine_masks() is None, "`combine_masks()` is not None.")


@pytest.mark.hidden
@pytest.mark.parametrize("heads", [2, 3])
def test_beside_a_mask_with_heads(student, draw, expect, heads):
    """(batch, 1, k_len) beside (batch, heads, q_len, k_len) serves all heads of its own sequence."""
    padding, full = draw.mask(3, 1, 5), draw.mask(3, heads, 4, 5)
    wanted = torch.stack([full[b] & padding[b] for b in range(3)])
    expect.equal(student.combine_masks(padding, full), wanted)
    expect.equal(student.combine_masks(full, None, padding), wanted)


@pytest.mark.hidden
def test_a_row_for_each_query_beside_a_mask_with_heads(student, draw, expect):
    """(batch, q_len, k_len) beside (batch, heads, q_len, k_len) serves all heads of its own sequence."""
    each, full = draw.mask(3, 4, 5), draw.mask(3, 2, 4, 5)
    wanted = torch.stack([full[b] & each[b] for b in range(3)])
    expect.equal(student.combine_masks(each, full), wanted)


@pytest.mark.hidden
def test_a_mask_of_two_axes_serves_all_heads(student, draw, expect):
    """(q_len, k_len) beside (batch, heads, q_len, k_len) holds for every sequence and head."""
    future, full = draw.mask(4, 5), draw.mask(2, 3, 4, 5)
    expect.equal(student.combine_masks(future, full), full & future)


@pytest.mark.hidden
def test_masks_on_the_meta_device(student, expect):
    """The masks are made where they are wanted, also where there are no values."""
    expect.shape(student.causal_mask(3, 5, device="meta"), (3, 5))
    lengths = torch.empty(4, dtype=torch.int64, device="meta")
    mask = student.padding_mask(lengths, 6)
    expect.shape(mask, (4, 1, 6))
    expect.true(str(mask.device) == "meta", "The padding mask is not on the device of `lengths`.", actual=mask)
