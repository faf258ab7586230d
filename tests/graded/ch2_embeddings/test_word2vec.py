"""Skip-gram: the pairs, the noise, the loss by hand, and what training arrives at."""

import math

import pytest
import torch
import torch.nn.functional as F


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
    model = student.SkipGram(*center.shape).double()
    model.load_state_dict({"center.weight": center, "context.weight": context})
    return model


# -- pairs --------------------------------------------------------------------------------------------


def test_three_tokens_have_four_pairs(student, expect):
    """The ids 5, 6, 7 with window 1 have the pairs (5, 6), (6, 5), (6, 7), (7, 6)."""
    pairs = student.skipgram_pairs(torch.tensor([5, 6, 7]), 1)
    expect.shape(pairs, (4, 2))
    expect.equal(sorted(pairs.tolist()), [[5, 6], [6, 5], [6, 7], [7, 6]])


@pytest.mark.parametrize("window", [2, 3])
def test_every_pair_within_the_window_is_there(student, draw, expect, window):
    """Centre and context are at most `window` places apart, on either side; repeated pairs stay."""
    ids = draw.ids(4, 9)
    pairs = student.skipgram_pairs(ids, window)
    expect.dtype(pairs, torch.int64)
    expect.equal(sorted(pairs.tolist()), pairs_by_places(ids.tolist(), window))


@pytest.mark.hidden
def test_a_window_may_be_longer_than_the_text(student, expect):
    """With a window of 10, four tokens all see one another."""
    ids = torch.tensor([3, 1, 4, 1])
    expect.equal(sorted(student.skipgram_pairs(ids, 10).tolist()), pairs_by_places([3, 1, 4, 1], 10))


@pytest.mark.hidden
def test_one_token_has_no_pairs(student, expect):
    """A text of one token gives a result of shape (0, 2)."""
    expect.shape(student.skipgram_pairs(torch.tensor([3]), 2), (0, 2))


@pytest.mark.parametrize("window", [0, -2])
def test_a_window_below_one_is_refused(student, expect, window):
    """A window below 1 raises a ValueError that names it."""
    expect.raises(ValueError, student.skipgram_pairs, torch.tensor([1, 2, 3]), window, mentions=window)


# -- noise --------------------------------------------------------------------------------------------


def test_noise_is_counts_to_the_power_of_three_quarters(student, expect):
    """Counts 16 and 1 become 8 and 1, so 8/9 and 1/9; a word that never occurs gets 0."""
    noise = student.noise_distribution(torch.tensor([16.0, 1.0, 0.0], dtype=torch.float64))
    expect.close(noise, torch.tensor([8 / 9, 1 / 9, 0.0], dtype=torch.float64))


@pytest.mark.hidden
@pytest.mark.parametrize("power", [1.0, 0.4])
def test_noise_takes_any_power(student, draw, expect, power):
    """Another power is used where it is given."""
    counts = [draw.integer(1, 50) for _ in range(6)]
    wanted = torch.tensor([n**power / sum(m**power for m in counts) for n in counts], dtype=torch.float64)
    expect.close(student.noise_distribution(torch.tensor(counts).double(), power=power), wanted)


@pytest.mark.hidden
def test_noise_of_whole_numbers(student, draw, expect):
    """Counts from torch.bincount are whole numbers and work as well."""
    counts = torch.tensor([draw.integer(1, 50) for _ in range(5)])
    wanted = counts.double() ** 0.75 / (counts.double() ** 0.75).sum()
    expect.close(student.noise_distribution(counts), wanted, dtype=False, tolerance=1e-5)


@pytest.mark.hidden
def test_noise_without_counts_is_refused(student, expect):
    """Counts that are all zero raise a ValueError."""
    expect.raises(ValueError, student.noise_distribution, torch.zeros(4, dtype=torch.int64))


# -- the model and its loss ---------------------------------------------------------------------------


def test_a_word_has_two_vectors(student, expect):
    """`center` and `context` are tables with one row per word."""
    parameters = student.SkipGram(7, 3).named_parameters()
    expect.equal(sorted(parameters), ["center.weight", "context.weight"], "The parameters are not the two tables.")
    for value in parameters.values():
        expect.shape(value, (7, 3))


