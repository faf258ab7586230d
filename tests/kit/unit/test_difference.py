"""The shape of an error: each sentence where it holds, none where it does not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from grader.tester.difference import sentences
from grader.tester.pair import Pair, Setting

DRAWN = np.random.default_rng(3)
X = DRAWN.normal(size=(3, 5, 8))  # batch q_len d_k
W = np.exp(X) / np.exp(X).sum(-1, keepdims=True)
MASK = np.tril(np.ones((5, 8), dtype=bool))
LENGTHS = {"batch": 3, "q_len": 5, "d_k": 8}
IDS = DRAWN.integers(0, 50, size=(4, 6))


def said(wanted: np.ndarray, came: np.ndarray, **arrays: np.ndarray) -> tuple[str, ...]:
    axes = ("batch", "q_len", "d_k")
    setting = Setting(arrays=arrays, lengths=LENGTHS, result_axes=axes, axes=frozenset(LENGTHS))
    exact = wanted.dtype.kind in "bi"
    return sentences(Pair(wanted, came, 0.0 if exact else 2e-5, 0.0 if exact else 2e-6, setting))


def but(a: np.ndarray, index: Any, value: Any) -> np.ndarray:
    """A copy with other values there."""
    copy = a.copy()
    copy[index] = value
    return copy


def softmax(a: np.ndarray, axis: int = -1) -> np.ndarray:
    e = np.exp(a)
    return np.asarray(e / e.sum(axis, keepdims=True))


CASES: dict[str, tuple[np.ndarray, np.ndarray, str]] = {
    "zeros": (X, 0 * X, "Every value is 0; different ones were wanted."),
    "all NaN": (X, X * np.nan, "Every value is NaN."),
    "booleans": (MASK, ~MASK, "True and False are exchanged everywhere."),
    "sign": (X, -X, "Every value has the wrong sign."),
    "root of d_k": (X, X * np.sqrt(8), "Every value is 2.828 times what was wanted; 2.828 is √8, and 8 is d_k."),
    "divided by d_k": (X, X / 8, "Every value is 0.125 times what was wanted; 0.125 is 1/8, and 8 is d_k."),
    "times d_k": (X, X * 8, "Every value is 8 times what was wanted; 8 is d_k."),
    "twice": (X, 2 * X, "Every value is twice what was wanted."),
    "half and turned": (X, -X / 2, "Every value is half of what was wanted, and its sign is wrong."),
    "unbiased": (X, X * 8 / 7, "Every value is 1.143 times what was wanted; 1.143 is 8/7, and 8 is d_k."),
    "logarithm to 2": (X, X / np.log(2), "Every value is 1.443 times what was wanted; 1.443 is 1/ln 2."),
    "offset": (X, X + 1.5, "Every value is 1.5 more than what was wanted."),
    "ids": (IDS, IDS - 1, "Every value is 1 less than what was wanted."),
    "reciprocal": (W, 1 / W, "Every value is the reciprocal of what was wanted."),
    "logarithm": (W, np.log(W), "Every value is the logarithm of what was wanted."),
    "exponential": (X, np.exp(X), "Every value is the exponential of what was wanted."),
    "root": (W, np.sqrt(W), "Every value is the square root of what was wanted."),
    "square": (W, W**2, "Every value is the square of what was wanted."),
    "no softmax": (softmax(X), X, "The softmax of what came is what was wanted."),
    "softmax twice": (softmax(X), softmax(softmax(X)), "Every value is the softmax of what was wanted."),
    "no ReLU": (np.maximum(X, 0), X, "The ReLU of what came is what was wanted."),
    "absolute": (X, np.abs(X), "Every value is the absolute value of what was wanted."),
    "complement": (W, 1 - W, "Every value is the complement to 1 of what was wanted."),
    "rounded": (9 * X, np.round(9 * X), "Every value is rounded to a whole number."),
    "cut": (9 * X, np.trunc(9 * X), "Every value is cut down to a whole number."),
    "axes": (
        X,
        X.swapaxes(1, 2),
        "What came is what was wanted with axis 1 (q_len) and axis 2 (d_k) exchanged.",
    ),
    "reversed": (X, X[:, ::-1], "The values are in reverse order along axis 1 (q_len)."),
    "shifted on": (
        X,
        np.concatenate([0 * X[:, :1], X[:, :-1]], 1),
        "Along axis 1 (q_len), each place holds what was wanted one place before it.",
    ),
    "shifted back": (
        X,
        np.concatenate([X[:, 1:], X[:, :1]], 1),
        "Along axis 1 (q_len), each place holds what was wanted one place after it.",
    ),
    "permuted": (
        X,
        X[:, [3, 0, 4, 2, 1]],
        "The values are right, but in another order along axis 1 (q_len).",
    ),
    "misread": (
        X,
        X.swapaxes(1, 2).reshape(3, 5, 8),
        "The values are right, but in the order of another shape: a `reshape` or `view` does not exchange "
        "axis 1 (q_len) and axis 2 (d_k); `transpose` does.",
    ),
    "misplaced": (
        X,
        np.random.default_rng(1).permutation(X.reshape(-1)).reshape(X.shape),
        "The values are the right ones, but in other places.",
    ),
    "running sum": (X, np.cumsum(X, 1), "What came is the running sum of what was wanted, along axis 1 (q_len)."),
    "no running sum": (np.cumsum(X, 2), X, "The running sum of what came is what was wanted, along axis 2 (d_k)."),
    "other axis": (
        softmax(X, 2),
        softmax(X, 1),
        "What came sums to 1 along axis 1 (q_len); it ought to along axis 2 (d_k).",
    ),
    "no sum of 1": (
        softmax(X),
        softmax(X) * np.exp(X[:, :, :1]),
        "The values are right but for their sum, which ought to be 1 along axis 2 (d_k).",
    ),
    "half": (
        X,
        X.astype(np.float16).astype(float),
        "The values are right to the digits of half precision, and no further.",
    ),
    "masked": (X, np.where(MASK, X, X + 3 * X**2), "The values are wrong exactly where `mask` is False."),
    "not masked": (X, np.where(MASK, X**2, X), "The values are wrong exactly where `mask` is True."),
    "first right": (X, but(X, slice(1, None), X[1:] ** 2), "Right is only the first entry along axis 0 (batch)."),
    "last wrong": (
        X,
        but(X, (slice(None), -1), 7.5),
        "Only the last entry along axis 1 (q_len) is wrong.",
    ),
    "from on": (
        X,
        but(X, (slice(None), slice(3, None)), X[:, 3:] ** 2),
        "Along axis 1 (q_len), all are right up to entry 2; from 3 on they are wrong.",
    ),
    "diagonal": (
        X[:, :, :5],
        np.where(np.eye(5, dtype=bool), 4.25, X[:, :, :5]),
        "The values are wrong exactly on the diagonal of the last two axes.",
    ),
    "axis kept": (X[:, 0], X[:, :1], "The values are right; the shape (3, 1, 8) has an axis of length 1 too many."),
    "axis gone": (X[:, :1], X[:, 0], "The values are right; the shape (3, 8) has an axis of length 1 too few."),
    "flat": (
        X,
        X.reshape(3, 40),
        "The values are right and in the right order; only the shape ought to be (3, 5, 8), not (3, 40).",
    ),
    "shape exchanged": (
        X,
        X.swapaxes(0, 1),
        "What came is what was wanted with axis 0 (batch) and axis 1 (q_len) exchanged.",
    ),
    "last missing": (X, X[:, :-1], "Along axis 1 (q_len), the last entry is missing; the other values are right."),
    "first missing": (
        X,
        X[:, 2:],
        "Along axis 1 (q_len), the first 2 entries are missing; the other values are right.",
    ),
    "too many": (
        X,
        np.concatenate([X, X[:, :1]], 1),
        "Along axis 1 (q_len), the last entry is too many; the other values are right.",
    ),
    "mean taken": (X, X.mean(1), "The mean over axis 1 was taken of what was wanted."),
    "mean missing": (X.mean(0), X, "The mean over axis 0 of what came is what was wanted."),
    "sum taken": (X, X.sum(2), "The sum over axis 2 was taken of what was wanted."),
    "copies": (X[0], np.stack([X[0]] * 4), "The values are right, but there are 4 copies of them along axis 0."),
    "too far": (
        X[0, :, 0],
        X[0, :, :1] - X[0, :, 0] ** 2,
        "The shape (5, 5) has the length 5 once too often: two arrays of which one is a row and one a column were "
        "combined.",
    ),
    "lengths": (
        X[0],
        np.random.default_rng(2).normal(size=(3, 8)),
        "Axis 0 has the length 3, which is batch, not 5, which is q_len.",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_a_shape_is_said(name: str) -> None:
    wanted, came, sentence = CASES[name]
    assert said(wanted, came, mask=MASK)[:1] == (sentence,)


def test_an_argument_that_comes_back() -> None:
    assert said(W, X, x=X, mask=MASK) == ("What came is the argument `x`, unchanged.",)


def test_the_digits_of_float32() -> None:
    """Where a test asks for more of them."""
    pair = Pair(X, X.astype(np.float32).astype(float), 1e-12, 1e-12)
    assert sentences(pair)[:1] == ("The values are right to the digits of float32, and no further.",)


def test_what_is_a_little_too_small_everywhere_is_no_matter_of_digits() -> None:
    pair = Pair(X, X * (1 - 1e-3), 1e-12, 1e-12)
    assert not any("digits" in text for text in sentences(pair))


def test_one_number_beside_another_says_nothing() -> None:
    """Unless it is a multiple that has a meaning."""
    assert said(np.array(7), np.array(8)) == ()
    assert said(np.array(7.0), np.array(7.0 * 8**0.5)) == (
        "It is 2.828 times what was wanted; 2.828 is √8, and 8 is d_k.",
    )


def test_an_id_that_is_the_first_one_by_chance_is_no_beginning() -> None:
    """One new token came where the prompt was to come first."""
    wanted = np.array([[4, 7, 1, 5, 9, 2, 6]])
    assert not any("missing" in text for text in said(wanted, np.array([[4]])))
    missing = "Along axis 1, the last 3 entries are missing; the other values are right."
    assert said(wanted, wanted[:, :4]) == (missing,)


def test_rows_without_anything_to_see() -> None:
    mask = but(MASK, 2, False)
    came = but(X, (slice(None), 2), np.nan)
    assert "NaN stands exactly where a row of `mask` is False everywhere." in said(X, came, mask=mask)


def test_two_facts_at_once() -> None:
    """The part that is wrong, and what is wrong there."""
    assert len(said(X, but(X, (slice(None), -1), X[:, -1] + 1), mask=MASK)) <= 2


@pytest.mark.parametrize("seed", range(200))
def test_of_unrelated_values_nothing_is_said(seed: int) -> None:
    drawn = np.random.default_rng(seed)
    shape = tuple(drawn.integers(1, 6, size=drawn.integers(1, 4)))
    kinds: list[Callable[[], np.ndarray]] = [
        lambda: drawn.normal(size=shape),
        lambda: softmax(drawn.normal(size=shape)),
        lambda: drawn.integers(0, 9, size=shape),
        lambda: drawn.normal(size=shape) > 0,
    ]
    make = kinds[seed % 4]
    wanted, came, other = make(), make(), make()
    if (wanted == came).all():
        return
    found = said(wanted, came, x=other, mask=drawn.normal(size=shape) > 0)
    facts = ("more than", "less than", "sums to 1", "Every value is", "wrong sign", "sign is wrong", "It is ")
    for text in found:
        assert wanted.size < 8 or "entry" in text or "entries" in text or "exactly" in text, (wanted, came, found)
        assert wanted.size > 1 or any(part in text for part in facts)


def test_large_and_empty_arrays_are_left_alone() -> None:
    assert sentences(Pair(np.zeros(60_000), np.ones(60_000))) == ()
    assert sentences(Pair(np.zeros(0), np.ones(0))) == ()


def test_numbers_that_were_passed_are_no_names_of_axes() -> None:
    """That an axis has as many entries as one of the arguments says may be an accident."""
    setting = Setting(lengths={"batch": 3, "q_len": 5}, axes=frozenset({"batch"}))
    found = sentences(Pair(X[0], np.random.default_rng(2).normal(size=(3, 8)), setting=setting))
    assert not any("which is" in sentence for sentence in found)
