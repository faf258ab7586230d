"""What the grader remembers between runs: what passed as it is, what was skipped, hints shown, attempts made."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from grader.course.curriculum import Curriculum, Exercise
from grader.course.layout import Layout
from grader.learner import attempts
from grader.learner.attempts import Attempt
from grader.learner.database import Database, NotWritten
from grader.learner.fingerprints import fingerprint_of
from grader.learner.tree import LearnerTree
from grader.protocol.results import ExerciseResult, Verdict

DATABASE = "progress.sqlite"


class Pass(msgspec.Struct, frozen=True):
    """An exercise that passed, and the fingerprint of everything that its verdict rests on."""

    fingerprint: str
    points: float
    tests: int
    seed: int
    tier: str


class ProgressState(msgspec.Struct):
    """The remembered state, but for the attempts: a row of a table for each exercise."""

    passes: dict[str, Pass] = {}
    hints: dict[str, int] = {}
    skipped: dict[str, bool] = {}


class ProgressStore:
    """Reads and writes the notes. What cannot be written is no fault: it is kept as long as the run lasts."""

    def __init__(self, layout: Layout, curriculum: Curriculum) -> None:
        self.layout = layout
        self.curriculum = curriculum
        self.tree = LearnerTree(layout, curriculum)
        self.path = layout.state / DATABASE
        self.database = Database(self.path)
        self.changes = _Changes()
        self.fingerprints: dict[str, str] = {}
        self.state = self._load()

    def _load(self) -> ProgressState:
        """What is written, and over it what this run has not written yet."""
        state = self.database.read(_read_state)
        _apply(self.changes.passes, state.passes)
        _apply(self.changes.hints, state.hints)
        _apply(self.changes.skipped, state.skipped)
        return state

    def save(self) -> None:
        """Write what has changed, all or nothing; what another run wrote meanwhile stays."""
        with contextlib.suppress(NotWritten):
            if not self.changes.is_empty():
                self.database.write(self.changes.write)
                self.changes = _Changes()
            self.state = self._load()

    def look_again(self) -> None:
        """Files have changed: forget what was found of them, and read what other runs have noted."""
        self.tree = LearnerTree(self.layout, self.curriculum)
        self.fingerprints.clear()
        self.state = self._load()

    def fingerprint(self, exercise: Exercise) -> str:
        """A hash of the learner's file, its suite, its table, the grader, and all other files that it rests on."""
        if exercise.name not in self.fingerprints:
            self.fingerprints[exercise.name] = fingerprint_of(
                self.layout, self.curriculum, self.tree, exercise, self.state.skipped
            )
        return self.fingerprints[exercise.name]

    # -- passes ---------------------------------------------------------------------------------------

    def passed(self, exercise: Exercise) -> Pass | None:
        """The remembered pass, if nothing that it rests on has changed."""
        found = self.state.passes.get(exercise.name)
        return found if found and found.fingerprint == self.fingerprint(exercise) else None

    def has_passed(self, exercise: Exercise) -> bool:
        """Whether it has passed as it is now."""
        return self.passed(exercise) is not None

    def states(self) -> dict[str, str]:
        """A word for each exercise of which there is something to say: passed, skipped, changed, by a person."""
        found = {}
        for exercise in self.curriculum.exercises:
            if self.has_passed(exercise):
                found[exercise.name] = "passed"
            elif self.is_skipped(exercise):
                found[exercise.name] = "skipped"
            elif exercise.name in self.state.passes:
                found[exercise.name] = "changed"
            elif exercise.manually_graded:
                found[exercise.name] = "by a person"
        return found

    def remember(self, exercise: Exercise, points: float, tests: int, seed: int, tier: str) -> None:
        """Note a pass of the files as they were when this run began."""
        found = Pass(self.fingerprint(exercise), points, tests, seed, tier)
        self.state.passes[exercise.name] = self.changes.passes[exercise.name] = found

    def forget(self, exercise: Exercise) -> None:
        """An exercise that did not pass is not remembered as passed."""
        self.state.passes.pop(exercise.name, None)
        self.changes.passes[exercise.name] = None

    def begin_anew(self, exercise: Exercise) -> None:
        """Of an exercise whose stub was put back nothing is remembered but the attempts; hints come from the first."""
        self.forget(exercise)
        self.state.hints.pop(exercise.name, None)
        self.changes.hints[exercise.name] = None

    # -- hints and skipped ones -----------------------------------------------------------------------

    def next_hint(self, exercise: Exercise) -> int:
        """How many hints are to be shown now: one more than the last time."""
        count = min(self.state.hints.get(exercise.name, 0) + 1, len(exercise.hints))
        self.state.hints[exercise.name] = self.changes.hints[exercise.name] = count
        return count

    def is_skipped(self, exercise: Exercise) -> bool:
        """Whether the learner goes on without it."""
        return exercise.name in self.state.skipped

    def skip(self, exercise: Exercise) -> None:
        """Go on without it: later exercises are judged on the reference's part. Written at once."""
        self._set_skipped(exercise, True)

    def unskip(self, exercise: Exercise) -> None:
        """It is to be done after all, or has passed. Written at once."""
        self._set_skipped(exercise, None)

    def _set_skipped(self, exercise: Exercise, skipped: bool | None) -> None:
        if self.is_skipped(exercise) == bool(skipped):
            return
        self.changes.skipped[exercise.name] = skipped
        _apply(self.changes.skipped, self.state.skipped)
        self.fingerprints.clear()  # of those that rest on it
        self.save()

    # -- attempts -------------------------------------------------------------------------------------

    def record(self, attempt: Attempt, text: bytes) -> None:
        """Note an attempt with the text that was judged. Written at once: a run that is killed keeps those before."""
        self.changes.attempts.append((attempt, text))
        self.save()

    def attempts_of(self, exercise: Exercise) -> tuple[Attempt, ...]:
        """The attempts at it, the first one first."""
        return self.database.read(lambda connection: attempts.read_attempts(connection, exercise.name))

    def all_attempts(self) -> tuple[Attempt, ...]:
        """The attempts at every exercise, in the order in which they were made."""
        return self.database.read(attempts.read_attempts)

    def text_of(self, attempt: Attempt) -> str | None:
        """The learner's text as it was then; of a notebook, the code of its cells. None where it cannot be read."""
        return self.database.read(lambda connection: attempts.read_text(connection, attempt.digest))


