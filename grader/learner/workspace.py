"""The learner's tree as the judge sees it: files as they are, or notebooks turned into files beside them."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from grader.course.cells import Cells, suffix_of
from grader.course.curriculum import Curriculum, Exercise
from grader.course.files import write_atomically
from grader.course.layout import Layout, file_in
from grader.course.notebook_scripts import module_of_script
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
        shown = path if module is None else path.with_suffix(suffix_of(module.cells))
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
            self.modules = {e.name: found for e in self.curriculum.graded if (found := self._module(e)) is not None}
            self.root = self._overlay() if self.modules else self.layout.exercises
        return self.root

    def counts(self, exercise: Exercise) -> bool:
        """Whether the notebook beside an exercise's file is the learner's work."""
        path = self.layout.exercise_file(exercise.name)
        if exercise.manually_graded or not notebook_path(path).is_file():
            return False
        if exercise.name in self.chosen or not path.exists():
            return True
        return path.read_bytes() == handed_out_stub(self.layout, exercise).encode()

    def _module(self, exercise: Exercise) -> Module | None:
        """The cells of its notebook, or of the Python file that one was saved as; None where its file is as it is."""
        path = self.layout.exercise_file(exercise.name)
        if self.counts(exercise):
            notebook = notebook_path(path)
            return read_notebook(notebook.read_bytes(), self.layout.display_path(notebook))
        return module_of_script(path.read_bytes()) if path.is_file() else None

    def _overlay(self) -> Path:
        folder = self.layout.state / "tree"
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(
            self.layout.exercises, folder, ignore=shutil.ignore_patterns("__pycache__", "*.ipynb", ".ipynb_checkpoints")
        )
        for name, module in self.modules.items():
            write_atomically(file_in(folder, name), module.source)
        return folder
