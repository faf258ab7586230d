"""AdamW's update, step by step, its state and its groups; and which parameters decay."""

import itertools

import pytest
import torch
from model_checks import nn_of, tied_layers


class ByHand:
    """The update of the brief on plain tensors, to compare with."""

    def __init__(self, theta, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.01):
        self.theta, self.lr, self.betas, self.eps, self.decay = theta.clone(), lr, betas, eps, weight_decay
        self.m, self.v, self.t = torch.zeros_like(theta), torch.zeros_like(theta), 0

    def step(self, g):
        beta1, beta2 = self.betas
        self.t += 1
        self.m = beta1 * self.m + (1 - beta1) * g
        self.v = beta2 * self.v + (1 - beta2) * g * g
        m_hat, v_hat = self.m / (1 - beta1**self.t), self.v / (1 - beta2**self.t)
        self.theta = self.theta - self.lr * self.decay * self.theta - self.lr * m_hat / (torch.sqrt(v_hat) + self.eps)
        return self.theta


def layer_with(student, **values):
    """An nn.Linear(3, 2) of the learner's side, in float64, with these values."""
    layer = nn_of(student).Linear(3, 2).double()
    layer.load_state_dict(values)
    return layer


def add_gradients(layer, weight, bias):
    """Make these the gradients of a Linear(3, 2), which has none: one backward pass with chosen inputs."""
    x = torch.cat([torch.eye(3, dtype=torch.float64), torch.zeros(1, 3, dtype=torch.float64)])
    cotangent = torch.cat([weight.T, (bias - weight.sum(1))[None]])
    (layer(x) * cotangent).sum().backward()


def run(student, draw, expect, steps, zero=True, scale=1.0, **settings):
    """Several steps of the learner's AdamW and the same by hand, compared after each."""
    weight, bias = draw.normal(2, 3), draw.normal(2)
    layer = layer_with(student, weight=weight, bias=bias)
    optimizer = student.AdamW(layer.parameters(), **settings)
    wanted = {"weight": ByHand(weight, **settings), "bias": ByHand(bias, **settings)}
    for number in range(1, steps + 1):
        grads = {"weight": draw.normal(2, 3, scale=scale), "bias": draw.normal(2, scale=scale)}
        optimizer.zero_grad()
        add_gradients(layer, **grads)
        optimizer.step()
        values = layer.named_parameters()
        for name, byhand in wanted.items():
            byhand.step(grads[name])
            expect.close(values[name], byhand.theta, f"`{name}` is wrong after step {number}.")


@pytest.mark.points(5)
def test_the_first_step_by_hand(student, draw, expect):
    """θ = 1, g = 0.5, lr = 0.1, decay 0.1: θ becomes 0.89."""
    one = torch.ones(2, 3, dtype=torch.float64)
    layer = layer_with(student, weight=one, bias=one[:, 0])
    optimizer = student.AdamW(layer.parameters(), lr=0.1, weight_decay=0.1)
    add_gradients(layer, 0.5 * one, 0.5 * one[:, 0])
    optimizer.step()
    expect.close(layer.named_parameters()["weight"], 0.89 * one)


@pytest.mark.points(5)
def test_several_steps_without_decay(student, draw, expect):
    """Four steps without decay move the parameters as the two running means, corrected, say."""
    run(student, draw, expect, 4, lr=0.03, weight_decay=0.0)


@pytest.mark.points(5)
def test_several_steps_with_decay(student, draw, expect):
    """The decay is lr · weight_decay · θ, whatever the gradients are."""
    run(student, draw, expect, 4, lr=0.03, weight_decay=0.4)


@pytest.mark.points(5)
def test_betas_have_their_places(student, draw, expect):
    """The first beta is for the gradients, the second for their squares."""
    for betas in ((0.6, 0.95), (0.0, 0.8), (0.7, 0.0)):
        run(student, draw, expect, 3, lr=0.02, betas=betas, weight_decay=0.0)


@pytest.mark.points(0.5)
@pytest.mark.parametrize("eps", [0.1, pytest.param(3.0, marks=pytest.mark.hidden)])
def test_eps_is_added_to_the_root(student, draw, expect, eps):
    """`eps` stands outside the square root, beside the corrected v."""
    run(student, draw, expect, 3, lr=0.05, eps=eps, weight_decay=0.0)


@pytest.mark.points(0.5)
def test_the_default_eps_is_pytorchs(student, draw, expect):
    """Without one, `eps` is 1e-8: gradients of that size take half a step."""
    run(student, draw, expect, 2, lr=0.05, scale=1e-8, weight_decay=0.0)


