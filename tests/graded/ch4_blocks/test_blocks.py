"""Post-norm and pre-norm blocks: the order of their parts, residuals, masks, dropout, gradients."""

import pytest
import torch
import torch.nn.functional as F
from model_checks import (
    NEAR,
    check_input_gradient,
    check_own_gradients,
    check_two_answers,
    drawn,
    load,
    norm_by_hand,
    post_norm_by_hand,
    pre_norm_by_hand,
    shapes_of_block,
    ways_to_drop,
)

KINDS = ["PostNormBlock", "PreNormBlock"]
D_MODEL, N_HEADS, D_FF = 6, 2, 10


def _state(draw, d=D_MODEL, d_ff=D_FF):
    """Known weights for every part, under the names of the curriculum."""
    return drawn(draw, shapes_of_block(d, d_ff), 0.6)


def _block(kind, state, x, mask=None, activation=F.gelu, heads=N_HEADS, factors=(1.0, 1.0)):
    """What a block computes, in its formula's words."""
    by_hand = post_norm_by_hand if kind == "PostNormBlock" else pre_norm_by_hand
    return by_hand(state, x, heads, mask, activation, factors)


def _loaded(student, kind, state, sizes=(D_MODEL, N_HEADS, D_FF), **options):
    return load(getattr(student, kind)(*sizes, **options).double(), state)


def _silent(state, *parts):
    """The same weights with the last layer of some sub-layers at zero."""
    last = {"attention": "attention.out_proj", "feed_forward": "feed_forward.down"}
    chosen = tuple(last[part] for part in parts)
    return {key: torch.zeros_like(item) if key.startswith(chosen) else item for key, item in state.items()}


# -- what a block computes ----------------------------------------------------------------------------


@pytest.mark.points(3)
def test_a_silent_post_norm_block_only_normalizes(student, draw, expect):
    """With sub-layers that give zero, the residual road is left: `norm2(norm1(x))`."""
    state, x = _silent(_state(draw), "attention", "feed_forward"), draw.normal(2, 5, D_MODEL) + 1
    wanted = norm_by_hand(state, "norm2", norm_by_hand(state, "norm1", x))
    expect.close(_loaded(student, "PostNormBlock", state)(x), wanted, tolerance=NEAR)


@pytest.mark.points(3)
def test_a_silent_pre_norm_block_returns_its_input(student, draw, expect):
    """With sub-layers that give zero, the pre-norm block is the identity: nothing on the road of x is normalized."""
    state, x = _silent(_state(draw), "attention", "feed_forward"), draw.normal(2, 5, D_MODEL) + 1
    expect.close(_loaded(student, "PreNormBlock", state)(x), x, tolerance=NEAR)


@pytest.mark.points(3)
@pytest.mark.parametrize("kind", KINDS)
def test_the_half_with_the_attention(student, draw, expect, kind):
    """With a feed-forward network that gives zero, attention, its residual and its norm are left."""
    state, x = _silent(_state(draw), "feed_forward"), draw.normal(2, 5, D_MODEL) + 1
    expect.close(_loaded(student, kind, state)(x), _block(kind, state, x), tolerance=NEAR)


@pytest.mark.points(3)
@pytest.mark.parametrize("kind", KINDS)
def test_the_half_with_the_feed_forward_network(student, draw, expect, kind):
    """With an attention that gives zero, the feed-forward network, its residual and its norm are left."""
    state, x = _silent(_state(draw), "attention"), draw.normal(2, 5, D_MODEL) + 1
    expect.close(_loaded(student, kind, state)(x), _block(kind, state, x), tolerance=NEAR)


@pytest.mark.points(2)
@pytest.mark.parametrize("shape", [(3, 5), (1, 4), (2, 1)], ids=str)
@pytest.mark.parametrize("kind", KINDS)
def test_the_whole_block(student, draw, expect, kind, shape):
    """Attention and feed-forward network, one after the other, each with its residual and its norm."""
    state, x = _state(draw), draw.normal(*shape, D_MODEL) + 1
    expect.close(_loaded(student, kind, state)(x), _block(kind, state, x), tolerance=NEAR)


