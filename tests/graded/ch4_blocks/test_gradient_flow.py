"""Gradient norms by depth, stacks of four kinds, and what keeps gradients from vanishing."""

import pytest
import torch
import torch.nn.functional as F

KINDS = ["plain", "residual", "post_norm", "pre_norm"]
D_MODEL, N_HEADS, D_FF = 8, 2, 12


def _layers(stack):
    """The layers of a stack, be it a list or an `nn.ModuleList`."""
    return list(stack) if isinstance(stack, list | tuple) else [stack[i] for i in range(len(stack))]


def _stack(student, draw, kind, depth):
    return student.make_stack(kind, depth, D_MODEL, N_HEADS, D_FF, draw.generator())


def _in_float64(stack):
    for layer in _layers(stack):
        layer.double()
    return stack


def _wanted(stack, x, probe):
    """The norms by another road: the same layers, called one by one, and each input's own gradient."""
    inputs = [x.detach().clone().requires_grad_()]
    for layer in _layers(stack):
        inputs.append(layer(inputs[-1]))
        inputs[-1].retain_grad()
    (inputs[-1] * probe).sum().backward()
    return [float(item.grad.square().sum().sqrt()) for item in inputs[:-1]]


# -- gradient_norms -----------------------------------------------------------------------------------


def test_layers_that_pass_everything_on_keep_the_probe(student, draw, expect):
    """Residual layers with all weights at zero are identities: every norm is the length of the probe."""
    stack = _in_float64(_stack(student, draw, "residual", 3))
    for layer in _layers(stack):
        layer.load_state_dict({name: torch.zeros_like(item) for name, item in layer.state_dict().items()})
    x, probe = draw.normal(2, 5, D_MODEL), draw.normal(2, 5, D_MODEL)
    length = float(probe.square().sum().sqrt())
    expect.close(student.gradient_norms(stack, x, probe), [length] * 3)


@pytest.mark.parametrize("kind", ["plain", "pre_norm"])
def test_the_norm_at_each_layers_input(student, draw, expect, kind):
    """One L2 norm per layer, the first layer's first, of the gradient at what goes into it."""
    stack = _in_float64(_stack(student, draw, kind, 4))
    x, probe = draw.normal(2, 5, D_MODEL), draw.normal(2, 5, D_MODEL)
    expect.close(student.gradient_norms(stack, x, probe), _wanted(stack, x, probe))


@pytest.mark.hidden
def test_one_layer_one_sequence_one_position(student, draw, expect):
    """The smallest stack and the smallest input."""
    stack = _in_float64(_stack(student, draw, "residual", 1))
    x, probe = draw.normal(1, 1, D_MODEL), draw.normal(1, 1, D_MODEL)
    expect.close(student.gradient_norms(stack, x, probe), _wanted(stack, x, probe))


@pytest.mark.hidden
def test_a_plain_list_of_layers(student, draw, expect):
    """The layers may come as a list, also one in which the same layer stands twice."""
    layers = _layers(_in_float64(_stack(student, draw, "residual", 2)))
    layers = [layers[1], layers[0], layers[1]]
    x, probe = draw.strided(3, 4, D_MODEL), draw.strided(3, 4, D_MODEL)
    expect.close(student.gradient_norms(layers, x, probe), _wanted(layers, x, probe))


@pytest.mark.hidden
def test_a_second_call_gives_the_same(student, draw, expect):
    """Nothing is left behind by the first call; `x` may ask for gradients already, and layers may be frozen."""
    stack = _in_float64(_stack(student, draw, "plain", 3))
    x, probe = draw.normal(2, 5, D_MODEL), draw.normal(2, 5, D_MODEL)
    wanted = _wanted(stack, x, probe)
    expect.close(student.gradient_norms(stack, x, probe), wanted)
    expect.close(student.gradient_norms(stack, x.clone().requires_grad_(), probe), wanted, "The second call differs.")
    for layer in _layers(stack):
        layer.requires_grad_(False)
    expect.close(student.gradient_norms(stack, x, probe), wanted, "With frozen layers the norms differ.")


# -- make_stack ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_a_stack_has_its_depth(student, draw, expect, kind):
    """`depth` layers, each from `(batch, seq, d_model)` to the same shape."""
    layers = _layers(_in_float64(_stack(student, draw, kind, 3)))
    expect.equal(len(layers), 3, f"A stack of depth 3 has {len(layers)} layers.")
    for layer in layers:
        expect.shape(layer(draw.normal(2, 5, D_MODEL)), (2, 5, D_MODEL))


