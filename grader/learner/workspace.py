"""The learner's tree as the judge sees it: files as they are, or notebooks turned into files beside them."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from grader.course.curriculum import Curriculum, Exercise
from grader.course.files import write_atomically
from grader.course.layout import House
from grader.course.notebooks import Module, notebook_path, read_notebook
from grader.learner.reset import pristine


@dataclass(frozen=True)
class Place:
    """Where an exercise's code is: the file, the tree it imports from, its name in messages, and its cells."""

    file: Path
    root: Path
    shown: str
    module: Module | None = None


class Tree:
    """Finds each exercise's code. `chosen` are exercises whose notebook was asked for by name.

    Elsewhere a notebook counts where the file beside it is missing or still the stub.
    """

    def __init__(self, house: House, curriculum: Curriculum, chosen: frozenset[str] = frozenset()) -> None:
        self.house = house
        self.curriculum = curriculum
        self.chosen = chosen
        self.modules: dict[str, Module] = {}
        self.root: Path | None = None

    def place(self, exercise: Exercise) -> Place:
        """Where this exercise's code is. A notebook that cannot be read is an error that names it."""
        root = self._root()
        path = self.house.exercise_file(exercise.name)
        module = self.modules.get(exercise.name)
        if module is not None:
            shown = self.house.shown(notebook_path(path))
            return Place(root / (exercise.name + ".py"), root, shown, module)
        shown = self.house.shown(path)
        if not path.exists():
            return Place(path, root, shown)
        return Place(root / (exercise.name + ".py"), root, shown)

    def cells(self, exercise: Exercise) -> dict[str, Module]:
        """The notebooks that count, by the names that messages about this exercise give their code."""
        files = {self.house.shown(self.house.exercise_file(name)): module for name, module in self.modules.items()}
        place = self.place(exercise)
        return files if place.module is None else {**files, place.shown: place.module}

    def _root(self) -> Path:
        """The exercises themselves, or a copy with the notebooks in it where there are any that count."""
        if self.root is None:
            counting = [e for e in self.curriculum.exercises if self.counts(e)]
            self.root = self._overlay(counting) if counting else self.house.exercises
        return self.root

    def counts(self, exercise: Exercise) -> bool:
        """Whether the notebook beside an exercise's file is the learner's work."""
        path = self.house.exercise_file(exercise.name)
        if exercise.by_person or not notebook_path(path).is_file():
            return False
        if exercise.name in self.chosen or not path.exists():
            return True
        return path.read_bytes() == pristine(self.house, exercise).encode()

    def _overlay(self, counting: list[Exercise]) -> Path:
        folder = self.house.state / "tree"
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(
            self.house.exercises, folder, ignore=shutil.ignore_patterns("__pycache__", "*.ipynb", ".ipynb_checkpoints")
        )
        for exercise in counting:
            path = notebook_path(self.house.exercise_file(exercise.name))
            module = read_notebook(path.read_bytes(), self.house.shown(path))
            self.modules[exercise.name] = module
            write_atomically(folder / (exercise.name + ".py"), module.source)
        return folder
