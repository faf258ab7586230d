"""A toy language model: windows, the forward pass by hand, and training that can be followed step by step."""

import math

import pytest
import torch
import torch.nn.functional as F

NAMES = ["embed.weight", "head.bias", "head.weight"]


def weights(draw, vocab, dim, grad=False):
    shapes = {"embed.weight": (vocab, dim), "head.weight": (vocab, dim), "head.bias": (vocab,)}
    return {name: draw.normal(*shape, grad=grad) for name, shape in shapes.items()}


def model_with(student, state):
    model = student.ToyLM(*state["embed.weight"].shape).double()
    model.load_state_dict(state)
    return model


def logits_by_hand(state, x):
    """The forward pass, one window at a time."""
    rows = []
    for window in x.tolist():
        mean = sum(state["embed.weight"][i] for i in window) / len(window)
        rows.append(state["head.weight"] @ mean + state["head.bias"])
    return torch.stack(rows)


def losses_by_hand(state, data, context):
    """The loss of every window of the data, first to last."""
    windows = [data[s : s + context] for s in range(len(data) - context)]
    logits = logits_by_hand(state, torch.stack(windows))
    return F.cross_entropy(logits, data[context:], reduction="none")


# -- windows ------------------------------------------------------------------------------------------


def test_the_target_follows_its_window(student, draw, expect):
    """x holds `context` tokens in a row, y the token after them."""
    data = torch.tensor(draw.shuffled(range(30)))
    context, batch = draw.sizes(2, 2, 7)
    x, y = student.sample_windows(data, context, batch, draw.generator())
    expect.shape(x, (batch, context))
    expect.shape(y, (batch,))
    place = {token: i for i, token in enumerate(data.tolist())}
    for window, target in zip(x.tolist(), y.tolist(), strict=True):
        start = place[window[0]]
        expect.equal(window, data[start : start + context].tolist(), "A window is not `context` tokens in a row.")
        expect.equal(target, data[start + context].item(), "y is not the token that follows its window.")


def test_every_window_is_possible(student, draw, expect):
    """The first and the last window come as often as the others."""
    data = torch.tensor(draw.shuffled(range(9)))
    x, _ = student.sample_windows(data, 4, 1000, draw.generator())
    firsts = [x[:, 0].eq(token).sum().item() for token in data[:5].tolist()]
    wheres = ["first", "second", "third", "fourth", "last"]
    for where, count in zip(wheres, firsts, strict=True):
        expect.between(count, 130, 270, f"The {where} of five windows should be about 200 of 1000 draws; it was")


def test_data_for_one_window(student, expect):
    """With one token more than the context there is one window, and it is drawn."""
    x, y = student.sample_windows(torch.tensor([3, 1, 4]), 2, 3, torch.Generator().manual_seed(1))
    expect.equal(x, torch.tensor([[3, 1]] * 3))
    expect.equal(y, torch.tensor([4] * 3))


def test_the_generator_decides_the_windows(student, draw, expect):
    """The same generator state gives the same windows; the generator moves on, and then come others."""
    data, generator = torch.arange(1000), draw.generator()
    state = generator.get_state()
    first, _ = student.sample_windows(data, 3, 8, generator)
    other, _ = student.sample_windows(data, 3, 8, generator)
    generator.set_state(state)
    again, _ = student.sample_windows(data, 3, 8, generator)
    expect.equal(again, first, "The same generator state gives other windows.")
    expect.true(not torch.equal(first, other), "The next call gives the same windows again.", actual=other)


@pytest.mark.hidden
def test_windows_are_drawn_one_by_one(student, draw, expect):
    """The windows of a batch are independent of one another."""
    x, _ = student.sample_windows(torch.arange(1000), 3, 40, draw.generator())
    starts = x[:, 0]
    expect.less(30, len(set(starts.tolist())), "Of 40 windows out of 997 nearly all should differ; different ones:")
    steps = (starts[1:] - starts[:-1]).tolist()
    expect.less(20, len(set(steps)), "The windows of a batch stand in a regular row; different distances:")


