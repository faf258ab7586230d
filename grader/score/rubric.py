"""What a person marks: a row for each essay of each student, with what was written into the sheet before."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from grader.course.curriculum import Exercise
from grader.score.cells import row_identity
from grader.score.intake.people import Person
from grader.score.intake.submission import Submission
from grader.score.sheets import read_sheet


@dataclass(frozen=True)
class RubricRow:
    """One exercise of one student that a person marks. `points` and `comment` are the person's, as they wrote them."""

    person: Person
    exercise: str
    points: str
    points_possible: float
    text: str
    comment: str


def rubric_rows(path: Path, exercises: Iterable[Exercise], submissions: Iterable[Submission]) -> tuple[RubricRow, ...]:
    """The rows of the sheet at `path`, anew: what a person wrote there stays, a text that changed is the new one."""
    essays = [exercise for exercise in exercises if exercise.manually_graded]
    held = _existing(path) if essays else {}
    return tuple(
        _row(submission, exercise, _held(held, submission.person, exercise.name))
        for submission in submissions
        for exercise in essays
    )


def _held(held: dict[tuple[str, str], dict[str, str]], person: Person, exercise: str) -> dict[str, str]:
    """What was written for this person; a sheet from before the id was known has the name alone."""
    return held.get((person.id, exercise)) or held.get((person.label, exercise)) or {}


def _row(submission: Submission, exercise: Exercise, held: dict[str, str]) -> RubricRow:
    return RubricRow(
        person=submission.person,
        exercise=exercise.name,
        points=held.get("points", ""),
        points_possible=exercise.points,
        text=submission.files.get(exercise.name, b"").decode("utf-8", "replace"),
        comment=held.get("comment", ""),
    )


def _existing(path: Path) -> dict[tuple[str, str], dict[str, str]]:
    if not path.exists():
        return {}
    return {(row_identity(row), row["exercise"]): row for _, row in read_sheet(path).rows}
