"""The encoder-decoder: its halves, its masks, training with the right target, greedy translation."""

import math
from itertools import pairwise

import pytest
import torch
import torch.nn.functional as F
from model_checks import check_gradients, check_meta, check_start_values_apart, drawn, load, part_of, shapes_of_block

from grader.corpora import translation
from grader.tester.failures import StudentRaised

SIZES = {"source_vocab": 9, "target_vocab": 7, "max_len": 8, "d_model": 12, "n_layers": 2, "n_heads": 3, "d_ff": 20}
SOURCE, TARGET, HEAD = "source_embedding.weight", "target_embedding.weight", "head.weight"
PAD, START, STOP = 0, 1, 2
TOLERANCE = 1e-4  # what was computed in float32 on the way, a table of positions say, is right too


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


def loaded(side, weights, **sizes):
    """A translator of one side with these weights, in float64."""
    return load(side.Translator(side.TranslatorConfig(**sizes)).double(), weights)


def both(student, reference, draw, **changes):
    """The learner's translator and the reference's with the same fresh weights."""
    sizes = SIZES | changes
    weights = drawn_weights(draw, sizes)
    return [loaded(side, weights, **sizes) for side in (student, reference)]


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


@pytest.mark.points(2)
def test_without_blocks_embeddings_are_scaled_and_have_positions(student, draw, expect):
    """Both embeddings are token vectors times √d_model plus sinusoidal positions."""
    sizes = SIZES | {"n_layers": 0}
    weights = drawn_weights(draw, sizes)
    model = loaded(student, weights, **sizes)
    source, target = draw.ids(8, 2, 5) + 1, draw.ids(6, 2, 4) + 1
    encoded = model.encode(source)
    wanted = weights[SOURCE][source] * math.sqrt(12) + positions(5, 12)
    expect.close(encoded, wanted, "The embedded source is wrong.", tolerance=TOLERANCE)
    x = weights[TARGET][target] * math.sqrt(12) + positions(4, 12)
    expect.close(model.decode(target, encoded, source), x @ weights[TARGET].T, tolerance=TOLERANCE)


@pytest.mark.points(2)
def test_the_memory_is_made_from_the_whole_source(student, reference, draw, expect):
    """The encoder's post-norm blocks with ReLU, every position seeing every other that is no padding."""
    model, judge = both(student, reference, draw)
    source = padded([[3, 8, 1, 5, 2, 7], [4, 6, 6]])
    expect.close(model.encode(source), judge.encode(source), tolerance=TOLERANCE)


@pytest.mark.points(2)
def test_the_decoder_reads_the_memory_that_it_is_given(student, reference, draw, expect):
    """`decode` looks at the memory in its argument; the source says no more than where that is padding."""
    model, judge = both(student, reference, draw)
    source, target_in = padded([[3, 8, 1, 5, 2], [4, 6]]), padded([[1, 5, 3, 6], [1, 4, 4]])
    for memory in (draw.normal(2, 5, 12), draw.normal(2, 5, 12)):
        came = model.decode(target_in, memory, source)
        expect.close(came, judge.decode(target_in, memory, source), tolerance=TOLERANCE)


@pytest.mark.points(2)
def test_the_logits_of_every_position(student, reference, draw, expect):
    """Encoder, decoder and head with padding in source and target give the logits."""
    model, judge = both(student, reference, draw)
    source = padded([[3, 8, 1, 5, 2], [4, 6, 6], [7, 1]])
    target_in = padded([[1, 5, 3, 6], [1, 4], [1, 6, 6]])
    expect.close(model(source, target_in), judge(source, target_in), tolerance=TOLERANCE)


@pytest.mark.hidden
@pytest.mark.parametrize("shapes", [((1, 1), (1, 1)), ((1, 8), (1, 8)), ((4, 3), (4, 7))], ids=str)
def test_the_logits_of_other_shapes(student, reference, draw, expect, shapes):
    """One token, a full sequence, a target longer than its source, in a model of one layer and of three."""
    source, target_in = draw.ids(9, *shapes[0]), draw.ids(7, *shapes[1])
    source[:, 0], target_in[:, 0] = 4, START
    for n_layers in (1, 3):
        model, judge = both(student, reference, draw, n_layers=n_layers)
        expect.close(model(source, target_in), judge(source, target_in), tolerance=TOLERANCE)


