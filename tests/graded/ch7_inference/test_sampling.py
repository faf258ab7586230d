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


def best(row, k):
    """The ids of the k largest of a row."""
    return sorted(range(len(row)), key=lambda i: -row[i])[:k]


def nucleus(row, p):
    """The ids of the smallest set of likeliest tokens that reaches p, added up one by one, and how near p it came."""
    weights = [math.exp(value - max(row)) for value in row]
    kept, reached, gap = [], 0.0, 1.0
    for i in best(weights, len(row)):
        kept.append(i)
        reached += weights[i] / sum(weights)
        gap = min(gap, abs(reached - p))
        if reached >= p:
            break
    return kept, gap


def nuclei(rows, p):
    """The nucleus of each row."""
    return [nucleus(row, p)[0] for row in rows.tolist()]


def clear_rows(draw, batch, vocab, p, scale=1.5):
    """Logits whose sums all keep a distance from p, so that no rounding decides."""
    while True:
        logits = draw.normal(batch, vocab, scale=scale)
        if all(nucleus(row, p)[1] > 1e-3 for row in logits.tolist()):
            return logits


def many(row):
    """The same row very often: a sample of it holds as many draws."""
    return row.expand(ROWS, len(row)).contiguous()


def check_shares(expect, drawn, probabilities, message):
    """The counts of many independent draws fit the probabilities (chi-square, with a bound that chance never meets)."""
    expect.shape(drawn, (ROWS,))
    expect.dtype(drawn, torch.int64)
    expect.true(bool(((drawn >= 0) & (drawn < len(probabilities))).all()), "An id outside the vocabulary was drawn.")
    counts = torch.bincount(drawn, minlength=len(probabilities)).double()
    possible = probabilities > 0
    lost = int(counts[~possible].sum())
    expect.equal(lost, 0, f"{message} Of {ROWS} draws, {lost} are of tokens that are to have no probability at all.")
    wanted = probabilities[possible] * ROWS
    distance = ((counts[possible] - wanted) ** 2 / wanted).sum()
    freedom = max(1, int(possible.sum()) - 1)
    message = f"{message} The chi-square distance of {ROWS} draws from the shares that are wanted:"
    expect.less(distance, freedom + 8 * math.sqrt(2 * freedom) + 20, message)


# -- greedy and temperature ------------------------------------------------------------------------------


@pytest.mark.points(2)
def test_greedy_takes_the_largest_of_each_row(student, draw, expect):
    """Greedy gives the id of the largest logit of each row."""
    batch, vocab = draw.sizes(2, 3, 9)
    logits = draw.normal(batch, vocab)
    wanted = [max(range(vocab), key=row.__getitem__) for row in logits.tolist()]
    expect.equal(student.greedy(logits), torch.tensor(wanted))


@pytest.mark.points(2)
def test_temperature_divides_the_logits(student, draw, expect):
    """Logits of 1 and 3 at a temperature of 0.5 become 2 and 6."""
    expect.close(student.apply_temperature(torch.tensor([[1.0, 3.0]]), 0.5), torch.tensor([[2.0, 6.0]]))
    logits, temperature = draw.normal(3, 5), draw.uniform(1.5, 3.0)
    expect.close(student.apply_temperature(logits, temperature), logits / temperature)


@pytest.mark.points(0.5)
@pytest.mark.parametrize("bad", [0, -0.5])
def test_a_temperature_that_is_not_positive_is_refused(student, draw, expect, bad):
    """A temperature of 0 or less raises a ValueError that names it."""
    expect.raises(ValueError, student.apply_temperature, draw.normal(2, 5), bad, mentions=bad)


# -- top-k -----------------------------------------------------------------------------------------------


@pytest.mark.points(3)
def test_top_k_keeps_the_k_largest(student, draw, expect):
    """Each row keeps its own k largest logits as they are; the others become −inf."""
    vocab = draw.integer(6, 9)
    logits, k = draw.normal(4, vocab) + 5 * torch.tensor([[0.0], [2.0], [-3.0], [1.0]]), draw.integer(2, 4)
    expect.equal(student.top_k_filter(logits, k), only(logits, [best(row, k) for row in logits.tolist()]))