@pytest.mark.parametrize("name", ["sample_windows", "mean_loss"])
def test_data_shorter_than_its_context_is_refused(student, draw, expect, name):
    """Four tokens hold no window of four with a target; a context of 0 is none. Both are a ValueError."""
    data = torch.tensor([0, 1, 2, 1])
    for context in (4, 7, 0, -1):
        if name == "sample_windows":
            expect.raises(ValueError, student.sample_windows, data, context, 2, draw.generator(), mentions=context)
        else:
            expect.raises(ValueError, student.mean_loss, student.ToyLM(3, 2), data, context, mentions=context)


# -- the model ----------------------------------------------------------------------------------------


def test_the_model_has_a_table_and_a_head(student, expect):
    """`embed.weight`, `head.weight` and `head.bias` have their shapes."""
    parameters = student.ToyLM(7, 3).named_parameters()
    expect.equal(sorted(parameters), NAMES, "The parameters are not those of `embed` and a `head` with a bias.")
    expect.shape(parameters["embed.weight"], (7, 3))
    expect.shape(parameters["head.weight"], (7, 3))
    expect.shape(parameters["head.bias"], (7,))


def test_logits_are_the_head_of_the_mean(student, draw, expect):
    """Look up, average over the window, apply the head."""
    vocab, dim, batch, context = draw.sizes(4, 2, 9)
    state = weights(draw, vocab, dim)
    x = draw.ids(vocab, batch, context)
    expect.close(model_with(student, state)(x), logits_by_hand(state, x))


@pytest.mark.hidden
@pytest.mark.parametrize("shape", [(1, 1), (1, 6), (3, 1)], ids=str)
def test_windows_of_any_length(student, draw, expect, shape):
    """One window, and windows of one token."""
    state, x = weights(draw, 5, 3), draw.ids(5, *shape)
    expect.close(model_with(student, state)(x), logits_by_hand(state, x))


@pytest.mark.hidden
def test_the_gradient_reaches_all_parameters(student, draw, expect):
    """Table and head get the gradients of the formula."""
    state, x, cotangent = weights(draw, 6, 4, grad=True), draw.ids(6, 3, 5), draw.normal(3, 6)
    model = model_with(student, {name: value.detach() for name, value in state.items()})
    (model(x) * cotangent).sum().backward()
    (logits_by_hand(state, x) * cotangent).sum().backward()
    found = model.gradients()
    for name in NAMES:
        expect.true(found[name] is not None, f"`{name}` got no gradient: the logits do not depend on it.")
        expect.close(found[name], state[name].grad, f"The gradient of `{name}` is wrong.")


@pytest.mark.hidden
def test_it_runs_on_meta(student, expect):
    """On the meta device the shapes come out without any numbers."""
    logits = student.ToyLM(7, 3).to("meta")(torch.zeros(2, 4, dtype=torch.int64, device="meta"))
    expect.shape(logits, (2, 7))


# -- the mean loss ------------------------------------------------------------------------------------


def test_the_mean_loss_is_over_every_window(student, draw, expect):
    """Each window of the data counts once, the last one too."""
    context, vocab = draw.sizes(2, 2, 6)
    state, data = weights(draw, vocab, 3), draw.ids(vocab, 13)
    came = student.mean_loss(model_with(student, state), data, context)
    expect.close(came, losses_by_hand(state, data, context).mean().item())


@pytest.mark.hidden
def test_the_mean_loss_of_one_window(student, draw, expect):
    """Data with a single window."""
    state, data = weights(draw, 4, 3), draw.ids(4, 6)
    came = student.mean_loss(model_with(student, state), data, 5)
    expect.close(came, losses_by_hand(state, data, 5).item())


# -- training -----------------------------------------------------------------------------------------


def train_by_hand(state, x, y, steps, lr, learning=NAMES):
    """Adam on the same batch again and again: the losses before each step, and the parameters after the last."""
    state = {name: value.clone().requires_grad_(name in learning) for name, value in state.items()}
    optimizer = torch.optim.Adam([state[name] for name in learning], lr=lr)
    losses = []
    for _ in range(steps):
        loss = F.cross_entropy(logits_by_hand(state, x), y)
        losses += [loss.item()]
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return losses, state


