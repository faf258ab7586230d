"""Sparse attention: which pairs are left, and work that grows with the length alone."""

import pytest
import torch
from result_checks import write_over

NEAR = 1e-4  # a softmax in float32 is near enough


def window_mask(length, window):
    """Query i sees the keys i - window + 1 to i."""
    return torch.tensor([[i - window < j <= i for j in range(length)] for i in range(length)])


def stride_mask(length, stride):
    """Query i sees the keys i, i - stride, i - 2 · stride and so on."""
    return torch.tensor([[j <= i and (i - j) % stride == 0 for j in range(length)] for i in range(length)])


WANTED = {"sliding_window_mask": window_mask, "strided_mask": stride_mask}
MASKS = pytest.mark.parametrize("name", WANTED)


def attend(q, k, v, window):
    """Full attention under the window's mask, by another road."""
    scores = torch.einsum("...id,...jd->...ij", q, k) * q.shape[-1] ** -0.5
    powers = torch.where(window_mask(q.shape[-2], window), torch.exp(scores), 0.0)
    return torch.einsum("...ij,...jd->...id", powers / powers.sum(-1, keepdim=True), v)


@pytest.mark.points(2)
def test_a_window_ends_with_the_query_itself(student, expect):
    """With a window of 2, a query sees its own key and the one before it."""
    wanted = torch.tensor([[1, 0, 0, 0], [1, 1, 0, 0], [0, 1, 1, 0], [0, 0, 1, 1]]).bool()
    expect.equal(student.sliding_window_mask(4, 2), wanted)


@pytest.mark.points(2)
def test_windows_of_any_size(student, draw, expect):
    """A window of 1 is the diagonal; one longer than the sequence is the causal mask."""
    length = draw.integer(6, 10)
    for window in (1, draw.integer(2, 4), length, length + 3):
        expect.equal(student.sliding_window_mask(length, window), window_mask(length, window))


@pytest.mark.points(2)
def test_a_stride_counts_back_from_the_query(student, expect):
    """With a stride of 2, a query sees every second key back from its own."""
    wanted = torch.tensor([[1, 0, 0, 0, 0], [0, 1, 0, 0, 0], [1, 0, 1, 0, 0], [0, 1, 0, 1, 0], [1, 0, 1, 0, 1]]).bool()
    expect.equal(student.strided_mask(5, 2), wanted)


@pytest.mark.points(2)
def test_strides_of_any_size(student, draw, expect):
    """A stride of 1 is the causal mask; one longer than the sequence is the diagonal."""
    length = draw.integer(7, 11)
    for stride in (1, draw.integer(3, 5), length + 2):
        expect.equal(student.strided_mask(length, stride), stride_mask(length, stride))


@MASKS
def test_earlier_masks_do_not_matter(student, expect, name):
    """After a mask of the same length comes one with another number."""
    wanted = WANTED[name]
    for number in (3, 5, 2):
        expect.equal(getattr(student, name)(13, number), wanted(13, number))


@MASKS
def test_the_mask_belongs_to_the_caller(student, expect, name):
    """After the caller has written into a mask, the same call gives the right one again."""
    wanted, function = WANTED[name], getattr(student, name)
    write_over(student, function, 22, 3)
    expect.equal(
        function(22, 3), wanted(22, 3), "After the caller wrote into an earlier mask, the same call gives a wrong one."
    )


@MASKS
def test_masks_without_keys_are_refused(student, expect, name):
    """A window or a stride of 0 or below raises a ValueError that names it."""
    for bad in (-3, 0):
        expect.raises(ValueError, getattr(student, name), 5, bad, mentions=bad)


@MASKS
def test_masks_are_made_on_their_device(student, expect, name):
    """`device` says where the mask is made, and the next one is on the CPU again."""
    wanted, function = WANTED[name], getattr(student, name)
    for size in (4, 21, 30, 1):
        mask = function(21, size, device="meta")
        expect.shape(mask, (21, 21))
        expect.true(str(mask.device) == "meta", "The mask is not on the device that was asked for.", actual=mask)
    expect.equal(function(21, 4), wanted(21, 4))


@pytest.mark.points(3)
@pytest.mark.parametrize("window", [1, 3, 4])
def test_each_query_mixes_the_values_of_its_window(student, draw, expect, window):
    """The output is that of full attention under the window's mask."""
    length = 14 + window
    q, k, v = draw.normal(3, length, 5), draw.normal(3, length, 5), draw.normal(3, length, 2)
    expect.close(
        student.sliding_window_attention(q, k, v, window), attend(q, k, v, window), tolerance=NEAR, dtype=False
    )


