"""Multi-head attention: splitting and merging, self and cross, masks of every kind, and gradients."""

import pytest
import torch

PROJECTIONS = ("q_proj", "k_proj", "v_proj", "out_proj")


def attend(state, n_heads, x, context=None, mask=None):
    """The same by another road, one head after the other: the output, and the weights of all heads."""
    source = context if context is not None else x
    size = x.shape[-1] // n_heads
    mask = mask[:, None] if mask is not None and mask.dim() == 3 else mask
    outputs, shares = [], []
    for head in range(n_heads):
        rows = slice(head * size, (head + 1) * size)
        q, k, v = (
            torch.einsum("bsi,oi->bso", vectors, state[f"{name}.weight"][rows]) + state.get(f"{name}.bias", ZEROS)[rows]
            for name, vectors in (("q_proj", x), ("k_proj", source), ("v_proj", source))
        )
        scores = torch.einsum("bid,bjd->bij", q, k) * size**-0.5
        allowed = torch.ones_like(scores, dtype=torch.bool)
        if mask is not None:
            allowed = mask.expand(len(x), n_heads, *scores.shape[1:])[:, head]
        powers = torch.where(allowed, torch.exp(scores), 0.0)
        shares.append(powers / powers.sum(-1, keepdim=True).clamp(min=1e-300))
        outputs.append(torch.einsum("bij,bjd->bid", shares[-1], v))
    mixed = torch.cat(outputs, -1)
    output = (
        torch.einsum("bsi,oi->bso", mixed, state["out_proj.weight"]) + state.get("out_proj.bias", ZEROS)[: x.shape[-1]]
    )
    return output, torch.stack(shares, 1)


ZEROS = torch.zeros(64, dtype=torch.float64)


def make(student, draw, d_model, n_heads, bias=False):
    """A module in float64 with known parameters, and these parameters."""
    layer = student.MultiHeadAttention(d_model, n_heads, bias=bias).double()
    state = {f"{name}.weight": draw.normal(d_model, d_model, scale=0.6) for name in PROJECTIONS}
    if bias:
        state |= {f"{name}.bias": draw.normal(d_model) for name in PROJECTIONS}
    layer.load_state_dict(state)
    return layer, state


def test_splitting_by_hand(student, expect):
    """Head 0 gets the first half of every position, head 1 the second half."""
    x = torch.tensor([[[1.0, 2.0, 3.0, 4.0], [5.0, 6.0, 7.0, 8.0]]])
    expect.close(student.split_heads(x, 2), torch.tensor([[[[1.0, 2.0], [5.0, 6.0]], [[3.0, 4.0], [7.0, 8.0]]]]))


def test_each_head_owns_neighbouring_columns(student, draw, expect):
    """Head h holds the columns from h · d_head of every position: (batch, n_heads, seq, d_head)."""
    batch, seq, n_heads, size = draw.sizes(4, 2, 7)
    x = draw.normal(batch, seq, n_heads * size)
    wanted = torch.stack([x[:, :, h * size : (h + 1) * size] for h in range(n_heads)], 1)
    expect.close(student.split_heads(x, n_heads), wanted)


def test_merging_lays_the_heads_side_by_side(student, draw, expect):
    """Each position gets the slices of all heads, in order: (batch, seq, d_model)."""
    heads = draw.normal(*draw.sizes(4, 2, 7))
    wanted = torch.cat([heads[:, h] for h in range(heads.size(1))], -1)
    expect.close(student.merge_heads(heads), wanted)


@pytest.mark.hidden
def test_splitting_what_is_not_contiguous(student, draw, expect):
    """How the tensors lie in memory makes no difference."""
    x = draw.strided(2, 5, 6)
    expect.close(student.split_heads(x, 3), torch.stack([x[:, :, 2 * h : 2 * h + 2] for h in range(3)], 1))
    heads = draw.strided(2, 3, 5, 4)
    expect.close(student.merge_heads(heads), torch.cat([heads[:, h] for h in range(3)], -1))


