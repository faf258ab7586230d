"""`grader update`: a newer kit in the place of the one that is there; the learner's work and progress stay.

The new files are laid out beside the old ones first, and change places with them at the end. When a run is killed, the
next one does the rest: nothing that decides about a file is replaced before the file.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from grader.course.exchange import exchange
from grader.course.files import files_below, write_atomically
from grader.course.layout import GRADED, STATE, Layout
from grader.course.locks import lock
from grader.course.released import ABOUT, About, about
from grader.errors import UsageError
from grader.learner.attempts import Attempt
from grader.learner.history import text_changes
from grader.learner.kit_files import lay_out
from grader.learner.progress import ProgressStore
from grader.learner.suite_changes import SuiteChanges, suite_changes

SWAPPED = (Path("grader"), GRADED)  # the folders that are the kit's alone; a program reads older suites, not newer ones
LIBRARIES = ("pyproject.toml", "constraints.txt")


@dataclass(frozen=True)
class ExerciseChange:
    """What changed in an exercise that the learner had begun. `stub` are the lines of a diff.

    `new_stub` is where the new stub lies, where the learner's file comes from the old one.
    """

    exercise: str
    stub: tuple[str, ...]
    tests: SuiteChanges
    new_stub: str | None


@dataclass(frozen=True)
class Updated:
    """What an update did. `other_libraries`: the kit now asks for other versions of them."""

    before: About
    after: About
    changes: tuple[ExerciseChange, ...]
    new_exercises: tuple[str, ...]
    replaced_stubs: tuple[str, ...]
    other_libraries: bool


def update(layout: Layout, progress: ProgressStore, source: Path, older: bool) -> Updated | None:
    """Put the kit in `source` in the place of this one. None where it is the same one."""
    _refuse_a_course(layout)
    with _staging(layout) as folder:
        new = Layout(folder / "new")
        lay_out(source, new.root)
        before, after = about(layout.root), about(new.root)
        if before == after and before.released:
            return None
        if after.released < before.released and not older:
            when = f"released {after.released}" if after.released else "that does not say when it was released"
            message = f"{source} is an older kit, {when}; yours was released {before.released}"
            raise UsageError(message, "`--older` accepts it")
        plan = _Plan(layout, new, progress)
        done = Updated(
            before, after, plan.changes(), plan.new_exercises(), plan.replaced(), _asks_for_others(layout, new)
        )
        plan.write_stubs()
        _put_in_place(layout.root, new.root)
        return done


def _refuse_a_course(layout: Layout) -> None:
    if layout.work is not None:
        raise UsageError("this folder has only exercises; the kit is in another folder", f"update it in {layout.root}")
    if layout.solutions.is_dir() or not (layout.graded / "pristine").is_dir():
        raise UsageError("this is the course with its solutions, not a learner's kit", "`git pull` gets a newer one")
    if not os.access(layout.root, os.W_OK):
        raise UsageError(f"{layout.root} cannot be written to")


@contextmanager
def _staging(layout: Layout) -> Iterator[Path]:
    """A folder on the same disk. What a run that was killed left there is removed."""
    folder = layout.root / STATE / "update"
    with lock(folder.with_name(".update-lock"), wait=False) as alone:
        if not alone:
            raise UsageError("another `grader update` is running here", "wait until it has ended")
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def _put_in_place(root: Path, new: Path) -> None:
    """The new files in the place of the old ones. What says which kit this is comes last."""
    about_it = (new / ABOUT).read_bytes() if (new / ABOUT).exists() else None
    for name in (path.relative_to(new) for path in files_below(new)):
        if name != Path(ABOUT) and not any(name.is_relative_to(folder) for folder in SWAPPED):
            write_atomically(root / name, (new / name).read_bytes())
    for folder in SWAPPED:
        exchange(root / folder, new / folder)
    if about_it is None:
        (root / ABOUT).unlink(missing_ok=True)
    else:
        write_atomically(root / ABOUT, about_it)


def _asks_for_others(layout: Layout, new: Layout) -> bool:
    return any(_text(layout.root / name) != _text(new.root / name) for name in LIBRARIES)


class _Plan:
    """What becomes of each exercise. The stubs as they were handed out, old and new, say which are untouched."""

    def __init__(self, layout: Layout, new: Layout, progress: ProgressStore) -> None:
        self.layout = layout
        self.new = new
        self.old_stubs, self.new_stubs = _stubs(layout), _stubs(new)
        self.begun = self._begun(progress.all_attempts(), progress)

    def _begun(self, attempts: tuple[Attempt, ...], progress: ProgressStore) -> list[str]:
        """The files of exercises that were worked on, as paths below `exercises`."""
        known = {attempt.exercise for attempt in attempts} | set(progress.state.passes)
        notebooks = {path.relative_to(self.layout.exercises) for path in self.layout.exercises.rglob("*.ipynb")}
        return [
            path
            for path in self.old_stubs
            if self._is_touched(path)
            or Path(path).with_suffix("").as_posix() in known
            or Path(path).with_suffix(".ipynb") in notebooks
        ]

    def _is_touched(self, path: str) -> bool:
        """Whether the learner's file is neither stub: after a run that was killed it may be the new one already."""
        text = _text(self.layout.exercises / path)
        return text is not None and text not in (self.old_stubs.get(path), self.new_stubs.get(path))

    def _has_new_stub(self, path: str) -> bool:
        """Whether the learner's file comes from an older stub than the kit now has."""
        return self._is_touched(path) and self.old_stubs.get(path) != self.new_stubs[path]

    def changes(self) -> tuple[ExerciseChange, ...]:
        """Of the exercises that were begun those in which something changed."""
        found = (self._change(path) for path in self.begun if path in self.new_stubs)
        return tuple(change for change in found if change.stub or change.tests != SuiteChanges())

    def _change(self, path: str) -> ExerciseChange:
        exercise = Path(path).with_suffix("").as_posix()
        suites = [_text(layout.suite_file(exercise)) or "" for layout in (self.layout, self.new)]
        aside = self._aside(path)
        return ExerciseChange(
            exercise,
            text_changes(self.old_stubs[path], self.new_stubs[path]),
            suite_changes(*suites),
            self.layout.display_path(aside) if self._has_new_stub(path) else None,
        )

    def new_exercises(self) -> tuple[str, ...]:
        """Those that the old kit does not have."""
        return tuple(Path(path).with_suffix("").as_posix() for path in self.new_stubs if path not in self.old_stubs)

    def replaced(self) -> tuple[str, ...]:
        """The untouched stubs that change."""
        return tuple(
            Path(path).with_suffix("").as_posix()
            for path, stub in self.new_stubs.items()
            if path in self.old_stubs and self.old_stubs[path] != stub and not self._is_touched(path)
        )

    def write_stubs(self) -> None:
        """In place where nobody has written anything, else beside the learner's file. What was removed stays so."""
        for path, stub in self.new_stubs.items():
            file = self.layout.exercises / path
            if self._is_touched(path):
                if self._has_new_stub(path):
                    write_atomically(self._aside(path), stub)
            elif (file.exists() and _text(file) != stub) or path not in self.old_stubs:
                write_atomically(file, stub)

    def _aside(self, path: str) -> Path:
        file = self.layout.exercises / path
        return file.with_name(f"{file.stem}.new-stub{file.suffix}.txt")


def _stubs(layout: Layout) -> dict[str, str]:
    """The stubs as they were handed out, by their paths below `exercises`."""
    folder = layout.graded / "pristine"
    return {path.relative_to(folder).as_posix(): _text(path) or "" for path in files_below(folder)}


def _text(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return None
