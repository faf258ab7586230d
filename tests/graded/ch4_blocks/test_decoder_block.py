"""The decoder block: its three sub-layers, which mask goes where, where keys come from, dropout, gradients."""

import pytest
import torch
import torch.nn.functional as F
from model_checks import (
    NEAR,
    attention_by_hand,
    check_input_gradient,
    check_own_gradients,
    check_two_answers,
    drawn,
    feed_forward_by_hand,
    load,
    norm_by_hand,
    shapes_of_block,
    ways_to_drop,
)

D_MODEL, N_HEADS, D_FF = 6, 2, 10
Q_LEN, K_LEN = 4, 7
LAST = {"self": "self_attention.out_proj", "cross": "cross_attention.out_proj", "feed_forward": "feed_forward.down"}


def _state(draw, silent=(), d=D_MODEL, d_ff=D_FF):
    """Known weights for every part, under the names of the curriculum; `silent` sub-layers give zero."""
    state = drawn(draw, shapes_of_block(d, d_ff, ("self_attention", "cross_attention"), norms=3), 0.6)
    quiet = tuple(LAST[part] for part in silent)
    return {k: torch.zeros_like(v) if quiet and k.startswith(quiet) else v for k, v in state.items()}


def _block(state, x, memory, mask=None, memory_mask=None, activation=F.relu, heads=N_HEADS, factors=(1.0, 1.0, 1.0)):
    """What the block computes, in its formula's words. `factors` are those of dropout, for each sub-layer's output."""

    def attention(part, x, context, mask):
        return attention_by_hand(state, part, heads, x, context, mask)

    x = norm_by_hand(state, "norm1", x + factors[0] * attention("self_attention", x, x, mask))
    x = norm_by_hand(state, "norm2", x + factors[1] * attention("cross_attention", x, memory, memory_mask))
    return norm_by_hand(state, "norm3", x + factors[2] * feed_forward_by_hand(state, x, activation))


def _loaded(student, state, sizes=(D_MODEL, N_HEADS, D_FF), **options):
    return load(student.DecoderBlock(*sizes, **options).double(), state)


def _inputs(draw, batch=3):
    return draw.normal(batch, Q_LEN, D_MODEL) + 1, draw.normal(batch, K_LEN, D_MODEL) - 1


# -- what the block computes --------------------------------------------------------------------------


@pytest.mark.points(3)
def test_a_silent_block_only_normalizes(student, draw, expect):
    """With sub-layers that give zero, the residual road is left: `norm3(norm2(norm1(x)))`."""
    state, (x, memory) = _state(draw, ("self", "cross", "feed_forward")), _inputs(draw)
    wanted = norm_by_hand(state, "norm3", norm_by_hand(state, "norm2", norm_by_hand(state, "norm1", x)))
    expect.close(_loaded(student, state)(x, memory), wanted, tolerance=NEAR)


@pytest.mark.points(3)
def test_the_self_attention(student, draw, expect):
    """With the two other sub-layers at zero, the target looks at itself."""
    state, (x, memory) = _state(draw, ("cross", "feed_forward")), _inputs(draw)
    expect.close(_loaded(student, state)(x, memory), _block(state, x, memory), tolerance=NEAR)


@pytest.mark.points(3)
def test_the_cross_attention(student, draw, expect):
    """With the two other sub-layers at zero: queries from the target, keys and values from the memory."""
    state, (x, memory) = _state(draw, ("self", "feed_forward")), _inputs(draw)
    expect.close(_loaded(student, state)(x, memory), _block(state, x, memory), tolerance=NEAR)


@pytest.mark.points(3)
def test_the_feed_forward_network(student, draw, expect):
    """With both attentions at zero, the feed-forward network is left, with ReLU unless told otherwise."""
    state, (x, memory) = _state(draw, ("self", "cross")), _inputs(draw)
    expect.close(_loaded(student, state)(x, memory), _block(state, x, memory), tolerance=NEAR)


@pytest.mark.points(2)
@pytest.mark.parametrize("shape", [(3, 4, 7), (1, 5, 2), (2, 1, 4), (2, 3, 1)], ids=str)
def test_the_whole_block(student, draw, expect, shape):
    """Self-attention, cross-attention, feed-forward network, each with its residual and its norm."""
    batch, q_len, k_len = shape
    state, x, memory = _state(draw), draw.normal(batch, q_len, D_MODEL) + 1, draw.normal(batch, k_len, D_MODEL) - 1
    expect.close(_loaded(student, state)(x, memory), _block(state, x, memory), tolerance=NEAR)


