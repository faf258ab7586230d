"""How far two values are apart, and whether that is far."""

from __future__ import annotations

import collections
import pathlib
from typing import Any

import numpy as np
import pytest
import torch

from grader.protocol.wire import Unsendable
from grader.tester.compare import as_array, difference, dtype_name, mismatch_mask, show_number, tolerance, values_match
from grader.tester.opaque import Opaque


def kind(value: Any) -> str:
    """A name for a test's case, the same in every process: some of these values are shown by their address."""
    return type(value).__name__


def opaque(kind: str) -> Opaque:
    found = Opaque()
    found._kind = kind
    return found


# -- as_array -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "dtype", "shape"),
    [
        (3, "int64", ()),
        (True, "bool", ()),
        (2.5, "float64", ()),
        (1j, "complex128", ()),
        (np.float32(1), "float64", ()),
        (np.array([1, 2], dtype=np.uint8), "int64", (2,)),
        (np.zeros((0, 3)), "float64", (0, 3)),
        ([1, 2.5], "float64", (2,)),
        (((1, 2), (3, 4)), "int64", (2, 2)),
        ([], "float64", (0,)),
        (torch.ones(2, dtype=torch.float16), "float64", (2,)),
        (torch.ones(2, dtype=torch.bfloat16), "float64", (2,)),
        (torch.ones(2, 1, dtype=torch.int32), "int64", (2, 1)),
        (torch.ones(2, dtype=torch.bool), "bool", (2,)),
        (torch.ones(2, dtype=torch.complex64), "complex128", (2,)),
        (torch.ones(2, requires_grad=True), "float64", (2,)),
        (torch.arange(6).reshape(2, 3).t(), "int64", (3, 2)),
    ],
    ids=str,
)
def test_numbers_become_arrays_of_four_dtypes(value: Any, dtype: str, shape: tuple[int, ...]) -> None:
    found = as_array(value)
    assert found is not None
    assert (str(found.dtype), found.shape) == (dtype, shape)


@pytest.mark.parametrize(
    "value",
    [
        None, "3", b"3", [[1, 2], [3]], [1, "2"], {1: 2}, {1, 2}, object(), np.array(["a"]), 10**30, [10**30],
        torch.empty(2, device="meta"), Unsendable("a thing"),
    ],
    ids=kind,
)  # fmt: skip
def test_what_is_no_array_is_none(value: Any) -> None:
    assert as_array(value) is None


@pytest.mark.parametrize("value", [2**63, 2**64 - 1, [1, 2**64 - 1], np.array([2**64 - 1], dtype=np.uint64)], ids=repr)
def test_a_whole_number_beyond_63_bits_is_not_wrapped_into_a_negative_one(value: Any) -> None:
    found = as_array(value)
    assert found is None or (found > 0).all()
    assert not values_match(2**64 - 1, -1)
    assert values_match(value, value)


# -- tolerance ----------------------------------------------------------------------------------------------


def test_the_tolerance_is_that_of_the_coarsest_dtype() -> None:
    exact, single, half = torch.ones(1, dtype=torch.float64), torch.ones(1), torch.ones(1, dtype=torch.bfloat16)
    assert tolerance(exact) == tolerance(1.0, [2.0]) == (2e-5, 2e-6)
    assert tolerance(exact, single) == tolerance(np.float32(1), 1.0) == (2e-4, 2e-5)
    assert tolerance(single, half) == (5e-2, 1e-2)


def test_dtypes_have_one_name_in_torch_and_numpy() -> None:
    assert dtype_name(torch.ones(1)) == dtype_name(np.ones(1, dtype=np.float32)) == "float32"
    assert dtype_name(1.0) == dtype_name([1.0]) == ""


# -- where two arrays differ --------------------------------------------------------------------------------


def test_infinities_and_nan_agree_with_themselves_alone() -> None:
    expected = np.array([np.inf, -np.inf, np.nan, np.inf, np.nan, 1.0])
    actual = np.array([np.inf, -np.inf, np.nan, -np.inf, 1.0, np.nan])
    assert mismatch_mask(expected, actual, 1e-3, 1e-3).tolist() == [False, False, False, True, True, True]


def test_both_tolerances_count() -> None:
    expected, actual = np.array([100.0, 0.0, 0.0]), np.array([100.5, 1e-4, 1e-2])
    assert mismatch_mask(expected, actual, 1e-2, 1e-3).tolist() == [False, False, True]


def test_whole_numbers_are_compared_to_the_last_digit_where_nothing_is_allowed() -> None:
    large = np.array([2**53, 2**62])
    assert mismatch_mask(large, large + 1, 0.0, 0.0).tolist() == [True, True]
    assert not mismatch_mask(large, large.copy(), 0.0, 0.0).any()
    assert mismatch_mask(np.array([True, False]), np.array([True, True]), 0.0, 0.0).tolist() == [False, True]


def test_the_difference_says_how_many_how_far_and_where() -> None:
    expected, actual = np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([[1.0, 2.5], [3.0, 1.0]])
    found = difference(expected, actual, mismatch_mask(expected, actual, 0.0, 0.0))
    assert (found.wrong, found.total, found.worst_index) == (2, 4, (1, 1))
    assert (found.worst_expected, found.worst_actual) == ("4", "1")
    assert (found.largest, found.mean) == (3.0, 0.875)


def test_no_number_says_how_far_an_infinity_is() -> None:
    expected, actual = np.array([1.0, 2.0]), np.array([9.0, np.nan])
    found = difference(expected, actual, mismatch_mask(expected, actual, 0.0, 0.0))
    assert (found.wrong, found.worst_index, found.worst_actual) == (2, (1,), "nan")
    assert found.largest is None and found.mean is None
    both = difference(np.array([np.inf, 1.0]), np.array([np.inf, 2.0]), np.array([False, True]))
    assert (both.worst_index, both.largest) == ((1,), 1.0)


