"""Both forms of GELU, the feed-forward network with any activation, and SwiGLU."""

import pytest
import torch
import torch.nn.functional as F
from model_checks import load

NEAR = 2e-6  # a constant rounded through float32 is near enough
LAYER = 1e-4  # and so is a layer that computes in float32 inside

GELUS = pytest.mark.parametrize("name", ["gelu", "gelu_tanh"])
LAYERS = pytest.mark.parametrize("name", ["FeedForward", "SwiGLU"])


def torch_gelu(name, x):
    """torch's own, of the same form."""
    return F.gelu(x, approximate="tanh" if name == "gelu_tanh" else "none")


@pytest.mark.points(3)
def test_gelu_by_hand(student, expect):
    """`gelu(1)` is Φ(1) = 0.8413, `gelu(-1)` is -(1 - 0.8413), `gelu(0)` is 0."""
    x = torch.tensor([-1.0, 0.0, 1.0], dtype=torch.float64)
    wanted = torch.tensor([-0.158655254, 0.0, 0.841344746], dtype=torch.float64)
    expect.close(student.gelu(x), wanted, tolerance=NEAR, dtype=False)


@pytest.mark.points(2)
def test_gelu_lets_through_the_share_of_smaller_numbers(student, draw, expect):
    """`gelu(x)` is x times the share of the standard normal distribution below x."""
    x = torch.cat([draw.normal(12, scale=2.0), torch.linspace(-3, 3, 13, dtype=torch.float64)])
    expect.close(student.gelu(x), x * torch.distributions.Normal(0.0, 1.0).cdf(x), tolerance=NEAR, dtype=False)


@pytest.mark.points(3)
def test_gelu_tanh_is_the_form_of_gpt_2(student, draw, expect):
    """`gelu_tanh` is the approximation by tanh: `gelu_tanh(2)` is 1.954598, where `gelu(2)` is 1.954500."""
    x = torch.cat([draw.normal(12, scale=2.0), torch.linspace(-3, 3, 13, dtype=torch.float64)])
    expect.close(student.gelu_tanh(x), F.gelu(x, approximate="tanh"), tolerance=NEAR, dtype=False)


@pytest.mark.points(2)
@GELUS
def test_the_gradient_of_gelu(student, draw, expect, name):
    """The gradient is that of the function, at every number."""
    x, cotangent = draw.normal(3, 4, scale=2.0, grad=True), draw.normal(3, 4)
    twin = x.detach().clone().requires_grad_()
    (torch_gelu(name, twin) * cotangent).sum().backward()
    (getattr(student, name)(x) * cotangent).sum().backward()
    expect.true(x.grad is not None, "No gradient came back to `x`.")
    expect.close(x.grad, twin.grad, "The gradient of `x` is wrong.", tolerance=1e-5)


@GELUS
def test_gelu_far_from_zero(student, expect, name):
    """Large numbers pass unchanged, very negative ones give 0; nothing overflows, not even in float16."""
    for dtype, far in ((torch.float64, 1e5), (torch.float32, 1e5), (torch.float16, 200.0)):
        x = torch.tensor([-far, -9.0, 9.0, far], dtype=dtype)
        expect.close(getattr(student, name)(x), torch.tensor([0.0, 0.0, 9.0, far], dtype=dtype))


@GELUS
def test_gelu_keeps_the_shape(student, draw, expect, name):
    """A single number, axes of length 1, a tensor that is not contiguous: the result has the same shape."""
    for x in (draw.normal(1)[0], draw.normal(2, 1, 3), draw.strided(2, 5, 3)):
        expect.close(getattr(student, name)(x), torch_gelu(name, x), tolerance=NEAR, dtype=False)


@GELUS
def test_gelu_keeps_the_dtype(student, draw, expect, name):
    """float64, float32, float16 and bfloat16 come back as what they are."""
    for dtype in (torch.float64, torch.float32, torch.float16, torch.bfloat16):
        x = draw.normal(5, dtype=dtype)
        expect.close(getattr(student, name)(x), torch_gelu(name, x.double()).to(dtype), tolerance=0.03)


