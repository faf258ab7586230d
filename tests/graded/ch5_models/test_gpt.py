"""GPT: the parts in their order, the tied head, the start values, and the count."""

import functools
import math

import pytest
import torch
import torch.nn.functional as F
from model_checks import (
    check_causality,
    check_gradients,
    check_meta,
    check_names,
    drawn,
    model_with,
    part_of,
    shapes_of_block,
    shapes_of_norm,
)

SIZES = {"vocab_size": 11, "max_len": 7, "d_model": 12, "n_layers": 2, "n_heads": 3, "d_ff": 20}
TABLE, HEAD = "token_embedding.weight", "head.weight"


def shapes_of(sizes):
    """The name and shape of everything in the state dict, from the docstring."""
    vocab, d, d_ff = sizes["vocab_size"], sizes["d_model"], sizes["d_ff"]
    shapes = {TABLE: (vocab, d), "position_embedding.weight": (sizes["max_len"], d)}
    for i in range(sizes["n_layers"]):
        shapes |= part_of(f"blocks.{i}", shapes_of_block(d, d_ff))
    return shapes | shapes_of_norm("norm", d) | {HEAD: (vocab, d)}


def drawn_weights(draw, sizes):
    """A state dict of random values with one table for both ends."""
    weights = drawn(draw, shapes_of(sizes))
    return weights | {HEAD: weights[TABLE]}


loaded = functools.partial(model_with, "GPT")


def count_of(sizes):
    """The number of parameters, by hand."""
    d, d_ff = sizes["d_model"], sizes["d_ff"]
    block = 4 * (d * d + d) + (d * d_ff + d_ff) + (d_ff * d + d) + 4 * d
    return (sizes["vocab_size"] + sizes["max_len"]) * d + sizes["n_layers"] * block + 2 * d


def test_without_blocks_the_embeddings_meet_the_head(student, draw, expect):
    """With no blocks the logits are the normalized sum of the embeddings times the token table."""
    sizes = SIZES | {"n_layers": 0}
    weights = drawn_weights(draw, sizes)
    ids = draw.ids(11, 2, 5)
    x = weights[TABLE][ids] + weights["position_embedding.weight"][:5]
    x = F.layer_norm(x, (12,), weights["norm.weight"], weights["norm.bias"])
    expect.close(loaded(student, weights, **sizes)(ids), x @ weights[TABLE].T)


@pytest.mark.parametrize("shape", [(2, 5), (1, 7), (3, 1)], ids=str)
def test_the_logits_of_every_position(student, reference, draw, expect, shape):
    """Embeddings, all blocks under the causal mask, norm and head give the logits."""
    weights, ids = drawn_weights(draw, SIZES), draw.ids(11, *shape)
    expect.close(loaded(student, weights, **SIZES)(ids), loaded(reference, weights, **SIZES)(ids))


def test_no_position_sees_what_comes_after_it(student, draw, expect):
    """Another last token changes the last position's logits and no others."""
    model = loaded(student, drawn_weights(draw, SIZES), **SIZES)
    before, after = check_causality(expect, model, draw.ids(11, 2, 6), 11)
    changed = (after[:, -1] - before[:, -1]).abs().max()
    expect.true(changed > 1e-3, "The last position's logits do not depend on its own token.", actual=after)


def test_head_and_token_table_are_one_parameter(student, draw, expect):
    """What is loaded into the token table is in the head as well: the tie is no copy."""
    model = student.GPT(student.GPTConfig(**SIZES)).double()
    weights = model.state_dict()
    for name in (TABLE, HEAD):
        expect.shape(weights.get(name), (11, 12), f"`{name}` is not there with the shape (vocab_size, d_model).")
    expect.equal(weights[HEAD], weights[TABLE], "Head and token table start with different values.")
    model.load_state_dict(weights | {TABLE: draw.normal(11, 12), HEAD: draw.normal(11, 12)})
    after = model.state_dict()
    expect.equal(
        after[HEAD], after[TABLE], "Head and token table are two parameters: they were loaded with different values."
    )


