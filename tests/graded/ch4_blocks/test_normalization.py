"""LayerNorm and RMSNorm: values, where eps stands, start values, half precision, gradients."""

import math

import pytest
import torch
import torch.nn.functional as F

NEAR = 1e-5  # what float32 inside cannot miss; that float64 stays float64 is a test of its own


def layer_norm(x, weight=None, bias=None, eps=1e-5):
    """torch's own."""
    return F.layer_norm(x, x.shape[-1:], weight, bias, eps)


def rms_norm(x, weight=None, eps=1e-5):
    """torch's own."""
    return F.rms_norm(x, x.shape[-1:], weight, eps)


@pytest.mark.points(3)
def test_layer_norm_by_hand(student, expect):
    """Without eps, `[1, 3]` becomes `[-1, 1]`, and so does `[10, 30]`."""
    layer = student.LayerNorm(2, eps=0.0)
    expect.close(layer(torch.tensor([[1.0, 3.0], [10.0, 30.0]])), torch.tensor([[-1.0, 1.0], [-1.0, 1.0]]))


@pytest.mark.points(3)
def test_rms_norm_by_hand(student, expect):
    """Without eps, `[1, 7]` becomes `[0.2, 1.4]`: the mean square is 25."""
    layer = student.RMSNorm(2, eps=0.0)
    expect.close(layer(torch.tensor([[1.0, 7.0], [-10.0, 70.0]])), torch.tensor([[0.2, 1.4], [-0.2, 1.4]]))


@pytest.mark.points(3)
def test_layer_norm_gives_each_position_mean_0_and_variance_1(student, draw, expect):
    """With its start values, LayerNorm makes the numbers of every position have mean 0 and variance 1."""
    batch, seq, d_model = draw.sizes(3, 4, 9)
    x = draw.normal(batch, seq, d_model) * draw.normal(batch, seq, 1, scale=0.5).exp() + 2 * draw.normal(batch, seq, 1)
    y = student.LayerNorm(d_model, eps=0.0).double()(x)
    zeros, ones = torch.zeros(batch, seq, dtype=torch.float64), torch.ones(batch, seq, dtype=torch.float64)
    expect.shape(y, (batch, seq, d_model))
    expect.dtype(y, torch.float64)
    expect.close(y.mean(-1), zeros, "The mean over a position's numbers is not 0.", tolerance=1e-4)
    expect.close(y.square().mean(-1), ones, "The variance over a position's numbers is not 1.", tolerance=1e-4)


@pytest.mark.points(3)
def test_rms_norm_gives_each_position_mean_square_1(student, draw, expect):
    """With its start values, RMSNorm makes the mean square 1 and only scales: the mean stays in proportion."""
    batch, seq, d_model = draw.sizes(3, 3, 9)
    x = draw.normal(batch, seq, d_model) * draw.normal(batch, seq, 1).exp() + 2
    y = student.RMSNorm(d_model, eps=0.0).double()(x)
    sizes = torch.tensor([[math.sqrt(sum(n * n for n in p) / len(p)) for p in row] for row in x.tolist()])
    expect.close(y, x / sizes.double().unsqueeze(-1), tolerance=NEAR)


@pytest.mark.points(3)
def test_layer_norm_scales_and_shifts(student, draw, expect):
    """After normalizing, each feature is multiplied by its `weight`, and then its `bias` is added."""
    batch, seq, d_model = draw.sizes(3, 3, 9)
    weight, bias = draw.normal(d_model), draw.normal(d_model)
    layer = student.LayerNorm(d_model).double()
    layer.load_state_dict({"weight": weight, "bias": bias})
    x = draw.normal(batch, seq, d_model, scale=3.0) + 2
    expect.close(layer(x), layer_norm(x, weight, bias), tolerance=1e-4)


@pytest.mark.points(3)
def test_rms_norm_scales(student, draw, expect):
    """After normalizing, each feature is multiplied by its `weight`."""
    batch, seq, d_model = draw.sizes(3, 3, 9)
    weight = draw.normal(d_model)
    layer = student.RMSNorm(d_model).double()
    layer.load_state_dict({"weight": weight})
    x = draw.normal(batch, seq, d_model, scale=3.0) + 2
    expect.close(layer(x), rms_norm(x, weight), tolerance=NEAR)


@pytest.mark.points(2)
@pytest.mark.parametrize("eps", [0.1, 2.0])
def test_eps_of_layer_norm_is_added_under_the_root(student, draw, expect, eps):
    """The divisor is √(variance + eps), which shows where eps is large."""
    x = draw.normal(2, 3, 6)
    expect.close(student.LayerNorm(6, eps=eps).double()(x), layer_norm(x, eps=eps), tolerance=NEAR)


