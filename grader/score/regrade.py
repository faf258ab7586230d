"""What a mended suite would change: whose mark, by how much, on which test, before anything is overwritten."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from grader.protocol.results import ExerciseResult
from grader.score.journal import Item


@dataclass(frozen=True)
class Change:
    """One exercise of one student whose points would change, with the tests that are the reason."""

    student: str
    exercise: str
    before: float
    after: float
    tests: tuple[tuple[str, str, str], ...]


def changes(old: Iterable[Item], new: Iterable[Item]) -> list[Change]:
    """Every item whose points or verdicts differ, by student and exercise."""
    before = {(item.student, item.exercise): item for item in old}
    found = []
    for item in new:
        held = before.get((item.student, item.exercise))
        if held is None:
            continue
        tests = _tests(held.counted, item.counted)
        if tests or held.counted.points != item.counted.points:
            found.append(Change(item.student, item.exercise, held.counted.points, item.counted.points, tests))
    return found


def _tests(old: ExerciseResult, new: ExerciseResult) -> tuple[tuple[str, str, str], ...]:
    a = {test.name: str(test.verdict) for test in old.tests}
    b = {test.name: str(test.verdict) for test in new.tests}
    names = [*b, *(name for name in a if name not in b)]
    pairs = [(name, a.get(name, "not there"), b.get(name, "not there")) for name in names]
    return tuple(pair for pair in pairs if pair[1] != pair[2])
