"""GPT: the parts in their order, the tied head, the start values, dropout, and the count."""

import functools
import math

import pytest
import torch
import torch.nn.functional as F
from model_checks import (
    DROPOUT,
    NEAR,
    check_causality,
    check_dropout,
    check_meta,
    check_model_dropout,
    check_names,
    check_own_gradients,
    check_start_values_apart,
    drawn,
    feed_forward_by_hand,
    load,
    model_with,
    norm_by_hand,
    part_of,
    pre_norm_by_hand,
    shapes_of_block,
    shapes_of_norm,
    state_of,
    ways_to_drop,
    without_mixing,
)

SIZES = {"vocab_size": 11, "max_len": 7, "d_model": 12, "n_layers": 2, "n_heads": 3, "d_ff": 20}
OTHER = {"vocab_size": 9, "max_len": 8, "d_model": 8, "n_layers": 3, "n_heads": 4, "d_ff": 6}
SMALL = {"vocab_size": 9, "max_len": 8, "d_model": 4, "n_layers": 1, "n_heads": 2, "d_ff": 6}
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


def logits_of(weights, sizes, ids, activation=F.gelu, factors=None):
    """What the model computes, by hand. `factors` are those of dropout: the embeddings' and two of each block."""
    factors = factors or [1.0] * (1 + 2 * sizes["n_layers"])
    mask = torch.ones(ids.shape[1], ids.shape[1], dtype=torch.bool).tril()
    x = factors[0] * (weights[TABLE][ids] + weights["position_embedding.weight"][: ids.shape[1]])
    for i in range(sizes["n_layers"]):
        own, pair = state_of(f"blocks.{i}", weights), factors[1 + 2 * i : 3 + 2 * i]
        x = pre_norm_by_hand(own, x, sizes["n_heads"], mask, activation, pair)
    return norm_by_hand(weights, "norm", x) @ weights[TABLE].T


loaded = functools.partial(model_with, "GPT")


def count_of(sizes):
    """The number of parameters, by hand."""
    d, d_ff = sizes["d_model"], sizes["d_ff"]
    block = 4 * (d * d + d) + (d * d_ff + d_ff) + (d_ff * d + d) + 4 * d
    return (sizes["vocab_size"] + sizes["max_len"]) * d + sizes["n_layers"] * block + 2 * d


# -- what the model computes --------------------------------------------------------------------------


@pytest.mark.points(3)
def test_without_blocks_the_embeddings_meet_the_head(student, draw, expect):
    """With no blocks the logits are the normalized sum of the embeddings times the token table."""
    sizes = SIZES | {"n_layers": 0}
    weights, ids = drawn_weights(draw, sizes), draw.ids(11, 2, 5)
    expect.close(loaded(student, weights, **sizes)(ids), logits_of(weights, sizes, ids), tolerance=NEAR)


@pytest.mark.points(3)
@pytest.mark.parametrize("shape", [(2, 5), (1, 7), (3, 1)], ids=str)
def test_the_logits_of_every_position(student, draw, expect, shape):
    """Embeddings, all blocks under the causal mask, norm and head give the logits."""
    weights, ids = drawn_weights(draw, SIZES), draw.ids(11, *shape)
    expect.close(loaded(student, weights, **SIZES)(ids), logits_of(weights, SIZES, ids), tolerance=NEAR)


@pytest.mark.points(3)
def test_another_configuration(student, draw, expect):
    """Three layers, four heads, a narrow feed-forward network: every size is the configuration's."""
    weights, ids = drawn_weights(draw, OTHER), draw.ids(9, 3, 6)
    expect.close(loaded(student, weights, **OTHER)(ids), logits_of(weights, OTHER, ids), tolerance=NEAR)


@pytest.mark.points(3)
def test_no_position_sees_what_comes_after_it(student, draw, expect):
    """Another last token changes the last position's logits and no others."""
    model = loaded(student, drawn_weights(draw, SIZES), **SIZES)
    before, after = check_causality(expect, model, draw.ids(11, 2, 6), 11)
    changed = (after[:, -1] - before[:, -1]).abs().max()
    message = f"With another last token, the last position's logits move by {float(changed):.1e} at most;"
    expect.true(changed > 1e-3, f"{message} they ought to move by more than 0.001.", actual=after)


