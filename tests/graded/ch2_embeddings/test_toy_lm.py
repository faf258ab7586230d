"""A toy language model: windows, the forward pass by hand, and training that can be followed step by step."""

import math

import pytest
import torch
import torch.nn.functional as F
from model_checks import deep_module, load, nn_of

NAMES = ["embed.weight", "head.bias", "head.weight"]
FLOAT32 = 2e-5  # what float32 in between leaves of a value near 1
STEPPED = 3e-4  # the same after a few steps of Adam, which divides small gradients by their own size


def weights(draw, vocab, dim, grad=False):
    shapes = {"embed.weight": (vocab, dim), "head.weight": (vocab, dim), "head.bias": (vocab,)}
    return {name: draw.normal(*shape, grad=grad) for name, shape in shapes.items()}


def model_with(student, state):
    return load(student.ToyLM(*state["embed.weight"].shape).double(), state)


def windows_of(draw, vocab, batch, context):
    """Windows with id 0 in them, and in each of them an id that stands there twice beside another one."""
    x = draw.ids(vocab, batch, context)
    x[:, 0], x[:, 1], x[:, 2] = 0, 0, 1 + draw.ids(vocab - 1, batch)
    return x


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


def check_windows(expect, x, y, data, context, batch):
    """Every row of x stands in the data, whose tokens all differ, and y comes after it."""
    expect.shape(x, (batch, context))
    expect.shape(y, (batch,))
    place = {token: i for i, token in enumerate(data.tolist())}
    for window, target in zip(x.tolist(), y.tolist(), strict=True):
        start = place.get(window[0], len(data))
        expect.equal(window, data[start : start + context].tolist(), "A window is not `context` tokens in a row.")
        expect.equal(
            [target], data[start + context : start + context + 1].tolist(), "y is not the token after its window."
        )


@pytest.mark.points(3)
def test_the_target_follows_its_window(student, draw, expect):
    """x holds `context` tokens in a row, y the token after them."""
    data = torch.tensor(draw.shuffled(range(30)))
    context, batch = draw.sizes(2, 2, 7)
    x, y = student.sample_windows(data, context, batch, draw.generator())
    check_windows(expect, x, y, data, context, batch)


@pytest.mark.points(0.5)
@pytest.mark.parametrize(("context", "batch"), [(1, 5), (4, 1), pytest.param(11, 1, marks=pytest.mark.hidden)], ids=str)
def test_windows_of_one_token_and_one_window(student, draw, expect, context, batch):
    """Windows of one token, and a batch of one window, are tokens in a row, with the token after them."""
    data = torch.tensor(draw.shuffled(range(60)))[::2]
    x, y = student.sample_windows(data, context, batch, draw.generator())
    check_windows(expect, x, y, data, context, batch)


@pytest.mark.points(2)
def test_every_window_is_possible(student, draw, expect):
    """The first and the last window come as often as the others."""
    data = torch.tensor(draw.shuffled(range(9)))
    x, _ = student.sample_windows(data, 4, 20_000, draw.generator())
    firsts = [x[:, 0].eq(token).sum().item() for token in data[:5].tolist()]
    wheres = ["first", "second", "third", "fourth", "last"]
    for where, count in zip(wheres, firsts, strict=True):
        expect.between(count, 3660, 4340, f"The {where} of five windows should be about 4000 of 20000 draws; it was")


def test_data_for_one_window(student, expect):
    """With one token more than the context there is one window, and it is drawn as often as the batch is long."""
    x, y = student.sample_windows(torch.tensor([3, 1, 4]), 2, 3, torch.Generator().manual_seed(1))
    expect.equal(x, torch.tensor([[3, 1]] * 3))
    expect.equal(y, torch.tensor([4] * 3))


def test_windows_are_drawn_one_by_one(student, draw, expect):
    """The windows of a batch are drawn one by one: most of them differ, and they lie at many different distances."""
    x, _ = student.sample_windows(torch.arange(1000), 3, 40, draw.generator())
    starts = x[:, 0]
    expect.greater(len(set(starts.tolist())), 25, "Of 40 windows out of 997 nearly all should differ; different ones:")
    steps = (starts[1:] - starts[:-1]).tolist()
    expect.greater(
        len(set(steps)), 20, "From window to window of a batch the distance should vary; different distances:"
    )


