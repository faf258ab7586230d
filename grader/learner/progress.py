"""What the grader remembers between runs: which files passed as they are, and how many hints were shown."""

from __future__ import annotations

import contextlib
import functools
import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from grader.course.curriculum import Curriculum, Exercise
from grader.course.files import write_atomically
from grader.course.imports import imported, rests_on
from grader.course.layout import Layout
from grader.course.locks import lock
from grader.judge.code_hash import judging_code_hash
from grader.learner.tree import LearnerTree
from grader.protocol.results import ExerciseResult, Verdict


class Pass(msgspec.Struct, frozen=True):
    """An exercise that passed, and the fingerprint of everything that its verdict rests on."""

    fingerprint: str
    points: float
    tests: int
    seed: int
    tier: str


class ProgressState(msgspec.Struct):
    """The remembered state, as it stands in `.grader/state.json`."""

    version: int = 1
    passes: dict[str, Pass] = {}
    hints: dict[str, int] = {}


class ProgressStore:
    """Reads and writes the notes. A file that cannot be read is set aside, not lost."""

    def __init__(self, layout: Layout, curriculum: Curriculum) -> None:
        self.layout = layout
        self.curriculum = curriculum
        self.tree = LearnerTree(layout, curriculum)
        self.path = layout.state / "state.json"
        self.state = self._load()
        self.changed_passes: dict[str, Pass | None] = {}
        self.changed_hints: dict[str, int | None] = {}
        self.fingerprints: dict[str, str] = {}

    def _load(self) -> ProgressState:
        try:
            return msgspec.json.decode(self.path.read_bytes(), type=ProgressState)
        except FileNotFoundError:
            return ProgressState()
        except (OSError, msgspec.DecodeError, UnicodeDecodeError):
            with contextlib.suppress(OSError):
                self.path.replace(self.path.with_suffix(".unreadable.json"))
            return ProgressState()

    def save(self) -> None:
        """Write what has changed; what another run wrote meanwhile stays. A disk that is read-only is no fault."""
        with contextlib.suppress(OSError), lock(self.path.with_name(".lock"), wait=True):
            self.state = self._load()
            _apply(self.changed_passes, self.state.passes)
            _apply(self.changed_hints, self.state.hints)
            write_atomically(self.path, msgspec.json.format(msgspec.json.encode(self.state), indent=1))

    def look_again(self) -> None:
        """Files have changed: forget what was found of them."""
        self.tree = LearnerTree(self.layout, self.curriculum)
        self.fingerprints.clear()

    def fingerprint(self, exercise: Exercise) -> str:
        """A hash of the learner's file, its suite, its table, the grader, and all other files that it rests on."""
        if exercise.name not in self.fingerprints:
            read = functools.cache(_read)

            def imports(item: Exercise) -> Iterator[str]:
                """By every file that may be its own: whichever counts, what it imports is found."""
                texts = [(found.meaning.suffix, read(found.path) or b"") for found in self.tree.files_of(item)]
                for kind, text in texts:
                    is_notebook = kind == ".ipynb"
                    lines = text.replace(b'"', b"\n").replace(b"\\n", b"\n") if is_notebook else text
                    yield from imported(lines, item.chapter)

            digest = hashlib.sha256(judging_code_hash().encode())
            digest.update(repr(exercise).encode())
            for path in (
                *self._in_order_of_time(exercise),
                *self.layout.suite_files(exercise.name),
                self.layout.solution_file(exercise.name, exercise.suffix),
            ):
                digest.update(_hash(read(path)))
            for prerequisite in rests_on(self.curriculum, exercise, imports):
                digest.update(prerequisite.name.encode())
                for path in self._in_order_of_time(prerequisite):
                    digest.update(_hash(read(path)))
            self.fingerprints[exercise.name] = digest.hexdigest()
        return self.fingerprints[exercise.name]

    def _in_order_of_time(self, exercise: Exercise) -> list[Path]:
        """The files that may be the exercise's: which of them counts may be a question of which is newer."""
        found = [item.path for item in self.tree.files_of(exercise)]
        return found if len(found) < 2 else sorted(found, key=_saved)

    def passed(self, exercise: Exercise) -> Pass | None:
        """The remembered pass, if nothing that it rests on has changed."""
        found = self.state.passes.get(exercise.name)
        return found if found and found.fingerprint == self.fingerprint(exercise) else None

    def has_passed(self, exercise: Exercise) -> bool:
        """Whether it has passed as it is now."""
        return self.passed(exercise) is not None

    def states(self) -> dict[str, str]:
        """A word for each exercise of which there is something to say: passed, changed since, by a person."""
        found = {}
        for exercise in self.curriculum.exercises:
            if self.has_passed(exercise):
                found[exercise.name] = "passed"
            elif exercise.name in self.state.passes:
                found[exercise.name] = "changed"
            elif exercise.manually_graded:
                found[exercise.name] = "by a person"
        return found

    def remember(self, exercise: Exercise, points: float, tests: int, seed: int, tier: str) -> None:
        """Note a pass of the files as they were when this run began."""
        print_ = self.fingerprint(exercise)
        self.state.passes[exercise.name] = Pass(print_, points, tests, seed, tier)
        self.changed_passes[exercise.name] = self.state.passes[exercise.name]

    def forget(self, exercise: Exercise) -> None:
        """An exercise that did not pass is not remembered as passed."""
        self.state.passes.pop(exercise.name, None)
        self.changed_passes[exercise.name] = None

    def begin_anew(self, exercise: Exercise) -> None:
        """Of an exercise whose stub was put back nothing is remembered, hints included."""
        self.forget(exercise)
        self.state.hints.pop(exercise.name, None)
        self.changed_hints[exercise.name] = None

    def next_hint(self, exercise: Exercise) -> int:
        """How many hints are to be shown now: one more than the last time."""
        count = min(self.state.hints.get(exercise.name, 0) + 1, len(exercise.hints))
        self.state.hints[exercise.name] = self.changed_hints[exercise.name] = count
        return count


def upcoming_exercise(
    curriculum: Curriculum, progress: ProgressStore, results: Iterable[ExerciseResult]
) -> Exercise | None:
    """Where to go on: the earliest thing that did not pass in this run, else the next of the course."""
    verdicts = {result.exercise: result.verdict for result in results}
    for exercise in curriculum.exercises:
        if verdicts.get(exercise.name, Verdict.PASSED) not in (Verdict.PASSED, Verdict.BLOCKED):
            return exercise
    return curriculum.next_exercise(
        lambda exercise: verdicts.get(exercise.name) is Verdict.PASSED or progress.has_passed(exercise)
    )


def _apply(changes: dict[str, Any], held: dict[str, Any]) -> None:
    for name, value in changes.items():
        if value is None:
            held.pop(name, None)
        else:
            held[name] = value


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None


def _saved(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def _hash(data: bytes | None) -> bytes:
    return hashlib.sha256(b"\0missing" if data is None else data).digest()