@pytest.mark.parametrize("kind", KINDS)
def test_every_layer_has_attention_and_feed_forward_weights_of_its_own(student, draw, expect, kind):
    """Four matrices of the attention and two of the feed-forward network, drawn anew for each layer."""
    first, second = (layer.named_parameters() for layer in _layers(_stack(student, draw, kind, 2)))
    matrices = {name: item for name, item in first.items() if item.dim() > 1}
    count, wanted = sum(item.numel() for item in matrices.values()), 4 * D_MODEL**2 + 2 * D_MODEL * D_FF
    expect.equal(count, wanted, "The matrices of a layer are not those of one attention and one feed-forward network.")
    for name, item in matrices.items():
        expect.true(float(item.abs().max()) > 0, f"`{name}` is all zero.")
        expect.true(not torch.equal(item, second.get(name)), f"`{name}` is the same in both layers.", actual=item)


def _without_sub_layers(layer):
    """Set everything to zero but the weights of the norms."""
    state = layer.state_dict()
    norms = {name for name, item in state.items() if item.dim() == 1 and name.endswith("weight")}
    layer.load_state_dict({n: item if n in norms else torch.zeros_like(item) for n, item in state.items()})


def _size(y):
    return float(y.square().mean().sqrt())


def _layer(student, draw, kind):
    layer = _layers(_stack(student, draw, kind, 1))[0]
    layer.double()
    return layer


def test_plain_layers_have_no_residual_and_no_norm(student, draw, expect):
    """With sub-layers that give zero nothing is left; with inputs a thousand times larger the output grows as well."""
    layer, x = _layer(student, draw, "plain"), draw.normal(2, 5, D_MODEL)
    growth = _size(layer(1000 * x)) / _size(layer(x))
    expect.true(growth > 100, "The size of the input makes no difference: something is normalized.", actual=growth)
    _without_sub_layers(layer)
    expect.close(layer(x), torch.zeros_like(x), "Sub-layers that give zero are not all: something is added to them.")


def test_residual_layers_have_no_norm(student, draw, expect):
    """With sub-layers that give zero x is left; what is added grows with x."""
    layer, x = _layer(student, draw, "residual"), draw.normal(2, 5, D_MODEL)
    growth = _size(layer(1000 * x) - 1000 * x) / _size(layer(x) - x)
    expect.true(growth > 100, "What is added does not grow with x: something is normalized.", actual=growth)
    _without_sub_layers(layer)
    expect.close(layer(x), x, "With sub-layers that give zero, the result is not x.")


def test_post_norm_layers_end_in_a_norm(student, draw, expect):
    """Every position comes out with mean 0 and variance 1; with sub-layers that give zero it is x, normalized."""
    layer, x = _layer(student, draw, "post_norm"), draw.normal(2, 5, D_MODEL) + 3
    y = layer(x)
    expect.close(y, F.layer_norm(y, (D_MODEL,)), "The result is not normalized.", tolerance=1e-3)
    _without_sub_layers(layer)
    expect.close(layer(x), F.layer_norm(x, (D_MODEL,)), "Without sub-layers, normalized x is not left.", tolerance=1e-3)


def test_pre_norm_layers_add_to_what_is_not_normalized(student, draw, expect):
    """What is added has the same size for a small x and for a large one; with sub-layers that give zero x is left."""
    layer, x = _layer(student, draw, "pre_norm"), draw.normal(2, 5, D_MODEL)
    growth = _size(layer(1000 * x) - 1000 * x) / _size(layer(x) - x)
    expect.true(
        0.01 < growth < 100, "What is added grows with x: the sub-layers' input is not normalized.", actual=growth
    )
    _without_sub_layers(layer)
    expect.close(layer(x), x, "With sub-layers that give zero, the result is not x.")


@pytest.mark.parametrize("kind", ["plain", "residual"])
def test_positions_see_one_another(student, draw, expect, kind):
    """There is an attention in the layer: a change of the last position moves the first."""
    layer, x = _layer(student, draw, kind), draw.normal(1, 4, D_MODEL)
    other = x.clone()
    other[0, 3] = draw.normal(D_MODEL)
    moved = float((layer(other) - layer(x))[0, 0].abs().max())
    expect.true(moved > 1e-9, "The first position does not change when the last one does.", actual=moved)