def test_a_window_may_come_twice(student, draw, expect):
    """In six batches of eight out of eight windows at least one window comes twice."""
    data, repeats = torch.arange(11), 0
    for _ in range(6):
        x, _ = student.sample_windows(data, 3, 8, draw.generator())
        repeats += 8 - len(set(x[:, 0].tolist()))
    expect.greater(
        repeats, 0, "In six batches of eight out of eight windows some should come twice. Windows that came again:"
    )


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


def test_each_call_draws_from_its_own_data(student, draw, expect):
    """A second call with other data of the same length draws from these."""
    student.sample_windows(torch.tensor(draw.shuffled(range(12))), 3, 4, draw.generator())
    data = torch.tensor(draw.shuffled(range(20, 32)))
    x, y = student.sample_windows(data, 3, 4, draw.generator())
    check_windows(expect, x, y, data, 3, 4)


@pytest.mark.parametrize("name", ["sample_windows", "mean_loss", "train_toy_lm"])
def test_data_shorter_than_its_context_is_refused(student, draw, expect, name):
    """Four tokens hold no window of four, or of 14, with a target; a context of 0 is none: all are a ValueError."""
    data = torch.tensor([0, 1, 2, 1])
    for context, value in ((4, 4), (14, (14, 4)), (0, 0), (-1, -1)):  # either number of the two will do
        if name == "sample_windows":
            arguments = data, context, 2, draw.generator()
        elif name == "mean_loss":
            arguments = student.ToyLM(3, 2), data, context
        else:
            arguments = student.ToyLM(3, 2), data, context, 2, 3, 0.1, draw.generator()
        expect.raises(ValueError, getattr(student, name), *arguments, mentions=value)


# -- the model ----------------------------------------------------------------------------------------


@pytest.mark.points(2)
def test_the_model_has_a_table_and_a_head(student, expect):
    """`embed.weight`, `head.weight` and `head.bias` have their shapes."""
    parameters = student.ToyLM(7, 3).named_parameters()
    expect.equal(sorted(parameters), NAMES, "The parameters are not those of `embed` and a `head` with a bias.")
    expect.shape(parameters["embed.weight"], (7, 3))
    expect.shape(parameters["head.weight"], (7, 3))
    expect.shape(parameters["head.bias"], (7,))


def test_no_two_rows_start_alike(student, expect):
    """The rows of the table start apart, as those of your own Embedding do, or training could not tell ids apart."""
    table = student.ToyLM(7, 3).named_parameters()["embed.weight"]
    apart = (table[:, None] - table).abs().sum(-1)
    expect.true(
        (apart + torch.eye(7) > 0).all(),
        "Two rows of `embed.weight` start with the same values, or there is NaN.",
        actual=table,
    )


@pytest.mark.points(4)
def test_logits_are_the_head_of_the_mean(student, draw, expect):
    """Look up, average over the window, apply the head."""
    vocab, dim, batch, context = draw.sizes(4, 3, 9)
    state, x = weights(draw, vocab, dim), windows_of(draw, vocab, batch, context)
    expect.close(model_with(student, state)(x), logits_by_hand(state, x), tolerance=FLOAT32)


@pytest.mark.points(2)
def test_windows_of_any_length(student, draw, expect):
    """One model reads windows of one token and of six, one window and three."""
    state = weights(draw, 5, 3)
    model = model_with(student, state)
    for shape in ((1, 1), (1, 6), (3, 1), (2, 7), (4, 4)):
        x = draw.ids(5, *shape)
        expect.close(model(x), logits_by_hand(state, x), tolerance=FLOAT32)
    x = 1 + draw.ids(4, 2, 40)
    x[:, 0] = 0
    expect.close(model(x), logits_by_hand(state, x), "The logits of windows of 40 tokens are wrong.", tolerance=FLOAT32)


@pytest.mark.hidden
def test_a_long_window_of_one_id(student, draw, expect):
    """The mean over a window that holds the same id forty times is that id's vector."""
    state = weights(draw, 4, 2)
    x = torch.full((1, 40), 3)
    expect.close(model_with(student, state)(x), logits_by_hand(state, x), tolerance=FLOAT32)


def test_each_call_looks_up_anew(student, draw, expect):
    """A second call with other windows, and one after the weights have changed, have their own logits."""
    first, second = weights(draw, 6, 3), weights(draw, 6, 3)
    x, other = windows_of(draw, 6, 2, 4), windows_of(draw, 6, 2, 4) % 5 + 1
    model = model_with(student, first)
    model(x)
    expect.close(model(other), logits_by_hand(first, other), tolerance=FLOAT32)
    load(model, second)
    expect.close(model(other), logits_by_hand(second, other), tolerance=FLOAT32)


