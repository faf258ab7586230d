"""GPT-2's published tensors in the learner's GPT: each in its place, the logits of GPT-2, and what is refused."""

import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from model_checks import NEAR, check_names, part_of, shapes_of_block, shapes_of_norm

SIZES = {"vocab_size": 19, "max_len": 13, "d_model": 15, "n_layers": 3, "n_heads": 3, "d_ff": 22}
DEEP = {"vocab_size": 11, "max_len": 7, "d_model": 6, "n_layers": 12, "n_heads": 2, "d_ff": 10}
SMALL = {"vocab_size": 7, "max_len": 5, "d_model": 6, "n_layers": 1, "n_heads": 2, "d_ff": 11}
TABLE, HEAD = "token_embedding.weight", "head.weight"


def published_shapes(sizes):
    """The published names and shapes, one line of the brief's table after the other."""
    d, d_ff = sizes["d_model"], sizes["d_ff"]
    shapes = {"wte.weight": (sizes["vocab_size"], d), "wpe.weight": (sizes["max_len"], d)}
    for n in range(sizes["n_layers"]):
        for norm in ("ln_1", "ln_2"):
            shapes |= {f"h.{n}.{norm}.weight": (d,), f"h.{n}.{norm}.bias": (d,)}
        for name, rows, columns in (
            ("attn.c_attn", d, 3 * d),
            ("attn.c_proj", d, d),
            ("mlp.c_fc", d, d_ff),
            ("mlp.c_proj", d_ff, d),
        ):
            shapes |= {f"h.{n}.{name}.weight": (rows, columns), f"h.{n}.{name}.bias": (columns,)}
    return shapes | {"ln_f.weight": (d,), "ln_f.bias": (d,)}


def published(draw, sizes, dtype=torch.float32):
    """Random tensors under the published names; norms' weights lie around one."""
    weights = {}
    for name, shape in published_shapes(sizes).items():
        values = draw.normal(*shape, scale=0.5 if len(shape) == 2 else 0.3)
        weights[name] = (values + 1.0 if ".ln_" in f".{name}" and name.endswith("weight") else values).to(dtype)
    return weights


def config_of(side, sizes, **changes):
    """The configuration of one side's GPT."""
    return side.imported("ch5_models.gpt").GPTConfig(**sizes, **changes)


def loaded(student, weights, sizes, **changes):
    """The learner's model with these published tensors; in float64, to see the smallest difference."""
    return student.load_gpt2(weights, config_of(student, sizes, **changes)).double().eval()


def logits_of(weights, sizes, ids):
    """GPT-2 as it was published: fused queries, keys and values, `x @ weight + bias`, one head after the other."""
    weights = {name: value.detach().double() for name, value in weights.items()}
    d, length = sizes["d_model"], ids.shape[1]
    width = d // sizes["n_heads"]
    later = torch.ones(length, length, dtype=torch.bool).triu(1)
    x = weights["wte.weight"][ids] + weights["wpe.weight"][:length]
    for n in range(sizes["n_layers"]):
        own = {name.removeprefix(f"h.{n}."): value for name, value in weights.items() if name.startswith(f"h.{n}.")}
        normal = F.layer_norm(x, (d,), own["ln_1.weight"], own["ln_1.bias"])
        fused = normal @ own["attn.c_attn.weight"] + own["attn.c_attn.bias"]
        heads = []
        for first in range(0, d, width):
            q, k, v = (fused[..., start + first : start + first + width] for start in (0, d, 2 * d))
            scores = (q @ k.mT / math.sqrt(width)).masked_fill(later, -math.inf)
            heads.append(torch.softmax(scores, dim=-1) @ v)
        x = x + torch.cat(heads, dim=-1) @ own["attn.c_proj.weight"] + own["attn.c_proj.bias"]
        normal = F.layer_norm(x, (d,), own["ln_2.weight"], own["ln_2.bias"])
        inner = F.gelu(normal @ own["mlp.c_fc.weight"] + own["mlp.c_fc.bias"], approximate="tanh")
        x = x + inner @ own["mlp.c_proj.weight"] + own["mlp.c_proj.bias"]
    return F.layer_norm(x, (d,), weights["ln_f.weight"], weights["ln_f.bias"]) @ weights["wte.weight"].T


