"""Gradient norms by depth, stacks of four kinds, and what keeps gradients from vanishing."""

import pytest
import torch
import torch.nn.functional as F
from model_checks import NEAR, attention_by_hand, feed_forward_by_hand, post_norm_by_hand, pre_norm_by_hand

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


@pytest.mark.points(2)
def test_layers_that_pass_everything_on_keep_the_probe(student, draw, expect):
    """Residual layers with all weights at zero are identities: every norm is the length of the probe."""
    stack = _in_float64(_stack(student, draw, "residual", 3))
    for layer in _layers(stack):
        layer.load_state_dict({name: torch.zeros_like(item) for name, item in layer.state_dict().items()})
    x, probe = draw.normal(2, 5, D_MODEL), draw.normal(2, 5, D_MODEL)
    length = float(probe.square().sum().sqrt())
    expect.close(student.gradient_norms(stack, x, probe), [length] * 3)


@pytest.mark.points(2)
def test_layers_that_multiply(student, draw, expect):
    """Linear layers that multiply by 2, -3 and 0.5: from the last to the first, the probe's length times each."""
    layers = [student.imported("torch.nn").Linear(4, 4, bias=False).double() for _ in range(3)]
    for layer, factor in zip(layers, (2.0, -3.0, 0.5), strict=True):
        layer.load_state_dict({"weight": factor * torch.eye(4, dtype=torch.float64)})
    x, probe = draw.normal(3, 2, 4), draw.normal(3, 2, 4)
    length = float(probe.square().sum().sqrt())
    expect.close(student.gradient_norms(layers, x, probe), [3.0 * length, 1.5 * length, 0.5 * length])


@pytest.mark.points(2)
@pytest.mark.parametrize("kind", ["plain", "pre_norm"])
def test_the_norm_at_each_layers_input(student, draw, expect, kind):
    """One L2 norm per layer, the first layer's first, of the gradient at what goes into it."""
    stack = _in_float64(_stack(student, draw, kind, 4))
    x, probe = draw.normal(2, 5, D_MODEL), draw.normal(2, 5, D_MODEL)
    expect.close(student.gradient_norms(stack, x, probe), _wanted(stack, x, probe))


@pytest.mark.points(2)
def test_one_layer_one_sequence_one_position(student, draw, expect):
    """The smallest stack and the smallest input."""
    stack = _in_float64(_stack(student, draw, "residual", 1))
    x, probe = draw.normal(1, 1, D_MODEL), draw.normal(1, 1, D_MODEL)
    expect.close(student.gradient_norms(stack, x, probe), _wanted(stack, x, probe))


def test_a_layer_may_stand_twice(student, draw, expect):
    """Of a layer that stands in the list twice, each place has a norm of its own."""
    first, second = _layers(_in_float64(_stack(student, draw, "residual", 2)))
    layers = [second, first, second]
    x, probe = draw.normal(3, 4, D_MODEL), draw.normal(3, 4, D_MODEL)
    expect.close(student.gradient_norms(layers, x, probe), _wanted(layers, x, probe))


def test_a_module_list_of_layers(student, draw, expect):
    """The layers may come as an nn.ModuleList."""
    stack = student.imported("torch.nn").ModuleList(_layers(_stack(student, draw, "plain", 3))).double()
    x, probe = draw.normal(2, 4, D_MODEL), draw.normal(2, 4, D_MODEL)
    expect.close(student.gradient_norms(stack, x, probe), _wanted(stack, x, probe))


def test_a_second_call_gives_the_same(student, draw, expect):
    """After a first call, another input, another probe and other weights have their own right norms."""
    stack = _in_float64(_stack(student, draw, "plain", 3))
    x, probe = draw.normal(2, 5, D_MODEL), draw.normal(2, 5, D_MODEL)
    wanted = _wanted(stack, x, probe)
    expect.close(student.gradient_norms(stack, x, probe), wanted)
    other = draw.normal(2, 5, D_MODEL), draw.normal(2, 5, D_MODEL)
    message = "With a second `x` and probe the norms are wrong."
    expect.close(student.gradient_norms(stack, *other), _wanted(stack, *other), message)
    expect.close(student.gradient_norms(stack, x, probe), wanted, "The second call with the same arguments differs.")
    found, wanted = student.gradient_norms(stack, x, other[1]), _wanted(stack, x, other[1])
    expect.close(found, wanted, "With the first `x` and the second probe the norms are wrong.")
    for layer in _layers(stack):
        layer.load_state_dict({name: 1.5 * value for name, value in layer.state_dict().items()})
    found, wanted = student.gradient_norms(stack, x, probe), _wanted(stack, x, probe)
    expect.close(found, wanted, "After other weights were loaded, the norms are wrong.")


