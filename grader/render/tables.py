"""Tables for the person who publishes the marks, as CSV: `grades.csv` and the rubric sheet."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable

from grader.course.curriculum import Exercise
from grader.score.cells import guarded
from grader.score.intake.people import Person
from grader.score.marks import StudentMarks
from grader.score.rubric import COLUMNS, Rubric, RubricRow

PERSON_COLUMNS = ("id", "email", "section")


def grades_csv(exercises: Iterable[Exercise], people: Iterable[Person], marks: Iterable[StudentMarks]) -> str:
    """One row for each student, one column with points for each exercise, named by its path."""
    known = {person.label: person for person in people}
    names = [exercise.name for exercise in exercises]
    rows: list[list[str]] = [["student", *names, "earned", "days_late", "total", "possible", *PERSON_COLUMNS]]
    for student in marks:
        points = {mark.exercise: mark.counted for mark in student.marks}
        cells = [f"{points[name]:g}" if name in points else "" for name in names]
        sums = [f"{student.earned:g}", str(student.days_late), f"{student.total:g}", f"{student.possible:g}"]
        person = known[student.student]
        who = [guarded(cell) for cell in (person.id, person.email, person.section)]
        rows.append([guarded(person.label), *cells, *sums, *who])
    return _csv(rows)


def rubric_csv(rubric: Rubric) -> str:
    """The sheet that a person fills in. What they wrote of others than this class stands at its end."""
    kept = [[guarded(row.cells.get(name, "")) for name in (*COLUMNS, *rubric.more)] for row in rubric.kept]
    return _csv([[*COLUMNS, *rubric.more], *(_rubric_cells(row, len(rubric.more)) for row in rubric.rows), *kept])


def _rubric_cells(row: RubricRow, more: int) -> list[str]:
    words = str(len(row.text.split()))
    points = (row.points, f"{row.points_possible:g}")
    cells = (row.person.label, row.exercise, *points, words, row.text, row.comment, row.person.id)
    return [guarded(cell) for cell in (*cells, *(row.more or [""] * more))]


def _csv(rows: list[list[str]]) -> str:
    """One kind of line end: a table's reader takes any other for the end of a row."""
    buffer = io.StringIO()
    lines = [[cell.replace("\r\n", "\n").replace("\r", "\n") for cell in row] for row in rows]
    csv.writer(buffer, lineterminator="\n").writerows(lines)
    return buffer.getvalue()
