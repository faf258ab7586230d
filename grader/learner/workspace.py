"""The learner's tree as the judge sees it: files as they are, or notebooks turned into files beside them."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from grader.course.curriculum import Curriculum, Exercise
from grader.course.files import write_atomically
from grader.course.layout import Layout, file_in
from grader.course.notebooks import Module, notebook_path, read_notebook
from grader.course.stubs import handed_out_stub


@dataclass(frozen=True)
class SourceFile:
    """Where an exercise's code is: the file, the tree it imports from, its name in messages, and its cells."""

    file: Path
    root: Path
    display_path: str
    module: Module | None = None


class Workspace:
    """Finds each exercise's code. `chosen` are exercises whose notebook was asked for by name.

    Elsewhere a notebook counts where the file beside it is missing or still the stub.
    """

    def __init__(self, layout: Layout, curriculum: Curriculum, chosen: frozenset[str] = frozenset()) -> None:
        self.layout = layout
        self.curriculum = curriculum
        self.chosen = chosen
        self.modules: dict[str, Module] = {}
        self.root: Path | None = None

    def place(self, exercise: Exercise) -> SourceFile:
        """Where this exercise's code is. A notebook that cannot be read is an error that names it."""
        root = self._root()
        path = self.layout.exercise_file(exercise.name)
        module = self.modules.get(exercise.name)
        if module is not None:
            display_path = self.layout.display_path(notebook_path(path))
            return SourceFile(file_in(root, exercise.name), root, display_path, module)
        display_path = self.layout.display_path(path)
        if not path.exists():
            return SourceFile(path, root, display_path)
        return SourceFile(file_in(root, exercise.name), root, display_path)

    def cells(self, exercise: Exercise) -> dict[str, Module]:
        """The notebooks that count, by the names that messages about this exercise give their code."""
        files = {
            self.layout.display_path(self.layout.exercise_file(name)): module for name, module in self.modules.items()
        }
        place = self.place(exercise)
        return files if place.module is None else {**files, place.display_path: place.module}

    def _root(self) -> Path:
        """The exercises themselves, or a copy with the notebooks in it where there are any that count."""
        if self.root is None:
            counting = [e for e in self.curriculum.exercises if self.counts(e)]
            self.root = self._overlay(counting) if counting else self.layout.exercises
        return self.root

    def counts(self, exercise: Exercise) -> bool:
        """Whether the notebook beside an exercise's file is the learner's work."""
        path = self.layout.exercise_file(exercise.name)
        if exercise.manually_graded or not notebook_path(path).is_file():
            return False
        if exercise.name in self.chosen or not path.exists():
            return True
        return path.read_bytes() == handed_out_stub(self.layout, exercise).encode()

    def _overlay(self, counting: list[Exercise]) -> Path:
        folder = self.layout.state / "tree"
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(
            self.layout.exercises, folder, ignore=shutil.ignore_patterns("__pycache__", "*.ipynb", ".ipynb_checkpoints")
        )
        for exercise in counting:
            path = notebook_path(self.layout.exercise_file(exercise.name))
            module = read_notebook(path.read_bytes(), self.layout.display_path(path))
            self.modules[exercise.name] = module
            write_atomically(file_in(folder, exercise.name), module.source)
        return folder
