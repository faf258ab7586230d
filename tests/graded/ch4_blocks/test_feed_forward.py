"""Both forms of GELU, the feed-forward network with any activation, and SwiGLU."""

import pytest
import torch
import torch.nn.functional as F
from model_checks import check_input_gradient, check_own_gradients


def test_gelu_by_hand(student, expect):
    """`gelu(1)` is Φ(1) = 0.8413, `gelu(-1)` is -(1 - 0.8413), `gelu(0)` is 0."""
    x = torch.tensor([-1.0, 0.0, 1.0], dtype=torch.float64)
    wanted = torch.tensor([-0.158655254, 0.0, 0.841344746], dtype=torch.float64)
    expect.close(student.gelu(x), wanted)


def test_gelu_lets_through_the_share_of_smaller_numbers(student, draw, expect):
    """`gelu(x)` is x times the share of the standard normal distribution below x."""
    x = draw.normal(4, 5, scale=2.0)
    expect.close(student.gelu(x), x * torch.distributions.Normal(0.0, 1.0).cdf(x))


def test_gelu_tanh_is_the_form_of_gpt_2(student, draw, expect):
    """`gelu_tanh` is the approximation by tanh, to every digit."""
    x = draw.normal(4, 5, scale=2.0)
    expect.close(student.gelu_tanh(x), F.gelu(x, approximate="tanh"))


@pytest.mark.hidden
def test_gelu_far_from_zero(student, expect):
    """Large numbers pass unchanged, very negative ones give 0; nothing overflows."""
    x = torch.tensor([-200.0, -9.0, 9.0, 200.0], dtype=torch.float64)
    expect.close(student.gelu(x), torch.tensor([0.0, 0.0, 9.0, 200.0], dtype=torch.float64))


@pytest.mark.hidden
def test_gelu_tanh_far_from_zero(student, expect):
    """Large numbers pass unchanged, very negative ones give 0; nothing overflows."""
    x = torch.tensor([-200.0, -9.0, 9.0, 200.0], dtype=torch.float64)
    expect.close(student.gelu_tanh(x), torch.tensor([0.0, 0.0, 9.0, 200.0], dtype=torch.float64))


@pytest.mark.parametrize("name", ["gelu", "gelu_tanh"])
def test_the_gradient_of_gelu(student, draw, expect, name):
    """The gradient is that of the function, at every number."""
    x, cotangent = draw.normal(3, 4, scale=2.0, grad=True), draw.normal(3, 4)
    twin = x.detach().clone().requires_grad_()
    (F.gelu(twin, approximate="tanh" if name == "gelu_tanh" else "none") * cotangent).sum().backward()
    (getattr(student, name)(x) * cotangent).sum().backward()
    expect.true(x.grad is not None, "No gradient came back to `x`.")
    expect.close(x.grad, twin.grad, "The gradient of `x` is wrong.")


@pytest.mark.hidden
@pytest.mark.parametrize("name", ["gelu", "gelu_tanh"])
def test_gelu_keeps_shape_and_dtype(student, draw, expect, name):
    """A single number, a float32 tensor, one that is not contiguous."""
    form = "tanh" if name == "gelu_tanh" else "none"
    for x in (draw.normal(1)[0], draw.normal(2, 1, 3, dtype=torch.float32), draw.strided(2, 5, 3)):
        expect.close(getattr(student, name)(x), F.gelu(x, approximate=form))


def _weights(draw, d_model, d_ff):
    return {
        "up.weight": draw.normal(d_ff, d_model),
        "up.bias": draw.normal(d_ff),
        "down.weight": draw.normal(d_model, d_ff),
        "down.bias": draw.normal(d_model),
    }


def _feed_forward(x, state, activation):
    inner = activation(F.linear(x, state["up.weight"], state["up.bias"]))
    return F.linear(inner, state["down.weight"], state["down.bias"])


def test_the_feed_forward_network_goes_up_through_gelu_and_down(student, draw, expect):
    """`down(gelu(up(x)))`, with the exact GELU unless another activation is given."""
    batch, seq, d_model, d_ff = draw.sizes(4, 2, 9)
    state = _weights(draw, d_model, d_ff)
    layer = student.FeedForward(d_model, d_ff).double()
    layer.load_state_dict(state)
    x = draw.normal(batch, seq, d_model)
    expect.close(layer(x), _feed_forward(x, state, F.gelu))


def test_the_activation_is_the_callers(student, draw, expect):
    """With `activation=relu` there is a ReLU between `up` and `down`."""
    state = _weights(draw, 4, 7)
    layer = student.FeedForward(4, 7, activation=torch.nn.functional.relu).double()
    layer.load_state_dict(state)
    x = draw.normal(2, 3, 4)
    expect.close(layer(x), _feed_forward(x, state, F.relu))


@pytest.mark.hidden
def test_the_activation_may_be_gelu_tanh(student, draw, expect):
    """Your own `gelu_tanh` fits in as well, also as the third argument without its name."""
    state = _weights(draw, 4, 7)
    layer = student.FeedForward(4, 7, student.gelu_tanh).double()
    layer.load_state_dict(state)
    x = draw.normal(2, 3, 4)
    expect.close(layer(x), _feed_forward(x, state, lambda u: F.gelu(u, approximate="tanh")))


