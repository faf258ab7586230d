"""Multi-head attention: splitting and merging, self and cross, masks of every kind, and gradients."""

import pytest
import torch
from model_checks import load

CLOSE = 1e-5  # a right answer may compute in float32
ROUGH = {torch.float32: 2e-4, torch.bfloat16: 0.1}
PROJECTIONS = ("q_proj", "k_proj", "v_proj", "out_proj")
ZEROS = torch.zeros(64, dtype=torch.float64)


MODES = pytest.mark.parametrize("mode", ["train", "eval"])


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


def load_drawn(layer, draw, d_model, bias):
    """Give the module fresh parameters, which are returned."""
    state = {f"{name}.weight": draw.normal(d_model, d_model, scale=0.6) for name in PROJECTIONS}
    if bias:
        state |= {f"{name}.bias": draw.normal(d_model) for name in PROJECTIONS}
    load(layer, state)
    return state


def make(student, draw, d_model, n_heads, bias=False):
    """A module in float64 with known parameters, and these parameters."""
    layer = student.MultiHeadAttention(d_model, n_heads, bias=bias).double()
    return layer, load_drawn(layer, draw, d_model, bias)


def check(expect, layer, state, n_heads, x, context=None, mask=None):
    """The output is that of the other road."""
    expect.close(layer(x, context, mask), attend(state, n_heads, x, context, mask)[0], tolerance=CLOSE)


def check_weights(expect, layer, state, n_heads, x, context=None, mask=None):
    """The weights of all heads are those of the other road."""
    wanted = attend(state, n_heads, x, context, mask)[1]
    expect.close(layer.attention_weights(x, context, mask), wanted, tolerance=CLOSE)


def check_gradients(student, expect, draw, context=None, mask=None):
    """`x`, the context and every parameter have the right gradient."""
    layer, state = make(student, draw, 6, 2, bias=True)
    x, cotangent = draw.normal(3, 4, 6, grad=True), draw.normal(3, 4, 6)
    mine, own = x.detach().clone().requires_grad_(), {n: value.clone().requires_grad_() for n, value in state.items()}
    theirs = None if context is None else context.detach().clone().requires_grad_()
    (attend(own, 2, mine, theirs, mask)[0] * cotangent).sum().backward()
    (layer(x, context, mask) * cotangent).sum().backward()
    inputs = [("x", x, mine)] + [("context", context, theirs)] * (context is not None)
    for name, came, wanted in inputs:
        expect.true(came.grad is not None, f"No gradient came back to `{name}`.")
        expect.close(came.grad, wanted.grad, f"The gradient of `{name}` is wrong.", tolerance=CLOSE)
    gradients = layer.gradients()
    for name, value in own.items():
        expect.true(gradients[name] is not None, f"`{name}` got no gradient.")
        expect.close(gradients[name], value.grad, f"The gradient of `{name}` is wrong.", tolerance=CLOSE)


def test_splitting_by_hand(student, expect):
    """Head 0 gets the first half of every position, head 1 the second half."""
    x = torch.tensor([[[1.0, 2.0, 3.0, 4.0], [5.0, 6.0, 7.0, 8.0]]])
    expect.close(student.split_heads(x, 2), torch.tensor([[[[1.0, 2.0], [5.0, 6.0]], [[3.0, 4.0], [7.0, 8.0]]]]))


@pytest.mark.points(2)
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


@pytest.mark.points(0.5)
def test_splitting_what_is_not_contiguous(student, draw, expect):
    """How the tensor to split lies in memory makes no difference."""
    x = draw.strided(2, 5, 6)
    expect.close(student.split_heads(x, 3), torch.stack([x[:, :, 2 * h : 2 * h + 2] for h in range(3)], 1))


@pytest.mark.points(0.5)
def test_merging_what_is_not_contiguous(student, draw, expect):
    """How the heads to merge lie in memory makes no difference."""
    heads = draw.strided(2, 3, 5, 4)
    expect.close(student.merge_heads(heads), torch.cat([heads[:, h] for h in range(3)], -1))


@pytest.mark.points(0.5)
@pytest.mark.parametrize("shape", [(1, 1, 3), pytest.param((1, 4, 1), marks=pytest.mark.hidden)], ids=str)
def test_splitting_keeps_axes_of_length_one(student, draw, expect, shape):
    """A batch of one, a single token and heads of one number keep their axes."""
    x = draw.normal(*shape)
    expect.close(student.split_heads(x, shape[-1]), x.transpose(1, 2)[..., None])