@pytest.mark.points(0.25)
@pytest.mark.parametrize("gradients", [True, False], ids=["gradients on", "gradients off"])
@pytest.mark.parametrize("kind", KINDS)
def test_x_stays_as_it_is(student, draw, expect, kind, gradients):
    """`x` holds the same after the call as before it, in generation too, where gradients are off."""
    x = draw.normal(2, 5, D_MODEL)
    before = x.clone()
    with torch.set_grad_enabled(gradients):
        _loaded(student, kind, _state(draw))(x)
    expect.equal(x, before, "`x` was changed.")


@pytest.mark.points(3)
@pytest.mark.parametrize("kind", KINDS)
def test_the_mask_reaches_the_attention(student, draw, expect, kind):
    """A mask of `(seq, seq)` hides keys from queries, also where the batch is as large as the sequence is long."""
    state, mask = _state(draw), draw.mask(5, 5)
    block = _loaded(student, kind, state)
    for batch in (3, 5):
        x = draw.normal(batch, 5, D_MODEL)
        expect.close(block(x, mask=mask), _block(kind, state, x, mask), tolerance=NEAR)


@pytest.mark.points(2)
@pytest.mark.parametrize("kind", KINDS)
def test_without_a_mask_every_position_sees_every_other(student, draw, expect, kind):
    """A change of the last position changes the first, and the other way round: the block hides nothing by itself."""
    state, x = _state(draw), draw.normal(1, 4, D_MODEL)
    state["attention.q_proj.weight"] = 0.1 * state["attention.q_proj.weight"]  # no weight is too near to zero to see
    block = _loaded(student, kind, state)
    first = block(x)
    for changed, seen in ((3, 0), (0, 3)):
        other = x.clone()
        other[0, changed] = draw.normal(D_MODEL)
        moved = (block(other)[0, seen] - first[0, seen]).abs().max()
        message = f"With another vector at position {changed} of `x`, position {seen} of the result moves by"
        expect.true(float(moved) > 1e-5, f"{message} {float(moved):.1e}; it ought to move by more than 1e-05.")


def _check_gradients(expect, student, draw, kind, sizes, shape, mask=None):
    d, heads, d_ff = sizes
    state = {name: value.requires_grad_() for name, value in _state(draw, d, d_ff).items()}
    block = _loaded(student, kind, {name: value.detach() for name, value in state.items()}, sizes)
    x, cotangent = draw.normal(*shape, d, grad=True), draw.normal(*shape, d)
    twin = x.detach().clone().requires_grad_()
    (_block(kind, state, twin, mask, heads=heads) * cotangent).sum().backward()
    (block(x, mask) * cotangent).sum().backward()
    check_own_gradients(expect, block, {name: value.grad for name, value in state.items()})
    check_input_gradient(expect, x, twin)


@pytest.mark.points(3)
@pytest.mark.parametrize("kind", KINDS)
def test_the_gradients(student, draw, expect, kind):
    """Gradients reach the input, and every parameter of every part."""
    _check_gradients(expect, student, draw, kind, (D_MODEL, N_HEADS, D_FF), (2, 4))


@pytest.mark.hidden
@pytest.mark.points(2)
@pytest.mark.parametrize("kind", KINDS)
def test_values_and_gradients_at_another_size(student, draw, expect, kind):
    """Four heads, a narrow feed-forward network and a mask of one row for all queries: values and gradients."""
    sizes, mask = (8, 4, 3), draw.mask(3, 1, 6)
    state, x = _state(draw, 8, 3), draw.normal(3, 6, 8) - 1
    wanted = _block(kind, state, x, mask, heads=4)
    expect.close(_loaded(student, kind, state, sizes)(x, mask), wanted, tolerance=NEAR)
    _check_gradients(expect, student, draw, kind, sizes, (3, 6), mask)


