"""Attempts over time: how many there were in each hour, day, week, month or year, and the time between them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import pairwise

from grader.learner.attempts import Attempt

MOST_SPANS = 42  # more bars than that are too thin on a phone
ONE_SITTING = timedelta(minutes=30)


class Unit(StrEnum):
    """How long a span is."""

    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    YEAR = "year"


@dataclass(frozen=True)
class Span:
    """A stretch of time from `start` on, in local time, and the attempts that were begun in it."""

    start: datetime
    passed: int
    others: int

    @property
    def attempts(self) -> int:
        return self.passed + self.others


@dataclass(frozen=True)
class OverTime:
    """All spans from the first attempt to the last, those without an attempt included."""

    unit: Unit
    spans: tuple[Span, ...]

    @property
    def busiest(self) -> Span:
        return max(self.spans, key=lambda span: span.attempts)


def over_time(attempts: Sequence[Attempt]) -> OverTime | None:
    """In the shortest unit that does not give too many spans. None where there is no attempt."""
    if not attempts:
        return None
    times = [local_time(attempt.at) for attempt in attempts]
    for unit in Unit:
        starts = _starts(unit, min(times), max(times))
        if len(starts) <= MOST_SPANS or unit is Unit.YEAR:
            break
    begun = [_start_of(unit, time) for time in times]
    passed = [start for start, attempt in zip(begun, attempts, strict=True) if attempt.has_passed]
    spans = (Span(start, passed.count(start), begun.count(start) - passed.count(start)) for start in starts)
    return OverTime(unit, tuple(spans))


def local_time(at: datetime) -> datetime:
    """As a clock on the wall shows it."""
    return at.astimezone().replace(tzinfo=None)


def time_between(attempts: Iterable[Attempt]) -> timedelta:
    """The time between attempts that follow each other in one sitting. What lies before the first is not in it."""
    times = sorted(attempt.at for attempt in attempts)
    return sum((gap for a, b in pairwise(times) if (gap := b - a) <= ONE_SITTING), timedelta())


def _starts(unit: Unit, first: datetime, last: datetime) -> list[datetime]:
    """No more of them than tells that they are too many."""
    found: list[datetime] = []
    for start in _from(unit, _start_of(unit, first)):
        if start > last or len(found) > max(MOST_SPANS, last.year - first.year):
            break
        found.append(start)
    return found


def _from(unit: Unit, start: datetime) -> Iterator[datetime]:
    while True:
        yield start
        step = {
            Unit.HOUR: timedelta(hours=1),
            Unit.DAY: timedelta(1),
            Unit.WEEK: timedelta(7),
            Unit.MONTH: timedelta(31),
        }
        start = _start_of(unit, start + step.get(unit, timedelta(366)))


def _start_of(unit: Unit, time: datetime) -> datetime:
    """Weeks begin on Monday."""
    if unit is Unit.HOUR:
        return time.replace(minute=0, second=0, microsecond=0)
    day = time.replace(hour=0, minute=0, second=0, microsecond=0)
    if unit is Unit.WEEK:
        return day - timedelta(day.weekday())
    if unit is Unit.MONTH:
        return day.replace(day=1)
    return day.replace(month=1, day=1) if unit is Unit.YEAR else day