@pytest.mark.hidden
@GELUS
def test_gelu_of_other_numbers(student, draw, expect, name):
    """Larger numbers, in a tensor of four axes, give the values of the formula."""
    x = draw.normal(2, 3, 1, 5, scale=3.0)
    expect.close(getattr(student, name)(x), torch_gelu(name, x), tolerance=NEAR, dtype=False)


# -- the layers --------------------------------------------------------------------------------------------


def weights(name, draw, d_model, d_ff, grad=False):
    """Random values for all parameters of a layer."""
    shapes = {"up.weight": (d_ff, d_model), "down.weight": (d_model, d_ff)}
    shapes |= (
        {"up.bias": (d_ff,), "down.bias": (d_model,)} if name == "FeedForward" else {"gate.weight": (d_ff, d_model)}
    )
    return {key: draw.normal(*shape, grad=grad) for key, shape in shapes.items()}


def loaded(name, student, state, *activation):
    """The learner's layer with these values, in float64."""
    d_ff, d_model = state["up.weight"].shape
    layer = getattr(student, name)(d_model, d_ff, *activation).double()
    return load(layer, {key: value.detach() for key, value in state.items()})


def by_hand(name, x, state, activation=F.gelu):
    """What the layer computes, by plain products."""
    up = x @ state["up.weight"].T
    if name == "SwiGLU":
        gate = x @ state["gate.weight"].T
        return (gate * torch.sigmoid(gate) * up) @ state["down.weight"].T
    return activation(up + state["up.bias"]) @ state["down.weight"].T + state["down.bias"]


@pytest.mark.points(4)
def test_the_feed_forward_network_goes_up_through_gelu_and_down(student, draw, expect):
    """`down(gelu(up(x)))`, with the exact GELU unless another activation is given."""
    batch, seq, d_model, d_ff = draw.sizes(4, 2, 9)
    state, x = weights("FeedForward", draw, d_model, d_ff), draw.normal(batch, seq, d_model)
    expect.close(loaded("FeedForward", student, state)(x), by_hand("FeedForward", x, state), tolerance=1e-5)


@pytest.mark.points(2)
def test_the_activation_is_the_callers(student, draw, expect):
    """With `activation=relu` there is a ReLU between `up` and `down`."""
    state, x = weights("FeedForward", draw, 4, 7), draw.normal(2, 3, 4)
    layer = student.FeedForward(4, 7, activation=torch.nn.functional.relu).double()
    load(layer, state)
    expect.close(layer(x), by_hand("FeedForward", x, state, F.relu), tolerance=LAYER)


def test_the_activation_may_be_any_function(student, draw, expect):
    """A function of the caller's own, a cosine, and your own `gelu_tanh`, each as the third argument."""
    state, x = weights("FeedForward", draw, 4, 7), draw.normal(2, 3, 4)
    found = loaded("FeedForward", student, state, lambda u: u.cos())(x)
    expect.close(found, by_hand("FeedForward", x, state, torch.cos), tolerance=LAYER)
    found = loaded("FeedForward", student, state, student.gelu_tanh)(x)
    wanted = by_hand("FeedForward", x, state, lambda u: F.gelu(u, approximate="tanh"))
    expect.close(found, wanted, tolerance=1e-5)


@pytest.mark.points(4)
def test_swiglu_gates_with_silu(student, draw, expect):
    """`down(silu(gate(x)) * up(x))`: SiLU is on the gate, and `up` is linear."""
    batch, seq, d_model, d_ff = draw.sizes(4, 2, 9)
    state, x = weights("SwiGLU", draw, d_model, d_ff), draw.normal(batch, seq, d_model)
    expect.close(loaded("SwiGLU", student, state)(x), by_hand("SwiGLU", x, state), tolerance=LAYER)


