"""The shape of an error: in what way a value differs from the one that was wanted, in sentences that hold exactly.

Each sentence is a fact about the two values, never a guess at the cause. It is said only where it holds everywhere, to
the tolerance by which the two were compared; the most specific comes first.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from grader.tester import place_shapes, region_shapes, size_shapes, value_shapes
from grader.tester.pair import MOST_VALUES, Pair

MOST_SENTENCES = 2

Finder = Callable[[Pair], str | None]
# Of each group one sentence at most is said, the first: those behind it say less, or the same in other words.
WHOLE: tuple[Finder, ...] = (
    value_shapes.unchanged,
    value_shapes.all_alike,
    value_shapes.inverted,
    region_shapes.precision,
    value_shapes.sign,
    value_shapes.factor,
    value_shapes.offset,
    value_shapes.function,
    place_shapes.exchanged,
    place_shapes.reversed_along,
    place_shapes.shifted,
    place_shapes.cumulated,
    value_shapes.per_slice,
    place_shapes.misread,
    place_shapes.permuted,
    place_shapes.misplaced,
)
WHERE: tuple[Finder, ...] = (
    region_shapes.nowhere_to_look,
    region_shapes.at_the_mask,
    region_shapes.diagonal,
    region_shapes.along_an_axis,
)
SIZES: tuple[Finder, ...] = (
    value_shapes.unchanged,
    place_shapes.exchanged,
    place_shapes.regrouped,
    place_shapes.misread,
    size_shapes.cut,
    size_shapes.repeated,
    size_shapes.reduced,
    size_shapes.spread_too_far,
    size_shapes.named_lengths,
)


def sentences(pair: Pair) -> tuple[str, ...]:
    """What can be said of two arrays that differ, the most specific first."""
    if max(pair.wanted.size, pair.came.size) > MOST_VALUES or not min(pair.wanted.size, pair.came.size):
        return ()
    groups = (WHOLE, WHERE) if pair.alike else (SIZES,)
    with np.errstate(all="ignore"):
        found = [next(filter(None, (finder(pair) for finder in group)), None) for group in groups]
    return tuple(text for text in found if text)[:MOST_SENTENCES]