@pytest.mark.hidden
def test_top_k_of_other_rows(student, draw, expect):
    """Each row keeps its own k largest logits: in one row, in rows with little left, in rows of any size."""
    logits = draw.normal(1, 11, scale=30.0)
    expect.equal(student.top_k_filter(logits, 5), only(logits, [best(logits[0].tolist(), 5)]))
    logits = draw.normal(3, 8)
    logits[:, 2], logits[1, 5], logits[2, :6] = -torch.inf, -torch.inf, -torch.inf
    expect.equal(student.top_k_filter(logits, 3), only(logits, [best(row, 3) for row in logits.tolist()]))


def test_ties_with_the_kth_stay(student, expect):
    """Tokens with the same logit as the k-th largest are kept too."""
    logits = torch.tensor([[3.0, 1.0, 3.0, 2.0, 2.0, 1.0]], dtype=torch.float64)
    expect.equal(student.top_k_filter(logits, 3), only(logits, [[0, 2, 3, 4]]))


@pytest.mark.points(0.5)
@pytest.mark.parametrize("more", [0, 50])
def test_a_k_of_the_vocabulary_or_more_keeps_everything(student, draw, expect, more):
    """With k at or above the size of the vocabulary nothing is removed."""
    logits = draw.normal(2, 6)
    expect.equal(student.top_k_filter(logits, 6 + more), logits)


def test_a_k_of_one_leaves_the_best(student, draw, expect):
    """With k = 1 only the largest logit of each row is left."""
    logits = draw.normal(3, 7)
    expect.equal(student.top_k_filter(logits, 1), only(logits, logits.argmax(-1, keepdim=True).tolist()))


@pytest.mark.points(0.5)
@pytest.mark.parametrize("bad", [0, -3])
def test_a_k_below_one_is_refused(student, draw, expect, bad):
    """A k below 1 raises a ValueError that names it."""
    expect.raises(ValueError, student.top_k_filter, draw.normal(2, 5), bad, mentions=bad)


# -- top-p -----------------------------------------------------------------------------------------------


@pytest.mark.points(2)
def test_top_p_by_hand(student, expect):
    """Of the probabilities 0.5, 0.2, 0.3 and p = 0.6, the 0.2 is removed: 0.3 crosses 0.6 and stays."""
    logits = torch.tensor([[0.5, 0.2, 0.3]], dtype=torch.float64).log()
    expect.equal(student.top_p_filter(logits, 0.6), only(logits, [[0, 2]]))


@pytest.mark.points(3)
def test_top_p_keeps_the_smallest_set_that_reaches_p(student, draw, expect):
    """In each row the likeliest tokens stay, as they are, until their probabilities sum to p."""
    p = draw.uniform(0.6, 0.9)
    logits = clear_rows(draw, 5, 8, p)
    expect.equal(student.top_p_filter(logits, p), only(logits, nuclei(logits, p)))


@pytest.mark.hidden
@pytest.mark.parametrize("p", [0.3, 0.97])
def test_top_p_of_other_rows(student, draw, expect, p):
    """The set that stays is as large as each row needs, whatever p is."""
    logits = clear_rows(draw, 4, 11, p, scale=2.5) - 7.0
    expect.equal(student.top_p_filter(logits, p), only(logits, nuclei(logits, p)))


def test_a_tiny_p_keeps_the_best_token(student, draw, expect):
    """However small p is, the likeliest token crosses it and stays."""
    logits = draw.normal(4, 6)
    expect.equal(student.top_p_filter(logits, 1e-6), only(logits, logits.argmax(-1, keepdim=True).tolist()))


