"""The learner's file among the parts that it may import: read as text, never run."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from pathlib import Path

from grader.protocol.jobs import Job
from grader.tester.contract import parsed

PART = re.compile(r"[a-z][a-z0-9_]*/[a-z][a-z0-9_]*\Z")


@dataclass(frozen=True)
class SourceTree:
    """The file of an exercise, and the tree around it. `suites` is the folder in which each exercise has a suite."""

    exercise: str = ""
    file: str = ""
    root: str = ""
    suites: str = ""
    notebooks: frozenset[str] = frozenset()

    @property
    def course(self) -> tuple[str, ...]:
        """The names of all exercises that have a suite."""
        found = sorted(Path(self.suites).glob("ch*/test_*.py")) if self.suites else []
        return tuple(f"{path.parent.name}/{path.stem.removeprefix('test_')}" for path in found)

    def exercise_of(self, file: str) -> str | None:
        """The exercise whose file this is; None for a file that is not in the tree. A worker may name anything."""
        if not file:
            return None
        if file == self.file:
            return self.exercise
        try:
            path, root = Path(file).resolve(), Path(self.root).resolve()
        except (OSError, RuntimeError, ValueError):  # links in a circle, or a zero byte in the name
            return None
        name = path.relative_to(root).with_suffix("").as_posix() if path.is_relative_to(root) else ""
        return name if PART.match(name) and path.suffix == ".py" else None

    def file_of(self, exercise: str) -> str:
        return self.file if exercise == self.exercise else f"{self.root}/{exercise}.py"

    def has(self, exercise: str) -> bool:
        """Whether there is such an exercise, and its file is here."""
        return exercise in self.course and Path(self.file_of(exercise)).is_file()

    def parse(self, exercise: str) -> ast.Module | None:
        """The syntax tree of a part's file. None where it cannot be read or parsed."""
        return parsed(self.file_of(exercise))

    def shown(self, exercise: str) -> str:
        """How a message names the file of a part."""
        return exercise + (".ipynb" if exercise in self.notebooks else ".py")


def tree_of(job: Job) -> SourceTree:
    """The tree of a job's learner."""
    learner = job.learner
    suites = str(Path(job.suite).parents[1])
    return SourceTree(job.exercise, learner.file, learner.root, suites, frozenset(learner.notebooks))