@pytest.mark.points(2)
def test_another_source_has_its_own_memory(student, reference, draw, expect):
    """A second source of the same shape is encoded anew, with its own padding; nothing is left of the first."""
    model, judge = both(student, reference, draw)
    target_in = padded([[1, 5, 3], [1, 4, 6]])
    for rows in ([[3, 8, 1, 5], [4, 6, 6]], [[7, 2, 2, 4], [5, 1, 3, 8]], [[4, 4], [3, 6, 8, 1]]):
        source = padded(rows)
        expect.close(model.encode(source), judge.encode(source), tolerance=TOLERANCE)
        expect.close(model(source, target_in), judge(source, target_in), tolerance=TOLERANCE)


def test_no_position_sees_the_target_after_it(student, draw, expect):
    """Another last target token changes no logits but those of the last position."""
    model = loaded(student, drawn_weights(draw, SIZES), **SIZES)
    source, target_in = draw.ids(8, 2, 6) + 1, torch.tensor([[1, 5, 3, 6], [1, 4, 2, 2]])
    other = target_in.clone()
    other[:, -1] = 5
    before, after = model(source, target_in), model(source, other)
    expect.shape(after, (2, 4, 7))
    message = "With another last target token, the logits of the positions before it are others."
    expect.close(after[:, :-1], before[:, :-1], message, tolerance=TOLERANCE)


def test_every_position_sees_the_whole_source(student, draw, expect):
    """Another last vector of the memory changes the logits of all target positions, the first as well."""
    model = loaded(student, drawn_weights(draw, SIZES), **SIZES)
    source, target_in, memory = torch.tensor([[3, 8, 1, 5, 2, 7]]), torch.tensor([[1, 5, 3]]), draw.normal(1, 6, 12)
    other = memory.clone()
    other[:, -1] = 2 * draw.normal(12)
    changed = (model.decode(target_in, other, source) - model.decode(target_in, memory, source)).abs().amax(-1)
    message = f"With another last vector of the memory, a position's logits move by {float(changed.min()):.1e} at most;"
    expect.true(changed.min() > 1e-5, f"{message} in each they ought to move by more than 1e-05.", actual=changed)


@pytest.mark.points(2)
def test_padding_of_the_source_changes_nothing(student, draw, expect):
    """However much padding follows the source, memory and logits are the same."""
    model = loaded(student, drawn_weights(draw, SIZES), **SIZES)
    source, target_in = draw.ids(8, 2, 4) + 1, torch.tensor([[1, 5, 3], [1, 4, 6]])
    longer = torch.cat([source, torch.zeros(2, 3, dtype=torch.int64)], dim=1)
    message = "With padding after the source, the memory of its tokens is another."
    expect.close(model.encode(longer)[:, :4], model.encode(source), message, tolerance=TOLERANCE)
    message = "With padding after the source, the logits are others."
    expect.close(model(longer, target_in), model(source, target_in), message, tolerance=TOLERANCE)


def test_padding_inside_the_target_is_not_looked_at(student, reference, draw, expect):
    """No later position attends to a pad that stands in the target, and `pad_id` says which id it is."""
    model, judge = both(student, reference, draw, pad_id=3)
    source = torch.tensor([[4, 0, 6, 3], [0, 3, 3, 3]])
    target_in = torch.tensor([[1, 3, 5, 0, 4], [1, 0, 3, 3, 6]])
    expect.close(model(source, target_in), judge(source, target_in), tolerance=TOLERANCE)


@pytest.mark.points(2)
def test_every_parameter_gets_its_gradient(student, reference, draw, expect):
    """The gradients of all parameters are right, that of the target table from both its ends."""
    models = both(student, reference, draw)
    source, target_in = padded([[3, 8, 1, 5, 2], [4, 6, 6]]), padded([[1, 5, 3, 6], [1, 4]])
    cotangent = draw.normal(2, 4, 7)
    check_gradients(
        expect,
        models,
        lambda model: (model(source, target_in) * cotangent).sum().backward(),
        tied=(TARGET, HEAD),
        tolerance=TOLERANCE,
    )


# -- parts, start values, dropout, limits -----------------------------------------------------------------


