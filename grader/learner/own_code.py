"""The learner's own modules in this process, as they would run them: for training, pictures and trying out."""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

from grader.course.cells import Cells
from grader.course.curriculum import Curriculum, Exercise
from grader.course.layout import Layout
from grader.errors import UsageError
from grader.learner.progress import ProgressStore
from grader.learner.workspace import SourceFile, Workspace
from grader.worker.loading import find_in, load_exercise


class OwnCode:
    """Loads exercises by name: the file that counts, a notebook where it was written as one.

    What they import of a part that was skipped is the course's own.

    Use it as a context. What a stub leaves to do, or an exception of the learner's own code, is an exception like any
    other; `telling_what_is_to_do` turns the first into a sentence.
    """

    def __init__(self, layout: Layout, curriculum: Curriculum) -> None:
        self.layout = layout
        self.curriculum = curriculum
        progress = ProgressStore(layout, curriculum)
        self.workspace = Workspace(progress.tree, skipped=progress.state.skipped)

    def __enter__(self) -> OwnCode:
        return self

    def __exit__(self, *_: object) -> None:
        self.workspace.__exit__()

    def module(self, name: str) -> ModuleType:
        """The module of an exercise, `ch5_models/gpt` say, imported anew."""
        source = self._readable(self.curriculum.get(name))
        return load_exercise(name.replace("/", "."), source.file, source.root, _modules(source.notebooks))

    def open_to_import(self, exercise: Exercise) -> SourceFile:
        """From now on `import` finds the exercises in the learner's own files, so that an edit can be read again.

        Those that count as notebooks are run by their cells. Returns where the exercise's code is.
        """
        source = self._readable(exercise)
        find_in(self.layout.exercises, source.root, _modules(source.notebooks))
        return source

    def _readable(self, exercise: Exercise) -> SourceFile:
        source = self.workspace.source(exercise)
        if source.problem is not None:
            raise UsageError(f"{source.display_path}: {source.problem.subject} {source.problem.predicate}")
        return source

    @contextmanager
    def telling_what_is_to_do(self) -> Iterator[None]:
        """A part that is still a stub is named, with the command that says what it is about."""
        try:
            yield
        except NotImplementedError as error:
            part = self.stub_that_raised(error)
            if part is None:
                raise
            short = self.curriculum.shortest_name(self.curriculum.get(part))
            raise UsageError(f"{part} is still to do", f"`grader show {short}` says what it is about") from None

    def stub_that_raised(self, error: NotImplementedError) -> str | None:
        """The exercise whose stub raised it. torch raises the same where it has no such operation."""
        innermost = traceback.extract_tb(error.__traceback__)[-1]
        if not (innermost.line or "").startswith("raise NotImplementedError"):
            return None
        path = Path(innermost.filename).resolve()
        for root in self.roots():
            if path.is_relative_to(root):
                name = path.relative_to(root).with_suffix("").as_posix()
                return name if any(e.name == name for e in self.curriculum.exercises) else None
        return None

    def roots(self) -> tuple[Path, ...]:
        """Where the learner's code is run from: their tree, or a copy with every notebook in its place."""
        return self.layout.exercises.resolve(), (self.workspace.root or self.layout.exercises).resolve()


def _modules(notebooks: dict[str, Cells]) -> dict[str, Cells]:
    """The same by the names of modules, `ch3_attention.softmax`."""
    return {name.replace("/", "."): cells for name, cells in notebooks.items()}
