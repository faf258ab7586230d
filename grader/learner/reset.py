"""Putting a stub back without losing what stood in its place."""

from __future__ import annotations

from pathlib import Path

from grader.course.curriculum import Exercise
from grader.course.files import write_atomically
from grader.course.layout import Layout
from grader.course.stubs import handed_out_stub


def put_stub_back(layout: Layout, exercise: Exercise) -> Path | None:
    """Write the pristine stub. Returns the backup of the learner's file, None where there was none."""
    text = handed_out_stub(layout, exercise)
    path = layout.exercise_file(exercise.name, exercise.suffix)
    backup = None
    if path.exists() and path.read_bytes() != text.encode():
        backup = _free_name(path)
        write_atomically(backup, path.read_bytes())
    write_atomically(path, text)
    return backup


def _free_name(path: Path) -> Path:
    number = 1
    while (candidate := path.with_name(f"{path.stem}.backup{number}{path.suffix}.txt")).exists():
        number += 1
    return candidate
