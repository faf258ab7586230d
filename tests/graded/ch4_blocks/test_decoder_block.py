"""The decoder block: its three sub-layers, which mask goes where, where keys come from, dropout, gradients."""

import pytest
import torch
import torch.nn.functional as F
from model_checks import (
    attention_by_hand,
    check_input_gradient,
    check_own_gradients,
    drawn,
    feed_forward_by_hand,
    norm_by_hand,
    shapes_of_block,
)

D_MODEL, N_HEADS, D_FF = 6, 2, 10
Q_LEN, K_LEN = 4, 7
LAST = {"self": "self_attention.out_proj", "cross": "cross_attention.out_proj", "feed_forward": "feed_forward.down"}


def _state(draw, silent=()):
    """Known weights for every part, under the names of the curriculum; `silent` sub-layers give zero."""
    state = drawn(draw, shapes_of_block(D_MODEL, D_FF, ("self_attention", "cross_attention"), norms=3), 0.6)
    quiet = tuple(LAST[part] for part in silent)
    return {k: torch.zeros_like(v) if quiet and k.startswith(quiet) else v for k, v in state.items()}


def _attention(state, part, x, context, mask=None):
    return attention_by_hand(state, part, N_HEADS, x, context, mask)


def _block(state, x, memory, mask=None, memory_mask=None, activation=F.relu):
    """What the block computes, in its formula's words."""
    x = norm_by_hand(state, "norm1", x + _attention(state, "self_attention", x, x, mask))
    x = norm_by_hand(state, "norm2", x + _attention(state, "cross_attention", x, memory, memory_mask))
    return norm_by_hand(state, "norm3", x + feed_forward_by_hand(state, x, activation))


def _loaded(student, state, **options):
    block = student.DecoderBlock(D_MODEL, N_HEADS, D_FF, **options).double()
    block.load_state_dict(state)
    return block


def _inputs(draw, batch=3):
    return draw.normal(batch, Q_LEN, D_MODEL) + 1, draw.normal(batch, K_LEN, D_MODEL) - 1


def test_a_silent_block_only_normalizes(student, draw, expect):
    """With sub-layers that give zero, the residual road is left: `norm3(norm2(norm1(x)))`."""
    state, (x, memory) = _state(draw, ("self", "cross", "feed_forward")), _inputs(draw)
    wanted = norm_by_hand(state, "norm3", norm_by_hand(state, "norm2", norm_by_hand(state, "norm1", x)))
    expect.close(_loaded(student, state)(x, memory), wanted)


def test_the_self_attention(student, draw, expect):
    """With the two other sub-layers at zero, the target looks at itself."""
    state, (x, memory) = _state(draw, ("cross", "feed_forward")), _inputs(draw)
    expect.close(_loaded(student, state)(x, memory), _block(state, x, memory))


def test_the_cross_attention(student, draw, expect):
    """With the two other sub-layers at zero: queries from the target, keys and values from the memory."""
    state, (x, memory) = _state(draw, ("self", "feed_forward")), _inputs(draw)
    expect.close(_loaded(student, state)(x, memory), _block(state, x, memory))


def test_the_feed_forward_network(student, draw, expect):
    """With both attentions at zero, the feed-forward network is left, with ReLU unless told otherwise."""
    state, (x, memory) = _state(draw, ("self", "cross")), _inputs(draw)
    expect.close(_loaded(student, state)(x, memory), _block(state, x, memory))


def test_the_whole_block(student, draw, expect):
    """Self-attention, cross-attention, feed-forward network, each with its residual and its norm."""
    state, (x, memory) = _state(draw), _inputs(draw)
    expect.close(_loaded(student, state)(x, memory), _block(state, x, memory))


def test_mask_is_for_the_self_attention(student, draw, expect):
    """`mask` hides target positions from target positions, and nothing of the memory."""
    state, (x, memory) = _state(draw), _inputs(draw)
    mask = torch.ones(Q_LEN, Q_LEN, dtype=torch.bool).tril()
    expect.close(_loaded(student, state)(x, memory, mask=mask), _block(state, x, memory, mask))


def test_memory_mask_is_for_the_cross_attention(student, draw, expect):
    """`memory_mask` hides the padding of the source, and nothing of the target."""
    state, (x, memory) = _state(draw), _inputs(draw)
    memory_mask = torch.arange(K_LEN) < torch.tensor([[[7]], [[2]], [[5]]])
    came = _loaded(student, state)(x, memory, memory_mask=memory_mask)
    expect.close(came, _block(state, x, memory, None, memory_mask))


