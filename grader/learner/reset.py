"""Putting a stub back without losing what stood in its place."""

from __future__ import annotations

from pathlib import Path

from grader.course.curriculum import Exercise
from grader.course.files import write_atomically
from grader.course.layout import Layout
from grader.course.stubs import derive_stub
from grader.errors import GraderError


def put_stub_back(layout: Layout, exercise: Exercise) -> Path | None:
    """Write the pristine stub. Returns the backup of the learner's file, None where there was none."""
    text = pristine(layout, exercise)
    path = layout.exercise_file(exercise.name, exercise.suffix)
    backup = None
    if path.exists() and path.read_bytes() != text.encode():
        backup = _free_name(path)
        write_atomically(backup, path.read_bytes())
    write_atomically(path, text)
    return backup


def pristine(layout: Layout, exercise: Exercise) -> str:
    """The stub as it was handed out."""
    handed_out = layout.pristine_file(exercise.name, exercise.suffix)
    if handed_out.exists():
        return handed_out.read_text(encoding="utf-8")
    solution = layout.solution_file(exercise.name, exercise.suffix)
    if not solution.exists():
        raise GraderError(f"{exercise.name}: neither a solution nor a pristine stub is in this kit")
    text = solution.read_text(encoding="utf-8")
    return text if exercise.manually_graded else derive_stub(text)


def _free_name(path: Path) -> Path:
    number = 1
    while (candidate := path.with_name(f"{path.stem}.backup{number}{path.suffix}.txt")).exists():
        number += 1
    return candidate
