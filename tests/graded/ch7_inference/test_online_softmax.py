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


@pytest.mark.points(2)
def test_two_numbers_summarise_the_row(student, expect):
    """For the blocks [1] and [3] the maximum is 3 and the sum is e⁻² + 1."""
    one, three = torch.tensor([[1.0]], dtype=torch.float64), torch.tensor([[3.0]], dtype=torch.float64)
    maximum, total = student.online_normalizer([one, three])
    expect.close(maximum, three)
    expect.close(total, torch.tensor([[1 + math.exp(-2)]], dtype=torch.float64))


@pytest.mark.points(2)
def test_the_normalizer_of_many_blocks(student, draw, expect):
    """Whatever the order of large and small blocks, the maximum and the sum are those of the whole row."""
    for shifts in ((0, 6, -4, 3), (5, -3, 2, 7)):
        blocks = [draw.normal(3, n, scale=2.0) + shift for n, shift in zip((4, 1, 5, 2), shifts, strict=True)]
        whole = torch.cat(blocks, dim=-1)
        maximum, total = student.online_normalizer(blocks)
        expect.close(maximum, whole.amax(-1, keepdim=True))
        expect.close(total, (whole - whole.amax(-1, keepdim=True)).exp().sum(-1, keepdim=True))


def test_the_normalizer_holds_one_block_at_a_time(student, draw, expect):
    """While forty blocks are read, no tensor larger than two of them is made."""
    blocks = [draw.normal(6, 5) for _ in range(40)]
    with student.counting() as counts:
        student.online_normalizer(blocks)
    message = "With blocks of 6 × 5 elements, the elements of the largest tensor that was made:"
    expect.less(counts.largest, 61, message)


@pytest.mark.points(0.5)
def test_blocks_are_read_once(student, draw, expect):
    """The blocks may come from a generator, which gives each of them once."""
    blocks = [draw.normal(3, n) for n in (2, 4, 1)]
    whole = torch.cat(blocks, dim=-1)
    came = student.online_normalizer(iter(blocks))
    expect.close(came[0], whole.amax(-1, keepdim=True))
    expect.close(came[1], (whole - whole.amax(-1, keepdim=True)).exp().sum(-1, keepdim=True))


def test_the_normalizer_bears_large_values(student, draw, expect):
    """Blocks around 10000 and −10000 give the sum of the whole row, and no NaN."""
    blocks = [draw.normal(2, 3) + level for level in (-1e4, 1e4, 0.0)]
    whole = torch.cat(blocks, dim=-1)
    maximum, total = student.online_normalizer(blocks)
    expect.close(maximum, whole.amax(-1, keepdim=True))
    expect.close(total, (whole - whole.amax(-1, keepdim=True)).exp().sum(-1, keepdim=True))


@pytest.mark.points(0.5)
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


@pytest.mark.points(0.5)
@pytest.mark.parametrize("dtype", [torch.bfloat16, pytest.param(torch.float16, marks=pytest.mark.hidden)], ids=str)
def test_the_normalizer_adds_up_in_float32(student, expect, dtype):
    """The sum of thirty thousand ones, a hundred at a time, is thirty thousand in half precision too."""
    maximum, total = student.online_normalizer([torch.zeros(1, 100, dtype=dtype)] * 300)
    expect.close(maximum.double(), torch.zeros(1, 1, dtype=torch.float64))
    expect.close(total.double(), torch.full((1, 1), 3e4, dtype=torch.float64), tolerance=0.02)


# -- softmax ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("block", [1, 3, 5, 10, 64])
def test_the_softmax_is_exact_for_every_block(student, draw, expect, block):
    """Blocks of one column, blocks that do not divide the row, and blocks longer than it give the same softmax."""
    x = draw.normal(4, 10, scale=3.0)
    expect.close(student.online_softmax(x, block), x.softmax(-1))


