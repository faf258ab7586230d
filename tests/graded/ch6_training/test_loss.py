"""Targets that are shifted by one, the cross-entropy of logits, and perplexity."""

import math

import pytest
import torch


def by_hand(logits, targets, ignore_index=-100):
    """The mean loss, one target at a time, in plain Python."""
    losses = []
    for row, target in zip(logits.reshape(-1, logits.shape[-1]).tolist(), targets.reshape(-1).tolist(), strict=True):
        if target != ignore_index:
            top = max(row)
            losses.append(top + math.log(math.fsum(math.exp(x - top) for x in row)) - row[target])
    return torch.tensor(math.fsum(losses) / len(losses), dtype=logits.dtype)


# -- inputs and targets ------------------------------------------------------------------------------------


@pytest.mark.points(2)
def test_the_targets_are_the_inputs_moved_by_one(student, draw, expect):
    """Each target is the token that comes after its input."""
    ids = draw.ids(50, 3, 7)
    inputs, targets = student.next_token_targets(ids)
    expect.equal(inputs, ids[:, :-1], "The inputs are not all tokens but the last of each sequence.")
    expect.equal(targets, ids[:, 1:], "The targets are not all tokens but the first of each sequence.")


@pytest.mark.points(0.5)
@pytest.mark.parametrize(
    "shape",
    [(2,), (1, 6), (2, 3, 5), *(pytest.param(shape, marks=pytest.mark.hidden) for shape in [(9,), (5, 2), (4, 1, 3)])],
    ids=str,
)
def test_a_text_may_have_any_axes_before_its_own(student, draw, expect, shape):
    """The sequence is the last axis, whatever comes before it."""
    ids = draw.ids(50, *shape)
    inputs, targets = student.next_token_targets(ids)
    expect.equal(inputs, ids[..., :-1])
    expect.equal(targets, ids[..., 1:])


# -- the loss ----------------------------------------------------------------------------------------------


@pytest.mark.points(3)
def test_one_question_by_hand(student, expect):
    """Logits [0, log 3] and target 1 give −log ¾."""
    logits = torch.tensor([[0.0, math.log(3.0)]], dtype=torch.float64)
    came = student.cross_entropy(logits, torch.tensor([1]))
    expect.close(came, torch.tensor(math.log(4.0 / 3.0), dtype=torch.float64))


@pytest.mark.points(4)
def test_the_loss_is_the_mean_of_minus_log_probability(student, draw, expect):
    """The loss of logits (n, vocab) agrees with a loop over the targets; a second call has its own loss."""
    n, vocab = draw.sizes(2, 3, 9)
    for _ in range(2):
        logits, targets = draw.normal(n, vocab, scale=2.0), draw.ids(vocab, n)
        expect.close(student.cross_entropy(logits, targets), by_hand(logits, targets))


@pytest.mark.points(0.5)
def test_every_target_of_many_weighs_the_same(student, draw, expect):
    """The mean is over all 4103 targets at once, the last seven, of another kind, among them."""
    logits, targets = draw.normal(4103, 3), draw.ids(3, 4103)
    logits[-7:] *= 9.0
    expect.close(student.cross_entropy(logits, targets), by_hand(logits, targets))


@pytest.mark.points(2)
def test_the_vocabulary_is_the_last_axis(student, draw, expect):
    """Logits (batch, seq, vocab) and targets (batch, seq) go together, also where seq and vocab are equal."""
    for batch, seq, vocab in [(3, 4, 7), (2, 5, 5)]:
        logits, targets = draw.normal(batch, seq, vocab, scale=2.0), draw.ids(vocab, batch, seq)
        expect.close(student.cross_entropy(logits, targets), by_hand(logits, targets))


@pytest.mark.points(2)
def test_ignored_targets_do_not_count(student, draw, expect):
    """Positions with −100 count neither in the sum nor in the mean."""
    logits, targets = draw.normal(2, 6, 5), draw.ids(5, 2, 6)
    targets[0, 1], targets[1, 3:] = -100, -100
    expect.close(student.cross_entropy(logits, targets), by_hand(logits, targets))


@pytest.mark.parametrize("ignore", [0, 3, -1, 255, pytest.param(5, marks=pytest.mark.hidden)])
def test_another_id_may_be_ignored(student, draw, expect, ignore):
    """`ignore_index` says which target does not count; it may be an id of the vocabulary, or any other number."""
    logits, targets = draw.normal(8, 5), torch.tensor([ignore, 2, 1, ignore, 4, 2, 1, ignore])
    expect.close(student.cross_entropy(logits, targets, ignore_index=ignore), by_hand(logits, targets, ignore))


@pytest.mark.points(3)
def test_gradients_are_probability_minus_one_hot(student, draw, expect):
    """Of half the loss, the gradient is half of (softmax − one-hot) / n where a target counts, and zero elsewhere."""
    logits, targets = draw.normal(6, 4, grad=True), torch.tensor([0, 3, -100, 1, 1, -100])
    (student.cross_entropy(logits, targets) / 2).backward()
    expect.true(logits.grad is not None, "After the backward pass the logits have no gradient.")
    wanted = torch.softmax(logits.detach(), -1)
    for row, target in enumerate(targets.tolist()):
        wanted[row] = 0.0 if target == -100 else wanted[row] - torch.eye(4, dtype=torch.float64)[target]
    expect.close(logits.grad, wanted / 4 / 2)