@pytest.mark.points(0.25)
@pytest.mark.parametrize("gradients", [True, False], ids=["gradients on", "gradients off"])
def test_the_inputs_stay_as_they_are(student, draw, expect, gradients):
    """Target and memory hold the same after the call as before it, in generation too, where gradients are off."""
    state, inputs = _state(draw), _inputs(draw)
    before = [value.clone() for value in inputs]
    with torch.set_grad_enabled(gradients):
        _loaded(student, state)(*inputs)
    for name, now, then in zip(("x", "memory"), inputs, before, strict=True):
        expect.equal(now, then, f"`{name}` was changed.")


@pytest.mark.points(3)
def test_mask_is_for_the_self_attention(student, draw, expect):
    """`mask` hides target positions from target positions, and nothing of the memory."""
    state, (x, memory) = _state(draw), _inputs(draw)
    mask = torch.ones(Q_LEN, Q_LEN, dtype=torch.bool).tril()
    expect.close(_loaded(student, state)(x, memory, mask=mask), _block(state, x, memory, mask), tolerance=NEAR)


@pytest.mark.points(3)
def test_memory_mask_is_for_the_cross_attention(student, draw, expect):
    """`memory_mask` hides the padding of the source, and nothing of the target."""
    state, (x, memory) = _state(draw), _inputs(draw)
    memory_mask = torch.arange(K_LEN) < torch.tensor([[[7]], [[2]], [[5]]])
    came = _loaded(student, state)(x, memory, memory_mask=memory_mask)
    expect.close(came, _block(state, x, memory, None, memory_mask), tolerance=NEAR)


@pytest.mark.points(2)
def test_both_masks_where_the_lengths_are_equal(student, draw, expect):
    """Where q_len = k_len each mask would fit in the other's place, alone as well; it must not stand there."""
    state, x, memory = _state(draw), draw.normal(2, 5, D_MODEL), draw.normal(2, 5, D_MODEL)
    block, causal, padding = _loaded(student, state), torch.ones(5, 5, dtype=torch.bool).tril(), draw.mask(2, 1, 5)
    for masks in ((draw.mask(5, 5), draw.mask(2, 5, 5)), (causal, None), (None, padding), (causal, padding)):
        expect.close(block(x, memory, *masks), _block(state, x, memory, *masks), tolerance=NEAR)


@pytest.mark.parametrize("axes", [2, 3, 4])
def test_two_masks_with_the_same_axes(student, draw, expect, axes):
    """What one mask hides stays visible in the other attention, also where both masks have the same shape."""
    state, x, memory = _state(draw), draw.normal(2, 5, D_MODEL), draw.normal(2, 5, D_MODEL)
    shape = {2: (5, 5), 3: (2, 5, 5), 4: (2, N_HEADS, 5, 5)}[axes]
    block, all_seen = _loaded(student, state), torch.ones(shape, dtype=torch.bool)
    for masks in ((all_seen.tril(), all_seen), (all_seen, all_seen.tril())):
        expect.close(block(x, memory, *masks), _block(state, x, memory, *masks), tolerance=NEAR)


@pytest.mark.points(2)
def test_with_a_causal_mask_only_later_positions_notice(student, draw, expect):
    """A change of the last target position leaves the earlier ones; a change of the last memory position moves all."""
    state, (x, memory) = _state(draw), _inputs(draw, batch=1)
    queries = "cross_attention.q_proj.weight"
    state[queries] = 0.1 * state[queries]  # no weight is too near to zero to see
    block = _loaded(student, state)
    mask = torch.ones(Q_LEN, Q_LEN, dtype=torch.bool).tril()
    before = block(x, memory, mask=mask)
    other, source = x.clone(), memory.clone()
    other[0, -1], source[0, -1] = draw.normal(D_MODEL), draw.normal(D_MODEL)
    after = block(other, memory, mask=mask)[:, :-1]
    message = "With another last position of `x`, the earlier positions of the result are others."
    expect.close(after, before[:, :-1], message, tolerance=NEAR)
    moved = (block(x, source, mask=mask) - before).abs().amax(-1)
    message = f"With another last position of the memory, a position of the result moves by {float(moved.min()):.1e}"
    expect.true(bool((moved > 1e-5).all()), f"{message}; each ought to move by more than 1e-05.", actual=moved)


def _check_gradients(expect, student, draw, sizes, shape, mask=None, memory_mask=None):
    (d, heads, d_ff), (batch, q_len, k_len) = sizes, shape
    state = {name: value.requires_grad_() for name, value in _state(draw, d=d, d_ff=d_ff).items()}
    block = _loaded(student, {name: value.detach() for name, value in state.items()}, sizes)
    inputs, cotangent = (draw.normal(batch, q_len, d), draw.normal(batch, k_len, d)), draw.normal(batch, q_len, d)
    mine = [value.clone().requires_grad_() for value in inputs]
    theirs = [value.clone().requires_grad_() for value in inputs]
    (_block(state, *theirs, mask, memory_mask, heads=heads) * cotangent).sum().backward()
    (block(*mine, mask, memory_mask) * cotangent).sum().backward()
    check_own_gradients(expect, block, {name: value.grad for name, value in state.items()})
    for name, one, other in zip(("x", "memory"), mine, theirs, strict=True):
        check_input_gradient(expect, one, other, name)