@pytest.mark.parametrize("bias", [False, True])
def test_four_projections(student, draw, expect, bias):
    """The parameters are four square weights, and with `bias=True` a bias for each."""
    found = student.MultiHeadAttention(6, 2, bias=bias).named_parameters()
    wanted = {f"{name}.weight": (6, 6) for name in PROJECTIONS}
    if bias:
        wanted |= {f"{name}.bias": (6,) for name in PROJECTIONS}
    expect.equal(sorted(found), sorted(wanted), "The parameters are not those of the four projections.")
    for name, shape in wanted.items():
        expect.shape(found[name], shape, f"The shape of `{name}` is wrong.")


def test_self_attention(student, draw, expect):
    """Without a context, the queries, keys and values all come from `x`."""
    batch, seq, n_heads, size = draw.sizes(4, 2, 6)
    layer, state = make(student, draw, n_heads * size, n_heads)
    x = draw.normal(batch, seq, n_heads * size)
    expect.close(layer(x), attend(state, n_heads, x)[0])


def test_cross_attention(student, draw, expect):
    """With a context, its vectors give the keys and values, and `x` the queries alone."""
    batch, q_len, k_len, n_heads, size = draw.sizes(5, 2, 7)
    layer, state = make(student, draw, n_heads * size, n_heads)
    x, context = draw.normal(batch, q_len, n_heads * size), draw.normal(batch, k_len, n_heads * size)
    expect.close(layer(x, context), attend(state, n_heads, x, context)[0])


@pytest.mark.hidden
def test_a_context_as_long_as_the_queries(student, draw, expect):
    """A context is used also where its shape is that of `x`."""
    layer, state = make(student, draw, 6, 3)
    x, context = draw.normal(2, 4, 6), draw.normal(2, 4, 6)
    expect.close(layer(x, context=context), attend(state, 3, x, context)[0])


@pytest.mark.parametrize("kind", ["causal", "padding", "one row per query", "one per head", "padding with heads"])
def test_masks_of_two_three_and_four_axes(student, draw, expect, kind):
    """A mask of 3 axes holds for all heads of its own sequence; one of 4 axes is used as it is."""
    layer, state = make(student, draw, 6, 3)
    x = draw.normal(2, 5, 6)
    shapes = {
        "padding": (2, 1, 5),
        "one row per query": (2, 5, 5),
        "one per head": (2, 3, 5, 5),
        "padding with heads": (2, 1, 1, 5),
    }
    mask = torch.ones(5, 5, dtype=torch.bool).tril() if kind == "causal" else draw.mask(*shapes[kind])
    expect.close(layer(x, mask=mask), attend(state, 3, x, None, mask)[0])


@pytest.mark.hidden
@pytest.mark.parametrize("kind", ["padding", "one row per query"])
def test_as_many_heads_as_sequences(student, draw, expect, kind):
    """The mask of sequence b is not taken for that of head b where there are as many of both."""
    layer, state = make(student, draw, 6, 3)
    x, mask = draw.normal(3, 5, 6), draw.mask(3, 1 if kind == "padding" else 5, 5, probability=0.4)
    expect.close(layer(x, mask=mask), attend(state, 3, x, None, mask)[0])


@pytest.mark.hidden
def test_cross_attention_under_a_mask(student, draw, expect):
    """The mask's last axis belongs to the context."""
    layer, state = make(student, draw, 8, 2)
    x, context, mask = draw.normal(3, 4, 8), draw.normal(3, 6, 8), draw.mask(3, 1, 6, probability=0.4)
    expect.close(layer(x, context, mask), attend(state, 2, x, context, mask)[0])


def test_the_weights_of_every_head(student, draw, expect):
    """`attention_weights` has a row for each head and query, which sums to one."""
    batch, seq, n_heads, size = draw.sizes(4, 2, 6)
    layer, state = make(student, draw, n_heads * size, n_heads)
    x = draw.normal(batch, seq, n_heads * size)
    expect.close(layer.attention_weights(x), attend(state, n_heads, x)[1])


def test_the_weights_take_context_and_mask(student, draw, expect):
    """`attention_weights` knows the same arguments as a call does."""
    layer, state = make(student, draw, 8, 2)
    x, context, mask = draw.normal(3, 4, 8), draw.normal(3, 6, 8), draw.mask(3, 1, 6, probability=0.4)
    expect.close(layer.attention_weights(x, context, mask), attend(state, 2, x, context, mask)[1])


