"""Grouped-query attention: which heads share, what is projected, and what the cache costs."""

import pytest
import torch
from model_checks import load

NEAR = 1e-4  # a softmax in float32 is near enough

MASKS = {
    "causal": None,
    "padding": (3, 1, 5),
    "one row per query": (3, 5, 5),
    "one for all heads": (3, 1, 5, 5),
    "one per head": (3, 4, 5, 5),
}

MODES = pytest.mark.parametrize("mode", ["train", "eval"])


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
    state = {name: draw.normal(*shape, scale=0.5) for name, shape in shapes(d_model, n_heads, n_kv_heads).items()}
    load(layer, state)
    return layer, state


@pytest.mark.points(3)
def test_neighbours_share(student, draw, expect):
    """Each head is repeated in place: a b becomes a a a b b b."""
    x = draw.normal(3, 2, 4, 5)
    wanted = torch.stack([x[:, 0], x[:, 0], x[:, 0], x[:, 1], x[:, 1], x[:, 1]], 1)
    expect.close(student.repeat_heads(x, 6), wanted)


@pytest.mark.points(3)
@pytest.mark.parametrize("n_kv_heads", [1, 2, 3, 6])
def test_query_heads_share_keys_and_values(student, draw, expect, n_kv_heads):
    """Query heads share keys and values, from multi-query (1) over grouped (2, 3) to multi-head attention (6)."""
    layer, state = make(student, draw, 12, 6, n_kv_heads)
    x = draw.normal(3, 5, 12)
    expect.close(layer(x), attend(state, 6, n_kv_heads, x), tolerance=NEAR, dtype=False)


@pytest.mark.parametrize("kind", list(MASKS))
def test_masks_of_two_three_and_four_axes(student, draw, expect, kind):
    """A mask of 2 axes serves all sequences and heads, one of 3 the heads of its own sequence, one of 4 each head."""
    layer, state = make(student, draw, 8, 4, 2)
    x = draw.normal(3, 5, 8)
    mask = torch.ones(5, 5, dtype=torch.bool).tril() if kind == "causal" else draw.mask(*MASKS[kind])
    if kind != "causal":
        mask[0, ..., 1:4] = False
        mask[0, ..., 0] = True
    expect.close(layer(x, mask), attend(state, 4, 2, x, mask), tolerance=NEAR, dtype=False)


def test_as_many_heads_as_sequences(student, draw, expect):
    """The mask of sequence b is not taken for that of head b where there are as many of both."""
    layer, state = make(student, draw, 8, 4, 2)
    x, mask = draw.normal(4, 5, 8), draw.mask(4, 5, 5, probability=0.4)
    expect.close(layer(x, mask=mask), attend(state, 4, 2, x, mask), tolerance=NEAR, dtype=False)


@pytest.mark.points(0.5)
def test_a_mask_of_two_axes_has_a_row_for_each_query(student, draw, expect):
    """A mask (seq, seq) serves all sequences and heads, also where these are as many as the queries."""
    for seq in (5, 4):
        layer, state = make(student, draw, 8, 4, 2)
        x, mask = draw.normal(seq, seq, 8), torch.ones(seq, seq, dtype=torch.bool).tril()
        expect.close(layer(x, mask), attend(state, 4, 2, x, mask), tolerance=NEAR, dtype=False)


@pytest.mark.points(5)
def test_the_gradients(student, draw, expect):
    """A shared head of keys and values collects the gradients of all its query heads."""
    layer, state = make(student, draw, 8, 4, 2)
    x, cotangent = draw.normal(2, 5, 8, grad=True), draw.normal(2, 5, 8)
    mine, own = x.detach().clone().requires_grad_(), {n: value.clone().requires_grad_() for n, value in state.items()}
    (attend(own, 4, 2, mine) * cotangent).sum().backward()
    (layer(x) * cotangent).sum().backward()
    expect.true(x.grad is not None, "No gradient came back to `x`.")
    expect.close(x.grad, mine.grad, "The gradient of `x` is wrong.", tolerance=NEAR, dtype=False)
    gradients = layer.gradients()
    for name, value in own.items():
        expect.true(gradients[name] is not None, f"`{name}` got no gradient.")
        expect.close(gradients[name], value.grad, f"The gradient of `{name}` is wrong.", tolerance=NEAR, dtype=False)


@pytest.mark.points(2)
def test_the_cache_holds_keys_and_values(student, draw, expect):
    """The cache holds keys and values, for every layer, head of keys and values, and token of every sequence."""
    batch, seq, layers, heads, size = draw.sizes(5, 2, 40)
    wanted = 2 * batch * seq * layers * heads * size * 4
    expect.equal(student.cache_bytes(batch, seq, layers, heads, size, 4), wanted)