@pytest.mark.points(3)
def test_head_and_token_table_are_one_parameter(student, draw, expect):
    """What is loaded into the token table is in the head as well: the tie is no copy."""
    model = student.GPT(student.GPTConfig(**SIZES)).double()
    weights = model.state_dict()
    for name in (TABLE, HEAD):
        expect.shape(weights.get(name), (11, 12), f"`{name}` is not there with the shape (vocab_size, d_model).")
    expect.equal(weights[HEAD], weights[TABLE], "Head and token table start with different values.")
    model.load_state_dict(weights | {TABLE: draw.normal(11, 12), HEAD: draw.normal(11, 12)})
    after = model.state_dict()
    message = "After both were loaded, head and token table hold different values: they are not one parameter."
    expect.equal(after[HEAD], after[TABLE], message)


def _check_gradients(expect, student, draw, sizes, ids):
    weights = {name: value.requires_grad_() for name, value in drawn_weights(draw, sizes).items()}
    model = loaded(student, {name: value.detach() for name, value in weights.items()}, **sizes)
    cotangent = draw.normal(*ids.shape, sizes["vocab_size"])
    (logits_of(weights, sizes, ids) * cotangent).sum().backward()
    (model(ids) * cotangent).sum().backward()
    wanted = {name: value.grad for name, value in weights.items() if name != HEAD}
    check_own_gradients(expect, model, wanted, tied=(TABLE, HEAD))


@pytest.mark.points(3)
def test_every_parameter_gets_its_gradient(student, draw, expect):
    """The gradients of all parameters are right, that of the shared table from both its ends."""
    _check_gradients(expect, student, draw, SIZES, draw.ids(11, 2, 5))


@pytest.mark.hidden
@pytest.mark.points(2)
def test_logits_and_gradients_of_one_layer(student, draw, expect):
    """One layer with one head, and as many tokens as `max_len`: logits and gradients."""
    sizes = OTHER | {"n_layers": 1, "n_heads": 1, "vocab_size": 13}
    weights, ids = drawn_weights(draw, sizes), draw.ids(13, 1, 8)
    expect.close(loaded(student, weights, **sizes)(ids), logits_of(weights, sizes, ids), tolerance=NEAR)
    _check_gradients(expect, student, draw, sizes, ids)


# -- start values -------------------------------------------------------------------------------------


@pytest.mark.points(2)
def test_start_values_are_small(student, expect):
    """Matrices and tables start as N(0, 0.02), biases at zero, the norms' weights at one."""
    sizes = {"vocab_size": 90, "max_len": 40, "d_model": 32, "n_layers": 2, "n_heads": 4, "d_ff": 64}
    pooled, (first, second) = [], (student.GPT(student.GPTConfig(**sizes)).named_parameters() for _ in range(2))
    for name, value in first.items():
        if value.ndim == 2:
            expect.between(value.std(), 0.0175, 0.0225, f"The deviation of `{name}` is not near 0.02.")
            expect.between(value.mean(), -0.0035, 0.0035, f"The mean of `{name}` is not near 0.")
            expect.true(not torch.equal(value, second.get(name)), f"Two models start with the same `{name}`.")
            pooled.append(value.flatten())
        elif name.rpartition(".")[2] == "bias":
            expect.equal(value, torch.zeros_like(value), f"`{name}` does not start at zero.")
        else:
            expect.equal(value, torch.ones_like(value), f"`{name}` does not start at one.")
    check_start_values_apart(expect, first, tied=(TABLE, HEAD))
    values = torch.cat(pooled)
    expect.between(values.std(), 0.0193, 0.0207, "The deviation of all matrices and tables together is not near 0.02.")
    inside = (values.abs() < 0.02).double().mean()
    expect.between(
        inside, 0.66, 0.71, "The share of these start values that lie within 0.02 of 0, of N(0, 0.02) about 0.68:"
    )