@pytest.mark.points(0.5)
@pytest.mark.parametrize(("p", "wanted"), [(0.5, 2), (0.75, 3)])
def test_a_sum_that_is_p_exactly_is_enough(student, expect, p, wanted):
    """Of four tokens of 0.25 each, any two reach 0.5 and any three 0.75; one more is not kept."""
    logits = torch.tensor([[1.0, -torch.inf, 1.0, 1.0, -torch.inf, 1.0]], dtype=torch.float64)
    kept = student.top_p_filter(logits, p)
    expect.shape(kept, (1, 6))
    left = ~torch.isneginf(kept)
    message = f"With four tokens of probability 0.25 and p={p}, {int(left.sum())} logits are left, not {wanted}."
    expect.equal(int(left.sum()), wanted, message)
    expect.equal(kept[left], torch.ones(wanted, dtype=torch.float64), "The logits that stay are not as they were.")


def test_equal_logits_at_the_border_stay_as_far_as_p_needs(student, draw, expect):
    """Of three equal tokens at the border two are needed to reach p, so one of them, whichever, is removed."""
    row = torch.tensor([0.4, 0.175, 0.175, 0.175, 0.075], dtype=torch.float64).log()
    order = draw.shuffled(range(5))
    kept = ~torch.isneginf(student.top_p_filter(row[order][None], 0.65)[0])
    kept = [order[i] for i in kept.nonzero().flatten().tolist()]
    expect.true(0 in kept, "The likeliest token was removed.")
    expect.true(4 not in kept, "The least likely token was kept; the other four reach p without it.")
    expect.equal(len(kept), 3, f"{len(kept)} tokens were kept; three reach p = 0.65, and two do not.")


def test_p_of_one_keeps_everything(student, draw, expect):
    """With p = 1 nothing is removed, however unlikely it is."""
    logits = torch.tensor([[-60.0, 1.0, -2000.0, 2.0], [0.0, 0.0, 0.0, -45.0]], dtype=torch.float64)
    expect.equal(student.top_p_filter(logits, 1.0), logits)
    logits = draw.normal(3, 9)
    expect.equal(student.top_p_filter(logits, 1), logits)


@pytest.mark.points(0.5)
def test_removed_tokens_stay_removed(student, draw, expect):
    """Logits that are −inf already have no probability and stay −inf, under top-p too."""
    p = 0.7
    logits = clear_rows(draw, 3, 4, p)
    for column in (2, 2, 5):
        gap = torch.full((3, 1), -torch.inf, dtype=torch.float64)
        logits = torch.cat([logits[:, :column], gap, logits[:, column:]], dim=1)
    expect.equal(student.top_p_filter(logits, p), only(logits, nuclei(logits, p)))


@pytest.mark.points(0.5)
@pytest.mark.parametrize("bad", [0.0, -0.2, 1.5])
def test_a_p_that_is_no_share_is_refused(student, draw, expect, bad):
    """A p that is not above 0 and at most 1 raises a ValueError that names it."""
    expect.raises(ValueError, student.top_p_filter, draw.normal(2, 5), bad, mentions=bad)


@pytest.mark.points(0.5)
def test_large_logits_do_not_overflow_in_top_p(student, draw, expect):
    """Logits of a thousand are no reason for NaN: only their differences matter."""
    logits = clear_rows(draw, 3, 6, 0.7) + torch.tensor([[1000.0], [-1000.0], [3000.0]], dtype=torch.float64)
    expect.equal(student.top_p_filter(logits, 0.7), only(logits, nuclei(logits, 0.7)))


@pytest.mark.points(0.5)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_filters_keep_the_dtype(student, draw, expect, dtype):
    """float32 stays float32 and float64 stays float64, in top-k and in top-p."""
    logits = clear_rows(draw, 6, 3, 0.7).T.contiguous().T.to(dtype)
    expect.equal(student.top_k_filter(logits, 2), only(logits, logits.topk(2).indices.tolist()))
    expect.equal(student.top_p_filter(logits, 0.7), only(logits, nuclei(logits, 0.7)))


# -- sample ----------------------------------------------------------------------------------------------