def check_logits(expect, model, weights, sizes, ids):
    """The model gives GPT-2's logits."""
    message = "The logits are not those of GPT-2 with these tensors."
    expect.close(model(ids), logits_of(weights, sizes, ids), message, tolerance=NEAR)


def check_part(expect, state, part, wanted):
    """One part of a model's state dict holds exactly these values."""
    for kind, value in wanted.items():
        came = state.get(f"{part}.{kind}")
        expect.true(came is not None, f"The model's state dict has no `{part}.{kind}`.")
        expect.equal(came, value.double(), f"`{part}.{kind}` does not hold what was published for it.")


def one_by_one(matrix):
    """The transposed matrix, number by number."""
    rows, columns = matrix.shape
    return torch.tensor([[float(matrix[i, j]) for i in range(rows)] for j in range(columns)])


# -- the names and shapes of the file ---------------------------------------------------------------------


@pytest.mark.points(2)
@pytest.mark.parametrize(
    "sizes",
    [
        pytest.param(SIZES, id="3 layers"),
        pytest.param(DEEP, id="12 layers"),
        pytest.param(SMALL, id="1 layer", marks=pytest.mark.hidden),
    ],
)
def test_the_names_and_shapes_of_the_published_file(student, expect, sizes):
    """`gpt2_shapes` gives every name of the table, for layers 0 to `n_layers - 1`, with its shape."""
    came = student.gpt2_shapes(config_of(student, sizes))
    wanted = published_shapes(sizes)
    found = {name: tuple(shape) for name, shape in came.items() if name in wanted}
    expect.equal([name for name in wanted if name not in found], [], "`gpt2_shapes` leaves out names.")
    expect.equal([name for name in came if name not in wanted], [], "`gpt2_shapes` gives names that no GPT-2 has.")
    wrong = [name for name in wanted if found[name] != wanted[name]]
    expect.equal(
        {name: found[name] for name in wrong}, {name: wanted[name] for name in wrong}, "These shapes are wrong."
    )


def test_the_smallest_published_model_has_124_million_numbers(student, expect):
    """By the sizes of the published GPT-2 the shapes make 124,439,808 numbers."""
    names = ("vocab_size", "max_len", "d_model", "n_layers", "n_heads", "d_ff")
    sizes = dict(zip(names, (50_257, 1024, 768, 12, 12, 3072), strict=True))
    shapes = student.gpt2_shapes(config_of(student, sizes))
    expect.equal(sum(math.prod(shape) for shape in shapes.values()), 124_439_808)


# -- each tensor in its place -----------------------------------------------------------------------------


def test_the_tables_come_as_they_are(student, draw, expect):
    """`wte` is the table of tokens and `wpe` that of positions, neither of them transposed."""
    weights = published(draw, SIZES)
    state = loaded(student, weights, SIZES).state_dict()
    check_part(expect, state, "token_embedding", {"weight": weights["wte.weight"]})
    check_part(expect, state, "position_embedding", {"weight": weights["wpe.weight"]})


@pytest.mark.points(2)
def test_c_attn_is_cut_into_queries_keys_and_values(student, draw, expect):
    """Of the columns of `c_attn` the first third makes the queries, the next the keys, the last the values."""
    weights = published(draw, SIZES)
    state = loaded(student, weights, SIZES).state_dict()
    for n in range(3):
        matrix, bias = (weights[f"h.{n}.attn.c_attn.{kind}"] for kind in ("weight", "bias"))
        for start, name in ((0, "q_proj"), (15, "k_proj"), (30, "v_proj")):
            wanted = {"weight": one_by_one(matrix[:, start : start + 15]), "bias": bias[start : start + 15]}
            check_part(expect, state, f"blocks.{n}.attention.{name}", wanted)


