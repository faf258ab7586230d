"""Self-attention with learned projections, and Xavier's start values."""

import math

import pytest
import torch
from model_checks import load

CLOSE = 1e-5  # a right answer may compute in float32
ROUGH = {torch.float32: 2e-4, torch.bfloat16: 0.1}
MODES = pytest.mark.parametrize("mode", ["train", "eval"])
NAMES = ("q_proj.weight", "k_proj.weight", "v_proj.weight")


def attend(x, weights, mask=None):
    """The same by another road, for weights in the order q, k, v."""
    q, k, v = (torch.einsum("...i,oi->...o", x, weight) for weight in weights)
    scores = torch.einsum("...id,...jd->...ij", q, k) * q.shape[-1] ** -0.5
    allowed = torch.ones_like(scores, dtype=torch.bool) if mask is None else mask.expand(scores.shape)
    powers = torch.where(allowed, torch.exp(scores), 0.0)
    shares = powers / powers.sum(-1, keepdim=True).clamp(min=1e-300)
    return torch.einsum("...ij,...jd->...id", shares, v), shares


def load_drawn(layer, draw, d_model, d_head):
    """Give the layer fresh weights, which are returned in the order q, k, v."""
    weights = [draw.normal(d_head, d_model, scale=0.7) for _ in range(3)]
    load(layer, dict(zip(NAMES, weights, strict=True)))
    return weights


def make(student, draw, d_model, d_head):
    """A layer in float64 with known weights, and the weights."""
    layer = student.SelfAttention(d_model, d_head).double()
    return layer, load_drawn(layer, draw, d_model, d_head)


def check(expect, layer, weights, x, *mask):
    """Output and weights are those of the other road."""
    output, shares = layer(x, *mask)
    wanted_output, wanted_shares = attend(x, weights, *mask)
    expect.close(shares, wanted_shares, tolerance=CLOSE)
    expect.close(output, wanted_output, tolerance=CLOSE)


def check_gradients(expect, draw, layer, weights, x, mask):
    """The input and all three projections have the gradient of the output."""
    x, cotangent = x.requires_grad_(), draw.normal(*x.shape[:2], weights[0].size(0))
    mine, own = x.detach().clone().requires_grad_(), [weight.clone().requires_grad_() for weight in weights]
    (attend(mine, own, mask)[0] * cotangent).sum().backward()
    (layer(x, mask)[0] * cotangent).sum().backward()
    gradients = layer.gradients()
    for name, weight in zip(NAMES, own, strict=True):
        expect.true(gradients[name] is not None, f"`{name}` got no gradient.")
        expect.close(gradients[name], weight.grad, f"The gradient of `{name}` is wrong.", tolerance=CLOSE)
    expect.true(x.grad is not None, "No gradient came back to `x`.")
    expect.close(x.grad, mine.grad, "The gradient of `x` is wrong.", tolerance=CLOSE)


def test_three_projections_without_bias(student, draw, expect):
    """The parameters are three weights of shape (d_head, d_model), and nothing else."""
    d_model, d_head = draw.sizes(2, 3, 9)
    found = student.SelfAttention(d_model, d_head).named_parameters()
    expect.equal(sorted(found), sorted(NAMES), "The parameters are not the three weights alone.")
    for name in NAMES:
        expect.shape(found[name], (d_head, d_model), f"The shape of `{name}` is wrong.")


@pytest.mark.points(0.5)
def test_the_projections_start_as_those_of_linear(student, expect):
    """The first values reach to 1/√d_model on both sides, as those of nn.Linear do, and differ in all three."""
    found = student.SelfAttention(150, 90).named_parameters()
    for name in NAMES:
        for side, largest in (("largest", found[name].max()), ("smallest", -found[name].min())):
            message = (
                f"The {side} value of `{name}`, times √d_model and without its sign, is not near 1, as in nn.Linear."
            )
            expect.between(abs(largest) * math.sqrt(150), 0.98, 1.0001, message)
    for one, other in zip(NAMES, NAMES[1:] + NAMES[:1], strict=True):
        expect.true(not torch.equal(found[one], found[other]), f"`{one}` and `{other}` start with the same values.")