@pytest.mark.points(3)
def test_draws_follow_the_softmax(student, draw, expect):
    """In 4000 rows with the same logits, each token is drawn as often as its probability says."""
    logits = torch.tensor([0.3, -1.2, 1.9, 0.8, -0.4, 1.1], dtype=torch.float64) + draw.uniform(-1.0, 1.0)
    drawn = student.sample(many(logits), draw.generator())
    check_shares(expect, drawn, logits.softmax(-1), "The draws do not follow the softmax of the logits.")


@pytest.mark.points(2)
def test_each_row_is_drawn_from_its_own_logits(student, draw, expect):
    """Rows that allow one token each get that token, however far the rows' logits lie from each other."""
    ids = draw.ids(7, 50)
    logits = torch.full((50, 7), -torch.inf, dtype=torch.float64)
    logits[torch.arange(50), ids] = draw.normal(50, scale=2000.0)
    expect.equal(student.sample(logits, draw.generator()), ids)


@pytest.mark.points(2)
def test_every_row_has_a_draw_of_its_own(student, draw, expect):
    """Two rows with the same two tokens, equally likely, differ in about half of many batches."""
    generator = draw.generator()
    batches = torch.stack([student.sample(torch.zeros(3, 2), generator) for _ in range(100)])
    for i, j in ((0, 1), (1, 2), (0, 2)):
        different = int((batches[:, i] != batches[:, j]).sum())
        expect.between(different, 20, 80, f"The number of batches, of 100, in which row {i} and row {j} differ:")


def test_temperature_zero_is_greedy(student, draw, expect):
    """`temperature=0` takes the largest logit, with a generator or without one."""
    logits = draw.normal(6, 9)
    expect.equal(student.sample(logits, draw.generator(), temperature=0), logits.argmax(-1))
    expect.equal(student.sample(logits, None, temperature=0.0), logits.argmax(-1))
    close = torch.full((300, 5), -9.0)
    best, second = draw.ids(5, 300), draw.integer(1, 4)
    close[torch.arange(300), best], close[torch.arange(300), (best + second) % 5] = 1e-12, -1e-12
    came = student.sample(close, draw.generator(), temperature=0)
    expect.equal(came, best, "Of two logits that lie close together, the larger one was not taken in every row.")


@pytest.mark.points(2)
def test_the_temperature_changes_the_shares(student, draw, expect):
    """At temperature T the draws follow the softmax of logits / T."""
    logits = torch.tensor(draw.shuffled([-2.5, -1.0, 0.0, 1.0, 2.0, 3.5]), dtype=torch.float64)
    temperature = draw.uniform(2.0, 3.0)
    drawn = student.sample(many(logits), draw.generator(), temperature=temperature)
    wanted = (logits / temperature).softmax(-1)
    check_shares(expect, drawn, wanted, "The draws do not follow the softmax of logits / temperature.")


@pytest.mark.points(2)
def test_filtered_tokens_are_never_drawn(student, draw, expect):
    """With top-k the draws follow the softmax of the k best."""
    logits = torch.tensor([0.0, 0.9, 0.3, 1.5, 0.6, 1.2], dtype=torch.float64) + draw.uniform(-1.0, 1.0)
    drawn = student.sample(many(logits), draw.generator(), top_k=3)
    wanted = only(logits[None], [[1, 3, 5]])[0].softmax(-1)
    check_shares(expect, drawn, wanted, "The draws do not follow the softmax of the k best logits.")


@pytest.mark.points(2)
def test_top_p_limits_the_draws(student, draw, expect):
    """With top-p the draws follow the softmax of the smallest set that reaches p."""
    probabilities = torch.tensor([0.1, 0.35, 0.25, 0.05, 0.25], dtype=torch.float64)
    drawn = student.sample(many(probabilities.log()), draw.generator(), top_p=0.8)
    wanted = torch.tensor([0, 7, 5, 0, 5], dtype=torch.float64) / 17
    check_shares(expect, drawn, wanted, "The draws do not follow the softmax of what top-p leaves.")


