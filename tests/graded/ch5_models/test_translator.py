"""The encoder-decoder: its halves, its masks, training with the right target, greedy translation."""

import functools
import math

import pytest
import torch
import torch.nn.functional as F
from model_checks import check_gradients, check_meta, check_names, drawn, model_with, part_of, shapes_of_block

from grader.corpora import translation

SIZES = {"source_vocab": 9, "target_vocab": 7, "max_len": 8, "d_model": 12, "n_layers": 2, "n_heads": 3, "d_ff": 20}
SOURCE, TARGET, HEAD = "source_embedding.weight", "target_embedding.weight", "head.weight"
PAD, START, STOP = 0, 1, 2
TOLERANCE = 1e-5  # a table of positions that was made once, in float32, is right too


def shapes_of(sizes):
    """The names and shapes of the whole state dict."""
    d, d_ff = sizes["d_model"], sizes["d_ff"]
    shapes = {SOURCE: (sizes["source_vocab"], d), TARGET: (sizes["target_vocab"], d), HEAD: (sizes["target_vocab"], d)}
    for i in range(sizes["n_layers"]):
        shapes |= part_of(f"encoder.{i}", shapes_of_block(d, d_ff))
        shapes |= part_of(f"decoder.{i}", shapes_of_block(d, d_ff, ("self_attention", "cross_attention"), norms=3))
    return shapes


def drawn_weights(draw, sizes):
    """A state dict of random values with one table for target and head."""
    weights = drawn(draw, shapes_of(sizes))
    return weights | {HEAD: weights[TARGET]}


loaded = functools.partial(model_with, "Translator")