@pytest.mark.hidden
def test_small_gradients_take_steps_as_large(student, draw, expect):
    """Gradients of a ten-thousandth move the parameters as far: the scale cancels."""
    run(student, draw, expect, 3, lr=0.05, scale=1e-4, eps=1e-14, weight_decay=0.0)


def test_the_defaults_are_pytorchs(student, draw, expect):
    """The defaults are lr 0.001, betas (0.9, 0.999), eps 1e-8 and weight decay 0.01."""
    run(student, draw, expect, 2)


@pytest.mark.points(0.5)
def test_the_gradients_are_only_read(student, draw, expect):
    """A step does not change the gradients."""
    weight, bias = draw.normal(2, 3), draw.normal(2)
    layer = layer_with(student, weight=draw.normal(2, 3), bias=draw.normal(2))
    optimizer = student.AdamW(layer.parameters(), lr=0.1, weight_decay=0.5)
    add_gradients(layer, weight, bias)
    optimizer.step()
    expect.close(layer.gradients()["weight"], weight, "After `step` the gradient of `weight` is not what it was.")


@pytest.mark.points(0.5)
@pytest.mark.parametrize("resting", ["weight", "bias"])
def test_a_parameter_without_a_gradient_is_left_alone(student, draw, expect, resting):
    """Without a gradient a parameter is not moved, does not decay and counts no step; the other one goes on."""
    settings = {"lr": 0.1, "weight_decay": 0.3}
    values = {"weight": draw.normal(2, 3), "bias": draw.normal(2)}
    layer = layer_with(student, **values)
    optimizer = student.AdamW(layer.parameters(), **settings)
    wanted = {name: ByHand(value, **settings) for name, value in values.items()}
    for number, rests in enumerate((True, False, True, False), start=1):
        layer.parameters()[list(wanted).index(resting)].requires_grad_(not rests)
        optimizer.zero_grad()
        grads = {"weight": draw.normal(2, 3), "bias": draw.normal(2)}
        add_gradients(layer, **grads)
        optimizer.step()
        came = layer.named_parameters()
        for name, byhand in wanted.items():
            if not rests or name != resting:
                byhand.step(grads[name])
            message = f"In steps 1 and 3 `{resting}` has no gradient. After step {number} `{name}` is wrong."
            expect.close(came[name], byhand.theta, message)


def test_a_gradient_of_zeros_is_a_gradient(student, draw, expect):
    """Where the gradient of a parameter is all zeros, its running means still move and it decays."""
    weight = draw.normal(2, 3)
    layer, byhand = layer_with(student, weight=weight, bias=draw.normal(2)), ByHand(weight, lr=0.1, weight_decay=0.3)
    optimizer = student.AdamW(layer.parameters(), lr=0.1, weight_decay=0.3)
    for g in (draw.normal(2, 3), torch.zeros(2, 3, dtype=torch.float64), draw.normal(2, 3)):
        optimizer.zero_grad()
        add_gradients(layer, g, torch.ones(2, dtype=torch.float64))
        optimizer.step()
        expect.close(layer.named_parameters()["weight"], byhand.step(g))


@pytest.mark.points(0.5)
def test_parameters_may_come_once(student, draw, expect):
    """An iterator over the parameters, which can be gone through only once, does as well as a list."""
    weight, g = draw.normal(2, 3), draw.normal(2, 3)
    layer = layer_with(student, weight=weight, bias=draw.normal(2))
    optimizer = student.AdamW(iter(layer.parameters()), lr=0.1)
    add_gradients(layer, g, draw.normal(2))
    optimizer.step()
    expect.close(layer.named_parameters()["weight"], ByHand(weight, lr=0.1).step(g))


@pytest.mark.points(0.5)
@pytest.mark.parametrize("places", [(0, 1), (0, 0)], ids=["a layer each", "one layer"])
def test_two_optimizers_share_nothing(student, draw, expect, places):
    """Two optimizers that take turns each remember their own gradients and count their own steps."""
    weights = [draw.normal(2, 3) for _ in range(2)]
    layers = [layer_with(student, weight=weight, bias=draw.normal(2)) for weight in weights]
    optimizers = [student.AdamW(layers[place].parameters(), lr=0.1) for place in places]
    byhand = [ByHand(weights[place], lr=0.1) for place in places]
    for number in (0, 1, 1, 0):
        g, place = draw.normal(2, 3), places[number]
        optimizers[number].zero_grad()
        add_gradients(layers[place], g, draw.normal(2))
        optimizers[number].step()
        byhand[number].theta = weights[place]
        weights[place] = byhand[number].step(g)
        expect.close(layers[place].named_parameters()["weight"], weights[place])