def test_swiglu_gates_with_silu(student, draw, expect):
    """`down(silu(gate(x)) * up(x))`: SiLU is on the gate, and `up` is linear."""
    batch, seq, d_model, d_ff = draw.sizes(4, 2, 9)
    gate, up, down = draw.normal(d_ff, d_model), draw.normal(d_ff, d_model), draw.normal(d_model, d_ff)
    layer = student.SwiGLU(d_model, d_ff).double()
    layer.load_state_dict({"gate.weight": gate, "up.weight": up, "down.weight": down})
    x = draw.normal(batch, seq, d_model)
    g, u = x @ gate.T, x @ up.T
    expect.close(layer(x), (g * torch.sigmoid(g) * u) @ down.T)


def test_the_parameters_of_the_feed_forward_network(student, expect):
    """`up` and `down` have a weight and a bias each."""
    came = {name: tuple(value.shape) for name, value in student.FeedForward(3, 5).named_parameters().items()}
    wanted = {"up.weight": (5, 3), "up.bias": (5,), "down.weight": (3, 5), "down.bias": (3,)}
    expect.equal(came, wanted, "The parameters of FeedForward are not those of `up` and `down`, with bias.")


def test_the_parameters_of_swiglu(student, expect):
    """`gate`, `up` and `down` have a weight each and no bias."""
    came = {name: tuple(value.shape) for name, value in student.SwiGLU(3, 5).named_parameters().items()}
    wanted = {"gate.weight": (5, 3), "up.weight": (5, 3), "down.weight": (3, 5)}
    expect.equal(came, wanted, "The parameters of SwiGLU are not those of `gate`, `up` and `down`, without bias.")


def test_the_gradients_of_the_feed_forward_network(student, draw, expect):
    """Gradients reach `x`, and weight and bias of `up` and `down`."""
    state = {name: value.requires_grad_() for name, value in _weights(draw, 4, 7).items()}
    layer = student.FeedForward(4, 7).double()
    layer.load_state_dict({name: value.detach() for name, value in state.items()})
    x, cotangent = draw.normal(2, 3, 4, grad=True), draw.normal(2, 3, 4)
    twin = x.detach().clone().requires_grad_()
    (_feed_forward(twin, state, F.gelu) * cotangent).sum().backward()
    (layer(x) * cotangent).sum().backward()
    check_own_gradients(expect, layer, {name: value.grad for name, value in state.items()})
    check_input_gradient(expect, x, twin)


def test_the_gradients_of_swiglu(student, draw, expect):
    """Gradients reach `x` by both ways up, and all three weights."""
    state = {"gate.weight": draw.normal(7, 4, grad=True), "up.weight": draw.normal(7, 4, grad=True)}
    state["down.weight"] = draw.normal(4, 7, grad=True)
    layer = student.SwiGLU(4, 7).double()
    layer.load_state_dict({name: value.detach() for name, value in state.items()})
    x, cotangent = draw.normal(2, 3, 4, grad=True), draw.normal(2, 3, 4)
    twin = x.detach().clone().requires_grad_()
    inner = F.silu(twin @ state["gate.weight"].T) * (twin @ state["up.weight"].T)
    (inner @ state["down.weight"].T * cotangent).sum().backward()
    (layer(x) * cotangent).sum().backward()
    check_own_gradients(expect, layer, {name: value.grad for name, value in state.items()})
    check_input_gradient(expect, x, twin)


@pytest.mark.hidden
@pytest.mark.parametrize("name", ["FeedForward", "SwiGLU"])
def test_each_position_is_on_its_own(student, draw, expect, name):
    """One position alone gives the same as within its sequence; train and eval mode agree."""
    layer = getattr(student, name)(4, 9).double()
    x = draw.strided(2, 6, 4)
    whole = layer(x)
    expect.shape(whole, (2, 6, 4))
    expect.close(layer(x[1, 3]), whole[1, 3], "A position alone gives another result than in its sequence.")
    expect.close(layer(x[1:, 3:4]), whole[1:, 3:4], "A position alone gives another result than in its sequence.")
    layer.eval()
    expect.close(layer(x), whole, "In eval mode the result is another one.")


@pytest.mark.hidden
@pytest.mark.parametrize("name", ["FeedForward", "SwiGLU"])
def test_two_layers_start_differently(student, expect, name):
    """Each layer draws its own start values, and `up` is not `down`."""
    first, second = getattr(student, name)(4, 9), getattr(student, name)(4, 9)
    expect.true(
        not torch.equal(first.up.weight, second.up.weight),
        "Two layers start with the same weights.",
        actual=second.up.weight,
    )


@pytest.mark.hidden
@pytest.mark.parametrize("name", ["FeedForward", "SwiGLU"])
def test_it_runs_on_meta(student, expect, name):
    """On the `meta` device only shapes are computed; nothing may be fixed to the CPU or to a dtype."""
    y = getattr(student, name)(4, 9).to("meta").double()(torch.empty(2, 3, 4, device="meta", dtype=torch.float64))
    expect.shape(y, (2, 3, 4))
    expect.dtype(y, torch.float64)
    expect.true(y.device.type == "meta", "The result is not on the `meta` device.", actual=y)