@pytest.mark.points(0.5)
@pytest.mark.parametrize(
    ("dtype", "far"), [(torch.float64, 1000.0), (torch.float32, 100.0), (torch.float16, 12.0)], ids=str
)
def test_swiglu_far_from_zero(student, expect, dtype, far):
    """A gate far above 0 passes unchanged, one far below 0 becomes 0; nothing overflows, not even in float16."""
    one = torch.ones(1, 1, dtype=torch.float64)
    layer = loaded("SwiGLU", student, {"gate.weight": far * one, "up.weight": one, "down.weight": one}).to(dtype)
    x = torch.tensor([[1.0], [-1.0]], dtype=dtype)
    expect.close(layer(x), torch.tensor([[far], [0.0]], dtype=dtype), tolerance=1e-3)


@pytest.mark.points(3)
@LAYERS
def test_the_gradients_of_the_layer(student, draw, expect, name):
    """Gradients reach `x` and every parameter, in SwiGLU by both ways up."""
    state = weights(name, draw, 4, 7, grad=True)
    layer = loaded(name, student, state)
    x, cotangent = draw.normal(2, 3, 4, grad=True), draw.normal(2, 3, 4)
    twin = x.detach().clone().requires_grad_()
    (by_hand(name, twin, state) * cotangent).sum().backward()
    (layer(x) * cotangent).sum().backward()
    came = layer.gradients()
    for key, value in state.items():
        expect.true(came.get(key) is not None, f"`{key}` got no gradient.")
        expect.close(came[key], value.grad, f"The gradient of `{key}` is wrong.", tolerance=LAYER)
    expect.true(x.grad is not None, "No gradient came back to `x`.")
    expect.close(x.grad, twin.grad, "The gradient of `x` is wrong.", tolerance=LAYER)


@LAYERS
def test_each_position_is_on_its_own(student, draw, expect, name):
    """One position alone gives the same as within its sequence."""
    layer, x = getattr(student, name)(4, 9).double(), draw.normal(2, 6, 4)
    whole = layer(x)
    expect.shape(whole, (2, 6, 4))
    found = layer(x[1:, 3:4])
    expect.close(found, whole[1:, 3:4], "A position alone gives another result.", tolerance=LAYER)


@LAYERS
@pytest.mark.parametrize("shape", [(4,), (1, 1, 4), (2, 1, 3, 4)], ids=str)
def test_any_shape_that_ends_in_d_model(student, draw, expect, name, shape):
    """`x` may be one position alone, have axes of length 1, or have three axes before the last."""
    state, x = weights(name, draw, 4, 9), draw.normal(*shape)
    expect.close(loaded(name, student, state)(x), by_hand(name, x, state), tolerance=LAYER)


@LAYERS
def test_a_transposed_input(student, draw, expect, name):
    """An input that is not contiguous gives the same as its copy."""
    state, x = weights(name, draw, 4, 9), draw.strided(2, 6, 4)
    expect.close(loaded(name, student, state)(x), by_hand(name, x, state), tolerance=LAYER)


@LAYERS
def test_nothing_is_kept(student, draw, expect, name):
    """Another input of the same shape, and then other weights, give their own results, in eval mode too."""
    state, other = weights(name, draw, 4, 9), weights(name, draw, 4, 9)
    layer = loaded(name, student, state)
    x, y = draw.normal(2, 3, 4), draw.normal(2, 3, 4)
    layer(x)
    expect.close(layer(y), by_hand(name, y, state), "The second input gives a wrong result.", tolerance=LAYER)
    load(layer, other)
    found = layer(y)
    message = "After other weights were loaded, the result is wrong."
    expect.close(found, by_hand(name, y, other), message, tolerance=LAYER)
    layer.eval()
    layer(y)
    load(layer, state)
    found = layer(y)
    message = "After other weights were loaded in eval mode, the result is wrong."
    expect.close(found, by_hand(name, y, state), message, tolerance=LAYER)


