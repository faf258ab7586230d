"""Self-attention with learned projections, and Xavier's start values."""

import math

import pytest
import torch


def attend(x, weights, mask=None):
    """The same by another road, for weights in the order q, k, v."""
    q, k, v = (torch.einsum("...i,oi->...o", x, weight) for weight in weights)
    scores = torch.einsum("...id,...jd->...ij", q, k) * q.shape[-1] ** -0.5
    allowed = torch.ones_like(scores, dtype=torch.bool) if mask is None else mask.expand(scores.shape)
    powers = torch.where(allowed, torch.exp(scores), 0.0)
    shares = powers / powers.sum(-1, keepdim=True).clamp(min=1e-300)
    return torch.einsum("...ij,...jd->...id", shares, v), shares


def make(student, draw, d_model, d_head):
    """A layer in float64 with known weights, and the weights."""
    layer = student.SelfAttention(d_model, d_head).double()
    weights = [draw.normal(d_head, d_model, scale=0.7) for _ in range(3)]
    names = ("q_proj.weight", "k_proj.weight", "v_proj.weight")
    layer.load_state_dict(dict(zip(names, weights, strict=True)))
    return layer, weights


def test_three_projections_without_bias(student, draw, expect):
    """The parameters are three weights of shape (d_head, d_model), and nothing else."""
    d_model, d_head = draw.sizes(2, 3, 9)
    found = student.SelfAttention(d_model, d_head).named_parameters()
    names = ["k_proj.weight", "q_proj.weight", "v_proj.weight"]
    expect.equal(sorted(found), names, "The parameters are not the three weights alone.")
    for name in names:
        expect.shape(found[name], (d_head, d_model), f"The shape of `{name}` is wrong.")


def test_each_position_looks_at_all(student, draw, expect):
    """Queries, keys and values each come from their own projection of `x`."""
    batch, seq, d_model, d_head = draw.sizes(4, 2, 8)
    layer, weights = make(student, draw, d_model, d_head)
    x = draw.normal(batch, seq, d_model)
    output, shares = layer(x)
    wanted_output, wanted_shares = attend(x, weights)
    expect.close(shares, wanted_shares)
    expect.close(output, wanted_output)


def test_the_mask_reaches_the_attention(student, draw, expect):
    """Under a causal mask no position takes anything from a later one."""
    batch, seq, d_model, d_head = draw.sizes(4, 2, 8)
    layer, weights = make(student, draw, d_model, d_head)
    x, mask = draw.normal(batch, seq, d_model), torch.ones(seq, seq, dtype=torch.bool).tril()
    output, shares = layer(x, mask)
    wanted_output, wanted_shares = attend(x, weights, mask)
    expect.close(shares, wanted_shares)
    expect.close(output, wanted_output)


@pytest.mark.hidden
def test_a_mask_for_each_sequence(student, draw, expect):
    """A padding mask (batch, 1, seq) hides keys; a sequence with none left gives zeros."""
    layer, weights = make(student, draw, 5, 4)
    x, mask = draw.normal(3, 6, 5), torch.tensor([[[True] * n + [False] * (6 - n)] for n in (4, 0, 6)])
    output, shares = layer(x, mask=mask)
    wanted_output, wanted_shares = attend(x, weights, mask)
    expect.close(shares, wanted_shares)
    expect.close(output, wanted_output)


def test_the_gradients(student, draw, expect):
    """The input and all three projections learn."""
    layer, weights = make(student, draw, 5, 3)
    x, cotangent, mask = draw.normal(2, 4, 5, grad=True), draw.normal(2, 4, 3), draw.mask(4, 4)
    mine, own = x.detach().clone().requires_grad_(), [weight.clone().requires_grad_() for weight in weights]
    (attend(mine, own, mask)[0] * cotangent).sum().backward()
    (layer(x, mask)[0] * cotangent).sum().backward()
    gradients = layer.gradients()
    for letter, weight in zip("qkv", own, strict=True):
        came = gradients[f"{letter}_proj.weight"]
        expect.true(came is not None, f"`{letter}_proj` got no gradient.")
        expect.close(came, weight.grad, f"The gradient of `{letter}_proj` is wrong.")
    expect.true(x.grad is not None, "No gradient came back to `x`.")
    expect.close(x.grad, mine.grad, "The gradient of `x` is wrong.")


@pytest.mark.hidden
def test_one_sequence_of_one_token_in_float32(student, draw, expect):
    """A single token attends to itself alone; the result keeps float32; eval mode changes nothing."""
    layer, weights = make(student, draw, 4, 3)
    layer.float().eval()
    x = draw.normal(1, 1, 4, dtype=torch.float32)
    output, shares = layer(x)
    expect.close(shares, torch.ones(1, 1, 1))
    expect.close(output, (x.double() @ weights[2].T).float())


@pytest.mark.hidden
def test_a_layer_on_the_meta_device(student, expect):
    """A layer without values runs, and gives results of the right shapes."""
    output, shares = student.SelfAttention(6, 4).to("meta")(torch.empty(2, 5, 6, device="meta"))
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
        largest, 0.99, 1.0, "The largest value is to be just below the bound a. Divided by a, it is not near 1."
    )
    expect.between(mean, -0.02, 0.02, "The mean of the values is not near 0.")
    expect.between(
        share, 0.48, 0.52, "Half of the values are to lie between -a/2 and a/2; the share that does is not near 0.5."
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
    expect.true(not torch.equal(first, second), "A second draw gave the same values: the generator did not advance.")


def test_xavier_fills_parameters_in_place(student, draw, expect):
    """The projections of a layer can be filled, though they require gradients; the weight is returned."""
    layer = student.SelfAttention(6, 4).double()
    before = layer.named_parameters()
    for parameter in layer.parameters():
        student.xavier_uniform_(parameter, draw.generator())
    for name, weight in layer.named_parameters().items():
        expect.true(not torch.equal(weight, before[name]), f"`{name}` is what it was before.", actual=weight)
        expect.less(weight.abs().max(), math.sqrt(6 / 10) + 1e-9, f"The largest value of `{name}` is above the bound.")
    weight = torch.full((3, 2), 9.0, dtype=torch.float64)
    expect.equal(student.xavier_uniform_(weight, draw.generator()), weight, "What is returned is not the weight.")