def test_scores_of_zero_cost_ln_2_each(student, expect):
    """With all scores 0, three negatives and the true pair cost 4 · ln 2."""
    model = model_with(student, torch.zeros(5, 2).double(), torch.zeros(5, 2).double())
    loss = model.loss(torch.tensor([1, 2]), torch.tensor([2, 0]), torch.tensor([[3, 4, 0], [1, 1, 3]]))
    expect.close(loss, torch.tensor(4 * math.log(2), dtype=torch.float64))


def test_the_loss_sums_negatives_and_averages_the_batch(student, draw, expect):
    """−log σ(v·u) − Σ log σ(−v·n), averaged over the batch."""
    vocab, dim, batch, negatives = draw.sizes(4, 2, 8)
    center, context = draw.normal(vocab, dim), draw.normal(vocab, dim)
    ids = draw.ids(vocab, batch), draw.ids(vocab, batch), draw.ids(vocab, batch, negatives)
    loss = model_with(student, center, context).loss(*ids)
    expect.close(loss, loss_by_hand(center, context, *ids))


@pytest.mark.hidden
def test_the_loss_of_one_pair_with_one_negative(student, draw, expect):
    """A batch of one with a single negative."""
    center, context = draw.normal(4, 3), draw.normal(4, 3)
    ids = torch.tensor([2]), torch.tensor([0]), torch.tensor([[3]])
    expect.close(model_with(student, center, context).loss(*ids), loss_by_hand(center, context, *ids))


@pytest.mark.hidden
def test_the_loss_stays_finite_for_large_scores(student, draw, expect):
    """Scores above a thousand, on either side of zero, give a large loss, not infinity."""
    center, context = (20 * (1 + draw.normal(6, 4).abs()) for _ in range(2))
    context[3:] *= -1
    ids = draw.ids(6, 4), torch.tensor([0, 3, 5, 1]), torch.tensor([[2, 4], [5, 1], [0, 0], [3, 3]])
    expect.close(model_with(student, center, context).loss(*ids), loss_by_hand(center, context, *ids))


def test_both_tables_get_their_gradients(student, draw, expect):
    """The gradients of both tables are those of the formula."""
    center, context = draw.normal(5, 3, grad=True), draw.normal(5, 3, grad=True)
    ids = draw.ids(5, 4), draw.ids(5, 4), draw.ids(5, 4, 2)
    model = model_with(student, center.detach(), context.detach())
    model.loss(*ids).backward()
    loss_by_hand(center, context, *ids).backward()
    found = model.gradients()
    for name, wanted in (("center.weight", center.grad), ("context.weight", context.grad)):
        expect.true(found[name] is not None, f"`{name}` got no gradient: the loss does not depend on it.")
        expect.close(found[name], wanted, f"The gradient of `{name}` is wrong.")


# -- training -----------------------------------------------------------------------------------------


def trained(student, ids, vocab, dim, steps, seed, window=1, negatives=2, lr=0.05):
    model = student.train_skipgram(ids, vocab, dim, window, negatives, steps, lr, torch.Generator().manual_seed(seed))
    found = model.named_parameters()
    return found["center.weight"], found["context.weight"]


def test_training_starts_from_small_values_of_the_generator(student, draw, expect):
    """With 0 steps both tables hold draws from ±0.5 / dim, decided by the generator alone."""
    ids, seed = draw.ids(40, 50), draw.integer(0, 2**31)
    first, again, other = (trained(student, ids, 40, 8, 0, s) for s in (seed, seed, seed + 1))
    for table, same, different in zip(first, again, other, strict=True):
        expect.shape(table, (40, 8))
        expect.between(table.abs().max(), 0.05, 0.5 / 8, "The largest start value does not fit ±0.5 / dim = ±0.0625.")
        expect.between(table.mean(), -0.01, 0.01, "The start values are not spread evenly around 0.")
        expect.equal(table, same, "The same seed gives other start values: they come from another generator.")
        expect.true(not torch.equal(table, different), "Another seed gives the same start values.", actual=different)


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
    expect.close(came[0], start[0], "`center` is not where four steps of Adam lead.", dtype=False)
    expect.close(came[1], start[1], "`context` is not where four steps of Adam lead.", dtype=False)