@pytest.mark.points(2)
@pytest.mark.parametrize(
    ("published_name", "own_name"),
    [
        ("attn.c_proj", "attention.out_proj"),
        ("mlp.c_fc", "feed_forward.up"),
        ("mlp.c_proj", "feed_forward.down"),
    ],
)
def test_the_other_matrices_are_transposed(student, draw, expect, published_name, own_name):
    """The square `attn.c_proj` and both matrices of the feed-forward network are transposed, and have their biases."""
    weights = published(draw, SIZES)
    state = loaded(student, weights, SIZES).state_dict()
    for n in range(3):
        matrix, bias = (weights[f"h.{n}.{published_name}.{kind}"] for kind in ("weight", "bias"))
        check_part(expect, state, f"blocks.{n}.{own_name}", {"weight": one_by_one(matrix), "bias": bias})


def test_every_norm_gets_its_own(student, draw, expect):
    """`ln_1` stands before the attention, `ln_2` before the feed-forward network, `ln_f` after the last layer."""
    weights = published(draw, SIZES)
    state = loaded(student, weights, SIZES).state_dict()
    pairs = [(f"h.{n}.ln_{i}", f"blocks.{n}.norm{i}") for n in range(3) for i in (1, 2)]
    for published_name, own_name in [*pairs, ("ln_f", "norm")]:
        check_part(expect, state, own_name, {kind: weights[f"{published_name}.{kind}"] for kind in ("weight", "bias")})


def test_head_and_token_table_are_one_parameter(student, draw, expect):
    """The head is tied to the token table: what is loaded into the one is in the other as well."""
    weights = published(draw, SIZES)
    model = loaded(student, weights, SIZES)
    expect.equal(model.state_dict().get(HEAD), weights["wte.weight"].double(), "The head does not hold `wte.weight`.")
    other = draw.normal(19, 15)
    model.load_state_dict(model.state_dict() | {TABLE: other, HEAD: other + 1.0})
    after = model.state_dict()
    message = "After both were loaded, head and token table hold different values: they are not one parameter."
    expect.equal(after[HEAD], after[TABLE], message)


# -- the model as a whole ---------------------------------------------------------------------------------


@pytest.mark.points(3)
@pytest.mark.parametrize("shape", [(2, 9), (1, 13), (3, 1)], ids=str)
def test_the_logits_are_those_of_gpt2(student, draw, expect, shape):
    """With random tensors the model gives what GPT-2, computed as it was published, gives."""
    weights = published(draw, SIZES)
    check_logits(expect, loaded(student, weights, SIZES), weights, SIZES, draw.ids(19, *shape))


@pytest.mark.points(3)
def test_a_model_that_others_have_computed(student, data, expect):
    """A small GPT-2 of eleven layers gives the logits that are recorded in `data/gpt2_small.npz`."""
    arrays = np.load(data / "gpt2_small.npz", allow_pickle=False)
    sizes = {name.removeprefix("config."): int(arrays[name]) for name in arrays if name.startswith("config.")}
    weights = {name: torch.from_numpy(arrays[name]) for name in arrays if name.endswith((".weight", ".bias"))}
    logits = loaded(student, weights, sizes)(torch.from_numpy(arrays["ids"]))
    message = "The logits are not those that the `transformers` package computes."
    expect.close(logits, torch.from_numpy(arrays["logits"]), message, tolerance=NEAR, dtype=False)


@pytest.mark.points(3)
@pytest.mark.parametrize("order", ["sorted", "shuffled"])
def test_twelve_layers_in_any_order(student, draw, expect, order):
    """The order of the tensors says nothing: in a sorted file `h.10` comes before `h.2`, and is layer 10."""
    weights = published(draw, DEEP)
    names = sorted(weights) if order == "sorted" else draw.shuffled(list(weights))
    model = loaded(student, {name: weights[name] for name in names}, DEEP)
    check_logits(expect, model, weights, DEEP, draw.ids(11, 2, 6))