@pytest.mark.points(2)
@pytest.mark.parametrize("batch", [3, pytest.param(1, marks=pytest.mark.hidden)])
def test_each_position_looks_at_all(student, draw, expect, batch):
    """Queries, keys and values each come from their own projection of `x`."""
    seq, d_model, d_head = draw.sizes(3, 4, 8)
    layer, weights = make(student, draw, d_model, d_head)
    check(expect, layer, weights, draw.normal(batch, seq, d_model))


@pytest.mark.points(2)
def test_a_head_may_be_wider_than_the_input(student, draw, expect):
    """The scores are divided by √d_head, the length of a query, whatever d_model is."""
    layer, weights = make(student, draw, 2, 6)
    check(expect, layer, weights, draw.normal(2, 5, 2))


@pytest.mark.points(0.5)
@pytest.mark.parametrize("masked", [False, True])
def test_a_head_may_be_as_wide_as_the_input(student, draw, expect, masked):
    """With d_head = d_model too, all three projections are used, and nothing is added to the mixed values."""
    layer, weights = make(student, draw, 4, 4)
    mask = torch.ones(6, 6, dtype=torch.bool).tril() if masked else None
    check(expect, layer, weights, draw.normal(3, 6, 4), mask)


@pytest.mark.points(2)
def test_the_mask_reaches_the_attention(student, draw, expect):
    """Under a causal mask no position takes anything from a later one."""
    batch, seq, d_model, d_head = draw.sizes(4, 2, 8)
    layer, weights = make(student, draw, d_model, d_head)
    check(expect, layer, weights, draw.normal(batch, seq, d_model), torch.ones(seq, seq, dtype=torch.bool).tril())


@pytest.mark.points(0.5)
@MODES
def test_each_call_is_its_own(student, draw, expect, mode):
    """A call without a mask, after one with a mask, masks nothing; other inputs and weights give other results."""
    layer, weights = make(student, draw, 5, 4)
    layer.train(mode == "train")
    check(expect, layer, weights, draw.normal(3, 6, 5), torch.ones(6, 6, dtype=torch.bool).tril())
    x = draw.normal(3, 6, 5)
    check(expect, layer, weights, x)
    check(expect, layer, load_drawn(layer, draw, 5, 4), x)


@pytest.mark.points(0.5)
@MODES
def test_each_mask_is_its_own(student, draw, expect, mode):
    """Another mask of the same shape hides other keys."""
    layer, weights = make(student, draw, 5, 4)
    layer.train(mode == "train")
    causal, padding = torch.ones(6, 6, dtype=torch.bool).tril(), torch.arange(6) < torch.tensor([[[2]], [[4]], [[6]]])
    for mask in (causal, causal.T, padding, padding.flip(0)):
        check(expect, layer, weights, draw.normal(3, 6, 5), mask)


@pytest.mark.points(0.5)
def test_a_mask_of_two_axes_has_a_row_for_each_query(student, draw, expect):
    """A mask (seq, seq) serves all sequences, also where there are as many sequences as queries."""
    layer, weights = make(student, draw, 5, 4)
    check(expect, layer, weights, draw.normal(6, 6, 5), torch.ones(6, 6, dtype=torch.bool).tril())


@pytest.mark.points(0.5)
@pytest.mark.parametrize(
    "kind", ["(batch, 1, seq)", "(batch, seq, seq)", pytest.param("(1, seq)", marks=pytest.mark.hidden)]
)
def test_a_mask_for_each_sequence(student, draw, expect, kind):
    """A mask may have a row for all queries, and a table for each sequence."""
    layer, weights = make(student, draw, 5, 4)
    shape = {"(batch, 1, seq)": (3, 1, 6), "(batch, seq, seq)": (3, 6, 6), "(1, seq)": (1, 6)}[kind]
    mask = draw.mask(*shape, probability=0.4)
    mask[..., :2] = torch.tensor([False, True])
    check(expect, layer, weights, draw.normal(3, 6, 5), mask)


