"""Sketches match where the same crossed but for rounding, and do not where it was something else."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.protocol.results import Call, Failure, Verdict
from grader.protocol.sketches import Sketch, sketches_match
from grader.tester.sketch import FIRST, LAST, sketch_of, with_sketches
from grader.tester.transcript import NO_ANSWER, Entry, Transcript
from unit.fakes import result

SEED = 11
VALUES = st.lists(st.floats(-1e6, 1e6).map(lambda x: x + 0.123), min_size=1, max_size=60)


def transcript(*entries: Any) -> Transcript:
    """Each entry as it is, or the call of a function that gave this value."""
    found = Transcript()
    for entry in entries:
        found.add(entry if isinstance(entry, Entry) else Entry("f", Call("f"), entry))
    return found


def drawn(*entries: Any, seed: int = SEED, failure: Failure | None = None) -> Sketch:
    return sketch_of(transcript(*entries), failure, seed)


def raised(*names: str, sign: str = "") -> Entry:
    return Entry("f", Call("f"), raised=names, sign=sign)


@settings(max_examples=60, deadline=None)
@given(VALUES, st.integers(0, 2**32 - 1))
def test_rounding_does_not_tell_two_apart(values: list[float], noise: int) -> None:
    exact = np.array(values)
    rounded = exact * (1 + 1e-9 * np.random.default_rng(noise).standard_normal(len(values)))
    assert sketches_match(drawn(exact), drawn(rounded))


@settings(max_examples=60, deadline=None)
@given(VALUES, st.data())
def test_another_value_at_one_place_does(values: list[float], data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(values) - 1))
    other = np.array(values)
    other[place] += 0.01 * (1 + np.abs(other).max())
    assert not sketches_match(drawn(np.array(values)), drawn(other))


@pytest.mark.parametrize(
    "value",
    [2.5, [1.5, 2.25], torch.ones(2, 3) / 3, {"a": torch.ones(2) / 3, "b": None}, ([1, 2], "words"), {3, 4}, None],
    ids=str,
)
def test_equal_values_of_any_kind_match(value: Any) -> None:
    assert sketches_match(drawn(value), drawn(value))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (torch.ones(2, 3) / 3, torch.ones(3, 2) / 3),
        (torch.ones(2) / 3, (torch.ones(2) / 3).double()),
        (torch.tensor([1, 2]), torch.tensor([2, 1])),
        (torch.tensor([True]), torch.tensor([False])),
        (torch.tensor([float("nan"), 1.5]), torch.tensor([float("inf"), 1.5])),
        (torch.tensor([float("inf"), 1.5]), torch.tensor([float("-inf"), 1.5])),
        (torch.tensor([0.5, 1.5]), torch.tensor([1.5, 0.5])),
        ([1.5, 2.5], [2.5, 1.5]),
        ({"a": 1.5}, {"b": 1.5}),
        ("words", "other words"),
        ({1, 2}, {1, 3}),
        (None, "None"),
        (1.5, None),
    ],
    ids=str,
)
def test_different_values_do_not(one: Any, other: Any) -> None:
    assert not sketches_match(drawn(one), drawn(other))


def test_exceptions_are_told_by_their_class_and_by_who_raises_them() -> None:
    assert sketches_match(drawn(raised("ValueError", "Exception")), drawn(raised("ValueError", "Exception")))
    assert not sketches_match(drawn(raised("ValueError")), drawn(raised("IndexError")))
    assert not sketches_match(drawn(raised("ValueError", sign="own")), drawn(raised("ValueError", sign="4 5")))
    assert not sketches_match(drawn(raised(*NO_ANSWER)), drawn(1.5))


def test_what_was_asked_counts_and_how_often() -> None:
    assert not sketches_match(drawn(1.5), drawn(1.5, 1.5))
    assert not sketches_match(drawn(1.5), drawn(Entry("g", Call("g"), 1.5)))


def test_where_the_values_are_the_same_the_tests_own_words_tell() -> None:
    changed = Failure("`f` changed its argument `x`, which belongs to the caller.")
    wasteful = Failure("More was computed than is needed: 300 operations.")
    assert not sketches_match(drawn(1.5, failure=wasteful), drawn(1.5, failure=changed))
    assert sketches_match(drawn(1.5, failure=wasteful), drawn(1.5, failure=Failure(wasteful.message.replace("3", "4"))))


def test_of_many_values_the_first_and_the_last_are_kept() -> None:
    many = [0.5 + n for n in range(200)]
    entries = [np.array([value]) for value in many]
    found = drawn(*entries)
    assert len(found.sums) == FIRST + LAST
    for place in (0, 199):
        other = list(entries)
        other[place] = np.array([99.75])
        assert not sketches_match(found, drawn(*other))


def test_values_without_bound_cost_nothing_but_themselves() -> None:
    huge = np.array([1e300, -1e300, 1.5])
    assert sketches_match(drawn(huge), drawn(huge))
    assert all(np.isfinite(total) for item in drawn(huge, np.array([1e140])).sums for total in item.sums)


def test_the_code_under_test_does_not_know_the_weights() -> None:
    """The same answer is sketched otherwise under another seed, so nothing can be written into a sketch."""
    one, other = drawn(np.array([1.5])), drawn(np.array([1.5]), seed=SEED + 1)
    assert one.exact != other.exact
    assert one.sums[0].sums != other.sums[0].sums


def test_only_what_was_run_and_went_wrong_has_a_sketch() -> None:
    results = {
        "a": result("a"),
        "b": result("b", Verdict.FAILED),
        "c": result("c", Verdict.TIMEOUT),
        "d": result("d", Verdict.TODO),
        "e": result("e", Verdict.TIMEOUT),
    }
    found = with_sketches(results, {name: transcript(1.5) for name in "abce"[:3]}, SEED)
    assert [name for name, test in found.items() if test.sketch is not None] == ["b", "c"]
