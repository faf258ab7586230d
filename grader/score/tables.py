"""Tables for the person who publishes the marks: `grades.csv` and the rubric sheet."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from grader.course.curriculum import Exercise
from grader.course.files import write_atomically
from grader.score.collecting import Submission
from grader.score.marks import StudentMarks

RUBRIC_COLUMNS = ("student", "exercise", "points", "points_possible", "words", "text", "comment")


def write_grades(path: Path, exercises: list[Exercise], marks: list[StudentMarks]) -> None:
    """One row for each student, one column with points for each exercise, named by its path."""
    names = [exercise.name for exercise in exercises]
    rows: list[list[str]] = [["student", *names, "earned", "days_late", "total", "possible"]]
    for student in marks:
        points = {mark.exercise: mark.counted for mark in student.marks}
        cells = [f"{points[name]:g}" if name in points else "" for name in names]
        sums = [f"{student.earned:g}", str(student.days_late), f"{student.total:g}", f"{student.possible:g}"]
        rows.append([_cell(student.student), *cells, *sums])
    write_atomically(path, _csv(rows))


def write_rubric_sheet(path: Path, exercises: list[Exercise], submissions: list[Submission]) -> None:
    """The sheet for what a person marks. Rows that are there already stay as they are."""
    manually_graded = [exercise for exercise in exercises if exercise.manually_graded]
    if not manually_graded:
        return
    kept = _existing(path)
    rows: list[list[str]] = [list(RUBRIC_COLUMNS)]
    for submission in submissions:
        for exercise in manually_graded:
            held = kept.get((submission.student, exercise.name))
            text = submission.files.get(exercise.name, b"").decode("utf-8", "replace")
            first = [submission.student, exercise.name, held["points"] if held else "", f"{exercise.points:g}"]
            rest = [str(len(text.split())), text, held["comment"] if held else ""]
            rows.append([_cell(item) for item in [*first, *rest]])
    write_atomically(path, _csv(rows))


def _existing(path: Path) -> dict[tuple[str, str], dict[str, str]]:
    if not path.exists():
        return {}
    with path.open(newline="", encoding="utf-8-sig") as file:
        return {(row["student"], row["exercise"]): row for row in csv.DictReader(file)}


def _cell(text: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return "'" + text if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text


def _csv(rows: list[list[str]]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerows(rows)
    return buffer.getvalue()