def test_settings_are_read_at_each_step(student, draw, expect):
    """Settings of a group that are changed between two steps count from the next step on."""
    weight = draw.normal(2, 3)
    layer, byhand = layer_with(student, weight=weight, bias=draw.normal(2)), ByHand(weight)
    optimizer = student.AdamW(layer.parameters())
    for lr, betas, eps, decay in (
        (0.1, (0.9, 0.99), 1e-8, 0.3),
        (0.02, (0.9, 0.99), 0.2, 0.3),
        (0.02, (0.5, 0.7), 0.2, 0.1),
        (0.0, (0.5, 0.7), 0.2, 0.1),  # as in the first step of a warm-up: the means go on
        (0.3, (0.6, 0.9), 1e-8, 0.0),
    ):
        saved = optimizer.state_dict()
        for group in saved["param_groups"]:
            group.update(lr=lr, betas=betas, eps=eps, weight_decay=decay)
        optimizer.load_state_dict(saved)
        byhand.lr, byhand.betas, byhand.eps, byhand.decay = lr, betas, eps, decay
        g = draw.normal(2, 3)
        optimizer.zero_grad()
        add_gradients(layer, g, draw.normal(2))
        optimizer.step()
        message = f"`weight` is wrong after a step with lr {lr}, betas {betas}, eps {eps} and weight_decay {decay}."
        expect.close(layer.named_parameters()["weight"], byhand.step(g), message)


def test_each_group_has_its_own_settings(student, draw, expect):
    """Groups with settings of their own keep to them."""
    weight, bias = draw.normal(2, 3), draw.normal(2)
    layer = layer_with(student, weight=weight, bias=bias)
    a, b = layer.parameters()
    first = {"lr": 0.3, "betas": (0.9, 0.99), "eps": 1e-6, "weight_decay": 0.2}
    second = {"lr": 0.01, "betas": (0.5, 0.7), "eps": 0.1, "weight_decay": 0.0}
    optimizer = student.AdamW([{"params": [a], **first}, {"params": [b], **second}], lr=0.1)
    byhand = [ByHand(weight, **first), ByHand(bias, **second)]
    for _ in range(2):
        grads = draw.normal(2, 3), draw.normal(2)
        optimizer.zero_grad()
        add_gradients(layer, *grads)
        optimizer.step()
        wanted = [item.step(g) for item, g in zip(byhand, grads, strict=True)]
    values = layer.named_parameters()
    expect.close(values["weight"], wanted[0])
    expect.close(values["bias"], wanted[1])


def test_the_state_goes_on_after_saving_and_loading(student, draw, expect):
    """A new optimizer that loads the state dict goes on as the old one would have, at the loaded learning rate."""
    weight, bias = draw.normal(2, 3), draw.normal(2)
    layer, byhand = layer_with(student, weight=weight, bias=bias), ByHand(weight, lr=0.1)
    old = student.AdamW(layer.parameters(), lr=0.1)
    for _ in range(2):
        grads = draw.normal(2, 3), draw.normal(2)
        old.zero_grad()
        add_gradients(layer, *grads)
        old.step()
        byhand.step(grads[0])
    saved = old.state_dict()
    for group in saved["param_groups"]:
        group["lr"] = 0.02
    byhand.lr = 0.02
    new = student.AdamW(layer.parameters(), lr=0.5)
    new.load_state_dict(saved)
    new.zero_grad()
    grads = draw.normal(2, 3), draw.normal(2)
    add_gradients(layer, *grads)
    new.step()
    expect.close(
        layer.named_parameters()["weight"],
        byhand.step(grads[0]),
        "`weight` is wrong after two steps, and a third with lr 0.02 by a new optimizer that loaded the state dict."
        " A state dict holds what stands in `self.state` and in the groups.",
    )


@pytest.mark.points(0.5)
def test_a_closure_is_called_first(student, draw, expect):
    """`step(closure)` calls it, before anything else, and returns its loss; without one it returns None."""
    weight = draw.normal(2, 3)
    layer = layer_with(student, weight=weight, bias=draw.normal(2))
    settings = {"lr": 0.1, "betas": (0.9, 0.999), "eps": 1e-8, "weight_decay": 0.1}
    optimizer = student.AdamW([{"params": [p], **settings} for p in layer.parameters()])
    calls = []

    def closure():
        calls.append(1)
        return torch.tensor(2.5)

    expect.equal(optimizer.step(), None, "Without a closure `step` does not return None.")
    came = optimizer.step(closure)
    expect.equal(len(calls), 1, f"One `step` with two groups called the closure {len(calls)} times, not once.")
    expect.close(came, torch.tensor(2.5), "`step` does not return what the closure returned.")
    x = draw.normal(4, 3)
    add_gradients(layer, torch.ones(2, 3, dtype=torch.float64), torch.ones(2, dtype=torch.float64))
    with torch.no_grad():
        before = layer(x)
    came = optimizer.step(student.imported("functools").partial(layer, x))
    message = "What the closure computes from the parameters is not what they gave before `step`."
    expect.close(came.detach(), before, message)