@pytest.mark.points(0.5)
def test_large_logits_do_not_overflow(student, expect):
    """Logits of ±10,000 give a finite loss."""
    logits = torch.tensor([[10_000.0, 9_999.0, -10_000.0], [-10_000.0, -10_003.0, -10_001.0]], dtype=torch.float64)
    targets = torch.tensor([1, 0])
    came = student.cross_entropy(logits, targets)
    expect.finite(came)
    expect.close(came, by_hand(logits, targets))


@pytest.mark.points(0.5)
def test_a_target_far_below_the_best_has_a_large_loss(student, expect):
    """Logits [10000, −10000] and target 1 give 20000: the probability rounds to 0, but the loss is finite."""
    logits = torch.tensor([[10_000.0, -10_000.0]], dtype=torch.float64)
    expect.close(student.cross_entropy(logits, torch.tensor([1])), torch.tensor(20_000.0, dtype=torch.float64))


@pytest.mark.hidden
@pytest.mark.points(0.5)
def test_far_targets_beside_near_ones(student, draw, expect):
    """Also among ordinary targets, and in float32, a far one adds its whole distance."""
    logits, targets = draw.normal(3, 4, dtype=torch.float32), torch.tensor([2, 0, 3])
    logits[1, 0] = -draw.uniform(500.0, 900.0)
    expect.close(student.cross_entropy(logits, targets), by_hand(logits, targets))


@pytest.mark.points(0.5)
def test_a_logit_of_minus_infinity_has_no_weight(student, draw, expect):
    """A token that is masked out with −inf changes nothing as long as it is not the target."""
    logits, targets = draw.normal(7, 6), torch.tensor([0, 2, 5, 1, 4, 3, 2])
    logits[0, 3], logits[1, :2], logits[5, 0] = -math.inf, -math.inf, -math.inf
    expect.close(student.cross_entropy(logits, targets), by_hand(logits, targets))


@pytest.mark.points(0.5)
@pytest.mark.parametrize("token", [0, 5, pytest.param(3, marks=pytest.mark.hidden)])
def test_minus_infinity_at_an_ignored_position_has_no_weight(student, draw, expect, token):
    """A token that is masked out with −inf everywhere changes nothing, at ignored positions either."""
    logits, targets = draw.normal(7, 6), torch.tensor([4, -100, 2, 1, -100, 4, 2])
    logits[:, token] = -math.inf
    expect.close(student.cross_entropy(logits, targets), by_hand(logits, targets))


@pytest.mark.points(0.5)
@pytest.mark.parametrize(
    "shape",
    [(1, 1), (1, 6), (4, 1), *(pytest.param(shape, marks=pytest.mark.hidden) for shape in [(1,), (2, 1, 3)])],
    ids=str,
)
def test_a_batch_or_a_text_may_be_of_one(student, draw, expect, shape):
    """Batches and sequences of length 1 are no special case."""
    logits, targets = draw.normal(*shape, 5), draw.ids(5, *shape)
    expect.close(student.cross_entropy(logits, targets), by_hand(logits, targets))


@pytest.mark.points(0.5)
def test_logits_may_lie_in_any_order_in_memory(student, draw, expect):
    """Logits that are not contiguous give the same loss."""
    logits, targets = draw.strided(3, 4, 6), draw.ids(6, 3, 4)
    expect.close(student.cross_entropy(logits, targets), by_hand(logits, targets))


# -- at the edge -------------------------------------------------------------------------------------------


def test_the_loss_has_the_dtype_of_the_logits(student, draw, expect):
    """float32 logits give a float32 loss, float64 logits a float64 one."""
    logits, targets = draw.normal(4, 6), draw.ids(6, 4)
    for dtype in (torch.float32, torch.float64):
        expect.close(student.cross_entropy(logits.to(dtype), targets), by_hand(logits.to(dtype), targets))


def test_all_ignored_is_nan(student, draw, expect):
    """The mean over no target at all is NaN, as in PyTorch."""
    came = student.cross_entropy(draw.normal(3, 5), torch.full((3,), -100))
    message = "With every target ignored the result is not NaN, as one number in the dtype of the logits."
    expect.close(came, torch.tensor(float("nan"), dtype=torch.float64), message)


@pytest.mark.parametrize("bad", [-1, 5, pytest.param(-7, marks=pytest.mark.hidden)])
def test_targets_outside_the_vocabulary_are_refused(student, draw, expect, bad):
    """A target that is neither an id nor ignored raises an IndexError that names it."""
    expect.raises(IndexError, student.cross_entropy, draw.normal(3, 5), torch.tensor([0, bad, 2]), mentions=bad)


# -- perplexity --------------------------------------------------------------------------------------------


@pytest.mark.points(2)
def test_perplexity_is_exp_of_the_loss(student, draw, expect):
    """Guessing among 27 tokens has perplexity 27, certainty has 1."""
    expect.close(student.perplexity(0.0), 1.0)
    expect.close(student.perplexity(math.log(27.0)), 27.0)
    loss = draw.uniform(0.3, 3.0)
    expect.close(student.perplexity(loss), math.exp(loss))
