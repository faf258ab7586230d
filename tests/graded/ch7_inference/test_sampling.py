"""Greedy choice, temperature, top-k, top-p, and drawing from what is left."""

import math

import pytest
import torch

ROWS = 4000


def only(logits, kept):
    """The logits of the kept ids of each row, all others −inf."""
    wanted = torch.full_like(logits, -torch.inf)
    for row, ids in enumerate(kept):
        for i in ids:
            wanted[row, i] = logits[row, i]
    return wanted


def nucleus(row, p):
    """The ids of the smallest set of likeliest tokens that reaches p, added up one by one."""
    weights = [math.exp(value - max(row)) for value in row]
    kept, reached = [], 0.0
    for i in sorted(range(len(row)), key=lambda i: -weights[i]):
        kept.append(i)
        reached += weights[i] / sum(weights)
        if reached >= p:
            break
    return kept


def check_shares(expect, drawn, probabilities, message):
    """The counts of many independent draws fit the probabilities (chi-square, with a bound that chance never meets)."""
    expect.shape(drawn, (ROWS,))
    expect.dtype(drawn, torch.int64)
    expect.true(bool(((drawn >= 0) & (drawn < len(probabilities))).all()), "An id outside the vocabulary was drawn.")
    counts = torch.bincount(drawn, minlength=len(probabilities)).double()
    possible = probabilities > 0
    expect.equal(int(counts[~possible].sum()), 0, "A token was drawn that has no probability at all.")
    wanted = probabilities[possible] * ROWS
    distance = ((counts[possible] - wanted) ** 2 / wanted).sum()
    freedom = max(1, int(possible.sum()) - 1)
    expect.less(distance, freedom + 8 * math.sqrt(2 * freedom) + 20, message)


# -- greedy and temperature ------------------------------------------------------------------------------


def test_greedy_takes_the_largest_of_each_row(student, draw, expect):
    """Greedy gives the id of the largest logit of each row."""
    batch, vocab = draw.sizes(2, 3, 9)
    logits = draw.normal(batch, vocab)
    wanted = [max(range(vocab), key=row.__getitem__) for row in logits.tolist()]
    expect.equal(student.greedy(logits), torch.tensor(wanted))


def test_temperature_divides_the_logits(student, draw, expect):
    """Logits of 1 and 3 at a temperature of 0.5 become 2 and 6."""
    expect.close(student.apply_temperature(torch.tensor([[1.0, 3.0]]), 0.5), torch.tensor([[2.0, 6.0]]))
    logits, temperature = draw.normal(3, 5), draw.uniform(1.5, 3.0)
    expect.close(student.apply_temperature(logits, temperature), logits / temperature)


@pytest.mark.hidden
@pytest.mark.parametrize("bad", [0, 0.0, -0.5])
def test_a_temperature_that_is_not_positive_is_refused(student, draw, expect, bad):
    """A temperature of 0 or less raises a ValueError that names it."""
    expect.raises(ValueError, student.apply_temperature, draw.normal(2, 5), bad, mentions=bad)


# -- top-k -----------------------------------------------------------------------------------------------


def test_top_k_keeps_the_k_largest(student, draw, expect):
    """Each row keeps its own k largest logits as they are; the others become −inf."""
    batch, vocab = 4, draw.integer(6, 9)
    logits, k = draw.normal(batch, vocab) + 5 * draw.normal(batch, 1), draw.integer(2, 4)
    kept = [sorted(range(vocab), key=lambda i, row=row: -row[i])[:k] for row in logits.tolist()]
    expect.equal(student.top_k_filter(logits, k), only(logits, kept))


def test_ties_with_the_kth_stay(student, expect):
    """Tokens with the same logit as the k-th largest are kept too."""
    logits = torch.tensor([[3.0, 1.0, 3.0, 2.0, 2.0, 1.0]], dtype=torch.float64)
    expect.equal(student.top_k_filter(logits, 3), only(logits, [[0, 2, 3, 4]]))


@pytest.mark.parametrize("more", [0, 1, 50])
def test_a_k_of_the_vocabulary_or_more_keeps_everything(student, draw, expect, more):
    """With k at or above the size of the vocabulary nothing is removed."""
    logits = draw.normal(2, 6)
    expect.equal(student.top_k_filter(logits, 6 + more), logits)


def test_a_k_of_one_leaves_the_best(student, draw, expect):
    """With k = 1 only the largest logit of each row is left."""
    logits = draw.normal(3, 7)
    expect.equal(student.top_k_filter(logits, 1), only(logits, logits.argmax(-1, keepdim=True).tolist()))


@pytest.mark.hidden
@pytest.mark.parametrize("bad", [0, -3])
def test_a_k_below_one_is_refused(student, draw, expect, bad):
    """A k below 1 raises a ValueError that names it."""
    expect.raises(ValueError, student.top_k_filter, draw.normal(2, 5), bad, mentions=bad)


# -- top-p -----------------------------------------------------------------------------------------------