@pytest.mark.parametrize("source_vocab", [9, 7])
def test_head_and_target_table_are_one_parameter(student, draw, expect, source_vocab):
    """What is loaded into the target table is in the head as well; the source has a table of its own."""
    model = student.Translator(student.TranslatorConfig(**(SIZES | {"source_vocab": source_vocab}))).double()
    weights = model.state_dict()
    for name in (TARGET, HEAD):
        expect.shape(weights.get(name), (7, 12), f"`{name}` is not there with the shape (target_vocab, d_model).")
    source = weights[SOURCE].clone()
    load(model, {TARGET: draw.normal(7, 12), HEAD: draw.normal(7, 12)})
    after = model.state_dict()
    message = "After both were loaded, head and target table hold different values: they are not one parameter."
    expect.equal(after[HEAD], after[TARGET], message)
    message = "After the target table was loaded the source table, which is one of its own, is another than before."
    expect.equal(after[SOURCE], source, message)


def test_the_parameters_have_their_names(student, expect):
    """The parameters have the names of the docstring and the shapes of the configuration."""
    model = student.Translator(student.TranslatorConfig(**SIZES))
    parameters, wanted = model.named_parameters(), shapes_of(SIZES)
    tied = TARGET if TARGET in parameters else HEAD
    wanted = {name: shape for name, shape in wanted.items() if name not in (TARGET, HEAD) or name == tied}
    expect.equal(
        sorted(parameters),
        sorted(wanted),
        "The names of the parameters, a shared one once, are not those of the docstring.",
    )
    shapes = {name: tuple(value.shape) for name, value in parameters.items()}
    expect.equal(shapes, wanted, "A parameter has another shape than it ought to have.")


@pytest.mark.points(0.5)
def test_the_config_is_kept(student, expect):
    """`model.config` is the configuration, with all that it says."""
    sizes = SIZES | {"pad_id": 5, "dropout": 0.25}
    config = student.Translator(student.TranslatorConfig(**sizes)).config
    expect.equal({name: getattr(config, name) for name in sizes}, sizes)


def test_start_values(student, expect):
    """Tables start as N(0, 1/√d_model), other matrices Xavier uniform, biases at zero."""
    sizes = {"source_vocab": 90, "target_vocab": 80, "max_len": 8, "d_model": 64, "n_layers": 2, "n_heads": 4}
    parameters = student.Translator(student.TranslatorConfig(**sizes, d_ff=32)).named_parameters()
    check_start_values_apart(expect, parameters)
    for name, value in parameters.items():
        if name in (SOURCE, TARGET, HEAD):
            expect.between(value.std(), 0.117, 0.133, f"The deviation of `{name}` is not near 1/√64 = 0.125.")
            smallest = value.std(1).min()  # of so many rows; the deviation of a row's is 0.011
            expect.between(
                smallest, 0.06, 0.133, f"The smallest deviation of a row of `{name}`, 1/√64 = 0.125 in each:"
            )
        elif value.ndim == 2:
            bound = math.sqrt(6 / sum(value.shape))
            expect.between(
                value.abs().max(),
                0.97 * bound,
                bound * 1.0001,
                f"The largest absolute value in `{name}`, of Xavier uniform start values:",
            )
        elif name.rpartition(".")[2] == "bias":
            expect.equal(value, torch.zeros_like(value), f"`{name}` does not start at zero.")


def test_dropout_works_on_the_embedded_source_and_in_the_encoder(student, reference, draw, expect):
    """With dropout 1.0 in train mode, what goes through dropout is zero; the memory is right for that."""
    model, judge = both(student, reference, draw, dropout=1.0)
    source = padded([[3, 8, 1, 5, 2]])
    for side in (model, judge):
        side.train()
    message = "With dropout 1.0 in train mode the memory is wrong."
    expect.close(model.encode(source), judge.encode(source), message, tolerance=TOLERANCE)


def test_dropout_works_on_the_embedded_target_and_in_the_decoder(student, reference, draw, expect):
    """With dropout 1.0 in train mode, what goes through dropout is zero; the logits are right for that."""
    model, judge = both(student, reference, draw, dropout=1.0)
    source, target_in, memory = padded([[3, 8, 1, 5, 2]]), padded([[1, 5, 3]]), draw.normal(1, 5, 12)
    for side in (model, judge):
        side.train()
    came, wanted = (side.decode(target_in, memory, source) for side in (model, judge))
    message = "With dropout 1.0 in train mode the logits are wrong."
    expect.close(came, wanted, message, tolerance=TOLERANCE)