@pytest.mark.points(0.25)
@pytest.mark.parametrize(
    ("width", "n_heads"),
    [
        (10, 3),
        (10, 0),
        (10, -2),
        pytest.param(6, 4, marks=pytest.mark.hidden),
        pytest.param(3, 5, marks=pytest.mark.hidden),
    ],
)
def test_splitting_checks_the_number_of_heads(student, expect, width, n_heads):
    """A number of heads that is below 1 or does not divide the width raises a ValueError that names it."""
    expect.raises(ValueError, student.split_heads, torch.zeros(1, 2, width), n_heads, mentions=n_heads)


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


@pytest.mark.points(0.5)
def test_there_is_no_bias_unless_asked_for(student, expect):
    """Without the argument `bias` the parameters are the four weights alone."""
    found = student.MultiHeadAttention(6, 2).named_parameters()
    expect.equal(
        sorted(found),
        sorted(f"{name}.weight" for name in PROJECTIONS),
        "The parameters are not the four weights alone.",
    )


@pytest.mark.points(0.5)
@pytest.mark.parametrize(("d_model", "n_heads"), [(6, 3), pytest.param(8, 4, marks=pytest.mark.hidden)])
def test_the_number_of_heads_is_kept(student, expect, d_model, n_heads):
    """`n_heads` can be read from the module: later exercises do."""
    expect.equal(student.MultiHeadAttention(d_model, n_heads).n_heads, n_heads)


@pytest.mark.points(0.25)
@pytest.mark.parametrize(
    ("d_model", "n_heads"),
    [
        (10, 4),
        (10, 0),
        (10, -5),
        pytest.param(9, 2, marks=pytest.mark.hidden),
        pytest.param(4, 8, marks=pytest.mark.hidden),
    ],
)
def test_heads_must_divide_the_width(student, expect, d_model, n_heads):
    """A number of heads that is below 1 or does not divide d_model raises a ValueError that names it."""
    expect.raises(ValueError, student.MultiHeadAttention, d_model, n_heads, mentions=n_heads)


@pytest.mark.points(3)
def test_self_attention(student, draw, expect):
    """Without a context, the queries, keys and values all come from `x`."""
    batch, seq, n_heads, size = draw.sizes(4, 2, 6)
    layer, state = make(student, draw, n_heads * size, n_heads)
    check(expect, layer, state, n_heads, draw.normal(batch, seq, n_heads * size))


@pytest.mark.points(3)
def test_cross_attention(student, draw, expect):
    """With a context, its vectors give the keys and values, and `x` the queries alone."""
    batch, q_len, k_len, n_heads, size = draw.sizes(5, 2, 7)
    layer, state = make(student, draw, n_heads * size, n_heads)
    x, context = draw.normal(batch, q_len, n_heads * size), draw.normal(batch, k_len, n_heads * size)
    check(expect, layer, state, n_heads, x, context)


def test_a_context_as_long_as_the_queries(student, draw, expect):
    """A context is used also where its shape is that of `x`."""
    layer, state = make(student, draw, 6, 3)
    check(expect, layer, state, 3, draw.normal(2, 4, 6), draw.normal(2, 4, 6))


def test_with_biases(student, draw, expect):
    """With `bias=True`, every projection adds its bias."""
    layer, state = make(student, draw, 6, 2, bias=True)
    check(expect, layer, state, 2, draw.normal(3, 4, 6))


@MODES
@pytest.mark.points(0.5)
def test_each_call_is_its_own(student, draw, expect, mode):
    """A call without a mask, after one with a mask, masks nothing; new inputs and parameters count at once."""
    layer, state = make(student, draw, 6, 3)
    layer.train(mode == "train")
    check(expect, layer, state, 3, draw.normal(2, 5, 6), mask=torch.ones(5, 5, dtype=torch.bool).tril())
    x = draw.normal(2, 5, 6)
    check(expect, layer, state, 3, x)
    check(expect, layer, load_drawn(layer, draw, 6, False), 3, x)


@MODES
@pytest.mark.points(0.5)
def test_each_mask_is_its_own(student, draw, expect, mode):
    """Another mask of the same shape hides other keys, from the output and from the weights."""
    layer, state = make(student, draw, 6, 3)
    layer.train(mode == "train")
    causal, padding = torch.ones(5, 5, dtype=torch.bool).tril(), torch.arange(5) < torch.tensor([[[2]], [[4]]])
    for mask in (causal, causal.T, padding, padding.flip(0)):
        check(expect, layer, state, 3, draw.normal(2, 5, 6), mask=mask)
    check_weights(expect, layer, state, 3, draw.normal(2, 5, 6), mask=padding)