@pytest.mark.hidden
@pytest.mark.parametrize("heads", [1, 5], ids=["one head", "five heads"])
def test_other_numbers_of_heads(student, draw, expect, heads):
    """The number of heads cannot be seen in the file; it is the configuration's."""
    sizes = SIZES | {"n_heads": heads, "n_layers": 2, "d_ff": 14}
    weights = published(draw, sizes)
    check_logits(expect, loaded(student, weights, sizes), weights, sizes, draw.ids(19, 2, 7))


@pytest.mark.points(2)
@pytest.mark.parametrize("activation", [None, "relu"], ids=["the default", "relu"])
def test_the_activation_is_gelu_tanh(student, draw, expect, activation):
    """Whatever the configuration says, every layer has the tanh-GELU that GPT-2 was trained with."""
    weights = published(draw, SIZES)
    # Inner numbers about where the two forms of GELU differ most, by 0.0005, and a way down that makes it more.
    weights |= {name: value * 4 for name, value in weights.items() if "mlp.c_proj.weight" in name}
    model = loaded(student, weights, SIZES, **({} if activation is None else {"activation": F.relu}))
    for n in range(3):
        own = {name: weights[f"h.{n}.mlp.{name}"].double() for name in ("c_fc.weight", "c_fc.bias")}
        down = {name: weights[f"h.{n}.mlp.{name}"].double() for name in ("c_proj.weight", "c_proj.bias")}
        x = draw.normal(2, 40, 15)
        inner = F.gelu(x @ own["c_fc.weight"] + own["c_fc.bias"], approximate="tanh")
        message = f"The feed-forward network of layer {n} does not compute what GPT-2's does."
        wanted = inner @ down["c_proj.weight"] + down["c_proj.bias"]
        expect.close(model.blocks[n].feed_forward(x), wanted, message, tolerance=1e-5)


def test_the_config_is_kept_but_for_the_activation(student, draw, expect):
    """`model.config` has the sizes and the dropout that were given, and `gelu_tanh`."""
    sizes = SIZES | {"dropout": 0.25}
    config = loaded(student, published(draw, SIZES), sizes).config
    expect.equal({name: getattr(config, name) for name in sizes}, sizes)
    x = draw.normal(50, scale=2.0)
    message = "`model.config.activation` is not `gelu_tanh`."
    expect.close(config.activation(x), F.gelu(x, approximate="tanh"), message, tolerance=1e-6)


def test_the_model_is_a_gpt(student, draw, expect):
    """It has the names of your GPT, all of its parameters, so that later exercises can use it."""
    shapes = {TABLE: (19, 15), "position_embedding.weight": (13, 15), HEAD: (19, 15)} | shapes_of_norm("norm", 15)
    for n in range(3):
        shapes |= part_of(f"blocks.{n}", shapes_of_block(15, 22))
    check_names(expect, loaded(student, published(draw, SIZES), SIZES), shapes)


# -- copies, dtypes, what can be done with the model ------------------------------------------------------


def test_the_parameters_are_copies(student, draw, expect):
    """A change of the model does not reach the caller's tensors."""
    values = published(draw, SMALL)
    theirs = student.imported("torch.nn").ParameterList(list(values.values()))
    weights = dict(zip(values, theirs.parameters(), strict=True))
    model = student.load_gpt2(weights, config_of(student, SMALL))
    model.load_state_dict({name: value + 1.0 for name, value in model.state_dict().items()})
    after = theirs.state_dict()
    for number, (name, value) in enumerate(values.items()):
        expect.equal(after[str(number)], value, f"The model was changed, and the caller's `{name}` with it.")


