"""What lies in the learner's tree for each exercise: its file, a notebook beside it, and copies of either."""

from __future__ import annotations

import functools
import os
from collections import defaultdict
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from grader.course.curriculum import Curriculum, Exercise
from grader.course.file_names import FileNames, Meaning
from grader.course.layout import Layout
from grader.course.passed_over import is_an_environment, is_passed_over


@dataclass(frozen=True)
class Found:
    """A file of the tree that may be an exercise's, and what its name says."""

    path: Path
    meaning: Meaning


class LearnerTree:
    """The files of the tree, looked for once."""

    def __init__(self, layout: Layout, curriculum: Curriculum) -> None:
        self.layout = layout
        self.curriculum = curriculum

    @functools.cached_property
    def by_exercise(self) -> dict[str, list[Found]]:
        """Every file that may be an exercise's, by the exercise's name, in the order of their paths."""
        names, found = FileNames(self.curriculum), defaultdict(list)
        for path in sorted(_files(self.layout.exercises, top=True)):
            meanings = names.meanings(path.relative_to(self.layout.exercises).as_posix())
            if len(meanings) == 1:  # a name that several chapters share means one of them only in its folder
                found[meanings[0].exercise.name].append(Found(path, meanings[0]))
        return dict(found)

    def named(self, word: str) -> Found | None:
        """The file that a person names: by its path, or by its name alone. None where the word names no file."""
        path = Path(word)
        if path.suffix.lower() not in (".py", ".ipynb") and not path.is_file():
            return None
        everything = [found for files in self.by_exercise.values() for found in files]
        exact = [found for found in everything if path.exists() and found.path.samefile(path)]
        alike = [found for found in everything if found.path.parts[-len(path.parts) :] == path.parts]
        found = exact or alike
        return found[0] if len(found) == 1 else None

    def exercises_at(self, path: Path) -> tuple[Exercise, ...]:
        """The exercise that a file of the tree may be; none where it is nobody's."""
        path = path.resolve()
        files = (found for files in self.by_exercise.values() for found in files)
        return tuple(found.meaning.exercise for found in files if found.path.resolve() == path)

    def files_of(self, exercise: Exercise) -> list[Found]:
        """What may be this exercise's; its file by its own name is among them, if it is there."""
        return self.by_exercise.get(exercise.name, [])


def _files(folder: Path, top: bool = False) -> Iterator[Path]:
    with suppress(OSError), os.scandir(folder) as items:
        listed = list(items)
        if not top and is_an_environment([item.name for item in listed]):
            return
        for item in listed:
            if is_passed_over(item.name):
                continue
            if item.is_dir(follow_symlinks=False):
                yield from _files(Path(item.path))
            elif item.is_file():
                yield Path(item.path)
