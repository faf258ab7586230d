"""Skip-gram: the pairs, the noise, the loss by hand, and what training arrives at."""

import math

import pytest
import torch
import torch.nn.functional as F
from model_checks import load

FLOAT32 = 2e-5  # what float32 in between leaves of a value near 1


def pairs_by_places(ids, window):
    """Every pair of places, looked at one by one."""
    places = range(len(ids))
    return sorted([ids[i], ids[j]] for i in places for j in places if 0 < abs(i - j) <= window)


def loss_by_hand(center, context, centers, contexts, negatives):
    """The loss as three nested sums."""
    total = 0.0
    for v, u, row in zip(center[centers], context[contexts], context[negatives], strict=True):
        total = total - F.logsigmoid(v @ u) - sum(F.logsigmoid(-(v @ n)) for n in row)
    return total / len(centers)


def model_with(student, center, context):
    return load(student.SkipGram(*center.shape).double(), {"center.weight": center, "context.weight": context})


def a_batch(draw, vocab, batch, negatives):
    """Centres, contexts and negatives; the first negative of the first pair is its true context."""
    centers, contexts, wrong = draw.ids(vocab, batch), draw.ids(vocab, batch), draw.ids(vocab, batch, negatives)
    wrong[0, 0] = contexts[0]
    return centers, contexts, wrong


# -- pairs --------------------------------------------------------------------------------------------


@pytest.mark.points(2)
def test_three_tokens_have_four_pairs(student, expect):
    """The ids 5, 6, 7 with window 1 have the pairs (5, 6), (6, 5), (6, 7), (7, 6)."""
    pairs = student.skipgram_pairs(torch.tensor([5, 6, 7]), 1)
    expect.shape(pairs, (4, 2))
    expect.equal(sorted(pairs.tolist()), [[5, 6], [6, 5], [6, 7], [7, 6]])


@pytest.mark.points(2)
@pytest.mark.parametrize("window", [2, 3])
def test_every_pair_within_the_window_is_there(student, draw, expect, window):
    """Centre and context are at most `window` places apart, on either side; repeated pairs stay."""
    ids = torch.cat([torch.tensor([2, 2, 0]), draw.ids(4, 9), torch.tensor([0, 2])])
    pairs = student.skipgram_pairs(ids, window)
    expect.dtype(pairs, torch.int64)
    expect.equal(sorted(pairs.tolist()), pairs_by_places(ids.tolist(), window))


@pytest.mark.hidden
def test_pairs_of_a_strided_text(student, draw, expect):
    """The pairs of every second token of a longer text, with a window of 5, are all there."""
    ids = draw.ids(6, 40)[::2]
    expect.equal(sorted(student.skipgram_pairs(ids, 5).tolist()), pairs_by_places(ids.tolist(), 5))


def test_a_window_may_be_longer_than_the_text(student, expect):
    """With a window of 10, four tokens all see one another."""
    ids = torch.tensor([3, 1, 4, 1])
    expect.equal(sorted(student.skipgram_pairs(ids, 10).tolist()), pairs_by_places([3, 1, 4, 1], 10))


def test_no_pairs_have_a_shape_too(student, expect):
    """A text of one token, or of none, gives a result of shape (0, 2)."""
    for n in (1, 0):
        expect.shape(student.skipgram_pairs(torch.arange(n), 2), (0, 2))


def test_each_call_pairs_its_own_text(student, draw, expect):
    """A second call with another text of the same length has the pairs of this text."""
    student.skipgram_pairs(torch.tensor([1, 2, 3, 4]), 2)
    expect.equal(
        sorted(student.skipgram_pairs(torch.tensor([8, 6, 7, 5]), 2).tolist()), pairs_by_places([8, 6, 7, 5], 2)
    )


def test_a_window_below_one_is_refused(student, expect):
    """A window below 1 raises a ValueError that names it, for a text of one token as well."""
    for ids in ([1, 2, 3], [5]):
        for window in (0, -2):
            expect.raises(ValueError, student.skipgram_pairs, torch.tensor(ids), window, mentions=window)


# -- noise --------------------------------------------------------------------------------------------


@pytest.mark.points(2)
def test_noise_is_counts_to_the_power_of_three_quarters(student, expect):
    """Counts 16 and 1 become 8 and 1, so 8/9 and 1/9; a word that never occurs gets 0."""
    noise = student.noise_distribution(torch.tensor([16.0, 1.0, 0.0], dtype=torch.float64))
    expect.close(noise, torch.tensor([8 / 9, 1 / 9, 0.0], dtype=torch.float64), tolerance=FLOAT32)