@pytest.mark.points(0.5)
def test_in_eval_mode_nothing_is_dropped(student, reference, draw, expect):
    """In eval mode there is no dropout, whatever the configuration says."""
    model, judge = both(student, reference, draw, dropout=0.7)
    source, target_in = padded([[3, 8, 1, 5, 2]]), padded([[1, 5, 3]])
    for side in (model, judge):
        side.eval()
    expect.close(model(source, target_in), judge(source, target_in), tolerance=TOLERANCE)


@pytest.mark.points(0.5)
def test_the_share_of_dropout(student, draw, expect):
    """With dropout 0.5 half the numbers of an embedded source are zero, and the others are doubled."""
    sizes = SIZES | {"n_layers": 0}
    weights = drawn_weights(draw, sizes)
    model = loaded(student, weights, **sizes, dropout=0.5)
    model.train()
    source = draw.ids(8, 4, 8) + 1
    came = model.encode(source)
    doubled = 2 * (weights[SOURCE][source] * math.sqrt(12) + positions(8, 12))
    kept = came != 0
    expect.close(came, torch.where(kept, doubled, 0.0), tolerance=TOLERANCE)
    expect.between(kept.double().mean(), 0.37, 0.63, "The share of numbers that dropout 0.5 left:")


@pytest.mark.points(0.5)
def test_too_many_tokens_are_refused(student, expect, draw):
    """`max_len` tokens are allowed in source and target; more raise a ValueError that names their number."""
    model = student.Translator(student.TranslatorConfig(**SIZES))
    full = torch.ones(1, 8, dtype=torch.int64)
    expect.shape(model(full, full), (1, 8, 7))
    expect.raises(ValueError, model, torch.ones(1, 9, dtype=torch.int64), full, mentions=9)
    expect.raises(ValueError, model, full, torch.ones(1, 11, dtype=torch.int64), mentions=11)


@pytest.mark.points(0.5)
def test_it_keeps_its_dtype_and_runs_on_meta(student, draw, expect):
    """Float32 weights give float32 logits, float64 ones float64, and the model runs on the `meta` device."""
    arguments = [draw.ids(9, 5, 2).T, draw.ids(7, 4, 2).T]
    check_meta(expect, student.Translator(student.TranslatorConfig(**SIZES)), arguments, (2, 4, 7))


# -- training ---------------------------------------------------------------------------------------------


def one_pair(n, pad=PAD):
    """The same pair `n` times, with padding, so that it does not matter which rows are drawn."""
    source, target = padded([[3, 8, 1, 5]] * n, 5), padded([[START, 4, 6, 3, STOP]] * n, 7)
    return tuple(torch.where(ids == PAD, pad, ids) for ids in (source, target))


def three_pairs():
    """Three pairs of different lengths."""
    return padded([[3, 8, 1, 5], [4, 6], [7, 7, 2]]), padded([[1, 4, 6, 6, 5, 2], [1, 3, 2], [1, 5, 4, 2]])


def losses_alone(reference, judge, source, target):
    """For each pair the mean loss over its tokens, and their number."""
    found = []
    for row in range(len(source)):
        logits = judge(source[row : row + 1], target[row : row + 1, :-1])[0].detach()
        wanted = target[row, 1:]
        real = wanted != PAD
        found.append((F.cross_entropy(logits[real], wanted[real]).item(), int(real.sum())))
    return found


@pytest.mark.points(3)
def test_the_first_loss_is_that_of_the_shifted_target(student, reference, draw, expect):
    """Each position is to predict the next target token; padding does not count; the loss is before the update."""
    (model, judge), (source, target) = both(student, reference, draw), one_pair(3)
    logits = judge(source[:1], target[:1, :-1])[0]
    wanted = F.cross_entropy(logits[:4], target[0, 1:5])  # four wanted tokens: 4, 6, 3 and the stop
    losses = student.train_translator(model, source, target, 1, 4, 0.01, draw.generator())
    expect.equal(len(losses), 1, f"Training for one step gave {len(losses)} losses.")
    expect.close(losses[0], wanted.item(), "The first loss is wrong.", tolerance=TOLERANCE)


def test_another_pad_id_does_not_count(student, reference, draw, expect):
    """Where `pad_id` is 6, the sixes are no targets, and the zeros are tokens like any other."""
    (model, judge), (source, target) = both(student, reference, draw, pad_id=6), one_pair(2, pad=6)
    target[:, 2] = 0
    logits = judge(source[:1], target[:1, :-1])[0]
    wanted = F.cross_entropy(logits[:4], target[0, 1:5])
    losses = student.train_translator(model, source, target, 1, 2, 0.01, draw.generator())
    expect.close(losses[0], wanted.item(), "With another `pad_id` the first loss is wrong.", tolerance=TOLERANCE)


