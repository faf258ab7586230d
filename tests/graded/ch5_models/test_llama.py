"""LLaMA: rotary grouped-query attention, the block, and the model with and without a window."""

import math

import pytest
import torch
from model_checks import check_causality, check_gradients, check_meta, check_start_values_apart, drawn, load, part_of

SIZES = {"vocab_size": 11, "max_len": 9, "d_model": 16, "n_layers": 2, "n_heads": 4, "n_kv_heads": 2, "d_ff": 10}
TABLE, HEAD = "token_embedding.weight", "head.weight"
NEAR = 1e-4  # norms, angles and softmax in float32, as in published code, are right too


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


def loaded(side, weights, **sizes):
    """A Llama of one side with these weights, in float64."""
    return load(side.Llama(side.LlamaConfig(**sizes)).double(), weights)


def attention_with(student, weights, n_heads, n_kv_heads, *base):
    """The learner's attention with these weights, in float64."""
    d_model = len(weights["q_proj.weight"])
    return load(student.LlamaAttention(d_model, n_heads, n_kv_heads, *base).double(), weights)


def attention_shapes(d_model, n_heads, n_kv_heads):
    """The names and shapes of an attention's projections."""
    kv = d_model // n_heads * n_kv_heads
    return {
        "q_proj.weight": (d_model, d_model),
        "k_proj.weight": (kv, d_model),
        "v_proj.weight": (kv, d_model),
        "out_proj.weight": (d_model, d_model),
    }