@pytest.mark.parametrize("n_kv_heads", [1, 2, 6])
def test_the_projections(student, expect, n_kv_heads):
    """Keys and values have n_kv_heads · d_head columns, queries and output d_model; there is nothing else."""
    layer, wanted = student.GroupedQueryAttention(18, 6, n_kv_heads), shapes(18, 6, n_kv_heads)
    for what, found in (("parameters", layer.named_parameters()), ("entries of the state dict", layer.state_dict())):
        message = f"The {what} are not the weights of the four projections alone."
        expect.equal(sorted(found), sorted(wanted), message)
        for name, shape in wanted.items():
            expect.shape(found[name], shape, f"The shape of `{name}` is wrong.")


def test_the_numbers_of_heads_are_kept(student, expect):
    """`n_heads` and `n_kv_heads` can be read from the module: later exercises do."""
    layer = student.GroupedQueryAttention(12, 6, 2)
    expect.equal(layer.n_heads, 6)
    expect.equal(layer.n_kv_heads, 2)


@MODES
def test_nothing_is_kept(student, draw, expect, mode):
    """Each call has its own result: without a mask after one with a mask, then with other masks and other inputs."""
    layer, state = make(student, draw, 8, 4, 2)
    layer.train(mode == "train")
    x, y, causal = draw.normal(2, 5, 8), draw.normal(2, 5, 8), torch.ones(5, 5, dtype=torch.bool).tril()
    layer(x, causal)
    message = "Without a mask, after a call with one, the result is wrong."
    expect.close(layer(x), attend(state, 4, 2, x), message, tolerance=NEAR, dtype=False)
    other = attend(state, 4, 2, y, causal.T)
    message = "With another input and mask, after other calls, the result is wrong."
    expect.close(layer(y, causal.T), other, message, tolerance=NEAR, dtype=False)
    message = "Without a mask, after calls with others, the result is wrong."
    expect.close(layer(x), attend(state, 4, 2, x), message, tolerance=NEAR, dtype=False)
    padding = torch.arange(5) < torch.tensor([[[2]], [[4]]])
    for mask in (padding, padding.flip(0), causal, causal.T):
        wanted = attend(state, 4, 2, x, mask)
        message = "With another mask, after other calls, the result is wrong."
        expect.close(layer(x, mask), wanted, message, tolerance=NEAR, dtype=False)


@MODES
@pytest.mark.points(0.5)
def test_new_weights_count(student, draw, expect, mode):
    """After other weights are loaded, the same input gives the result of these weights."""
    layer, _ = make(student, draw, 8, 4, 2)
    layer.train(mode == "train")
    x = draw.normal(2, 5, 8)
    layer(x)
    state = {name: draw.normal(*shape, scale=0.5) for name, shape in shapes(8, 4, 2).items()}
    load(layer, state)
    message = "After other weights were loaded, the result is not theirs."
    expect.close(layer(x), attend(state, 4, 2, x), message, tolerance=NEAR, dtype=False)


def test_train_and_eval_agree(student, draw, expect):
    """There is no dropout: in training as in evaluation the result is that of the formula."""
    layer, state = make(student, draw, 8, 4, 2)
    x = draw.normal(3, 9, 8)
    message = "In {} mode the result is not that of the formula."
    layer.train()
    expect.close(layer(x), attend(state, 4, 2, x), message.format("train"), tolerance=NEAR, dtype=False)
    layer.eval()
    expect.close(layer(x), attend(state, 4, 2, x), message.format("eval"), tolerance=NEAR, dtype=False)


def test_one_head(student, draw, expect):
    """One query head with one head of keys and values is attention without heads."""
    layer, state = make(student, draw, 5, 1, 1)
    x = draw.normal(2, 4, 5)
    expect.close(layer(x), attend(state, 1, 1, x), tolerance=NEAR, dtype=False)


def test_one_token_of_one_sequence(student, draw, expect):
    """A batch of one with a sequence of one keeps its shape (1, 1, d_model)."""
    layer, state = make(student, draw, 8, 4, 2)
    x = draw.normal(1, 1, 8)
    expect.close(layer(x), attend(state, 4, 2, x), tolerance=NEAR, dtype=False)


def test_a_transposed_input(student, draw, expect):
    """An input that is not contiguous gives the same as its copy."""
    layer, state = make(student, draw, 8, 4, 2)
    x = draw.strided(2, 5, 8)
    expect.close(layer(x), attend(state, 4, 2, x), tolerance=NEAR, dtype=False)


