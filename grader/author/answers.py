"""The files that the judge for many is given: each belongs to the exercise in whose folder it lies."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import msgspec

from grader.course.cells import Cells
from grader.course.curriculum import Curriculum, Exercise
from grader.course.layout import Layout
from grader.course.module_reading import read_module
from grader.course.notebooks import MAX_NOTEBOOK_BYTES, Module, NotebookError
from grader.course.passed_over import is_an_environment, is_passed_over
from grader.course.source import SourceProblem, first_problem, problem_in
from grader.errors import UsageError
from grader.judge.apart import NotDone, apart
from grader.protocol.jobs import LearnerSource

CODE = (".py", ".ipynb")
PLACE = "<chapter>/<exercise>/<any name>.py"


class Answer(msgspec.Struct, frozen=True):
    """A file to judge, and how it is called. Without an `exercise` it cannot be judged, and `problem` says why."""

    path: Path
    name: str
    exercise: Exercise | None
    problem: str = ""


class ReadAnswer(msgspec.Struct, frozen=True):
    """What is known of an answer before it runs: the source for the judge, or the problem that keeps it from there."""

    learner: LearnerSource
    cells: Cells | None = None
    problem: SourceProblem | None = None
    notes: tuple[str, ...] = ()


def answers_in(folder: Path, curriculum: Curriculum) -> list[Answer]:
    """Every Python file and every notebook of the folder, in the order of the course; first what has no place in it."""
    if not folder.is_dir():
        raise UsageError(f"there is no folder {folder}")
    folder = Path(os.path.abspath(folder))
    found = [_placed(path, folder, curriculum) for path in _files(folder)]
    if not found:
        raise UsageError(f"no Python file and no notebook lies in {folder}", f"they are looked for as {PLACE}")
    order = {exercise.name: place for place, exercise in enumerate(curriculum.exercises)}
    return sorted(found, key=lambda answer: (order[answer.exercise.name] if answer.exercise else -1, answer.name))


def answers_of(layout: Layout, exercise: Exercise, files: list[Path]) -> list[Answer]:
    """These files, as answers to one exercise, wherever they lie."""
    if exercise.manually_graded:
        raise UsageError(f"a person marks {exercise.name}; there is no suite to ask")
    for path in files:
        if not path.is_file():
            raise UsageError(f"there is no file {path}")
    return [Answer(path.absolute(), layout.display_path(path), exercise) for path in files]


def _files(folder: Path) -> Iterator[Path]:
    for place, folders, files in os.walk(folder):
        if is_an_environment([*folders, *files]):
            folders.clear()
            continue
        folders[:] = [name for name in folders if not is_passed_over(name)]
        for name in files:
            if Path(name).suffix.lower() in CODE and not is_passed_over(name):
                yield Path(place, name)


def _placed(path: Path, folder: Path, curriculum: Curriculum) -> Answer:
    name = os.fsencode(path.relative_to(folder).as_posix()).decode("utf-8", "replace")
    exercise = _exercise_at(path, folder, curriculum)
    if exercise is None:
        return Answer(path, name, None, f"{name} stands at no exercise's place, which is {PLACE}.")
    if exercise.manually_graded:
        return Answer(path, name, None, f"{name} cannot be judged: a person marks {exercise.name}.")
    if os.fsencode(path).decode("utf-8", "replace") != str(path):
        return Answer(path, name, None, f"{name} cannot be judged: its path is no UTF-8 text.")
    return Answer(path, name, exercise)


def _exercise_at(path: Path, folder: Path, curriculum: Curriculum) -> Exercise | None:
    """The exercise that the file's two folders name; in the very folder that was given, its short name will do."""
    placed = f"{path.parent.parent.name}/{path.parent.name}"
    found = [exercise for exercise in curriculum.exercises if exercise.name == placed]
    if not found and path.parent == folder:
        found = [exercise for exercise in curriculum.exercises if exercise.short == folder.name]
    return found[0] if len(found) == 1 else None


def read_answer(layout: Layout, exercise: Exercise, answer: Answer, folder: Path) -> ReadAnswer:
    """The file as the judge takes it, with the solutions as its earlier parts. A notebook is written to `folder`."""
    path = answer.path
    try:
        module, problem = apart(lambda: _read(answer, exercise), tuple[Module | None, SourceProblem | None])
    except NotDone as reason:
        module, problem = None, SourceProblem(answer.name, f" cannot be judged: {reason}.")
    if module is not None:
        path = folder / f"{exercise.short}.py"
        folder.mkdir()
        path.write_bytes(module.source.encode())
    cells = module.cells if module is not None else None
    notebooks = {exercise.name: cells} if cells is not None else {}
    learner = LearnerSource(str(path), str(layout.solutions), answer.name, notebooks)
    return ReadAnswer(learner, cells, problem, module.notes if module is not None else ())


def _read(answer: Answer, exercise: Exercise) -> tuple[Module | None, SourceProblem | None]:
    """What the file is, and why it cannot be judged, if it cannot."""
    try:
        module = _module(answer)
    except NotebookError as error:
        return None, SourceProblem(error.message, ".")
    except OSError as error:
        return None, SourceProblem(answer.name, f" cannot be read: {error.strerror}.")
    if module is not None:
        return module, problem_in(module.source.encode(), answer.name, exercise, module.cells)
    return None, first_problem(answer.path, answer.name, exercise)


def _module(answer: Answer) -> Module | None:
    """The file by its cells, where it has any. What is no file, or is too large to be one, is not opened."""
    if not answer.path.is_file() or answer.path.stat().st_size > MAX_NOTEBOOK_BYTES:
        return None
    return read_module(answer.path.read_bytes(), answer.path.suffix.lower(), answer.name)