def test_the_same_x_again(student, draw, expect):
    """One tensor with another probe, and then with other numbers in it, has answers of its own."""
    torch_nn = student.imported("torch.nn")
    layers = [torch_nn.Linear(4, 4).double(), torch_nn.ReLU(), torch_nn.Linear(4, 4).double()]
    holder = torch_nn.Embedding(5, 4).double()
    for change in (False, False, True):
        if change:
            holder.load_state_dict({"weight": draw.normal(5, 4)})
        probe = draw.normal(5, 4)
        wanted = _wanted(layers, holder.named_parameters()["weight"], probe)
        expect.close(student.gradient_norms(layers, holder.parameters()[0], probe), wanted)


def test_views_and_inputs_that_ask_for_gradients(student, draw, expect):
    """`x` may be a view of another tensor, and may ask for gradients already."""
    stack = _in_float64(_stack(student, draw, "residual", 2))
    x, probe = draw.strided(3, 4, D_MODEL), draw.strided(3, 4, D_MODEL)
    wanted = _wanted(stack, x, probe)
    expect.close(student.gradient_norms(stack, x, probe), wanted)
    expect.close(student.gradient_norms(stack, x.clone().requires_grad_(), probe), wanted)


def test_frozen_layers(student, draw, expect):
    """Layers whose weights ask for no gradients have the same norms, and stay frozen."""
    stack = _in_float64(_stack(student, draw, "plain", 3))
    x, probe = draw.normal(2, 5, D_MODEL), draw.normal(2, 5, D_MODEL)
    wanted = _wanted(stack, x, probe)
    for layer in _layers(stack)[:2]:
        layer.requires_grad_(False)
    asking = [bool(parameter.requires_grad) for parameter in _layers(stack)[2].parameters()]
    shared = (
        "Layers 1 and 2 of a stack from `make_stack` were frozen, and with them parameters of layer 3: they are shared."
    )
    expect.true(all(asking), shared, actual=asking)
    expect.close(student.gradient_norms(stack, x, probe), wanted, "The norms are wrong where layers are frozen.")
    for number, layer in enumerate(_layers(stack)):
        asks = [parameter.requires_grad for parameter in layer.parameters()]
        was, asking = "not frozen" if number == 2 else "frozen", sum(map(bool, asks))
        message = (
            f"Layer {number + 1} was {was}; after the call {asking} of its {len(asks)} parameters ask for gradients."
        )
        expect.true(all(asks) if number == 2 else not any(asks), message, actual=asks)


@pytest.mark.parametrize("training", [True, False], ids=["train", "eval"])
def test_the_layers_stay_as_they_are(student, draw, expect, training):
    """Weights and mode of each layer are after the measurement what they were before it; a part may have another."""
    layers = _layers(_in_float64(_stack(student, draw, "pre_norm", 2)))
    for layer in layers:
        layer.train(training)
        layer.attention.train(not training)
    before = [layer.state_dict() for layer in layers]
    student.gradient_norms(layers, draw.normal(2, 5, D_MODEL), draw.normal(2, 5, D_MODEL))
    for layer, state in zip(layers, before, strict=True):
        expect.equal(layer.training, training, "The measurement changes the mode, train or eval.")
        expect.equal(layer.attention.training, not training, "The measurement changes the mode of a part of a layer.")
        for name, value in layer.state_dict().items():
            expect.equal(value, state[name], f"The measurement changes `{name}`.")


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
    message = f"A layer's matrices hold {count} numbers; those of one attention and one feed-forward network {wanted}."
    expect.equal(count, wanted, message)
    for name, item in matrices.items():
        largest = float(item.abs().max())
        expect.true(largest > 0, f"The largest absolute value in `{name}` is {largest}; it ought to be above 0.")
        expect.true(not torch.equal(item, second.get(name)), f"`{name}` is the same in both layers.", actual=item)