@pytest.mark.points(2)
@pytest.mark.parametrize("eps", [0.1, 2.0])
def test_eps_of_rms_norm_is_added_under_the_root(student, draw, expect, eps):
    """The divisor is √(mean square + eps), which shows where eps is large."""
    x = draw.normal(2, 3, 6)
    expect.close(student.RMSNorm(6, eps=eps).double()(x), rms_norm(x, eps=eps), tolerance=NEAR)


@pytest.mark.parametrize("shape", [(7,), (2, 3, 4, 7)], ids=str)
def test_layer_norm_takes_any_shape_that_ends_in_d_model(student, draw, expect, shape):
    """`x` may be one position alone, or have three axes before the last."""
    x = draw.normal(*shape)
    expect.close(student.LayerNorm(7).double()(x), layer_norm(x), tolerance=1e-4)


@pytest.mark.parametrize("shape", [(7,), (2, 3, 4, 7)], ids=str)
def test_rms_norm_takes_any_shape_that_ends_in_d_model(student, draw, expect, shape):
    """`x` may be one position alone, or have three axes before the last."""
    x = draw.normal(*shape)
    expect.close(student.RMSNorm(7).double()(x), rms_norm(x), tolerance=NEAR)


@pytest.mark.parametrize("name", ["LayerNorm", "RMSNorm"])
def test_axes_of_length_1_stay(student, draw, expect, name):
    """A batch of one with a sequence of one keeps its shape (1, 1, d_model)."""
    expect.shape(getattr(student, name)(5).double()(draw.normal(1, 1, 5)), (1, 1, 5))


@pytest.mark.points(3)
def test_the_gradients_of_layer_norm(student, draw, expect):
    """Gradients reach `x` (also through mean and variance), `weight` and `bias`."""
    weight, bias = draw.normal(6, grad=True), draw.normal(6, grad=True)
    layer = student.LayerNorm(6, eps=0.1).double()
    layer.load_state_dict({"weight": weight.detach(), "bias": bias.detach()})
    x, cotangent = draw.normal(2, 3, 6, grad=True), draw.normal(2, 3, 6)
    twin = x.detach().clone().requires_grad_()
    (layer_norm(twin, weight, bias, 0.1) * cotangent).sum().backward()
    (layer(x.transpose(0, 1)) * cotangent.transpose(0, 1)).sum().backward()
    check_gradients(expect, layer, x, twin, {"weight": weight.grad, "bias": bias.grad})


@pytest.mark.points(3)
def test_the_gradients_of_rms_norm(student, draw, expect):
    """Gradients reach `x` (also through the mean square), here a transposed view, and `weight`."""
    weight = draw.normal(6, grad=True)
    layer = student.RMSNorm(6, eps=0.1).double()
    layer.load_state_dict({"weight": weight.detach()})
    x, cotangent = draw.normal(2, 3, 6, grad=True), draw.normal(2, 3, 6)
    twin = x.detach().clone().requires_grad_()
    (rms_norm(twin, weight, 0.1) * cotangent).sum().backward()
    (layer(x.transpose(0, 1)) * cotangent.transpose(0, 1)).sum().backward()
    check_gradients(expect, layer, x, twin, {"weight": weight.grad})


def check_gradients(expect, layer, x, twin, wanted):
    """The parameters have these gradients, and `x` has its twin's."""
    came = layer.gradients()
    for name, gradient in wanted.items():
        expect.true(came.get(name) is not None, f"`{name}` got no gradient.")
        expect.close(came[name], gradient, f"The gradient of `{name}` is wrong.", tolerance=1e-4)
    expect.true(x.grad is not None, "No gradient came back to `x`.")
    expect.close(x.grad, twin.grad, "The gradient of `x` is wrong.", tolerance=1e-4)


def test_layer_norm_starts_as_a_plain_normalization(student, expect):
    """`weight` starts at one and `bias` at zero; both are parameters, and there is nothing else."""
    layer = student.LayerNorm(5)
    values = layer.named_parameters()
    expect.equal(sorted(values), ["bias", "weight"], "The parameters of LayerNorm are not `weight` and `bias`.")
    expect.close(values["weight"], torch.ones(5), "`weight` does not start as five ones in float32.")
    expect.close(values["bias"], torch.zeros(5), "`bias` does not start as five zeros in float32.")
    expect.equal(sorted(layer.state_dict()), ["bias", "weight"], "The state dict holds not just `bias` and `weight`.")