@pytest.mark.parametrize("kind", ["plain", "residual"])
def test_every_weight_takes_part(student, draw, expect, kind):
    """Attention and feed-forward network both stand in the layer: every matrix gets a gradient."""
    layer = _layer(student, draw, kind)
    (layer(draw.normal(2, 5, D_MODEL)) * draw.normal(2, 5, D_MODEL)).sum().backward()
    for name, gradient in layer.gradients().items():
        if gradient is None or gradient.dim() > 1:
            used = gradient is not None and float(gradient.abs().max()) > 0
            expect.true(used, f"`{name}` gets no gradient.", actual=gradient)


@pytest.mark.parametrize("kind", KINDS)
def test_the_generator_alone_decides(student, expect, kind):
    """Generators in the same state give the same stack, in another state another one."""

    def states(seed):
        stack = student.make_stack(kind, 2, D_MODEL, N_HEADS, D_FF, torch.Generator().manual_seed(seed))
        return [layer.state_dict() for layer in _layers(stack)]

    for one, other in zip(states(5), states(5), strict=True):
        for name, item in one.items():
            expect.close(other.get(name), item, f"`{name}` differs between two stacks of the same seed.")
    for one, other in zip(states(5), states(6), strict=True):
        for name, item in one.items():
            if item.dim() > 1:
                expect.true(not torch.equal(item, other.get(name)), f"`{name}` is the same under another seed.")


def test_an_unknown_kind_is_refused(student, draw, expect):
    """A kind that does not exist raises a ValueError that names it."""
    for kind in ("middle_norm", "prenorm"):
        expect.raises(ValueError, student.make_stack, kind, 2, D_MODEL, N_HEADS, D_FF, draw.generator(), mentions=kind)


# -- the experiment -----------------------------------------------------------------------------------


def test_the_experiment_measures_every_kind(student, draw, expect):
    """One list of `depth` norms for each of the four kinds."""
    came = student.gradient_flow_experiment(3, D_MODEL, N_HEADS, D_FF, draw.generator())
    expect.equal(sorted(came), sorted(KINDS), "The kinds are not plain, residual, post_norm and pre_norm.")
    for kind in KINDS:
        expect.equal(len(came[kind]), 3, f"There are {len(came[kind])} norms for `{kind}` and 3 layers.")
        expect.finite(torch.tensor(came[kind]), f"A norm of `{kind}` is not finite.")
        expect.true(min(came[kind]) > 0, f"A norm of `{kind}` is zero.", actual=came[kind])


def test_plain_stacks_lose_the_gradient_and_transformers_keep_it(student, draw, expect):
    """Over 12 layers the gradient of a plain stack falls below a hundredth; with residuals it does not vanish."""
    came = student.gradient_flow_experiment(12, 16, 4, 32, draw.generator())
    share = {kind: came[kind][0] / came[kind][-1] for kind in KINDS}
    expect.less(share["plain"], 0.01, "The gradient does not vanish in the plain stack: first norm over last")
    for kind, low in (("residual", 0.3), ("post_norm", 0.02), ("pre_norm", 0.3)):
        expect.true(share[kind] > low, f"The gradient vanishes in the stack `{kind}`.", actual=share[kind])
        expect.true(share[kind] > 3 * share["plain"], f"`{kind}` keeps no more than `plain`.", actual=share[kind])
    expect.less(share["pre_norm"], 100.0, "The gradient explodes in the stack `pre_norm`: first norm over last")


@pytest.mark.hidden
def test_the_experiment_is_its_generators(student, expect):
    """The same seed gives the same norms, another seed gives others, and the generator advances."""

    def norms(generator):
        return student.gradient_flow_experiment(2, D_MODEL, N_HEADS, D_FF, generator)

    generator = torch.Generator().manual_seed(3)
    first, second = norms(generator), norms(torch.Generator().manual_seed(3))
    again, other = norms(generator), norms(torch.Generator().manual_seed(4))
    for kind in KINDS:
        expect.close(second[kind], first[kind], f"`{kind}` differs between two runs of one seed.", tolerance=1e-4)
        expect.true(first[kind] != other[kind], f"`{kind}` is the same under another seed.", actual=first[kind])
        expect.true(first[kind] != again[kind], "The generator did not advance.", actual=first[kind])