def _canonical(expect, state):
    """The weights of a layer under the names that a block gives them, whatever the layer calls its two parts.

    Biases that are not there are zero.
    """
    found = {}
    for part, names in (
        ("attention", ("q_proj", "k_proj", "v_proj", "out_proj")),
        ("feed_forward", ("up", "down")),
    ):
        for name in names:
            weight = [value for key, value in state.items() if key.endswith(f"{name}.weight")]
            expect.equal(
                len(weight), 1, f"{len(weight)} names in a layer's state dict end in `{name}.weight`; one is wanted."
            )
            bias = [value for key, value in state.items() if key.endswith(f"{name}.bias")]
            found[f"{part}.{name}.weight"] = weight[0]
            found[f"{part}.{name}.bias"] = (bias or [weight[0].new_zeros(len(weight[0]))])[0]
    return found | {key: value for key, value in state.items() if key.startswith("norm")}


def _by_formula(kind, state, x):
    if kind == "post_norm":
        return post_norm_by_hand(state, x, N_HEADS)
    if kind == "pre_norm":
        return pre_norm_by_hand(state, x, N_HEADS)
    keep = float(kind == "residual")
    x = attention_by_hand(state, "attention", N_HEADS, x, x) + keep * x
    return feed_forward_by_hand(state, x, F.gelu) + keep * x


@pytest.mark.points(2)
@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_has_its_formula(student, draw, expect, kind):
    """Two layers, with weights of any size, compute what the brief's formula says, in train mode and in eval mode."""
    for layer in _layers(_in_float64(_stack(student, draw, kind, 2))):
        layer.load_state_dict({n: v + draw.normal(*v.shape, scale=0.3) for n, v in layer.state_dict().items()})
        wanted, x = _canonical(expect, layer.state_dict()), draw.normal(2, 5, D_MODEL) + 1
        for training in (True, False):
            layer.train(training)
            expect.close(layer(x), _by_formula(kind, wanted, x), tolerance=NEAR)


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


def _growth(expect, of_large, of_small, what):
    """How much larger something, `what` says which, becomes where x is a thousand times as large."""
    expect.true(_size(of_small) > 0, f"{what} has a root mean square of {_size(of_small)}; it ought to be above 0.")
    return _size(of_large) / _size(of_small)


@pytest.mark.points(2)
def test_plain_layers_have_no_residual_and_no_norm(student, draw, expect):
    """With sub-layers that give zero nothing is left; with inputs a thousand times larger the output grows as well."""
    layer, x = _layer(student, draw, "plain"), draw.normal(2, 5, D_MODEL)
    growth = _growth(expect, layer(1000 * x), layer(x), "The layer's output")
    message = f"With `x` 1000 times as large, the output is {growth:.3g} times as large; more than 100 times is wanted."
    expect.true(growth > 100, message)
    _without_sub_layers(layer)
    expect.close(layer(x), torch.zeros_like(x), "With all matrices and biases at zero, the result is not zero.")


@pytest.mark.points(2)
def test_residual_layers_have_no_norm(student, draw, expect):
    """With sub-layers that give zero x is left; what is added grows with x."""
    layer, x = _layer(student, draw, "residual"), draw.normal(2, 5, D_MODEL)
    growth = _growth(expect, layer(1000 * x) - 1000 * x, layer(x) - x, "What is added to `x`")
    message = (
        f"With `x` 1000 times as large, what is added is {growth:.3g} times as large; more than 100 times is wanted."
    )
    expect.true(growth > 100, message)
    _without_sub_layers(layer)
    expect.close(layer(x), x, "With all matrices and biases at zero, the result is not x.")


@pytest.mark.points(2)
def test_post_norm_layers_end_in_a_norm(student, draw, expect):
    """Every position comes out with mean 0 and variance 1; with sub-layers that give zero it is x, normalized."""
    layer, x = _layer(student, draw, "post_norm"), draw.normal(2, 5, D_MODEL) + 3
    y = layer(x)
    expect.close(y, F.layer_norm(y, (D_MODEL,)), "The result changes when it is normalized once more.", tolerance=1e-3)
    _without_sub_layers(layer)
    message = "With all matrices and biases at zero, the result is not x, normalized."
    expect.close(layer(x), F.layer_norm(x, (D_MODEL,)), message, tolerance=1e-3)


