"""Named mistakes that a learner met, and the change after which an exercise passed without them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from grader.course.mutants import Mistake
from grader.learner.attempts import Attempt
from grader.learner.history import Change, change_between
from grader.learner.progress import ProgressStore


@dataclass(frozen=True)
class Met:
    """A mistake that was named: in which attempt first, counted from 1, when that was, and in how many attempts."""

    mistake: Mistake
    attempt: int
    at: datetime
    times: int


@dataclass(frozen=True)
class Lesson:
    """Mistakes of one exercise that were named last in the same attempt, and so went with one change.

    `mended` is when the next pass was checked, and `change` what led to it. Both are None where there is none yet.
    """

    exercise: str
    mistakes: tuple[Met, ...]
    mended: datetime | None
    change: Change | None


def lessons_of(progress: ProgressStore, exercise: str, attempts: Sequence[Attempt]) -> list[Lesson]:
    """From all attempts at an exercise, the first one first. In the order in which the mistakes were mended."""
    met: dict[str, Met] = {}
    last: dict[str, int] = {}
    for number, attempt in enumerate(attempts, 1):
        for mistake in attempt.mistakes:
            before = met.get(mistake.name) or Met(mistake, number, attempt.at, 0)
            met[mistake.name] = replace(before, mistake=mistake, times=before.times + 1)
            last[mistake.name] = number
    found = []
    for number in sorted(set(last.values())):
        together = tuple(item for name, item in met.items() if last[name] == number)
        passing = next((n for n, item in enumerate(attempts, 1) if n > number and item.has_passed), None)
        if passing is None:
            found.append(Lesson(exercise, together, None, None))
        else:
            change = change_between(progress, attempts, number, passing)
            found.append(Lesson(exercise, together, attempts[passing - 1].at, change))
    return found
