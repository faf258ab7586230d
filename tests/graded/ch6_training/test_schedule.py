"""The learning rate of every step, and clipping by the norm of all gradients together."""

import math

import pytest
import torch
from model_checks import nn_of


def rate(step, max_lr, min_lr, warmup_steps, total_steps):
    """The brief's three lines."""
    if step >= total_steps:
        return min_lr
    if step < warmup_steps:
        return step / warmup_steps * max_lr
    progress = (step - warmup_steps) / (total_steps - warmup_steps)
    return min_lr + (max_lr - min_lr) * (1 + math.cos(math.pi * progress)) / 2


@pytest.mark.points(3)
def test_the_curve_of_the_brief(student, expect):
    """With 2 steps of warm-up of 6, from 1 down to 0, the rates of steps 0 to 7 are those of the brief."""
    came = [student.cosine_with_warmup(step, 1.0, 0.0, 2, 6) for step in range(8)]
    expect.close(came, [0.0, 0.5, 1.0, 0.5 + math.sqrt(0.125), 0.5, 0.5 - math.sqrt(0.125), 0.0, 0.0])


@pytest.mark.points(2)
def test_the_warm_up_is_a_line_through_zero(student, draw, expect):
    """At step s of the warm-up the rate is max_lr · s / warmup_steps."""
    warmup, max_lr = draw.integer(5, 9), draw.uniform(0.1, 0.9)
    for step in range(warmup):
        came = student.cosine_with_warmup(step, max_lr, 0.05, warmup, 40)
        expect.close(came, max_lr * step / warmup, f"The rate of step {step} of {warmup} steps of warm-up is wrong.")


def test_it_is_highest_where_the_warm_up_ends(student, draw, expect):
    """Step `warmup_steps` has exactly `max_lr`."""
    warmup, max_lr = draw.integer(2, 9), draw.uniform(0.1, 0.9)
    expect.close(student.cosine_with_warmup(warmup, max_lr, 0.02, warmup, 50), max_lr)


@pytest.mark.points(3)
def test_the_cosine_falls_to_min_lr(student, draw, expect):
    """Between warm-up and end the rate follows half a cosine from max_lr to min_lr."""
    warmup, total = draw.integer(3, 8), draw.integer(20, 40)
    max_lr, min_lr = draw.uniform(0.5, 0.9), draw.uniform(0.05, 0.2)
    for step in draw.shuffled(range(warmup + 1, total))[:8]:
        came = student.cosine_with_warmup(step, max_lr, min_lr, warmup, total)
        expect.close(came, rate(step, max_lr, min_lr, warmup, total), f"The rate of step {step} is wrong.")


@pytest.mark.points(2)
def test_it_stays_at_min_lr_after_the_end(student, draw, expect):
    """At `total_steps` and ever after the rate is `min_lr`: the cosine does not rise again."""
    total = draw.integer(20, 40)
    for step in (total, total + 1, total + 7, 2 * total, 2 * total - 5, 10 * total):
        expect.close(
            student.cosine_with_warmup(step, 0.8, 0.1, 5, total), 0.1, f"The rate of step {step} of {total} is wrong."
        )


@pytest.mark.points(0.5)
def test_there_may_be_no_warm_up(student, expect):
    """Without warm-up step 0 has max_lr, and the cosine falls from there."""
    came = [student.cosine_with_warmup(step, 0.4, 0.2, 0, 4) for step in range(6)]
    expect.close(came, [rate(step, 0.4, 0.2, 0, 4) for step in range(6)])


@pytest.mark.points(0.5)
def test_there_may_be_nothing_but_warm_up(student, expect):
    """A warm-up as long as the whole ends in min_lr, and divides by no zero."""
    came = [student.cosine_with_warmup(step, 0.4, 0.1, 4, 4) for step in range(6)]
    expect.close(came, [0.0, 0.1, 0.2, 0.3, 0.1, 0.1])


@pytest.mark.points(0.5)
def test_a_warm_up_longer_than_the_whole_is_refused(student, expect):
    """More steps of warm-up than steps raise a ValueError that gives the number, whatever step is asked for."""
    for step in (3, 14, 20):
        expect.raises(ValueError, student.cosine_with_warmup, step, 0.4, 0.1, 17, 12, mentions=(17, 12))


# -- clipping ---------------------------------------------------------------------------------------------


def layers_with(student, *gradients):
    """Two Linear(3, 2) of the learner's side in one module, with these gradients for their weights."""
    model = nn_of(student).ModuleList([nn_of(student).Linear(3, 2, bias=False) for _ in gradients]).double()
    for place, gradient in enumerate(gradients):
        if gradient is not None:
            x = torch.eye(3, dtype=torch.float64)
            (model[place](x) * gradient.T).sum().backward()
    return model