@LAYERS
def test_train_and_eval_agree(student, draw, expect, name):
    """There is no dropout: in training as in evaluation the result is that of the formula."""
    state, x = weights(name, draw, 4, 9), draw.normal(4, 8, 4)
    layer = loaded(name, student, state)
    layer.train()
    expect.close(layer(x), by_hand(name, x, state), "In train mode the result is wrong.", tolerance=LAYER)
    layer.eval()
    expect.close(layer(x), by_hand(name, x, state), "In eval mode the result is wrong.", tolerance=LAYER)


def test_the_parameters_of_the_feed_forward_network(student, expect):
    """`up` and `down` have a weight and a bias each, and there is nothing else."""
    layer = student.FeedForward(3, 5)
    wanted = {"up.weight": (5, 3), "up.bias": (5,), "down.weight": (3, 5), "down.bias": (3,)}
    shapes = {key: tuple(value.shape) for key, value in layer.named_parameters().items()}
    message = "The names and shapes of the parameters are not those of `up` and `down`, each with a bias."
    expect.equal(shapes, wanted, message)


def test_the_parameters_of_swiglu(student, expect):
    """`gate`, `up` and `down` have a weight each and no bias, and there is nothing else."""
    layer = student.SwiGLU(3, 5)
    wanted = {"gate.weight": (5, 3), "up.weight": (5, 3), "down.weight": (3, 5)}
    shapes = {key: tuple(value.shape) for key, value in layer.named_parameters().items()}
    expect.equal(
        sorted(shapes),
        sorted(wanted),
        "The names of the parameters are not those of `gate`, `up` and `down`, without bias.",
    )
    expect.equal(shapes, wanted, "A parameter has another shape than it ought to have.")


@LAYERS
def test_each_layer_starts_as_a_linear_layer_does(student, expect, name):
    """`nn.Linear` draws start values of its own for each layer, within ±1/√(inputs): no two are equal."""
    first, second = (getattr(student, name)(16, 48).named_parameters() for _ in range(2))
    for key, value in first.items():
        inputs = 48 if key.startswith("down") else 16
        bound, misfit = inputs**-0.5, f"The largest start value of `{key}` fits no nn.Linear of {inputs} inputs."
        expect.true(not torch.equal(value, second[key]), f"Two layers start with the same `{key}`.", actual=second[key])
        expect.less(value.abs().max(), 1.001 * bound, misfit)
        expect.greater(value.abs().max(), 0.7 * bound, misfit)
    if name == "SwiGLU":
        same = torch.equal(first["gate.weight"], first["up.weight"])
        expect.true(not same, "`gate` and `up` start with the same weights.")


@LAYERS
def test_the_layer_keeps_the_dtype(student, draw, expect, name):
    """In float32, float64 and bfloat16 the result has the dtype of the layer and its input."""
    for dtype in (torch.float32, torch.float64, torch.bfloat16):
        layer = getattr(student, name)(4, 9).to(dtype)
        expect.dtype(layer(draw.normal(2, 3, 4, dtype=dtype)), dtype)


@LAYERS
def test_it_runs_on_meta(student, expect, name):
    """On the `meta` device only shapes are computed; nothing may be fixed to the CPU or to a dtype."""
    y = getattr(student, name)(4, 9).to("meta").double()(torch.empty(2, 3, 4, device="meta", dtype=torch.float64))
    expect.shape(y, (2, 3, 4))
    expect.dtype(y, torch.float64)
    expect.true(y.device.type == "meta", "The result is not on the `meta` device.", actual=y)


@pytest.mark.hidden
@pytest.mark.points(2)
@LAYERS
def test_other_sizes(student, draw, expect, name):
    """With a narrow `d_ff` and a batch of one the layer computes its formula."""
    state, x = weights(name, draw, 11, 3), draw.normal(1, 6, 11)
    expect.close(loaded(name, student, state)(x), by_hand(name, x, state), tolerance=LAYER)
