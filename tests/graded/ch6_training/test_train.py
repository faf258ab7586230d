"""Batches, evaluation, every step of the loop, exact resumption, and a model near the floor of its corpus."""

import math
import os
from pathlib import Path

import pytest
import torch
from model_checks import deep_module, nn_of

from grader.corpora import language
from grader.tester.failures import StudentRaised

VOCAB = 5
DEEP_TOKENS = 1638 * 64  # so many that the logits take 2 MiB in float32
STOP = "stop here"


def settings_of(student, **changed):
    """The learner's TrainSettings, small ones unless told otherwise."""
    values = {
        "steps": 6, "batch_size": 3, "context": 4, "max_lr": 0.2, "min_lr": 0.02, "warmup_steps": 2,
        "weight_decay": 0.3, "max_norm": 100.0, "seed": 5, "eval_every": 2,
    }  # fmt: skip
    return student.TrainSettings(**(values | changed)), values | changed


def table_model(student, table, dropout=None):
    """The smallest language model: row i of a table holds the logits after token i. In float64."""
    layers = [nn_of(student).Embedding(len(table), len(table))]
    if dropout is not None:
        layers.append(nn_of(student).Dropout(dropout))
    model = nn_of(student).Sequential(*layers).double()
    model.load_state_dict({"0.weight": table})
    return model


def table_of(model):
    return model.named_parameters()["0.weight"]


def loss_of(logits, targets):
    return torch.nn.functional.cross_entropy(logits.reshape(-1, logits.shape[-1]), targets.reshape(-1))


def rate(step, s):
    """The learning rate, by the schedule's three lines."""
    if step >= s["steps"]:
        return s["min_lr"]
    if step < s["warmup_steps"]:
        return s["max_lr"] * step / s["warmup_steps"]
    progress = (step - s["warmup_steps"]) / (s["steps"] - s["warmup_steps"])
    return s["min_lr"] + (s["max_lr"] - s["min_lr"]) * (1 + math.cos(math.pi * progress)) / 2


def train_by_hand(table, window, val_ids, s):
    """The loop of the brief for a table and a text with a single window: losses, held-out losses, the table."""
    table, m, v, losses, val_losses = table.clone(), 0.0, 0.0, [], []
    for step in range(1, s["steps"] + 1):
        leaf = table.clone().requires_grad_()
        loss = loss_of(leaf[window[:-1]], window[1:])
        loss.backward()
        g = leaf.grad * min(1.0, s["max_norm"] / float(leaf.grad.norm()))
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g
        lr = rate(step, s)
        update = (m / (1 - 0.9**step)) / ((v / (1 - 0.999**step)).sqrt() + 1e-8)
        table = table - lr * s["weight_decay"] * table - lr * update
        losses.append(float(loss))
        if step % s["eval_every"] == 0 or step == s["steps"]:
            val_losses.append(float(loss_of(table[val_ids[:-1]], val_ids[1:])))
    return losses, val_losses, table


# -- batches ----------------------------------------------------------------------------------------------


@pytest.mark.points(2)
def test_windows_come_from_the_text(student, draw, expect):
    """Each row of x is a window of the text, and y is the window one token further on."""
    data, context = draw.ids(1000, 40), draw.integer(3, 7)
    x, y = student.get_batch(data, 6, context, draw.generator())
    expect.shape(x, (6, context))
    expect.shape(y, (6, context))
    windows = {tuple(data[i : i + context + 1].tolist()) for i in range(len(data) - context)}
    for a, b in zip(x.tolist(), y.tolist(), strict=True):
        message = "A row of x, followed by the last token of its row of y, is no window of the text."
        expect.true((*a, b[-1]) in windows, message, actual=x)
        expect.equal(b[:-1], a[1:], "y is not x moved on by one token.")