def test_top_p_by_hand(student, expect):
    """Of the probabilities 0.5, 0.2, 0.3 and p = 0.6, the 0.2 is removed: 0.3 crosses 0.6 and stays."""
    logits = torch.tensor([[0.5, 0.2, 0.3]], dtype=torch.float64).log()
    expect.equal(student.top_p_filter(logits, 0.6), only(logits, [[0, 2]]))


def test_top_p_keeps_the_smallest_set_that_reaches_p(student, draw, expect):
    """In each row the likeliest tokens stay until their probabilities sum to p."""
    logits, p = draw.normal(5, 8, scale=1.5), draw.uniform(0.6, 0.9)
    expect.equal(student.top_p_filter(logits, p), only(logits, [nucleus(row, p) for row in logits.tolist()]))


def test_a_tiny_p_keeps_the_best_token(student, draw, expect):
    """However small p is, the likeliest token crosses it and stays."""
    logits = draw.normal(4, 6)
    expect.equal(student.top_p_filter(logits, 1e-6), only(logits, logits.argmax(-1, keepdim=True).tolist()))


@pytest.mark.hidden
@pytest.mark.parametrize(("p", "wanted"), [(0.25, 1), (0.5, 2), (0.75, 3)])
def test_a_sum_that_is_p_exactly_is_enough(student, expect, p, wanted):
    """Four tokens of 0.25 each: two of them reach 0.5, so a third is not kept."""
    logits = torch.tensor([[1.0, -torch.inf, 1.0, 1.0, -torch.inf, 1.0]], dtype=torch.float64)
    kept = student.top_p_filter(logits, p)
    expect.shape(kept, (1, 6))
    left = ~torch.isneginf(kept)
    expect.equal(int(left.sum()), wanted, f"With four tokens of probability 0.25 and p={p}, another number is kept.")
    expect.equal(kept[left], torch.ones(wanted, dtype=torch.float64), "The logits that stay are not as they were.")


@pytest.mark.hidden
def test_p_of_one_keeps_everything(student, draw, expect):
    """With p = 1 nothing is removed, however unlikely it is."""
    logits = torch.tensor([[-60.0, 1.0, -90.0, 2.0], [0.0, 0.0, 0.0, -45.0]], dtype=torch.float64)
    expect.equal(student.top_p_filter(logits, 1.0), logits)
    logits = draw.normal(3, 9)
    expect.equal(student.top_p_filter(logits, 1), logits)


@pytest.mark.hidden
def test_removed_tokens_stay_removed(student, draw, expect):
    """Logits that are −inf already have no probability and stay −inf."""
    logits = draw.normal(3, 8)
    logits[:, 2], logits[1, 5], logits[2, :5] = -torch.inf, -torch.inf, -torch.inf
    kept = [nucleus([v if v > -math.inf else -1e9 for v in row], 0.7) for row in logits.tolist()]
    expect.equal(student.top_p_filter(logits, 0.7), only(logits, kept))
    kept = [sorted(range(8), key=lambda i, row=row: -row[i])[:3] for row in logits.tolist()]
    expect.equal(student.top_k_filter(logits, 3), only(logits, kept))


@pytest.mark.hidden
@pytest.mark.parametrize("bad", [0.0, -0.2, 1.5])
def test_a_p_that_is_no_share_is_refused(student, draw, expect, bad):
    """A p that is not above 0 and at most 1 raises a ValueError that names it."""
    expect.raises(ValueError, student.top_p_filter, draw.normal(2, 5), bad, mentions=bad)


@pytest.mark.hidden
def test_large_logits_do_not_overflow(student, draw, expect):
    """Logits of a thousand are no reason for NaN: only their differences matter."""
    logits = draw.normal(2, 6) + 1000.0
    kept = [nucleus(row, 0.7) for row in logits.tolist()]
    expect.equal(student.top_p_filter(logits, 0.7), only(logits, kept))
    probabilities = torch.tensor([0.1, 0.6, 0.3], dtype=torch.float64)
    drawn = student.sample((probabilities.log() + 1000.0).expand(ROWS, 3).contiguous(), draw.generator())
    check_shares(expect, drawn, probabilities, "The draws do not follow the softmax of the logits.")


@pytest.mark.hidden
def test_the_filters_keep_dtype_and_bear_any_layout(student, draw, expect):
    """float32 stays float32, and logits need not lie in memory row by row."""
    logits = draw.strided(3, 6, dtype=torch.float32)
    best = only(logits, logits.topk(2).indices.tolist())
    expect.equal(student.top_k_filter(logits, 2), best)
    kept = [nucleus(row, 0.7) for row in logits.tolist()]
    expect.equal(student.top_p_filter(logits, 0.7), only(logits, kept))
    expect.close(student.apply_temperature(logits, 2.0), logits / 2)
    expect.equal(student.sample(logits, draw.generator(), top_k=1), logits.argmax(-1))


# -- sample ----------------------------------------------------------------------------------------------


def test_draws_follow_the_softmax(student, draw, expect):
    """In 4000 rows with the same logits, each token is drawn as often as its probability says."""
    logits = draw.normal(6)
    drawn = student.sample(logits.expand(ROWS, 6).contiguous(), draw.generator())
    check_shares(expect, drawn, logits.softmax(-1), "The draws do not follow the softmax of the logits.")