@pytest.mark.points(0.5)
def test_a_closure_is_called_with_gradients_on(student, draw, expect):
    """While the closure runs, gradients are on: it calls `backward`."""
    layer = layer_with(student, weight=draw.normal(2, 3), bias=draw.normal(2))
    optimizer = student.AdamW(layer.parameters(), lr=0.1)
    came = optimizer.step(student.imported("functools").partial(layer, draw.normal(4, 3)))
    expect.shape(came, (4, 2), "`step` does not return what the closure returned.")
    expect.true(came.requires_grad, "What the closure computes from the parameters comes back without `requires_grad`.")


@pytest.mark.points(0.25)
@pytest.mark.parametrize(
    "bad",
    [
        *({"lr": -0.25}, {"eps": -0.5}, {"weight_decay": -0.125}, {"betas": (0.9, 1.5)}, {"betas": (-0.75, 0.9)}),
        *({"betas": (1.0, 0.9)}, {"betas": (0.9, 1.0)}, {"betas": (0.9, -0.25)}),
        pytest.param({"betas": (1.25, 0.9)}, marks=pytest.mark.hidden),
    ],
    ids=str,
)
def test_settings_out_of_range_are_refused(student, expect, bad):
    """A negative lr, eps or decay, or a beta outside [0, 1), raises a ValueError that gives the value."""
    layer = nn_of(student).Linear(3, 2)
    value = next(iter(bad.values()))
    mentions = next(beta for beta in value if not 0 <= beta < 1) if isinstance(value, tuple) else value
    expect.raises(ValueError, student.AdamW, layer.parameters(), **bad, mentions=mentions)


@pytest.mark.points(0.25)
@pytest.mark.parametrize("name", ["lr", "eps", "weight_decay"])
def test_settings_of_zero_are_allowed(student, draw, expect, name):
    """An lr, an eps or a decay of exactly 0 is not negative, and is taken as it is."""
    run(student, draw, expect, 2, **{name: 0.0})


@pytest.mark.points(0.5)
def test_float32_parameters_stay_float32(student, draw, expect):
    """The update keeps the parameter's dtype."""
    weight, bias, g = draw.normal(2, 3, dtype=torch.float32), torch.zeros(2), draw.normal(2, 3, dtype=torch.float32)
    layer = nn_of(student).Linear(3, 2)
    layer.load_state_dict({"weight": weight, "bias": bias})
    optimizer = student.AdamW(layer.parameters(), lr=0.1)
    x = torch.cat([torch.eye(3), torch.zeros(1, 3)])
    (layer(x) * torch.cat([g.T, -g.sum(1)[None]])).sum().backward()
    optimizer.step()
    expect.close(layer.named_parameters()["weight"], ByHand(weight, lr=0.1).step(g))


# -- groups -----------------------------------------------------------------------------------------------


def shapes(group):
    """The shapes in a group in words, `4×3, 5×4`, in order of size."""
    return in_words(sorted((tuple(p.shape) for p in group["params"]), key=lambda shape: (len(shape), shape)))


def in_words(shapes):
    return ", ".join("×".join(str(n) for n in shape) or "one number" for shape in shapes)


@pytest.mark.points(4)
def test_matrices_decay_and_vectors_do_not(student, expect):
    """Weights of two axes decay; biases and the gains of norms do not."""
    model = nn_of(student).Sequential(
        nn_of(student).Linear(3, 4), nn_of(student).LayerNorm(4), nn_of(student).Linear(4, 5, bias=False)
    )
    groups = student.parameter_groups(model, 0.25)
    expect.equal(len(groups), 2, "The number of groups is not two.")
    expect.equal([group["weight_decay"] for group in groups], [0.25, 0.0], "The decay is not 0.25 and then 0.0.")
    expect.equal(shapes(groups[0]), "4×3, 5×4", "The shapes in the first group are not those of the two matrices.")
    expect.equal(shapes(groups[1]), "4, 4, 4", "The shapes in the second group are not those of the bias and the norm.")


