"""Softmax and attention read in blocks: equal to the ordinary ones, without the large matrix."""

import math

import pytest
import torch


def plain_attention(q, k, v, causal):
    """Attention with all scores at once."""
    scores = q @ k.transpose(-2, -1) / math.sqrt(q.shape[-1])
    if causal:
        q_len, k_len = scores.shape[-2:]
        future = torch.arange(k_len) > torch.arange(q_len)[:, None] + k_len - q_len
        scores = scores.masked_fill(future, -torch.inf)
    return scores.softmax(-1).nan_to_num(0.0) @ v


def qkv(draw, batch, q_len, k_len, d_head, d_v, scale=1.0):
    """Queries, keys and values, with scores that are neither flat nor saturated."""
    return (
        draw.normal(*batch, q_len, d_head, scale=scale),
        draw.normal(*batch, k_len, d_head, scale=scale),
        draw.normal(*batch, k_len, d_v),
    )


# -- the normalizer --------------------------------------------------------------------------------------


def test_two_numbers_summarise_the_row(student, expect):
    """For the blocks [1] and [3] the maximum is 3 and the sum is e⁻² + 1."""
    one, three = torch.tensor([[1.0]], dtype=torch.float64), torch.tensor([[3.0]], dtype=torch.float64)
    maximum, total = student.online_normalizer([one, three])
    expect.close(maximum, three)
    expect.close(total, torch.tensor([[1 + math.exp(-2)]], dtype=torch.float64))


def test_the_normalizer_of_many_blocks(student, draw, expect):
    """Whatever the order of large and small blocks, the maximum and the sum are those of the whole row."""
    blocks = [draw.normal(3, n, scale=2.0) + shift for n, shift in zip((4, 1, 5, 2), (0, 6, -4, 3), strict=True)]
    whole = torch.cat(blocks, dim=-1)
    maximum, total = student.online_normalizer(blocks)
    expect.close(maximum, whole.amax(-1, keepdim=True))
    expect.close(total, (whole - whole.amax(-1, keepdim=True)).exp().sum(-1, keepdim=True))


def test_the_normalizer_holds_one_block_at_a_time(student, draw, expect):
    """Of forty blocks, nothing larger than one block is made."""
    blocks = [draw.normal(6, 5) for _ in range(40)]
    with student.counting() as counts:
        student.online_normalizer(blocks)
    message = "A tensor larger than two blocks of 6 × 5 elements was made: the row is held at once. The largest has"
    expect.less(counts.largest, 61, message)


@pytest.mark.hidden
def test_the_normalizer_bears_blocks_of_minus_infinity(student, draw, expect):
    """A first block of −inf alone is overtaken by what follows; a row of −inf alone has the sum 0."""
    nothing = torch.full((2, 3), -torch.inf, dtype=torch.float64)
    numbers = draw.normal(2, 4)
    numbers[1] = -torch.inf
    maximum, total = student.online_normalizer([nothing, numbers, nothing])
    largest = numbers[:1].amax()
    wanted = torch.stack([largest, torch.tensor(-torch.inf, dtype=torch.float64)])[:, None]
    expect.close(maximum, wanted)
    expect.close(total, torch.stack([(numbers[0] - largest).exp().sum(), torch.zeros_like(largest)])[:, None])


# -- softmax ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("block", [1, 3, 5, 10, 64])
def test_the_softmax_is_exact_for_every_block(student, draw, expect, block):
    """Blocks of one column, blocks that do not divide the row, and blocks longer than it give the same softmax."""
    x = draw.normal(4, 10, scale=3.0)
    expect.close(student.online_softmax(x, block), x.softmax(-1))


def test_large_values_do_not_overflow(student, draw, expect):
    """Values of ±1e4 give no NaN: the maximum is subtracted before exp, in every block."""
    x = draw.normal(3, 9, scale=2.0)
    x[:, 0], x[:, 4], x[2] = -1e4, 1e4, x[2] - 1e4
    expect.close(student.online_softmax(x, 2), x.softmax(-1))


@pytest.mark.hidden
@pytest.mark.parametrize("shape", [(7,), (2, 3, 7), (1, 1)], ids=str)
def test_any_leading_axes(student, draw, expect, shape):
    """The last axis is the row; any axes may stand before it."""
    x = draw.normal(*shape)
    expect.close(student.online_softmax(x, 3), x.softmax(-1))


@pytest.mark.hidden
def test_rows_with_minus_infinity(student, draw, expect):
    """−inf has no weight, in whichever block it stands, and a row of −inf alone gives zeros."""
    x = draw.normal(4, 8)
    x[0, :5], x[1, 6:], x[3] = -torch.inf, -torch.inf, -torch.inf
    expect.close(student.online_softmax(x, 2), x.softmax(-1).nan_to_num(0.0))


@pytest.mark.hidden
def test_the_softmax_keeps_the_dtype_and_bears_any_layout(student, draw, expect):
    """float32 stays float32, and rows need not lie side by side in memory."""
    x = draw.strided(5, 6, dtype=torch.float32)
    expect.close(student.online_softmax(x, 4), x.softmax(-1))


# -- attention -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("block", [1, 3, 4, 8, 50])
def test_attention_is_exact_for_every_block(student, draw, expect, block):
    """Without a mask the result is ordinary attention, with d_v other than d_head."""
    q, k, v = qkv(draw, (2,), 5, 8, 6, 3)
    expect.close(student.blockwise_attention(q, k, v, block, False), plain_attention(q, k, v, False))