@pytest.mark.points(2)
def test_every_window_is_possible_and_equally_likely(student, draw, expect):
    """All starts come about equally often, the first and the last among them."""
    data, context = torch.arange(10, 17), 3
    x, _ = student.get_batch(data, 400, context, draw.generator())
    counts = torch.bincount(x[:, 0] - 10, minlength=4)
    expect.true(
        len(counts) == 4,
        f"A row of x begins with token {len(counts) + 9}; with a context of 3 the tokens 10 to 16 allow 13 at most.",
        actual=x,
    )
    for place, count in enumerate(counts.tolist()):
        expect.between(
            count, 60, 140, f"Of {len(x)} rows of x, with 4 possible starts, this many begin with token {place + 10}:"
        )
    batches = [student.get_batch(data, 4, context, draw.generator())[0] for _ in range(12)]
    expect.true(
        any(len(x[:, 0].unique()) < 4 for x in batches),
        "In each of twelve batches the rows of x begin with 4 different tokens or more."
        " Where 4 rows each draw one of 4 starts anew, most batches have a start twice.",
    )


def test_batches_come_from_the_generator_alone(student, draw, expect):
    """The same generator state gives the same batch, and the next call gives another."""
    data, generator = draw.ids(1000, 200), draw.generator()
    twin = torch.Generator()
    twin.set_state(generator.get_state())
    first, _ = student.get_batch(data, 8, 5, generator)
    again, _ = student.get_batch(data, 8, 5, twin)
    later, _ = student.get_batch(data, 8, 5, generator)
    expect.equal(again, first, "Two generators in the same state gave different batches.")
    expect.true(not torch.equal(later, first), "A second call with this generator gave the same x.", actual=later)


@pytest.mark.points(0.25)
@pytest.mark.parametrize("context", [0, 7, pytest.param(12, marks=pytest.mark.hidden)])
def test_a_context_that_does_not_fit_is_refused(student, draw, expect, context):
    """A context below 1, or without room for its last target, raises a ValueError that gives it."""
    expect.raises(ValueError, student.get_batch, torch.arange(7), 2, context, draw.generator(), mentions=(context, 7))


@pytest.mark.points(0.5)
def test_a_single_window_is_enough(student, draw, expect):
    """A text of context + 1 tokens has one window, also where the context is 1."""
    for n in (5, 2):
        data = draw.ids(9, n)
        x, y = student.get_batch(data, 2, n - 1, draw.generator())
        expect.equal(x, torch.stack([data[:-1]] * 2))
        expect.equal(y, torch.stack([data[1:]] * 2))


# -- evaluation -------------------------------------------------------------------------------------------


def tiny_gpt(student, dropout=0.0, max_len=8):
    gpt = student.imported("ch5_models.gpt")
    return gpt.GPT(gpt.GPTConfig(VOCAB, max_len, 8, 1, 2, 16, dropout)).double()


def check_evaluation(student, draw, expect, n, context, batch_size):
    """The learner's figure, and the same through the model's own logits, window by window."""
    model, data = tiny_gpt(student).eval(), draw.ids(VOCAB, n)
    inputs, targets, total = data[:-1], data[1:], 0.0
    with torch.no_grad():
        for i in range(0, n - 1, context):
            x, y = inputs[i : i + context], targets[i : i + context]
            total += float(loss_of(model(x[None]), y)) * len(y)
    came = student.evaluate(model, data, context, batch_size)
    expect.close(
        came,
        total / (n - 1),
        f"The mean over {n - 1} targets in windows of {context}, {batch_size} at once, is wrong.",
        tolerance=1e-6,
    )


@pytest.mark.parametrize("batch_size", [1, 4, pytest.param(50, marks=pytest.mark.hidden)])
def test_every_token_is_predicted_once(student, draw, expect, batch_size):
    """The result is the mean over all targets, however many windows go through the model at once."""
    check_evaluation(student, draw, expect, 31, 5, batch_size)


@pytest.mark.points(0.5)
@pytest.mark.parametrize("n", [8, 6, pytest.param(12, marks=pytest.mark.hidden)])
def test_the_last_window_may_be_shorter(student, draw, expect, n):
    """The tokens that fill no window are predicted as well, each with the weight of one token."""
    check_evaluation(student, draw, expect, n, 5, 3)


