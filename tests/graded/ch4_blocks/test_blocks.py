"""Post-norm and pre-norm blocks: the order of their parts, residuals, masks, dropout, gradients."""

import pytest
import torch
import torch.nn.functional as F

KINDS = ["PostNormBlock", "PreNormBlock"]
D_MODEL, N_HEADS, D_FF = 6, 2, 10


def _state(draw):
    """Known weights for every part, under the names of the curriculum."""
    state = {}
    for name in ("q_proj", "k_proj", "v_proj", "out_proj"):
        state[f"attention.{name}.weight"] = draw.normal(D_MODEL, D_MODEL, scale=0.6)
        state[f"attention.{name}.bias"] = draw.normal(D_MODEL, scale=0.5)
    state["feed_forward.up.weight"] = draw.normal(D_FF, D_MODEL, scale=0.6)
    state["feed_forward.up.bias"] = draw.normal(D_FF, scale=0.5)
    state["feed_forward.down.weight"] = draw.normal(D_MODEL, D_FF, scale=0.6)
    state["feed_forward.down.bias"] = draw.normal(D_MODEL, scale=0.5)
    for name in ("norm1", "norm2"):
        state[f"{name}.weight"] = 1 + draw.normal(D_MODEL, scale=0.3)
        state[f"{name}.bias"] = draw.normal(D_MODEL, scale=0.3)
    return state


def _attention(state, x, mask=None):
    """Multi-head attention, one head after the other."""
    q, k, v = (
        F.linear(x, state[f"attention.{n}_proj.weight"], state[f"attention.{n}_proj.bias"]) for n in "qkv"
    )
    width, mixed = D_MODEL // N_HEADS, []
    for head in range(N_HEADS):
        part = slice(head * width, (head + 1) * width)
        scores = q[..., part] @ k[..., part].transpose(-1, -2) / width**0.5
        if mask is not None:
            scores = scores.masked_fill(~mask, float("-inf"))
        mixed.append(torch.softmax(scores, dim=-1) @ v[..., part])
    return F.linear(
        torch.cat(mixed, dim=-1), state["attention.out_proj.weight"], state["attention.out_proj.bias"]
    )


def _feed_forward(state, x, activation=F.gelu):
    inner = activation(F.linear(x, state["feed_forward.up.weight"], state["feed_forward.up.bias"]))
    return F.linear(inner, state["feed_forward.down.weight"], state["feed_forward.down.bias"])


def _norm(state, name, x):
    return F.layer_norm(x, (D_MODEL,), state[f"{name}.weight"], state[f"{name}.bias"])


def _block(kind, state, x, mask=None, activation=F.gelu):
    """What a block computes, in its formula's words."""
    if kind == "PostNormBlock":
        x = _norm(state, "norm1", x + _attention(state, x, mask))
        return _norm(state, "norm2", x + _feed_forward(state, x, activation))
    x = x + _attention(state, _norm(state, "norm1", x), mask)
    return x + _feed_forward(state, _norm(state, "norm2", x), activation)


def _loaded(student, kind, state, **options):
    block = getattr(student, kind)(D_MODEL, N_HEADS, D_FF, **options).double()
    block.load_state_dict(state)
    return block


def _silent(state, *parts):
    """The same weights with the last layer of some sub-layers at zero."""
    last = {"attention": "attention.out_proj", "feed_forward": "feed_forward.down"}
    chosen = tuple(last[part] for part in parts)
    return {key: torch.zeros_like(item) if key.startswith(chosen) else item for key, item in state.items()}


def test_a_silent_post_norm_block_only_normalizes(student, draw, expect):
    """With sub-layers that give zero, the residual road is left: `norm2(norm1(x))`."""
    state, x = _silent(_state(draw), "attention", "feed_forward"), draw.normal(2, 5, D_MODEL) + 1
    wanted = _norm(state, "norm2", _norm(state, "norm1", x))
    expect.close(_loaded(student, "PostNormBlock", state)(x), wanted)


def test_a_silent_pre_norm_block_returns_its_input(student, draw, expect):
    """With sub-layers that give zero, the pre-norm block is the identity: nothing on the road of x is normalized."""
    state, x = _silent(_state(draw), "attention", "feed_forward"), draw.normal(2, 5, D_MODEL) + 1
    expect.close(_loaded(student, "PreNormBlock", state)(x), x)


@pytest.mark.parametrize("kind", KINDS)
def test_the_half_with_the_attention(student, draw, expect, kind):
    """With a feed-forward network that gives zero, attention, its residual and its norm are left."""
    state, x = _silent(_state(draw), "feed_forward"), draw.normal(2, 5, D_MODEL) + 1
    expect.close(_loaded(student, kind, state)(x), _block(kind, state, x))


@pytest.mark.parametrize("kind", KINDS)
def test_the_half_with_the_feed_forward_network(student, draw, expect, kind):
    """With an attention that gives zero, the feed-forward network, its residual and its norm are left."""
    state, x = _silent(_state(draw), "attention"), draw.normal(2, 5, D_MODEL) + 1
    expect.close(_loaded(student, kind, state)(x), _block(kind, state, x))


@pytest.mark.parametrize("kind", KINDS)
def test_the_whole_block(student, draw, expect, kind):
    """Attention and feed-forward network, one after the other, each with its residual and its norm."""
    state, x = _state(draw), draw.normal(3, 5, D_MODEL) + 1
    expect.close(_loaded(student, kind, state)(x), _block(kind, state, x))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("shape", [(5, 5), (3, 1, 5), (3, 5, 5), (3, 1, 5, 5)], ids=str)