def norm_of(*gradients):
    return torch.cat([g.reshape(-1) for g in gradients]).square().sum().sqrt()


def number(expect, value):
    """The norm that came, a number or a tensor of one element, as a number."""
    if isinstance(value, torch.Tensor):
        expect.equal(value.numel(), 1, f"The norm is a tensor of {value.numel()} numbers, not of one.")
        return float(value.detach())
    return float(value)


@pytest.mark.points(3)
def test_the_example_of_the_brief(student, expect):
    """Gradients [3] and [4] have the norm 5; clipped to 1 they are [0.6] and [0.8]."""
    model = nn_of(student).ModuleList([nn_of(student).Linear(1, 1, bias=False) for _ in range(2)]).double()
    for place, value in enumerate([3.0, 4.0]):
        (model[place](torch.ones(1, 1, dtype=torch.float64)) * value).sum().backward()
    norm = student.clip_gradients(model.parameters(), 1.0)
    expect.close(number(expect, norm), 5.0, "The norm of the gradients 3 and 4 did not come back as 5.")
    expect.close(model.gradients()["0.weight"], torch.tensor([[0.6]], dtype=torch.float64), tolerance=1e-5)
    expect.close(model.gradients()["1.weight"], torch.tensor([[0.8]], dtype=torch.float64), tolerance=1e-5)


@pytest.mark.points(3)
def test_long_gradients_are_scaled_together(student, draw, expect):
    """All gradients are scaled by one factor, so that their common norm is `max_norm`."""
    a, b, c = draw.normal(2, 3, scale=4.0), draw.normal(2, 3, scale=0.3), draw.normal(2, 3)
    model, norm = layers_with(student, a, b, c), norm_of(a, b, c)
    student.clip_gradients(model.parameters(), 0.7)
    for name, gradient in zip(("0", "1", "2"), (a, b, c), strict=True):
        expect.close(model.gradients()[f"{name}.weight"], gradient * 0.7 / norm, tolerance=1e-5)


@pytest.mark.points(2)
def test_short_gradients_stay_as_they_are(student, draw, expect):
    """Where the norm is below `max_norm`, nothing changes."""
    a, b = draw.normal(2, 3, scale=0.1), draw.normal(2, 3, scale=0.1)
    model = layers_with(student, a, b)
    student.clip_gradients(model.parameters(), 10.0 * float(norm_of(a, b)))
    expect.close(model.gradients()["0.weight"], a)
    expect.close(model.gradients()["1.weight"], b)


@pytest.mark.points(0.5)
@pytest.mark.parametrize(("length", "max_norm"), [(2.0, 3.0), (0.8, 0.7)])
def test_the_norm_itself_is_compared(student, draw, expect, length, max_norm):
    """A norm of 2 is below 3 and changes nothing; 0.8 is above 0.7 and is scaled. Their squares would not tell so."""
    a, b = draw.normal(2, 3), draw.normal(2, 3)
    a, b = (gradient * length / norm_of(a, b) for gradient in (a, b))
    model, factor = layers_with(student, a, b), min(1.0, max_norm / length)
    student.clip_gradients(model.parameters(), max_norm)
    expect.close(model.gradients()["0.weight"], a * factor, tolerance=1e-5)
    expect.close(model.gradients()["1.weight"], b * factor, tolerance=1e-5)


@pytest.mark.parametrize("share", [0.2, 5.0])
def test_the_norm_before_clipping_comes_back(student, draw, expect, share):
    """The result is the norm of all gradients as they were."""
    a, b = draw.normal(2, 3), draw.normal(2, 3)
    model, norm = layers_with(student, a, b), float(norm_of(a, b))
    came = student.clip_gradients(model.parameters(), share * norm)
    expect.close(number(expect, came), norm, "What came back is not the norm of all gradients before clipping.")


@pytest.mark.points(0.5)
def test_parameters_may_come_once(student, draw, expect):
    """`model.parameters()` is an iterator: what was gone through once does not come again."""
    a, b = draw.normal(2, 3, scale=3.0), draw.normal(2, 3, scale=3.0)
    model, norm = layers_with(student, a, b), norm_of(a, b)
    came = student.clip_gradients(iter(model.parameters()), 0.5)
    expect.close(number(expect, came), float(norm))
    expect.close(model.gradients()["1.weight"], b * 0.5 / norm, tolerance=1e-5)