def test_training_can_be_followed_step_by_step(student, draw, expect):
    """On data of one window every batch is the same, so losses and parameters are those of Adam."""
    context, vocab, batch = draw.sizes(3, 3, 7)
    state, data, lr = weights(draw, vocab, 4), draw.ids(vocab, context + 1), draw.uniform(0.02, 0.2)
    wanted, after = train_by_hand(state, data[None, :-1], data[-1:], 5, lr)
    model = model_with(student, state)
    losses = student.train_toy_lm(model, data, context, 5, batch, lr, draw.generator())
    expect.equal(len(losses), 5, "One loss for each step was wanted.")
    expect.close(losses, wanted, "The losses are not those of Adam, each taken before its update.")
    for name, value in model.state_dict().items():
        expect.close(value, after[name], f"After five steps `{name}` is not where Adam leads.")


def test_frozen_parameters_stay(student, draw, expect):
    """With `embed` frozen the head learns as Adam says, the table does not move, and it stays frozen."""
    state, data = weights(draw, 5, 3), draw.ids(5, 5)
    wanted, after = train_by_hand(state, data[None, :-1], data[-1:], 4, 0.1, NAMES[1:])
    model = model_with(student, state)
    for parameter in model.embed.parameters():
        parameter.requires_grad_(False)
    losses = student.train_toy_lm(model, data, 4, 4, 3, 0.1, draw.generator())
    found = model.state_dict()
    expect.equal(found["embed.weight"], state["embed.weight"], "A frozen parameter was changed.")
    expect.close(losses, wanted, "The losses are not those of training the head alone.")
    expect.close(found["head.weight"], after["head.weight"], "The parameters that are not frozen did not learn.")
    for parameter in model.embed.parameters():
        expect.true(not parameter.requires_grad, "A frozen parameter was unfrozen.")


def test_each_step_has_a_fresh_batch(student, draw, expect):
    """With a learning rate of 0 and batches of one, every window's loss turns up, and no other."""
    state, data = weights(draw, 6, 3), torch.tensor(draw.shuffled(range(6)))
    losses = student.train_toy_lm(model_with(student, state), data, 3, 60, 1, 0.0, draw.generator())
    wanted = losses_by_hand(state, data, 3).tolist()
    for loss in losses:
        near = min(abs(loss - value) for value in wanted)
        expect.less(near, 1e-6, "A loss belongs to none of the three windows; its distance to the nearest is")
    seen = {min(range(3), key=lambda i, loss=loss: abs(loss - wanted[i])) for loss in losses}
    expect.equal(len(seen), 3, "In 60 steps with batches of one, not all three windows were drawn.")


@pytest.mark.hidden
def test_the_generator_decides_the_training(student, draw, expect):
    """The same generator state gives the same losses, another one others."""
    state, data, generator = weights(draw, 7, 3), draw.ids(7, 200), draw.generator()
    start = generator.get_state()
    first = student.train_toy_lm(model_with(student, state), data, 3, 4, 5, 0.1, generator)
    other = student.train_toy_lm(model_with(student, state), data, 3, 4, 5, 0.1, generator)
    generator.set_state(start)
    again = student.train_toy_lm(model_with(student, state), data, 3, 4, 5, 0.1, generator)
    expect.equal(again, first, "The same generator state gives other losses.")
    expect.true(other != first, "The generator moved on, but the losses are the same.", actual=other)


@pytest.mark.limit(60)
def test_the_loss_falls_from_a_fair_guess(student, draw, expect):
    """The loss begins near ln(vocab), and on a text that repeats itself it comes near 0."""
    data = torch.tensor(draw.shuffled(range(7))).repeat(20)
    model = student.ToyLM(7, 16)
    losses = student.train_toy_lm(model, data, 6, 160, 32, 0.02, draw.generator())
    expect.between(losses[0], math.log(7) - 0.4, math.log(7) + 0.4, "The first loss is not near ln(7) = 1.946.")
    expect.less(losses[-1], 0.3, "After 160 steps the loss is still high:")
    came = student.mean_loss(model, data, 6)
    expect.close(came, losses[-1], "The model has not learned what its losses say.", tolerance=0.15)