def test_both_masks_where_the_lengths_are_equal(student, draw, expect):
    """Where q_len = k_len each mask would fit in the other's place as well; it must not stand there."""
    state, x, memory = _state(draw), draw.normal(2, 5, D_MODEL), draw.normal(2, 5, D_MODEL)
    mask, memory_mask = draw.mask(5, 5), draw.mask(2, 5, 5)
    came = _loaded(student, state)(x, memory, mask, memory_mask)
    expect.close(came, _block(state, x, memory, mask, memory_mask))


def test_with_a_causal_mask_only_later_positions_notice(student, draw, expect):
    """A change of the last target position leaves the earlier ones; a change of the last memory position moves all."""
    block, (x, memory) = _loaded(student, _state(draw)), _inputs(draw, batch=1)
    mask = torch.ones(Q_LEN, Q_LEN, dtype=torch.bool).tril()
    before = block(x, memory, mask=mask)
    other, source = x.clone(), memory.clone()
    other[0, -1], source[0, -1] = draw.normal(D_MODEL), draw.normal(D_MODEL)
    expect.close(block(other, memory, mask=mask)[:, :-1], before[:, :-1], "An earlier position sees the last one.")
    moved = (block(x, source, mask=mask) - before).abs().amax(-1)
    expect.true(bool((moved > 1e-9).all()), "Not every position sees the last one of the memory.", actual=moved)


@pytest.mark.hidden
def test_masks_of_any_number_of_axes(student, draw, expect):
    """Both masks may have 2, 3 or 4 axes."""
    state, (x, memory) = _state(draw), _inputs(draw)
    block = _loaded(student, state)
    for lead in ((), (3,), (3, 1)):
        mask, memory_mask = draw.mask(*lead, Q_LEN, Q_LEN), draw.mask(*lead, Q_LEN, K_LEN)
        flat = (mask[:, 0], memory_mask[:, 0]) if len(lead) == 2 else (mask, memory_mask)
        expect.close(block(x, memory, mask=mask, memory_mask=memory_mask), _block(state, x, memory, *flat))


def test_the_activation_is_the_callers(student, draw, expect):
    """`activation=tanh` reaches the feed-forward network."""
    state, (x, memory) = _state(draw), _inputs(draw)
    block = _loaded(student, state, activation=torch.tanh)
    expect.close(block(x, memory), _block(state, x, memory, activation=torch.tanh))


def test_every_part_is_registered(student, draw, expect):
    """The parameters are those of two attentions (with bias), the feed-forward network and three norms, each once."""
    came = {n: tuple(v.shape) for n, v in student.DecoderBlock(D_MODEL, N_HEADS, D_FF).named_parameters().items()}
    wanted = {name: tuple(value.shape) for name, value in _state(draw).items()}
    missing, extra = sorted(wanted.keys() - came.keys()), sorted(came.keys() - wanted.keys())
    expect.true(not missing, f"These parameters are missing (or shared): {', '.join(missing)}.", actual=came)
    expect.true(not extra, f"There are parameters that no part should have: {', '.join(extra)}.", actual=came)
    expect.equal(came, wanted, "A parameter has another shape.")


def test_the_gradients(student, draw, expect):
    """Gradients reach the target, the memory, and every parameter of every part."""
    state = {name: value.requires_grad_() for name, value in _state(draw).items()}
    block = _loaded(student, {name: value.detach() for name, value in state.items()})
    (x, memory), cotangent = _inputs(draw), draw.normal(3, Q_LEN, D_MODEL)
    mine = [value.clone().requires_grad_() for value in (x, memory)]
    theirs = [value.clone().requires_grad_() for value in (x, memory)]
    mask = torch.ones(Q_LEN, Q_LEN, dtype=torch.bool).tril()
    (_block(state, *theirs, mask) * cotangent).sum().backward()
    (block(*mine, mask=mask) * cotangent).sum().backward()
    check_own_gradients(expect, block, {name: value.grad for name, value in state.items()})
    for name, one, other in zip(("x", "memory"), mine, theirs, strict=True):
        check_input_gradient(expect, one, other, name)


# -- dropout ------------------------------------------------------------------------------------------


def test_dropout_does_nothing_in_eval(student, draw, expect):
    """In eval mode the block with dropout computes what the block without dropout computes."""
    state, (x, memory) = _state(draw), _inputs(draw)
    block = _loaded(student, state, dropout=0.4)
    block.eval()
    expect.close(block(x, memory), _block(state, x, memory))