def test_rms_norm_starts_as_a_plain_normalization(student, expect):
    """`weight` starts at one and is the only parameter; there is nothing else."""
    layer = student.RMSNorm(5)
    values = layer.named_parameters()
    expect.equal(sorted(values), ["weight"], "The parameters of RMSNorm are not just `weight`.")
    expect.close(values["weight"], torch.ones(5), "`weight` does not start as five ones in float32.")
    expect.equal(sorted(layer.state_dict()), ["weight"], "The state dict holds not just `weight`.")


def test_eps_of_layer_norm_is_1e_5_unless_told(student, expect):
    """`[0.001, 0.003]` shows the default eps, 1e-5: the standard deviation is 0.001."""
    found = student.LayerNorm(2)(torch.tensor([[0.001, 0.003]]))
    expect.close(found, torch.tensor([[-1.0, 1.0]]) / math.sqrt(11), tolerance=1e-3)


def test_eps_of_rms_norm_is_1e_5_unless_told(student, expect):
    """`[0.001, 0.007]` shows the default eps, 1e-5: the mean square is 0.000025."""
    found = student.RMSNorm(2)(torch.tensor([[0.001, 0.007]]))
    expect.close(found, torch.tensor([[0.2, 1.4]]) / math.sqrt(1.4), tolerance=1e-3)


def test_equal_numbers_become_the_bias_in_layer_norm(student, draw, expect):
    """A position whose numbers are all equal has variance 0; eps makes it `bias`, with a finite gradient."""
    layer, bias = student.LayerNorm(4).double(), draw.normal(4)
    layer.load_state_dict({"weight": draw.normal(4), "bias": bias})
    x = torch.tensor([[3.0] * 4, [0.0] * 4], dtype=torch.float64, requires_grad=True)
    y = layer(x)
    expect.close(y, bias.expand(2, 4), tolerance=NEAR)
    (y * draw.normal(2, 4)).sum().backward()
    expect.true(x.grad is not None, "No gradient came back to `x`.")
    expect.finite(x.grad, "The gradient at a position of equal numbers is not finite.")


def test_zeros_stay_zero_in_rms_norm(student, draw, expect):
    """A position of zeros stays zero, with a finite gradient."""
    layer = student.RMSNorm(4).double()
    x = torch.zeros(2, 4, dtype=torch.float64, requires_grad=True)
    y = layer(x)
    expect.close(y, torch.zeros(2, 4, dtype=torch.float64))
    (y * draw.normal(2, 4)).sum().backward()
    expect.true(x.grad is not None, "No gradient came back to `x`.")
    expect.finite(x.grad, "The gradient at a position of zeros is not finite.")


def test_a_large_mean_does_no_harm(student, expect):
    """In float32 LayerNorm makes `[10000, 10002]` into `[-1, 1]`: the mean is subtracted before anything is squared."""
    found = student.LayerNorm(2)(torch.tensor([[10000.0, 10002.0], [-30001.0, -29999.0]]))
    expect.close(found, torch.tensor([[-1.0, 1.0], [-1.0, 1.0]]))


@pytest.mark.hidden
def test_a_large_mean_does_no_harm_to_more_numbers(student, draw, expect):
    """In float32, numbers around 20000 with a spread of 3 are normalized as well as those around 0."""
    x = (20000 + draw.normal(8, 16, scale=3.0)).float()
    expect.close(student.LayerNorm(16)(x), layer_norm(x.double()).float(), tolerance=1e-2)


def test_layer_norm_remembers_nothing(student, draw, expect):
    """After a first batch, a second one of the same shape gets its own right result; so does a third, in eval mode."""
    layer = student.LayerNorm(4).double()
    layer(draw.normal(3, 5, 4, scale=2.0) + 7)
    x, y = draw.normal(3, 5, 4), draw.normal(3, 5, 4, scale=3.0)
    expect.close(layer(x), layer_norm(x), "The result for a second batch is wrong.", tolerance=1e-4)
    layer.eval()
    expect.close(layer(y), layer_norm(y), "In eval mode the result for a third batch is wrong.", tolerance=1e-4)


def test_rms_norm_remembers_nothing(student, draw, expect):
    """After a first batch, a second one of the same shape gets its own right result; so does a third, in eval mode."""
    layer = student.RMSNorm(4).double()
    layer(draw.normal(3, 5, 4, scale=2.0) + 7)
    x, y = draw.normal(3, 5, 4), draw.normal(3, 5, 4, scale=3.0)
    expect.close(layer(x), rms_norm(x), "The result for a second batch is wrong.", tolerance=NEAR)
    layer.eval()
    expect.close(layer(y), rms_norm(y), "In eval mode the result for a third batch is wrong.", tolerance=NEAR)


