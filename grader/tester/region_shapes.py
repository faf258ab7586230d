"""Where an array is wrong: at masked places, from a position on, in all entries but the first, where a row is empty."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from grader.tester.pair import Pair

FEW = 3
MANY, MIXED = 8, 0.2
PRECISIONS = {"float32": (2e-6, 1e-6), "half precision": (1e-3, 2e-4)}


def precision(pair: Pair) -> str | None:
    """Right to the digits of a coarser dtype, and no further."""
    if not pair.alike or not pair.numeric or pair.wanted.dtype.kind != "f" or pair.wanted.size < 2:
        return None
    for name, (relative, absolute) in PRECISIONS.items():
        if relative <= pair.relative:
            continue
        size = float(np.abs(pair.wanted[np.isfinite(pair.wanted)]).max(initial=0.0))
        near = np.isclose(pair.came, pair.wanted, rtol=relative, atol=absolute * min(1.0, size), equal_nan=True)
        if near.all() and _is_rounding(pair):
            return f"The values are right to the digits of {name}, and no further."
    return None


def _is_rounding(pair: Pair) -> bool:
    """Whether some values are too large and some too small: what is wrong in one way is no matter of digits."""
    there = pair.wrong & (pair.wanted != 0)
    outwards = np.abs(pair.came[there]) > np.abs(pair.wanted[there])
    return bool(there.sum() >= MANY and MIXED < outwards.mean() < 1 - MIXED)


def nowhere_to_look(pair: Pair) -> str | None:
    """NaN exactly in those rows that a mask hides altogether."""
    if not pair.alike or pair.came.dtype.kind != "f":
        return None
    bad = np.isnan(pair.came) & ~np.isnan(pair.wanted.astype(float))
    if not bad.any() or bad.all():
        return None
    for name, mask in _masks(pair):
        empty = np.broadcast_to(~mask.any(axis=-1, keepdims=True), bad.shape) if mask.ndim else bad
        if mask.ndim and empty.any() and (empty == bad).all():
            return f"NaN stands exactly where a row of `{name}` is False everywhere."
    return None


def at_the_mask(pair: Pair) -> str | None:
    """Wrong exactly where a truth value among the arguments is False, or True."""
    if not pair.alike or not pair.wrong.any() or pair.wrong.all():
        return None
    for name, mask in _masks(pair):
        spread = np.broadcast_to(mask, pair.wrong.shape)
        for value in (False, True):
            if ((spread == value) == pair.wrong).all():
                return f"The values are wrong exactly where `{name}` is {value}."
    return None


def _masks(pair: Pair) -> Iterator[tuple[str, np.ndarray]]:
    for name, array in pair.setting.arrays.items():
        if array.dtype.kind != "b" or not array.any() or array.all():
            continue
        try:
            np.broadcast_to(array, pair.came.shape)
        except ValueError:
            continue
        yield name, array


def along_an_axis(pair: Pair) -> str | None:
    """Wrong at some positions of one axis everywhere, right at the others: the first, the last, from n on."""
    if not pair.alike or not pair.wrong.any() or pair.wrong.all():
        return None
    for axis in range(pair.wrong.ndim):
        if found := _positions(pair, axis):
            return found
    return None


def _positions(pair: Pair, axis: int) -> str | None:
    others = tuple(number for number in range(pair.wrong.ndim) if number != axis)
    any_wrong, n = pair.wrong.any(axis=others), pair.wrong.shape[axis]
    if n < FEW or any_wrong.all():
        return None
    wrong, right, name = np.flatnonzero(any_wrong), np.flatnonzero(~any_wrong), pair.axis(axis)
    if len(right) == 1 and right[0] in (0, n - 1):
        return f"Right is only the {'first' if right[0] == 0 else 'last'} entry along {name}."
    if len(wrong) == 1:
        where = {0: "the first entry", n - 1: "the last entry"}.get(int(wrong[0]), f"entry {wrong[0]}")
        return f"Only {where} along {name} is wrong."
    if wrong[-1] - wrong[0] == len(wrong) - 1 and (wrong[0] == 0 or wrong[-1] == n - 1):
        whole = bool(np.take(pair.wrong, wrong, axis=axis).all())
        if wrong[0] == 0:
            which = "" if whole else "some of "
            return f"Along {name}, {which}entries 0 to {wrong[-1]} are wrong; from {wrong[-1] + 1} on all are right."
        which = "they" if whole else "some"
        return f"Along {name}, all are right up to entry {wrong[0] - 1}; from {wrong[0]} on {which} are wrong."
    return None


def diagonal(pair: Pair) -> str | None:
    """Wrong exactly on the diagonal of the last two axes, above it or below it."""
    wrong = pair.wrong if pair.alike else np.zeros(())
    if wrong.ndim < 2 or min(wrong.shape[-2:]) < FEW or wrong.all() or not wrong.any():
        return None
    rows, columns = np.indices(wrong.shape[-2:])
    for words, region in {
        "on the diagonal": rows == columns,
        "above the diagonal": columns > rows,
        "below the diagonal": columns < rows,
        "just above the diagonal": columns == rows + 1,
        "just below the diagonal": columns == rows - 1,
    }.items():
        if (np.broadcast_to(region, wrong.shape) == wrong).all():
            return f"The values are wrong exactly {words} of the last two axes."
    return None