@pytest.mark.points(3)
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
        expect.close(after[name], wanted, f"After twelve steps `{name}` is wrong.", tolerance=1e-5)


@pytest.mark.hidden
@pytest.mark.parametrize("steps", [1, 20])
def test_training_of_other_lengths(student, reference, draw, expect, steps):
    """Of one step the learning rate is `lr`; of twenty it rises for two and falls for the rest."""
    sizes = SIZES | {"n_layers": 1}
    weights, (source, target) = drawn_weights(draw, sizes), one_pair(2)
    found = []
    for side in (student, reference):
        model = loaded(side, weights, **sizes)
        found.append(side.train_translator(model, source, target, steps, 3, 0.002, draw.generator()))
        logits = model(source, target[:, :-1]).detach()
        found[-1].append(F.cross_entropy(logits[0, :4], target[0, 1:5]).item())
    expect.close(
        found[0], found[1], "The losses of the steps, or the one after the last step, are wrong.", tolerance=1e-3
    )


@pytest.mark.points(2)
def test_all_rows_are_drawn(student, reference, draw, expect):
    """Without learning, each loss is that of the pair drawn: a source with its own target, all equally often."""
    sizes = SIZES | {"n_layers": 1}
    weights, (source, target) = drawn_weights(draw, sizes), three_pairs()
    model, judge = (loaded(side, weights, **sizes) for side in (student, reference))
    alone = [loss for loss, _ in losses_alone(reference, judge, source, target)]
    losses = student.train_translator(model, source, target, 60, 1, 0.0, draw.generator())
    rows = [min(range(3), key=lambda i: abs(alone[i] - loss)) for loss in losses]
    message = "The loss of a step is that of none of the three pairs."
    expect.close(losses, [alone[row] for row in rows], message, tolerance=TOLERANCE)
    shares = [rows.count(i) for i in range(3)]  # 20 each, with a deviation of 3.7
    message = f"By their losses, the three pairs were drawn {shares} times; in 60 steps about 20 each is wanted."
    expect.true(min(shares) >= 2, message)
    repeats = sum(one == two for one, two in pairwise(rows))  # one third of 59, with a deviation of 3.6
    expect.between(repeats, 2, 38, f"Steps with the pair of the step before, of {len(rows) - 1}:")


@pytest.mark.points(2)
def test_a_batch_is_drawn_and_its_tokens_count_alike(student, reference, draw, expect):
    """A batch of two pairs is drawn anew in each step, and the mean is over all their tokens, not over the pairs."""
    sizes = SIZES | {"n_layers": 0}
    weights, (source, target) = drawn_weights(draw, sizes), three_pairs()
    model, judge = (loaded(side, weights, **sizes) for side in (student, reference))
    alone = losses_alone(reference, judge, source, target)
    sums = {
        (i, j): (alone[i][0] * alone[i][1] + alone[j][0] * alone[j][1]) / (alone[i][1] + alone[j][1])
        for i in range(3)
        for j in range(i, 3)
    }
    losses = student.train_translator(model, source, target, 40, 2, 0.0, draw.generator())
    drawn_pairs = [min(sums, key=lambda pair: abs(sums[pair] - loss)) for loss in losses]
    message = "The loss of a step is not the mean over the tokens of any two pairs."
    expect.close(losses, [sums[pair] for pair in drawn_pairs], message, tolerance=TOLERANCE)
    mixed = [pair for pair in drawn_pairs if pair[0] != pair[1]]
    message = f"None of {len(losses)} losses is the mean over two different pairs."
    expect.true(mixed, message, actual=drawn_pairs)


def test_the_generator_draws_the_rows(student, draw, expect):
    """The same state of the generator draws the same rows, and a generator that went on draws others."""
    sizes = SIZES | {"n_layers": 0}
    model = loaded(student, drawn_weights(draw, sizes), **sizes)
    source, target = three_pairs()
    generator, twin = draw.generator(), torch.Generator()
    twin.set_state(generator.get_state())
    first = student.train_translator(model, source, target, 25, 1, 0.0, generator)
    again = student.train_translator(model, source, target, 25, 1, 0.0, twin)
    expect.close(again, first, "The same state of the generator gave other losses.", tolerance=TOLERANCE)
    other = student.train_translator(model, source, target, 25, 1, 0.0, generator)
    moved = max(abs(a - b) for a, b in zip(first, other, strict=True)) > 1e-6
    expect.true(moved, "A second call with the same generator gave the same losses.", actual=other)