@MODES
@pytest.mark.points(0.5)
def test_each_context_is_its_own(student, draw, expect, mode):
    """Another context of the same shape gives another output, and without a context `x` looks at itself again."""
    layer, state = make(student, draw, 6, 3)
    layer.train(mode == "train")
    x = draw.normal(2, 5, 6)
    for context in (draw.normal(2, 4, 6), draw.normal(2, 4, 6), None):
        check(expect, layer, state, 3, x, context)


@pytest.mark.points(2)
@pytest.mark.parametrize("mask", ["causal", pytest.param("drawn", marks=pytest.mark.hidden)])
def test_a_mask_of_two_axes(student, draw, expect, mask):
    """A mask (q_len, k_len) holds for all sequences and heads."""
    layer, state = make(student, draw, 6, 3)
    mask = torch.ones(5, 5, dtype=torch.bool).tril() if mask == "causal" else draw.mask(5, 5, probability=0.4)
    check(expect, layer, state, 3, draw.normal(2, 5, 6), mask=mask)


@pytest.mark.points(0.5)
@pytest.mark.parametrize("k_len", [4, 6], ids=["self", "cross"])
def test_a_mask_of_two_axes_has_a_row_for_each_query(student, draw, expect, k_len):
    """A mask (q_len, k_len) holds for all sequences, also where there are as many sequences as queries."""
    layer, state = make(student, draw, 6, 3)
    context = draw.normal(4, k_len, 6) if k_len == 6 else None
    mask = torch.arange(k_len) <= torch.arange(4)[:, None]
    check(expect, layer, state, 3, draw.normal(4, 4, 6), context, mask)


@pytest.mark.points(0.5)
@pytest.mark.parametrize("batch", [2, 3])
@pytest.mark.parametrize("kind", ["padding", "one row per query"])
def test_a_mask_of_three_axes(student, draw, expect, kind, batch):
    """A mask (batch, q_len or 1, k_len) holds for all heads of its own sequence, be there as many of both or not."""
    layer, state = make(student, draw, 6, 3)
    mask = draw.mask(batch, 1 if kind == "padding" else 5, 5, probability=0.4)
    mask[0, :, :3], mask[1, :, :3] = torch.tensor([True, True, False]), torch.tensor([False, True, True])
    check(expect, layer, state, 3, draw.normal(batch, 5, 6), mask=mask)


@pytest.mark.points(0.5)
@pytest.mark.parametrize(
    "kind", ["one per head", "padding with heads", pytest.param("same for all", marks=pytest.mark.hidden)]
)
def test_a_mask_of_four_axes(student, draw, expect, kind):
    """A mask with a heads axis is used as it is."""
    layer, state = make(student, draw, 6, 3)
    shape = {"one per head": (2, 3, 5, 5), "padding with heads": (2, 1, 1, 5), "same for all": (1, 1, 5, 5)}[kind]
    check(expect, layer, state, 3, draw.normal(2, 5, 6), mask=draw.mask(*shape, probability=0.4))


@pytest.mark.points(0.5)
@pytest.mark.parametrize(
    "kind", ["padding", "one row per query", pytest.param("same for all", marks=pytest.mark.hidden)]
)
def test_cross_attention_under_a_mask(student, draw, expect, kind):
    """The mask's last axis belongs to the context."""
    layer, state = make(student, draw, 8, 2)
    shape = {"padding": (3, 1, 6), "one row per query": (3, 4, 6), "same for all": (4, 6)}[kind]
    mask = draw.mask(*shape, probability=0.4)
    mask[..., 0, :2] = torch.tensor([False, True])
    check(expect, layer, state, 2, draw.normal(3, 4, 8), draw.normal(3, 6, 8), mask)


@pytest.mark.points(2)
def test_the_weights_of_every_head(student, draw, expect):
    """`attention_weights` has a row for each head and query, which sums to one."""
    batch, seq, n_heads, size = draw.sizes(4, 2, 6)
    layer, state = make(student, draw, n_heads * size, n_heads)
    check_weights(expect, layer, state, n_heads, draw.normal(batch, seq, n_heads * size))


@pytest.mark.parametrize("given", ["context", "mask", "both"])
def test_the_weights_take_context_and_mask(student, draw, expect, given):
    """`attention_weights` knows the same arguments as a call does."""
    layer, state = make(student, draw, 8, 2)
    context = None if given == "mask" else draw.normal(3, 6, 8)
    mask = None if given == "context" else draw.mask(3, 1, 4 if context is None else 6, probability=0.4)
    check_weights(expect, layer, state, 2, draw.normal(3, 4, 8), context, mask)