# -- parts, masks, calls ------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_every_part_is_registered(student, draw, expect, kind):
    """The parameters are those of `attention` (with bias), `feed_forward`, `norm1` and `norm2`, each once."""
    came = {n: tuple(v.shape) for n, v in getattr(student, kind)(D_MODEL, N_HEADS, D_FF).named_parameters().items()}
    wanted = {name: tuple(value.shape) for name, value in _state(draw).items()}
    missing, extra = sorted(wanted.keys() - came.keys()), sorted(came.keys() - wanted.keys())
    expect.true(
        not missing, f"The list of parameters, a shared one named once, lacks {', '.join(missing)}.", actual=came
    )
    expect.true(not extra, f"There are more parameters than those of the docstring: {', '.join(extra)}.", actual=came)
    expect.equal(came, wanted, "A parameter has another shape than it ought to have.")


@pytest.mark.parametrize("kind", KINDS)
def test_the_activation_is_the_callers(student, draw, expect, kind):
    """`activation=relu` reaches the feed-forward network."""
    state, x = _state(draw), draw.normal(2, 3, D_MODEL)
    block = _loaded(student, kind, state, activation=torch.nn.functional.relu)
    expect.close(block(x), _block(kind, state, x, activation=F.relu), tolerance=NEAR)


@pytest.mark.parametrize("kind", KINDS)
def test_masks_of_three_and_four_axes(student, draw, expect, kind):
    """A mask may have a batch axis, one row for all queries, or a heads axis; a batch may be as large as the heads."""
    state = _state(draw)
    block = _loaded(student, kind, state)
    for batch in (3, N_HEADS):
        x = draw.normal(batch, 5, D_MODEL)
        for shape in ((1, 5), (5, 5), (1, 5, 5), (N_HEADS, 5, 5), (N_HEADS, 1, 5)):
            mask = draw.mask(batch, *shape)
            expect.close(block(x, mask=mask), _block(kind, state, x, mask), tolerance=NEAR)


@pytest.mark.parametrize("training", [True, False], ids=["train", "eval"])
@pytest.mark.parametrize("kind", KINDS)
def test_every_call_stands_by_itself(student, draw, expect, kind, training):
    """A call with a mask, one without, others with other masks and inputs of the same shape: nothing is remembered."""
    state = _state(draw)
    block = _loaded(student, kind, state)
    block.train(training)
    causal, padding = torch.ones(5, 5, dtype=torch.bool).tril(), torch.arange(5) < torch.tensor([[[2]], [[4]]])
    for mask in (causal, None, padding, padding.flip(0), None, causal.T, causal, None):
        x = draw.normal(2, 5, D_MODEL)
        wanted = _block(kind, state, x, mask)
        expect.close(block(x, mask), wanted, tolerance=NEAR)


@pytest.mark.parametrize("kind", KINDS)
def test_two_blocks_have_weights_of_their_own(student, draw, expect, kind):
    """What is loaded into a second block does not touch the first."""
    state, x = _state(draw), draw.normal(2, 3, D_MODEL)
    block = _loaded(student, kind, state)
    _loaded(student, kind, _state(draw))
    expect.close(block(x), _block(kind, state, x), tolerance=NEAR)


# -- dropout ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_dropout_does_nothing_in_eval(student, draw, expect, kind):
    """In eval mode the block with dropout computes what the block without dropout computes."""
    state, x = _state(draw), draw.normal(2, 5, D_MODEL)
    block = _loaded(student, kind, state, dropout=0.4)
    block.eval()
    expect.close(block(x), _block(kind, state, x), tolerance=NEAR)