@pytest.mark.points(2)
def test_pre_norm_layers_add_to_what_is_not_normalized(student, draw, expect):
    """What is added has about the same size for a small x and a large one; with sub-layers that give zero x is left."""
    layer, x = _layer(student, draw, "pre_norm"), draw.normal(2, 5, D_MODEL)
    growth = _growth(expect, layer(1000 * x) - 1000 * x, layer(x) - x, "What is added to `x`")
    message = (
        f"With `x` 1000 times as large, what is added is {growth:.3g} times as large; 0.01 to 100 times is wanted."
    )
    expect.true(0.01 < growth < 100, message)
    _without_sub_layers(layer)
    expect.close(layer(x), x, "With all matrices and biases at zero, the result is not x.")


@pytest.mark.parametrize("kind", ["post_norm", "pre_norm"])
def test_norms_start_with_ones(student, draw, expect, kind):
    """The weights of the norms start at one."""
    for name, value in _layer(student, draw, kind).state_dict().items():
        if "norm" in name and name.endswith("weight"):
            expect.equal(value, torch.ones_like(value), f"`{name}` does not start at one.")


@pytest.mark.points(2)
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


def test_the_generator_goes_on(student, draw, expect):
    """Two stacks that are made with one generator, one after the other, are not the same."""
    generator = draw.generator()
    one, other = (_layers(student.make_stack("plain", 1, D_MODEL, N_HEADS, D_FF, generator))[0] for _ in range(2))
    for name, item in one.state_dict().items():
        if item.dim() > 1:
            expect.true(not torch.equal(item, other.state_dict()[name]), f"`{name}` is the same in both stacks.")


@pytest.mark.parametrize("kind", ["middle_norm", "prenorm", "pre", "Plain", "pre_norm ", ""])
def test_an_unknown_kind_is_refused(student, draw, expect, kind):
    """A kind that does not exist raises a ValueError that names it, also where a real one begins in the same way."""
    expect.raises(ValueError, student.make_stack, kind, 2, D_MODEL, N_HEADS, D_FF, draw.generator(), mentions=kind)


# -- the experiment -----------------------------------------------------------------------------------


@pytest.mark.points(2)
def test_the_experiment_measures_every_kind(student, draw, expect):
    """One list of `depth` norms for each of the four kinds."""
    came = student.gradient_flow_experiment(
        3, 15, 5, D_FF, draw.generator()
    )  # 15 has room for few other numbers of heads
    expect.equal(sorted(came), sorted(KINDS), "The keys of the result are not plain, residual, post_norm and pre_norm.")
    for kind in KINDS:
        expect.equal(len(came[kind]), 3, f"There are {len(came[kind])} norms for `{kind}` and 3 layers.")
        expect.finite(torch.tensor(came[kind]), f"A norm of `{kind}` is not finite.")
        message = f"The smallest norm of `{kind}` is {min(came[kind])}; it ought to be above 0."
        expect.true(min(came[kind]) > 0, message, actual=came[kind])


@pytest.mark.points(2)
def test_plain_stacks_lose_the_gradient_and_transformers_keep_it(student, draw, expect):
    """Over 12 layers the gradient of a plain stack falls below a hundredth; with residuals it does not vanish."""
    runs = [student.gradient_flow_experiment(12, 16, 4, 32, draw.generator()) for _ in range(5)]
    share = {}  # the first norm over the last: the geometric mean of five runs, which chance hardly moves
    for kind in KINDS:
        expect.true(
            all(min(run[kind]) > 0 for run in runs),
            f"In one run of five or in more, a norm of `{kind}` is not above 0.",
        )
        share[kind] = float(torch.tensor([run[kind][0] / run[kind][-1] for run in runs]).double().log().mean().exp())
    expect.less(share["plain"], 0.01, "The first norm over the last in the stack `plain`, a mean of five runs, is")
    for kind, low in (("residual", 0.3), ("post_norm", 0.02), ("pre_norm", 0.3)):
        message = f"The first norm over the last in the stack `{kind}`, a mean of five runs, is {share[kind]:.3g};"
        expect.true(share[kind] > low, f"{message} it ought to be above {low}.")
        plain = f"it ought to be above three times that of `plain`, {share['plain']:.3g}."
        expect.true(share[kind] > 3 * share["plain"], f"{message} {plain}")
    expect.less(
        share["pre_norm"], 100.0, "The first norm over the last in the stack `pre_norm`, a mean of five runs, is"
    )