def test_the_weights_are_those_of_their_own_arguments(student, draw, expect):
    """After a call with other numbers and a mask, `attention_weights` answers for its own arguments."""
    layer, state = make(student, draw, 6, 2)
    layer(draw.normal(3, 4, 6), None, torch.ones(4, 4, dtype=torch.bool).tril())
    check_weights(expect, layer, state, 2, draw.normal(3, 4, 6))
    check(expect, layer, state, 2, draw.normal(3, 4, 6))


@pytest.mark.points(0.5)
@pytest.mark.parametrize("kind", ["a query", "a sequence"])
def test_a_query_that_sees_nothing(student, draw, expect, kind):
    """A query that sees nothing has mixed values of zero, so its output is the bias of `out_proj` alone."""
    layer, state = make(student, draw, 6, 2, bias=True)
    mask = torch.ones(2, 4 if kind == "a query" else 1, 4, dtype=torch.bool)
    mask[1, 2 if kind == "a query" else 0] = False
    check(expect, layer, state, 2, draw.normal(2, 4, 6), mask=mask)


@pytest.mark.points(0.5)
def test_the_weights_of_a_query_that_sees_nothing(student, draw, expect):
    """A query that sees nothing has weights of zero in every head, never NaN."""
    layer, state = make(student, draw, 6, 2)
    mask = torch.ones(2, 4, 4, dtype=torch.bool)
    mask[0, 1] = False
    check_weights(expect, layer, state, 2, draw.normal(2, 4, 6), mask=mask)


@pytest.mark.points(2)
@pytest.mark.parametrize("case", ["self", "cross", pytest.param("masked", marks=pytest.mark.hidden)])
def test_the_gradients(student, draw, expect, case):
    """`x`, the context and every parameter get the right gradient."""
    context = draw.normal(3, 5, 6, grad=True) if case == "cross" else None
    check_gradients(student, expect, draw, context, draw.mask(3, 4, 4) if case == "masked" else None)


@pytest.mark.points(0.5)
@pytest.mark.parametrize("kind", ["a query", pytest.param("a sequence", marks=pytest.mark.hidden)])
def test_the_gradients_where_a_query_sees_nothing(student, draw, expect, kind):
    """Where a query sees nothing, all gradients are finite, and that query's own is zero."""
    mask = draw.mask(3, 4, 4)
    if kind == "a query":
        mask[0, 1] = False
    else:
        mask[2] = False
    check_gradients(student, expect, draw, None, mask)


@pytest.mark.points(0.5)
def test_one_head_and_one_token(student, draw, expect):
    """One head, one sequence and one token work as any other, and axes of length 1 stay."""
    layer, state = make(student, draw, 4, 1)
    check(expect, layer, state, 1, draw.normal(1, 1, 4))
    check_weights(expect, layer, state, 1, draw.normal(1, 1, 4))


@pytest.mark.points(0.5)
def test_train_and_eval_mode_are_the_same(student, draw, expect):
    """Nothing is left out at random in train mode, nothing is scaled in eval mode, where gradients flow too."""
    layer, state = make(student, draw, 6, 2)
    x = draw.normal(2, 5, 6)
    check(expect, layer.train(), state, 2, x)
    check(expect, layer.eval(), state, 2, x)
    layer(x).sum().backward()
    for name, gradient in layer.gradients().items():
        expect.true(gradient is not None, f"In eval mode `{name}` got no gradient.")


@pytest.mark.points(0.5)
@pytest.mark.parametrize("dtype", ROUGH, ids=str)
def test_the_dtype_is_kept(student, draw, expect, dtype):
    """The output has the dtype of `x` and of the parameters, in half precision too."""
    layer, state = make(student, draw, 6, 2)
    x = draw.normal(2, 5, 6, scale=0.5).to(dtype)
    rounded = {name: value.to(dtype).double() for name, value in state.items()}
    wanted = attend(rounded, 2, x.double())[0].to(dtype)
    expect.close(layer.to(dtype)(x), wanted, tolerance=ROUGH[dtype])


@pytest.mark.points(0.5)
def test_a_module_on_the_meta_device(student, expect):
    """A module without values runs, with a mask and a context, and gives the right shapes."""
    layer = student.MultiHeadAttention(6, 2, bias=True).to("meta")
    x, context = torch.empty(3, 4, 6, device="meta"), torch.empty(3, 5, 6, device="meta")
    mask = torch.empty(3, 1, 5, dtype=torch.bool, device="meta")
    expect.shape(layer(x, context, mask), (3, 4, 6))
    expect.shape(layer.attention_weights(x, context, mask), (3, 2, 4, 5))