@pytest.mark.points(0.5)
@pytest.mark.parametrize("kind", ["a sequence", "all or nothing", pytest.param("a query", marks=pytest.mark.hidden)])
def test_a_query_that_sees_nothing_gets_zeros(student, draw, expect, kind):
    """Where the mask leaves a query no key, its weights and its output are zero."""
    layer, weights = make(student, draw, 5, 4)
    lengths = torch.tensor([[[True] * n + [False] * (6 - n)] for n in (4, 0, 6)])
    mask = lengths.expand(3, 6, 6).clone()
    mask[0, 2] = False
    masks = {"a sequence": lengths, "all or nothing": lengths.transpose(1, 2), "a query": mask}
    check(expect, layer, weights, draw.normal(3, 6, 5), masks[kind])


@pytest.mark.points(2)
@pytest.mark.parametrize("masked", [True, pytest.param(False, marks=pytest.mark.hidden)])
def test_the_gradients(student, draw, expect, masked):
    """The input and all three projections get the right gradient."""
    layer, weights = make(student, draw, 5, 3)
    check_gradients(expect, draw, layer, weights, draw.normal(2, 4, 5), draw.mask(4, 4) if masked else None)


def test_one_sequence_of_one_token(student, draw, expect):
    """A single token attends to itself alone, and axes of length 1 stay, of heads of one number as well."""
    for d_model, d_head, batch, seq in ((4, 3, 1, 1), (4, 1, 2, 3), (1, 2, 2, 3)):
        layer, weights = make(student, draw, d_model, d_head)
        check(expect, layer, weights, draw.normal(batch, seq, d_model))


@pytest.mark.points(0.5)
def test_train_and_eval_mode_are_the_same(student, draw, expect):
    """Nothing is left out at random in train mode, nothing is scaled in eval mode, where gradients flow too."""
    layer, weights = make(student, draw, 4, 3)
    x = draw.normal(2, 5, 4)
    check(expect, layer.train(), weights, x)
    check(expect, layer.eval(), weights, x)
    layer(x)[0].sum().backward()
    for name, gradient in layer.gradients().items():
        expect.true(gradient is not None, f"In eval mode `{name}` got no gradient.")


@pytest.mark.points(0.5)
@pytest.mark.parametrize("dtype", ROUGH, ids=str)
def test_the_dtype_is_kept(student, draw, expect, dtype):
    """Both results have the dtype of `x` and of the weights, in half precision too."""
    layer, weights = make(student, draw, 4, 3)
    x = draw.normal(2, 5, 4, scale=0.7).to(dtype)
    output, shares = layer.to(dtype)(x)
    wanted_output, wanted_shares = attend(x.double(), [weight.to(dtype).double() for weight in weights])
    expect.close(shares, wanted_shares.to(dtype), tolerance=ROUGH[dtype])
    expect.close(output, wanted_output.to(dtype), tolerance=ROUGH[dtype])


@pytest.mark.points(0.5)
def test_a_layer_on_the_meta_device(student, expect):
    """A layer without values runs, with a mask too, and gives results of the right shapes."""
    layer, x = student.SelfAttention(6, 4).to("meta"), torch.empty(2, 5, 6, device="meta")
    for mask in (None, torch.empty(2, 1, 5, dtype=torch.bool, device="meta")):
        output, shares = layer(x, mask)
        expect.shape(output, (2, 5, 4))
        expect.shape(shares, (2, 5, 5))


@pytest.mark.parametrize(
    "shape", [(120, 200), (200, 120), pytest.param((2, 40_000), marks=pytest.mark.hidden)], ids=str
)
def test_xavier_is_uniform_up_to_its_bound(student, draw, expect, shape):
    """The values spread evenly over [-a, a], with a = √(6 / (fan_in + fan_out))."""
    weight, bound = torch.full(shape, 9.0, dtype=torch.float64), math.sqrt(6 / sum(shape))
    student.xavier_uniform_(weight, draw.generator())
    largest, mean = weight.abs().max() / bound, weight.mean() / bound
    share = (weight.abs() < bound / 2).double().mean()
    expect.between(
        largest, 0.99, 1.000001, "The largest value is to be just below the bound a. Divided by a, it is not near 1."
    )
    expect.between(mean, -0.02, 0.02, "The mean of the values, divided by a, is not near 0.")
    expect.between(
        share, 0.48, 0.52, "Half of the values are to lie between -a/2 and a/2; the share that does is not near 0.5."
    )


