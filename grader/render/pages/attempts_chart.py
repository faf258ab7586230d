"""The measures of the chart of attempts over time: a bar for each span, on axes with round numbers."""

from __future__ import annotations

import math
from dataclasses import dataclass

from grader.learner.over_time import OverTime, Span, Unit
from grader.render.pages.words import counted, span_text

HEIGHT = 220
LEFT, RIGHT, TOP, BOTTOM = 44, 12, 12, 46
MOST_STEPS = 5  # between the horizontal lines
LETTER = 7.5  # a generous width of one
BETWEEN = 2  # letters, from one label to the next
SHARE = 0.78  # of a span's width that its bar takes
WIDEST_BAR = 48


@dataclass(frozen=True)
class Bar:
    """From the baseline up: the attempts that passed, above them the others. `says` is its text."""

    x: float
    width: float
    passed_y: float
    passed_height: float
    others_y: float
    others_height: float
    says: str


@dataclass(frozen=True)
class Tick:
    """A mark on an axis."""

    at: float
    label: str


@dataclass(frozen=True)
class Chart:
    """All that the template draws. `name` tells its pattern from another chart's in the same page."""

    name: str
    width: int
    height: int
    left: float
    right: float
    base: float
    bars: tuple[Bar, ...]
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    x_label: str
    y_label: str


def attempts_chart(found: OverTime, name: str, width: int) -> Chart:
    """The chart, `width` pixels wide."""
    step, base = _step(found.busiest.attempts), HEIGHT - BOTTOM
    top = step * math.ceil(found.busiest.attempts / step)
    across, upward = (width - LEFT - RIGHT) / len(found.spans), (base - TOP) / top
    return Chart(
        name=name,
        width=width,
        height=HEIGHT,
        left=LEFT,
        right=width - RIGHT,
        base=base,
        bars=tuple(
            _bar(span, found.unit, LEFT + across * (place + 0.5), across, base, upward)
            for place, span in enumerate(found.spans)
            if span.attempts
        ),
        x_ticks=_x_ticks(found, across, width),
        y_ticks=tuple(Tick(round(base - upward * value, 1), str(value)) for value in range(0, top + 1, step)),
        x_label=_X_LABELS[found.unit],
        y_label=f"attempts in each {found.unit}",
    )


_X_LABELS = {
    Unit.HOUR: "hour, by the clock of this computer",
    Unit.DAY: "day",
    Unit.WEEK: "week, by its Monday",
    Unit.MONTH: "month",
    Unit.YEAR: "year",
}


def _step(most: int) -> int:
    """The least of 1, 2, 5, 10, 20, … with which few lines are enough."""
    power = 1
    while True:
        for digit in (1, 2, 5):
            if digit * power * MOST_STEPS >= most:
                return digit * power
        power *= 10


def _bar(span: Span, unit: Unit, middle: float, across: float, base: float, upward: float) -> Bar:
    width = min(SHARE * across, WIDEST_BAR)
    passed, others = upward * span.passed, upward * span.others
    return Bar(
        x=round(middle - width / 2, 1),
        width=round(width, 1),
        passed_y=round(base - passed, 1),
        passed_height=round(passed, 1),
        others_y=round(base - passed - others, 1),
        others_height=round(others, 1),
        says=f"{span_text(unit, span.start)}: {counted(span.attempts, 'attempt')}, {span.passed} of them passed",
    )


def _x_ticks(found: OverTime, across: float, width: int) -> tuple[Tick, ...]:
    """Labels at equal distances, as many as there is room for; none runs out of the picture."""
    labels = [span_text(found.unit, span.start) for span in found.spans]
    room = (max(map(len, labels)) + BETWEEN) * LETTER
    every = max(1, math.ceil(room / across))
    ticks = []
    for place in range(0, len(labels), every):
        half = len(labels[place]) * LETTER / 2
        middle = LEFT + across * (place + 0.5)
        if middle + half <= width:
            ticks.append(Tick(round(max(middle, half), 1), labels[place]))
    return tuple(ticks)
