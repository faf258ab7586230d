"""LayerNorm and RMSNorm: values, where eps stands, start values, half precision, gradients."""

import math

import pytest
import torch
import torch.nn.functional as F
from model_checks import check_input_gradient, check_own_gradients


def test_layer_norm_by_hand(student, expect):
    """Without eps, `[1, 3]` becomes `[-1, 1]`, and so does `[10, 30]`."""
    layer = student.LayerNorm(2, eps=0.0).double()
    x = torch.tensor([[1.0, 3.0], [10.0, 30.0]], dtype=torch.float64)
    expect.close(layer(x), torch.tensor([[-1.0, 1.0], [-1.0, 1.0]], dtype=torch.float64))


def test_rms_norm_by_hand(student, expect):
    """Without eps, `[1, 7]` becomes `[0.2, 1.4]`: the mean square is 25."""
    layer = student.RMSNorm(2, eps=0.0).double()
    x = torch.tensor([[1.0, 7.0], [-10.0, 70.0]], dtype=torch.float64)
    expect.close(layer(x), torch.tensor([[0.2, 1.4], [-0.2, 1.4]], dtype=torch.float64))


def test_layer_norm_gives_each_position_mean_0_and_variance_1(student, draw, expect):
    """With its start values, LayerNorm makes the numbers of every position have mean 0 and variance 1."""
    batch, seq, d_model = draw.sizes(3, 3, 9)
    x = draw.normal(batch, seq, d_model) * draw.normal(batch, seq, 1).exp() + 3 * draw.normal(batch, seq, 1)
    y = student.LayerNorm(d_model, eps=0.0).double()(x)
    zeros, ones = torch.zeros(batch, seq, dtype=torch.float64), torch.ones(batch, seq, dtype=torch.float64)
    expect.shape(y, (batch, seq, d_model))
    expect.close(y.mean(-1), zeros, "The mean over a position's numbers is not 0.")
    expect.close(y.square().mean(-1), ones, "The variance over a position's numbers is not 1.")


def test_rms_norm_gives_each_position_mean_square_1(student, draw, expect):
    """With its start values, RMSNorm makes the mean square 1 and only scales: the mean stays in proportion."""
    batch, seq, d_model = draw.sizes(3, 3, 9)
    x = draw.normal(batch, seq, d_model) * draw.normal(batch, seq, 1).exp() + 2
    y = student.RMSNorm(d_model, eps=0.0).double()(x)
    sizes = torch.tensor([[math.sqrt(sum(n * n for n in p) / len(p)) for p in row] for row in x.tolist()])
    expect.close(y, x / sizes.double().unsqueeze(-1), tolerance=1e-5)


def test_layer_norm_scales_and_shifts(student, draw, expect):
    """After normalizing, each feature is multiplied by its `weight`, and then its `bias` is added."""
    batch, seq, d_model = draw.sizes(3, 3, 9)
    weight, bias = draw.normal(d_model), draw.normal(d_model)
    layer = student.LayerNorm(d_model).double()
    layer.load_state_dict({"weight": weight, "bias": bias})
    x = draw.normal(batch, seq, d_model, scale=3.0) + 2
    expect.close(layer(x), F.layer_norm(x, (d_model,), weight, bias, 1e-5))


def test_rms_norm_scales(student, draw, expect):
    """After normalizing, each feature is multiplied by its `weight`."""
    batch, seq, d_model = draw.sizes(3, 3, 9)
    weight = draw.normal(d_model)
    layer = student.RMSNorm(d_model).double()
    layer.load_state_dict({"weight": weight})
    x = draw.normal(batch, seq, d_model, scale=3.0) + 2
    expect.close(layer(x), F.rms_norm(x, (d_model,), weight, 1e-5))


@pytest.mark.parametrize("eps", [0.1, 2.0])
def test_eps_of_layer_norm_is_added_under_the_root(student, draw, expect, eps):
    """The divisor is √(variance + eps), which shows where eps is large."""
    x = draw.normal(2, 3, 6)
    expect.close(student.LayerNorm(6, eps=eps).double()(x), F.layer_norm(x, (6,), eps=eps))


@pytest.mark.parametrize("eps", [0.1, 2.0])
def test_eps_of_rms_norm_is_added_under_the_root(student, draw, expect, eps):
    """The divisor is √(mean square + eps), which shows where eps is large."""
    x = draw.normal(2, 3, 6)
    expect.close(student.RMSNorm(6, eps=eps).double()(x), F.rms_norm(x, (6,), eps=eps))


def test_layer_norm_starts_as_a_plain_normalization(student, expect):
    """`weight` starts at one and `bias` at zero; both are parameters, and there are no others."""
    values = student.LayerNorm(5).named_parameters()
    expect.equal(sorted(values), ["bias", "weight"], "The parameters of LayerNorm are not `weight` and `bias`.")
    expect.close(values["weight"], torch.ones(5), "`weight` does not start as d_model ones.")
    expect.close(values["bias"], torch.zeros(5), "`bias` does not start as d_model zeros.")