class _Changes:
    """What a run has found out and not written yet. None stands for what is to be forgotten."""

    def __init__(self) -> None:
        self.passes: dict[str, Pass | None] = {}
        self.hints: dict[str, int | None] = {}
        self.skipped: dict[str, bool | None] = {}
        self.attempts: list[tuple[Attempt, bytes]] = []

    def is_empty(self) -> bool:
        return not (self.passes or self.hints or self.skipped or self.attempts)

    def write(self, connection: sqlite3.Connection) -> None:
        """Into the tables, within a transaction of the caller's."""
        for name, found in self.passes.items():
            _write(connection, "passes", name, None if found is None else msgspec.structs.astuple(found))
        for name, shown in self.hints.items():
            _write(connection, "hints", name, None if shown is None else (shown,))
        for name, skipped in self.skipped.items():
            _write(connection, "skipped", name, () if skipped else None)
        for attempt, text in self.attempts:
            attempts.write_attempt(connection, attempt, text)


def upcoming_exercise(
    curriculum: Curriculum, progress: ProgressStore, results: Iterable[ExerciseResult], after: Exercise | None = None
) -> Exercise | None:
    """Where to go on: the earliest thing that did not pass in this run, else the next of the course.

    That is the first behind `after` that has not passed; where there is none, the first of all. What was skipped is
    not gone back to.
    """
    verdicts = {result.exercise: result.verdict for result in results}
    for exercise in curriculum.exercises:
        verdict = verdicts.get(exercise.name, Verdict.PASSED)
        if verdict not in (Verdict.PASSED, Verdict.BLOCKED) and not progress.is_skipped(exercise):
            return exercise

    def is_done(exercise: Exercise) -> bool:
        passed = verdicts.get(exercise.name) is Verdict.PASSED or progress.has_passed(exercise)
        return passed or progress.is_skipped(exercise)

    return curriculum.next_exercise(is_done, after) or curriculum.next_exercise(is_done)


def _apply(changes: Mapping[str, Any], held: dict[str, Any]) -> None:
    for name, value in changes.items():
        if value is None:
            held.pop(name, None)
        else:
            held[name] = value


def _read_state(connection: sqlite3.Connection) -> ProgressState:
    return ProgressState(
        {name: Pass(*row) for name, *row in connection.execute("SELECT * FROM passes")},
        dict(connection.execute("SELECT exercise, shown FROM hints")),
        {name: True for (name,) in connection.execute("SELECT exercise FROM skipped")},
    )


def _write(connection: sqlite3.Connection, table: str, exercise: str, row: tuple[Any, ...] | None) -> None:
    """An exercise's row of a table, in place of the one that it had; None for none."""
    if row is None:
        connection.execute(f"DELETE FROM {table} WHERE exercise = ?", (exercise,))
    else:
        places = ", ".join("?" * (1 + len(row)))
        connection.execute(f"INSERT OR REPLACE INTO {table} VALUES ({places})", (exercise, *row))