def test_initialize_draws_anew_and_keeps_the_norms(student, draw, expect):
    """`initialize_` draws matrices, clears biases, keeps the norms' weights and keeps the tie."""
    sizes = SIZES | {"d_model": 36, "d_ff": 40, "n_layers": 1}
    weights = drawn_weights(draw, sizes)
    model = loaded(student, weights, **sizes)
    expect.equal(
        student.initialize_(model), None, "`initialize_` returned something; it works in place and returns None."
    )
    came = model.state_dict()
    up = "blocks.0.feed_forward.up."
    expect.between(came[up + "weight"].std(), 0.018, 0.022, f"The deviation of `{up}weight` is not near 0.02.")
    expect.equal(came[up + "bias"], torch.zeros(40, dtype=torch.float64), f"`{up}bias` is not zero.")
    expect.equal(came["norm.weight"], weights["norm.weight"], "`norm.weight` was changed.")
    expect.equal(came[HEAD], came[TABLE], "After `initialize_` head and token table hold different values.")


@pytest.mark.parametrize("kind", ["Linear", "Conv1d", "Embedding"])
def test_initialize_serves_any_module(student, expect, kind):
    """A layer of torch's own, with a weight of two or three axes: its weight is drawn, its bias is zero."""
    arguments = {"Linear": (50, 40), "Conv1d": (20, 30, 4), "Embedding": (60, 40)}[kind]
    layer = getattr(student.imported("torch.nn"), kind)(*arguments)
    student.initialize_(layer)
    came = layer.named_parameters()
    expect.between(came["weight"].std(), 0.018, 0.022, f"The deviation of the weight of nn.{kind} is not near 0.02.")
    if "bias" in came:
        expect.equal(came["bias"], torch.zeros_like(came["bias"]), f"The bias of nn.{kind} is not zero.")


@pytest.mark.points(0.5)
def test_initialize_goes_by_axes_not_by_weight(student, expect):
    """Under any name two axes are drawn, here a `table`, and one axis stays where it is no bias, here a `scale`."""
    values = {"table": torch.ones(60, 40), "scale": torch.full((4,), 2.0)}
    module = student.imported("torch.nn").ParameterDict(values)
    student.initialize_(module)
    came = module.named_parameters()
    expect.between(came["table"].std(), 0.018, 0.022, "The deviation of a parameter `table` is not near 0.02.")
    expect.equal(came["scale"], values["scale"], "A parameter `scale` of one axis, which is no bias, was changed.")


@pytest.mark.points(0.5)
def test_initialize_keeps_norms_wherever_they_are(student, draw, expect):
    """A norm's weight stays and its bias is cleared, also in a part with no name or one that is called `bias_norm`."""
    torch_nn = student.imported("torch.nn")
    for name, module in (
        ("0", torch_nn.Sequential(torch_nn.LayerNorm(3))),
        ("bias_norm", torch_nn.ModuleDict({"bias_norm": torch_nn.LayerNorm(3)})),
    ):
        values = {f"{name}.weight": draw.normal(3).float(), f"{name}.bias": draw.normal(3).float()}
        module.load_state_dict(values)
        student.initialize_(module)
        came = module.named_parameters()
        expect.equal(came[f"{name}.weight"], values[f"{name}.weight"], f"`{name}.weight`, a norm's, was changed.")
        expect.equal(came[f"{name}.bias"], torch.zeros(3), f"`{name}.bias` is not zero.")


@pytest.mark.points(0.5)
def test_initialize_serves_frozen_parameters_of_any_dtype(student, expect):
    """A frozen layer in float64 is drawn as well: its weight, in float64, and its bias."""
    layer = student.imported("torch.nn").Linear(50, 40).double()
    layer.requires_grad_(False)
    student.initialize_(layer)
    came = layer.named_parameters()
    expect.dtype(came["weight"], torch.float64, "The weight is not in float64 any more.")
    expect.between(came["weight"].std(), 0.018, 0.022, "The deviation of a frozen weight is not near 0.02.")
    expect.equal(came["bias"], torch.zeros(40, dtype=torch.float64), "A frozen bias is not zero.")