def test_rms_norm_starts_as_a_plain_normalization(student, expect):
    """`weight` starts at one and is the only parameter."""
    values = student.RMSNorm(5).named_parameters()
    expect.equal(sorted(values), ["weight"], "The parameters of RMSNorm are not just `weight`.")
    expect.close(values["weight"], torch.ones(5), "`weight` does not start as d_model ones.")


@pytest.mark.hidden
def test_eps_of_layer_norm_is_1e_5_unless_told(student, draw, expect):
    """Small inputs show the default eps, 1e-5."""
    x = draw.normal(3, 6, scale=1e-3)
    expect.close(student.LayerNorm(6).double()(x), F.layer_norm(x, (6,), eps=1e-5))


@pytest.mark.hidden
def test_eps_of_rms_norm_is_1e_5_unless_told(student, draw, expect):
    """Small inputs show the default eps, 1e-5."""
    x = draw.normal(3, 6, scale=1e-3)
    expect.close(student.RMSNorm(6).double()(x), F.rms_norm(x, (6,), eps=1e-5))


@pytest.mark.hidden
@pytest.mark.parametrize("shape", [(7,), (1, 7), (1, 1, 7), (2, 3, 4, 7)], ids=str)
def test_layer_norm_takes_any_shape_that_ends_in_d_model(student, draw, expect, shape):
    """One position, a batch of one, a sequence of one, or more axes in front."""
    x = draw.normal(*shape)
    expect.close(student.LayerNorm(7).double()(x), F.layer_norm(x, (7,)))


@pytest.mark.hidden
@pytest.mark.parametrize("shape", [(7,), (1, 7), (1, 1, 7), (2, 3, 4, 7)], ids=str)
def test_rms_norm_takes_any_shape_that_ends_in_d_model(student, draw, expect, shape):
    """One position, a batch of one, a sequence of one, or more axes in front."""
    x = draw.normal(*shape)
    expect.close(student.RMSNorm(7).double()(x), F.rms_norm(x, (7,), eps=1e-5))


@pytest.mark.hidden
def test_layer_norm_reads_what_is_not_contiguous(student, draw, expect):
    """A transposed input gives the same as its copy."""
    x = draw.strided(2, 5, 4)
    expect.close(student.LayerNorm(4).double()(x), F.layer_norm(x.contiguous(), (4,)))


@pytest.mark.hidden
def test_rms_norm_reads_what_is_not_contiguous(student, draw, expect):
    """A transposed input gives the same as its copy."""
    x = draw.strided(2, 5, 4)
    expect.close(student.RMSNorm(4).double()(x), F.rms_norm(x.contiguous(), (4,), eps=1e-5))


@pytest.mark.hidden
def test_layer_norm_is_the_same_in_train_and_eval(student, draw, expect):
    """Nothing is remembered between calls: the second batch, in eval mode, is normalized by itself."""
    layer = student.LayerNorm(4).double()
    layer(draw.normal(3, 5, 4) + 7)
    layer.eval()
    x = draw.normal(2, 3, 4)
    expect.close(layer(x), F.layer_norm(x, (4,)))


def test_equal_numbers_become_zero_in_layer_norm(student, draw, expect):
    """A position whose numbers are all equal has variance 0; eps makes it 0, with a finite gradient."""
    layer = student.LayerNorm(4).double()
    x = torch.tensor([[3.0] * 4, [0.0] * 4], dtype=torch.float64, requires_grad=True)
    y = layer(x)
    expect.close(y, torch.zeros(2, 4, dtype=torch.float64))
    (y * draw.normal(2, 4)).sum().backward()
    expect.finite(x.grad, "The gradient at a position of equal numbers is not finite.")


def test_zeros_stay_zero_in_rms_norm(student, draw, expect):
    """A position of zeros stays zero, with a finite gradient."""
    layer = student.RMSNorm(4).double()
    x = torch.zeros(2, 4, dtype=torch.float64, requires_grad=True)
    y = layer(x)
    expect.close(y, torch.zeros(2, 4, dtype=torch.float64))
    (y * draw.normal(2, 4)).sum().backward()
    expect.finite(x.grad, "The gradient at a position of zeros is not finite.")


