"""Grouped-query attention: which heads share, what is projected, and what the cache costs."""

import pytest
import torch


def attend(state, n_heads, n_kv_heads, x, mask=None):
    """The same by another road, one query head after the other."""
    size = x.shape[-1] // n_heads
    mask = mask[:, None] if mask is not None and mask.dim() == 3 else mask
    outputs = []
    for head in range(n_heads):
        shared = head // (n_heads // n_kv_heads)
        q = torch.einsum("bsi,oi->bso", x, state["q_proj.weight"][head * size : (head + 1) * size])
        k = torch.einsum("bsi,oi->bso", x, state["k_proj.weight"][shared * size : (shared + 1) * size])
        v = torch.einsum("bsi,oi->bso", x, state["v_proj.weight"][shared * size : (shared + 1) * size])
        scores = torch.einsum("bid,bjd->bij", q, k) * size**-0.5
        allowed = torch.ones_like(scores, dtype=torch.bool)
        if mask is not None:
            allowed = mask.expand(len(x), n_heads, *scores.shape[1:])[:, head]
        powers = torch.where(allowed, torch.exp(scores), 0.0)
        shares = powers / powers.sum(-1, keepdim=True).clamp(min=1e-300)
        outputs.append(torch.einsum("bij,bjd->bid", shares, v))
    return torch.einsum("bsi,oi->bso", torch.cat(outputs, -1), state["out_proj.weight"])