def test_training_is_in_train_mode(student, draw, expect):
    """Dropout is on while it trains, also for a model in eval mode."""
    model = loaded(student, drawn_weights(draw, SIZES), **SIZES, dropout=0.4)
    model.eval()
    losses = student.train_translator(model, *one_pair(2), 4, 2, 0.0, draw.generator())
    apart = max(losses) - min(losses)
    message = f"With dropout 0.4 and a learning rate of 0, the losses lie {apart:.1e} apart; more than 1e-06 is wanted."
    expect.true(apart > 1e-6, message, actual=losses)


@pytest.mark.points(0.5)
@pytest.mark.parametrize("training", [True, False], ids=["train", "eval"])
def test_training_gives_the_mode_back(student, draw, expect, training):
    """A model that was in eval mode is in eval mode after training, and one in train mode in train mode."""
    model = loaded(student, drawn_weights(draw, SIZES), **SIZES)
    model.train(training)
    student.train_translator(model, *one_pair(2), 1, 2, 0.0, draw.generator())
    expect.equal(bool(model.training), training, "After training the model is in another mode than before.")
    expect.equal(bool(model.decoder[1].training), training, "After training a block is in another mode than before.")


@pytest.mark.points(0.5)
def test_on_step_is_told_of_every_step(student, draw, expect):
    """`on_step` is called with the step, from 1, and its loss."""
    told = []
    model = loaded(student, drawn_weights(draw, SIZES), **SIZES)
    source, target = one_pair(2)
    losses = student.train_translator(
        model, source, target, 3, 2, 0.01, draw.generator(), lambda t, loss: told.append((t, loss))
    )
    expect.equal([int(t) for t, _ in told], [1, 2, 3], "The steps that `on_step` was told of are not 1, 2, 3.")
    message = "The losses that `on_step` was told of are not those that are returned."
    expect.close([float(loss) for _, loss in told], losses, message, tolerance=TOLERANCE)


@pytest.mark.points(0.5)
def test_on_step_is_told_after_the_step(student, draw, expect):
    """When `on_step` is told of the first step, and ends the run, the weights have moved."""
    weights = drawn_weights(draw, SIZES)
    model, reason = loaded(student, weights, **SIZES), "this run ends here"

    def on_step(t, loss):
        raise RuntimeError(reason)

    try:
        student.train_translator(model, *one_pair(2), 3, 2, 0.01, draw.generator(), on_step)
    except StudentRaised as raised:
        if reason not in raised.text:
            raise
    moved = not torch.equal(model.state_dict()[TARGET], weights[TARGET])
    expect.true(moved, "After a run that `on_step` was to end at the first step, the target table is unchanged.")


# -- translating ------------------------------------------------------------------------------------------


def rows_until(stop, rows):
    """Each row up to its stop token."""
    return [row[: row.index(stop) + 1] if stop in row else row for row in rows]


def stopped(rows, stop):
    """What is wanted where `stop` ends a row: start, tokens, stop, padding."""
    return padded([[START, *row] for row in rows_until(stop, rows)])


# What a translation that is not right would ask of the decoder.
WRONG_READS = (
    lambda judge, target, memory, source: judge.decode(target, memory, source)[:, 0],
    lambda judge, target, memory, source: judge.decode(target[:, -1:].contiguous(), memory, source)[:, -1],
)


def right_read(judge, target, memory, source):
    """The logits after all tokens so far."""
    return judge.decode(target, memory, source)[:, -1]


def endless(judge, source, length, read=right_read):
    """The likeliest tokens of each row one after the other, as if nothing ever stopped."""
    target = torch.full((len(source), 1), START)
    with torch.no_grad():
        memory = judge.encode(source)
        for _ in range(length):
            target = torch.cat([target, read(judge, target, memory, source).argmax(-1, keepdim=True)], dim=1)
    return target[:, 1:].tolist()


