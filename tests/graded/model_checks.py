"""What the suites of layers and models share: names and shapes, known weights for both sides, and common checks."""

import math

import torch
import torch.nn.functional as F

# How far a right answer may be off: published code computes norms and softmax in float32, whatever comes.
NEAR = 1e-4

# -- what is on the other side --------------------------------------------------------------------------------


def nn_of(side):
    """torch.nn as the code of this side has it."""
    return side.imported("torch.nn")


def deep_module(side, *first, last=()):
    """A module of a hundred layers after some first ones: gradients would keep what each of them gives."""
    nn = nn_of(side)
    return nn.Sequential(*first, *[nn.Tanh() for _ in range(100)], *last)


def tied_layers(side):
    """Two layers of one side, in float64, that share their weight and have a bias each."""
    nn = nn_of(side)
    first, second = nn.Linear(3, 3), nn.Linear(3, 3)
    second.register_parameter("weight", first.parameters()[0])
    return nn.Sequential(first, nn.Tanh(), second).double()


# -- the names and shapes of a state dict ------------------------------------------------------------------


def shapes_of_linear(name, rows, columns):
    """A linear layer with a bias."""
    return {f"{name}.weight": (rows, columns), f"{name}.bias": (rows,)}


def shapes_of_norm(name, d):
    """A LayerNorm."""
    return {f"{name}.weight": (d,), f"{name}.bias": (d,)}


def shapes_of_block(d, d_ff, attentions=("attention",), norms=2):
    """A block whose layers have biases: its attentions, its feed-forward network and its norms."""
    shapes = {}
    for attention in attentions:
        for projection in ("q_proj", "k_proj", "v_proj", "out_proj"):
            shapes |= shapes_of_linear(f"{attention}.{projection}", d, d)
    shapes |= shapes_of_linear("feed_forward.up", d_ff, d) | shapes_of_linear("feed_forward.down", d, d_ff)
    for number in range(1, norms + 1):
        shapes |= shapes_of_norm(f"norm{number}", d)
    return shapes


def part_of(name, shapes):
    """The same shapes where they belong to a part of a model."""
    return {f"{name}.{inner}": shape for inner, shape in shapes.items()}


def check_names(expect, model, wanted):
    """The model's state dict has these names and shapes; what else it holds are buffers, or names of the same."""
    came = {name: tuple(value.shape) for name, value in model.state_dict().items()}
    found = {name: shape for name, shape in came.items() if name in wanted}
    expect.equal(sorted(found), sorted(wanted), "The state dict does not hold all names of the docstring.")
    expect.equal(found, wanted, "In the state dict a shape is not that of the docstring.")
    more = sorted(set(model.named_parameters()) - set(wanted))
    expect.equal(more, [], "The model lists parameters under names that the docstring does not give.")


# -- the same weights on both sides ------------------------------------------------------------------------


def drawn(draw, shapes, scale=0.4, vectors=None):
    """Random values for these names, `vectors` the scale of those with one axis; norms' weights lie around one."""
    weights = {}
    for name, shape in shapes.items():
        weights[name] = draw.normal(*shape, scale=scale if len(shape) > 1 or vectors is None else vectors)
        if "norm" in name and name.endswith("weight"):
            weights[name] = weights[name] + 1.0
    return weights


def load(module, weights):
    """Load these weights. What else the state dict holds stays: a buffer, or a parameter's second name."""
    if module.load_state_dict(weights, strict=False).unexpected_keys:  # names that the module does not have
        module.load_state_dict(weights)  # raises, and says which they are
    return module


def made(kind, side, **sizes):
    """A model of one side with its config."""
    return getattr(side, kind)(getattr(side, f"{kind}Config")(**sizes))


def model_with(kind, side, weights, **sizes):
    """A model of one side with these weights, in float64."""
    return load(made(kind, side, **sizes).double(), weights)


def both_sides(kind, student, reference, draw, scale, **sizes):
    """The learner's model and the reference's with the same fresh weights, in float64 and eval mode."""
    models = [made(kind, side, **sizes).double().eval() for side in (student, reference)]
    load_fresh(models, draw, scale)
    return models


def load_fresh(models, draw, scale):
    """Give all models the same fresh weights; a head that is tied to the table of tokens stays tied."""
    values = models[-1].state_dict()
    weights = drawn(draw, {name: tuple(value.shape) for name, value in values.items()}, scale, vectors=0.2)
    if torch.equal(values["head.weight"], values["token_embedding.weight"]):
        weights["head.weight"] = weights["token_embedding.weight"]
    for model in models:
        load(model, weights)


# -- what a block computes, by another road ----------------------------------------------------------------


