"""What a picture is made of: panels of numbers and words, rounded, as they are recorded and drawn."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

DIGITS = 4  # significant ones: more than an eye sees

Numbers = tuple[float, ...]


class Line(msgspec.Struct, frozen=True, omit_defaults=True):
    """One curve. `names` label its points; where there are any, or `is_marked`, each point has a mark."""

    label: str
    x: Numbers
    y: Numbers
    is_marked: bool = False
    names: tuple[str, ...] = ()


class Limit(msgspec.Struct, frozen=True, omit_defaults=True):
    """A straight line through the whole panel at one value: across at a height, or upright at a place."""

    label: str
    value: float
    is_upright: bool = False


class Curves(msgspec.Struct, frozen=True, omit_defaults=True, tag=True):
    """Curves over one axis. With `is_square` both axes have the same scale, as a circle needs it.

    `shaded` is the label of the line with all below it filled.
    """

    title: str
    x_label: str
    y_label: str
    lines: tuple[Line, ...]
    limits: tuple[Limit, ...] = ()
    log_x: bool = False
    log_y: bool = False
    is_square: bool = False
    shaded: str = ""


class Grid(msgspec.Struct, frozen=True, omit_defaults=True, tag=True):
    """A matrix as coloured cells, `rows[0]` at the top. Its scale runs from `low` to `high`, around zero or from zero.

    `words` names the two values of a grid of yes and no: what 1 means, what 0 means.
    """

    title: str
    x_label: str
    y_label: str
    value_label: str
    rows: tuple[Numbers, ...]
    low: float
    high: float
    x_names: tuple[str, ...] = ()
    y_names: tuple[str, ...] = ()
    words: tuple[str, ...] = ()


class Group(msgspec.Struct, frozen=True, omit_defaults=True):
    """Points of one kind. `names` stand beside them."""

    label: str
    x: Numbers
    y: Numbers
    names: tuple[str, ...] = ()


class Cloud(msgspec.Struct, frozen=True, omit_defaults=True, tag=True):
    """Points in the plane, by groups."""

    title: str
    x_label: str
    y_label: str
    groups: tuple[Group, ...]


class Series(msgspec.Struct, frozen=True):
    """One bar for each name of the panel."""

    label: str
    heights: Numbers


class Bars(msgspec.Struct, frozen=True, omit_defaults=True, tag=True):
    """Bars side by side for each name."""

    title: str
    x_label: str
    y_label: str
    names: tuple[str, ...]
    series: tuple[Series, ...]


Panel = Curves | Grid | Cloud | Bars


class PictureData(msgspec.Struct, frozen=True):
    """A whole picture: its panels, the question that it answers, and the sentence that says what to see."""

    name: str
    exercise: str
    title: str
    question: str
    sentence: str
    panels: tuple[Panel, ...]


def rounded(values: Iterable[float]) -> Numbers:
    """The values to a few significant digits."""
    return tuple(float(f"{float(value):.{DIGITS}g}") for value in values)


def rounded_rows(rows: Iterable[Iterable[float]]) -> tuple[Numbers, ...]:
    return tuple(rounded(row) for row in rows)


def decimal(value: float) -> str:
    """A number in a sentence, with two places and a proper minus."""
    return f"{value:.2f}".replace("-", "−")