@pytest.mark.points(2)
def test_the_gradient_reaches_all_parameters(student, draw, expect):
    """Table and head get the gradients of the formula."""
    state, x, cotangent = weights(draw, 6, 4, grad=True), windows_of(draw, 6, 3, 5), draw.normal(3, 6)
    model = model_with(student, {name: value.detach() for name, value in state.items()})
    (model(x) * cotangent).sum().backward()
    (logits_by_hand(state, x) * cotangent).sum().backward()
    found = model.gradients()
    for name in NAMES:
        expect.true(found[name] is not None, f"`{name}` got no gradient.")
        expect.close(found[name], state[name].grad, f"The gradient of `{name}` is wrong.", tolerance=FLOAT32)


def test_the_dtype_is_that_of_the_parameters(student, expect):
    """Float32 logits from float32 parameters, float64 ones from float64."""
    model, x = student.ToyLM(7, 3), torch.tensor([[1, 2], [0, 6]])
    expect.dtype(model(x), torch.float32)
    expect.dtype(model.double()(x), torch.float64)


def test_it_runs_on_meta(student, expect):
    """On the meta device the shapes come out without any numbers."""
    logits = student.ToyLM(7, 3).to("meta")(torch.zeros(2, 4, dtype=torch.int64, device="meta"))
    expect.shape(logits, (2, 7))


# -- the mean loss ------------------------------------------------------------------------------------


@pytest.mark.points(2)
def test_the_mean_loss_is_over_every_window(student, draw, expect):
    """Each window of the data counts once, the last one too."""
    context, vocab = draw.sizes(2, 2, 6)
    state, data = weights(draw, vocab, 3), draw.ids(vocab, 13)
    came = student.mean_loss(model_with(student, state), data, context)
    expect.close(came, losses_by_hand(state, data, context).mean().item(), tolerance=FLOAT32)


def test_the_mean_loss_of_one_window(student, draw, expect):
    """The mean loss of data with a single window is the loss of that window."""
    state, data = weights(draw, 4, 3), draw.ids(4, 6)
    came = student.mean_loss(model_with(student, state), data, 5)
    expect.close(came, losses_by_hand(state, data, 5).item(), tolerance=FLOAT32)


def test_the_mean_loss_of_many_windows(student, draw, expect):
    """Every one of 4103 windows weighs the same, those of a last, shorter batch too."""
    data, apart = draw.ids(4, 4105), 0.0
    data[-9:] = 3
    while apart < 0.5:  # the last windows have a loss of their own
        state = weights(draw, 4, 3)
        losses = losses_by_hand(state, data, 2)
        apart = (losses[-1] - losses.mean()).abs()
    came = student.mean_loss(model_with(student, state), data, 2)
    expect.close(came, losses.mean().item(), tolerance=FLOAT32)


def test_each_mean_loss_is_of_its_own_data(student, draw, expect):
    """A second call with other data of the same length, and one with another model, have their own losses."""
    first, second = weights(draw, 5, 3), weights(draw, 5, 3)
    data, other = draw.ids(5, 11), draw.ids(5, 11)
    model = model_with(student, first)
    student.mean_loss(model, data, 3)
    came = student.mean_loss(model, other, 3)
    expect.close(came, losses_by_hand(first, other, 3).mean().item(), tolerance=FLOAT32)
    came = student.mean_loss(model_with(student, second), other, 3)
    expect.close(came, losses_by_hand(second, other, 3).mean().item(), tolerance=FLOAT32)


def test_the_mean_loss_needs_no_gradients(student, draw, expect):
    """Nothing is kept for a backward pass that never comes, and the model is left as it is."""
    state, data = weights(draw, 5, 3), draw.ids(5, 40)
    model = model_with(student, state)
    with student.counting() as counts:
        student.mean_loss(model, data, 4)
    expect.equal(counts.saved_bytes, 0, "`mean_loss` keeps bytes for a backward pass.")
    for name, value in model.state_dict().items():
        expect.equal(value, state[name], f"`{name}` was changed.")
    for name, value in model.gradients().items():
        expect.true(value is None, f"`{name}` was given a gradient.", actual=value)
    for parameter in model.parameters():
        expect.true(parameter.requires_grad, "After `mean_loss` a parameter has requires_grad=False.")