@pytest.mark.points(2)
def test_the_first_loss_is_that_of_a_guess(student, draw, expect):
    """Before training the loss is about ln(vocab_size): all tokens are about equally likely."""
    sizes = {"vocab_size": 60, "max_len": 16, "d_model": 24, "n_layers": 2, "n_heads": 2, "d_ff": 48}
    ids = draw.ids(60, 8, 17)
    logits = student.GPT(student.GPTConfig(**sizes))(ids[:, :-1])
    expect.shape(logits, (8, 16, 60))
    loss = F.cross_entropy(logits.detach().flatten(0, 1), ids[:, 1:].flatten())
    low, high = math.log(60) - 0.15, math.log(60) + 0.15
    expect.between(loss, low, high, f"The first loss is not about ln(60) = {math.log(60):.2f}.")


# -- parts, calls, the count --------------------------------------------------------------------------


def test_the_state_dict_has_every_name(student, expect):
    """The parameters have the names of the docstring, so that weights can be moved between models."""
    check_names(expect, student.GPT(student.GPTConfig(**SIZES)), shapes_of(SIZES))


def test_the_config_is_kept(student, expect):
    """`model.config` is the configuration, with all that it says."""
    sizes = SIZES | {"dropout": 0.25}
    config = student.GPT(student.GPTConfig(**sizes)).config
    expect.equal({name: getattr(config, name) for name in sizes}, sizes)


def test_the_activation_of_the_config_is_used(student, draw, expect):
    """Another activation in the configuration reaches every block."""
    weights, ids = drawn_weights(draw, SIZES), draw.ids(11, 2, 4)
    model = loaded(student, weights, **SIZES, activation=F.relu)
    expect.close(model(ids), logits_of(weights, SIZES, ids, F.relu), tolerance=NEAR)


def test_every_call_stands_by_itself(student, draw, expect):
    """Other tokens, other lengths, other weights, train and eval mode: nothing is remembered, no mode is changed."""
    weights = drawn_weights(draw, SIZES)
    model = loaded(student, weights, **SIZES)
    calls = ((3, True), (6, True), (6, True), (6, False), (6, False), (2, False), (7, True))
    for step, (length, training) in enumerate(calls):
        if step == 4:
            weights = drawn_weights(draw, SIZES)
            load(model, weights)
        model.train(training)
        ids = draw.ids(11, 2, length)
        wanted = logits_of(weights, SIZES, ids)
        expect.close(model(ids), wanted, tolerance=NEAR)
        expect.equal(model.training, training, "After a call the model is in another mode, train or eval, than before.")


@pytest.mark.points(2)
@pytest.mark.parametrize("changes", [{}, {"n_layers": 3, "d_model": 8, "n_heads": 2}], ids=["two", "three"])
def test_parameters_are_counted_once(student, expect, changes):
    """`count_parameters` counts all parameters, the shared table once."""
    sizes = SIZES | changes
    model = student.GPT(student.GPTConfig(**sizes))
    expect.equal(int(student.count_parameters(model)), count_of(sizes))


def test_frozen_parameters_count_too(student, expect):
    """A parameter that is not to be trained is still one of the model's."""
    model = student.GPT(student.GPTConfig(**SIZES))
    model.requires_grad_(False)
    expect.equal(int(student.count_parameters(model)), count_of(SIZES))


def test_buffers_do_not_count(student, expect):
    """A BatchNorm1d(5) holds 10 numbers in parameters, and keeps its running figures in buffers."""
    layer = student.imported("torch.nn").BatchNorm1d(5)
    expect.equal(int(student.count_parameters(layer)), 10)


@pytest.mark.points(0.5)
def test_a_module_without_values_is_counted(student, expect):
    """On the device `meta` parameters have a shape and no place in memory; there are as many."""
    layer = student.imported("torch.nn").Linear(3, 2).to("meta")
    expect.equal(int(student.count_parameters(layer)), 8)


