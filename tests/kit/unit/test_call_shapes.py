"""What several calls of each side show, in sentences: each is said where it holds, and not where it does not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from grader.protocol.wire import Unsendable
from grader.tester.answers import Answer, Answers, Gradients, Observed, differ
from grader.tester.call_shapes import sentences
from grader.tester.opaque import Opaque
from grader.tester.variations import Change, Kind, variations

A, B, C = (np.random.default_rng(seed).normal(size=(3, 4)) for seed in range(3))


def given(value: Any) -> Answer:
    return Answer(value, given=True)


def fixed(value: Any, **more: Any) -> Answers:
    """The same answer every time."""
    again = given(value)
    return Answers(again, again, again, again, again, **more)


def told(learner: Answers, reference: Answers, **more: Any) -> list[str]:
    return list(sentences(Observed(learner, reference, **more)))


# -- the same call more than once ---------------------------------------------------------------------


def test_equal_calls_that_differ_under_one_seed() -> None:
    found = told(Answers(given(B), given(C), given(B), given(C), given(B)), fixed(A))
    assert found == [
        "The same call twice gives two different results, with the same arguments and the same random seed."
    ]
    with_generator = told(
        Answers(given(B), given(C), given(B), given(C), given(B)), fixed(A), generators=("generator",)
    )
    assert with_generator == ["The same call twice gives two different results, with generators in the same state."]


def test_the_first_call_is_right_and_the_second_is_not() -> None:
    found = told(Answers(given(A), given(B), given(B), given(C), given(B)), fixed(A))
    assert found == ["This call is right, but the same call once more, right after it, gives another result."]


def test_a_result_that_depends_on_the_seed() -> None:
    drawn = Answers(given(B), given(C), given(A + 1), given(A + 1), given(A + 2))
    assert told(drawn, fixed(A)) == [
        "The result depends on the random state: another seed gives another result. It ought not to."
    ]
    assert told(drawn, fixed(A), generators=("generator",)) == [
        "The result is not settled by `generator`: numbers are drawn from the global random state."
    ]
    assert told(drawn, fixed(A), generators=("one", "other")) == []


def test_a_reference_that_draws_or_remembers_allows_the_same() -> None:
    drawn = Answers(given(B), given(C), given(A), given(A), given(A + 2))
    unsteady = Answers(given(B), given(C), given(A), given(B), given(C))
    assert told(drawn, replace(drawn)) == told(unsteady, replace(unsteady)) == []
    assert told(unsteady, drawn) == []


@pytest.mark.parametrize("where", ["earlier", "alone"])
def test_what_earlier_calls_leave_behind(where: str) -> None:
    learner = fixed(A) if where == "earlier" else fixed(B)
    found = told(learner, fixed(A), **{where: given(B if where == "earlier" else A)})
    assert found == ["In a fresh process this call is right. What earlier calls left behind changes the result."]
    assert told(fixed(B), fixed(A), **{where: given(C)}) == []


# -- other arguments ----------------------------------------------------------------------------------


def asked(function: Callable[..., Any], arguments: dict[str, Any]) -> Answers:
    changed = {change: given(function(**others)) for change, others in variations(arguments)}
    return fixed(function(**arguments), changed=changed)


def compared(wrong: Callable[..., Any], right: Callable[..., Any], **arguments: Any) -> list[str]:
    passed = tuple(value for value in arguments.values() if isinstance(value, np.ndarray))
    return told(asked(wrong, arguments), asked(right, arguments), arguments=passed)


def test_right_for_a_neighbour_of_a_whole_number() -> None:
    found = compared(lambda x, k: x[:, :2] ** (k + 1), lambda x, k: x[:, :2] ** k, x=A, k=3)
    assert found == ["The result is the right one for `k = 4`, but `k` is 3."]


def test_right_for_a_turned_truth_value() -> None:
    def right(x: np.ndarray, causal: bool) -> np.ndarray:
        return np.tril(x) if causal else x * 1.5

    found = compared(lambda x, causal: right(x, not causal), right, x=A, causal=True)
    assert found == ["The result is the right one for `causal = False`, but `causal` is True."]


def test_right_for_two_arguments_exchanged() -> None:
    found = compared(lambda q, k: k - 2 * q, lambda q, k: q - 2 * k, q=A, k=B)
    assert found == ["The result is the right one for `q` and `k` exchanged."]


def test_a_neighbour_is_not_named_by_chance() -> None:
    """Small counts agree with much; so does what is right for both neighbours."""
    assert compared(lambda x, k: k + 1, lambda x, k: k, x=A, k=3) == []
    assert compared(lambda x, k: x * abs(k - 4), lambda x, k: x * abs(k - 3), x=A, k=3) == []


def test_an_argument_without_effect() -> None:
    def right(x: np.ndarray, mask: np.ndarray, p: float) -> np.ndarray:
        return np.where(mask, x * p, 0)

    mask = B > 0
    assert compared(lambda x, mask, p: x * p, right, x=A, mask=mask, p=0.3) == [
        "The result stays the same with another `mask`; it ought to change."
    ]
    assert compared(lambda x, mask, p: x + 1, right, x=A, mask=mask, p=0.3) == [
        "The result stays the same with another `mask` or another `p` (0.15, 0.225, 0.65, 0.93); it ought to change."
    ]


def test_an_effect_on_some_values_is_one() -> None:
    def right(x: np.ndarray, mask: np.ndarray) -> np.ndarray:
        return np.where(mask, x, 0)

    def wrong(x: np.ndarray, mask: np.ndarray) -> np.ndarray:
        return np.where(mask & (np.arange(12).reshape(3, 4) == 5), x + 1, x + 2)

    assert compared(wrong, right, x=A, mask=B > 0) == []


@pytest.mark.parametrize("value", [A, np.full((3, 4), np.nan), np.zeros((3, 4))], ids=["argument", "nan", "constant"])
def test_nothing_is_said_of_arguments_where_something_plainer_is_true(value: np.ndarray) -> None:
    assert compared(lambda x, p: value, lambda x, p: x * p, x=A, p=0.3) == []


def test_one_other_value_is_not_enough() -> None:
    change = Change(("mask",), Kind.OTHER)
    learner, reference = fixed(A, changed={change: given(A)}), fixed(B, changed={change: given(C)})
    assert told(learner, reference) == []
    only = replace(change, needed=1)
    learner, reference = fixed(A, changed={only: given(A)}), fixed(B, changed={only: given(C)})
    assert len(told(learner, reference)) == 1


# -- gradients ----------------------------------------------------------------------------------------


def test_a_parameter_that_plays_no_part() -> None:
    right = Gradients(parameters={"weight": B, "bias": C})
    after = {"weight": given(A), "bias": given(C)}
    mine = Gradients(parameters={"weight": None, "bias": C}, after_moving=after)
    assert told(fixed(A, gradients=mine), fixed(B, gradients=right)) == [
        "The result stays the same when the parameter `weight` is changed; it ought to change."
    ]


def test_some_parameters_are_not_named_where_more_may_play_no_part() -> None:
    right = Gradients(parameters={"weight": B, "bias": C})
    mine = Gradients(parameters={"weight": None, "bias": None}, after_moving={"weight": given(A)})
    assert told(fixed(A, gradients=mine), fixed(B, gradients=right)) == [
        "No parameter gets a gradient from the result."
    ]


def test_a_parameter_that_gets_no_gradient() -> None:
    right = Gradients(parameters={"weight": B, "bias": C})
    mine = Gradients(parameters={"weight": None, "bias": C}, after_moving={"weight": given(B)})
    assert told(fixed(A, gradients=mine), fixed(A, gradients=right)) == [
        "The parameter `weight` takes part in the result, but gets no gradient from it."
    ]
    none = Gradients(parameters={"weight": None, "bias": None})
    assert told(fixed(A, gradients=none), fixed(A, gradients=right)) == [
        "No parameter gets a gradient from the result."
    ]


def test_parameters_of_other_names_or_without_a_gradient_anywhere_are_free() -> None:
    right = Gradients(parameters={"weight": B, "bias": None, "scale": np.zeros(3)})
    after = {name: given(A) for name in ("table", "bias", "scale")}
    mine = Gradients(parameters=dict.fromkeys(after, None) | {"weight": B}, after_moving=after)
    assert told(fixed(A, gradients=mine), fixed(A, gradients=right)) == []


def test_an_argument_without_a_gradient() -> None:
    mine, right = Gradients({"x": None, "y": C}), Gradients({"x": B, "y": C})
    assert told(fixed(A, gradients=mine), fixed(A, gradients=right)) == ["No gradient comes back to `x`."]
    assert told(fixed(C, gradients=mine), fixed(A, gradients=right)) == []  # of a wrong result there is more to say


def test_the_gradient_of_a_sum_with_the_input() -> None:
    wanted = B + C
    right = Gradients({"x": wanted}, incoming=C)
    assert told(fixed(A, gradients=Gradients({"x": C}, incoming=C)), fixed(A, gradients=right)) == [
        "The gradient of `x` is that of the result, unchanged: nothing is added to it on the way back."
    ]
    assert told(fixed(A, gradients=Gradients({"x": B}, incoming=C)), fixed(A, gradients=right)) == [
        "The gradient of `x` lacks one term: the gradient of the result itself, as a sum passes it on."
    ]
    assert told(fixed(A, gradients=Gradients({"x": B * 2}, incoming=C)), fixed(A, gradients=right)) == []


# -- nothing false ------------------------------------------------------------------------------------


def test_objects_are_never_said_to_differ() -> None:
    objects = [Opaque(), Unsendable("a thing"), [Opaque()], {"a": Unsendable("a thing")}]
    assert not any(differ(given(value), given(A)) for value in objects)


FUNCTIONS: tuple[Callable[..., Any], ...] = (
    lambda x, y, k, flag: x * k + y if flag else x,
    lambda x, y, k, flag: np.cumsum(x, axis=-1) * (1 if flag else k),
    lambda x, y, k, flag: np.where(y > 0, x, 0.0) ** 2,
    lambda x, y, k, flag: x @ y.T,
    lambda x, y, k, flag: np.sort(x, axis=-1)[:, : abs(k)],
    lambda x, y, k, flag: float((x * y).sum()),
    lambda x, y, k, flag: np.round(x + y),
    lambda x, y, k, flag: x + 0 * y,
)


@pytest.mark.parametrize("seed", range(200))
def test_nothing_false_is_said_of_two_functions(seed: int) -> None:
    """Whatever is said of the arguments is checked by other values than those that it was found with."""
    rng = np.random.default_rng(seed)
    wrong, right = (FUNCTIONS[number] for number in rng.integers(0, len(FUNCTIONS), size=2))
    arguments = {
        "x": rng.normal(size=(3, 4)), "y": rng.normal(size=(3, 4)),
        "k": int(rng.integers(1, 6)), "flag": bool(rng.integers(2)),
    }  # fmt: skip
    found = compared(wrong, right, **arguments)
    assert wrong is not right or found == []
    for text in found:
        if "stays the same" in text:
            others = {"x": rng.normal(size=(3, 4)), "y": rng.normal(size=(3, 4)), "k": 7, "flag": not arguments["flag"]}
            for name in (name for name in others if f"`{name}`" in text):
                np.testing.assert_allclose(wrong(**{**arguments, name: others[name]}), wrong(**arguments))
        elif "exchanged" in text:
            exchanged = {**arguments, "x": arguments["y"], "y": arguments["x"]}
            np.testing.assert_allclose(wrong(**arguments), right(**exchanged), rtol=1e-5, atol=1e-7)
        else:
            name, value = text.split("`")[1].split(" = ")
            np.testing.assert_allclose(wrong(**arguments), right(**{**arguments, name: eval(value)}), rtol=1e-5)