def test_a_word_that_never_occurs_is_no_noise(student, expect):
    """A count of 0 is a probability of exactly 0, so the word is never drawn."""
    noise = student.noise_distribution(torch.tensor([0.0, 5.0, 0.0, 2.0], dtype=torch.float64))
    expect.equal(noise[[0, 2]].tolist(), [0.0, 0.0])


def noise_by_hand(counts, power):
    return torch.tensor([n**power / sum(m**power for m in counts) for n in counts], dtype=torch.float64)


@pytest.mark.parametrize("power", [1.0, 0.4])
def test_noise_takes_any_power(student, draw, expect, power):
    """Another power is used where it is given."""
    counts = [40, *(draw.integer(1, 20) for _ in range(5))]
    came = student.noise_distribution(torch.tensor(counts).double(), power=power)
    expect.close(came, noise_by_hand(counts, power), tolerance=FLOAT32)


@pytest.mark.hidden
def test_noise_of_another_power_and_of_none(student, draw, expect):
    """The power is an argument like others: given by its place, and 0.75 again without it."""
    counts = [30, *(draw.integer(1, 15) for _ in range(4))]
    came = student.noise_distribution(torch.tensor(counts).double(), 0.6)
    expect.close(came, noise_by_hand(counts, 0.6), tolerance=FLOAT32)
    expect.close(
        student.noise_distribution(torch.tensor(counts).double()), noise_by_hand(counts, 0.75), tolerance=FLOAT32
    )


def test_noise_of_whole_numbers(student, draw, expect):
    """Counts from torch.bincount are whole numbers and work as well."""
    counts = torch.tensor([draw.integer(1, 50) for _ in range(5)])
    came = student.noise_distribution(counts)
    expect.true(
        came.is_floating_point(), "For counts in whole numbers the result has no floating-point dtype.", actual=came
    )
    expect.close(came, noise_by_hand(counts.tolist(), 0.75), dtype=False, tolerance=FLOAT32)


def test_noise_keeps_a_floating_dtype(student, expect):
    """Float32 counts give float32 probabilities, float64 counts float64 ones."""
    for dtype in (torch.float32, torch.float64):
        expect.dtype(student.noise_distribution(torch.tensor([3.0, 1.0], dtype=dtype)), dtype)


def test_noise_of_fractions(student, expect):
    """Counts need not be whole: 1.5 and 1 become 0.6 and 0.4 with a power of 1."""
    came = student.noise_distribution(torch.tensor([1.5, 1.0, 0.0], dtype=torch.float64), power=1.0)
    expect.close(came, torch.tensor([0.6, 0.4, 0.0], dtype=torch.float64), tolerance=FLOAT32)


def test_noise_without_counts_is_refused(student, expect):
    """Counts that are all zero raise a ValueError, whole numbers or not."""
    expect.raises(ValueError, student.noise_distribution, torch.zeros(4, dtype=torch.int64))
    expect.raises(ValueError, student.noise_distribution, torch.zeros(3))


# -- the model and its loss ---------------------------------------------------------------------------


@pytest.mark.points(2)
def test_a_word_has_two_vectors(student, expect):
    """`center` and `context` are tables with one row per word."""
    parameters = student.SkipGram(7, 3).named_parameters()
    expect.equal(
        sorted(parameters),
        ["center.weight", "context.weight"],
        "The parameters are not `center.weight` and `context.weight` alone.",
    )
    for value in parameters.values():
        expect.shape(value, (7, 3))


@pytest.mark.points(2)
def test_scores_of_zero_cost_ln_2_each(student, expect):
    """With all scores 0, three negatives and the true pair cost 4 · ln 2."""
    model = model_with(student, torch.zeros(5, 2).double(), torch.zeros(5, 2).double())
    loss = model.loss(torch.tensor([1, 2]), torch.tensor([2, 0]), torch.tensor([[3, 4, 0], [1, 1, 3]]))
    expect.close(loss, torch.tensor(4 * math.log(2), dtype=torch.float64), tolerance=FLOAT32)


@pytest.mark.points(4)
def test_the_loss_sums_negatives_and_averages_the_batch(student, draw, expect):
    """−log σ(v·u) − Σ log σ(−v·n), averaged over the batch."""
    vocab, dim, batch, negatives = draw.sizes(4, 2, 8)
    center, context = draw.normal(vocab, dim), draw.normal(vocab, dim)
    ids = draw.ids(vocab, batch), draw.ids(vocab, batch), draw.ids(vocab, batch, negatives)
    loss = model_with(student, center, context).loss(*ids)
    expect.close(loss, loss_by_hand(center, context, *ids), tolerance=FLOAT32)


