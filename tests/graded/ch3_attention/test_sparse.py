"""Sparse attention: which pairs are left, and work that grows with the length alone."""

import pytest
import torch


def window_mask(length, window):
    """Query i sees the keys i - window + 1 to i."""
    return torch.tensor([[i - window < j <= i for j in range(length)] for i in range(length)])


def attend(q, k, v, window):
    """Full attention under the window's mask, by another road."""
    scores = torch.einsum("...id,...jd->...ij", q, k) * q.shape[-1] ** -0.5
    powers = torch.where(window_mask(q.shape[-2], window), torch.exp(scores), 0.0)
    return torch.einsum("...ij,...jd->...id", powers / powers.sum(-1, keepdim=True), v)


def test_a_window_ends_with_the_query_itself(student, expect):
    """With a window of 2, a query sees its own key and the one before it."""
    wanted = torch.tensor([[1, 0, 0, 0], [1, 1, 0, 0], [0, 1, 1, 0], [0, 0, 1, 1]]).bool()
    expect.equal(student.sliding_window_mask(4, 2), wanted)


def test_windows_of_any_size(student, draw, expect):
    """A window of 1 is the diagonal; one longer than the sequence is the causal mask."""
    length = draw.integer(6, 10)
    for window in (1, draw.integer(2, 4), length, length + 3):
        expect.equal(student.sliding_window_mask(length, window), window_mask(length, window))


def test_a_stride_counts_back_from_the_query(student, expect):
    """With a stride of 2, a query sees every second key back from its own."""
    wanted = torch.tensor([[1, 0, 0, 0, 0], [0, 1, 0, 0, 0], [1, 0, 1, 0, 0], [0, 1, 0, 1, 0], [1, 0, 1, 0, 1]]).bool()
    expect.equal(student.strided_mask(5, 2), wanted)


def test_strides_of_any_size(student, draw, expect):
    """A stride of 1 is the causal mask; one longer than the sequence is the diagonal."""
    length = draw.integer(7, 11)
    for stride in (1, draw.integer(3, 5), length + 2):
        wanted = torch.tensor([[j <= i and (i - j) % stride == 0 for j in range(length)] for i in range(length)])
        expect.equal(student.strided_mask(length, stride), wanted)


@pytest.mark.parametrize("bad", [0, pytest.param(-3, marks=pytest.mark.hidden)])
@pytest.mark.parametrize("name", ["sliding_window_mask", "strided_mask"])
def test_masks_without_keys_are_refused(student, expect, name, bad):
    """A window or a stride below 1 raises a ValueError that names it."""
    expect.raises(ValueError, getattr(student, name), 5, bad, mentions=bad)


def test_an_attention_without_keys_is_refused(student, draw, expect):
    """A window below 1 raises a ValueError that names it."""
    q, k, v = draw.normal(4, 2), draw.normal(4, 2), draw.normal(4, 3)
    expect.raises(ValueError, student.sliding_window_attention, q, k, v, 0, mentions=0)
    expect.raises(ValueError, student.sliding_window_attention, q, k, v, -2, mentions=-2)


@pytest.mark.parametrize("window", [1, 3, 4])
def test_each_query_mixes_the_values_of_its_window(student, draw, expect, window):
    """The output is that of full attention under the window's mask."""
    q, k, v = draw.normal(3, 9, 5), draw.normal(3, 9, 5), draw.normal(3, 9, 2)
    expect.close(student.sliding_window_attention(q, k, v, window), attend(q, k, v, window))


@pytest.mark.parametrize("batch", [(), (2, 3)], ids=str)
def test_any_number_of_leading_axes(student, draw, expect, batch):
    """The last two axes are attention; those before them are independent of each other."""
    q, k, v = draw.normal(*batch, 7, 4), draw.normal(*batch, 7, 4), draw.normal(*batch, 7, 5)
    expect.close(student.sliding_window_attention(q, k, v, 3), attend(q, k, v, 3))


@pytest.mark.hidden
@pytest.mark.parametrize("length", [1, 2, 5, 6, 7, 12])
def test_windows_around_the_length(student, draw, expect, length):
    """Sequences shorter than the window, as long as it, and no multiple of it."""
    q, k, v = draw.normal(2, length, 4), draw.normal(2, length, 4), draw.normal(2, length, 3)
    expect.close(student.sliding_window_attention(q, k, v, 6), attend(q, k, v, 6))


@pytest.mark.points(2)
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
    message = (
        f"Counted work, the {what}: {grew}. The work on all pairs grows so, 16 times; that of the windows 4 times."
    )
    expect.less(work[1], 6 * work[0] + 1, message)


def test_the_gradients(student, draw, expect):
    """Queries, keys and values get the gradient of the output."""
    q, k, v, cotangent = draw.normal(2, 7, 4), draw.normal(2, 7, 4), draw.normal(2, 7, 3), draw.normal(2, 7, 3)
    mine, theirs = ([x.clone().requires_grad_() for x in (q, k, v)] for _ in range(2))
    (attend(*mine, 3) * cotangent).sum().backward()
    (student.sliding_window_attention(*theirs, 3) * cotangent).sum().backward()
    for name, came, wanted in zip(("queries", "keys", "values"), theirs, mine, strict=True):
        expect.true(came.grad is not None, f"The {name} got no gradient.")
        expect.close(came.grad, wanted.grad, f"The gradient of the {name} is wrong.")


@pytest.mark.hidden
def test_float32_and_strides(student, draw, expect):
    """The dtype is kept, and how the tensors lie in memory makes no difference."""
    q, k, v = draw.strided(2, 8, 4), draw.strided(2, 8, 4), draw.strided(2, 8, 3)
    expect.close(student.sliding_window_attention(q, k, v, 3), attend(q, k, v, 3))
    came = student.sliding_window_attention(q.float(), k.float(), v.float(), 3)
    expect.close(came, attend(q, k, v, 3).float())


@pytest.mark.hidden
def test_large_scores(student, draw, expect):
    """Scores in the thousands give no NaN, and the padding before the first key has no part in them."""
    q, k, v = draw.normal(7, 4).abs() + 0.1, -draw.normal(7, 4).abs() - 0.1, draw.normal(7, 3)
    wanted = torch.einsum("id,jd->ij", q, k * 1e4) / 2
    wanted = torch.softmax(wanted.masked_fill(~window_mask(7, 3), -torch.inf), -1)
    expect.close(student.sliding_window_attention(q, k * 1e4, v, 3), wanted @ v)


@pytest.mark.hidden
def test_they_run_on_the_meta_device(student, expect):
    """The masks are made where they are wanted, and the attention runs without values."""
    expect.shape(student.sliding_window_mask(5, 2, device="meta"), (5, 5))
    expect.shape(student.strided_mask(5, 2, device="meta"), (5, 5))
    q, k, v = (torch.empty(2, 6, size, device="meta") for size in (4, 4, 3))
    expect.shape(student.sliding_window_attention(q, k, v, 2), (2, 6, 3))