@pytest.mark.parametrize("block", [1, 2, 3, 7])
def test_causal_attention_is_exact_for_every_block(student, draw, expect, block):
    """With `causal` a query sees no later key."""
    q, k, v = qkv(draw, (2, 3), 7, 7, 4, 5)
    expect.close(student.blockwise_attention(q, k, v, block, True), plain_attention(q, k, v, True))


def test_the_last_query_sees_the_last_key(student, draw, expect):
    """With fewer queries than keys, the queries are the last positions."""
    q, k, v = qkv(draw, (2,), 3, 8, 4, 4)
    expect.close(student.blockwise_attention(q, k, v, 3, True), plain_attention(q, k, v, True))


@pytest.mark.hidden
def test_queries_that_see_nothing_get_zeros(student, draw, expect):
    """With more queries than keys, the first queries see no key and get zeros, not NaN."""
    q, k, v = qkv(draw, (2,), 7, 4, 6, 5)
    came = student.blockwise_attention(q, k, v, 3, True)
    expect.finite(came)
    expect.close(came, plain_attention(q, k, v, True))


def test_scores_that_grow_from_block_to_block(student, draw, expect):
    """Later keys score far higher than earlier ones, so that the maximum moves in every block."""
    q, k, v = qkv(draw, (1,), 4, 9, 3, 2)
    q, k = q.abs(), k.abs() * torch.arange(1.0, 10.0, dtype=torch.float64)[:, None]
    expect.close(student.blockwise_attention(q, k, v, 2, False), plain_attention(q, k, v, False))


@pytest.mark.hidden
def test_scores_that_fall_from_block_to_block(student, draw, expect):
    """Earlier keys score far higher, so that the maximum stays where it was."""
    q, k, v = qkv(draw, (1,), 4, 9, 3, 2)
    q, k = q.abs(), k.abs() * torch.arange(9.0, 0.0, -1.0, dtype=torch.float64)[:, None]
    expect.close(student.blockwise_attention(q, k, v, 2, False), plain_attention(q, k, v, False))


@pytest.mark.hidden
def test_large_scores_do_not_overflow(student, draw, expect):
    """Scores in the thousands give no NaN."""
    q, k, v = qkv(draw, (2,), 4, 7, 3, 5, scale=60.0)
    for causal in (False, True):
        expect.close(student.blockwise_attention(q, k, v, 2, causal), plain_attention(q, k, v, causal))


@pytest.mark.hidden
def test_no_leading_axes_one_position_and_other_layouts(student, draw, expect):
    """A single head without batch, a single query and key, and keys that are a transposed view."""
    q, k, v = qkv(draw, (), 4, 6, 3, 2)
    expect.close(student.blockwise_attention(q, k, v, 4, True), plain_attention(q, k, v, True))
    q, k, v = qkv(draw, (2,), 1, 1, 3, 4)
    expect.close(student.blockwise_attention(q, k, v, 2, True), v)
    q, k, v = draw.strided(2, 5, 4), draw.strided(2, 5, 4), draw.strided(2, 5, 3)
    expect.close(student.blockwise_attention(q, k, v, 2, False), plain_attention(q, k, v, False))


@pytest.mark.hidden
def test_float32_stays_float32(student, draw, expect):
    """The result has the dtype of the arguments."""
    q, k, v = (x.float() for x in qkv(draw, (2,), 5, 7, 4, 3))
    expect.close(student.blockwise_attention(q, k, v, 3, True), plain_attention(q, k, v, True))


@pytest.mark.parametrize("causal", [False, True])
def test_the_matrix_of_scores_is_never_held(student, draw, expect, causal):
    """For 240 queries and keys and blocks of 8, no tensor comes near 240 × 240 elements."""
    length, block, d_head = 240, 8, 4
    q, k, v = qkv(draw, (), length, length, d_head, d_head)
    with student.counting() as counts:
        came = student.blockwise_attention(q, k, v, block, causal)
    message = f"With {length} queries and keys and blocks of {block}, a tensor too large for a block was made; it has"
    expect.less(counts.largest, 4 * length * block, message)
    expect.close(came, plain_attention(q, k, v, causal))


@pytest.mark.hidden
def test_a_longer_text_makes_tensors_longer_not_squarer(student, draw, expect):
    """Twice the length may double the largest tensor, and does not make it four times as large."""
    largest = []
    for length in (128, 256):
        q, k, v = qkv(draw, (), length, length, 4, 4)
        with student.counting() as counts:
            student.blockwise_attention(q, k, v, 16, True)
        largest.append(counts.largest)
    expect.less(largest[1], 2.5 * largest[0], "Twice the length makes the largest tensor more than twice as large:")


@pytest.mark.hidden
@pytest.mark.parametrize("bad", [0, -2])
def test_a_block_below_one_is_refused(student, draw, expect, bad):
    """A block below 1 raises a ValueError that names it."""
    expect.raises(ValueError, student.online_softmax, draw.normal(2, 5), bad, mentions=bad)
    q, k, v = qkv(draw, (), 3, 4, 2, 2)
    expect.raises(ValueError, student.blockwise_attention, q, k, v, bad, False, mentions=bad)
