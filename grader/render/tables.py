"""Tables for the person who publishes the marks, as CSV: `grades.csv` and the rubric sheet."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable

from grader.course.curriculum import Exercise
from grader.score.cells import guarded
from grader.score.intake.people import Person
from grader.score.marks import StudentMarks
from grader.score.rubric import RubricRow

RUBRIC_COLUMNS = ("student", "exercise", "points", "points_possible", "words", "text", "comment", "id")

PERSON_COLUMNS = ("id", "email", "section")


def grades_csv(exercises: Iterable[Exercise], people: Iterable[Person], marks: Iterable[StudentMarks]) -> str:
    """One row for each student, one column with points for each exercise, named by its path."""
    known = {person.label: person for person in people}
    names = [exercise.name for exercise in exercises]
    rows: list[list[str]] = [["student", *PERSON_COLUMNS, *names, "earned", "days_late", "total", "possible"]]
    for student in marks:
        points = {mark.exercise: mark.counted for mark in student.marks}
        cells = [f"{points[name]:g}" if name in points else "" for name in names]
        sums = [f"{student.earned:g}", str(student.days_late), f"{student.total:g}", f"{student.possible:g}"]
        person = known[student.student]
        who = [guarded(cell) for cell in (person.label, person.id, person.email, person.section)]
        rows.append([*who, *cells, *sums])
    return _csv(rows)


def rubric_csv(rows: Iterable[RubricRow]) -> str:
    """The sheet that a person fills in."""
    return _csv([list(RUBRIC_COLUMNS), *(_rubric_cells(row) for row in rows)])


def _rubric_cells(row: RubricRow) -> list[str]:
    words = str(len(row.text.split()))
    points = (row.points, f"{row.points_possible:g}")
    cells = (row.person.label, row.exercise, *points, words, row.text, row.comment, row.person.id)
    return [guarded(cell) for cell in cells]


def _csv(rows: list[list[str]]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerows(rows)
    return buffer.getvalue()