def translations(reference, draw, all_stop):
    """Random weights, sources and their endless translations, and a token to stop at.

    The rows stop at different times, or one of them never (`all_stop` leaves such rows out), and one that has stopped
    would go on with another token if it were let. Who reads other tokens or another position writes something else.
    """
    while True:
        weights = drawn_weights(draw, SIZES)
        source = padded([(draw.ids(8, draw.integer(1, 4)) + 1).tolist() for _ in range(60)])
        judge = loaded(reference, weights, **SIZES)
        rows = endless(judge, source, 6)
        for stop in range(2, 7):
            kept = [i for i, row in enumerate(rows) if PAD not in row and (stop in row or not all_stop)]
            ends = {i: rows[i].index(stop) if stop in rows[i] else 6 for i in kept}
            last = max(ends.values(), default=0)
            goes_on = any(set(rows[i][end + 1 : last + 1]) - {stop} for i, end in ends.items())
            if goes_on and (all_stop or last == 6):
                asked, wanted = source[kept], [rows[i] for i in kept]
                wrong = [endless(judge, asked, 6, read) for read in WRONG_READS]
                if all(rows_until(stop, other) != rows_until(stop, wanted) for other in wrong):
                    return weights, asked, wanted, stop


@pytest.mark.points(3)
def test_greedy_translation(student, reference, draw, expect):
    """Start token, then the likeliest token of each step; rows that have stopped are filled with padding."""
    weights, source, rows, stop = translations(reference, draw, all_stop=False)
    model = loaded(student, weights, **SIZES)
    expect.equal(student.greedy_translate(model, source, START, stop, 6), stopped(rows, stop))


@pytest.mark.points(2)
def test_greedy_translation_ends_when_all_have_stopped(student, reference, draw, expect):
    """It ends with the last row's stop token, before `max_new_tokens`; a batch of one ends with its own."""
    weights, source, rows, stop = translations(reference, draw, all_stop=True)
    model = loaded(student, weights, **SIZES)
    expect.equal(student.greedy_translate(model, source, START, stop, 8), stopped(rows, stop))
    expect.equal(student.greedy_translate(model, source[:1], START, stop, 8), stopped(rows[:1], stop))


def test_a_second_source_is_translated_anew(student, reference, draw, expect):
    """Another source of the same shape has its own translation."""
    while True:
        weights = drawn_weights(draw, SIZES)
        judge = loaded(reference, weights, **SIZES)
        sources = [draw.ids(8, 9, 5) + 1 for _ in range(2)]
        wanted = [endless(judge, source, 4) for source in sources]
        if wanted[0] != wanted[1] and all(endless(judge, sources[0], 4, read) != wanted[0] for read in WRONG_READS):
            break
    model = loaded(student, weights, **SIZES)
    for source, rows in zip(sources, wanted, strict=True):
        expect.equal(student.greedy_translate(model, source, START, 99, 4), stopped(rows, 99))


@pytest.mark.points(0.5)
@pytest.mark.parametrize("length", [0, 1, 3])
def test_greedy_translation_obeys_its_limit(student, reference, draw, expect, length):
    """`max_new_tokens` tokens come after the start token where nothing stops."""
    source, (model, judge) = padded([[3, 8, 1, 5], [4, 6]]), both(student, reference, draw)
    rows = endless(judge, source, length)
    came = student.greedy_translate(model, source, START, 99, length)
    expect.equal(came, torch.tensor([[START, *row] for row in rows]))


@pytest.mark.points(0.5)
def test_another_start_token_and_another_padding(student, reference, draw, expect):
    """Each row begins with the start token of the call, and stopped rows are filled with the model's `pad_id`."""
    start, pad = 4, 6
    for _ in range(500):
        model, judge = both(student, reference, draw, pad_id=pad)
        source = draw.ids(9, 6, 4)
        wanted = reference.greedy_translate(judge, source, start, STOP, 6)
        if any(STOP in row[:-1] for row in wanted.tolist()):  # and so it is filled while others go on
            break
    else:
        raise RuntimeError("no case was found in which one row stops before another")
    expect.equal(student.greedy_translate(model, source, start, STOP, 6), wanted)