@pytest.mark.points(0.25)
def test_windows_of_one_token(student, draw, expect):
    """A context of 1 is enough: each token is predicted from the one before it."""
    check_evaluation(student, draw, expect, 7, 1, 4)


def test_evaluation_switches_dropout_off_and_the_mode_back(student, draw, expect):
    """Evaluation is without dropout; afterwards the model is in the mode it was in."""
    table, data = draw.normal(VOCAB, VOCAB), draw.ids(VOCAB, 20)
    model = table_model(student, table, dropout=0.5)
    for training in (True, False):
        model.train(training)
        came = student.evaluate(model, data, 4, 2)
        mode = "train" if training else "eval"
        wanted = float(loss_of(table[data[:-1]], data[1:]))
        expect.close(came, wanted, f"The loss of a model with dropout that came in {mode} mode is wrong.")
        expect.equal(model.training, training, f"The model came in {mode} mode and is in the other mode afterwards.")


@pytest.mark.points(0.5)
def test_evaluation_keeps_no_gradients(student, draw, expect):
    """Evaluation saves nothing for a backward pass."""
    model = table_model(student, draw.normal(VOCAB, VOCAB))
    with student.counting() as counts:
        student.evaluate(model, draw.ids(VOCAB, 20), 4, 2)
    message = "During the evaluation bytes were saved for a backward pass; under torch.no_grad none are."
    expect.equal(counts.saved_bytes, 0, message)