@pytest.mark.parametrize("part", ["self", "cross", "feed_forward"])
def test_dropout_works_on_the_output_of_each_sub_layer(student, draw, expect, part):
    """In training, entries of a sub-layer's output become 0 with probability p, and the others are divided by 1 - p."""
    state = _state(draw, [name for name in LAST if name != part])
    x, memory = draw.normal(4, 50, D_MODEL), draw.normal(4, K_LEN, D_MODEL)
    y = _loaded(student, state, dropout=0.25)(x, memory)
    into = x
    for name in {"self": (), "cross": ("norm1",), "feed_forward": ("norm1", "norm2")}[part]:
        into = norm_by_hand(state, name, into)
    if part == "feed_forward":
        added = feed_forward_by_hand(state, into, F.relu)
    else:
        added = _attention(state, f"{part}_attention", into, into if part == "self" else memory)
    ways = torch.cartesian_prod(*[torch.tensor([0.0, 1.0], dtype=torch.float64)] * D_MODEL)
    possible = into.unsqueeze(-2) + added.unsqueeze(-2) * (1 - ways) / 0.75
    for name in ("norm1", "norm2", "norm3")[list(LAST).index(part) :]:
        possible = norm_by_hand(state, name, possible)
    gap, way = (possible - y.unsqueeze(-2)).abs().amax(-1).min(-1)
    expect.true(
        bool((gap < 1e-6).all()),
        "The result is not what comes of setting entries of the sub-layer's output to 0, dividing the others by"
        " 1 - p, and adding that to the input.",
        actual=y,
    )
    share = float(ways[way].mean())
    expect.between(share, 0.18, 0.32, "With dropout=0.25 a quarter of the sub-layer's output is dropped; here it is")
    expect.true(
        len(way.unique()) > 8, "All positions drop the same entries; each entry is dropped on its own.", actual=way
    )


# -- shapes, devices, arguments -----------------------------------------------------------------------


@pytest.mark.hidden
def test_small_and_transposed_inputs(student, draw, expect):
    """A batch of one, a target of one position, a memory of one, tensors that are not contiguous; a second call."""
    state = _state(draw)
    block = _loaded(student, state)
    for batch, q_len, k_len in ((1, 1, 1), (1, 5, 1), (2, 1, 4), (2, 5, 3)):
        x, memory = draw.strided(batch, q_len, D_MODEL), draw.strided(batch, k_len, D_MODEL)
        expect.close(block(x, memory), _block(state, x.contiguous(), memory.contiguous()))


@pytest.mark.hidden
def test_a_source_that_is_all_padding(student, draw, expect):
    """A memory of which nothing may be seen adds only the bias of `out_proj`; values and gradients stay finite."""
    state, (x, memory) = _state(draw), _inputs(draw, batch=2)
    memory.requires_grad_()
    memory_mask = torch.tensor([[[True] * K_LEN], [[False] * K_LEN]])
    y = _loaded(student, state)(x, memory, memory_mask=memory_mask)
    alone = {**state, "cross_attention.out_proj.weight": torch.zeros(D_MODEL, D_MODEL, dtype=torch.float64)}
    expect.close(y[1:], _block(alone, x[1:], memory.detach()[1:]))
    (y * draw.normal(2, Q_LEN, D_MODEL)).sum().backward()
    expect.finite(memory.grad, "The gradient of `memory` is not finite.")


@pytest.mark.hidden
def test_float32(student, draw, expect):
    """In float32 the same comes out, as float32."""
    state, (x, memory) = _state(draw), _inputs(draw)
    block = _loaded(student, state).float()
    expect.close(block(x.float(), memory.float()), _block(state, x, memory).float())


@pytest.mark.hidden
def test_it_runs_on_meta(student, expect):
    """On the `meta` device only shapes are computed; nothing may be fixed to the CPU."""
    x, memory = torch.empty(2, 5, D_MODEL, device="meta"), torch.empty(2, 3, D_MODEL, device="meta")
    mask = torch.ones(5, 5, dtype=torch.bool, device="meta")
    y = student.DecoderBlock(D_MODEL, N_HEADS, D_FF, dropout=0.1).to("meta")(x, memory, mask=mask)
    expect.shape(y, (2, 5, D_MODEL))
    expect.true(y.device.type == "meta", "The result is not on the `meta` device.", actual=y)


@pytest.mark.hidden
def test_heads_that_do_not_divide_d_model_are_refused(student, expect):
    """5 heads and d_model = 6 raise a ValueError that names the heads."""
    expect.raises(ValueError, student.DecoderBlock, 6, 5, 10, mentions=5)