@pytest.mark.parametrize("kind", KINDS)
def test_dropout_works_on_the_output_of_each_sub_layer(student, draw, expect, kind):
    """In training, numbers of a sub-layer's output become 0 with probability p, and the others are divided by 1 - p."""
    state, x, p = _state(draw, 4, 5), draw.normal(4, 50, 4), 0.25
    ways = ways_to_drop(2, 4, p)
    block = _loaded(student, kind, state, (4, 2, 5), dropout=p)
    possible = _block(kind, state, x, factors=ways.unbind(1))
    places = ["the attention's output", "the feed-forward network's output"]
    check_two_answers(expect, lambda: block(x), possible, ways, p, places)


@pytest.mark.parametrize("kind", KINDS)
def test_dropout_is_drawn_anew_in_each_call(student, draw, expect, kind):
    """Two calls in training differ; after `eval()` they are the same, after `train()` they differ again."""
    block, x = _loaded(student, kind, _state(draw), dropout=0.5), draw.normal(2, 20, D_MODEL)
    expect.true(not torch.equal(block(x), block(x)), "With dropout 0.5, two calls of a new block give the same result.")
    block.eval()
    expect.close(block(x), block(x), "In eval mode, two calls differ.", tolerance=NEAR)
    block.train()
    expect.true(
        not torch.equal(block(x), block(x)), "With dropout 0.5, two calls after `train()` give the same result."
    )


# -- edges --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_inputs_that_are_not_contiguous(student, draw, expect, kind):
    """A transposed input gives the same as its copy, with a mask that is a transposed view as well."""
    state, x, mask = _state(draw), draw.strided(2, 5, D_MODEL), draw.mask(5, 5).tril().T
    mask = mask | torch.eye(5, dtype=torch.bool)
    expect.close(_loaded(student, kind, state)(x, mask=mask), _block(kind, state, x, mask), tolerance=NEAR)


@pytest.mark.parametrize("kind", KINDS)
def test_a_query_that_may_attend_to_nothing(student, draw, expect, kind):
    """Its attention adds only the bias of `out_proj`; values and gradients stay finite."""
    state, x = _state(draw), draw.normal(2, 4, D_MODEL, grad=True)
    mask = torch.ones(2, 4, 4, dtype=torch.bool)
    mask[1] = False
    y = _loaded(student, kind, state)(x, mask=mask)
    alone = _silent(state, "attention") | {"attention.out_proj.bias": state["attention.out_proj.bias"]}
    expect.close(y[1:], _block(kind, alone, x.detach()[1:]), tolerance=NEAR)
    (y * draw.normal(2, 4, D_MODEL)).sum().backward()
    expect.true(x.grad is not None, "No gradient came back to `x`.")
    expect.finite(x.grad, "The gradient of `x` is not finite.")


@pytest.mark.parametrize("kind", KINDS)
def test_float32_stays_float32(student, draw, expect, kind):
    """In float32 the same comes out, as float32."""
    state, x = _state(draw), draw.normal(2, 5, D_MODEL)
    block = _loaded(student, kind, state)
    block.float()
    expect.close(block(x.float()), _block(kind, state, x).float())


@pytest.mark.parametrize("kind", KINDS)
def test_it_runs_on_meta(student, expect, kind):
    """On the `meta` device only shapes are computed; nothing may be fixed to the CPU."""
    x, mask = torch.empty(2, 5, D_MODEL, device="meta"), torch.ones(5, 5, dtype=torch.bool, device="meta")
    y = getattr(student, kind)(D_MODEL, N_HEADS, D_FF, dropout=0.1).to("meta")(x, mask=mask)
    expect.shape(y, (2, 5, D_MODEL))
    expect.true(y.device.type == "meta", "The result is not on the `meta` device.", actual=y)


@pytest.mark.parametrize("kind", KINDS)
def test_heads_that_do_not_divide_d_model_are_refused(student, expect, kind):
    """5 heads and d_model = 6 raise a ValueError that names the heads."""
    expect.raises(ValueError, getattr(student, kind), 6, 5, 10, mentions=5)