def test_tokens_of_zeros_count(student, draw, expect):
    """A key or a value that is all zeros is not taken for padding."""
    q, k, v = draw.normal(2, 9, 4), draw.normal(2, 9, 4), draw.normal(2, 9, 3)
    k[:, 4], v[:, 2], v[1, 6] = 0.0, 0.0, 0.0
    expect.close(student.sliding_window_attention(q, k, v, 3), attend(q, k, v, 3), tolerance=NEAR, dtype=False)


@pytest.mark.parametrize("batch", [(), (1,), (2, 3)], ids=str)
def test_any_number_of_leading_axes(student, draw, expect, batch):
    """The last two axes are attention; those before them are independent of each other."""
    q, k, v = draw.normal(*batch, 7, 4), draw.normal(*batch, 7, 4), draw.normal(*batch, 7, 5)
    expect.close(student.sliding_window_attention(q, k, v, 3), attend(q, k, v, 3), tolerance=NEAR, dtype=False)


def test_axes_of_length_1_stay(student, draw, expect):
    """One query of one sequence, with values of one number, gives an output of shape (1, 1, 1)."""
    q, k, v = draw.normal(1, 1, 4), draw.normal(1, 1, 4), draw.normal(1, 1, 1)
    expect.close(student.sliding_window_attention(q, k, v, 2), v, tolerance=NEAR, dtype=False)


@pytest.mark.points(3)
@pytest.mark.parametrize("what", ["operations", "largest tensor", "memory for the backward pass"])
def test_the_work_grows_with_the_length_alone(student, draw, expect, what):
    """At a fixed window, four times the length costs four times the work, not sixteen times."""
    work = []
    for length in (96, 384):
        q, k, v = draw.normal(length, 8, grad=True), draw.normal(length, 8), draw.normal(length, 8)
        with student.counting() as counts:
            student.sliding_window_attention(q, k, v, 4)
        units = {"operations": counts.flops, "largest tensor": counts.largest}
        work.append(units.get(what, counts.saved_bytes))
    grew = f"From 96 to 384 queries, with a window of 4, it grew from {work[0]:,} to {work[1]:,}"
    message = f"Counted work, the {what}: {grew}. Work on the windows alone grows about 4 times."
    expect.less(work[1], 6 * work[0] + 1, message)


@pytest.mark.alone
@pytest.mark.hidden
def test_fifty_thousand_tokens_are_no_trouble(student, draw, expect):
    """With a window of 4, 50,000 tokens fit into 256 MiB; their pairs would not."""
    q, k, v = (draw.normal(50_000, 2).float() for _ in range(3))
    student.sliding_window_attention(q[:96], k[:96], v[:96], 4)  # what a library sets up at the first call is there
    with student.memory(256 * 2**20):
        came = student.sliding_window_attention(q, k, v, 4)
    for end in (10, 30_000, 50_000):
        part = slice(end - 10, end)
        expect.close(came[part][4:], attend(q[part], k[part], v[part], 4)[4:], tolerance=NEAR, dtype=False)


@pytest.mark.points(4)
def test_the_gradients(student, draw, expect):
    """Queries, keys and values get the gradient of the output."""
    q, k, v, cotangent = draw.normal(2, 7, 4), draw.normal(2, 7, 4), draw.normal(2, 7, 3), draw.normal(2, 7, 3)
    mine, theirs = ([x.clone().requires_grad_() for x in (q, k, v)] for _ in range(2))
    (attend(*mine, 3) * cotangent).sum().backward()
    (student.sliding_window_attention(*theirs, 3) * cotangent).sum().backward()
    for name, came, wanted in zip(("queries", "keys", "values"), theirs, mine, strict=True):
        expect.true(came.grad is not None, f"The {name} got no gradient.")
        expect.close(came.grad, wanted.grad, f"The gradient of the {name} is wrong.", tolerance=NEAR, dtype=False)


@pytest.mark.parametrize("length", [2, 5, 6])
def test_windows_as_long_as_the_sequence_or_longer(student, draw, expect, length):
    """With a window of 6, sequences of 2, 5 and 6 have full causal attention."""
    q, k, v = draw.normal(2, length, 4), draw.normal(2, length, 4), draw.normal(2, length, 3)
    expect.close(student.sliding_window_attention(q, k, v, 6), attend(q, k, v, length), tolerance=NEAR, dtype=False)


def test_transposed_inputs(student, draw, expect):
    """How the tensors lie in memory makes no difference."""
    q, k, v = draw.strided(2, 8, 4), draw.strided(2, 8, 4), draw.strided(2, 8, 3)
    expect.close(student.sliding_window_attention(q, k, v, 3), attend(q, k, v, 3), tolerance=NEAR, dtype=False)


