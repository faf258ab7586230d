"""Four experiments: exact checks of their parts and of what they share, then relations that any right run satisfies."""

import itertools
import math

import pytest
import torch

from grader.corpora import language

EXPERIMENTS = {
    "freeze_experiment": ["trainable", "frozen"],
    "permute_experiment": ["original", "permuted"],
    "dimension_experiment": ["dim_16", "dim_2"],
    "mismatch_experiment": ["matched", "mismatched"],
}
SAME = 1e-5  # two runs that do the same agree to rounding


def round_text(draw):
    """Nine characters, some of them equal, again and again.

    Eight characters in a row tell the ninth, and nine say nothing about the next. Seven leave two characters out;
    which of the two comes next is in doubt where they stand side by side in both orders, as at most places here.
    """
    while True:
        order = draw.shuffled("aaabbcdef")
        pairs = list(zip(order, order[1:] + order[:1], strict=True))
        if sum(x != y and (y, x) in pairs for x, y in pairs) >= 5:
            return "".join(order) * 60


def run(student, expect, name, text, steps, seed):
    """The experiment's two losses, healthy first."""
    came = getattr(student, name)(text, steps, seed)
    expect.equal(list(came), EXPERIMENTS[name], f"The names of the losses of {name} are not these two, healthy first.")
    for key, loss in came.items():
        expect.between(loss, 0.0, 1000.0, f"The loss {key!r} of {name} is not a number of nats from 0 to 1000.")
    return tuple(came.values())


# -- the parts ----------------------------------------------------------------------------------------


@pytest.mark.points(2)
def test_permuted_ids_are_looked_up(student, draw, expect):
    """The old id i becomes permutation[i]."""
    permutation = torch.tensor([2, 3, 1, 5, 0, 4])
    data = torch.cat([torch.arange(6), draw.ids(6, 9)])
    wanted = torch.tensor([[2, 3, 1, 5, 0, 4][i] for i in data.tolist()])
    expect.equal(student.permute_ids(data, permutation), wanted)


@pytest.mark.hidden
def test_another_permutation(student, draw, expect):
    """A longer permutation, after another one with another text, gives each id its new number."""
    for n in (4, 11):
        new, data = draw.shuffled(range(n)), draw.ids(n, 20)
        expect.equal(student.permute_ids(data, torch.tensor(new)), torch.tensor([new[i] for i in data.tolist()]))


def test_what_is_no_permutation_is_refused(student, expect):
    """Each of 0 to vocab − 1 has to occur once, or it is a ValueError, also where there are no ids to look up."""
    for bad in ([0, 2, 2], [1, 2, 3], [-1, 0, 1], [-1, 0, 2], [0, 1, 3]):
        for data in ([0, 1], []):
            expect.raises(ValueError, student.permute_ids, torch.tensor(data, dtype=torch.int64), torch.tensor(bad))


def test_an_id_without_a_new_number_is_refused(student, expect):
    """An id that the permutation has no number for raises an IndexError that names it."""
    for bad in (-1, 3):
        data = torch.tensor([0, bad, 2])
        expect.raises(IndexError, student.permute_ids, data, torch.tensor([2, 0, 1]), mentions=bad)