@pytest.mark.points(0.5)
def test_large_values_do_not_overflow(student, draw, expect):
    """Values of ±1e4 give no NaN: the maximum is subtracted before exp, in every block."""
    x = draw.normal(3, 9, scale=2.0)
    x[:, 0], x[:, 4], x[2] = -1e4, 1e4, x[2] - 1e4
    expect.close(student.online_softmax(x, 2), x.softmax(-1))


@pytest.mark.points(0.5)
@pytest.mark.parametrize(
    "shape", [(7,), (2, 3, 7), *(pytest.param(s, marks=pytest.mark.hidden) for s in [(1, 1), (2, 1, 5)])], ids=str
)
def test_any_leading_axes(student, draw, expect, shape):
    """The last axis is the row; any axes may stand before it, and rows need not lie side by side in memory."""
    x = draw.strided(*shape) if len(shape) > 1 else draw.normal(*shape)
    expect.close(student.online_softmax(x, 3), x.softmax(-1))


@pytest.mark.points(0.5)
def test_rows_with_minus_infinity(student, draw, expect):
    """−inf has no weight, in whichever block it stands, and a row of −inf alone gives zeros."""
    x = draw.normal(4, 8)
    x[0, :5], x[1, 6:], x[3] = -torch.inf, -torch.inf, -torch.inf
    expect.close(student.online_softmax(x, 2), x.softmax(-1).nan_to_num(0.0))


@pytest.mark.points(0.25)
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16], ids=["32", "b16", "16"])
def test_the_softmax_keeps_the_dtype(student, expect, dtype):
    """The weights have the dtype of `x`, and a row of two thousand equal entries sums to one in half precision too."""
    came = student.online_softmax(torch.zeros(2, 2000, dtype=dtype), 50)
    expect.dtype(came, dtype)
    expect.close(came.double(), torch.full((2, 2000), 1 / 2000, dtype=torch.float64), tolerance=1e-5)


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


def test_a_second_call_has_its_own_answer(student, draw, expect):
    """With other numbers of the same shape, and with and without `causal`, each call answers for itself."""
    for causal in (True, False, True):
        q, k, v = qkv(draw, (2,), 6, 6, 4, 3)
        expect.close(student.blockwise_attention(q, k, v, 4, causal), plain_attention(q, k, v, causal))


def test_the_last_query_sees_the_last_key(student, draw, expect):
    """With fewer queries than keys, the queries are the last positions."""
    q, k, v = qkv(draw, (2,), 3, 8, 4, 4)
    expect.close(student.blockwise_attention(q, k, v, 3, True), plain_attention(q, k, v, True))


@pytest.mark.points(0.5)
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


def test_scores_that_fall_from_block_to_block(student, draw, expect):
    """Earlier keys score far higher, so that the maximum stays where it was."""
    q, k, v = qkv(draw, (1,), 4, 9, 3, 2)
    q, k = q.abs(), k.abs() * torch.arange(9.0, 0.0, -1.0, dtype=torch.float64)[:, None]
    expect.close(student.blockwise_attention(q, k, v, 2, False), plain_attention(q, k, v, False))


@pytest.mark.points(0.5)
def test_large_scores_do_not_overflow(student, draw, expect):
    """Scores in the thousands give no NaN."""
    q, k, v = qkv(draw, (2,), 4, 7, 3, 5, scale=60.0)
    for causal in (False, True):
        expect.close(student.blockwise_attention(q, k, v, 2, causal), plain_attention(q, k, v, causal))


@pytest.mark.points(0.5)
def test_no_leading_axes_one_position_and_other_layouts(student, draw, expect):
    """A single head without batch, a single query and key, transposed views, and heads as a projection splits them."""
    q, k, v = qkv(draw, (), 4, 6, 3, 2)
    expect.close(student.blockwise_attention(q, k, v, 4, True), plain_attention(q, k, v, True))
    q, k, v = qkv(draw, (2,), 1, 1, 3, 4)
    expect.close(student.blockwise_attention(q, k, v, 2, True), v)
    q, k, v = draw.strided(2, 5, 4), draw.strided(2, 5, 4), draw.strided(2, 5, 3)
    expect.close(student.blockwise_attention(q, k, v, 2, False), plain_attention(q, k, v, False))
    q, k, v = (draw.normal(2, 5, 3, 4).transpose(1, 2) for _ in range(3))
    expect.close(student.blockwise_attention(q, k, v, 2, True), plain_attention(q, k, v, True))