@pytest.mark.points(2)
def test_top_p_counts_what_top_k_left(student, draw, expect):
    """Top-p is applied to the probabilities of what top-k left, not to the old ones."""
    probabilities = torch.tensor([0.2, 0.4, 0.1, 0.3], dtype=torch.float64)
    # Among the best three, the 0.4 has a share of 0.444 and reaches 0.43 alone; before top-k it did not.
    drawn = student.sample(many(probabilities.log()), draw.generator(), top_k=3, top_p=0.43)
    wanted = torch.tensor([0, 1, 0, 0], dtype=torch.float64)
    check_shares(expect, drawn, wanted, "The draws do not follow what top-k, and then top-p, leave.")


@pytest.mark.points(2)
def test_the_temperature_comes_before_top_p(student, draw, expect):
    """Top-p looks at the probabilities after the temperature."""
    logits = torch.tensor([0.6, 0.1, 0.3], dtype=torch.float64).log()
    # At temperature 0.5 the probabilities are as 36 : 1 : 9, so the best has 0.78 and reaches 0.75 alone.
    drawn = student.sample(many(logits), draw.generator(), temperature=0.5, top_p=0.75)
    check_shares(expect, drawn, torch.tensor([1.0, 0, 0]), "The draws do not follow what temperature and top-p leave.")


@pytest.mark.hidden
def test_all_three_together(student, draw, expect):
    """Temperature, then top-k, then top-p: the draws follow the softmax of what the three leave."""
    # At temperature 3 the probabilities are as 8 : 7 : 6 : 5 : 1. Top-k leaves 8, 7, 6, 5, of which 8, 7 and 6 have
    # 0.81 of the sum. Without top-k they have 0.78, and all four stay.
    weights = torch.tensor([5.0, 8.0, 1.0, 6.0, 7.0], dtype=torch.float64)
    drawn = student.sample(many(3 * weights.log()), draw.generator(), temperature=3.0, top_k=4, top_p=0.79)
    wanted = torch.tensor([0.0, 8.0, 0.0, 6.0, 7.0], dtype=torch.float64) / 21
    check_shares(expect, drawn, wanted, "The draws do not follow what temperature, top-k and top-p leave together.")


@pytest.mark.points(0.5)
@pytest.mark.parametrize("filters", [{}, {"temperature": 2.0}, {"top_k": 5}, {"top_p": 0.9}], ids=str)
def test_the_generator_decides(student, draw, expect, filters):
    """The same generator state gives the same draws, under every filter, and a generator that went on gives others."""
    logits = draw.normal(50, 9)
    generator = draw.generator()
    twin = torch.Generator()
    twin.set_state(generator.get_state())
    first = student.sample(logits, generator, **filters)
    again = student.sample(logits, twin, **filters)
    expect.equal(again, first, "Two generators in the same state gave different draws.")
    second = student.sample(logits, generator, **filters)
    repeats = "A second draw with the same generator repeats the first."
    expect.true(not torch.equal(first, second), repeats, actual=second)


@pytest.mark.points(0.5)
def test_one_row_and_one_token(student, draw, expect):
    """A batch of one keeps its axis, and a vocabulary of one is no special case."""
    expect.shape(student.sample(draw.normal(1, 6), draw.generator()), (1,))
    expect.equal(student.sample(torch.zeros(1, 1), draw.generator(), top_k=5, top_p=0.9), torch.tensor([0]))
    expect.equal(student.greedy(torch.tensor([[0.0, 2.0]])), torch.tensor([1]))


@pytest.mark.points(0.5)
def test_a_negative_temperature_is_refused(student, draw, expect):
    """`sample` with a temperature below 0 raises a ValueError that names it."""
    expect.raises(ValueError, student.sample, draw.normal(2, 5), draw.generator(), -1.5, mentions=-1.5)


@pytest.mark.points(0.5)
def test_large_logits_do_not_overflow_in_a_draw(student, draw, expect):
    """Logits of a thousand are no reason for NaN: only their differences matter."""
    probabilities = torch.tensor([0.1, 0.6, 0.3], dtype=torch.float64)
    drawn = student.sample(many(probabilities.log() + 1000.0), draw.generator())
    check_shares(expect, drawn, probabilities, "The draws do not follow the softmax of the logits.")