def turned(vector, position, base):
    """A vector whose pairs are turned by the angles of its position, as complex numbers."""
    out = vector.clone()
    for i in range(len(vector) // 2):
        angle = position * base ** (-2 * i / len(vector))
        pair = complex(vector[2 * i], vector[2 * i + 1]) * complex(math.cos(angle), math.sin(angle))
        out[2 * i], out[2 * i + 1] = pair.real, pair.imag
    return out


def attention_by_hand(x, weights, n_heads, n_kv_heads, base, mask):
    """Rotary grouped-query attention, sequence by sequence, head by head and query by query; mask per head."""
    mixed = torch.zeros_like(x)
    q, k, v = (x @ weights[f"{name}_proj.weight"].T for name in "qkv")
    size, group = x.shape[-1] // n_heads, n_heads // n_kv_heads
    mask = mask.expand(len(x), n_heads, x.shape[1], x.shape[1])
    for row in range(len(x)):
        for head in range(n_heads):
            mine = slice(head * size, (head + 1) * size)
            shared = slice(head // group * size, (head // group + 1) * size)
            keys = torch.stack([turned(k[row, s, shared], s, base) for s in range(x.shape[1])])
            for t in range(x.shape[1]):
                seen = mask[row, head, t]
                scores = keys[seen] @ turned(q[row, t, mine], t, base) / math.sqrt(size)
                mixed[row, t, mine] = torch.softmax(scores, 0) @ v[row, seen][:, shared]
    return mixed @ weights["out_proj.weight"].T


def causal(seq):
    """Each position sees itself and what stands before it."""
    return torch.ones(seq, seq, dtype=torch.bool).tril()


# -- the attention ----------------------------------------------------------------------------------------


@pytest.mark.points(2)
@pytest.mark.parametrize("n_kv_heads", [1, 2, 4])
def test_attention_is_grouped_and_rotary(student, draw, expect, n_kv_heads):
    """Queries and keys are turned by their positions; each key and value head serves its group of queries."""
    weights, x = drawn(draw, attention_shapes(16, 4, n_kv_heads)), draw.normal(1, 5, 16)
    attention = attention_with(student, weights, 4, n_kv_heads, 50.0)
    expect.close(attention(x, causal(5)), attention_by_hand(x, weights, 4, n_kv_heads, 50.0, causal(5)), tolerance=NEAR)


@pytest.mark.parametrize("base", ["the usual one", pytest.param(500.0, marks=pytest.mark.hidden)])
def test_attention_of_another_size(student, draw, expect, base):
    """More positions, wider heads, more sequences and, unless another is given, the usual base of 10000."""
    weights, x = drawn(draw, attention_shapes(24, 4, 2)), draw.normal(3, 11, 24)
    given = () if base == "the usual one" else (base,)
    attention = attention_with(student, weights, 4, 2, *given)
    wanted = attention_by_hand(x, weights, 4, 2, *(given or (10000.0,)), causal(11))
    expect.close(attention(x, causal(11)), wanted, tolerance=NEAR)


def test_attention_without_a_mask_sees_all(student, draw, expect):
    """Without a mask each position attends to all positions, also after a call that had a mask."""
    weights, x = drawn(draw, attention_shapes(16, 4, 2)), draw.normal(2, 5, 16)
    wanted = attention_by_hand(x, weights, 4, 2, 50.0, torch.ones(5, 5, dtype=torch.bool))
    attention = attention_with(student, weights, 4, 2, 50.0)
    expect.close(attention(x), wanted, tolerance=NEAR)
    attention(x, causal(5))
    message = "After a call with a mask, a call without one gives a wrong result."
    expect.close(attention(x), wanted, message, tolerance=NEAR)


def test_attention_of_one_length_then_another(student, draw, expect):
    """A second sequence, longer or shorter than the first, is turned by its own positions."""
    weights = drawn(draw, attention_shapes(16, 4, 2))
    attention = attention_with(student, weights, 4, 2, 50.0)
    for seq in (3, 6, 4):
        x = draw.normal(2, seq, 16)
        expect.close(attention(x, causal(seq)), attention_by_hand(x, weights, 4, 2, 50.0, causal(seq)), tolerance=NEAR)


@pytest.mark.points(0.5)
@pytest.mark.parametrize("shape", [(3, 5, 5), (3, 1, 5), (3, 4, 5, 5), (3, 1, 5, 5)], ids=str)
def test_masks_of_three_and_four_axes(student, draw, expect, shape):
    """A mask for each sequence serves all heads; one with a heads axis may differ from head to head."""
    weights, x, mask = drawn(draw, attention_shapes(16, 4, 2)), draw.normal(3, 5, 16), draw.mask(*shape)
    attention = attention_with(student, weights, 4, 2, 50.0)
    by_head = mask.unsqueeze(1) if len(shape) == 3 else mask
    expect.close(attention(x, mask), attention_by_hand(x, weights, 4, 2, 50.0, by_head), tolerance=NEAR)


# -- the block --------------------------------------------------------------------------------------------


@pytest.mark.points(3)
def test_the_block_adds_twice(student, reference, draw, expect):
    """Each sub-layer works on a normalized copy, and its output is added to the sum itself."""
    weights, x = drawn(draw, block_shapes(SIZES)), draw.normal(2, 5, 16)
    blocks = [load(side.LlamaBlock(side.LlamaConfig(**SIZES)).double(), weights) for side in (student, reference)]
    expect.close(*(block(x, causal(5)) for block in blocks), tolerance=NEAR)


# -- the model --------------------------------------------------------------------------------------------


@pytest.mark.points(2)
def test_without_blocks_no_position_is_added(student, draw, expect):
    """With no blocks the logits are the token's vector, divided by its root mean square, through the head."""
    sizes = SIZES | {"n_layers": 0}
    weights, ids = drawn(draw, shapes_of(sizes)), draw.ids(11, 2, 5)
    x = weights[TABLE][ids]
    x = x / (x.square().mean(-1, keepdim=True) + 1e-5).sqrt() * weights["norm.weight"]
    expect.close(loaded(student, weights, **sizes)(ids), x @ weights[HEAD].T, tolerance=NEAR)


@pytest.mark.parametrize("shape", [(2, 5), (1, 9), (3, 1)], ids=str)
def test_the_logits_of_every_position(student, reference, draw, expect, shape):
    """Token vectors, all blocks under the causal mask, norm and head give the logits."""
    weights, ids = drawn(draw, shapes_of(SIZES)), draw.ids(11, *shape)
    expect.close(loaded(student, weights, **SIZES)(ids), loaded(reference, weights, **SIZES)(ids), tolerance=NEAR)


@pytest.mark.parametrize("window", [None, 3])
def test_a_second_text_has_its_own_logits(student, reference, draw, expect, window):
    """Other ids, a longer text and a shorter one, in eval mode other weights: nothing of an earlier call is left."""
    sizes = SIZES | {"window": window}
    weights = drawn(draw, shapes_of(sizes))
    model, judge = (loaded(side, weights, **sizes) for side in (student, reference))
    for shape in ((2, 5), (2, 5), (2, 8), (1, 4)):
        ids = draw.ids(11, *shape)
        expect.close(model(ids), judge(ids), tolerance=NEAR)
    model.eval()
    for _ in range(2):
        expect.close(model(ids), judge(ids), tolerance=NEAR)
        weights = drawn(draw, shapes_of(sizes))
        for side in (model, judge):
            load(side, weights)


@pytest.mark.hidden
def test_three_blocks_of_other_sizes(student, reference, draw, expect):
    """More blocks, wider heads, one key head, a window and a tied head, all at once."""
    sizes = {"vocab_size": 7, "max_len": 12, "d_model": 24, "n_layers": 3, "n_heads": 4, "n_kv_heads": 1, "d_ff": 9}
    sizes |= {"window": 4, "rope_base": 100.0, "tied": True}
    weights, ids = drawn(draw, shapes_of(sizes)), draw.ids(7, 3, 12)
    weights[HEAD] = weights[TABLE]
    expect.close(loaded(student, weights, **sizes)(ids), loaded(reference, weights, **sizes)(ids), tolerance=NEAR)


@pytest.mark.points(2)
def test_no_position_sees_what_comes_after_it(student, draw, expect):
    """Another last token changes no logits but those of the last position."""
    check_causality(expect, loaded(student, drawn(draw, shapes_of(SIZES)), **SIZES), draw.ids(11, 2, 6), 11)


@pytest.mark.points(2)
def test_with_a_window_a_position_sees_its_last_tokens(student, draw, expect):
    """With one block and a window of 3 the first token reaches positions 0, 1 and 2 and no further."""
    sizes = SIZES | {"n_layers": 1, "window": 3}
    model = loaded(student, drawn(draw, shapes_of(sizes)), **sizes)
    ids = draw.ids(11, 1, 8)
    other = ids.clone()
    other[:, 0] = (ids[:, 0] + 1) % 11
    before, after = model(ids), model(other)
    expect.shape(after, (1, 8, 11))
    message = "With another first token, logits of positions 3 to 7 are others; a window of 3 hides it from them."
    expect.close(after[:, 3:], before[:, 3:], message, tolerance=NEAR)
    reached = (after[0, :3] - before[0, :3]).abs().amax(-1)
    message = f"With another first token, the logits of position 0, 1 or 2 move by {float(reached.min()):.1e} at most;"
    expect.true(reached.min() > 1e-6, f"{message} in each they ought to move by more than 1e-06.", actual=reached)


@pytest.mark.points(0.5)
@pytest.mark.parametrize("window", [9, 30])
def test_a_window_longer_than_the_text_shows_all_before(student, reference, draw, expect, window):
    """Where the window is longer than the text, also than `max_len`, a position sees all before it, none after it."""
    weights, ids = drawn(draw, shapes_of(SIZES)), draw.ids(11, 2, 8)
    wanted = loaded(reference, weights, **SIZES)(ids)
    expect.close(loaded(student, weights, **(SIZES | {"window": window}))(ids), wanted, tolerance=NEAR)


@pytest.mark.parametrize(
    "changes",
    [{"window": 2}, {"window": 1}, {"rope_base": 30.0}, {"n_kv_heads": 4}, {"n_heads": 2, "n_kv_heads": 1}],
    ids=["window", "window of 1", "base", "kv", "heads"],
)
def test_the_configuration_is_followed(student, reference, draw, expect, changes):
    """Window, rotary base and numbers of heads are those of the configuration, in every block."""
    sizes = SIZES | changes
    weights, ids = drawn(draw, shapes_of(sizes)), draw.ids(11, 2, 8)
    expect.close(loaded(student, weights, **sizes)(ids), loaded(reference, weights, **sizes)(ids), tolerance=NEAR)


@pytest.mark.points(2)
def test_every_parameter_gets_its_gradient(student, reference, draw, expect):
    """The gradients of all parameters are right."""
    weights, ids, cotangent = drawn(draw, shapes_of(SIZES)), draw.ids(11, 2, 5), draw.normal(2, 5, 11)
    models = [loaded(side, weights, **SIZES) for side in (student, reference)]
    check_gradients(expect, models, lambda model: (model(ids) * cotangent).sum().backward(), tolerance=NEAR)


def test_a_tied_table_learns_from_both_its_ends(student, reference, draw, expect):
    """With `tied` the token table has the gradients of the embedding and of the head, added."""
    sizes = SIZES | {"tied": True}
    weights, ids, cotangent = drawn(draw, shapes_of(sizes)), draw.ids(11, 2, 5), draw.normal(2, 5, 11)
    weights[HEAD] = weights[TABLE]
    models = [loaded(side, weights, **sizes) for side in (student, reference)]
    check_gradients(
        expect, models, lambda model: (model(ids) * cotangent).sum().backward(), tied=(TABLE, HEAD), tolerance=NEAR
    )


# -- parts, start values, limits --------------------------------------------------------------------------


def test_the_parameters_have_their_names(student, expect):
    """The parameters have the names of the docstring and the shapes of the configuration; there are no biases."""
    parameters = student.Llama(student.LlamaConfig(**SIZES)).named_parameters()
    wanted = shapes_of(SIZES)
    expect.equal(sorted(parameters), sorted(wanted), "The names of the parameters are not those of the docstring.")
    shapes = {name: tuple(value.shape) for name, value in parameters.items()}
    expect.equal(shapes, wanted, "A parameter has another shape than it ought to have.")


def test_the_head_is_tied_where_asked(student, draw, expect):
    """With `tied` the head is the token table, one parameter; without it they are two."""
    for tied in (True, False):
        model = student.Llama(student.LlamaConfig(**SIZES, tied=tied)).double()
        load(model, {TABLE: draw.normal(11, 16), HEAD: draw.normal(11, 16)})
        after = model.state_dict()
        same = torch.equal(after[HEAD], after[TABLE])
        expect.true(
            same or not tied,
            "`tied=True`: after both were loaded, head and token table hold different values.",
            actual=after[HEAD],
        )
        expect.true(
            tied or not same,
            "`tied=False`: after both were loaded with different values, head and token table are equal.",
            actual=after[HEAD],
        )


@pytest.mark.points(0.5)
@pytest.mark.parametrize("tied", [False, True], ids=["untied", "tied"])
def test_start_values_are_small(student, expect, tied):
    """Matrices and tables start as N(0, 0.02), the norms' weights at one, with a tied head and without."""
    sizes = {"vocab_size": 90, "max_len": 40, "d_model": 32, "n_layers": 2, "n_heads": 4, "n_kv_heads": 2, "d_ff": 64}
    parameters = student.Llama(student.LlamaConfig(**sizes, tied=tied)).named_parameters()
    check_start_values_apart(expect, {name: value for name, value in parameters.items() if not (tied and name == HEAD)})
    for name, value in parameters.items():
        if value.ndim == 2:
            margin = 5 * 0.02 / math.sqrt(2 * value.numel())  # of the deviation of so many draws
            message = f"The deviation of `{name}` is not near 0.02."
            expect.between(value.std(), 0.02 - margin, 0.02 + margin, message)
            expect.between(value.mean(), -2 * margin, 2 * margin, f"The mean of `{name}` is not near 0.")
        else:
            expect.equal(value, torch.ones_like(value), f"`{name}` does not start at one.")


@pytest.mark.points(0.5)
def test_the_config_is_kept(student, expect):
    """`model.config` is the configuration, with all that it says."""
    for window in (4, 100):  # below max_len and above it
        sizes = SIZES | {"rope_base": 77.0, "window": window, "tied": True}
        config = student.Llama(student.LlamaConfig(**sizes)).config
        expect.equal({name: getattr(config, name) for name in sizes}, sizes)


@pytest.mark.points(0.5)
@pytest.mark.parametrize("window", [None, 3, 50])
def test_too_many_tokens_are_refused(student, expect, draw, window):
    """`max_len` tokens are allowed, one more raises a ValueError that names their number, with a window as without."""
    for max_len in (20, 9):  # above d_model and below it
        model = student.Llama(student.LlamaConfig(**(SIZES | {"max_len": max_len, "window": window})))
        expect.shape(model(draw.ids(11, 1, max_len)), (1, max_len, 11))
        expect.raises(ValueError, model, draw.ids(11, 1, max_len + 1), mentions=max_len + 1)


@pytest.mark.points(0.5)
@pytest.mark.parametrize("window", [0, -2])
def test_a_window_below_one_is_refused(student, expect, window):
    """A window of 0 or less raises a ValueError that names it when the model is made."""
    expect.raises(ValueError, student.Llama, student.LlamaConfig(**SIZES, window=window), mentions=window)


@pytest.mark.points(0.5)
def test_an_odd_head_is_refused(student, expect):
    """An odd d_head cannot be turned in pairs: a ValueError that names it when the attention is made."""
    expect.raises(ValueError, student.LlamaAttention, 20, 4, 2, mentions=5)


@pytest.mark.points(0.5)
@pytest.mark.parametrize("window", [2, 9, None])
def test_it_keeps_its_dtype_and_runs_on_meta(student, draw, expect, window):
    """Float32 weights give float32 logits, float64 ones float64, and it runs on `meta`, with a window and without."""
    check_meta(expect, student.Llama(student.LlamaConfig(**SIZES, window=window)), [draw.ids(11, 5, 2).T], (2, 5, 11))