def attention_by_hand(state, name, n_heads, x, context, mask=None):
    """Multi-head attention with biases, one head after the other. The mask has 2, 3 or 4 axes."""
    inputs = {"q": x, "k": context, "v": context}
    q, k, v = (F.linear(y, state[f"{name}.{n}_proj.weight"], state[f"{name}.{n}_proj.bias"]) for n, y in inputs.items())
    width, mixed = x.shape[-1] // n_heads, []
    masks = mask.expand(-1, n_heads, -1, -1).unbind(1) if mask is not None and mask.dim() == 4 else [mask] * n_heads
    for head in range(n_heads):
        own = slice(head * width, (head + 1) * width)
        scores = q[..., own] @ k[..., own].transpose(-1, -2) / width**0.5
        if mask is not None:
            scores = scores.masked_fill(~masks[head], float("-inf"))
        mixed.append(torch.softmax(scores, dim=-1) @ v[..., own])
    return F.linear(torch.cat(mixed, dim=-1), state[f"{name}.out_proj.weight"], state[f"{name}.out_proj.bias"])


def feed_forward_by_hand(state, x, activation):
    """Up, activation, down."""
    inner = activation(F.linear(x, state["feed_forward.up.weight"], state["feed_forward.up.bias"]))
    return F.linear(inner, state["feed_forward.down.weight"], state["feed_forward.down.bias"])


def norm_by_hand(state, name, x):
    """torch's own LayerNorm with the weights of one of the block's."""
    return F.layer_norm(x, x.shape[-1:], state[f"{name}.weight"], state[f"{name}.bias"])


def pre_norm_by_hand(state, x, n_heads, mask=None, activation=F.gelu, factors=(1.0, 1.0)):
    """A PreNormBlock. `factors` are those of dropout, for the outputs of the attention and of the network."""
    normal = norm_by_hand(state, "norm1", x)
    x = x + factors[0] * attention_by_hand(state, "attention", n_heads, normal, normal, mask)
    return x + factors[1] * feed_forward_by_hand(state, norm_by_hand(state, "norm2", x), activation)


def post_norm_by_hand(state, x, n_heads, mask=None, activation=F.gelu, factors=(1.0, 1.0)):
    """A PostNormBlock, in the same way."""
    x = norm_by_hand(state, "norm1", x + factors[0] * attention_by_hand(state, "attention", n_heads, x, x, mask))
    return norm_by_hand(state, "norm2", x + factors[1] * feed_forward_by_hand(state, x, activation))


def state_of(name, weights):
    """The weights of a part of a model, under the names that they have in the part."""
    return {key.removeprefix(f"{name}."): item for key, item in weights.items() if key.startswith(f"{name}.")}


# -- dropout -----------------------------------------------------------------------------------------------


def ways_to_drop(places, d, p):
    """All ways in which dropout may treat `d` numbers at so many places: factors, 0 or 1 / (1 - p).

    The shape is `(ways, places, 1, 1, d)`, so that the factors of one place go with `(batch, seq, d)`.
    """
    factors = torch.tensor([0.0, 1.0 / (1.0 - p)], dtype=torch.float64)
    return torch.cartesian_prod(*[factors] * (places * d)).unflatten(-1, (places, 1, 1, d))


def check_dropout(expect, came, possible, ways, p, places):
    """In each place `(batch, seq)` the result is one of the `possible (ways, batch, seq, d)`.

    `places` names what goes through dropout. Each is to lose the share p, every number by itself. Returns which
    numbers were dropped, `(batch, seq, places, d)`.
    """
    expect.shape(came, tuple(possible.shape[1:]))
    gap, way = (possible - came).abs().amax(-1).min(0)
    right = gap < NEAR
    expect.true(
        bool(right.all()),
        f"In train mode {int((~right).sum())} of {right.numel()} vectors are none that dropout can give with p = {p}:"
        f" a number becomes 0 or is divided by 1 - p, in {' and in '.join(places)}.",
        actual=came,
    )
    dropped = (ways == 0).flatten(1, 3)[way]  # (batch, seq, places, d)
    margin = 5 * math.sqrt(p * (1 - p) / dropped[..., 0, :].numel())
    for number, place in enumerate(places):
        own = dropped[..., number, :]
        share = float(own.double().mean())
        expect.between(
            share, p - margin, p + margin, f"The share of the numbers of {place} that was set to 0, p = {p}:"
        )
        for axis, first in ((0, "in the first row"), (1, "at the first position"), (2, "the first one of its vector")):
            others = own.narrow(axis, 1, own.shape[axis] - 1)
            alike = others.numel() > 0 and _agree(others, own.narrow(axis, 0, 1))
            message = f"In {place} nearly every number is dropped or kept as {first}; each is to have its own draw."
            expect.true(not alike, message)
        for other in range(number):
            alike = _agree(own, dropped[..., other, :])
            message = f"Nearly the same numbers are dropped in {places[other]} and in {place}; each is to draw anew."
            expect.true(not alike, message)
    return dropped