@pytest.mark.parametrize(("batch", "negatives"), [(1, 1), (3, 1), (1, 4)], ids=str)
def test_the_loss_of_one_pair_or_with_one_negative(student, draw, expect, batch, negatives):
    """The loss is right for a batch of one pair, and for pairs with a single negative each."""
    center, context = draw.normal(5, 3), draw.normal(5, 3)
    ids = draw.ids(5, batch), draw.ids(5, batch), draw.ids(5, batch, negatives)
    expect.close(
        model_with(student, center, context).loss(*ids), loss_by_hand(center, context, *ids), tolerance=FLOAT32
    )


def test_a_negative_may_be_the_true_context(student, draw, expect):
    """What was drawn as a negative counts as one, even if it is the pair's own context or centre."""
    center, context = draw.normal(4, 3), draw.normal(4, 3)
    ids = torch.tensor([1, 3]), torch.tensor([2, 0]), torch.tensor([[2, 2, 1], [3, 0, 1]])
    expect.close(
        model_with(student, center, context).loss(*ids), loss_by_hand(center, context, *ids), tolerance=FLOAT32
    )


@pytest.mark.hidden
def test_the_loss_of_a_wide_batch(student, draw, expect):
    """The loss is right for many pairs of few words, with more negatives than words."""
    center, context, ids = draw.normal(3, 5), draw.normal(3, 5), a_batch(draw, 3, 20, 9)
    expect.close(
        model_with(student, center, context).loss(*ids), loss_by_hand(center, context, *ids), tolerance=FLOAT32
    )


def test_the_loss_stays_right_for_large_scores(student, draw, expect):
    """Scores above a thousand, on either side of zero, give a loss of their size, not infinity."""
    center, context = (20 * (1 + draw.normal(6, 4).abs()) for _ in range(2))
    context[3:] *= -1
    ids = draw.ids(6, 4), torch.tensor([0, 3, 5, 1]), torch.tensor([[2, 4], [5, 1], [0, 0], [3, 3]])
    expect.close(
        model_with(student, center, context).loss(*ids), loss_by_hand(center, context, *ids), tolerance=FLOAT32
    )


def test_each_loss_is_of_its_own_batch(student, draw, expect):
    """A second batch of the same shape, and the same batch after the tables have changed, have their own losses."""
    first, second = ((draw.normal(6, 3), draw.normal(6, 3)) for _ in range(2))
    batch = a_batch(draw, 6, 4, 2)
    other = tuple((ids + shift) % 6 for ids, shift in zip(batch, (1, 2, 4), strict=True))  # no id is what it was
    model = model_with(student, *first)
    model.loss(*batch)
    expect.close(model.loss(*other), loss_by_hand(*first, *other), tolerance=FLOAT32)
    load(model, {"center.weight": second[0], "context.weight": second[1]})
    expect.close(model.loss(*other), loss_by_hand(*second, *other), tolerance=FLOAT32)


def test_the_loss_has_the_dtype_of_the_tables(student, draw, expect):
    """Float32 tables give a float32 loss, float64 and bfloat16 tables one of their own dtype."""
    model, batch = student.SkipGram(5, 3), a_batch(draw, 5, 3, 2)
    expect.dtype(model.loss(*batch), torch.float32)
    for dtype in (torch.float64, torch.bfloat16):
        expect.dtype(model.to(dtype).loss(*batch), dtype)


@pytest.mark.points(3)
def test_both_tables_get_their_gradients(student, draw, expect):
    """The gradients of both tables are those of the formula."""
    center, context = draw.normal(5, 3, grad=True), draw.normal(5, 3, grad=True)
    ids = a_batch(draw, 5, 4, 2)
    ids[0][1], ids[1][2], ids[2][3, 1] = 0, 0, 0
    model = model_with(student, center.detach(), context.detach())
    model.loss(*ids).backward()
    loss_by_hand(center, context, *ids).backward()
    found = model.gradients()
    for name, wanted in (("center.weight", center.grad), ("context.weight", context.grad)):
        expect.true(found[name] is not None, f"`{name}` got no gradient.")
        expect.close(found[name], wanted, f"The gradient of `{name}` is wrong.", tolerance=FLOAT32)