def test_a_query_that_sees_nothing(student, draw, expect):
    """A query that may attend to nothing has an output of zero, and all gradients stay finite."""
    layer, state = make(student, draw, 8, 4, 2)
    x, mask, cotangent = draw.normal(2, 4, 8, grad=True), draw.mask(2, 4, 4), draw.normal(2, 4, 8)
    mask[0, 2], mask[1] = False, False
    output = layer(x, mask)
    expect.close(output, attend(state, 4, 2, x.detach(), mask), tolerance=NEAR, dtype=False)
    (output * cotangent).sum().backward()
    expect.true(x.grad is not None, "No gradient came back to `x`.")
    expect.finite(x.grad, "The gradient of `x` is not finite.")
    for name, gradient in layer.gradients().items():
        expect.true(gradient is not None, f"`{name}` got no gradient.")
        expect.finite(gradient, f"The gradient of `{name}` is not finite.")


@pytest.mark.parametrize("sizes", [(10, 4, 2), (12, 6, 4), (28, 2, 4), (20, 10, 0), (20, 0, 1)], ids=str)
def test_heads_that_do_not_divide_are_refused(student, expect, sizes):
    """n_heads must divide d_model, and n_kv_heads must divide n_heads: a ValueError names one of the two."""
    d_model, n_heads, n_kv_heads = sizes
    bad = (n_heads, d_model) if n_heads == 0 or d_model % n_heads else (n_kv_heads, n_heads)
    expect.raises(ValueError, student.GroupedQueryAttention, d_model, n_heads, n_kv_heads, mentions=bad)


def test_repeating_to_an_impossible_number_is_refused(student, draw, expect):
    """2 heads cannot serve 23 query heads, nor 6 heads 3: a ValueError names one of the two."""
    expect.raises(ValueError, student.repeat_heads, draw.normal(1, 2, 3, 4), 23, mentions=(23, 2))
    expect.raises(ValueError, student.repeat_heads, draw.normal(1, 6, 5, 4), 3, mentions=(3, 6))


def test_the_dtype_is_kept(student, draw, expect):
    """A layer and an input in float32, float64 or bfloat16 give an output of the same dtype."""
    for dtype in (torch.float32, torch.float64, torch.bfloat16):
        layer = student.GroupedQueryAttention(8, 4, 2).to(dtype)
        expect.dtype(layer(draw.normal(2, 3, 8, dtype=dtype)), dtype)


def test_a_module_on_the_meta_device(student, expect):
    """A module without values runs, with a mask, and gives the right shape."""
    layer = student.GroupedQueryAttention(8, 4, 2).to("meta")
    mask = torch.empty(2, 1, 5, dtype=torch.bool, device="meta")
    expect.shape(layer(torch.empty(2, 5, 8, device="meta"), mask), (2, 5, 8))


@pytest.mark.hidden
@pytest.mark.points(2)
def test_other_numbers_of_heads(student, draw, expect):
    """Eight query heads on four of keys and values, causal, and nine on three."""
    layer, state = make(student, draw, 16, 8, 4)
    x, causal = draw.normal(1, 7, 16), torch.ones(7, 7, dtype=torch.bool).tril()
    expect.close(layer(x, causal), attend(state, 8, 4, x, causal), tolerance=NEAR, dtype=False)
    layer, state = make(student, draw, 9, 9, 3)
    x = draw.normal(2, 4, 9)
    expect.close(layer(x), attend(state, 9, 3, x), tolerance=NEAR, dtype=False)


@pytest.mark.hidden
def test_three_heads_are_repeated(student, draw, expect):
    """a b c becomes a a b b c c, and stays as it is for three query heads."""
    x = draw.normal(2, 3, 4, 5)
    expect.close(student.repeat_heads(x, 6), torch.stack([x[:, head // 2] for head in range(6)], 1))
    expect.close(student.repeat_heads(x, 3), x)


@pytest.mark.hidden
def test_the_cache_of_large_models(student, expect):
    """Eight heads of keys and values instead of 64 need an eighth of the cache."""
    expect.equal(student.cache_bytes(1, 4096, 80, 64, 128, 2), 10_737_418_240)
    expect.equal(student.cache_bytes(1, 4096, 80, 8, 128, 2), 1_342_177_280)
    expect.equal(student.cache_bytes(3, 100, 1, 1, 64, 1), 38_400)


@pytest.mark.hidden
def test_more_heads_of_keys_than_queries_are_refused(student, draw, expect):
    """Four heads of keys and values are too many for two query heads: a ValueError names one of the two."""
    expect.raises(ValueError, student.GroupedQueryAttention, 24, 2, 4, mentions=(2, 4))
    expect.raises(ValueError, student.repeat_heads, draw.normal(1, 4, 3, 4), 2, mentions=(2, 4))