def test_gpt1_has_117_million_parameters(student, expect):
    """`GPT1` is the model of 2018: its count is 116.5 million, published as 117 million."""
    student.GPT(student.GPTConfig(**SIZES))  # as long as there is no GPT, this is still to do
    config = student.GPT1
    expect.true(config is not None, "`GPT1` is still None: give it the GPTConfig of the paper's model.")
    sizes = {name: int(getattr(config, name)) for name in SIZES}
    expect.between(count_of(sizes) / 1e6, 116.5, 116.6, "The millions of parameters of a GPT of these sizes:")
    names = ("n_layers", "d_model", "n_heads", "d_ff", "max_len", "vocab_size")
    paper = [12, 768, 12, 3072, 512, 40478]
    wrong = [name for name, value in zip(names, paper, strict=True) if sizes[name] != value]
    expect.equal([sizes[name] for name in names], paper, f"In `GPT1` this is not the paper's: {', '.join(wrong)}.")


# -- dropout ------------------------------------------------------------------------------------------


def test_dropout_in_the_model(student, draw, expect):
    """In training the summed embeddings and both sub-layers' outputs lose numbers, and nothing else does."""
    weights = without_mixing(drawn_weights(draw, SMALL))
    model, ids = loaded(student, weights, **SMALL, dropout=DROPOUT), draw.ids(9, 8, 8)
    check_model_dropout(
        expect,
        model,
        ids,
        lambda factors: logits_of(weights, SMALL, ids, factors=factors),
        "the sum of token and position vectors",
    )


def test_every_block_has_the_dropout_of_the_config(student, draw, expect):
    """In training each block drops numbers of its sub-layers' outputs, as the configuration says."""
    sizes, p = SMALL | {"n_layers": 3}, 0.25
    weights = drawn_weights(draw, sizes)
    weights = {name: torch.zeros_like(item) if "out_proj" in name else item for name, item in weights.items()}
    blocks, ways = loaded(student, weights, **sizes, dropout=p).blocks, ways_to_drop(1, 4, p)
    for i in range(3):
        x, own = draw.normal(5, 20, 4), state_of(f"blocks.{i}", weights)
        possible = x + ways[:, 0] * feed_forward_by_hand(own, norm_by_hand(own, "norm2", x), F.gelu)
        check_dropout(expect, blocks[i](x), possible, ways, p, [f"the output of block {i}'s feed-forward network"])


def test_in_eval_mode_nothing_is_dropped(student, draw, expect):
    """In eval mode a model with dropout computes what one without it computes; in train mode two calls differ."""
    weights, ids = drawn_weights(draw, SIZES), draw.ids(11, 2, 5)
    model = loaded(student, weights, **SIZES, dropout=0.5)
    for _ in range(2):
        model.train()
        message = "With dropout 0.5, two calls in train mode give the same logits."
        expect.true(not torch.equal(model(ids), model(ids)), message)
        model.eval()
        expect.close(model(ids), logits_of(weights, SIZES, ids), tolerance=NEAR)


# -- edges --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("length", [8, 12])
def test_too_many_tokens_are_refused(student, expect, draw, length):
    """`max_len` tokens are allowed; more raise a ValueError that gives their number or `max_len`."""
    model = student.GPT(student.GPTConfig(**SIZES))
    expect.shape(model(draw.ids(11, 1, 7)), (1, 7, 11))
    expect.raises(ValueError, model, draw.ids(11, 1, length), mentions=(length, 7))


def test_ids_that_are_not_contiguous(student, draw, expect):
    """A transposed view of other ids gives the same as its copy."""
    weights, ids = drawn_weights(draw, SIZES), draw.ids(11, 5, 2).T
    expect.close(loaded(student, weights, **SIZES)(ids), logits_of(weights, SIZES, ids), tolerance=NEAR)


def test_it_keeps_its_dtype_and_runs_on_meta(student, draw, expect):
    """Float32 weights give float32 logits, float64 ones float64, and the model runs on the `meta` device."""
    check_meta(expect, student.GPT(student.GPTConfig(**SIZES)), [draw.ids(11, 2, 5)], (2, 5, 11))
