"""Tables for the person who publishes the marks, as CSV: `grades.csv` and the rubric sheet."""

from __future__ import annotations

from collections.abc import Iterable

from grader.course.curriculum import Exercise
from grader.course.visible import visible, visible_line
from grader.score.dialect import Cell, Number, number, table_text, typed
from grader.score.intake.people import Person
from grader.score.marks import StudentMarks
from grader.score.rubric import COLUMNS, Rubric, RubricRow, TypedRow

PERSON_COLUMNS = ("id", "email", "section")


def grades_csv(exercises: Iterable[Exercise], people: Iterable[Person], marks: Iterable[StudentMarks]) -> str:
    """One row for each student, one column with points for each exercise, named by its path."""
    known = {person.label: person for person in people}
    names = [exercise.name for exercise in exercises]
    rows: list[list[Cell]] = [["student", *names, "earned", "days_late", "total", "possible", *PERSON_COLUMNS]]
    for student in marks:
        points = {mark.exercise: mark.counted for mark in student.marks}
        cells = [number(points[name]) if name in points else "" for name in names]
        sums = [number(value) for value in (student.earned, student.days_late, student.total, student.possible)]
        person = known[student.student]
        who = [visible_line(cell) for cell in (person.id, person.email, person.section)]
        rows.append([visible_line(person.label), *cells, *sums, *who])
    return table_text(rows)


def rubric_csv(rubric: Rubric) -> str:
    """The sheet that a person fills in. What they wrote of others than this class stands at its end."""
    rows = [_rubric_cells(row, len(rubric.more)) for row in rubric.rows]
    kept = [_kept_cells(row, rubric.more) for row in rubric.kept]
    return table_text([[*COLUMNS, *rubric.more], *rows, *kept])


def _rubric_cells(row: RubricRow, more: int) -> list[Cell]:
    """What a person typed stays as it is, the rest is made visible."""
    person, own = row.person, row.more or [""] * more
    points = (typed(row.points), number(row.points_possible))
    text = (Number(str(row.words)), visible(row.text))
    return [
        visible_line(person.label), row.exercise, *points, *text, typed(row.comment), visible_line(person.id),
        *(typed(cell) for cell in own),
    ]  # fmt: skip


def _kept_cells(row: TypedRow, more: tuple[str, ...]) -> list[Cell]:
    """A row as it stood there. Who is named in it is no number, whatever the name looks like."""
    names = ("student", "exercise", "id")
    return [row.cells.get(name, "") if name in names else typed(row.cells.get(name, "")) for name in (*COLUMNS, *more)]