@pytest.mark.alone
@pytest.mark.hidden
def test_the_mean_loss_of_a_deep_model_takes_little_memory(student, draw, expect):
    """With 112 MiB of memory, a model of a hundred layers that give 2 MiB each has its loss."""
    nn, data = nn_of(student), draw.ids(4, 4099)
    model = deep_module(student, nn.Embedding(4, 32), nn.Flatten(), last=(nn.Linear(128, 4),))
    student.mean_loss(model, data[:9], 4)  # what a library sets up at the first call is there
    with student.memory(112 * 2**20):
        came = student.mean_loss(model, data, 4)
    expect.between(came, 0.5, 4.0, "The mean loss of four ids is far from ln 4 ≈ 1.39:")


def test_the_mean_loss_leaves_mode_and_gradients(student, draw, expect):
    """A model stays in its mode, the gradients that it has stay as they are, and what is frozen stays frozen."""
    model = model_with(student, weights(draw, 5, 3))
    model(draw.ids(5, 2, 4)).sum().backward()
    model.head.requires_grad_(False)
    learning = [parameter.requires_grad for parameter in model.parameters()]
    before, data = model.gradients(), draw.ids(5, 9)
    for training in (True, False):
        model.train(training)
        student.mean_loss(model, data, 4)
        for part in (model, model.head):
            expect.equal(part.training, training, "After mean_loss the model or its head is in another mode.")
        for name, value in model.gradients().items():
            expect.true(value is not None, f"`{name}` has no gradient after mean_loss.")
            expect.equal(value, before[name], f"The gradient of `{name}` is another one after mean_loss.")
    after = [parameter.requires_grad for parameter in model.parameters()]
    expect.equal(after, learning, "After mean_loss other parameters are frozen than before.")


def test_the_mean_loss_takes_any_model(student, draw, expect):
    """`model` is any nn.Module that makes logits of windows, here one whose layers have other names."""
    nn = student.imported("torch.nn")
    table, matrix, data = draw.normal(5, 2), draw.normal(5, 6), draw.ids(5, 12)
    model = nn.Sequential(nn.Embedding(5, 2), nn.Flatten(), nn.Linear(6, 5, bias=False)).double()
    model.load_state_dict({"0.weight": table, "2.weight": matrix})
    logits = torch.stack([matrix @ table[data[s : s + 3]].reshape(-1) for s in range(9)])
    came = student.mean_loss(model, data, 3)
    expect.close(came, F.cross_entropy(logits, data[3:]).item(), tolerance=FLOAT32)


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
    return losses, {name: value.detach() for name, value in state.items()}


def check_losses(expect, losses, wanted, message):
    expect.equal(len(losses), len(wanted), "There is not one loss for each step.")
    for loss in losses:
        expect.true(not torch.is_tensor(loss), "A loss is a tensor and not a float: `.item()` makes one.", actual=loss)
    expect.close(losses, wanted, message, tolerance=STEPPED)


def check_training(expect, model, losses, wanted, after):
    check_losses(expect, losses, wanted, "The losses are not those of Adam, each taken before its update.")
    for name, value in model.state_dict().items():
        expect.close(value, after[name], f"`{name}` is not where Adam leads.", tolerance=STEPPED)


@pytest.mark.points(4)
def test_training_can_be_followed_step_by_step(student, draw, expect):
    """On data of one window every batch is the same, so losses and parameters are those of Adam."""
    context, vocab, batch = draw.sizes(3, 3, 7)
    state, data, lr = weights(draw, vocab, 4), draw.ids(vocab, context + 1), draw.uniform(0.05, 0.15)
    wanted, after = train_by_hand(state, data[None, :-1], data[-1:], 5, lr)
    model = model_with(student, state)
    losses = student.train_toy_lm(model, data, context, 5, batch, lr, draw.generator())
    check_training(expect, model, losses, wanted, after)


@pytest.mark.hidden
def test_a_single_step(student, draw, expect):
    """After one step with a batch of one, the loss and the parameters are those of Adam."""
    state, data = weights(draw, 9, 2), draw.ids(9, 3)
    wanted, after = train_by_hand(state, data[None, :-1], data[-1:], 1, 0.3)
    model = model_with(student, state)
    losses = student.train_toy_lm(model, data, 2, 1, 1, 0.3, draw.generator())
    check_training(expect, model, losses, wanted, after)