def test_the_state_dict_has_every_name(student, expect):
    """The parameters have the names of the docstring, so that weights can be moved between models."""
    check_names(expect, student.GPT(student.GPTConfig(**SIZES)), shapes_of(SIZES))


def test_start_values_are_small(student, expect):
    """Matrices and tables start as N(0, 0.02), biases at zero, the norms' weights at one."""
    sizes = {"vocab_size": 90, "max_len": 40, "d_model": 32, "n_layers": 1, "n_heads": 4, "d_ff": 64}
    for name, value in student.GPT(student.GPTConfig(**sizes)).named_parameters().items():
        if value.ndim == 2:
            expect.between(value.std(), 0.0175, 0.0225, f"The deviation of `{name}` is not near 0.02.")
            expect.between(value.mean(), -0.003, 0.003, f"The mean of `{name}` is not near 0.")
        elif name.rpartition(".")[2] == "bias":
            expect.equal(value, torch.zeros_like(value), f"`{name}` does not start at zero.")
        else:
            expect.equal(value, torch.ones_like(value), f"`{name}` does not start at one.")


def test_initialize_draws_anew_and_keeps_the_norms(student, draw, expect):
    """`initialize_` draws matrices, clears biases, keeps the norms' weights and keeps the tie."""
    sizes = SIZES | {"d_model": 36, "d_ff": 40, "n_layers": 1}
    weights = drawn_weights(draw, sizes)
    model = loaded(student, weights, **sizes)
    expect.equal(student.initialize_(model), None, "`initialize_` works in place and returns nothing.")
    came = model.state_dict()
    up = "blocks.0.feed_forward.up."
    expect.between(came[up + "weight"].std(), 0.018, 0.022, f"The deviation of `{up}weight` is not near 0.02.")
    expect.equal(came[up + "bias"], torch.zeros(40, dtype=torch.float64), f"`{up}bias` is not zero.")
    expect.equal(came["norm.weight"], weights["norm.weight"], "`norm.weight` was changed.")
    expect.equal(came[HEAD], came[TABLE], "The head is not the token table any more.")


def test_the_first_loss_is_that_of_a_guess(student, draw, expect):
    """Before training the loss is about ln(vocab_size): all tokens are about equally likely."""
    sizes = {"vocab_size": 60, "max_len": 16, "d_model": 24, "n_layers": 2, "n_heads": 2, "d_ff": 48}
    ids = draw.ids(60, 8, 17)
    logits = student.GPT(student.GPTConfig(**sizes))(ids[:, :-1])
    expect.shape(logits, (8, 16, 60))
    loss = F.cross_entropy(logits.detach().flatten(0, 1), ids[:, 1:].flatten())
    low, high = math.log(60) - 0.15, math.log(60) + 0.15
    expect.between(loss, low, high, f"The first loss is not about ln(60) = {math.log(60):.2f}.")


@pytest.mark.parametrize("changes", [{}, {"n_layers": 3, "d_model": 8, "n_heads": 2}], ids=["two", "three"])
def test_parameters_are_counted_once(student, expect, changes):
    """`count_parameters` counts all parameters, the shared table once."""
    sizes = SIZES | changes
    model = student.GPT(student.GPTConfig(**sizes))
    expect.equal(int(student.count_parameters(model)), count_of(sizes))


@pytest.mark.hidden
def test_frozen_parameters_count_too(student, expect):
    """A parameter that is not to be trained is still one of the model's."""
    model = student.GPT(student.GPTConfig(**SIZES))
    model.requires_grad_(False)
    expect.equal(int(student.count_parameters(model)), count_of(SIZES))


