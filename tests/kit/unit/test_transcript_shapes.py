"""What the calls of one test show beside each other."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from grader.tester.answers import Answer
from grader.tester.opaque import Opaque
from grader.tester.transcript_shapes import Exchange, differing, kept_state, merged

X, Y = np.arange(6.0), np.arange(6.0) + 1
A, B = np.array([1.0, 2.5, 3.0]), np.array([4.0, 1.5, 7.0])


def call(arguments: dict[str, Any], came: Any, wanted: Any, path: str = "f", target: int = 0) -> Exchange:
    right = Answer() if wanted is None else Answer(wanted, given=True)
    return Exchange(path, target, arguments, Answer(came, given=True), right)


def told(*calls: Exchange) -> list[str]:
    return [text for text in (kept_state(calls), merged(calls, "The result")) if text]


def test_the_same_call_right_at_first_and_wrong_later() -> None:
    found = told(call({"x": X}, A, A), call({"x": X.copy()}, B, A))
    assert found == ["An earlier call in this test, with the same arguments, is right; this one gives another result."]


def test_the_same_call_wrong_in_two_ways() -> None:
    found = told(call({"x": X}, A, A + 5), call({"x": X}, B, A + 5))
    assert found == [
        "An earlier call in this test, with the same arguments, gave another result; both ought to give the same."
    ]


def test_different_calls_with_one_result() -> None:
    found = told(call({"x": X, "base": 10.0}, A, A), call({"x": X, "base": 20.0}, A, B))
    assert found == ["The result is the same as that of an earlier call with another `base`; the two ought to differ."]


@pytest.mark.parametrize(
    "earlier",
    [
        call({"x": X}, A, A, path="g"),
        call({"x": X}, A, A, target=3),
        call({"x": X}, A, None),
        call({"x": Opaque()}, A, A),
        call({"x": X.astype("float32")}, A, B),
        call({"y": X}, A, A),
        call({"x": X}, A, B),
    ],
    ids=["function", "object", "unknown", "handle", "dtype", "names", "reference"],
)
def test_nothing_is_said_of_calls_that_are_not_the_same(earlier: Exchange) -> None:
    assert told(earlier, call({"x": X}, B, A)) == []


@pytest.mark.parametrize("came", [3, True, np.array([True, False]), np.zeros(4), np.array([np.nan, 1.0])])
def test_equal_results_that_say_little_are_not_told(came: Any) -> None:
    assert told(call({"x": X}, came, A), call({"x": Y}, came, B)) == []


def test_arguments_are_compared_to_the_last_digit() -> None:
    x = torch.ones(3)
    near = call({"x": x, "k": 1, "ids": [1, 2], "m": None}, A, A)
    other = call({"x": x * (1 + 1e-6), "k": True, "ids": [1, 3], "m": None}, A, A)
    assert differing(near, other) == ("x", "k", "ids")
    assert differing(near, near) == ()
