"""The learner's tree as the judge sees it: files as they are, or notebooks turned into files beside them."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from grader.course.cells import Cells
from grader.course.curriculum import Curriculum, Exercise
from grader.course.files import write_atomically
from grader.course.layout import Layout, file_in
from grader.course.notebooks import Module, notebook_path, read_notebook
from grader.course.stubs import handed_out_stub
from grader.protocol.jobs import LearnerSource


@dataclass(frozen=True)
class SourceFile:
    """Where an exercise's code is: the file, the tree it imports from, its name in messages.

    `module` is the notebook's where it was written as one, and `notebooks` has the cells of all that count.
    """

    file: Path
    root: Path
    display_path: str
    module: Module | None
    notebooks: dict[str, Cells]

    @property
    def cells(self) -> Cells | None:
        return None if self.module is None else self.module.cells

    @property
    def notes(self) -> tuple[str, ...]:
        """What was set aside in the notebook."""
        return () if self.module is None else self.module.notes

    def for_judge(self) -> LearnerSource:
        """The same as it goes into a job."""
        return LearnerSource(str(self.file), str(self.root), self.display_path, self.notebooks)


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

    def source(self, exercise: Exercise) -> SourceFile:
        """Where this exercise's code is. A notebook that cannot be read is an error that names it."""
        root = self._root()
        path = self.layout.exercise_file(exercise.name)
        module = self.modules.get(exercise.name)
        shown = path if module is None else notebook_path(path)
        missing = module is None and not path.exists()
        return SourceFile(
            file=path if missing else file_in(root, exercise.name),
            root=root,
            display_path=self.layout.display_path(shown),
            module=module,
            notebooks={name: found.cells for name, found in self.modules.items()},
        )

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
