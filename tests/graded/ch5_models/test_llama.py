"""LLaMA: rotary grouped-query attention, the block, and the model with and without a window."""

import functools
import math

import pytest
import torch
from model_checks import check_causality, check_gradients, check_meta, check_names, drawn, model_with, part_of

SIZES = {"vocab_size": 11, "max_len": 9, "d_model": 16, "n_layers": 2, "n_heads": 4, "n_kv_heads": 2, "d_ff": 10}
TABLE, HEAD = "token_embedding.weight", "head.weight"


def block_shapes(sizes):
    """The names and shapes of one block's parameters."""
    d, d_ff, kv = sizes["d_model"], sizes["d_ff"], sizes["d_model"] // sizes["n_heads"] * sizes["n_kv_heads"]
    return {
        "attention.q_proj.weight": (d, d),
        "attention.k_proj.weight": (kv, d),
        "attention.v_proj.weight": (kv, d),
        "attention.out_proj.weight": (d, d),
        "feed_forward.gate.weight": (d_ff, d),
        "feed_forward.up.weight": (d_ff, d),
        "feed_forward.down.weight": (d, d_ff),
        "norm1.weight": (d,),
        "norm2.weight": (d,),
    }


def shapes_of(sizes):
    """The names and shapes of the whole state dict."""
    shapes = {TABLE: (sizes["vocab_size"], sizes["d_model"])}
    for i in range(sizes["n_layers"]):
        shapes |= part_of(f"blocks.{i}", block_shapes(sizes))
    return shapes | {"norm.weight": (sizes["d_model"],), HEAD: (sizes["vocab_size"], sizes["d_model"])}


loaded = functools.partial(model_with, "Llama")