@pytest.mark.parametrize("shape", [(30, 40), pytest.param((50, 7), marks=pytest.mark.hidden)], ids=str)
def test_xavier_draws_every_entry(student, draw, expect, shape):
    """No row and no column is a copy of another, nor its mirror image, however `weight` lies in memory."""
    for weight in (torch.full(shape, 9.0, dtype=torch.float64), torch.full(shape, 9.0, dtype=torch.float64).T):
        student.xavier_uniform_(weight, draw.generator())
        different = weight.abs().unique().numel() / weight.numel()
        expect.between(
            different, 0.99, 1.0, "Among the entries, without their signs, the share of different ones is not near 1."
        )


def test_xavier_draws_from_the_generator(student, draw, expect):
    """The same generator state gives the same values, and the next draw gives others."""
    generator = draw.generator()
    state = generator.get_state()
    first, second, again = (torch.zeros(4, 3, dtype=torch.float64) for _ in range(3))
    student.xavier_uniform_(first, generator)
    student.xavier_uniform_(second, generator)
    generator.set_state(state)
    student.xavier_uniform_(again, generator)
    expect.equal(again, first, "The same state of the generator gave other values.")
    expect.true(not torch.equal(first, second), "A second draw from the same generator gave the same values.")


def test_xavier_fills_parameters_in_place(student, draw, expect):
    """The projections of a layer can be filled, though they require gradients, and go on learning."""
    layer = student.SelfAttention(6, 4).double()
    before = layer.named_parameters()
    for parameter in layer.parameters():
        student.xavier_uniform_(parameter, draw.generator())
    for name, weight in layer.named_parameters().items():
        expect.true(not torch.equal(weight, before[name]), f"`{name}` is what it was before.", actual=weight)
        expect.less(
            weight.abs().max(),
            math.sqrt(6 / 10) + 1e-6,
            f"The largest value of `{name}`, signs aside, is to be within the bound; it is",
        )
    layer(draw.normal(2, 3, 6))[0].sum().backward()
    for name, gradient in layer.gradients().items():
        expect.true(gradient is not None, f"`{name}` got no gradient after it was filled.")


@pytest.mark.points(0.5)
def test_xavier_on_a_layer_in_use(student, draw, expect):
    """The parameters keep their places in memory, and what is drawn counts at once, in eval mode too."""
    layer, _ = make(student, draw, 5, 4)
    x = draw.normal(2, 3, 5)
    layer.eval()(x)
    for parameter in layer.parameters():
        place = parameter.data_ptr()
        student.xavier_uniform_(parameter, draw.generator())
        message = "After the call the weight lies at another place in memory: it was replaced, not filled."
        expect.true(parameter.data_ptr() == place, message)
    found = layer.named_parameters()
    check(expect, layer, [found[name] for name in NAMES], x)


@pytest.mark.points(0.5)
def test_xavier_returns_the_weight(student, draw, expect):
    """What is returned is the weight that was filled: of a parameter the parameter itself, no view and no copy."""
    weight = torch.full((3, 2), 9.0, dtype=torch.float64)
    expect.equal(
        student.xavier_uniform_(weight, draw.generator()),
        weight,
        "What is returned does not equal the weight that was filled.",
    )
    side, given = student.imported("builtins"), student.SelfAttention(3, 2).parameters()
    returned = side.map(student.xavier_uniform_, given, [draw.generator() for _ in given])
    same = side.list(side.map(student.imported("operator").is_, returned, given))
    expect.equal(
        same, [True] * 3, "In at least one of three calls what is returned is not the very parameter that was given."
    )