class _Watched:
    """What goes through the layers of four stacks of one layer each: inputs, and the gradients at their outputs.

    Hooks of torch's own on the learner's side tell of every call of a module. Those that no other call encloses are
    the layers.
    """

    def __init__(self, student, draw):
        self.inputs, self.types, self.layers, self.gradients, self.depth = [], set(), [], [], 0
        torch_modules = student.imported("torch.nn.modules.module")
        hooks = [
            torch_modules.register_module_forward_pre_hook(self.before),
            torch_modules.register_module_forward_hook(self.after),
            torch_modules.register_module_backward_hook(self.backward),
        ]
        try:
            student.gradient_flow_experiment(1, 32, 2, 16, draw.generator())
        finally:
            for hook in hooks:
                hook.remove()

    def before(self, module, arguments):
        if self.depth == 0 and arguments:
            self.inputs.append(arguments[0].detach())
            self.types.add(str(module))
            self.layers.append(module)
        self.depth += 1

    def after(self, module, arguments, result):
        self.depth -= 1

    def backward(self, module, at_inputs, at_outputs):
        if str(module) in self.types and at_outputs[0] is not None:
            self.gradients.append(at_outputs[0])

    @staticmethod
    def commonest(found):
        """The tensor that came most often, and how often."""
        times = [sum(one.shape == two.shape and torch.allclose(one, two) for two in found) for one in found]
        return found[times.index(max(times))], max(times)


@pytest.mark.parametrize("what", ["x", "probe"])
def test_all_kinds_get_the_same_input_and_probe(student, draw, expect, what):
    """One `x` goes into the first layer of all four stacks, one `probe` into the last output of all four: N(0, 1)."""
    watched = _Watched(student, draw)
    found = watched.inputs if what == "x" else watched.gradients
    seen = f"{len(found)} values of {what} at the ends of layers were seen; four stacks have at least four."
    expect.true(len(found) >= 4, seen)
    value, times = watched.commonest(found)
    message = (
        f"Of {len(found)} values of {what} that were seen, at most {times} are alike; four kinds are to get the same."
    )
    expect.true(times >= 4, message)
    if what == "probe":
        x, _ = watched.commonest(watched.inputs)
        expect.true(
            not torch.equal(x, value), "The probe holds the same numbers as `x`; it is to be a draw of its own."
        )
    margin = 5 / value.numel() ** 0.5
    expect.between(value.double().mean(), -margin, margin, f"The mean of `{what}`, where N(0, 1) has 0:")
    expect.between(value.double().std(), 1 - margin, 1 + margin, f"The deviation of `{what}`, where N(0, 1) has 1:")


def test_another_generator_makes_other_stacks(student, draw, expect):
    """The weights of every stack come from the generator that the experiment is given."""
    watched = [_Watched(student, draw).layers for _ in range(2)]
    stacks = [[p.detach() for layer in layers for p in layer.parameters() if p.dim() > 1] for layers in watched]
    expect.true(len(stacks[0]) >= 4, f"{len(stacks[0])} matrices were seen in the layers; four stacks have more.")
    for first, second in zip(*stacks, strict=False):
        expect.true(not torch.equal(first, second), "A matrix is the same under two generators in different states.")


@pytest.mark.points(2)
def test_the_experiment_is_its_generators(student, expect):
    """The same seed gives the same norms; another seed, or a second call with one generator, gives others."""

    def norms(generator):
        return student.gradient_flow_experiment(2, D_MODEL, N_HEADS, D_FF, generator)

    generator = torch.Generator().manual_seed(3)
    first, second = norms(generator), norms(torch.Generator().manual_seed(3))
    again, other = norms(generator), norms(torch.Generator().manual_seed(4))
    for kind in KINDS:
        expect.close(second[kind], first[kind], f"`{kind}` differs between two runs of one seed.", tolerance=1e-4)
        expect.true(first[kind] != other[kind], f"`{kind}` is the same under another seed.", actual=first[kind])
        expect.true(
            first[kind] != again[kind],
            f"A second call with the same generator gives the same norms of `{kind}`.",
            actual=first[kind],
        )


@pytest.mark.hidden
@pytest.mark.points(2)
def test_a_deeper_stack_of_other_sizes(student, draw, expect):
    """Five layers with four heads and a wide feed-forward network: norms of each kind, from the first to the last."""
    x, probe = draw.normal(1, 7, 12), draw.normal(1, 7, 12)
    for kind in KINDS:
        stack = _in_float64(student.make_stack(kind, 5, 12, 4, 30, draw.generator()))
        expect.close(student.gradient_norms(stack, x, probe), _wanted(stack, x, probe))