@pytest.mark.hidden
def test_the_generator_decides_the_training(student, draw, expect):
    """The same generator state gives the same model, and the generator moves on."""
    ids, generator = draw.ids(6, 40), draw.generator()
    state = generator.get_state()
    first = student.train_skipgram(ids, 6, 4, 2, 3, 5, 0.05, generator).state_dict()
    moved = generator.get_state()
    generator.set_state(state)
    again = student.train_skipgram(ids, 6, 4, 2, 3, 5, 0.05, generator).state_dict()
    other = student.train_skipgram(ids, 6, 4, 2, 3, 5, 0.05, generator).state_dict()
    expect.true(not torch.equal(state, moved), "The generator was not used.")
    for name, value in first.items():
        expect.equal(value, again[name], "The same generator state gives another model.")
        expect.true(not torch.equal(value, other[name]), "The generator moved on, but the model is the same.")


def wanted_scores(ids, vocab, window, negatives, power=0.75):
    """What the scores tend to: ln(P(context | centre) / (negatives · noise(context))), Levy and Goldberg 2014."""
    pairs = torch.zeros(vocab, vocab, dtype=torch.float64)
    for a, b in pairs_by_places(ids.tolist(), window):
        pairs[a, b] += 1
    noise = torch.bincount(ids, minlength=vocab).double() ** power
    return torch.log(pairs / pairs.sum(1, keepdim=True) / (negatives * noise / noise.sum()))


@pytest.mark.limit(60)
def test_the_scores_tend_to_what_theory_says(student, draw, expect):
    """After training, v · u is near ln(P(context | centre) / (negatives · noise)) for every pair."""
    ids = torch.tensor([0] * 14 + [1] * 5 + [2] * 4)[torch.randperm(23, generator=draw.generator())].repeat(4)
    ids = torch.cat([ids, torch.tensor([0, 0, 1, 1, 2, 2, 0, 2])])
    center, context = trained(student, ids, 3, 4, 300, draw.integer(0, 2**31), window=2, negatives=4, lr=0.03)
    wanted = wanted_scores(ids, 3, 2, 4)
    gap = (center @ context.T - wanted).abs()
    expect.less(gap.mean(), 0.22, "The scores are not near the values that the loss leads to; the mean distance is")


@pytest.mark.limit(60)
def test_training_looks_as_far_as_its_window(student, draw, expect):
    """In a text that goes 0 1 2 3 0 1 2 3, the word two places on is a context with window 2 and none with window 1."""
    ids = torch.arange(4).repeat(20)
    near, far = [], []
    for window in (1, 2):
        center, context = trained(student, ids, 4, 6, 120, draw.integer(0, 2**31), window=window)
        scores = center @ context.T
        near.append(sum(scores[i, (i + 1) % 4] for i in range(4)) / 4)
        far.append(sum(scores[i, (i + 2) % 4] for i in range(4)) / 4)
    expect.less(far[0], near[0] - 2, "With window 1, two places on is no context, but such pairs score like true ones:")
    expect.less(near[1] - 2, far[1], "With window 2, two places on is a context, but such pairs score like false ones:")


@pytest.mark.limit(60)
def test_words_in_the_same_company_end_up_close(student, draw, expect):
    """Two words with the same neighbours get similar vectors; a word with two meanings gets one between both."""
    text = []
    for topic in [[0, 1, 2, 3, 4], [0, 5, 6, 7, 8]] * 5:
        text += [draw.choice(topic) for _ in range(20)]
    center, _ = trained(student, torch.tensor(text), 9, 6, 80, draw.integer(0, 2**31), window=2, negatives=3)
    unit = center / center.norm(dim=1, keepdim=True)
    cosines = unit @ unit.T
    money, river = cosines[1:5, 1:5], cosines[5:9, 5:9]
    within = (money.sum() + river.sum() - 8) / 24
    across = cosines[1:5, 5:9].mean()
    bank = torch.stack([cosines[0, 1:5].mean(), cosines[0, 5:9].mean()])
    expect.less(across + 0.3, within, "Words that share their neighbours are not closer than words that do not:")
    expect.less(across + 0.05, bank.min(), "The word that occurs in both companies is not between them:")


@pytest.mark.hidden
def test_training_refuses_what_it_cannot_use(student, draw, expect):
    """A text of one token is a ValueError, an id outside the vocabulary an IndexError."""
    expect.raises(ValueError, student.train_skipgram, torch.tensor([1]), 4, 2, 1, 1, 1, 0.1, draw.generator())
    expect.raises(
        IndexError, student.train_skipgram, torch.tensor([1, 4, 2]), 4, 2, 1, 1, 1, 0.1, draw.generator(), mentions=4
    )