@pytest.mark.points(0.5)
def test_float32_stays_float32(student, draw, expect):
    """The result has the dtype of the arguments."""
    q, k, v = (x.float() for x in qkv(draw, (2,), 5, 7, 4, 3))
    expect.close(student.blockwise_attention(q, k, v, 3, True), plain_attention(q, k, v, True))


@pytest.mark.points(0.5)
@pytest.mark.parametrize("dtype", [torch.bfloat16, pytest.param(torch.float16, marks=pytest.mark.hidden)], ids=str)
def test_attention_adds_up_in_float32(student, draw, expect, dtype):
    """Three thousand keys count the same, the last as much as the first, in half precision too."""
    q, k = torch.zeros(2, 3, dtype=dtype), draw.normal(3000, 3).to(dtype)
    v = (torch.arange(3000) >= 1500).to(dtype)[:, None].expand(3000, 2)
    came = student.blockwise_attention(q, k, v, 2, False)
    expect.dtype(came, dtype)
    expect.close(came.double(), torch.full((2, 2), 0.5, dtype=torch.float64), tolerance=0.02)


@pytest.mark.points(2)
@pytest.mark.parametrize("causal", [False, True])
def test_the_matrix_of_scores_is_never_held(student, draw, expect, causal):
    """For 240 queries and keys and blocks of 8, no tensor comes near 240 × 240 elements."""
    length, block, d_head = 240, 8, 4
    q, k, v = qkv(draw, (), length, length, d_head, d_head)
    with student.counting() as counts:
        came = student.blockwise_attention(q, k, v, block, causal)
    message = f"With {length} queries and keys and blocks of {block}, the elements of the largest tensor that was made:"
    expect.less(counts.largest, 4 * length * block, message)
    expect.close(came, plain_attention(q, k, v, causal))


@pytest.mark.hidden
@pytest.mark.points(2)
def test_a_longer_text_makes_tensors_longer_not_squarer(student, draw, expect):
    """Twice the length may double the largest tensor, and does not make it four times as large."""
    largest = []
    for length in (128, 256):
        q, k, v = qkv(draw, (), length, length, 4, 4)
        with student.counting() as counts:
            student.blockwise_attention(q, k, v, 16, True)
        largest.append(counts.largest)
    message = f"For 128 queries and keys the largest tensor has {largest[0]:,} elements. For 256 it has"
    expect.less(largest[1], 2.5 * largest[0], message)


@pytest.mark.alone
@pytest.mark.hidden
@pytest.mark.parametrize("causal", [False, True])
def test_a_long_text_fits_where_its_scores_do_not(student, draw, expect, causal):
    """With 48 MiB of memory, 4,608 queries and keys are no trouble; all of their scores have 81 MiB."""
    length = 4608
    q, k, v = (part.float() for part in qkv(draw, (), length, length, 2, 1))
    student.blockwise_attention(q[:96], k[:96], v[:96], 32, causal)  # what a library sets up at the first call is there
    with student.memory(48 * 2**20):
        came = student.blockwise_attention(q, k, v, 48, causal)
    last = plain_attention(q[-3:], k, v, causal)
    expect.close(came[-3:], last)


@pytest.mark.points(0.5)
@pytest.mark.parametrize("bad", [0, -2, pytest.param(-1, marks=pytest.mark.hidden)])
@pytest.mark.parametrize("name", ["online_softmax", "blockwise_attention"])
def test_a_block_below_one_is_refused(student, draw, expect, name, bad):
    """A block below 1 raises a ValueError that names it."""
    if name == "online_softmax":
        expect.raises(ValueError, student.online_softmax, draw.normal(2, 5), bad, mentions=bad)
    else:
        expect.raises(ValueError, student.blockwise_attention, *qkv(draw, (), 3, 4, 2, 2), bad, False, mentions=bad)