def check_drawn_anew(expect, first, second, places):
    """What two calls dropped, as `check_dropout` returns it, is not nearly the same."""
    for number, place in enumerate(places):
        alike = _agree(first[..., number, :], second[..., number, :])
        expect.true(not alike, f"A second call dropped nearly the same numbers of {place}; each call is to draw anew.")


DROPOUT = 0.25


def check_two_answers(expect, answer, possible, ways, p, places):
    """Two answers in training, the second with gradients off: each is dropped rightly, by draws of its own."""
    one = check_dropout(expect, answer(), possible, ways, p, places)
    with torch.no_grad():  # the mode decides, not whether gradients are on
        other = check_dropout(expect, answer(), possible, ways, p, places)
    check_drawn_anew(expect, one, other, places)


def without_mixing(weights):
    """The same weights, but that the first block's attention adds the same to every position, and mixes none."""
    values = "blocks.0.attention.v_proj.weight"
    return weights | {values: torch.zeros_like(weights[values])}


def check_model_dropout(expect, model, ids, outputs, embeddings):
    """A model of one block and width 4 in training: it drops of the embeddings and of both sub-layers' outputs.

    `outputs(factors)` are all answers that dropout may give, a factor for each place; `embeddings` names the first.
    """
    ways = ways_to_drop(3, 4, DROPOUT)
    possible = outputs(ways.unbind(1))
    places = [embeddings, "the attention's output", "the feed-forward network's output"]
    check_two_answers(expect, lambda: model(ids), possible, ways, DROPOUT, places)


def _agree(one, other):
    """Whether two draws are the same: by chance five places in eight agree, or less."""
    return float((one == other).double().mean()) > 0.95


# -- what is asked of layers and models --------------------------------------------------------------------


def check_causality(expect, model, ids, vocab):
    """Another last token changes no logits but the last position's. Returns both answers, before and after."""
    other = ids.clone()
    other[:, -1] = (ids[:, -1] + 1) % vocab
    before, after = model(ids), model(other)
    expect.shape(after, (*ids.shape, vocab))
    message = "With another last token, the logits of the positions before it are others."
    expect.close(after[:, :-1], before[:, :-1], message, tolerance=NEAR)
    return before, after


def check_own_gradients(expect, layer, wanted, tolerance=NEAR, tied=None):
    """The layer's parameters have these gradients; `tied` is (name, other name) of a parameter that has two."""
    came = layer.gradients()
    if tied is not None and tied[0] not in came and tied[1] in came:
        came[tied[0]] = came[tied[1]]
    for name, gradient in wanted.items():
        expect.true(came.get(name) is not None, f"`{name}` got no gradient.")
        expect.close(came[name], gradient, f"The gradient of `{name}` is wrong.", tolerance=tolerance)


def check_input_gradient(expect, x, twin, name="x", tolerance=NEAR):
    """The gradient that came back to an input is that of its twin."""
    expect.true(x.grad is not None, f"No gradient came back to `{name}`.")
    expect.close(x.grad, twin.grad, f"The gradient of `{name}` is wrong.", tolerance=tolerance)


def check_start_values_apart(expect, parameters, tied=()):
    """No two matrices or tables of a model start with the same numbers, whatever their scale; `tied` are to be one."""
    seen = {}
    for name, value in parameters.items():
        if value.ndim >= 2:
            start = tuple((value / value.abs().max()).flatten()[:100].tolist())
            other = seen.setdefault(start, name)
            same = torch.equal(parameters[other].flatten()[:100], value.flatten()[:100])
            scale = "" if same else ", but for their scale"
            message = f"The first {len(start)} start values of `{other}` and `{name}` are the same{scale}."
            if {other, name} == {*tied}:
                message = (
                    f"`{other}` and `{name}` are two parameters that start with the same values. They are to be one."
                )
            expect.true(other == name, message)


def check_gradients(expect, models, backward, tied=None, tolerance=NEAR):
    """After `backward(model)` the learner's parameters have the reference's gradients; `tied` is (table, head)."""
    found = []
    for model in models:
        backward(model)
        gradients = model.gradients()
        if tied is not None and tied[0] not in gradients and tied[1] in gradients:
            gradients[tied[0]] = gradients.pop(tied[1])  # one parameter, listed under its other name
        found.append(gradients)
    came, wanted = found
    expect.equal(
        sorted(came), sorted(wanted), "The names of the parameters, a shared one once, are not those of the docstring."
    )
    for name, gradient in wanted.items():
        expect.true(came[name] is not None, f"`{name}` got no gradient.")
        expect.close(came[name], gradient, f"The gradient of `{name}` is wrong.", tolerance=tolerance)


def check_meta(expect, model, arguments, shape):
    """Float32 in, float32 out, float64 as well, and the model runs on the device meta."""
    expect.dtype(model(*arguments), torch.float32)
    expect.dtype(model.double()(*arguments), torch.float64)
    expect.shape(model.to("meta")(*(item.to("meta") for item in arguments)), shape)
