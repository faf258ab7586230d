"""Two arrays that ought to be the same, and what is known of the call that made one of them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from grader.tester.compare import mismatch_mask, show_number

MOST_VALUES = 50_000  # larger arrays are not looked at: sorting them would cost more than a sentence is worth
CLOSE = 1e-3  # a relation between numbers is told from another one that is this near


@dataclass(frozen=True)
class Setting:
    """What the call was given: its arrays and its whole numbers by name, the names of the axes with their lengths.

    `result_axes` are the names of the result's own axes, where they are known; `axes` are those of any array.
    """

    arrays: Mapping[str, np.ndarray] = field(default_factory=dict)
    lengths: Mapping[str, int] = field(default_factory=dict)
    result_axes: tuple[str, ...] = ()
    axes: frozenset[str] = frozenset()

    def name_of(self, length: int) -> str:
        """The one name that stands for this length, or nothing."""
        names = [name for name, value in self.lengths.items() if value == length]
        return names[0] if len(names) == 1 else ""


@dataclass(frozen=True)
class Pair:
    """The array that was `wanted`, the one that `came`, and how near is near enough."""

    wanted: np.ndarray
    came: np.ndarray
    relative: float = 2e-4
    absolute: float = 2e-5
    setting: Setting = field(default_factory=Setting)

    @cached_property
    def wrong(self) -> np.ndarray:
        """Where the two differ, if they are of the same shape."""
        return mismatch_mask(self.wanted, self.came, self.relative, self.absolute)

    @cached_property
    def alike(self) -> bool:
        """Whether they are of the same shape."""
        return self.wanted.shape == self.came.shape

    @cached_property
    def numeric(self) -> bool:
        """Whether both hold numbers that can be reckoned with: no truth values, no complex ones."""
        return all(array.dtype.kind in "if" for array in (self.wanted, self.came))

    @cached_property
    def is_told_apart(self) -> bool:
        """Whether what was wanted at different places differs: only then a change of places is seen."""
        return tells_places_apart(self.wanted)

    @cached_property
    def same_values(self) -> bool:
        """Whether both hold the same values, wherever they stand. Complex ones have no order: there it is not known."""
        if self.wanted.size != self.came.size or "c" in (self.wanted.dtype.kind, self.came.dtype.kind):
            return self.wanted.size == self.came.size
        return self.same(np.sort(self.wanted, axis=None), np.sort(self.came, axis=None))

    def same(self, a: np.ndarray, b: np.ndarray) -> bool:
        """Whether two arrays agree as these two ought to."""
        return a.shape == b.shape and not mismatch_mask(a, b, self.relative, self.absolute).any()

    def axis(self, number: int) -> str:
        """`axis 1`, or `axis 1 (q_len)` where the name is known."""
        names = self.setting.result_axes
        known = len(names) == self.wanted.ndim and names[number].isidentifier()
        return f"axis {number} ({names[number]})" if known else f"axis {number}"


def without_ones(shape: tuple[int, ...]) -> tuple[int, ...]:
    """The lengths of the axes that have more than one place."""
    return tuple(length for length in shape if length != 1)


def bits(a: np.ndarray) -> float:
    """How much the order of these values says: their number times the logarithm of how many of them differ."""
    different = len(np.unique(a))
    return float(a.size * math.log2(different)) if different > 1 else 0.0


def tells_places_apart(a: np.ndarray) -> bool:
    """Whether its values are different enough to know each place again."""
    return a.size > 1 and bits(a) >= 12


def in_words(number: float, setting: Setting) -> str:
    """`2.828` with what it is: `2.828, which is √8, and 8 is d_k`; empty where it is nothing that is known."""
    for text, value, name in _known_numbers(setting):
        if math.isclose(number, value, rel_tol=CLOSE / 10):
            named = f", and {name}" if name else ""
            return f"{show_number(float(f'{number:.4g}'))} is {text}{named}"
    return ""


def _known_numbers(setting: Setting) -> Iterator[tuple[str, float, str]]:
    for length in dict.fromkeys(setting.lengths.values()):
        name = setting.name_of(length)
        named = f"{length} is {name}" if name else ""
        if length > 2:  # half of all numbers have to do with 2
            root = math.sqrt(length)
            yield f"√{length}", root, named
            yield f"1/√{length}", 1 / root, named
            yield f"1/{length}", 1 / length, named
            yield f"√{length}³", root**3, named
        if length > 3:
            yield f"{length}/{length - 1}", length / (length - 1), named
            yield f"{length - 1}/{length}", (length - 1) / length, named
            yield f"√({length}/{length - 1})", math.sqrt(length / (length - 1)), named
            yield f"√({length - 1}/{length})", math.sqrt((length - 1) / length), named
        if length > 2 and name:
            yield name, float(length), ""
    yield "ln 2", math.log(2), ""
    yield "1/ln 2", 1 / math.log(2), ""
    yield "ln 10", math.log(10), ""
    yield "1/ln 10", 1 / math.log(10), ""
    yield "√2", math.sqrt(2), ""
    yield "1/√2", 1 / math.sqrt(2), ""
    yield "2π", 2 * math.pi, ""
    yield "π/180", math.pi / 180, ""
