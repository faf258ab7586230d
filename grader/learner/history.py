"""The history of an exercise: its attempts, and what was changed to make it pass."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass

from grader.course.curriculum import Exercise
from grader.learner.attempts import Attempt, Summary, summary_of
from grader.learner.progress import ProgressStore


@dataclass(frozen=True)
class Change:
    """From a failing version to one that passed: their numbers from 1, and the changed lines.

    `lines` are those of a unified diff without its head; None where one of the texts cannot be read.
    """

    failing: int
    passing: int
    lines: tuple[str, ...] | None


@dataclass(frozen=True)
class History:
    """All attempts at an exercise, the first one first. `change` is from the last failing one to the first pass.

    It is None where there is no pass after a failure.
    """

    exercise: Exercise
    attempts: tuple[Attempt, ...]
    summary: Summary | None
    change: Change | None


def history_of(progress: ProgressStore, exercise: Exercise) -> History:
    """Read from what was remembered."""
    attempts = progress.attempts_of(exercise)
    return History(exercise, attempts, summary_of(attempts), _change(progress, attempts))


def summaries(progress: ProgressStore) -> dict[str, Summary]:
    """The attempts at each exercise in brief, for those that have any."""
    by_exercise: dict[str, list[Attempt]] = {}
    for attempt in progress.all_attempts():
        by_exercise.setdefault(attempt.exercise, []).append(attempt)
    found = {name: summary_of(attempts) for name, attempts in by_exercise.items()}
    return {name: summary for name, summary in found.items() if summary is not None}


def text_changes(before: str, after: str) -> tuple[str, ...]:
    """The lines of a unified diff, without the two that name files."""
    return tuple(difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm=""))[2:]


def change_between(progress: ProgressStore, attempts: Sequence[Attempt], failing: int, passing: int) -> Change:
    """From one of these attempts to another one, by their numbers from 1."""
    before, after = (progress.text_of(attempts[number - 1]) for number in (failing, passing))
    lines = None if before is None or after is None else text_changes(before, after)
    return Change(failing, passing, lines)


def _change(progress: ProgressStore, attempts: tuple[Attempt, ...]) -> Change | None:
    first = next((number for number, attempt in enumerate(attempts, 1) if attempt.has_passed), 1)
    return None if first == 1 else change_between(progress, attempts, first - 1, first)