def test_with_biases(student, draw, expect):
    """With `bias=True`, every projection adds its bias."""
    layer, state = make(student, draw, 6, 2, bias=True)
    x = draw.normal(3, 4, 6)
    expect.close(layer(x), attend(state, 2, x)[0])


def test_a_query_that_sees_nothing(student, draw, expect):
    """Its mixed values are zero, so the output projection of zero comes out: the bias alone."""
    layer, state = make(student, draw, 6, 2, bias=True)
    x, mask = draw.normal(2, 4, 6), torch.ones(2, 4, 4, dtype=torch.bool)
    mask[1, 2] = False
    output = layer(x, mask=mask)
    expect.close(output, attend(state, 2, x, None, mask)[0])


@pytest.mark.parametrize("case", ["self", "cross", pytest.param("nothing to see", marks=pytest.mark.hidden)])
def test_the_gradients(student, draw, expect, case):
    """`x`, the context and every parameter get the right gradient, also where a query sees nothing."""
    layer, state = make(student, draw, 6, 2, bias=True)
    x, cotangent, mask = draw.normal(3, 4, 6, grad=True), draw.normal(3, 4, 6), None
    context = draw.normal(3, 5, 6, grad=True) if case == "cross" else None
    if case == "nothing to see":
        mask = draw.mask(3, 4, 4)
        mask[0, 1], mask[2] = False, False
    mine, own = x.detach().clone().requires_grad_(), {n: value.clone().requires_grad_() for n, value in state.items()}
    theirs = None if context is None else context.detach().clone().requires_grad_()
    (attend(own, 2, mine, theirs, mask)[0] * cotangent).sum().backward()
    (layer(x, context, mask) * cotangent).sum().backward()
    expect.true(x.grad is not None, "No gradient came back to `x`.")
    expect.close(x.grad, mine.grad, "The gradient of `x` is wrong.")
    if context is not None:
        expect.true(context.grad is not None, "No gradient came back to the context.")
        expect.close(context.grad, theirs.grad, "The gradient of the context is wrong.")
    gradients = layer.gradients()
    for name, value in own.items():
        expect.true(gradients[name] is not None, f"`{name}` got no gradient.")
        expect.close(gradients[name], value.grad, f"The gradient of `{name}` is wrong.")


def test_heads_must_divide_the_width(student, expect):
    """A number of heads that does not divide the width raises a ValueError that names it."""
    expect.raises(ValueError, student.MultiHeadAttention, 10, 4, mentions=4)
    expect.raises(ValueError, student.split_heads, torch.zeros(1, 2, 10), 3, mentions=3)


@pytest.mark.hidden
def test_no_heads_are_refused(student, expect):
    """Zero heads raise a ValueError, not a division by zero."""
    expect.raises(ValueError, student.MultiHeadAttention, 10, 0, mentions=0)


@pytest.mark.hidden
def test_one_head_one_token_and_float32(student, draw, expect):
    """One head, one sequence and one token work as any other; the dtype is kept; eval changes nothing."""
    layer, state = make(student, draw, 4, 1)
    x = draw.normal(1, 1, 4)
    layer.float().eval()
    expect.close(layer(x.float()), attend(state, 1, x)[0].float())
    expect.close(layer(x.float()), attend(state, 1, x)[0].float(), "A second call gives another result.")


@pytest.mark.hidden
def test_the_number_of_heads_is_kept(student, expect):
    """`n_heads` can be read from the module: later exercises do."""
    expect.equal(student.MultiHeadAttention(6, 3).n_heads, 3)


@pytest.mark.hidden
def test_a_module_on_the_meta_device(student, expect):
    """A module without values runs, with a mask and a context, and gives the right shapes."""
    layer = student.MultiHeadAttention(6, 2, bias=True).to("meta")
    x, context = torch.empty(3, 4, 6, device="meta"), torch.empty(3, 5, 6, device="meta")
    mask = torch.empty(3, 1, 5, dtype=torch.bool, device="meta")
    expect.shape(layer(x, context, mask), (3, 4, 6))
    expect.shape(layer.attention_weights(x, context, mask), (3, 2, 4, 5))