@pytest.mark.parametrize("name", ["LayerNorm", "RMSNorm"])
def test_a_transposed_input(student, draw, expect, name):
    """An input that is not contiguous gives the same as its copy."""
    x = draw.strided(2, 5, 4)
    wanted = layer_norm(x.contiguous()) if name == "LayerNorm" else rms_norm(x.contiguous())
    expect.close(getattr(student, name)(4).double()(x), wanted, tolerance=1e-4)


def test_layer_norm_does_not_overflow_in_half_precision(student, draw, expect):
    """float16 numbers of some hundreds come out normalized, as float16: their squares need float32."""
    x = draw.normal(2, 3, 64, scale=400.0).half()
    y = student.LayerNorm(64).half()(x)
    expect.close(y, layer_norm(x.float()).half())


def test_rms_norm_does_not_overflow_in_half_precision(student, draw, expect):
    """float16 numbers of some hundreds come out normalized, as float16: their squares need float32."""
    x = draw.normal(2, 3, 64, scale=400.0).half()
    y = student.RMSNorm(64).half()(x)
    expect.close(y, rms_norm(x.float()).half())


def test_layer_norm_is_exact_enough_in_bfloat16(student, draw, expect):
    """bfloat16 has 8 bits for the digits: the mean of numbers around 600 must not be rounded to them."""
    x = (600 + draw.normal(16, 64, scale=20.0)).bfloat16()
    weight, bias = (1 + draw.normal(64, scale=0.3)).bfloat16(), draw.normal(64).bfloat16()
    layer = student.LayerNorm(64).bfloat16()
    layer.load_state_dict({"weight": weight, "bias": bias})
    expect.close(layer(x), layer_norm(x.float(), weight.float(), bias.float()).bfloat16(), tolerance=0.03)


def test_rms_norm_rounds_once_in_bfloat16(student, draw, expect):
    """With its start values the result is the exact one, rounded to bfloat16 at the end and nowhere before."""
    x = draw.normal(16, 64, scale=20.0).bfloat16()
    came, exact = student.RMSNorm(64).bfloat16()(x), rms_norm(x.double())
    expect.shape(came, (16, 64))
    expect.dtype(came, torch.bfloat16)
    gap = (came.double() - exact).abs() - 0.55 * torch.finfo(torch.bfloat16).eps * exact.abs()
    message = "A number is not the exact one, rounded to bfloat16 once."
    expect.true(float(gap.max()) < 1e-4, message, actual=came)


@pytest.mark.hidden
def test_rms_norm_keeps_bfloat16(student, draw, expect):
    """With other weights than ones, bfloat16 numbers give the right result, in bfloat16."""
    x, weight = draw.normal(16, 64, scale=20.0).bfloat16(), draw.normal(64).bfloat16()
    layer = student.RMSNorm(64).bfloat16()
    layer.load_state_dict({"weight": weight})
    expect.close(layer(x), rms_norm(x.float(), weight.float()).bfloat16())


@pytest.mark.parametrize("name", ["LayerNorm", "RMSNorm"])
def test_float64_is_computed_in_float64(student, draw, expect, name):
    """In float64 the result is right to ten digits, which float32 does not have."""
    x = draw.normal(8, 64) + 1
    wanted = layer_norm(x) if name == "LayerNorm" else rms_norm(x)
    expect.close(getattr(student, name)(64).double()(x), wanted, tolerance=1e-10)


@pytest.mark.hidden
@pytest.mark.parametrize("name", ["LayerNorm", "RMSNorm"])
def test_float32_stays_float32(student, draw, expect, name):
    """Float32 numbers give the right result, in float32."""
    x = draw.normal(2, 3, 8, dtype=torch.float32) + 5
    wanted = layer_norm(x) if name == "LayerNorm" else rms_norm(x)
    expect.close(getattr(student, name)(8)(x), wanted)


@pytest.mark.parametrize("name", ["LayerNorm", "RMSNorm"])
def test_it_runs_on_meta(student, expect, name):
    """On the `meta` device only shapes and dtypes are computed; nothing may be fixed to the CPU."""
    y = getattr(student, name)(6).to("meta")(torch.empty(2, 3, 6, device="meta"))
    expect.shape(y, (2, 3, 6))
    expect.true(y.device.type == "meta", "The result is not on the `meta` device.", actual=y)