@pytest.mark.points(0.5)
def test_heads_as_they_are_split(student, draw, expect):
    """Four axes that a transpose has exchanged, as `split_heads` gives them, lie in memory in another order."""
    q, k, v = (draw.normal(2, 7, 3, size).transpose(1, 2) for size in (4, 4, 5))
    expect.close(student.sliding_window_attention(q, k, v, 3), attend(q, k, v, 3), tolerance=NEAR, dtype=False)


def test_very_large_scores(student, draw, expect):
    """Scores in the millions lose no key, and give the padding before the first one no weight."""
    q, k = ((1 + draw.ids(3, 2, 7, 4)).double() * 1000 for _ in range(2))  # so the scores are exact, also in float32
    k[0, 0], k[0, 1] = 3000.0, 1000.0  # below zero the second key is the nearer one: the first, moved up, would be seen
    k[0], v = -k[0], draw.normal(2, 7, 3)
    scores = (torch.einsum("bid,bjd->bij", q, k) / 2).masked_fill(~window_mask(7, 3), -torch.inf)
    found = student.sliding_window_attention(q, k, v, 3)
    expect.close(found, torch.softmax(scores, -1) @ v, tolerance=5e-3, dtype=False)


def test_large_scores(student, draw, expect):
    """Scores in the thousands give no NaN, and the padding before the first key has no part in them."""
    q, k, v = draw.normal(7, 4).abs() + 0.1, -2000 * (draw.normal(7, 4).abs() + 0.1), draw.normal(7, 3)
    scores = (q @ k.T / 2).masked_fill(~window_mask(7, 3), -torch.inf)
    found = student.sliding_window_attention(q, k, v, 3)
    expect.close(found, torch.softmax(scores, -1) @ v, tolerance=5e-3)


@pytest.mark.points(2)
def test_nothing_is_kept(student, draw, expect):
    """Other values of the same shape, then another window, get their own results."""
    calls = [[draw.normal(11, 4) for _ in range(3)] for _ in range(2)]
    for (q, k, v), window in zip([calls[0], calls[1], calls[1]], [3, 3, 5], strict=True):
        found = student.sliding_window_attention(q, k, v, window)
        expect.close(found, attend(q, k, v, window), tolerance=NEAR, dtype=False)


def test_an_attention_without_keys_is_refused(student, draw, expect):
    """A window of 0 or below raises a ValueError that names it."""
    q, k, v = draw.normal(4, 2), draw.normal(4, 2), draw.normal(4, 3)
    for bad in (-2, 0):
        expect.raises(ValueError, student.sliding_window_attention, q, k, v, bad, mentions=bad)


def test_the_dtype_is_kept(student, draw, expect):
    """The output has the dtype of the arguments: float32, float64 or bfloat16."""
    for dtype in (torch.float32, torch.float64, torch.bfloat16):
        q, k, v = (draw.normal(2, 8, 4, dtype=dtype) for _ in range(3))
        wanted = attend(q.double(), k.double(), v.double(), 3).to(dtype)
        expect.close(student.sliding_window_attention(q, k, v, 3), wanted, tolerance=0.1)


def test_the_attention_runs_on_the_meta_device(student, draw, expect):
    """The attention runs without values and gives the right shape, after a call with values too."""
    student.sliding_window_attention(draw.normal(2, 6, 4), draw.normal(2, 6, 4), draw.normal(2, 6, 3), 2)
    q, k, v = (torch.empty(2, 6, size, device="meta") for size in (4, 4, 3))
    expect.shape(student.sliding_window_attention(q, k, v, 2), (2, 6, 3))


@pytest.mark.hidden
@pytest.mark.parametrize("length", [1, 10, 12])
def test_other_lengths(student, draw, expect, length):
    """With a window of 6 the output is right for sequences of 1, 10 and 12."""
    q, k, v = draw.normal(2, length, 4), draw.normal(2, length, 4), draw.normal(2, length, 3)
    expect.close(student.sliding_window_attention(q, k, v, 6), attend(q, k, v, 6), tolerance=NEAR, dtype=False)


@pytest.mark.hidden
def test_other_masks(student, draw, expect):
    """Both kinds of mask are right for a single key and for a longer sequence."""
    length, number = draw.integer(14, 20), draw.integer(6, 9)
    for size in (1, length):
        expect.equal(student.sliding_window_mask(size, number), window_mask(size, number))
        expect.equal(student.strided_mask(size, number), stride_mask(size, number))