def shapes(d_model, n_heads, n_kv_heads):
    """The parameters' names and shapes."""
    narrow = (n_kv_heads * d_model // n_heads, d_model)
    wide = (d_model, d_model)
    return {"q_proj.weight": wide, "k_proj.weight": narrow, "v_proj.weight": narrow, "out_proj.weight": wide}


def make(student, draw, d_model, n_heads, n_kv_heads):
    """A module in float64 with known parameters, and these parameters."""
    layer = student.GroupedQueryAttention(d_model, n_heads, n_kv_heads).double()
    state = {name: draw.normal(*shape, scale=0.6) for name, shape in shapes(d_model, n_heads, n_kv_heads).items()}
    layer.load_state_dict(state)
    return layer, state


def test_neighbours_share(student, draw, expect):
    """Each head is repeated in place: a b becomes a a a b b b."""
    x = draw.normal(3, 2, 4, 5)
    wanted = torch.stack([x[:, 0], x[:, 0], x[:, 0], x[:, 1], x[:, 1], x[:, 1]], 1)
    expect.close(student.repeat_heads(x, 6), wanted)


@pytest.mark.parametrize("n_kv_heads", [1, 2, 6])
def test_the_projections(student, expect, n_kv_heads):
    """Keys and values have n_kv_heads · d_head columns, queries and output d_model; there are no biases."""
    found, wanted = student.GroupedQueryAttention(18, 6, n_kv_heads).named_parameters(), shapes(18, 6, n_kv_heads)
    expect.equal(sorted(found), sorted(wanted), "The parameters are not the weights of the four projections alone.")
    for name, shape in wanted.items():
        expect.shape(found[name], shape, f"The shape of `{name}` is wrong.")


@pytest.mark.parametrize("n_kv_heads", [1, 2, 3, 6])
def test_query_heads_share_keys_and_values(student, draw, expect, n_kv_heads):
    """From multi-query (1) over grouped (2, 3) to multi-head attention (6)."""
    layer, state = make(student, draw, 12, 6, n_kv_heads)
    x = draw.normal(3, 5, 12)
    expect.close(layer(x), attend(state, 6, n_kv_heads, x))


@pytest.mark.parametrize("kind", ["causal", "padding", "one row per query", "one per head"])
def test_masks_of_two_three_and_four_axes(student, draw, expect, kind):
    """A mask of 3 axes holds for all heads of its own sequence; one of 4 axes is used as it is."""
    layer, state = make(student, draw, 8, 4, 2)
    x = draw.normal(3, 5, 8)
    kinds = {"padding": (3, 1, 5), "one row per query": (3, 5, 5), "one per head": (3, 4, 5, 5)}
    mask = torch.ones(5, 5, dtype=torch.bool).tril() if kind == "causal" else draw.mask(*kinds[kind])
    expect.close(layer(x, mask), attend(state, 4, 2, x, mask))


@pytest.mark.hidden
def test_as_many_heads_as_sequences(student, draw, expect):
    """The mask of sequence b is not taken for that of head b where there are as many of both."""
    layer, state = make(student, draw, 8, 4, 2)
    x, mask = draw.normal(4, 5, 8), draw.mask(4, 5, 5, probability=0.4)
    expect.close(layer(x, mask=mask), attend(state, 4, 2, x, mask))


@pytest.mark.hidden
def test_a_query_that_sees_nothing(student, draw, expect):
    """Its output is zero, and all gradients stay finite."""
    layer, state = make(student, draw, 8, 4, 2)
    x, mask, cotangent = draw.normal(2, 4, 8, grad=True), draw.mask(2, 4, 4), draw.normal(2, 4, 8)
    mask[0, 2], mask[1] = False, False
    output = layer(x, mask)
    expect.close(output, attend(state, 4, 2, x.detach(), mask))
    (output * cotangent).sum().backward()
    expect.true(x.grad is not None, "No gradient came back to `x`.")
    expect.finite(x.grad, "The gradient of `x` is not finite.")
    for name, gradient in layer.gradients().items():
        expect.finite(gradient, f"The gradient of `{name}` is not finite.")


def test_the_gradients(student, draw, expect):
    """A shared head of keys and values collects the gradients of all its query heads."""
    layer, state = make(student, draw, 8, 4, 2)
    x, cotangent = draw.normal(2, 5, 8, grad=True), draw.normal(2, 5, 8)
    mine, own = x.detach().clone().requires_grad_(), {n: value.clone().requires_grad_() for n, value in state.items()}
    (attend(own, 4, 2, mine) * cotangent).sum().backward()
    (layer(x) * cotangent).sum().backward()
    expect.true(x.grad is not None, "No gradient came back to `x`.")
    expect.close(x.grad, mine.grad, "The gradient of `x` is wrong.")
    gradients = layer.gradients()
    for name, value in own.items():
        expect.true(gradients[name] is not None, f"`{name}` got no gradient.")
        expect.close(gradients[name], value.grad, f"The gradient of `{name}` is wrong.")


@pytest.mark.parametrize("heads", [(4, 2), (6, 4), pytest.param((2, 4), marks=pytest.mark.hidden)], ids=str)
def test_heads_that_do_not_divide_are_refused(student, expect, heads):
    """n_heads must divide d_model, and n_kv_heads must divide n_heads: a ValueError names the value."""
    n_heads, n_kv_heads = heads
    d_model = 10 if n_heads == 4 else 12
    bad = n_heads if n_heads == 4 else n_kv_heads
    expect.raises(ValueError, student.GroupedQueryAttention, d_model, n_heads, n_kv_heads, mentions=bad)


@pytest.mark.hidden
def test_no_heads_of_keys_are_refused(student, expect):
    """Zero heads of keys and values raise a ValueError, not a division by zero."""
    expect.raises(ValueError, student.GroupedQueryAttention, 12, 4, 0, mentions=0)


@pytest.mark.hidden
def test_repeating_to_an_impossible_number_is_refused(student, draw, expect):
    """2 heads cannot serve 5 query heads: a ValueError names them."""
    expect.raises(ValueError, student.repeat_heads, draw.normal(1, 2, 3, 4), 5, mentions=5)


def test_the_cache_holds_keys_and_values(student, draw, expect):
    """Keys and values, for every layer, head of keys and values, and token of every sequence."""
    batch, seq, layers, heads, size = draw.sizes(5, 2, 40)
    wanted = 2 * batch * seq * layers * heads * size * 4
    expect.equal(student.cache_bytes(batch, seq, layers, heads, size, 4), wanted)


@pytest.mark.hidden
def test_the_cache_of_large_models(student, expect):
    """Eight heads of keys and values instead of 64 need an eighth of the cache."""
    expect.equal(student.cache_bytes(1, 4096, 80, 64, 128, 2), 10_737_418_240)
    expect.equal(student.cache_bytes(1, 4096, 80, 8, 128, 2), 1_342_177_280)
    expect.equal(student.cache_bytes(3, 100, 1, 1, 64, 1), 38_400)


@pytest.mark.hidden
def test_one_token_float32_and_strides(student, draw, expect):
    """One token, float32 and an input that is not contiguous work as any other; eval changes nothing."""
    layer, state = make(student, draw, 8, 4, 2)
    x = draw.strided(2, 5, 8)
    expect.close(layer(x), attend(state, 4, 2, x))
    x = draw.normal(1, 1, 8)
    layer.float().eval()
    expect.close(layer(x.float()), attend(state, 4, 2, x).float())


@pytest.mark.hidden
def test_the_numbers_of_heads_are_kept(student, expect):
    """`n_heads` and `n_kv_heads` can be read from the module: later exercises do."""
    layer = student.GroupedQueryAttention(12, 6, 2)
    expect.equal(layer.n_heads, 6)
    expect.equal(layer.n_kv_heads, 2)


@pytest.mark.hidden
def test_a_module_on_the_meta_device(student, expect):
    """A module without values runs, with a mask, and gives the right shape."""
    layer = student.GroupedQueryAttention(8, 4, 2).to("meta")
    mask = torch.empty(2, 1, 5, dtype=torch.bool, device="meta")
    expect.shape(layer(torch.empty(2, 5, 8, device="meta"), mask), (2, 5, 8))
