"""Right values in wrong places: axes exchanged, reversed, shifted, in another order, summed up on the way."""

from __future__ import annotations

from itertools import combinations

import numpy as np

from grader.tester.pair import Pair, tells_places_apart, without_ones

MANY = 5  # of fewer different values two unrelated arrays may hold the same by chance


def exchanged(pair: Pair) -> str | None:
    """Two axes in each other's place, whether or not the shape tells."""
    wanted, came = pair.wanted, pair.came
    if wanted.ndim != came.ndim or wanted.ndim < 2 or not _may_be_moved(pair):
        return None
    for i, j in combinations(range(wanted.ndim), 2):
        if min(wanted.shape[i], wanted.shape[j]) > 1 and pair.same(wanted.swapaxes(i, j), came):
            return f"What came is what was wanted with {_two(pair, i, j)} exchanged."
    return None


def misread(pair: Pair) -> str | None:
    """The values lie in memory as if two axes had not changed places: `view` where a `transpose` is needed."""
    wanted, came = pair.wanted, pair.came
    if not _may_be_moved(pair):
        return None
    for i, j in combinations(range(wanted.ndim), 2):
        other = wanted.swapaxes(i, j)
        if min(wanted.shape[i], wanted.shape[j]) > 1 and pair.same(other.reshape(-1), came.reshape(-1)):
            return (
                f"The values are right, but in the order of another shape: "
                f"a `reshape` or `view` does not exchange {_two(pair, i, j)}; `transpose` does."
            )
    return None


def regrouped(pair: Pair) -> str | None:
    """The right values in the right order, under another shape."""
    wanted, came = pair.wanted, pair.came
    if wanted.shape == came.shape or not _may_be_moved(pair):
        return None
    if not pair.same(wanted.reshape(-1), came.reshape(-1)):
        return None
    if without_ones(wanted.shape) == without_ones(came.shape):
        kind = "too many" if came.ndim > wanted.ndim else "too few"
        if came.ndim == wanted.ndim:
            return f"The values are right; the shape ought to be {wanted.shape}, not {came.shape}."
        return f"The values are right; the shape {came.shape} has an axis of length 1 {kind}."
    return f"The values are right and in the right order; only the shape ought to be {wanted.shape}, not {came.shape}."


def reversed_along(pair: Pair) -> str | None:
    for axis in _long_axes(pair) if pair.same_values else ():
        if pair.same(np.flip(pair.wanted, axis), pair.came):
            return f"The values are in reverse order along {pair.axis(axis)}."
    return None


def shifted(pair: Pair) -> str | None:
    """Each position holds what its neighbour ought to hold; what is at the edge does not count."""
    wanted, came = pair.wanted, pair.came
    for axis in _long_axes(pair):
        for steps in (1, 2):
            if wanted.shape[axis] <= steps + 1:
                continue
            first, last = _slices(wanted, axis, None, -steps), _slices(wanted, axis, steps, None)
            if tells_places_apart(first) and pair.same(first, _slices(came, axis, steps, None)):
                return _moved(pair, axis, steps, "before it")
            if tells_places_apart(last) and pair.same(last, _slices(came, axis, None, -steps)):
                return _moved(pair, axis, steps, "after it")
    return None


def _moved(pair: Pair, axis: int, steps: int, where: str) -> str:
    count = "one place" if steps == 1 else f"{steps} places"
    return f"Along {pair.axis(axis)}, each place holds what was wanted {count} {where}."


def permuted(pair: Pair) -> str | None:
    """The slices along one axis are all there, in another order."""
    for axis in _long_axes(pair) if pair.same_values else ():
        rows = np.moveaxis(pair.wanted.astype(float), axis, 0).reshape(pair.wanted.shape[axis], -1)
        others = np.moveaxis(pair.came.astype(float), axis, 0).reshape(rows.shape)
        if rows.shape[1] < 2 or not np.isfinite(rows).all() or not np.isfinite(others).all():
            continue
        order, other = np.lexsort(np.round(rows.T[::-1], 6)), np.lexsort(np.round(others.T[::-1], 6))
        if len(np.unique(np.round(rows, 6), axis=0)) > 2 and pair.same(rows[order], others[other]):
            return f"The values are right, but in another order along {pair.axis(axis)}."
    return None


def misplaced(pair: Pair) -> str | None:
    """The same values altogether, each somewhere else."""
    if not pair.alike or not _may_be_moved(pair) or not _ordered(pair) or len(np.unique(pair.wanted)) < MANY:
        return None
    return "The values are the right ones, but in other places."


def cumulated(pair: Pair) -> str | None:
    """Running sums of what was wanted, or what was wanted are the running sums."""
    if not pair.numeric:
        return None
    for axis in _long_axes(pair):
        if pair.wanted.shape[axis] > 2 and pair.same(np.cumsum(pair.wanted, axis), pair.came):
            return f"What came is the running sum of what was wanted, along {pair.axis(axis)}."
        if pair.wanted.shape[axis] > 2 and pair.same(pair.wanted, np.cumsum(pair.came, axis)):
            return f"The running sum of what came is what was wanted, along {pair.axis(axis)}."
    return None


def _may_be_moved(pair: Pair) -> bool:
    """Whether the values are the same ones, and each is known again at another place."""
    return pair.same_values and pair.is_told_apart


def _two(pair: Pair, i: int, j: int) -> str:
    return f"axes {i} and {j}" if pair.axis(i) == f"axis {i}" else f"{pair.axis(i)} and {pair.axis(j)}"


def _long_axes(pair: Pair) -> list[int]:
    if not pair.alike or not _ordered(pair) or not pair.is_told_apart:
        return []
    return [axis for axis in range(pair.wanted.ndim) if pair.wanted.shape[axis] > 1]


def _ordered(pair: Pair) -> bool:
    return pair.wanted.dtype.kind in "bif" and pair.came.dtype.kind in "bif"


def _slices(a: np.ndarray, axis: int, start: int | None, stop: int | None) -> np.ndarray:
    index: list[slice] = [slice(None)] * a.ndim
    index[axis] = slice(start, stop)
    return np.asarray(a[tuple(index)])