@pytest.mark.points(0.5)
def test_embeddings_decay_too(student, expect):
    """An embedding table has two axes and decays; so does a parameter of three."""
    model = nn_of(student).Sequential(nn_of(student).Embedding(7, 3), nn_of(student).Conv1d(3, 2, 5))
    groups = student.parameter_groups(model, 0.1)
    expect.equal(shapes(groups[0]), "7×3, 2×3×5", "The shapes in the first group are not those of the two weights.")
    expect.equal(shapes(groups[1]), "2", "The shapes in the second group are not that of the bias alone.")


@pytest.mark.points(0.5)
def test_names_do_not_matter(student, expect):
    """Tables and matrices decay whatever their names are; it is the number of axes that counts."""
    nn = nn_of(student)
    parts = {"token_embedding": nn.Embedding(7, 3), "wte": nn.Embedding(5, 3), "position_bias": nn.Embedding(6, 3)}
    model = nn.ModuleDict({**parts, "embedding_norm": nn.Linear(3, 4), "embed": nn.Linear(3, 2)})
    groups = student.parameter_groups(model, 0.1)
    expect.equal(shapes(groups[0]), "2×3, 4×3, 5×3, 6×3, 7×3", "The shapes in the first group are not the matrices'.")
    expect.equal(shapes(groups[1]), "2, 4", "The shapes in the second group are not those of the two biases.")


@pytest.mark.points(0.5)
def test_a_group_may_be_empty(student, expect):
    """Two groups are returned, also for a model without biases and norms, or without matrices."""
    nn = nn_of(student)
    for model, wanted in ((nn.Linear(3, 2, bias=False), ["2×3", ""]), (nn.LayerNorm(4), ["", "4, 4"])):
        groups = student.parameter_groups(model, 0.25)
        expect.equal(len(groups), 2, "The number of groups is not two; one may be empty.")
        expect.equal([group["weight_decay"] for group in groups], [0.25, 0.0], "The decay is not 0.25 and then 0.0.")
        expect.equal([shapes(group) for group in groups], wanted, "The shapes in the two groups are wrong.")


@pytest.mark.points(0.5)
def test_a_shared_parameter_stands_in_one_group_once(student, expect):
    """A parameter under two names is listed once; an optimizer would move it twice."""
    shared = nn_of(student).Linear(4, 4)
    model = nn_of(student).Sequential(shared, nn_of(student).Tanh(), shared)
    groups = student.parameter_groups(model, 0.1)
    message = "The groups of a model that uses a layer twice do not hold its weight and its bias, each once."
    expect.equal([shapes(group) for group in groups], ["4×4", "4"], message)
    groups = student.parameter_groups(tied_layers(student), 0.1)
    message = "The groups of two layers that share a weight do not hold it once, and two biases."
    expect.equal([shapes(group) for group in groups], ["3×3", "3, 3"], message)


@pytest.mark.points(0.5)
def test_groups_keep_the_models_order(student, expect):
    """Inside a group the parameters stand in the model's order, so that a saved optimizer finds them again."""
    widths = [3, 8, 2, 9, 4, 7, 5, 11, 6, 12, 10, 13, 1]  # twelve layers: by name, number 10 comes before number 2
    sizes = list(itertools.pairwise(widths))
    model = nn_of(student).Sequential(*[nn_of(student).Linear(*size) for size in sizes])
    groups = student.parameter_groups(model, 0.1)
    matrices, biases = ("matrices", [(b, a) for a, b in sizes]), ("biases", [(b,) for _, b in sizes])
    for group, (what, wanted) in zip(groups, (matrices, biases), strict=True):
        came = in_words(tuple(p.shape) for p in group["params"])
        expect.equal(came, in_words(wanted), f"The group does not hold the {what} in the model's order.")


@pytest.mark.points(0.5)
def test_the_gains_of_every_norm_are_spared(student, expect):
    """It is the number of axes that counts, not the kind of the module: an RMSNorm's gain does not decay."""
    nn = nn_of(student)
    groups = student.parameter_groups(nn.Sequential(nn.RMSNorm(3), nn.Linear(3, 5), nn.GroupNorm(1, 7)), 0.1)
    message = "The shapes in the two groups are wrong; only the matrix is to decay."
    expect.equal([shapes(group) for group in groups], ["5×3", "3, 5, 7, 7"], message)


@pytest.mark.points(0.5)
def test_a_single_number_does_not_decay(student, expect):
    """A parameter without axes, such as a temperature that is learned, is one of the others."""
    groups = student.parameter_groups(nn_of(student).ParameterList([torch.tensor(2.0), torch.ones(3, 4)]), 0.1)
    expect.equal([shapes(group) for group in groups], ["3×4", "one number"], "The shapes in the two groups are wrong.")
