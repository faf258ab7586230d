"""Values side by side: few of them, with the wrong ones among them, and so many digits that the difference is seen."""

from __future__ import annotations

import numpy as np
import pytest

from grader.tester.shown_values import SIDE, side_by_side

X = np.arange(60.0).reshape(3, 4, 5) / 7


def rows(expected: np.ndarray, actual: np.ndarray) -> list[tuple[str, str]]:
    """The left and the right half of each line."""
    lines = side_by_side(expected, actual, expected != actual)
    return [(line[:SIDE].strip(), line[SIDE:].strip()) for line in lines]


def test_few_values_are_shown_whole() -> None:
    expected, actual = np.array([[1.5, 2.0], [3.0, 4.0]]), np.array([[1.5, 2.0], [3.0, 5.0]])
    assert rows(expected, actual) == [("expected", "actual"), ("1.5   2", "1.5   2"), ("3   4", "3   5")]


def test_of_many_those_around_the_first_wrong_one() -> None:
    actual = X.copy()
    actual[2, 3, 4] = 0
    heading, *shown = rows(X, actual)
    assert heading == ("expected [2, 1:4, 1:5]", "actual")
    assert len(shown) == 3
    assert shown[-1][0].endswith("8.429")
    assert shown[-1][1].endswith(" 0")


def test_digits_until_the_difference_is_seen() -> None:
    expected = np.array([-0.8198712345, 1.0])
    _, (left, right) = rows(expected, expected + 1e-8)
    assert left.split()[0] != right.split()[0]


def test_whole_numbers_stay_whole() -> None:
    assert rows(np.array([3, 14, 15]), np.array([3, 14, 16]))[1] == ("3 14 15", "3 14 16")


def test_a_mask_is_a_grid() -> None:
    mask = np.tril(np.ones((3, 3), dtype=bool))
    assert rows(mask, mask.T) == [
        ("expected", "actual (■ True, □ False)"),
        ("■ □ □", "■ ■ ■"),
        ("■ ■ □", "□ ■ ■"),
        ("■ ■ ■", "□ □ ■"),
    ]


@pytest.mark.parametrize("scale", [1.0, 1e-9, 1e12, -1e-5, np.nan, np.inf])
def test_no_line_is_too_wide(scale: float) -> None:
    lines = side_by_side(X, X * scale + 1, np.ones(X.shape, dtype=bool))
    assert max(map(len, lines)) <= 74


def test_one_number_needs_no_table() -> None:
    assert side_by_side(np.array(1.0), np.array(2.0), np.array(True)) == ()
    assert side_by_side(X, X, X != X) == ()