@pytest.mark.alone
@pytest.mark.hidden
@pytest.mark.points(0.5)
def test_evaluation_of_a_deep_model_takes_little_memory(student, draw, expect):
    """With 112 MiB of memory, a model of a hundred layers that give 2 MiB each is evaluated."""
    table = draw.normal(VOCAB, VOCAB).float()
    model = deep_module(student, nn_of(student).Embedding(VOCAB, VOCAB))
    model.load_state_dict({"0.weight": table})
    data = draw.ids(VOCAB, DEEP_TOKENS + 1)
    student.evaluate(model, data[:20], 4, 2)  # what a library sets up at the first call is there
    with student.memory(112 * 2**20):
        came = student.evaluate(model, data, 64, DEEP_TOKENS // 64)
    for _ in range(100):
        table = table.tanh()
    expect.close(came, float(loss_of(table[data[:-1]], data[1:])), tolerance=2e-3)


@pytest.mark.points(0.25)
@pytest.mark.parametrize(("n", "context"), [(9, 0), (4, 6), (5, 5), pytest.param(1, 4, marks=pytest.mark.hidden)])
def test_evaluation_refuses_what_makes_no_sense(student, draw, expect, n, context):
    """A context below 1, and data without one whole window, raise a ValueError that gives the context or the length."""
    model = table_model(student, draw.normal(VOCAB, VOCAB))
    expect.raises(ValueError, student.evaluate, model, draw.ids(VOCAB, n), context, 2, mentions=(context, n))


# -- the loop ---------------------------------------------------------------------------------------------


def check_loop(student, draw, expect, **changed):
    """A text with a single window: losses, held-out losses and the trained table, against the loop by hand."""
    settings, s = settings_of(student, **changed)
    table, window, val_ids = draw.normal(VOCAB, VOCAB), draw.ids(VOCAB, s["context"] + 1), draw.ids(VOCAB, 14)
    model, steps = table_model(student, table), []
    result = student.train_gpt(model, window, val_ids, settings, on_step=lambda *args: steps.append(args))
    losses, val_losses, wanted = train_by_hand(table, window, val_ids, s)
    expect.close(
        result.losses,
        losses,
        "`losses` differs from the losses of the same steps by hand, each taken before its update.",
        tolerance=1e-6,
    )
    expect.close(
        table_of(model), wanted, "The trained table differs from that of the same steps by hand.", tolerance=1e-5
    )
    expect.close(
        result.val_losses, val_losses, "`val_losses` differs from the held-out losses by hand.", tolerance=1e-5
    )
    return steps, losses


@pytest.mark.points(4)
def test_a_few_steps(student, draw, expect):
    """Six steps on a single window agree with the brief's loop: losses, model, held-out losses."""
    check_loop(student, draw, expect)


@pytest.mark.points(2)
def test_the_gradients_are_clipped(student, draw, expect):
    """With a small `max_norm`, nine steps agree with the brief's loop, in which gradients are clipped."""
    check_loop(student, draw, expect, max_norm=0.05, steps=9, max_lr=0.9, eval_every=3)


def test_without_warm_up_and_decay(student, draw, expect):
    """Without warm-up and decay, and with batches larger than the held-out text, steps agree with the brief's loop."""
    check_loop(student, draw, expect, warmup_steps=0, weight_decay=0.0, steps=4, eval_every=100, batch_size=20)


@pytest.mark.points(0.5)
@pytest.mark.parametrize("max_norm", [100.0, 0.2])
def test_what_does_not_decay_is_trained_alike(student, draw, expect, max_norm):
    """Biases, which do not decay, are moved at the rate of the step, and clipped together with all else."""
    settings, s = settings_of(student, max_lr=0.5, min_lr=0.05, eval_every=100, max_norm=max_norm)
    window = draw.ids(VOCAB, s["context"] + 1)
    state = {"0.weight": draw.normal(VOCAB, 3), "1.weight": draw.normal(VOCAB, 3), "1.bias": draw.normal(VOCAB)}
    theirs, mine = (
        nn.Sequential(nn.Embedding(VOCAB, 3), nn.Linear(3, VOCAB)).double() for nn in (nn_of(student), torch.nn)
    )
    for model in (theirs, mine):
        model.load_state_dict(state)
    student.train_gpt(theirs, window, draw.ids(VOCAB, 14), settings)
    table, matrix, bias = mine.parameters()
    optimizer = torch.optim.AdamW([{"params": [table, matrix]}, {"params": [bias]}])
    for step in range(1, s["steps"] + 1):
        for settings_now, decay in zip(optimizer.param_groups, (s["weight_decay"], 0.0), strict=True):
            settings_now.update(lr=rate(step, s), weight_decay=decay)
        optimizer.zero_grad()
        loss_of(mine(window[:-1]), window[1:]).backward()
        torch.nn.utils.clip_grad_norm_(mine.parameters(), max_norm)
        optimizer.step()
    for name, value in theirs.named_parameters().items():
        wanted = mine.get_parameter(name).detach()
        message = f"`{name}` differs from what the same steps make of it with torch's own AdamW and clipping."
        expect.close(value, wanted, message, tolerance=1e-5)


def test_on_step_hears_of_every_step(student, draw, expect):
    """`on_step` is called with the number of the step, from 1, and its loss."""
    steps, losses = check_loop(student, draw, expect, steps=5, eval_every=3)
    expect.equal([args[0] for args in steps], [1, 2, 3, 4, 5], "The step numbers given to `on_step` are not 1 to 5.")
    expect.close(
        [float(args[1]) for args in steps],
        losses,
        "The losses that `on_step` was given differ from those of the same steps by hand.",
        tolerance=1e-6,
    )


@pytest.mark.points(0.5)
def test_each_batch_has_its_size(student, draw, expect):
    """At learning rate 0, each loss of batches of one is that of a single window; of batches of 7, not every one."""
    table, text = draw.normal(VOCAB, VOCAB, scale=2.0), draw.ids(VOCAB, 60)
    alone = [float(loss_of(table[text[i : i + 4]], text[i + 1 : i + 5])) for i in range(56)]
    still = {"max_lr": 0.0, "min_lr": 0.0, "steps": 12, "eval_every": 100}
    for size in (1, 7):
        settings, _ = settings_of(student, batch_size=size, **still)
        losses = student.train_gpt(table_model(student, table), text, text[:20], settings).losses
        single = [min(abs(loss - value) for value in alone) < 1e-6 for loss in losses]
        if size == 1:
            message = "With `batch_size` 1 and learning rate 0, a loss is not that of any window under the first table."
            expect.true(all(single), message, actual=losses)
        else:
            message = f"With `batch_size` 7 and learning rate 0, all {len(losses)} losses are those of single windows."
            expect.true(not all(single), message, actual=losses)


def run_with_dropout(student, draw, *args, seed=5, table=None, **kwargs):
    """A run of nine steps with dropout on a text with many windows; the model and the result."""
    settings, _ = settings_of(student, steps=9, seed=seed)
    model = table_model(student, TABLE if table is None else table, dropout=0.5)
    result = student.train_gpt(model, TEXT, TEXT[:20], settings, *args, **kwargs)
    return model, result


TABLE = torch.linspace(-2, 2, VOCAB * VOCAB, dtype=torch.float64).sin().reshape(VOCAB, VOCAB)
TEXT = torch.arange(61) ** 2 % 7 % VOCAB


def test_training_uses_dropout(student, draw, expect):
    """Steps are taken in train mode, after an evaluation too."""
    still = table_model(student, TABLE)
    window = TEXT[:5]
    settings, _ = settings_of(student, max_lr=0.0, min_lr=0.0, eval_every=3)
    plain = student.train_gpt(still, window, TEXT, settings).losses
    model = table_model(student, TABLE, dropout=0.5).eval()
    dropped = student.train_gpt(model, window, TEXT, settings).losses
    for number, (a, b) in enumerate(zip(plain, dropped, strict=True), 1):
        expect.true(
            abs(a - b) > 1e-9,
            f"The loss of step {number} is {float(b):.6g} with dropout and {float(a):.6g} without: it ought to differ.",
            actual=dropped,
        )


def test_a_run_depends_on_its_seed_alone(student, draw, expect):
    """The same seed gives the same losses, whatever was drawn before; another seed gives others."""
    first = run_with_dropout(student, draw)[1].losses
    student.imported("torch").rand(3)
    again = run_with_dropout(student, draw)[1].losses
    other = run_with_dropout(student, draw, seed=6)[1].losses
    expect.true(
        again == first,
        "Two runs with the same seed, with other random numbers drawn in between, do not have the same losses.",
        actual=again,
    )
    expect.true(other != first, "Runs with the seeds 5 and 6 have the same losses.", actual=other)


@pytest.mark.points(0.5)
def test_batches_follow_from_the_seed(student, draw, expect):
    """Without dropout too, another seed gives other losses, because the batches are others."""
    runs = []
    for seed in (5, 6):
        settings, _ = settings_of(student, seed=seed)
        runs.append(student.train_gpt(table_model(student, TABLE), TEXT, TEXT[:20], settings).losses)
    message = "Without dropout, runs with the seeds 5 and 6 have the same losses."
    expect.true(runs[0] != runs[1], message, actual=runs[1])


@pytest.mark.points(0.5)
@pytest.mark.parametrize("stop", [None, 3], ids=["whole run", "stopped run"])
def test_the_callers_random_state_is_left_alone(student, draw, expect, stop):
    """torch's own random state is after the run what it was before, also where `on_step` ended it."""
    settings, _ = settings_of(student)
    model = table_model(student, TABLE, dropout=0.5)
    before = student.imported("torch").get_rng_state()
    try:
        student.train_gpt(model, TEXT, TEXT[:20], settings, None, stopped_at(stop))
    except StudentRaised as raised:
        if STOP not in raised.text:
            raise
    expect.equal(
        student.imported("torch").get_rng_state(),
        before,
        "The run changed torch's random state; torch.random.fork_rng gives it back.",
    )


# -- checkpoints ------------------------------------------------------------------------------------------


def stopped_at(step):
    def on_step(number, *_):
        if number == step:
            raise RuntimeError(STOP)

    return on_step


def check_resume(student, draw, expect, path, step):
    """Stopped after `step` and resumed in a new model, a run ends as one that was never stopped."""
    whole, wanted = run_with_dropout(student, draw)
    try:
        run_with_dropout(student, draw, path, stopped_at(step))
        expect.fail(
            f"`train_gpt` returned although `on_step` raises at step {step}:"
            " it was not called with that step, or what it raised did not pass through."
        )
    except StudentRaised as raised:
        if STOP not in raised.text:
            raise
    message = f"A run with `eval_every` 2 was stopped after step {step}, and there is no file at `checkpoint`."
    expect.true(os.path.exists(path), message)
    taken = []
    model, result = run_with_dropout(
        student, draw, path, lambda number, *_: taken.append(number), table=torch.zeros_like(TABLE)
    )
    losses, table = result.losses, table_of(model)
    first = step - step % 2 + 1
    message = (
        f"After a stop at step {step}, the steps that `on_step` was given in the resumed run are not {first} to 9."
    )
    expect.equal(taken, list(range(first, 10)), message)
    expect.equal(len(losses), 9, "The resumed run did not return 9 losses, one for each step from the first on.")
    expect.true(losses == wanted.losses, "The losses are not bit for bit those of a run that was never stopped.")
    expect.true(
        torch.equal(table, table_of(whole)),
        "The model is not bit for bit that of a run that was never stopped.",
    )
    expect.true(
        result.val_losses == wanted.val_losses, "The held-out losses are not those of a run that was never stopped."
    )


@pytest.mark.points(3)
def test_a_run_goes_on_exactly(student, draw, expect, scratch):
    """Stopped at a checkpoint and resumed with a new model: parameters and losses are the same, bit for bit."""
    check_resume(student, draw, expect, scratch.path("run.pt"), 4)


@pytest.mark.hidden
def test_a_run_goes_on_from_its_last_checkpoint(student, draw, expect, scratch):
    """Stopped between two checkpoints, the steps since the last one are taken again."""
    check_resume(student, draw, expect, scratch.path("run.pt"), 7)


def test_a_finished_run_is_just_loaded(student, draw, expect, scratch):
    """With the checkpoint of a finished run no step is taken, and its losses and parameters come back."""
    path, taken = Path(scratch.path("run.pt")), []
    first, wanted = run_with_dropout(student, draw, path)
    model, result = run_with_dropout(
        student, draw, path, lambda *args: taken.append(args), table=torch.zeros_like(TABLE)
    )
    losses, table = result.losses, table_of(model)
    expect.equal(taken, [], "Called again with the `checkpoint` of a finished run, `train_gpt` called `on_step`.")
    expect.true(losses == wanted.losses, "The losses of the result are not those of the finished run.")
    expect.true(torch.equal(table, table_of(first)), "The model does not have the finished run's parameters.")


@pytest.mark.points(0.5)
@pytest.mark.parametrize("name", ["run.pt", "run.tmp"])
def test_the_checkpoint_is_written_as_it_goes_and_whole(student, draw, expect, scratch, name):
    """From step 2 on there is a checkpoint. Later ones take the place of the file and are not written into it."""
    held, seen = {}, []

    def on_step(number, *_):
        content = scratch.read(name)
        seen.append(content is not None)
        if number == 2 and content is not None:
            held["descriptor"] = os.open(scratch.path(name), os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
            held["content"] = content

    try:
        run_with_dropout(student, draw, scratch.path(name), on_step)
        now = os.pread(held["descriptor"], 8 * 2**20, 0) if held else b""
    finally:
        if held:
            os.close(held["descriptor"])
    expect.equal(seen, [False] + [True] * 8, "The calls of `on_step` that found a checkpoint are not the last 8 of 9.")
    expect.true(scratch.read(name) != held["content"], "At the end the checkpoint holds the same bytes as in step 2.")
    expect.true(
        now == held["content"],
        "The file that held the checkpoint in step 2 was written into later; a stop meanwhile could leave half a file."
        " Write to another name and move it with os.replace.",
    )


@pytest.mark.points(0.5)
def test_nothing_but_the_checkpoint_is_left(student, draw, expect, scratch):
    """The temporary file is moved into place: after the run the checkpoint is the only file."""
    run_with_dropout(student, draw, scratch.path("run.pt"))
    expect.equal(scratch.files(), ["run.pt"], "The files that are there after the run are not the checkpoint alone.")


@pytest.mark.points(0.5)
def test_without_a_checkpoint_nothing_is_written(student, draw, expect, scratch):
    """Without `checkpoint` no file is written."""
    run_with_dropout(student, draw)
    expect.equal(scratch.files(), [], "A file was written although no checkpoint was asked for.")


# -- near the floor ---------------------------------------------------------------------------------------

CONTEXT = 64
TRAINING = {
    "steps": 1600, "batch_size": 16, "context": CONTEXT, "max_lr": 0.015, "min_lr": 0.0005, "warmup_steps": 200,
    "weight_decay": 0.01, "max_norm": 1.0, "eval_every": 800,
}  # fmt: skip


def encode(text):
    place = {character: i for i, character in enumerate(language.ALPHABET)}
    return torch.tensor([place[character] for character in text])


@pytest.mark.points(4)
@pytest.mark.limit(300)
def test_the_trained_model_comes_near_the_floor(student, draw, expect, scratch, progress, figures):
    """Trained on a text of the grammar, your model is within 5 % of the grammar's entropy on a text new to it.

    The text is drawn freshly and the loss is measured here, through the model's own logits, at characters that
    have half a window or more in front of them. By how much the drawn text happens to be easier or harder than
    the average is taken out, because that is known exactly too.
    """
    check_loop(student, draw, expect)
    check_loop(student, draw, expect, max_norm=0.05, steps=9, max_lr=0.9, eval_every=3)
    check_resume(student, draw, expect, scratch.path("quick.pt"), 5)
    check_evaluation(student, draw, expect, 31, 5, 4)
    test_every_window_is_possible_and_equally_likely(student, draw, expect)
    test_windows_come_from_the_text(student, draw, expect)
    test_training_uses_dropout(student, draw, expect)

    floor = language.entropy_per_character()
    for _ in range(2):  # now and then a run finds the last regularity too late; two in a row hardly ever do
        loss = floor + trained_excess(student, draw, progress)
        if loss < 1.05 * floor:
            rows = [["loss", loss], ["entropy of the grammar (floor)", floor], ["loss / floor", loss / floor]]
            figures("Your trained model on fresh text, in nats per character:", ["", ""], rows)
            return
    expect.less(
        loss,
        1.05 * floor,
        f"On fresh text the model's loss is not within 5 % of the grammar's entropy, {floor:.4f} nats, in two runs.",
    )


def trained_excess(student, draw, progress):
    """Train a model, and measure on a fresh text by how much it is worse than the grammar."""
    train_ids = encode(language.sample(300_000, draw.integer(1, 2**31)))
    val_ids = encode(language.sample(1_000, draw.integer(1, 2**31)))
    settings = student.TrainSettings(**TRAINING, seed=draw.integer(0, 2**31))
    gpt = student.imported("ch5_models.gpt")
    model = gpt.GPT(gpt.GPTConfig(len(language.ALPHABET), CONTEXT, 64, 2, 4, 128))
    floor, total = language.entropy_per_character(), TRAINING["steps"]

    def on_step(step, loss, *_):
        if step % 20 == 0:
            progress(f"step {step} of {total}, loss {loss:.3f}, floor {floor:.3f}", step / total)

    student.train_gpt(model, train_ids, val_ids, settings, None, on_step)
    return excess_over(model.eval(), language.sample(16_000, draw.integer(1, 2**31)))


def excess_over(model, text):
    """The model's mean loss beyond the surprise of one who knows the grammar, with half a window or more in front."""
    ids, known, half = encode(text), torch.from_numpy(language.surprisals(text)), CONTEXT // 2
    starts = torch.arange(0, len(ids) - CONTEXT - 1, half)
    windows = starts[:, None] + torch.arange(CONTEXT)
    with torch.no_grad():
        logits = torch.cat([model(ids[rows]) for rows in windows.split(32)])
    losses = torch.nn.functional.cross_entropy(logits.double().transpose(1, 2), ids[windows + 1], reduction="none")
    return float((losses - known[windows + 1])[:, half:].mean())