def test_a_single_number_has_a_difference_too() -> None:
    found = difference(np.array(2.0), np.array(3.0), np.array(True))
    assert (found.worst_index, found.largest, found.total) == ((), 1.0, 1)
    of_complex = difference(np.array([0j]), np.array([3 + 4j]), np.array([True]))
    assert (of_complex.largest, of_complex.worst_actual) == (5.0, "3+4j")


@pytest.mark.parametrize(
    ("value", "text"),
    [(3, "3"), (np.int64(3), "3"), (True, "True"), (1 / 3, "0.333333"), (1e20, "1e+20"), (1j, "0+1j")],
)
def test_numbers_are_shown_as_a_person_writes_them(value: Any, text: str) -> None:
    assert show_number(value) == text


# -- whether two values are the same ------------------------------------------------------------------------

GENERATOR = torch.Generator().manual_seed(3)
SAME: list[tuple[Any, Any]] = [
    (None, None),
    ("a", "a"),
    (1.0, 1.0 + 1e-9),
    (float("nan"), float("nan")),
    (float("-inf"), float("-inf")),
    ([[1, 2], [3]], [[1, 2], [3]]),
    ([[1.0, 2.0], [3.0]], [[1.0, 2.0 + 1e-9], [3.0]]),
    ([1, (2, 3)], (1, [2, 3])),
    (["a", 1.0], ["a", 1.0 + 1e-9]),
    ({"a": [1.0], "b": {}}, {"b": {}, "a": [1.0 + 1e-9]}),
    (collections.Counter("aab"), {"a": 2, "b": 1}),
    ({3, 1}, {1, 3}),
    (frozenset("ab"), frozenset("ba")),
    (torch.ones(2), torch.ones(2) * (1 + 5e-5)),
    (torch.ones(2, dtype=torch.bfloat16), torch.ones(2, dtype=torch.bfloat16)),
    (np.array([np.nan, np.inf]), np.array([np.nan, np.inf])),
    (torch.empty(2, 3, device="meta"), torch.empty(2, 3, device="meta")),
    (torch.float32, torch.float32),
    (torch.device("cpu"), torch.device("cpu")),
    (slice(1, None, 2), slice(1, None, 2)),
    (pathlib.Path("a/b"), pathlib.Path("a/b")),
    (np.random.default_rng(1), np.random.default_rng(1)),
    (GENERATOR, GENERATOR.clone_state()),
    (opaque("module"), opaque("module")),
    (Unsendable("a thing"), Unsendable("another")),
    ([opaque("module"), 1.0], [opaque("module"), 1.0]),
    (10**30, 10**30),
]
DIFFERENT: list[tuple[Any, Any]] = [
    (None, 0),
    (None, False),
    ("a", "b"),
    ("1", 1),
    (b"a", "a"),
    (1.0, 1.001),
    (float("nan"), 1.0),
    (float("inf"), float("-inf")),
    ([[1, 2], [3]], [[1, 2], [4]]),
    ([[1, 2], [3]], [[1], [2, 3]]),
    ([[1, 2], [3]], [[1, 2], [3], []]),
    ([[1.0], [[2.0]]], [[1.0], [[2.5]]]),
    ([1, 2], [1, 2, 3]),
    (["a", 1.0], ["a", 2.0]),
    ({"a": 1}, {"a": 2}),
    ({"a": 1}, {"b": 1}),
    ({"a": 1}, [("a", 1)]),
    ({1, 2}, {1, 3}),
    ({1, 2}, frozenset({1, 2})),
    (torch.ones(2), torch.ones(2) * 1.01),
    (torch.ones(2), torch.ones(2, dtype=torch.float64)),
    (torch.ones(2), torch.ones(2, 1)),
    (torch.ones(2, dtype=torch.float64), torch.ones(2, dtype=torch.float64) * (1 + 5e-5)),
    (torch.empty(2, 3, device="meta"), torch.empty(3, 2, device="meta")),
    (torch.empty(2, device="meta"), torch.ones(2)),
    (torch.float32, torch.float64),
    (torch.float32, "float32"),
    (torch.device("cpu"), torch.device("meta")),
    (slice(1, None), slice(2, None)),
    (pathlib.Path("a"), pathlib.Path("b")),
    (pathlib.Path("a"), "a"),
    (np.random.default_rng(1), np.random.default_rng(2)),
    (GENERATOR, torch.Generator().manual_seed(4)),
    (opaque("module"), opaque("callable")),
    (opaque("module"), 1.0),
    (Unsendable("a thing"), "a thing"),
    (Unsendable("a thing"), None),
    (10**30, 10**30 + 1),
]


@pytest.mark.parametrize(("one", "other"), SAME, ids=kind)
def test_the_same_but_for_rounding(one: Any, other: Any) -> None:
    assert values_match(one, other)
    assert values_match(other, one)


@pytest.mark.parametrize(("one", "other"), DIFFERENT, ids=kind)
def test_not_the_same(one: Any, other: Any) -> None:
    assert not values_match(one, other)
    assert not values_match(other, one)


def test_a_tolerance_of_zero_is_exact_in_float64() -> None:
    assert values_match([0.5, [1.0]], [0.5, [1.0]], 0.0, 0.0)
    assert not values_match([0.5, [1.0]], [0.5, [1.0 + 1e-12]], 0.0, 0.0)