def positions(length, d):
    """The sinusoidal table, number by number."""
    table = torch.zeros(length, d, dtype=torch.float64)
    for p in range(length):
        for i in range(d):
            angle = p / 10000 ** (2 * (i // 2) / d)
            table[p, i] = math.sin(angle) if i % 2 == 0 else math.cos(angle)
    return table


def padded(rows, length=0):
    """Rows of ids as one tensor, filled with 0."""
    length = max(length, *(len(row) for row in rows))
    return torch.tensor([[*row, *[PAD] * (length - len(row))] for row in rows])


# -- the model --------------------------------------------------------------------------------------------


def test_without_blocks_embeddings_are_scaled_and_have_positions(student, draw, expect):
    """Both embeddings are token vectors times √d_model plus sinusoidal positions."""
    sizes = SIZES | {"n_layers": 0}
    weights = drawn_weights(draw, sizes)
    model = loaded(student, weights, **sizes)
    source, target = draw.ids(8, 2, 5) + 1, draw.ids(6, 2, 4) + 1
    encoded = model.encode(source)
    expect.close(
        encoded,
        weights[SOURCE][source] * math.sqrt(12) + positions(5, 12),
        "The embedded source is wrong.",
        tolerance=TOLERANCE,
    )
    x = weights[TARGET][target] * math.sqrt(12) + positions(4, 12)
    expect.close(model.decode(target, encoded, source), x @ weights[TARGET].T, tolerance=TOLERANCE)


def test_the_memory_is_made_from_the_whole_source(student, reference, draw, expect):
    """The encoder's post-norm blocks with ReLU, every position seeing every other that is no padding."""
    weights, source = drawn_weights(draw, SIZES), padded([[3, 8, 1, 5, 2, 7], [4, 6, 6]])
    expect.close(
        loaded(student, weights, **SIZES).encode(source),
        loaded(reference, weights, **SIZES).encode(source),
        tolerance=TOLERANCE,
    )


def test_the_logits_of_every_position(student, reference, draw, expect):
    """Encoder, decoder and head with padding in source and target give the logits."""
    weights, source = drawn_weights(draw, SIZES), padded([[3, 8, 1, 5, 2], [4, 6, 6], [7, 1]])
    target_in = padded([[1, 5, 3, 6], [1, 4], [1, 6, 6]])
    came = loaded(student, weights, **SIZES)(source, target_in)
    expect.close(came, loaded(reference, weights, **SIZES)(source, target_in), tolerance=TOLERANCE)


def test_no_position_sees_the_target_after_it(student, draw, expect):
    """Another last target token changes the last position's logits and no others."""
    model = loaded(student, drawn_weights(draw, SIZES), **SIZES)
    source, target_in = draw.ids(8, 2, 6) + 1, torch.tensor([[1, 5, 3, 6], [1, 4, 2, 2]])
    other = target_in.clone()
    other[:, -1] = 5
    before, after = model(source, target_in), model(source, other)
    expect.shape(after, (2, 4, 7))
    expect.close(
        after[:, :-1],
        before[:, :-1],
        "A position's logits depend on a target token that comes after it.",
        tolerance=TOLERANCE,
    )


def test_every_position_sees_the_whole_source(student, draw, expect):
    """Another last source token changes the logits of all target positions, the first as well."""
    model = loaded(student, drawn_weights(draw, SIZES), **SIZES)
    source, target_in = torch.tensor([[3, 8, 1, 5, 2, 7]]), torch.tensor([[1, 5, 3]])
    other = source.clone()
    other[:, -1] = 6
    changed = (model(other, target_in) - model(source, target_in)).abs().amax(-1)
    expect.true(changed.min() > 1e-6, "A target position does not see the source's last token.", actual=changed)


def test_padding_of_the_source_changes_nothing(student, draw, expect):
    """However much padding follows the source, memory and logits are the same."""
    model = loaded(student, drawn_weights(draw, SIZES), **SIZES)
    source, target_in = draw.ids(8, 2, 4) + 1, torch.tensor([[1, 5, 3], [1, 4, 6]])
    longer = torch.cat([source, torch.zeros(2, 3, dtype=torch.int64)], dim=1)
    expect.close(
        model.encode(longer)[:, :4],
        model.encode(source),
        "The memory depends on the source's padding.",
        tolerance=TOLERANCE,
    )
    expect.close(
        model(longer, target_in),
        model(source, target_in),
        "The logits depend on the source's padding.",
        tolerance=TOLERANCE,
    )


@pytest.mark.hidden
def test_padding_inside_the_target_is_not_looked_at(student, reference, draw, expect):
    """No later position attends to a pad that stands in the target, and `pad_id` says which id it is."""
    sizes = SIZES | {"pad_id": 3}
    weights, source = drawn_weights(draw, sizes), torch.tensor([[4, 0, 6, 3], [0, 3, 3, 3]])
    target_in = torch.tensor([[1, 3, 5, 0, 4], [1, 0, 3, 3, 6]])
    came = loaded(student, weights, **sizes)(source, target_in)
    expect.close(came, loaded(reference, weights, **sizes)(source, target_in), tolerance=TOLERANCE)


def test_head_and_target_table_are_one_parameter(student, draw, expect):
    """What is loaded into the target table is in the head as well; the source has a table of its own."""
    model = student.Translator(student.TranslatorConfig(**SIZES)).double()
    weights = model.state_dict()
    for name in (TARGET, HEAD):
        expect.shape(weights.get(name), (7, 12), f"`{name}` is not there with the shape (target_vocab, d_model).")
    model.load_state_dict(weights | {TARGET: draw.normal(7, 12), HEAD: draw.normal(7, 12)})
    after = model.state_dict()
    expect.equal(after[HEAD], after[TARGET], "Head and target table are two parameters.")


def test_the_state_dict_has_every_name(student, expect):
    """The parameters have the names of the docstring."""
    check_names(expect, student.Translator(student.TranslatorConfig(**SIZES)), shapes_of(SIZES))


def test_start_values(student, expect):
    """Tables start as N(0, 1/√d_model), other matrices Xavier uniform, biases at zero."""
    sizes = {"source_vocab": 90, "target_vocab": 80, "max_len": 8, "d_model": 64, "n_layers": 1, "n_heads": 4}
    for name, value in student.Translator(student.TranslatorConfig(**sizes, d_ff=32)).named_parameters().items():
        if name in (SOURCE, TARGET, HEAD):
            expect.between(value.std(), 0.117, 0.133, f"The deviation of `{name}` is not near 1/√64 = 0.125.")
        elif value.ndim == 2:
            bound = math.sqrt(6 / sum(value.shape))
            expect.between(value.abs().max(), 0.97 * bound, bound * 1.0001, f"The largest number of `{name}`.")
        elif name.rpartition(".")[2] == "bias":
            expect.equal(value, torch.zeros_like(value), f"`{name}` does not start at zero.")


def test_every_parameter_gets_its_gradient(student, reference, draw, expect):
    """The gradients of all parameters are right, that of the target table from both its ends."""
    weights, source = drawn_weights(draw, SIZES), padded([[3, 8, 1, 5, 2], [4, 6, 6]])
    target_in, cotangent = padded([[1, 5, 3, 6], [1, 4]]), draw.normal(2, 4, 7)
    models = [loaded(side, weights, **SIZES) for side in (student, reference)]
    check_gradients(
        expect,
        models,
        lambda model: (model(source, target_in) * cotangent).sum().backward(),
        tied=(TARGET, HEAD),
        tolerance=TOLERANCE,
    )


def test_too_many_tokens_are_refused(student, expect, draw):
    """`max_len` tokens are allowed in source and target; more raise a ValueError that names their number."""
    model = student.Translator(student.TranslatorConfig(**SIZES))
    full = torch.ones(1, 8, dtype=torch.int64)
    expect.shape(model(full, full), (1, 8, 7))
    expect.raises(ValueError, model, torch.ones(1, 9, dtype=torch.int64), full, mentions=9)
    expect.raises(ValueError, model, full, torch.ones(1, 11, dtype=torch.int64), mentions=11)


@pytest.mark.hidden
def test_dropout_works_on_embeddings_and_in_blocks(student, draw, expect):
    """In training, dropout works on both embedded sequences and in the blocks of both halves; in eval nowhere."""
    weights = drawn_weights(draw, SIZES)
    model = loaded(student, weights, **SIZES, dropout=0.5)
    model.train()
    x = draw.normal(1, 5, 12)
    for half, arguments in ((model.encoder, (x,)), (model.decoder, (x, x))):
        one, two = (half[0](*arguments) for _ in range(2))
        expect.true(not torch.equal(one, two), "Two calls of a block in train mode agree: it has no dropout.")
    bare = {name: value for name, value in weights.items() if name in (SOURCE, TARGET, HEAD)}
    flat = loaded(student, bare, **(SIZES | {"n_layers": 0}), dropout=0.5)
    flat.train()
    source = torch.tensor([[3, 8, 1, 5, 2]])
    dropped = (flat.encode(source) == 0).double().mean()
    expect.between(dropped, 0.15, 0.85, "In train mode with dropout 0.5 the share of zeros in the embedded source is")
    model.eval()
    target_in = torch.tensor([[1, 5, 3]])
    expect.close(model(source, target_in), loaded(student, weights, **SIZES)(source, target_in), tolerance=TOLERANCE)


@pytest.mark.hidden
def test_it_keeps_its_dtype_and_runs_on_meta(student, draw, expect):
    """Float32 weights give float32 logits, and no device is written into the code."""
    model = student.Translator(student.TranslatorConfig(**SIZES))
    check_meta(expect, model, [draw.ids(9, 5, 2).T, draw.ids(7, 4, 2).T], (2, 4, 7))


# -- training ---------------------------------------------------------------------------------------------


def one_pair(n):
    """The same pair `n` times, with padding, so that it does not matter which rows are drawn."""
    return padded([[3, 8, 1, 5]] * n, 5), padded([[START, 4, 6, 3, STOP]] * n, 7)


def test_the_first_loss_is_that_of_the_shifted_target(student, reference, draw, expect):
    """Each position is to predict the next target token; padding does not count; the loss is before the update."""
    weights, (source, target) = drawn_weights(draw, SIZES), one_pair(3)
    logits = loaded(reference, weights, **SIZES)(source[:1], target[:1, :-1])[0]
    wanted = F.cross_entropy(logits[:4], target[0, 1:5])  # four wanted tokens: 4, 6, 3 and the stop
    model = loaded(student, weights, **SIZES)
    losses = student.train_translator(model, source, target, 1, 4, 0.01, draw.generator())
    expect.equal(len(losses), 1, "There is to be one loss for each step.")
    expect.close(losses[0], wanted.item(), "The first loss is wrong.", tolerance=TOLERANCE)


def test_a_few_steps_of_training(student, reference, draw, expect):
    """Adam and its learning rate: losses and weights after some steps are right."""
    sizes = SIZES | {"n_layers": 0}  # the embeddings and the head say enough about the optimizer
    weights, (source, target) = drawn_weights(draw, sizes), one_pair(2)
    found = []
    for side in (student, reference):
        model = loaded(side, weights, **sizes)
        losses = side.train_translator(model, source, target, 12, 2, 0.003, draw.generator())
        found.append((losses, model.state_dict()))
    (losses, after), (wanted_losses, wanted_after) = found
    expect.close(losses, wanted_losses, "The losses of twelve steps are wrong.", tolerance=TOLERANCE)
    for name, wanted in wanted_after.items():
        expect.close(after[name], wanted, f"After twelve steps `{name}` is wrong.", tolerance=TOLERANCE)


@pytest.mark.hidden
def test_all_rows_are_drawn(student, draw, expect):
    """With a learning rate of 0 each step's loss is that of the row drawn: all rows come, in no fixed order."""
    sizes = SIZES | {"n_layers": 0}
    model = loaded(student, drawn_weights(draw, sizes), **sizes)
    source, target = draw.ids(8, 3, 4) + 1, padded([[1, 4, 6, 2], [1, 3, 3, 2], [1, 5, 4, 2]])
    generator = draw.generator()
    losses = student.train_translator(model, source, target, 40, 1, 0.0, generator)
    alone = [
        student.train_translator(model, source[i : i + 1], target[i : i + 1], 1, 1, 0.0, generator)[0] for i in range(3)
    ]
    rows = [min(range(3), key=lambda i: abs(alone[i] - loss)) for loss in losses]
    shares = [rows.count(i) for i in range(3)]
    expect.true(min(shares) >= 1, "Of 40 draws some row of three never came.", actual=shares)
    again = student.train_translator(model, source, target, 40, 1, 0.0, generator)
    expect.true(again != losses, "A second call with the generator drew the same rows in the same order.", actual=again)


@pytest.mark.hidden
def test_training_is_in_train_mode_and_gives_the_mode_back(student, draw, expect):
    """Dropout is on while it trains, also for a model in eval mode, which is in eval mode again afterwards."""
    model = loaded(student, drawn_weights(draw, SIZES), **SIZES, dropout=0.4)
    model.eval()
    losses = student.train_translator(model, *one_pair(2), 4, 2, 0.0, draw.generator())
    expect.true(len(set(losses)) > 1, "Losses without learning are all equal: there was no dropout.", actual=losses)
    expect.equal(bool(model.training), False, "A model in eval mode is in train mode after training.")
    model.train()
    student.train_translator(model, *one_pair(2), 1, 2, 0.0, draw.generator())
    expect.equal(bool(model.training), True, "A model in train mode is in eval mode after training.")


@pytest.mark.hidden
def test_on_step_is_told_of_every_step(student, draw, expect):
    """`on_step` is called with the step, from 1, and its loss."""
    told = []
    model = loaded(student, drawn_weights(draw, SIZES), **SIZES)
    pair = one_pair(2)
    losses = student.train_translator(
        model, *pair, 3, 2, 0.01, draw.generator(), lambda t, loss: told.append((t, loss))
    )
    expect.equal([int(t) for t, _ in told], [1, 2, 3], "The steps that `on_step` was told of.")
    expect.close(
        [float(loss) for _, loss in told], losses, "The losses that `on_step` was told of.", tolerance=TOLERANCE
    )


# -- translating ------------------------------------------------------------------------------------------


def stopped(rows, stop):
    """What is wanted where `stop` ends a row: start, tokens, stop, padding."""
    cut = [row[: row.index(stop) + 1] if stop in row else row for row in rows]
    return padded([[START, *row] for row in cut])


def endless(reference, model, source, length):
    """The likeliest tokens of each row one after the other, as if nothing ever stopped."""
    return reference.greedy_translate(model, source, START, 99, length)[:, 1:].tolist()


def translations(reference, draw, all_stop):
    """Random weights, sources and their endless translations, and a token to stop at.

    The rows stop at different times, or one of them never (`all_stop` leaves such rows out), and one that has stopped
    would go on with another token if it were let.
    """
    while True:
        weights = drawn_weights(draw, SIZES)
        source = padded([(draw.ids(8, draw.integer(1, 4)) + 1).tolist() for _ in range(20)])
        rows = endless(reference, loaded(reference, weights, **SIZES), source, 6)
        for stop in range(2, 7):
            kept = [i for i, row in enumerate(rows) if PAD not in row and (stop in row or not all_stop)]
            ends = {i: rows[i].index(stop) if stop in rows[i] else 6 for i in kept}
            last = max(ends.values(), default=0)
            goes_on = any(set(rows[i][end + 1 : last + 1]) - {stop} for i, end in ends.items())
            if goes_on and (all_stop or last == 6):
                return weights, source[kept], [rows[i] for i in kept], stop


def test_greedy_translation(student, reference, draw, expect):
    """Start token, then the likeliest token of each step; rows that have stopped are filled with padding."""
    weights, source, rows, stop = translations(reference, draw, all_stop=False)
    model = loaded(student, weights, **SIZES)
    expect.equal(student.greedy_translate(model, source, START, stop, 6), stopped(rows, stop))


def test_greedy_translation_ends_when_all_have_stopped(student, reference, draw, expect):
    """It ends with the last row's stop token, before `max_new_tokens`; a batch of one ends with its own."""
    weights, source, rows, stop = translations(reference, draw, all_stop=True)
    model = loaded(student, weights, **SIZES)
    expect.equal(student.greedy_translate(model, source, START, stop, 8), stopped(rows, stop))
    expect.equal(student.greedy_translate(model, source[:1], START, stop, 8), stopped(rows[:1], stop))


@pytest.mark.hidden
@pytest.mark.parametrize("length", [1, 3])
def test_greedy_translation_obeys_its_limit(student, reference, draw, expect, length):
    """`max_new_tokens` tokens come after the start token where nothing stops."""
    source, weights = padded([[3, 8, 1, 5], [4, 6]]), drawn_weights(draw, SIZES)
    rows = endless(reference, loaded(reference, weights, **SIZES), source, length)
    came = student.greedy_translate(loaded(student, weights, **SIZES), source, START, 99, length)
    expect.equal(came, torch.tensor([[START, *row] for row in rows]))


@pytest.mark.hidden
def test_greedy_translation_gives_the_mode_back(student, draw, expect):
    """It translates without dropout; a model in train mode is in train mode again afterwards."""
    model = loaded(student, drawn_weights(draw, SIZES), **SIZES, dropout=0.5)
    source = padded([[3, 8, 1, 5], [4, 6, 2]])
    model.eval()
    wanted = student.greedy_translate(model, source, START, 99, 5)
    expect.equal(bool(model.training), False, "A model in eval mode is in train mode after translating.")
    model.train()
    for _ in range(3):
        expect.equal(
            student.greedy_translate(model, source, START, 99, 5), wanted, "Dropout is on while it translates."
        )
    expect.equal(bool(model.training), True, "A model in train mode is in eval mode after translating.")


# -- the whole --------------------------------------------------------------------------------------------


def vocabulary_of(texts):
    """An id for every word, after pad, start and stop."""
    return {word: i for i, word in enumerate(sorted({word for text in texts for word in text.split()}), 3)}


def ids_of(vocabulary, text):
    return [vocabulary[word] for word in text.split()]


@pytest.mark.points(3)
@pytest.mark.limit(180)
def test_it_learns_to_translate(student, reference, draw, expect, progress):
    """Trained on English-German pairs, it translates at least 95 % of fresh sentences word for word."""
    weights, pair = drawn_weights(draw, SIZES), one_pair(2)
    short = [loaded(side, weights, **SIZES) for side in (student, reference)]
    losses = [
        side.train_translator(model, *pair, 4, 2, 0.01, draw.generator())
        for side, model in zip((student, reference), short, strict=True)
    ]
    expect.close(
        losses[0],
        losses[1],
        "The losses of the first steps are wrong, so it was not trained further.",
        tolerance=TOLERANCE,
    )
    outputs = [
        side.greedy_translate(model, pair[0], START, STOP, 6)
        for side, model in zip((student, reference), short, strict=True)
    ]
    expect.equal(outputs[0], outputs[1], "Greedy translation is wrong, so it was not trained further.")

    pairs = translation.sample_pairs(4000, draw.integer(0, 2**31))
    fresh = [pair for pair in translation.sample_pairs(400, draw.integer(0, 2**31)) if pair not in set(pairs)]
    english, german = (vocabulary_of([*(p[side] for p in pairs), *(p[side] for p in fresh)]) for side in (0, 1))
    source = padded([ids_of(english, text) for text, _ in pairs])
    target = padded([[START, *ids_of(german, text), STOP] for _, text in pairs])
    sizes = {"max_len": 16, "d_model": 64, "n_layers": 1, "n_heads": 4, "d_ff": 128}
    model = student.Translator(
        student.TranslatorConfig(source_vocab=len(english) + 3, target_vocab=len(german) + 3, **sizes)
    )
    steps = 400

    def on_step(t, loss):
        if int(t) % 20 == 0:
            progress(f"step {int(t)} of {steps}, loss {float(loss):.3f}", int(t) / steps)

    student.train_translator(model, source, target, steps, 48, 4e-3, draw.generator(), on_step)
    model.eval()
    questions = padded([ids_of(english, text) for text, _ in fresh])
    answers = student.greedy_translate(model, questions, START, STOP, 14)
    right = sum(
        [i for i in row.tolist()[1:] if i not in (PAD, STOP)] == ids_of(german, text)
        for row, (_, text) in zip(answers, fresh, strict=True)
    )
    expect.between(right / len(fresh), 0.95, 1.0, "The share of fresh sentences that are translated word for word is")
