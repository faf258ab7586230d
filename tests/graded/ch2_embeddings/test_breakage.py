"""Four experiments: exact checks of their parts, then relations that any right run satisfies."""

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
    expect.equal(list(came), EXPERIMENTS[name], "The names of the losses, healthy first, are wrong.")
    for key, loss in came.items():
        expect.between(loss, 0.0, 1000.0, f"The loss {key!r} is no loss in nats:")
    return tuple(came.values())


# -- the parts ----------------------------------------------------------------------------------------


def test_permuted_ids_are_looked_up(student, draw, expect):
    """The old id i becomes permutation[i]."""
    permutation = torch.tensor([2, 3, 1, 5, 0, 4])
    data = torch.cat([torch.arange(6), draw.ids(6, 9)])
    wanted = torch.tensor([[2, 3, 1, 5, 0, 4][i] for i in data.tolist()])
    expect.equal(student.permute_ids(data, permutation), wanted)


@pytest.mark.parametrize("bad", [[0, 2, 2], [1, 2, 3], [-1, 0, 1]], ids=str)
def test_what_is_no_permutation_is_refused(student, expect, bad):
    """Each of 0 to vocab − 1 has to occur once, or it is a ValueError."""
    expect.raises(ValueError, student.permute_ids, torch.tensor([0, 1]), torch.tensor(bad))


@pytest.mark.hidden
@pytest.mark.parametrize("bad", [-1, 3])
def test_an_id_without_a_new_number_is_refused(student, expect, bad):
    """An id that the permutation has no number for raises an IndexError that names it."""
    expect.raises(IndexError, student.permute_ids, torch.tensor([0, bad, 2]), torch.tensor([2, 0, 1]), mentions=bad)