def test_training_again_starts_afresh(student, draw, expect):
    """A second training of the same model, on other data and at another rate, has an optimizer of its own."""
    state, generator = weights(draw, 5, 3), draw.generator()
    model = model_with(student, state)
    for lr in (0.1, 0.05):
        data = draw.ids(5, 5)
        wanted, state = train_by_hand(state, data[None, :-1], data[-1:], 3, lr)
        losses = student.train_toy_lm(model, data, 4, 3, 2, lr, generator)
        check_training(expect, model, losses, wanted, state)


@pytest.mark.points(2)
@pytest.mark.parametrize("part", ["embed", "head"])
def test_frozen_parameters_stay(student, draw, expect, part):
    """With `embed` or `head` frozen the other learns as Adam says, the frozen part stays, with an old gradient too."""
    state, data = weights(draw, 5, 3), draw.ids(5, 5)
    learning = [name for name in NAMES if not name.startswith(part)]
    wanted, after = train_by_hand(state, data[None, :-1], data[-1:], 4, 0.1, learning)
    model = model_with(student, state)
    other = model.head if part == "embed" else model.embed
    for parameter in other.parameters():
        parameter.requires_grad_(False)
    (model(data[None]) * draw.normal(1, 5)).sum().backward()  # leaves a gradient in the part that is frozen next
    for parameter in other.parameters():
        parameter.requires_grad_(True)
    for parameter in getattr(model, part).parameters():
        parameter.requires_grad_(False)
    losses = student.train_toy_lm(model, data, 4, 4, 3, 0.1, draw.generator())
    found = model.state_dict()
    for name in NAMES:
        if name in learning:
            expect.close(
                found[name],
                after[name],
                f"`{name}`, which is not frozen, is not what the steps of Adam make of it.",
                tolerance=STEPPED,
            )
        else:
            expect.equal(found[name], state[name], f"`{name}` is frozen, and it was changed.")
    check_losses(expect, losses, wanted, "The losses are not those of training what is not frozen.")
    for parameter in getattr(model, part).parameters():
        expect.true(not parameter.requires_grad, "A frozen parameter was unfrozen.")


@pytest.mark.points(3)
def test_each_step_has_a_fresh_batch(student, draw, expect):
    """With a learning rate of 0 and batches of one, every window's loss turns up, and no other."""
    data, apart = torch.tensor(draw.shuffled(range(6))), 0.0
    while apart < 0.05:  # the three losses and their mean lie apart
        state = weights(draw, 6, 3)
        wanted = losses_by_hand(state, data, 3)
        marks = torch.cat([wanted, wanted.mean()[None]]).sort().values
        apart = (marks[1:] - marks[:-1]).min()
    losses = student.train_toy_lm(model_with(student, state), data, 3, 60, 1, 0.0, draw.generator())
    seen = set()
    for loss in losses:
        near = (wanted - loss).abs()
        expect.less(near.min(), 1e-3, "A loss belongs to none of the three windows; its distance to the nearest is")
        seen.add(near.argmin().item())
    expect.equal(len(seen), 3, "The losses of 60 steps with batches of one are not those of all three windows.")


def test_the_generator_decides_the_training(student, draw, expect):
    """The same generator state gives the same losses, another one others."""
    state, data, generator = weights(draw, 7, 3), draw.ids(7, 200), draw.generator()
    start = generator.get_state()
    first = student.train_toy_lm(model_with(student, state), data, 3, 4, 5, 0.1, generator)
    other = student.train_toy_lm(model_with(student, state), data, 3, 4, 5, 0.1, generator)
    generator.set_state(start)
    again = student.train_toy_lm(model_with(student, state), data, 3, 4, 5, 0.1, generator)
    expect.equal(again, first, "The same generator state gives other losses.")
    expect.true(other != first, "The next training with the same generator gives the same losses.", actual=other)


@pytest.mark.points(2)
@pytest.mark.limit(60)
def test_the_loss_falls_from_a_fair_guess(student, draw, expect):
    """The loss begins near ln(vocab), and on a text that repeats itself it comes near 0."""
    data = torch.tensor(draw.shuffled(range(7))).repeat(20)
    model = student.ToyLM(7, 16)
    losses = student.train_toy_lm(model, data, 6, 160, 32, 0.02, draw.generator())
    expect.between(losses[0], math.log(7) - 0.4, math.log(7) + 0.4, "The first loss is not near ln(7) = 1.946.")
    expect.less(losses[-1], 0.3, "After 160 steps the loss is to be near 0; it is")
    came = student.mean_loss(model, data, 6)
    expect.close(
        came, losses[-1], "The mean loss over all windows is not near the last loss of the training.", tolerance=0.15
    )