def test_parameters_may_have_different_shapes(student, draw, expect):
    """A matrix and a vector count as one long vector."""
    layer, x, cotangent = nn_of(student).Linear(3, 2).double(), draw.normal(4, 3), draw.normal(4, 2)
    (layer(x) * cotangent).sum().backward()
    weight, bias = cotangent.T @ x, cotangent.sum(0)
    norm = norm_of(weight, bias)
    came = student.clip_gradients(layer.parameters(), 0.5 * float(norm))
    expect.close(number(expect, came), float(norm))
    expect.close(layer.gradients()["weight"], weight / 2, tolerance=1e-5)
    expect.close(layer.gradients()["bias"], bias / 2, tolerance=1e-5)


def test_each_call_clips_by_its_own_norm(student, draw, expect):
    """A second call, with other gradients and another `max_norm`, has a norm and a factor of its own."""
    for max_norm in (0.5, 2.0):
        a, b = draw.normal(2, 3, scale=3.0), draw.normal(2, 3, scale=3.0)
        model, norm = layers_with(student, a, b), norm_of(a, b)
        expect.close(number(expect, student.clip_gradients(model.parameters(), max_norm)), float(norm))
        expect.close(model.gradients()["0.weight"], a * max_norm / norm, tolerance=1e-5)


def test_a_parameter_without_a_gradient_is_passed_over(student, draw, expect):
    """A gradient of None has no length, and stays None."""
    a, c = draw.normal(2, 3, scale=3.0), draw.normal(2, 3, scale=3.0)
    model, norm = layers_with(student, a, None, c), norm_of(a, c)
    came = student.clip_gradients(model.parameters(), 0.5)
    expect.close(number(expect, came), float(norm))
    gradients = model.gradients()
    expect.close(gradients["2.weight"], c * 0.5 / norm, tolerance=1e-5)
    expect.true(gradients["1.weight"] is None, "A parameter without a gradient was given one.")


@pytest.mark.points(0.5)
def test_the_gradient_of_a_frozen_parameter_counts(student, draw, expect):
    """A parameter that was frozen after the backward pass still has its gradient, which is measured and scaled."""
    a, b = draw.normal(2, 3, scale=3.0), draw.normal(2, 3, scale=3.0)
    model, norm = layers_with(student, a, b), norm_of(a, b)
    model.parameters()[1].requires_grad_(False)
    expect.close(number(expect, student.clip_gradients(model.parameters(), 0.5)), float(norm))
    expect.close(model.gradients()["1.weight"], b * 0.5 / norm, tolerance=1e-5)


@pytest.mark.points(0.5)
def test_gradients_of_zero_stay_zero(student, expect):
    """A norm of zero divides nothing: no NaN."""
    zero = torch.zeros(2, 3, dtype=torch.float64)
    model = layers_with(student, zero, zero)
    expect.close(number(expect, student.clip_gradients(model.parameters(), 1.0)), 0.0)
    expect.close(model.gradients()["0.weight"], zero)


@pytest.mark.points(0.5)
def test_the_gradients_are_scaled_where_they_are(student, draw, expect):
    """Whoever holds on to a gradient sees it scaled: it is changed in place, not replaced."""
    a, b = draw.normal(2, 3, scale=3.0), draw.normal(2, 3, scale=3.0)
    model, norm = layers_with(student, a, b), norm_of(a, b)
    gradient_of = student.imported("operator").attrgetter("grad")
    held = student.imported("collections").deque(student.imported("builtins").map(gradient_of, model.parameters()))
    student.clip_gradients(model.parameters(), 0.5)
    for came, gradient in zip((held[0], held[1]), (a, b), strict=True):
        message = "The gradient's tensor from before the call does not hold the scaled gradient."
        expect.close(came, gradient * 0.5 / norm, message, tolerance=1e-5)


@pytest.mark.points(0.5)
def test_no_gradient_at_all_is_no_error(student, expect):
    """Before the first backward pass the norm is 0."""
    model = layers_with(student, None, None)
    expect.close(number(expect, student.clip_gradients(model.parameters(), 1.0)), 0.0)


@pytest.mark.parametrize("bad", [0.0, -0.75, pytest.param(-2.0, marks=pytest.mark.hidden)])
@pytest.mark.points(0.25)
def test_a_max_norm_that_is_not_above_zero_is_refused(student, draw, expect, bad):
    """A `max_norm` of 0 or less raises a ValueError that gives it, with gradients or without."""
    for gradient in (draw.normal(2, 3), None):
        model = layers_with(student, gradient)
        expect.raises(ValueError, student.clip_gradients, model.parameters(), bad, mentions=bad)
