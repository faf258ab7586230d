"""Putting a stub back without losing what stood in its place."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from grader.course.curriculum import Curriculum, Exercise
from grader.course.files import write_atomically
from grader.course.layout import Layout
from grader.course.stubs import handed_out_stub
from grader.learner.tree import LearnerTree
from grader.learner.workspace import Workspace


@dataclass(frozen=True)
class Reset:
    """What is to be done: the file that becomes the stub again, and the files that are put aside for it.

    These are that file, if anything was changed in it, and notebooks and copies that hold work: one of them would
    count in place of the stub.
    """

    file: Path
    stub: str
    aside: tuple[Path, ...]


def planned_reset(layout: Layout, curriculum: Curriculum, exercise: Exercise) -> Reset:
    """What putting the stub of this exercise back would do."""
    stub = handed_out_stub(layout, exercise)
    file = layout.exercise_file(exercise.name, exercise.suffix)
    own = (file,) if file.exists() and file.read_bytes() != stub.encode() else ()
    with Workspace(LearnerTree(layout, curriculum)) as workspace:
        others = tuple(path for path in workspace.with_work(exercise) if path != file)
    return Reset(file, stub, own + others)


def put_stub_back(reset: Reset) -> dict[Path, Path]:
    """Write the pristine stub. Returns the backup of each file that was put aside."""
    backups = {}
    for path in reset.aside:
        backups[path] = _free_name(path)
        write_atomically(backups[path], path.read_bytes())
        if path != reset.file:
            path.unlink()
    write_atomically(reset.file, reset.stub)
    return backups


def _free_name(path: Path) -> Path:
    number = 1
    while (candidate := path.with_name(f"{path.stem}.backup{number}{path.suffix}.txt")).exists():
        number += 1
    return candidate