# -- training -----------------------------------------------------------------------------------------


def trained(student, ids, vocab, dim, steps, seed, window=1, negatives=2, lr=0.05):
    model = student.train_skipgram(ids, vocab, dim, window, negatives, steps, lr, torch.Generator().manual_seed(seed))
    found = model.named_parameters()
    return found["center.weight"], found["context.weight"]


def rows_that_moved(student, ids, vocab, steps, seed, negatives):
    """Which rows of `center` and of `context` are no longer where they started: those of words that were drawn."""
    start = trained(student, ids, vocab, 2, 0, seed, negatives=negatives)
    after = trained(student, ids, vocab, 2, steps, seed, negatives=negatives)
    return tuple((old != new).any(dim=1) for old, new in zip(start, after, strict=True))


def centers_left_out(student, draw, words, runs):
    """How many centres one step leaves where they were, in a text of so many different words, over several runs."""
    missed = 0
    for _ in range(runs):
        center, _ = rows_that_moved(student, torch.arange(words), words, 1, draw.integer(0, 2**31), negatives=1)
        missed += words - int(center.sum())
    return missed


def scores_by_distance(student, draw, words, times, steps, window):
    """Trained on 0 1 … 0 1 …: the mean score of words 0, 1, 2, … places apart, up to half way round."""
    ids = torch.arange(words).repeat(times)
    center, context = trained(student, ids, words, 6, steps, draw.integer(0, 2**31), window=window, lr=0.08)
    scores = center @ context.T
    return [sum(scores[i, (i + places) % words] for i in range(words)) / words for places in range(words // 2 + 1)]


def test_training_starts_from_small_values_of_the_generator(student, draw, expect):
    """With 0 steps both tables hold draws from ±0.5 / dim, decided by the generator alone."""
    ids, seed = draw.ids(40, 50), draw.integer(0, 2**31)
    first, again, other = (trained(student, ids, 40, 8, 0, s) for s in (seed, seed, seed + 1))
    for table, same, different in zip(first, again, other, strict=True):
        expect.shape(table, (40, 8))
        expect.between(
            table.abs().max(),
            0.05,
            0.5 / 8,
            "The largest start value, signs aside, is not just below 0.5 / dim = 0.0625.",
        )
        expect.between(table.mean(), -0.012, 0.012, "The mean of the start values is not near 0.")
        expect.between(
            table.abs().mean(), 0.026, 0.0365, "Uniform start values are 0.031 from 0 on average; here it is"
        )
        expect.equal(table, same, "The same seed gives other start values.")
        expect.true(not torch.equal(table, different), "Another seed gives the same start values.", actual=different)
    expect.true(not torch.equal(*first), "Both tables start with the same values; each is drawn by itself.")


@pytest.mark.points(3)
def test_each_step_is_a_step_of_adam(student, draw, expect):
    """In a text of one repeated word all pairs are alike, so four steps can be followed exactly."""
    ids, seed, lr = torch.zeros(6, dtype=torch.int64), draw.integer(0, 2**31), draw.uniform(0.05, 0.2)
    start = [table.double().requires_grad_() for table in trained(student, ids, 1, 3, 0, seed)]
    optimizer = torch.optim.Adam(start, lr=lr)
    for _ in range(4):
        score = (start[0] * start[1]).sum()
        optimizer.zero_grad()
        (-F.logsigmoid(score) - 2 * F.logsigmoid(-score)).backward()
        optimizer.step()
    came = trained(student, ids, 1, 3, 4, seed, lr=lr)
    for name, table, wanted in zip(("center", "context"), came, start, strict=True):
        wrong = f"`{name}` is not where four steps of Adam lead."
        expect.close(table, wanted.detach(), wrong, dtype=False, tolerance=2e-4)


def test_a_step_draws_128_pairs_with_negatives_of_their_own(student, draw, expect):
    """In a text of 1000 different words, one step moves about 120 centres; 128 contexts and 640 negatives about 535."""
    center, context = rows_that_moved(student, torch.arange(1000), 1000, 1, draw.integer(0, 2**31), negatives=5)
    expect.between(center.sum(), 106, 128, "128 pairs have about 120 different centres; moved rows of `center`:")
    expect.between(
        context.sum(),
        470,
        600,
        "128 contexts and 640 negatives are about 535 different words; moved rows of `context`:",
    )


def test_a_pair_may_come_twice_in_a_batch(student, draw, expect):
    """In a text of 60 different words, 118 pairs, the 128 that a step draws leave out about 7 centres each time."""
    missed = centers_left_out(student, draw, 60, runs=4)
    expect.greater(
        missed, 0, "Each pair is drawn by itself, so some come twice and others not at all. Centres left out:"
    )


def test_a_short_text_has_batches_of_128_too(student, draw, expect):
    """In a text of 20 different words, 38 pairs, the 128 that a step draws leave out hardly any centre."""
    missed = centers_left_out(student, draw, 20, runs=6)
    expect.less(
        missed, 6, "128 pairs are drawn, again and again from the 38 that there are. Centres left out in six steps:"
    )


def test_near_and_far_pairs_have_the_same_chance(student, draw, expect):
    """In a text that goes 0 1 … 15 0 1 … 15, with a window of 6, near and far contexts score alike."""
    at = scores_by_distance(student, draw, 16, times=7, steps=120, window=6)
    message = "Each pair of the text is drawn with the same chance. Near ones score higher than far ones, by"
    expect.less((at[1] + at[2] - at[5] - at[6]) / 2, 0.6, message)


def test_each_step_draws_anew(student, draw, expect):
    """Three steps move about 320 of 1000 centres, for each draws its own pairs; another seed draws others."""
    seed = draw.integer(0, 2**31)
    center, _ = rows_that_moved(student, torch.arange(1000), 1000, 3, seed, negatives=5)
    expect.between(center.sum(), 260, 384, "Three times 128 pairs have about 320 different centres; moved rows:")
    other, _ = rows_that_moved(student, torch.arange(1000), 1000, 3, seed + 1, negatives=5)
    both = (center & other).sum()
    expect.between(both, 50, 170, "Another seed draws other pairs, so about 100 of 1000 centres are in both; there are")


def test_negatives_follow_the_noise_of_the_counts(student, draw, expect):
    """Of one word that comes 10,000 times and 400 that come once, 29 % of the noise falls on the rare ones."""
    ids = torch.cat([torch.arange(1, 401), torch.zeros(10_000, dtype=torch.int64)])
    _, context = rows_that_moved(student, ids, 401, 1, draw.integer(0, 2**31), negatives=5)
    expect.between(context.sum(), 90, 215, "Of 640 negatives about 183 fall on rare words; moved rows, about 153:")


def test_the_noise_counts_the_text(student, draw, expect):
    """In the text 1 0 2 each word is as likely a negative as the others, though the middle one has two contexts."""
    center, context = trained(
        student, torch.tensor([1, 0, 2]), 3, 4, 140, draw.integer(0, 2**31), window=1, negatives=20, lr=0.05
    )
    scores = center @ context.T
    gap = (scores[1, 0] + scores[2, 0] - scores[0, 1] - scores[0, 2]) / 2
    wrong = (
        "The scores of (1, 0) and (2, 0) are to be above those of (0, 1) and (0, 2) by about ln 2; the difference is"
    )
    expect.between(gap, 0.44, 0.95, wrong)


def test_the_generator_decides_the_training(student, draw, expect):
    """The same generator state gives the same model, and the generator moves on."""
    ids, generator = draw.ids(6, 40), draw.generator()
    state = generator.get_state()
    first = student.train_skipgram(ids, 6, 4, 2, 3, 5, 0.05, generator).state_dict()
    moved = generator.get_state()
    generator.set_state(state)
    again = student.train_skipgram(ids, 6, 4, 2, 3, 5, 0.05, generator).state_dict()
    other = student.train_skipgram(ids, 6, 4, 2, 3, 5, 0.05, generator).state_dict()
    expect.true(not torch.equal(state, moved), "After the training the generator is in the same state as before.")
    for name, value in first.items():
        expect.equal(value, again[name], "The same generator state gives another model.")
        expect.true(
            not torch.equal(value, other[name]), f"The next training with the same generator gives the same `{name}`."
        )


def test_each_training_makes_its_own_model(student, draw, expect):
    """A second training, on another text of the same length, leaves the first model alone and learns its own text."""
    text, seed = torch.arange(8).repeat(3), draw.integer(0, 2**31)
    first = student.train_skipgram(text, 16, 2, 1, 2, 1, 0.05, draw.generator())
    kept = first.state_dict()
    center, context = rows_that_moved(student, text + 8, 16, 1, seed, negatives=2)
    for name, value in first.state_dict().items():
        expect.equal(value, kept[name], "The second training changed the first model.")
    wanted = [False] * 8 + [True] * 8
    expect.equal(center.tolist(), wanted, "The words that moved in `center` are not those of the second text.")
    expect.equal(context.tolist(), wanted, "The words that moved in `context` are not those of the second text.")


def wanted_scores(ids, vocab, window, negatives, power=0.75):
    """What the scores tend to: ln(P(context | centre) / (negatives · noise(context))), Levy and Goldberg 2014."""
    pairs = torch.zeros(vocab, vocab, dtype=torch.float64)
    for a, b in pairs_by_places(ids.tolist(), window):
        pairs[a, b] += 1
    noise = torch.bincount(ids, minlength=vocab).double() ** power
    return torch.log(pairs / pairs.sum(1, keepdim=True) / (negatives * noise / noise.sum()))


@pytest.mark.points(2)
def test_the_scores_tend_to_what_theory_says(student, draw, expect):
    """After training, v · u is near ln(P(context | centre) / (negatives · noise)), on average over all pairs."""
    ids = torch.tensor([0] * 14 + [1] * 5 + [2] * 4)[torch.randperm(23, generator=draw.generator())].repeat(4)
    ids = torch.cat([ids, torch.tensor([0, 0, 1, 1, 2, 2, 0, 2])])
    center, context = trained(student, ids, 3, 4, 300, draw.integer(0, 2**31), window=2, negatives=4, lr=0.03)
    wanted = wanted_scores(ids, 3, 2, 4)
    gap = (center @ context.T - wanted).abs()
    expect.less(gap.mean(), 0.22, "The scores are not near the values that the loss leads to; the mean distance is")


@pytest.mark.points(0.5)
@pytest.mark.parametrize("window", [1, 2, 3])
def test_training_looks_as_far_as_its_window(student, draw, expect, window):
    """In a text that goes 0 1 … 7 0 1 … 7, words up to `window` places apart are contexts and the others are none."""
    at = scores_by_distance(student, draw, 8, times=10, steps=100, window=window)
    contexts, others = at[1 : window + 1], [at[0], *at[window + 1 :]]
    message = f"Pairs 1 to {window} places apart are to score higher than all others; the smallest difference is"
    expect.greater(min(contexts) - max(others), 1.0, message)


@pytest.mark.points(2)
def test_words_in_the_same_company_end_up_close(student, draw, expect):
    """Two words with the same neighbours get similar vectors; a word with two meanings gets one between both."""
    text = []
    for topic in [[0, 1, 2, 3, 4], [0, 5, 6, 7, 8]] * 10:
        text += [draw.choice(topic) for _ in range(20)]
    center, _ = trained(student, torch.tensor(text), 9, 6, 100, draw.integer(0, 2**31), window=3, negatives=5)
    unit = center / center.norm(dim=1, keepdim=True)
    cosines = unit @ unit.T
    money, river = cosines[1:5, 1:5], cosines[5:9, 5:9]
    within = (money.sum() + river.sum() - 8) / 24
    across = cosines[1:5, 5:9].mean()
    bank = torch.stack([cosines[0, 1:5].mean(), cosines[0, 5:9].mean()])
    expect.greater(
        within,
        across + 0.3,
        "Words with the same neighbours are to be closer than others, by 0.3; their mean cosine is",
    )
    expect.greater(
        bank.min(), across + 0.05, "The word that occurs in both companies is to be near both; its lower mean cosine is"
    )


def test_training_refuses_a_text_without_pairs(student, draw, expect):
    """A text of one token or none is a ValueError, and so is a window of 0. Two tokens are enough for any window."""
    for n, window in ((1, 1), (0, 1), (3, 0)):
        expect.raises(ValueError, student.train_skipgram, torch.arange(n), 4, 2, window, 1, 1, 0.1, draw.generator())
    for n, window in ((2, 1), (2, 5), (3, 5)):
        center, _ = trained(student, torch.arange(n), 4, 2, 1, draw.integer(0, 2**31), window=window)
        expect.shape(center, (4, 2), "The shape of `center.weight` after a short text is wrong.")


def test_training_refuses_an_id_out_of_range(student, draw, expect):
    """An id outside the vocabulary, or below 0, is an IndexError that names it, however many steps there are."""
    for bad, steps in ((4, 1), (-1, 1), (-1, 0), (4, 0)):
        ids = torch.tensor([1, bad, 2])
        expect.raises(IndexError, student.train_skipgram, ids, 4, 2, 1, 1, steps, 0.1, draw.generator(), mentions=bad)