@pytest.mark.points(3)
def test_the_gradients(student, draw, expect):
    """Gradients reach the target, the memory, and every parameter of every part."""
    mask = torch.ones(Q_LEN, Q_LEN, dtype=torch.bool).tril()
    _check_gradients(expect, student, draw, (D_MODEL, N_HEADS, D_FF), (3, Q_LEN, K_LEN), mask)


@pytest.mark.hidden
@pytest.mark.points(2)
def test_values_and_gradients_at_another_size(student, draw, expect):
    """Four heads, a narrow feed-forward network, both masks: values and gradients."""
    sizes, mask, memory_mask = (8, 4, 3), draw.mask(2, 6, 6), draw.mask(2, 1, 3)
    state, x, memory = _state(draw, d=8, d_ff=3), draw.normal(2, 6, 8) - 1, draw.normal(2, 3, 8)
    wanted = _block(state, x, memory, mask, memory_mask, heads=4)
    expect.close(_loaded(student, state, sizes)(x, memory, mask, memory_mask), wanted, tolerance=NEAR)
    _check_gradients(expect, student, draw, sizes, (2, 6, 3), mask, memory_mask)


# -- parts, masks, calls ------------------------------------------------------------------------------


def test_masks_of_any_number_of_axes(student, draw, expect):
    """Both masks may have 2, 3 or 4 axes; a batch may be as large as the target is long, or as the heads are many."""
    state = _state(draw)
    block = _loaded(student, state)
    for batch in (3, Q_LEN, N_HEADS):
        x, memory = _inputs(draw, batch)
        for rows in ((Q_LEN,), (batch, Q_LEN), (batch, 1), (batch, 1, Q_LEN), (batch, N_HEADS, Q_LEN)):
            masks = draw.mask(*rows, Q_LEN), draw.mask(*rows, K_LEN)
            expect.close(block(x, memory, *masks), _block(state, x, memory, *masks), tolerance=NEAR)


@pytest.mark.parametrize("training", [True, False], ids=["train", "eval"])
def test_every_call_stands_by_itself(student, draw, expect, training):
    """Calls with and without masks, other masks, targets and memories of the same shapes: nothing is remembered."""
    state = _state(draw)
    block = _loaded(student, state)
    block.train(training)
    causal, padding = torch.ones(4, 4, dtype=torch.bool).tril(), torch.arange(7) < torch.tensor([[[3]], [[6]]])
    masks = [(causal, padding), (None, None), (draw.mask(2, 4, 4), None), (None, draw.mask(4, 7)), (None, None)]
    for mask, memory_mask in [*masks, (causal, padding), (causal.T, padding.flip(0))]:
        x, memory = draw.normal(2, 4, D_MODEL), draw.normal(2, 7, D_MODEL)
        for target in (x, draw.normal(2, 4, D_MODEL)):
            wanted = _block(state, target, memory, mask, memory_mask)
            came = block(target, memory, mask, memory_mask)
            expect.close(came, wanted, tolerance=NEAR)


def test_two_blocks_have_weights_of_their_own(student, draw, expect):
    """What is loaded into a second block does not touch the first."""
    state, (x, memory) = _state(draw), _inputs(draw)
    block = _loaded(student, state)
    _loaded(student, _state(draw))
    wanted = _block(state, x, memory)
    expect.close(block(x, memory), wanted, tolerance=NEAR)


def test_the_activation_is_the_callers(student, draw, expect):
    """`activation=tanh` reaches the feed-forward network."""
    state, (x, memory) = _state(draw), _inputs(draw)
    block = _loaded(student, state, activation=torch.tanh)
    expect.close(block(x, memory), _block(state, x, memory, activation=torch.tanh), tolerance=NEAR)


def test_every_part_is_registered(student, draw, expect):
    """The parameters are those of two attentions (with bias), the feed-forward network and three norms, each once."""
    came = {n: tuple(v.shape) for n, v in student.DecoderBlock(D_MODEL, N_HEADS, D_FF).named_parameters().items()}
    wanted = {name: tuple(value.shape) for name, value in _state(draw).items()}
    missing, extra = sorted(wanted.keys() - came.keys()), sorted(came.keys() - wanted.keys())
    expect.true(
        not missing, f"The list of parameters, a shared one named once, lacks {', '.join(missing)}.", actual=came
    )
    expect.true(not extra, f"There are more parameters than those of the docstring: {', '.join(extra)}.", actual=came)
    expect.equal(came, wanted, "A parameter has another shape than it ought to have.")