def test_the_tensors_may_be_parameters(student, draw, expect):
    """Tensors that require gradients are loaded as well."""
    values = published(draw, SMALL)
    theirs = student.imported("torch.nn").ParameterList(list(values.values()))
    weights = dict(zip(values, theirs.parameters(), strict=True))
    model = student.load_gpt2(weights, config_of(student, SMALL)).double()
    check_logits(expect, model, values, SMALL, draw.ids(7, 2, 4))


def test_two_models_have_nothing_in_common(student, draw, expect):
    """A second model leaves the first as it was."""
    both = [published(draw, SMALL), published(draw, SMALL)]
    models = [loaded(student, weights, SMALL) for weights in both]
    for model, weights in zip(models, both, strict=True):
        check_logits(expect, model, weights, SMALL, draw.ids(7, 2, 5))


def test_views_are_loaded_too(student, draw, expect):
    """Tensors may be views of others: transposed in memory, every other number, or one number repeated."""
    weights = published(draw, SIZES)
    for name, value in weights.items():
        if value.dim() == 2:
            weights[name] = value.T.contiguous().T
        else:
            weights[name] = torch.stack([value, value + 1.0], dim=-1)[:, 0]
    weights["h.1.ln_2.bias"] = torch.tensor([0.7]).expand(15)
    check_logits(expect, loaded(student, weights, SIZES), weights, SIZES, draw.ids(19, 2, 8))


@pytest.mark.points(0.5)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16], ids=str)
def test_the_dtype_is_that_of_the_tensors(student, draw, expect, dtype):
    """Every parameter has the dtype of `wte.weight`, and the value that was published, not a rounded one."""
    weights = published(draw, SMALL, dtype)
    state = student.load_gpt2(weights, config_of(student, SMALL)).state_dict()
    wanted = {
        TABLE: weights["wte.weight"],
        "blocks.0.feed_forward.up.bias": weights["h.0.mlp.c_fc.bias"],
        "norm.weight": weights["ln_f.weight"],
    }
    for name, value in wanted.items():
        expect.dtype(state[name], dtype, f"`{name}` does not have the dtype of `wte.weight`, {dtype}.")
        expect.equal(state[name], value, f"`{name}` does not hold the published numbers.")


@pytest.mark.points(0.5)
def test_the_device_is_that_of_the_tensors(student, draw, expect):
    """Tensors on the device `meta`, which have no values, give a model there."""
    weights = {name: value.to("meta") for name, value in published(draw, SMALL).items()}
    model = student.load_gpt2(weights, config_of(student, SMALL))
    for name, value in model.named_parameters().items():
        expect.equal(value.device.type, "meta", f"`{name}` is not on the device of `wte.weight`.")
    expect.shape(model(draw.ids(7, 2, 4).to("meta")), (2, 4, 7))


@pytest.mark.points(0.5)
def test_the_model_can_be_trained_further(student, draw, expect):
    """A backward pass gives every parameter its gradient, the shared table that of both its ends."""
    weights, ids = published(draw, SMALL), draw.ids(7, 2, 5)
    model, cotangent = loaded(student, weights, SMALL), draw.normal(2, 5, 7)
    (model(ids) * cotangent).sum().backward()
    for name, gradient in model.gradients().items():
        expect.true(gradient is not None, f"`{name}` got no gradient.")
        expect.true(bool((gradient != 0).any()), f"The gradient of `{name}` is zero.")


# -- what the file holds besides, and what is refused -----------------------------------------------------


def with_buffers(weights, sizes, draw):
    """The tensors together with the two of each layer that published files hold besides."""
    length, both = sizes["max_len"], dict(weights)
    for n in range(sizes["n_layers"]):
        both[f"h.{n}.attn.bias"] = torch.ones(1, 1, length + n, length + n, dtype=torch.bool).tril()
        both[f"h.{n}.attn.masked_bias"] = torch.tensor(-1e4)
    return {name: both[name] for name in draw.shuffled(list(both))}