def turned(vector, position, base):
    """A vector whose pairs are turned by the angles of its position, as complex numbers."""
    out = vector.clone()
    for i in range(len(vector) // 2):
        angle = position * base ** (-2 * i / len(vector))
        pair = complex(vector[2 * i], vector[2 * i + 1]) * complex(math.cos(angle), math.sin(angle))
        out[2 * i], out[2 * i + 1] = pair.real, pair.imag
    return out


def attention_by_hand(x, weights, n_heads, n_kv_heads, base):
    """Causal rotary grouped-query attention of one sequence, head by head and query by query."""
    seq, d = x.shape
    q, k, v = (x @ weights[f"{name}_proj.weight"].T for name in "qkv")
    size, group = d // n_heads, n_heads // n_kv_heads
    mixed = torch.zeros(seq, d, dtype=x.dtype)
    for head in range(n_heads):
        mine = slice(head * size, (head + 1) * size)
        shared = slice(head // group * size, (head // group + 1) * size)
        for t in range(seq):
            query = turned(q[t, mine], t, base)
            scores = [query @ turned(k[s, shared], s, base) / math.sqrt(size) for s in range(t + 1)]
            mixed[t, mine] = torch.softmax(torch.stack(scores), 0) @ v[: t + 1, shared]
    return mixed @ weights["out_proj.weight"].T


@pytest.mark.parametrize("n_kv_heads", [1, 2, 4])
def test_attention_is_grouped_and_rotary(student, draw, expect, n_kv_heads):
    """Queries and keys are turned by their positions; each key and value head serves its group of queries."""
    shapes = {"q_proj.weight": (16, 16), "out_proj.weight": (16, 16)}
    shapes |= {f"{name}_proj.weight": (n_kv_heads * 4, 16) for name in "kv"}
    weights, x = drawn(draw, shapes), draw.normal(1, 5, 16)
    attention = student.LlamaAttention(16, 4, n_kv_heads, 50.0).double()
    attention.load_state_dict(weights)
    causal = torch.ones(5, 5, dtype=torch.bool).tril()
    wanted = attention_by_hand(x[0], weights, 4, n_kv_heads, 50.0)
    expect.close(attention(x, causal), wanted.unsqueeze(0))


def test_the_block_adds_twice(student, reference, draw, expect):
    """Each sub-layer works on a normalized copy, and its output is added to the sum itself."""
    weights, x = drawn(draw, block_shapes(SIZES)), draw.normal(2, 5, 16)
    mask = torch.ones(5, 5, dtype=torch.bool).tril()
    results = []
    for side in (student, reference):
        block = side.LlamaBlock(side.LlamaConfig(**SIZES)).double()
        block.load_state_dict(weights)
        results.append(block(x, mask))
    expect.close(*results)


def test_without_blocks_no_position_is_added(student, draw, expect):
    """With no blocks the logits are the token's vector, divided by its root mean square, through the head."""
    sizes = SIZES | {"n_layers": 0}
    weights, ids = drawn(draw, shapes_of(sizes)), draw.ids(11, 2, 5)
    x = weights[TABLE][ids]
    x = x / (x.square().mean(-1, keepdim=True) + 1e-5).sqrt() * weights["norm.weight"]
    expect.close(loaded(student, weights, **sizes)(ids), x @ weights[HEAD].T)


@pytest.mark.parametrize("shape", [(2, 5), (1, 9), (3, 1)], ids=str)
def test_the_logits_of_every_position(student, reference, draw, expect, shape):
    """Token vectors, all blocks under the causal mask, norm and head give the logits."""
    weights, ids = drawn(draw, shapes_of(SIZES)), draw.ids(11, *shape)
    expect.close(loaded(student, weights, **SIZES)(ids), loaded(reference, weights, **SIZES)(ids))


def test_no_position_sees_what_comes_after_it(student, draw, expect):
    """Another last token changes the last position's logits and no others."""
    check_causality(expect, loaded(student, drawn(draw, shapes_of(SIZES)), **SIZES), draw.ids(11, 2, 6), 11)


def test_with_a_window_a_position_sees_its_last_tokens(student, draw, expect):
    """With one block and a window of 3 the first token reaches positions 0, 1 and 2 and no further."""
    sizes = SIZES | {"n_layers": 1, "window": 3}
    model = loaded(student, drawn(draw, shapes_of(sizes)), **sizes)
    ids = draw.ids(11, 1, 8)
    other = ids.clone()
    other[:, 0] = (ids[:, 0] + 1) % 11
    before, after = model(ids), model(other)
    expect.shape(after, (1, 8, 11))
    expect.close(after[:, 3:], before[:, 3:], "A position depends on a token outside its window.")
    reached = (after[0, :3] - before[0, :3]).abs().amax(-1)
    expect.true(reached.min() > 1e-6, "A token inside the window of 3 does not count.", actual=reached)


@pytest.mark.parametrize(
    "changes", [{"window": 2}, {"rope_base": 30.0}, {"n_kv_heads": 4}], ids=["window", "base", "kv"]
)
def test_the_configuration_is_followed(student, reference, draw, expect, changes):
    """Window, rotary base and number of key heads are those of the configuration."""
    sizes = SIZES | changes
    weights, ids = drawn(draw, shapes_of(sizes)), draw.ids(11, 2, 8)
    expect.close(loaded(student, weights, **sizes)(ids), loaded(reference, weights, **sizes)(ids))


def test_the_state_dict_has_every_name(student, expect):
    """The parameters have the names of the docstring and there are no biases."""
    check_names(expect, student.Llama(student.LlamaConfig(**SIZES)), shapes_of(SIZES))


def test_the_head_is_tied_where_asked(student, draw, expect):
    """With `tied` the head is the token table, one parameter; without it they are two."""
    for tied in (True, False):
        model = student.Llama(student.LlamaConfig(**SIZES, tied=tied)).double()
        weights = model.state_dict()
        model.load_state_dict(weights | {TABLE: draw.normal(11, 16), HEAD: draw.normal(11, 16)})
        after = model.state_dict()
        same = torch.equal(after[HEAD], after[TABLE])
        expect.true(same or not tied, "`tied=True`: head and token table are two parameters.", actual=after[HEAD])
        expect.true(tied or not same, "`tied=False`: head and token table are one parameter.", actual=after[HEAD])


@pytest.mark.parametrize("tied", [False, True], ids=["untied", "tied"])
def test_start_values_are_small(student, expect, tied):
    """Matrices and tables start as N(0, 0.02), the norms' weights at one; a tied head starts as the table."""
    sizes = {"vocab_size": 90, "max_len": 40, "d_model": 32, "n_layers": 1, "n_heads": 4, "n_kv_heads": 2, "d_ff": 64}
    for name, value in student.Llama(student.LlamaConfig(**sizes, tied=tied)).named_parameters().items():
        if value.ndim == 2:
            expect.between(value.std(), 0.017, 0.023, f"The deviation of `{name}` is not near 0.02.")
        else:
            expect.equal(value, torch.ones_like(value), f"`{name}` does not start at one.")


def test_too_many_tokens_are_refused(student, expect, draw):
    """`max_len` tokens are allowed; one more raises a ValueError that names their number."""
    model = student.Llama(student.LlamaConfig(**SIZES))
    expect.shape(model(draw.ids(11, 1, 9)), (1, 9, 11))
    expect.raises(ValueError, model, draw.ids(11, 1, 10), mentions=10)


@pytest.mark.hidden
def test_a_window_below_one_is_refused(student, expect):
    """A window of 0 or less raises a ValueError that names it when the model is made."""
    for window in (0, -2):
        expect.raises(ValueError, student.Llama, student.LlamaConfig(**SIZES, window=window), mentions=window)
    expect.equal(student.Llama(student.LlamaConfig(**SIZES, window=1)).config.window, 1)


@pytest.mark.hidden
def test_an_odd_head_is_refused(student, expect):
    """An odd d_head cannot be turned in pairs: a ValueError that names it when the attention is made."""
    expect.raises(ValueError, student.LlamaAttention, 12, 4, 2, mentions=3)


@pytest.mark.hidden
def test_the_config_is_kept(student, expect):
    """`model.config` is the configuration."""
    config = student.Llama(student.LlamaConfig(**SIZES)).config
    expect.equal({name: getattr(config, name) for name in SIZES}, SIZES)


def test_every_parameter_gets_its_gradient(student, reference, draw, expect):
    """The gradients of all parameters are right."""
    weights, ids, cotangent = drawn(draw, shapes_of(SIZES)), draw.ids(11, 2, 5), draw.normal(2, 5, 11)
    models = [loaded(side, weights, **SIZES) for side in (student, reference)]
    check_gradients(expect, models, lambda model: (model(ids) * cotangent).sum().backward())


@pytest.mark.hidden
def test_it_keeps_its_dtype_and_runs_on_meta(student, draw, expect):
    """Float32 weights give float32 logits, and no device is written into the code."""
    check_meta(expect, student.Llama(student.LlamaConfig(**SIZES, window=2)), [draw.ids(11, 5, 2).T], (2, 5, 11))