def test_each_row_is_drawn_from_its_own_logits(student, draw, expect):
    """Rows that allow one token each get that token."""
    ids = draw.ids(7, 50)
    logits = torch.full((50, 7), -torch.inf, dtype=torch.float64)
    logits[torch.arange(50), ids] = draw.normal(50)
    expect.equal(student.sample(logits, draw.generator()), ids)


def test_temperature_zero_is_greedy(student, draw, expect):
    """`temperature=0` takes the largest logit, with a generator or without one."""
    logits = draw.normal(6, 9)
    expect.equal(student.sample(logits, draw.generator(), temperature=0), logits.argmax(-1))
    expect.equal(student.sample(logits, None, temperature=0.0), logits.argmax(-1))


def test_the_temperature_changes_the_shares(student, draw, expect):
    """At temperature T the draws follow the softmax of logits / T."""
    logits, temperature = draw.normal(6, scale=2.0), draw.uniform(2.0, 3.0)
    drawn = student.sample(logits.expand(ROWS, 6).contiguous(), draw.generator(), temperature=temperature)
    wanted = (logits / temperature).softmax(-1)
    check_shares(expect, drawn, wanted, "The draws do not follow the softmax of logits / temperature.")


def test_filtered_tokens_are_never_drawn(student, draw, expect):
    """With top-k the draws follow the softmax of the k best."""
    logits = torch.tensor(draw.shuffled([0.0, 0.3, 0.6, 0.9, 1.2, 1.5]), dtype=torch.float64)
    drawn = student.sample(logits.expand(ROWS, 6).contiguous(), draw.generator(), top_k=3)
    wanted = only(logits[None], [logits.topk(3).indices.tolist()])[0].softmax(-1)
    check_shares(expect, drawn, wanted, "The draws do not follow the softmax of the k best logits.")


def test_top_p_limits_the_draws(student, draw, expect):
    """With top-p the draws follow the softmax of the smallest set that reaches p."""
    probabilities = torch.tensor([0.1, 0.35, 0.25, 0.05, 0.25], dtype=torch.float64)
    logits = probabilities.log().expand(ROWS, 5).contiguous()
    drawn = student.sample(logits, draw.generator(), top_p=0.8)
    wanted = torch.tensor([0, 7, 5, 0, 5], dtype=torch.float64) / 17
    check_shares(expect, drawn, wanted, "The draws do not follow the tokens that top-p leaves.")


@pytest.mark.hidden
def test_top_p_counts_what_top_k_left(student, draw, expect):
    """Top-p is applied to the probabilities of what top-k left, not to the old ones."""
    probabilities = torch.tensor([0.2, 0.4, 0.1, 0.3], dtype=torch.float64)
    logits = probabilities.log().expand(ROWS, 4).contiguous()
    # Among the best three, the 0.4 has a share of 0.444 and reaches 0.43 alone; before top-k it did not.
    drawn = student.sample(logits, draw.generator(), top_k=3, top_p=0.43)
    wanted = torch.tensor([0, 1, 0, 0], dtype=torch.float64)
    check_shares(expect, drawn, wanted, "Top-p was not applied to what top-k left.")


@pytest.mark.hidden
def test_the_temperature_comes_before_top_p(student, draw, expect):
    """Top-p looks at the probabilities after the temperature."""
    logits = torch.tensor([0.6, 0.1, 0.3], dtype=torch.float64).log().expand(ROWS, 3).contiguous()
    # At temperature 0.5 the probabilities are as 36 : 1 : 9, so the best has 0.78 and reaches 0.75 alone.
    drawn = student.sample(logits, draw.generator(), temperature=0.5, top_p=0.75)
    check_shares(expect, drawn, torch.tensor([1.0, 0, 0]), "Top-p was not applied after the temperature.")


def test_the_generator_decides(student, draw, expect):
    """The same generator state gives the same draws, and a generator that went on gives others."""
    logits = draw.normal(50, 9)
    generator = draw.generator()
    twin = torch.Generator()
    twin.set_state(generator.get_state())
    first = student.sample(logits, generator)
    expect.equal(student.sample(logits, twin), first, "Two generators in the same state gave different draws.")
    second = student.sample(logits, generator)
    repeats = "A second draw with the same generator repeats the first."
    expect.true(not torch.equal(first, second), repeats, actual=second)


@pytest.mark.hidden
def test_one_row_and_one_token(student, draw, expect):
    """A batch of one and a vocabulary of one are no special case."""
    expect.equal(student.sample(torch.zeros(1, 1), draw.generator(), top_k=5, top_p=0.9), torch.tensor([0]))
    expect.shape(student.sample(draw.normal(1, 6), draw.generator()), (1,))
    expect.equal(student.greedy(torch.tensor([[0.0, 2.0]])), torch.tensor([1]))


@pytest.mark.hidden
def test_a_negative_temperature_is_refused(student, draw, expect):
    """`sample` with a temperature below 0 raises a ValueError that names it."""
    expect.raises(ValueError, student.sample, draw.normal(2, 5), draw.generator(), -1.5, mentions=-1.5)