# -- dropout ------------------------------------------------------------------------------------------


def test_dropout_does_nothing_in_eval(student, draw, expect):
    """In eval mode the block with dropout computes what the block without dropout computes."""
    state, (x, memory) = _state(draw), _inputs(draw)
    block = _loaded(student, state, dropout=0.4)
    block.eval()
    expect.close(block(x, memory), _block(state, x, memory), tolerance=NEAR)


@pytest.mark.points(2)
def test_dropout_works_on_the_output_of_each_sub_layer(student, draw, expect):
    """In training, numbers of a sub-layer's output become 0 with probability p, and the others are divided by 1 - p."""
    state, x, memory, p = _state(draw, d=4, d_ff=5), draw.normal(4, 12, 4), draw.normal(4, 3, 4), 0.25
    ways = ways_to_drop(3, 4, p)
    block = _loaded(student, state, (4, 2, 5), dropout=p)
    possible = _block(state, x, memory, factors=ways.unbind(1))
    places = [f"the output of the {part}" for part in ("self-attention", "cross-attention", "feed-forward network")]
    check_two_answers(expect, lambda: block(x, memory), possible, ways, p, places)


def test_dropout_is_drawn_anew_in_each_call(student, draw, expect):
    """Two calls in training differ; after `eval()` they are the same, after `train()` they differ again."""
    block, (x, memory) = _loaded(student, _state(draw), dropout=0.5), _inputs(draw)
    for _ in range(2):
        block.train()
        one, two = block(x, memory), block(x, memory)
        expect.true(not torch.equal(one, two), "With dropout 0.5, two calls in train mode give the same result.")
        block.eval()
        expect.close(block(x, memory), block(x, memory), "In eval mode, two calls differ.", tolerance=NEAR)


# -- edges --------------------------------------------------------------------------------------------


def test_inputs_that_are_not_contiguous(student, draw, expect):
    """Transposed views give the same as their copies, masks among them."""
    state, x, memory = _state(draw), draw.strided(2, 5, D_MODEL), draw.strided(2, 3, D_MODEL)
    mask = draw.mask(5, 5).T | torch.eye(5, dtype=torch.bool)
    expect.close(_loaded(student, state)(x, memory, mask=mask), _block(state, x, memory, mask), tolerance=NEAR)


@pytest.mark.parametrize("part", ["self", "cross"])
def test_a_query_that_may_attend_to_nothing(student, draw, expect, part):
    """The attention adds only the bias of its `out_proj`; values and gradients stay finite."""
    state, (x, memory) = _state(draw), _inputs(draw, batch=2)
    x.requires_grad_()
    memory.requires_grad_()
    length = Q_LEN if part == "self" else K_LEN
    mask = torch.tensor([[[True] * length], [[False] * length]])
    name = f"{part}_attention.out_proj.weight"
    y = _loaded(student, state)(x, memory, **{"mask" if part == "self" else "memory_mask": mask})
    alone = state | {name: torch.zeros_like(state[name])}
    expect.close(y[1:], _block(alone, x.detach()[1:], memory.detach()[1:]), tolerance=NEAR)
    (y * draw.normal(2, Q_LEN, D_MODEL)).sum().backward()
    for name, value in (("x", x), ("memory", memory)):
        expect.true(value.grad is not None, f"No gradient came back to `{name}`.")
        expect.finite(value.grad, f"The gradient of `{name}` is not finite.")


def test_float32_stays_float32(student, draw, expect):
    """In float32 the same comes out, as float32."""
    state, (x, memory) = _state(draw), _inputs(draw)
    block = _loaded(student, state).float()
    expect.close(block(x.float(), memory.float()), _block(state, x, memory).float())


def test_it_runs_on_meta(student, expect):
    """On the `meta` device only shapes are computed; nothing may be fixed to the CPU."""
    x, memory = torch.empty(2, 5, D_MODEL, device="meta"), torch.empty(2, 3, D_MODEL, device="meta")
    mask = torch.ones(5, 5, dtype=torch.bool, device="meta")
    y = student.DecoderBlock(D_MODEL, N_HEADS, D_FF, dropout=0.1).to("meta")(x, memory, mask=mask)
    expect.shape(y, (2, 5, D_MODEL))
    expect.true(y.device.type == "meta", "The result is not on the `meta` device.", actual=y)


def test_heads_that_do_not_divide_d_model_are_refused(student, expect):
    """5 heads and d_model = 6 raise a ValueError that names the heads."""
    expect.raises(ValueError, student.DecoderBlock, 6, 5, 10, mentions=5)
