"""Arrays of different shapes: which axis is too long, too short, gone or there twice, and whether the rest is right."""

from __future__ import annotations

import numpy as np

from grader.tester.pair import Pair, without_ones

SHORTEST = 3  # a length that is told from others
FEWEST_IDS = 3  # that agree with others not by chance


def cut(pair: Pair) -> str | None:
    """Right but for entries at one end of an axis that are missing, or too many."""
    wanted, came = pair.wanted.shape, pair.came.shape
    if len(wanted) != len(came):
        return None
    axes = [axis for axis in range(len(wanted)) if wanted[axis] != came[axis]]
    if len(axes) != 1:
        return None
    axis, n = axes[0], min(wanted[axes[0]], came[axes[0]])
    if n == 0 or not pair.is_told_apart:
        return None
    missing = wanted[axis] > came[axis]
    count = abs(wanted[axis] - came[axis])
    entries = "entry" if count == 1 else "entries"
    are = "is" if count == 1 else "are"
    for end, part in (("last", slice(0, n)), ("first", slice(-n, None))):
        index = tuple(part if number == axis else slice(None) for number in range(len(wanted)))
        short, long = (pair.came, pair.wanted) if missing else (pair.wanted, pair.came)
        if (short.dtype.kind == "f" or short.size >= FEWEST_IDS) and pair.same(long[index], short):
            what = f"the {end}" if count == 1 else f"the {end} {count}"
            kind = "missing" if missing else "too many"
            return f"Along {pair.axis(axis)}, {what} {entries} {are} {kind}; the other values are right."
    return None


def reduced(pair: Pair) -> str | None:
    """An axis was summed or averaged away, or ought to have been."""
    for taken, kept, ending in (
        (pair.wanted, pair.came, "was taken of what was wanted"),
        (pair.came, pair.wanted, "of what came is what was wanted"),
    ):
        if not pair.numeric or taken.ndim <= kept.ndim or taken.size < 2:
            continue
        for axis in range(taken.ndim):
            for name, f in (("mean", np.mean), ("sum", np.sum)):
                if taken.shape[axis] > 1 and pair.same(np.asarray(f(taken, axis=axis)), kept):
                    return f"The {name} over axis {axis} {ending}."
    return None


def spread_too_far(pair: Pair) -> str | None:
    """One axis of length n became n by n: a row has met a column."""
    wanted, came = pair.wanted.shape, pair.came.shape
    if pair.came.dtype.kind != "f" or pair.wanted.dtype.kind != "f" or pair.came.size <= pair.wanted.size:
        return None
    extra = pair.came.size // pair.wanted.size
    if extra < SHORTEST or extra not in wanted or sorted([*without_ones(wanted), extra]) != sorted(without_ones(came)):
        return None
    return (
        f"The shape {came} has the length {extra} once too often: "
        "two arrays of which one is a row and one a column were combined."
    )


def repeated(pair: Pair) -> str | None:
    """The right values, copied along an axis that nobody wanted."""
    if pair.came.ndim != pair.wanted.ndim + 1 or not pair.is_told_apart:
        return None
    for axis, count in enumerate(pair.came.shape):
        others = np.delete(np.array(pair.came.shape), axis)
        if count > 1 and tuple(others) == pair.wanted.shape and _all_are(pair, axis):
            return f"The values are right, but there are {count} copies of them along axis {axis}."
    return None


def _all_are(pair: Pair, axis: int) -> bool:
    """Whether each slice along this axis is what was wanted."""
    return pair.same(np.broadcast_to(np.expand_dims(pair.wanted, axis), pair.came.shape), pair.came)


def named_lengths(pair: Pair) -> str | None:
    """An axis that has the length of another one, by name."""
    wanted, came = pair.wanted.shape, pair.came.shape
    if len(wanted) != len(came):
        return None
    found = []
    for axis, (right, wrong) in enumerate(zip(wanted, came, strict=True)):
        names = pair.setting.name_of(right), pair.setting.name_of(wrong)
        if right != wrong and all(name in pair.setting.axes for name in names):
            found.append(f"axis {axis} has the length {wrong}, which is {names[1]}, not {right}, which is {names[0]}")
    text = "; ".join(found)
    return f"{text[0].upper()}{text[1:]}." if found else None