@pytest.mark.parametrize("n", [20, 37, 100])
def test_the_last_tenth_is_held_out(student, draw, expect, n):
    """The last n // 10 ids are held out, the others are for training."""
    data = draw.ids(50, n)
    train, held_out = student.split(data)
    expect.equal(train, data[: n - n // 10], "The training part is wrong.")
    expect.equal(held_out, data[n - n // 10 :], "The held-out part is wrong.")


def test_a_frozen_module_has_nothing_to_learn(student, expect):
    """Every parameter of the module has requires_grad=False, and the rest of the model keeps learning."""
    model = student.imported("ch2_embeddings.toy_lm").ToyLM(5, 3)
    student.freeze(model.embed)
    frozen = [parameter.requires_grad for parameter in model.embed.parameters()]
    expect.equal(frozen, [False], "The table still asks for a gradient.")
    learning = [parameter.requires_grad for parameter in model.head.parameters()]
    expect.equal(learning, [True, True], "Only the module that was passed is to be frozen.")
    student.freeze(model.head)
    learning = [parameter.requires_grad for parameter in model.head.parameters()]
    expect.equal(learning, [False, False], "All parameters of the module are to be frozen, the bias too.")


# -- the experiments ----------------------------------------------------------------------------------


def test_eight_tokens_tell_the_ninth(student, draw, expect):
    """On a text that repeats after nine characters the healthy model reaches a low loss, the frozen one much later."""
    trainable, frozen = run(student, expect, "freeze_experiment", round_text(draw), 200, draw.integer(0, 9999))
    expect.between(trainable, 0.02, 0.32, "A context of 8, 16 dimensions and lr 0.01 lead to about 0.12; it came to")
    expect.between(frozen, 0.22, 1.7, "With random vectors that stay as they are the loss ends around 0.6; it came to")
    expect.less(2.0 * trainable, frozen, "The frozen model is not clearly worse than twice the loss of")


def test_the_head_learns_beside_a_frozen_embedding(student, draw, expect):
    """Where nearly every character is the same, the head alone learns it in 40 steps; a frozen head could not."""
    others = "".join(draw.shuffled("bcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNO"))
    _, frozen = run(student, expect, "freeze_experiment", others + "a" * 460, 40, draw.integer(0, 9999))
    expect.less(frozen, 1.0, "Only the embedding is to be frozen: all of the head goes on learning. The loss came to")


def test_two_dimensions_are_too_few(student, draw, expect):
    """With 2 numbers per token the same text is learned far worse."""
    wide, narrow = run(student, expect, "dimension_experiment", round_text(draw), 200, draw.integer(0, 9999))
    expect.between(wide, 0.02, 0.32, "With 16 dimensions the loss ends around 0.12; it came to")
    expect.between(narrow, 0.7, 2.2, "With 2 dimensions the loss ends between 1 and 2; it came to")


def test_new_numbers_do_no_harm(student, draw, expect):
    """Permuted everywhere, the same text is learned as well."""
    original, permuted = run(student, expect, "permute_experiment", round_text(draw), 200, draw.integer(0, 9999))
    expect.between(original, 0.02, 0.32, "The healthy loss ends around 0.12; it came to")
    expect.between(permuted, 0.02, 0.32, "Permuted everywhere, the loss ends around 0.12 as well; it came to")


def test_new_numbers_after_training_do_harm(student, draw, expect):
    """Read with another tokenizer, the same text is garbled."""
    matched, mismatched = run(student, expect, "mismatch_experiment", round_text(draw), 200, draw.integer(0, 9999))
    expect.between(matched, 0.02, 0.32, "The healthy loss ends around 0.12; it came to")
    expect.less(1.0, mismatched, "What is read with another tokenizer should be far worse than 1 nat:")


@pytest.mark.parametrize("name", list(EXPERIMENTS))
def test_the_loss_is_that_of_the_held_out_tenth(student, draw, expect, name):
    """Where the last tenth is another text than the rest, training does not prepare for it."""
    text = round_text(draw)
    text = text[:450] + "".join(draw.choice("ef") * 5 for _ in range(10))
    healthy, _ = run(student, expect, name, text, 60, draw.integer(0, 9999))
    too_low = "At most 1.9 nats on text that was not trained on: what was the loss measured on?"
    expect.true(healthy > 1.9, too_low, actual=healthy, expected="more than 1.9")


@pytest.mark.parametrize("name", list(EXPERIMENTS))
def test_the_seed_decides_the_figures(student, draw, expect, name):
    """The same seed gives the same figures, another seed others."""
    text, seed = draw.text("abcdefgh", 200), draw.integer(0, 9999)
    for steps in (0, 3):
        first, again = (run(student, expect, name, text, steps, seed) for _ in range(2))
        other = run(student, expect, name, text, steps, seed + 1)
        expect.equal(again, first, "The same seed gives other figures: torch's global generator was used.")
        differ = first[0] != other[0] and first[1] != other[1]
        expect.true(differ, f"After {steps} steps another seed gives the same figures.", actual=other)


@pytest.mark.limit(90)
def test_the_four_experiments_on_real_text(student, draw, expect):
    """On real text frozen is worse, permuted is as good, dim 2 is worse, a wrong tokenizer garbles."""
    text, seed = language.sample(4000, draw.integer(0, 9999)), draw.integer(0, 9999)
    losses = {name: run(student, expect, name, text, 200, seed) for name in EXPERIMENTS}
    trainable, frozen = losses["freeze_experiment"]
    expect.less(trainable, math.log(28) - 0.3, "The healthy model has hardly learned; a fair guess costs 3.33:")
    expect.less(trainable + 0.02, frozen, "The frozen model is not worse:")
    original, permuted = losses["permute_experiment"]
    expect.between(permuted - original, -0.25, 0.25, "Permuted ids reach the same loss; the difference is")
    too_equal = "Both losses are exactly the same: were the ids permuted at all?"
    expect.true(permuted != original, too_equal, actual=permuted)
    wide, narrow = losses["dimension_experiment"]
    expect.less(wide + 0.08, narrow, "Two dimensions are not worse:")
    matched, mismatched = losses["mismatch_experiment"]
    expect.less(matched + 0.5, mismatched, "Another tokenizer does no harm:")
