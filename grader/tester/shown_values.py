"""Some of the values that differ, expected and actual side by side, as lines of text for a narrow screen."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from grader.tester.compare import show_number

ROWS, COLUMNS = 3, 4
MASK_ROWS, MASK_COLUMNS = 8, 14
SIDE = 36  # characters for each of the two: with a gap and a margin of 6 that is a narrow screen
Index = tuple[int | slice, ...]
TRUE, FALSE = "■", "□"


def side_by_side(expected: np.ndarray, actual: np.ndarray, wrong: np.ndarray) -> tuple[str, ...]:
    """A heading and a few rows, with the first wrong value among them. Nothing for a single number, or none."""
    if wrong.ndim == 0 or not wrong.any():
        return ()
    written: Callable[[np.ndarray], str]
    if expected.dtype.kind == actual.dtype.kind == "b":
        index, label = _window(wrong, MASK_ROWS, MASK_COLUMNS)
        legend, written = f" ({TRUE} True, {FALSE} False)", _grid
    else:
        index, label, written = _window_of_numbers(expected, actual, wrong)
        legend = ""
    heading = f"expected {label}".rstrip()
    rows = zip(np.atleast_2d(expected[index]), np.atleast_2d(actual[index]), strict=True)
    lines = (f"{written(left):<{SIDE}}  {written(right)}".rstrip() for left, right in rows)
    return (f"{heading:<{SIDE}}  actual{legend}", *lines)


def _window(wrong: np.ndarray, rows: int, columns: int) -> tuple[Index, str]:
    """An index that gives at most so many rows and columns, and how it is written; empty where that is everything."""
    first = [int(i) for i in np.unravel_index(int(np.argmax(wrong)), wrong.shape)]
    index: list[int | slice] = [*first[:-2]]
    for size, most, at in zip(wrong.shape[-2:], (rows, columns)[-min(2, wrong.ndim) :], first[-2:], strict=True):
        start = max(0, min(at - most // 2, size - most))
        index.append(slice(start, min(size, start + most)))
    sizes = wrong.shape[-2:]
    whole = all(s.start == 0 and s.stop == n for s, n in zip(index[-2:], sizes, strict=True) if isinstance(s, slice))
    if whole and wrong.ndim <= 2:
        return tuple(index), ""
    return tuple(index), "[" + ", ".join(_written(item) for item in index) + "]"


def _written(item: int | slice) -> str:
    return str(item) if isinstance(item, int) else f"{item.start}:{item.stop}"


def _window_of_numbers(
    expected: np.ndarray, actual: np.ndarray, wrong: np.ndarray
) -> tuple[Index, str, Callable[[np.ndarray], str]]:
    """So many digits that what differs looks different, and so many columns as there is room for."""
    index, label = _window(wrong, ROWS, COLUMNS)
    left, right, marks = (array[index] for array in (expected, actual, wrong))
    digits = 4
    while digits < 12 and _look_alike(left[marks], right[marks], digits):
        digits += 4
    width = 1 + max(len(_digits(value, digits)) for value in np.concatenate([left, right], axis=None))
    if width * COLUMNS > SIDE:
        index, label = _window(wrong, ROWS, max(1, SIDE // width))
    return index, label, lambda row: "".join(f"{_digits(value, digits):>{width}}" for value in row)


def _look_alike(expected: np.ndarray, actual: np.ndarray, digits: int) -> bool:
    return any(_digits(a, digits) == _digits(b, digits) for a, b in zip(expected, actual, strict=True))


def _digits(value: np.generic, digits: int) -> str:
    return show_number(value) if value.dtype.kind in "bic" else f"{float(value):.{digits}g}"


def _grid(row: np.ndarray) -> str:
    return " ".join(TRUE if value else FALSE for value in row)