def test_the_gradients_of_layer_norm(student, draw, expect):
    """Gradients reach `x` (also through mean and variance), `weight` and `bias`."""
    weight, bias = draw.normal(6, grad=True), draw.normal(6, grad=True)
    layer = student.LayerNorm(6, eps=0.1).double()
    layer.load_state_dict({"weight": weight.detach(), "bias": bias.detach()})
    x, cotangent = draw.normal(2, 3, 6, grad=True), draw.normal(2, 3, 6)
    twin = x.detach().clone().requires_grad_()
    (F.layer_norm(twin, (6,), weight, bias, 0.1) * cotangent).sum().backward()
    (layer(x) * cotangent).sum().backward()
    check_own_gradients(expect, layer, {"weight": weight.grad, "bias": bias.grad})
    check_input_gradient(expect, x, twin)


def test_the_gradients_of_rms_norm(student, draw, expect):
    """Gradients reach `x` (also through the mean square) and `weight`."""
    weight = draw.normal(6, grad=True)
    layer = student.RMSNorm(6, eps=0.1).double()
    layer.load_state_dict({"weight": weight.detach()})
    x, cotangent = draw.normal(2, 3, 6, grad=True), draw.normal(2, 3, 6)
    twin = x.detach().clone().requires_grad_()
    (F.rms_norm(twin, (6,), weight, 0.1) * cotangent).sum().backward()
    (layer(x) * cotangent).sum().backward()
    check_own_gradients(expect, layer, {"weight": weight.grad})
    check_input_gradient(expect, x, twin)


def test_layer_norm_does_not_overflow_in_half_precision(student, draw, expect):
    """float16 numbers of some hundreds come out normalized, as float16: their squares need float32."""
    x = draw.normal(2, 3, 64, scale=400.0).half()
    y = student.LayerNorm(64).half()(x)
    expect.close(y, F.layer_norm(x.float(), (64,)).half())


def test_rms_norm_does_not_overflow_in_half_precision(student, draw, expect):
    """float16 numbers of some hundreds come out normalized, as float16: their squares need float32."""
    x = draw.normal(2, 3, 64, scale=400.0).half()
    y = student.RMSNorm(64).half()(x)
    expect.close(y, F.rms_norm(x.float(), (64,), eps=1e-5).half())


@pytest.mark.hidden
def test_layer_norm_is_exact_enough_in_bfloat16(student, draw, expect):
    """bfloat16 has 8 bits for the digits: the mean of numbers around 600 must not be rounded to them."""
    x = (600 + draw.normal(16, 64, scale=20.0)).bfloat16()
    weight, bias = draw.normal(64).bfloat16(), draw.normal(64).bfloat16()
    layer = student.LayerNorm(64).bfloat16()
    layer.load_state_dict({"weight": weight, "bias": bias})
    wanted = F.layer_norm(x.float(), (64,), weight.float(), bias.float())
    expect.close(layer(x), wanted.bfloat16(), tolerance=0.03)


@pytest.mark.hidden
def test_rms_norm_keeps_bfloat16(student, draw, expect):
    """A bfloat16 input gives a bfloat16 result."""
    x, weight = draw.normal(4, 64, scale=20.0).bfloat16(), draw.normal(64).bfloat16()
    layer = student.RMSNorm(64).bfloat16()
    layer.load_state_dict({"weight": weight})
    expect.close(layer(x), F.rms_norm(x.float(), (64,), weight.float(), 1e-5).bfloat16())


@pytest.mark.hidden
def test_rms_norm_rounds_once_in_bfloat16(student, draw, expect):
    """With its start values the result is the exact one, rounded to bfloat16 at the end and nowhere before."""
    x = draw.normal(16, 64, scale=20.0).bfloat16()
    came, exact = student.RMSNorm(64).bfloat16()(x), F.rms_norm(x.double(), (64,), eps=1e-5)
    expect.shape(came, (16, 64))
    gap = (came.double() - exact).abs() - 0.55 * torch.finfo(torch.bfloat16).eps * exact.abs()
    expect.true(float(gap.max()) < 1e-4, "More is rounded to bfloat16 than the result.", actual=came)


@pytest.mark.hidden
@pytest.mark.parametrize("name", ["LayerNorm", "RMSNorm"])
def test_float32_stays_float32(student, draw, expect, name):
    """The dtype that nearly everyone trains in."""
    x = draw.normal(2, 3, 8, dtype=torch.float32) + 5
    wanted = F.layer_norm(x, (8,)) if name == "LayerNorm" else F.rms_norm(x, (8,), eps=1e-5)
    expect.close(getattr(student, name)(8)(x), wanted)


@pytest.mark.hidden
@pytest.mark.parametrize("name", ["LayerNorm", "RMSNorm"])
def test_it_runs_on_meta(student, expect, name):
    """On the `meta` device only shapes and dtypes are computed; nothing may be fixed to the CPU."""
    y = getattr(student, name)(6).to("meta")(torch.empty(2, 3, 6, device="meta"))
    expect.shape(y, (2, 3, 6))
    expect.true(y.device.type == "meta", "The result is not on the `meta` device.", actual=y)