@pytest.mark.points(0.5)
def test_padding_stops_no_row(student, reference, draw, expect):
    """A row whose likeliest token is the padding goes on: only `stop_id` ends it."""
    source, row = draw.ids(8, 2, 4) + 1, [PAD]
    still = {name: value * 0.0 for name, value in drawn_weights(draw, SIZES).items()}
    still |= {name: value + 1.0 for name, value in still.items() if "norm" in name and name.endswith("weight")}
    while PAD not in row or set(row[row.index(PAD) :]) == {PAD}:
        table = draw.normal(*still[TARGET].shape, scale=0.01)  # so small that the positions alone make the tokens
        weights = still | {TARGET: table, HEAD: table}
        row = endless(loaded(reference, weights, **SIZES), source[:1], 6)[0]
    came = student.greedy_translate(loaded(student, weights, **SIZES), source, START, 99, 6)
    expect.equal(came, torch.tensor([[START, *row]] * 2))


def test_the_source_is_encoded_once(student, draw, expect):
    """Each new token costs one pass of the decoder; the encoder works once for each source."""
    sizes = SIZES | {"max_len": 60, "d_ff": 80, "n_layers": 1}
    model = loaded(student, drawn_weights(draw, sizes), **sizes)
    source = draw.ids(8, 2, 60) + 1
    with student.counting() as encoding:
        encoded = model.encode(source)
    with student.counting() as decoding:
        model.decode(draw.ids(7, 2, 9), encoded, source)
    with student.counting() as counts:
        student.greedy_translate(model, source, START, 99, 8)
    message = "Operations for 8 new tokens, as a multiple of those of one encoding and 8 passes of the decoder over 9:"
    expect.between(counts.flops / (encoding.flops + 8 * decoding.flops), 0.0, 1.1, message)


def test_greedy_translation_is_without_dropout(student, draw, expect):
    """A model with dropout gives the same translation in train mode as in eval mode."""
    model = loaded(student, drawn_weights(draw, SIZES), **SIZES, dropout=0.5)
    source = padded([[3, 8, 1, 5], [4, 6, 2]])
    model.eval()
    wanted = student.greedy_translate(model, source, START, 99, 5)
    model.train()
    for _ in range(5):
        came = student.greedy_translate(model, source, START, 99, 5)
        expect.equal(came, wanted, "In train mode the translation is another than in eval mode.")


@pytest.mark.points(0.5)
@pytest.mark.parametrize("training", [True, False], ids=["train", "eval"])
def test_greedy_translation_gives_the_mode_back(student, draw, expect, training):
    """A model that was in train mode is in train mode afterwards, and one in eval mode in eval mode."""
    model = loaded(student, drawn_weights(draw, SIZES), **SIZES)
    model.train(training)
    student.greedy_translate(model, padded([[3, 8, 1, 5], [4, 6, 2]]), START, 99, 3)
    expect.equal(bool(model.training), training, "After translating the model is in another mode than before.")
    expect.equal(bool(model.encoder[1].training), training, "After translating a block is in another mode than before.")


@pytest.mark.points(0.5)
def test_no_gradients_are_kept(student, draw, expect):
    """Translating keeps nothing for a backward pass."""
    model = loaded(student, drawn_weights(draw, SIZES), **SIZES)
    with student.counting() as counts:
        student.greedy_translate(model, padded([[3, 8, 1, 5]]), START, 99, 2)
    expect.equal(counts.saved_bytes, 0, f"{counts.saved_bytes} bytes were kept for a backward pass; 0 is wanted.")


@pytest.mark.alone
@pytest.mark.hidden
@pytest.mark.points(0.5)
def test_a_deep_model_translates_in_little_memory(student, draw, expect):
    """With 192 MiB of memory, 384 tokens go through 32 layers: each layer's attention weights take 9 MiB."""
    sizes = {
        "source_vocab": 9,
        "target_vocab": 8,
        "max_len": 384,
        "d_model": 16,
        "n_layers": 32,
        "n_heads": 16,
        "d_ff": 8,
    }
    model = student.Translator(student.TranslatorConfig(**sizes))
    source = draw.ids(8, 1, 384) + 1
    student.greedy_translate(model, source[:, :9], START, 99, 1)  # what a library sets up at the first call is there
    with student.memory(192 * 2**20):
        came = student.greedy_translate(model, source, START, 99, 1)
    expect.equal(came.shape, torch.Size([1, 2]))


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
        "The losses of four steps are wrong, so it was not trained further.",
        tolerance=TOLERANCE,
    )
    outputs = [
        side.greedy_translate(model, pair[0], START, STOP, 6)
        for side, model in zip((student, reference), short, strict=True)
    ]
    expect.equal(
        outputs[0], outputs[1], "After four steps the greedy translation is wrong, so it was not trained further."
    )

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
