"""Attempts at exercises: what became of each version of a learner's file that was judged, and the version itself.

A check of an unchanged file that ends as the one before it did is no new attempt; nor is one of a stub that nobody has
touched, nor one that ended by the kit's own fault.
"""

from __future__ import annotations

import hashlib
import sqlite3
import time
import zlib
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import msgspec

from grader.course.mutants import Mistake
from grader.course.visible import short_line
from grader.protocol.results import ExerciseResult, Failure, TestResult, Verdict

MAX_WORDS = 200  # characters of what is kept of a failure


class Attempt(msgspec.Struct, frozen=True):
    """One judged version of an exercise. `at` is when its check began, in UTC; `seconds` is how long that took.

    `passed` of its `tests` passed. `mistakes` are those that were named, `failure` says in a few words what went wrong
    first. `digest` names the learner's text, which `AttemptLog.text_of` has; `file` is how messages called it.
    """

    exercise: str
    at: datetime
    seconds: float
    verdict: Verdict
    passed: int
    tests: int
    points: float
    points_possible: float
    mistakes: tuple[Mistake, ...]
    seed: int
    failure: str
    digest: str
    file: str

    @property
    def has_passed(self) -> bool:
        return self.verdict is Verdict.PASSED


class Summary(msgspec.Struct, frozen=True):
    """The attempts at one exercise in brief: how many up to the first pass, and how long that took from the first one.

    `until_passed` is None where it has not passed yet.
    """

    attempts: int
    until_passed: timedelta | None


class Stopwatch:
    """When something began, in UTC, and how many seconds ago that is."""

    def __init__(self) -> None:
        self.at = datetime.now(UTC)
        self.began = time.monotonic()

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.began


def attempt_from(result: ExerciseResult, text: bytes, at: datetime, seconds: float, file: str) -> Attempt:
    """What is kept of a result, and of the text that it is about."""
    return Attempt(
        exercise=result.exercise,
        at=at,
        seconds=round(seconds, 3),
        verdict=result.verdict,
        passed=sum(test.verdict is Verdict.PASSED for test in result.tests),
        tests=len(result.tests),
        points=result.points,
        points_possible=result.points_possible,
        mistakes=result.mistakes,
        seed=result.seed,
        failure=_first_failure(result),
        digest=digest_of(text),
        file=file,
    )


def digest_of(text: bytes) -> str:
    """What names a text in the database."""
    return hashlib.sha256(text).hexdigest()


def summary_of(attempts: Iterable[Attempt]) -> Summary | None:
    """None where there is no attempt. What was tried after the first pass is not counted."""
    counted: list[Attempt] = []
    for attempt in attempts:
        counted.append(attempt)
        if attempt.has_passed:
            ended = attempt.at + timedelta(seconds=attempt.seconds)
            return Summary(len(counted), max(ended - counted[0].at, timedelta()))
    return Summary(len(counted), None) if counted else None


def write_attempt(connection: sqlite3.Connection, attempt: Attempt, text: bytes) -> None:
    """Add it, within a transaction of the caller's, unless it repeats the one before."""
    last = connection.execute(
        "SELECT digest, verdict, passed FROM attempts WHERE exercise = ? ORDER BY number DESC LIMIT 1",
        (attempt.exercise,),
    ).fetchone()
    if last == (attempt.digest, str(attempt.verdict), attempt.passed):
        return
    connection.execute("INSERT OR IGNORE INTO sources VALUES (?, ?)", (attempt.digest, zlib.compress(text, 9)))
    connection.execute(
        "INSERT INTO attempts (exercise, digest, verdict, passed, attempt) VALUES (?, ?, ?, ?, ?)",
        (attempt.exercise, attempt.digest, str(attempt.verdict), attempt.passed, msgspec.json.encode(attempt)),
    )


def read_attempts(connection: sqlite3.Connection, exercise: str | None = None) -> tuple[Attempt, ...]:
    """Those at one exercise, or all, in the order in which they were made. One that cannot be read is left out."""
    where = "" if exercise is None else "WHERE exercise = ?"
    rows = connection.execute(f"SELECT attempt FROM attempts {where} ORDER BY number", (exercise,) if exercise else ())
    return tuple(found for row in rows if (found := _read(row[0])) is not None)


def read_text(connection: sqlite3.Connection, digest: str) -> str | None:
    """The text of this digest. None where it is not there, or cannot be read."""
    row = connection.execute("SELECT compressed FROM sources WHERE digest = ?", (digest,)).fetchone()
    try:
        return None if row is None else zlib.decompress(row[0]).decode("utf-8", "replace")
    except zlib.error:
        return None


def _read(data: bytes) -> Attempt | None:
    try:
        return msgspec.json.decode(data, type=Attempt)
    except (msgspec.DecodeError, msgspec.ValidationError):
        return None


def _first_failure(result: ExerciseResult) -> str:
    """In a line: the file's own problem, or the first test that went wrong, or the first that is still to do."""
    if result.problem is not None:
        return short_line(result.problem.message, MAX_WORDS)
    wrong = [test for test in result.tests if test.verdict.is_wrong]
    todo = [test for test in result.tests if test.verdict is not Verdict.PASSED]
    return _test_words(*(wrong or todo)[:1])


def _test_words(test: TestResult | None = None) -> str:
    if test is None:
        return ""
    failure: Failure | None = test.failure
    return short_line(f"{test.title} {failure.message}" if failure is not None else test.title, MAX_WORDS)