def test_gpt1_has_117_million_parameters(student, expect):
    """`GPT1` is the model of 2018: its count is 116.5 million, published as 117 million."""
    student.GPT(student.GPTConfig(**SIZES))  # as long as there is no GPT, this is still to do
    config = student.GPT1
    expect.true(config is not None, "`GPT1` is still None: give it the GPTConfig of the paper's model.")
    sizes = {name: int(getattr(config, name)) for name in SIZES}
    expect.between(count_of(sizes) / 1e6, 116.5, 116.6, "The millions of parameters of a GPT of these sizes:")
    names = ("n_layers", "d_model", "n_heads", "d_ff", "max_len")
    expect.equal([sizes[name] for name in names], [12, 768, 12, 3072, 512], f"{names} are not the paper's.")


def test_too_many_tokens_are_refused(student, expect, draw):
    """`max_len` tokens are allowed; one more raises a ValueError that names their number."""
    model = student.GPT(student.GPTConfig(**SIZES))
    expect.shape(model(draw.ids(11, 1, 7)), (1, 7, 11))
    expect.raises(ValueError, model, draw.ids(11, 1, 8), mentions=8)


def test_the_config_is_kept(student, expect):
    """`model.config` is the configuration."""
    config = student.GPT(student.GPTConfig(**SIZES)).config
    expect.equal({name: getattr(config, name) for name in SIZES}, SIZES)


@pytest.mark.hidden
def test_the_activation_of_the_config_is_used(student, reference, draw, expect):
    """Another activation in the configuration reaches the blocks."""
    sizes = SIZES | {"activation": F.relu, "n_layers": 1}
    weights, ids = drawn_weights(draw, sizes), draw.ids(11, 2, 4)
    expect.close(loaded(student, weights, **sizes)(ids), loaded(reference, weights, **sizes)(ids))


@pytest.mark.hidden
def test_dropout_works_on_the_embeddings(student, reference, draw, expect):
    """In training the summed embeddings go through dropout; in eval mode nothing does."""
    sizes = SIZES | {"n_layers": 0, "dropout": 0.5}
    weights, ids = drawn_weights(draw, sizes), draw.ids(11, 2, 5)
    model = loaded(student, weights, **sizes)
    model.train()
    one, two = model(ids), model(ids)
    expect.true(not torch.equal(one, two), "Two calls in train mode agree: the embeddings have no dropout.")
    model.eval()
    expect.close(model(ids), loaded(reference, weights, **(sizes | {"dropout": 0.0}))(ids))


@pytest.mark.hidden
def test_dropout_works_in_the_blocks(student, reference, draw, expect):
    """The configuration's dropout reaches the blocks; in eval mode it does nothing."""
    sizes = SIZES | {"n_layers": 1, "dropout": 0.5}
    weights, ids = drawn_weights(draw, sizes), draw.ids(11, 2, 5)
    model = loaded(student, weights, **sizes)
    model.train()
    x = draw.normal(2, 5, 12)
    before = [model.blocks[0](x) for _ in range(2)]
    expect.true(not torch.equal(*before), "Two calls of a block in train mode agree: it has no dropout.")
    model.eval()
    expect.close(model(ids), loaded(reference, weights, **(sizes | {"dropout": 0.0}))(ids))


def test_every_parameter_gets_its_gradient(student, reference, draw, expect):
    """The gradients of all parameters are right, that of the shared table from both its ends."""
    weights, ids, cotangent = drawn_weights(draw, SIZES), draw.ids(11, 2, 5), draw.normal(2, 5, 11)
    models = [loaded(side, weights, **SIZES) for side in (student, reference)]
    check_gradients(expect, models, lambda model: (model(ids) * cotangent).sum().backward(), tied=(TABLE, HEAD))


@pytest.mark.hidden
def test_it_keeps_its_dtype_and_runs_on_meta(student, draw, expect):
    """Float32 weights give float32 logits, and no device is written into the code."""
    check_meta(expect, student.GPT(student.GPTConfig(**SIZES)), [draw.ids(11, 5, 2).T], (2, 5, 11))
