"""From verdicts to marks: points earned, late days, extensions, and what a person marked."""

from __future__ import annotations

import datetime
import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from grader.errors import UsageError
from grader.score.intake.people import Directory
from grader.score.journal import Item
from grader.score.sheets import number_in, read_sheet

DAY_SECONDS = 86_400.0
MOST_DAYS = 3660  # ten years: more is a slip
NOT_HANDED_IN = "not handed in"


@dataclass(frozen=True)
class Deadline:
    """When work is due (seconds since 1970), the days of grace, and the share lost for each day after them."""

    due: float | None = None
    grace_days: float = 0.0
    penalty_per_day: float = 0.0
    extensions: dict[str, float] = field(default_factory=dict)

    def days_late(self, student: str, submitted: float) -> int:
        """Whole or begun days after the due date, the student's extension and the days of grace."""
        if self.due is None or submitted <= 0:
            return 0
        allowed = self.due + DAY_SECONDS * (self.grace_days + self.extensions.get(student, 0.0))
        return max(0, math.ceil((submitted - allowed) / DAY_SECONDS))

    def share_kept(self, days: int) -> float:
        return max(0.0, 1.0 - self.penalty_per_day * days)


@dataclass(frozen=True)
class Mark:
    """One exercise of one student: on their own earlier parts, on the reference's, and what counts."""

    exercise: str
    own: float
    carried: float | None
    counted: float
    possible: float
    verdict: str


@dataclass(frozen=True)
class StudentMarks:
    """A student's marks. `total` is after the penalty."""

    student: str
    marks: tuple[Mark, ...]
    days_late: int
    earned: float
    total: float
    possible: float


def compute_marks(
    students: Iterable[str],
    items: Iterable[Item],
    submitted: dict[str, float],
    deadline: Deadline,
    rubric: Iterable[tuple[str, Mark]] = (),
) -> list[StudentMarks]:
    """The marks of everyone in the class, with a person's marks merged in. Who has none has a row all the same."""
    by_student: dict[str, list[Mark]] = {student: [] for student in students}
    for item in items:
        by_student[item.student].append(_mark(item))
    for student, mark in rubric:
        by_student[student].append(mark)
    return [_student(name, marks, submitted.get(name, 0.0), deadline) for name, marks in sorted(by_student.items())]


def _mark(item: Item) -> Mark:
    return Mark(
        exercise=item.exercise,
        own=item.own.points,
        carried=None if item.carried is None else item.carried.points,
        counted=item.counted.points,
        possible=item.own.points_possible,
        verdict=str(item.counted.verdict),
    )


def _student(name: str, marks: list[Mark], submitted: float, deadline: Deadline) -> StudentMarks:
    earned = sum(mark.counted for mark in marks)
    days = deadline.days_late(name, submitted)
    return StudentMarks(
        student=name,
        marks=tuple(marks),
        days_late=days,
        earned=round(earned, 4),
        total=round(earned * deadline.share_kept(days), 4),
        possible=sum(mark.possible for mark in marks),
    )


# -- what a person writes -----------------------------------------------------------------------------


def parse_time(text: str) -> float:
    """A point in time as a person writes it: 2027-03-01, or with a time of day, or with a zone."""
    try:
        moment = datetime.datetime.fromisoformat(text)
        if len(text) <= 10:
            moment += datetime.timedelta(days=1)  # the whole day counts
        return moment.timestamp()
    except (ValueError, OverflowError, OSError):  # the latter two where no clock reaches
        raise UsageError(f"{text!r} is no date; write 2027-03-01 or 2027-03-01T18:00") from None


def time_text(seconds: float) -> str:
    """A point in time as a person reads it."""
    try:
        return datetime.datetime.fromtimestamp(seconds).strftime("%Y-%m-%d %H:%M")
    except (ValueError, OverflowError, OSError):
        return "a day of no calendar"


def read_extensions(path: Path, people: Directory) -> dict[str, float]:
    """Days by student, from a CSV with the columns `student` (or `id`) and `days`."""
    return {student: _days(path, number, row) for number, student, row in _rows_of_people(path, people, "days")}


def _days(path: Path, number: int, row: dict[str, str]) -> float:
    days = number_in(path, number, row, "days")
    if not 0 <= days <= MOST_DAYS:
        raise UsageError(f"{path}, row {number}: days from 0 to {MOST_DAYS} were expected, not {row['days'].strip()}")
    return days


def read_times(path: Path, people: Directory) -> dict[str, float]:
    """When each student handed in, from a CSV with the columns `student` (or `id`) and `submitted`."""
    rows = _rows_of_people(path, people, "submitted")
    return {student: _time(path, number, row["submitted"].strip()) for number, student, row in rows}


def _time(path: Path, number: int, text: str) -> float:
    try:
        return parse_time(text)
    except UsageError as error:
        raise UsageError(f"{path}, row {number}: {error.message}") from None


def _rows_of_people(path: Path, people: Directory, column: str) -> list[tuple[int, str, dict[str, str]]]:
    """Each row with the student whom it means. One that means nobody, or several, is an error that names it."""
    sheet = read_sheet(path)
    sheet.require(path, (column,))
    found: list[tuple[int, str, dict[str, str]]] = []
    seen: dict[str, int] = {}
    for number, row in sheet.rows:
        word = row.get("id", "").strip() or row.get("student", "")
        if not word.strip():
            raise UsageError(f"{path}, row {number}: a name in 'student' or an id in 'id' was expected")
        student = people.one(word, f"{path}, row {number}").label
        if student in seen:
            message = f"{path}, row {number}: {student} stands in row {seen[student]}, too"
            raise UsageError(message, "give each student one row")
        seen[student] = number
        found.append((number, student, row))
    return found
