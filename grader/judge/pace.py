"""How long the rest of a run will take, from what its items took so far. Nothing is said while little is known."""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Mapping

LEAST_ITEMS = 5
LEAST_SECONDS = 5.0
LEAST_SAMPLES = 2  # of an exercise, before it counts as known
KNOWN_SHARE = 0.9  # of what is left; the rest is taken to be like it
DROPPED_SHARE = 0.05


class Pace:
    """Gathers each item's seconds by exercise.

    One item that took far longer than the others of its exercise moves nothing: of each exercise the longest items,
    one at least, are left out. What is left is multiplied by what the clock has shown for each second of work so far;
    so the number of workers, and what is done between items, need not be known.
    """

    def __init__(self) -> None:
        self.seconds: dict[str, list[float]] = defaultdict(list)
        self.items = 0
        self.work = 0.0

    def add(self, exercise: str, seconds: float) -> None:
        """One more item is done."""
        self.seconds[exercise].append(seconds)
        self.items += 1
        self.work += seconds

    def left(self, remaining: Mapping[str, int], elapsed: float) -> float | None:
        """The seconds that these items will take, this long after the first was begun; None where it is a guess."""
        known = {name: _typical(found) for name, found in self.seconds.items() if len(found) >= LEAST_SAMPLES}
        if self.items < LEAST_ITEMS or elapsed < LEAST_SECONDS or not known or self.work <= 0:
            return None
        total = sum(remaining.values())
        if sum(count for name, count in remaining.items() if name in known) < KNOWN_SHARE * total:
            return None
        other = statistics.median(known.values())
        work = sum(count * known.get(name, other) for name, count in remaining.items())
        return work * elapsed / self.work


def _typical(seconds: list[float]) -> float:
    """The mean of an exercise's items, without the longest."""
    dropped = max(1, int(DROPPED_SHARE * len(seconds)))
    return statistics.fmean(sorted(seconds)[:-dropped])