@pytest.mark.parametrize("n", [20, 37, 100])
def test_the_last_tenth_is_held_out(student, draw, expect, n):
    """The last n // 10 ids are held out, the others are for training."""
    data = draw.ids(50, n)
    train, held_out = student.split(data)
    expect.equal(train, data[: n - n // 10], "The training part is wrong.")
    expect.equal(held_out, data[n - n // 10 :], "The held-out part is wrong.")


@pytest.mark.points(0.5)
@pytest.mark.parametrize("n", [9, 0, pytest.param(64, marks=pytest.mark.hidden)])
def test_a_short_text_is_split_too(student, draw, expect, n):
    """Nine ids, or none, have no tenth: all of them are for training. Of 64 the last 6 are held out."""
    data = draw.ids(50, n)
    train, held_out = student.split(data)
    expect.equal(train, data[: n - n // 10], "The training part is wrong.")
    expect.equal(held_out, data[n - n // 10 :], "The held-out part is wrong.")


@pytest.mark.points(2)
def test_a_frozen_module_has_nothing_to_learn(student, expect):
    """Every parameter of the module has requires_grad=False, and the rest of the model keeps learning."""
    model = student.imported("ch2_embeddings.toy_lm").ToyLM(5, 3)
    student.freeze(model.embed)
    frozen = [parameter.requires_grad for parameter in model.embed.parameters()]
    expect.equal(
        frozen,
        [False],
        "After `freeze(model.embed)` the parameters of `embed` do not have these values of `requires_grad`.",
    )
    learning = [parameter.requires_grad for parameter in model.head.parameters()]
    expect.equal(
        learning,
        [True, True],
        "After `freeze(model.embed)` the parameters of `head` do not have these values of `requires_grad`.",
    )
    student.freeze(model.head)
    learning = [parameter.requires_grad for parameter in model.head.parameters()]
    expect.equal(
        learning,
        [False, False],
        "After `freeze(model.head)` the parameters of `head` do not have these values of `requires_grad`.",
    )


@pytest.mark.points(0.5)
@pytest.mark.parametrize("learned", [False, True], ids=["a new module", "one that has gradients"])
def test_parts_of_a_module_are_frozen_with_it(student, expect, learned):
    """The parameters of a module's parts, and of their parts, are frozen as well, whether or not they have learned."""
    nn = student.imported("torch.nn")
    module = nn.Sequential(nn.Linear(2, 3), nn.Sequential(nn.LayerNorm(3), nn.Sequential(nn.Linear(3, 2))))
    if learned:
        module(torch.ones(1, 2)).sum().backward()
    student.freeze(module)
    learning = [parameter.requires_grad for parameter in module.parameters()]
    expect.equal(learning, [False] * 6, "After `freeze` parameters of the module's parts still ask for a gradient.")


def test_freezing_returns_the_module(student, draw, expect):
    """What comes back is the module itself, no copy: what is loaded into it is in the model."""
    model = student.imported("ch2_embeddings.toy_lm").ToyLM(5, 3)
    table = draw.normal(5, 3, dtype=torch.float32)
    student.freeze(model.embed).load_state_dict({"weight": table})
    wrong = "A table was loaded into what `freeze(model.embed)` returned; `model.embed` does not hold it."
    expect.equal(model.state_dict()["embed.weight"], table, wrong)


# -- what the experiments share -----------------------------------------------------------------------


def test_the_healthy_figure_is_the_same_in_all_four(student, draw, expect):
    """The same text, steps and seed give the same healthy loss, whatever is broken beside it."""
    text, seed = draw.text("abcdefgh", 240), draw.integer(0, 9999)
    healthy = [run(student, expect, name, text, 3, seed)[0] for name in EXPERIMENTS]
    for name, loss in zip(EXPERIMENTS, healthy, strict=True):
        expect.close(loss, healthy[0], f"The healthy loss of {name} is not that of freeze_experiment.", tolerance=SAME)


@pytest.mark.points(2)
def test_both_runs_begin_alike(student, draw, expect):
    """Frozen or not, the first step moves the head alike; characters that only the held-out text has do not move."""
    for _ in range(3):
        text, seed = draw.text("abcdefghijklmnopqrst", 270) + draw.text("uvwxyz", 30), draw.integer(0, 9999)
        for steps, what in (
            (0, "With 0 steps the loss `frozen` is not the loss `trainable`."),
            (1, "After one step the loss `frozen` is not the loss `trainable`, on characters new to both."),
        ):
            trainable, frozen = run(student, expect, "freeze_experiment", text, steps, seed)
            expect.close(frozen, trainable, what, tolerance=SAME)


def test_freezing_makes_a_difference(student, draw, expect):
    """After five steps the frozen model has another loss than the one that learns, in at least one of three texts."""
    gaps = []
    for _ in range(3):
        text, seed = draw.text("abcdef", 200), draw.integer(0, 9999)
        trainable, frozen = run(student, expect, "freeze_experiment", text, 5, seed)
        gaps.append(abs(trainable - frozen))
    same = "After five steps `frozen` is the same loss as `trainable` in all three texts; they differ at most by"
    expect.greater(max(gaps), SAME, same)


def text_with_all(draw, alphabet, n):
    """A text in whose first nine tenths every character occurs."""
    return "".join(draw.shuffled(alphabet)) + draw.text(alphabet, n - len(alphabet))


def renamed(text, alphabet, other):
    """The text with each character of the alphabet exchanged for the one at the same place of the other."""
    return text.translate(str.maketrans(alphabet, other))


@pytest.mark.points(3)
def test_permuting_ids_is_renaming_characters(student, draw, expect):
    """The permuted loss is the healthy loss of the same text with its characters renamed; which ones, the seed says."""
    alphabet, found = "abc", set()
    renamings = ["".join(letters) for letters in itertools.permutations(alphabet)]
    for _ in range(12):
        text, seed = text_with_all(draw, alphabet, 120), draw.integer(0, 9999)
        _, permuted = run(student, expect, "permute_experiment", text, 2, seed)
        originals = {
            other: run(student, expect, "permute_experiment", renamed(text, alphabet, other), 2, seed)[0]
            for other in renamings
        }
        nearest = min(renamings, key=lambda other: abs(originals[other] - permuted))
        wrong = "The loss `permuted` is not the loss `original` of the text with its characters renamed, in any way."
        expect.close(permuted, originals[nearest], wrong, tolerance=SAME)
        found.add(nearest)
    expect.true(found != {alphabet}, "Under each of twelve seeds the loss `permuted` is the loss `original`.")
    same = "Under each of twelve seeds the same renaming of the characters gives the loss `permuted`."
    expect.true(len(found) > 1, same)


@pytest.mark.points(3)
def test_the_other_tokenizer_numbers_backwards(student, draw, expect):
    """Read with the other tokenizer, a text costs what its mirror image (a for e, b for d) costs with the model's."""
    often = "aaaaabbbcde"  # so a text and its mirror image never cost the same
    train, held_out = text_with_all(draw, often, 270), draw.text(often[:-1], 30)  # the last tenth lacks the last id
    mirror, seed = renamed(held_out, "abcde", "edcba"), draw.integer(0, 9999)
    plain = run(student, expect, "mismatch_experiment", train + held_out, 20, seed)
    mirrored = run(student, expect, "mismatch_experiment", train + mirror, 20, seed)
    wrong = "The loss `mismatched` of {} is not the loss `matched` of {}; the mirror image has e for a, and d for b."
    expect.close(plain[1], mirrored[0], wrong.format("a text", "its mirror image"), tolerance=SAME)
    expect.close(mirrored[1], plain[0], wrong.format("the mirror image", "the text"), tolerance=SAME)


def count_training(student, ids, vocab, dim, steps, frozen=False):
    """The multiplications of the learner's own training of the protocol's model."""
    toy_lm = student.imported("ch2_embeddings.toy_lm")
    model = toy_lm.ToyLM(vocab, dim)
    for parameter in model.embed.parameters():
        parameter.requires_grad_(not frozen)
    with student.counting() as counts:
        toy_lm.train_toy_lm(model, ids, 8, steps, 32, 0.01, torch.Generator().manual_seed(1))
    return counts.flops


def changed_by(student, expect, name, text, seed):
    """For each of some stretches of the text whether either loss is another one when the stretch is rewritten."""
    plain, found = run(student, expect, name, text, 2, seed), []
    for start in range(30, 2430, 120):  # a batch that holds nothing of the stretch is the same batch as before
        rewritten = text[:start] + "a" * 30 + text[start + 30 :]
        came = run(student, expect, name, rewritten, 2, seed)
        found.append([loss != before for loss, before in zip(came, plain, strict=True)])
    return found


def test_both_dimensions_read_the_same_places(student, draw, expect):
    """Rewriting a stretch of the text changes both losses or neither: the batches of both lie at the same places."""
    text, seed = text_with_all(draw, "abcdefgh", 2700) + draw.text("abcdefgh", 300), draw.integer(0, 9999)
    wide, narrow = zip(*changed_by(student, expect, "dimension_experiment", text, seed), strict=True)
    expect.equal(
        narrow, wide, "Rewriting changes the loss `dim_2` at other stretches of the text than the loss `dim_16`."
    )


def test_the_seed_decides_the_places_of_the_batches(student, draw, expect):
    """Under two seeds, rewriting changes the losses at different stretches of the text."""
    text, seed = text_with_all(draw, "abcdefgh", 2700) + draw.text("abcdefgh", 300), draw.integer(0, 9999)
    one, other = (changed_by(student, expect, "mismatch_experiment", text, s) for s in (seed, seed + 1))
    expect.true(one != other, "Under two seeds, rewriting changes the losses at the same stretches of the text.")


def test_each_run_has_its_steps_batches_and_dimensions(student, draw, expect):
    """The counted work is that of so many steps, batches of 32, and 16 dimensions or 2, in one run or two."""
    text = text_with_all(draw, "abcdefgh", 200)
    ids = torch.tensor(["abcdefgh".index(character) for character in text[:180]])
    full, narrow = count_training(student, ids, 8, 16, 4), count_training(student, ids, 8, 2, 4)
    frozen = count_training(student, ids, 8, 16, 4, frozen=True)
    for name, wanted in zip(EXPERIMENTS, (full + frozen, 2 * full, full + narrow, full), strict=True):
        counted, seed = [], draw.integer(0, 10**6)  # each its own: the healthy run of another may be remembered
        for steps in (0, 4):
            with student.counting() as counts:
                run(student, expect, name, text, steps, seed)
            counted.append(counts.flops)
        wrong = f"The counted work of four steps in {name} is not that of the protocol."
        expect.between(counted[1] - counted[0], 0.98 * wanted, 1.02 * wanted, wrong)


@pytest.mark.parametrize("name", list(EXPERIMENTS))
def test_the_seed_decides_the_figures(student, draw, expect, name):
    """The same seed gives the same figures, another seed others."""
    text, seed = draw.text("abcdefgh", 200), draw.integer(0, 9999)
    for steps in (0, 3):
        first, again = (run(student, expect, name, text, steps, seed) for _ in range(2))
        other = run(student, expect, name, text, steps, seed + 1)
        expect.equal(again, first, f"With {steps} steps the same call gives other losses the second time.")
        for key, one, two in zip(EXPERIMENTS[name], first, other, strict=True):
            expect.true(one != two, f"With {steps} steps the loss {key!r} is the same under two seeds.", actual=two)


def test_the_global_generator_has_no_part_in_it(student, draw, expect):
    """Whatever the state of torch's global generator is, the figures are the same, and the state is left as it was."""
    side, text, seed = student.imported("torch"), draw.text("abcdef", 200), draw.integer(0, 9999)
    for name in EXPERIMENTS:
        figures = []
        for state in (draw.generator().get_state(), draw.generator().get_state()):
            side.set_rng_state(state)
            figures.append(run(student, expect, name, text, 2, seed))
            left = side.get_rng_state()
            expect.true(torch.equal(left, state), f"{name} leaves torch's global generator in another state.")
        wrong = f"With the same arguments, under two states of torch's global generator, {name} gives different losses."
        expect.equal(figures[1], figures[0], wrong)


@pytest.mark.parametrize("name", list(EXPERIMENTS))
def test_the_loss_is_that_of_the_held_out_tenth(student, draw, expect, name):
    """Where the last tenth is another kind of text than the rest, the healthy loss stays above 1.75 nats."""
    text = round_text(draw)
    text = text[:450] + "".join(draw.choice("ef") * 5 for _ in range(10))
    healthy, _ = run(student, expect, name, text, 60, draw.integer(0, 9999))
    too_low = "The last tenth is another kind of text than the rest. The healthy loss is not above 1.75 nats."
    expect.true(healthy > 1.75, too_low, actual=healthy, expected="more than 1.75")


def test_a_text_that_is_too_short_is_refused(student, draw, expect):
    """No text, or one of 89 characters, leaves no window of 8 with a target to measure: a ValueError. 90 leave one."""
    for name in EXPERIMENTS:
        for text in ("", draw.text("abc", 9), draw.text("abc", 89)):
            expect.raises(ValueError, getattr(student, name), text, 2, 0)
        run(student, expect, name, draw.text("abc", 90), 2, 0)


# -- what comes of them -------------------------------------------------------------------------------


@pytest.mark.points(2)
def test_eight_tokens_tell_the_ninth(student, draw, expect):
    """On a text that repeats after nine characters the healthy model reaches a low loss, the frozen one much later."""
    trainable, frozen = run(student, expect, "freeze_experiment", round_text(draw), 200, draw.integer(0, 9999))
    expect.between(trainable, 0.02, 0.32, "With the protocol's settings the loss `trainable` ends around 0.12; it is")
    expect.between(frozen, 0.2, 1.7, "With a frozen embedding the loss `frozen` ends around 0.6; it is")
    message = f"The healthy loss is {trainable:.3f}, and the frozen one is not more than twice that:"
    expect.greater(frozen, 2.0 * trainable, message)


def test_the_head_learns_beside_a_frozen_embedding(student, draw, expect):
    """Where nearly every character is the same, the head alone learns it in 40 steps; a frozen head could not."""
    others = "".join(draw.shuffled("bcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNO"))
    _, frozen = run(student, expect, "freeze_experiment", others + "a" * 460, 40, draw.integer(0, 9999))
    expect.less(frozen, 1.0, "A head that learns brings the loss `frozen` below 1 in 40 steps here; it is")


@pytest.mark.points(2)
def test_two_dimensions_are_too_few(student, draw, expect):
    """With 2 numbers per token the same text is learned far worse."""
    wide, narrow = run(student, expect, "dimension_experiment", round_text(draw), 200, draw.integer(0, 9999))
    expect.between(wide, 0.02, 0.32, "With 16 dimensions the loss `dim_16` ends around 0.12; it is")
    expect.between(narrow, 0.6, 2.2, "With 2 dimensions the loss `dim_2` ends between 1 and 2; it is")


@pytest.mark.points(2)
def test_new_numbers_do_no_harm(student, draw, expect):
    """With all ids permuted, the same text is learned equally well."""
    original, permuted = run(student, expect, "permute_experiment", round_text(draw), 200, draw.integer(0, 9999))
    expect.between(original, 0.02, 0.32, "The loss `original` ends around 0.12; it is")
    expect.between(permuted, 0.02, 0.32, "With all ids permuted, the loss `permuted` ends around 0.12 as well; it is")


@pytest.mark.points(2)
def test_new_numbers_after_training_do_harm(student, draw, expect):
    """Read with another tokenizer after training, the same text has a far higher loss."""
    matched, mismatched = run(student, expect, "mismatch_experiment", round_text(draw), 200, draw.integer(0, 9999))
    expect.between(matched, 0.02, 0.32, "The loss `matched` ends around 0.12; it is")
    expect.greater(
        mismatched, 0.7, "Read with another tokenizer the text is to cost far more; the loss `mismatched` is"
    )


@pytest.mark.limit(90)
def test_the_four_experiments_on_real_text(student, draw, expect, figures):
    """On real text `frozen`, `dim_2` and `mismatched` are worse than the healthy loss, and `permuted` is near it."""
    text, seed = language.sample(4000, draw.integer(0, 9999)), draw.integer(0, 9999)
    losses = {name: run(student, expect, name, text, 200, seed) for name in EXPERIMENTS}
    trainable, frozen = losses["freeze_experiment"]
    expect.less(trainable, math.log(28) - 0.3, "The healthy loss is to be 0.3 below that of a fair guess, 3.33; it is")
    expect.greater(frozen - trainable, 0.02, "`frozen` is to be higher than `trainable`; the difference is")
    original, permuted = losses["permute_experiment"]
    expect.between(permuted - original, -0.25, 0.25, "`permuted` is to be near `original`; the difference is")
    expect.true(permuted != original, "`permuted` and `original` are exactly the same loss.", actual=permuted)
    wide, narrow = losses["dimension_experiment"]
    other = run(student, expect, "dimension_experiment", language.sample(4000, draw.integer(0, 9999)), 200, seed + 1)
    worse = narrow + other[1] - wide - other[0]
    expect.greater(worse, 0.06, "`dim_2` is to be higher than `dim_16`; in two texts taken together the difference is")
    matched, mismatched = losses["mismatch_experiment"]
    expect.greater(mismatched - matched, 0.3, "`mismatched` is to be higher than `matched`; the difference is")
    rows = [[*EXPERIMENTS[name], *losses[name]] for name in EXPERIMENTS]
    figures(
        "Your losses on held-out text, in nats per character:",
        ["experiment", "healthy", "broken"],
        [[f"{healthy} / {broken}", *pair] for healthy, broken, *pair in rows],
    )