def test_masks_in_the_file_are_skipped(student, draw, expect):
    """`h.N.attn.bias` and `h.N.attn.masked_bias` are no weights: with them the model is the same."""
    weights = published(draw, SIZES)
    model = loaded(student, with_buffers(weights, SIZES, draw), SIZES)
    check_logits(expect, model, weights, SIZES, draw.ids(19, 2, 9))


def test_one_of_the_two_masks_alone(student, draw, expect):
    """Files of one age hold `h.N.attn.bias` alone."""
    weights = published(draw, DEEP)
    both = with_buffers(weights, DEEP, draw)
    model = loaded(student, {name: value for name, value in both.items() if "masked" not in name}, DEEP)
    check_logits(expect, model, weights, DEEP, draw.ids(11, 1, 7))


def test_a_missing_tensor_is_named(student, draw, expect):
    """Without any one of its tensors, a state dict is refused by a ValueError that names the missing one."""
    sizes = SMALL | {"n_layers": 2}
    weights, config = published(draw, sizes), config_of(student, sizes)
    for missing in weights:
        rest = {name: value for name, value in weights.items() if name != missing}
        expect.raises(ValueError, student.load_gpt2, rest, config, mentions=missing)


@pytest.mark.parametrize(
    "surplus",
    [
        "h.2.ln_1.weight",
        "lm_head.weight",
        "transformer.wte.weight",
        "h.0.attn.c_attn.scale",
        "score.bias",
        pytest.param("h.1.attn.q_proj.weight", marks=pytest.mark.hidden),
        pytest.param("ln_f.running_mean", marks=pytest.mark.hidden),
    ],
)
def test_a_surplus_tensor_is_named(student, draw, expect, surplus):
    """A tensor of any other name is refused by a ValueError that names it: a third layer of two, a head of its own."""
    sizes = SMALL | {"n_layers": 2}
    weights, config = published(draw, sizes), config_of(student, sizes)
    extra = weights["wte.weight"].clone() if surplus == "lm_head.weight" else torch.ones(6)
    expect.raises(ValueError, student.load_gpt2, weights | {surplus: extra}, config, mentions=surplus)


def test_more_layers_than_the_config_has(student, draw, expect):
    """A file of three layers is refused by a configuration of two; the ValueError names a tensor of the third."""
    config = config_of(student, SIZES | {"n_layers": 2})
    expect.raises(ValueError, student.load_gpt2, published(draw, SIZES), config, mentions="h.2.")


OTHER_SHAPES = [
    ("wte.weight", (8, 6)),
    ("wte.weight", (6, 6)),
    ("wpe.weight", (7, 6)),
    ("wpe.weight", (4, 6)),
    ("h.0.attn.c_attn.weight", (18, 6)),
    ("h.0.mlp.c_fc.weight", (11, 6)),
    ("h.0.mlp.c_proj.weight", (6, 11)),
    ("h.0.attn.c_attn.weight", (108,)),
    ("h.0.attn.c_proj.weight", (1, 6)),
    ("h.0.attn.c_proj.weight", (1, 6, 6)),
    ("h.0.mlp.c_fc.bias", (1,)),
    ("h.0.ln_1.bias", ()),
    ("h.0.attn.c_attn.bias", (1, 18)),
    ("ln_f.weight", (1, 6)),
    ("ln_f.bias", (6, 1)),
    pytest.param("h.0.ln_2.weight", (5,), marks=pytest.mark.hidden),
    pytest.param("h.0.attn.c_attn.bias", (3, 6), marks=pytest.mark.hidden),
]


@pytest.mark.points(0.5)
@pytest.mark.parametrize(("name", "shape"), OTHER_SHAPES, ids=str)
def test_a_misshapen_tensor_is_named(student, draw, expect, name, shape):
    """A tensor of another shape is refused by a ValueError that names it, also where it could be cut or stretched."""
    weights, config = published(draw, SMALL), config_of(student, SMALL)
    expect.raises(ValueError, student.load_gpt2, weights | {name: draw.normal(*shape).float()}, config, mentions=name)
