"""What crossed in a failed test, small enough to keep for a class: two of these match where the answers were the same.

The seed of the run gives the weights by which numbers are summed up and the salt of the digest. The code under test
knows neither, so it cannot write into a sketch what it has seen.
"""

from __future__ import annotations

import msgspec


class Sum(msgspec.Struct, frozen=True, array_like=True):
    """The numbers of one value: sums of them under several weights, and how far rounding may take each sum."""

    sums: tuple[float, ...]
    within: float


class Sketch(msgspec.Struct, frozen=True):
    """`exact` is a digest of all that has no rounding: what was asked, kinds, shapes, whole numbers, exceptions.

    `sums` are of the values with a fraction, the first of a test and the last.
    """

    exact: str
    sums: tuple[Sum, ...] = ()


def sketches_match(one: Sketch, other: Sketch) -> bool:
    """Whether the same crossed in both, but for rounding."""
    if one.exact != other.exact or len(one.sums) != len(other.sums):
        return False
    return all(_sums_match(x, y) for x, y in zip(one.sums, other.sums, strict=True))


def _sums_match(one: Sum, other: Sum) -> bool:
    within = max(one.within, other.within)
    return all(abs(x - y) <= within for x, y in zip(one.sums, other.sums, strict=True))