def test_the_mask_reaches_the_attention(student, draw, expect, kind, shape):
    """A mask of 2, 3 or 4 axes hides keys from queries."""
    state, x, mask = _state(draw), draw.normal(3, 5, D_MODEL), draw.mask(*shape)
    flat = mask[:, 0] if mask.dim() == 4 else mask
    expect.close(_loaded(student, kind, state)(x, mask=mask), _block(kind, state, x, flat))


@pytest.mark.parametrize("kind", KINDS)
def test_without_a_mask_every_position_sees_every_other(student, draw, expect, kind):
    """A change of the last position changes the first, and the other way round: the block hides nothing by itself."""
    block, x = _loaded(student, kind, _state(draw)), draw.normal(1, 4, D_MODEL)
    first = block(x)
    for changed, seen in ((3, 0), (0, 3)):
        other = x.clone()
        other[0, changed] += 1.0
        moved = (block(other)[0, seen] - first[0, seen]).abs().max()
        expect.true(
            float(moved) > 1e-6, f"Position {seen} does not change when position {changed} does.", came=float(moved)
        )


@pytest.mark.parametrize("kind", KINDS)
def test_the_activation_is_the_callers(student, draw, expect, kind):
    """`activation=relu` reaches the feed-forward network."""
    state, x = _state(draw), draw.normal(2, 3, D_MODEL)
    block = _loaded(student, kind, state, activation=torch.nn.functional.relu)
    expect.close(block(x), _block(kind, state, x, activation=F.relu))


@pytest.mark.parametrize("kind", KINDS)
def test_every_part_is_registered(student, draw, expect, kind):
    """The parameters are those of `attention` (with bias), `feed_forward`, `norm1` and `norm2`, each once."""
    came = {n: tuple(v.shape) for n, v in getattr(student, kind)(D_MODEL, N_HEADS, D_FF).named_parameters().items()}
    wanted = {name: tuple(value.shape) for name, value in _state(draw).items()}
    missing, extra = sorted(wanted.keys() - came.keys()), sorted(came.keys() - wanted.keys())
    expect.true(not missing, f"These parameters are missing (or shared): {', '.join(missing)}.", came=came)
    expect.true(not extra, f"There are parameters that no part should have: {', '.join(extra)}.", came=came)
    expect.equal(came, wanted, "A parameter has another shape.")


@pytest.mark.parametrize("kind", KINDS)
def test_the_gradients(student, draw, expect, kind):
    """Gradients reach the input, and every parameter of every part."""
    state = {name: value.requires_grad_() for name, value in _state(draw).items()}
    block = _loaded(student, kind, {name: value.detach() for name, value in state.items()})
    x, cotangent = draw.normal(2, 4, D_MODEL, grad=True), draw.normal(2, 4, D_MODEL)
    twin = x.detach().clone().requires_grad_()
    (_block(kind, state, twin) * cotangent).sum().backward()
    (block(x) * cotangent).sum().backward()
    came = block.gradients()
    for name, value in state.items():
        expect.true(came.get(name) is not None, f"`{name}` got no gradient.")
        expect.close(came[name], value.grad, f"The gradient of `{name}` is wrong.")
    expect.true(x.grad is not None, "No gradient came back to `x`.")
    expect.close(x.grad, twin.grad, "The gradient of `x` is wrong.")


# -- dropout ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_dropout_does_nothing_in_eval(student, draw, expect, kind):
    """In eval mode the block with dropout computes what the block without dropout computes."""
    state, x = _state(draw), draw.normal(2, 5, D_MODEL)
    block = _loaded(student, kind, state, dropout=0.4)
    block.eval()
    expect.close(block(x), _block(kind, state, x))


def _constant(draw, part):
    """Weights with which the output of one sub-layer is 1 everywhere, and that of the other 0."""
    state = _silent(_state(draw), "attention", "feed_forward")
    last = {"attention": "attention.out_proj", "feed_forward": "feed_forward.down"}[part]
    return {**state, f"{last}.bias": torch.ones(D_MODEL, dtype=torch.float64)}


@pytest.mark.parametrize("part", ["attention", "feed_forward"])
def test_dropout_in_the_pre_norm_block(student, draw, expect, part):
    """A sub-layer's output of ones is added as 0 with probability p, else as 1 / (1 - p); x itself is never dropped."""
    block = _loaded(student, "PreNormBlock", _constant(draw, part), dropout=0.25)
    x = draw.normal(8, 50, D_MODEL)
    _zeros_and_scaled_ones(expect, block(x) - x, 0.25)


@pytest.mark.parametrize("part", ["attention", "feed_forward"])
def test_dropout_in_the_post_norm_block(student, draw, expect, part):
    """A sub-layer's output of ones is added as 0 with probability p, else as 1 / (1 - p), before the norm."""
    state = _constant(draw, part)
    for name in ("norm1", "norm2"):
        state[f"{name}.weight"] = torch.ones(D_MODEL, dtype=torch.float64)
        state[f"{name}.bias"] = torch.zeros(D_MODEL, dtype=torch.float64)
    block = _loaded(student, "PostNormBlock", state, dropout=0.25)
    # The first number is so large that it keeps the sum's mean and size; the others show what was added to them.
    x = torch.zeros(8, 50, D_MODEL, dtype=torch.float64)
    x[..., 0], x[..., 1] = 1e6, -1e6
    spread = F.layer_norm(x, (D_MODEL,))[..., 0] / 1e6
    y = block(x) / spread.unsqueeze(-1)
    if part == "feed_forward":
        y = y * spread.unsqueeze(-1)  # here x was normalized before the sum, and 1 is not small any more
        _levels(expect, block, x)
        return
    differences = y[..., 2:] - y[..., 2:].amin(dim=-1, keepdim=True)
    expect.true(bool((differences.abs() < 1.5).all()), "x itself was dropped.", came=differences)
