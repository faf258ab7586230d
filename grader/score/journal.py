"""The journal of a scoring run: SQLite, one transaction for each exercise of each submission."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import msgspec

from grader.errors import UsageError
from grader.protocol.results import ExerciseResult, Verdict
from grader.score.exhaustion import why_not_run

FORMAT = "2"  # of what is written: results are read back as they are typed now
SCHEMA = """
CREATE TABLE IF NOT EXISTS settings (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS verdicts (digest TEXT PRIMARY KEY, result BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS items (
    student TEXT NOT NULL, exercise TEXT NOT NULL,
    own TEXT REFERENCES verdicts(digest), carried TEXT REFERENCES verdicts(digest),
    PRIMARY KEY (student, exercise)
);
"""


class Item(msgspec.Struct, frozen=True):
    """One exercise of one student: judged on their own earlier parts, and on the reference's where those are wrong."""

    student: str
    exercise: str
    own: ExerciseResult
    carried: ExerciseResult | None = None

    @property
    def counted(self) -> ExerciseResult:
        """The better of the two: one mistake is not paid for twice."""
        if self.carried is not None and (self.carried.points > self.own.points or why_not_run(self.own)):
            return self.carried
        return self.own

    @property
    def faults(self) -> tuple[ExerciseResult, ...]:
        """The runs that were the kit's fault, where they may have cost points."""
        if self.counted.verdict is Verdict.PASSED:
            return ()
        return tuple(run for run in (self.own, self.carried) if run is not None and run.verdict is Verdict.ERROR)


class Journal:
    """What has been judged. A run that was killed goes on where it was, because every item is its own transaction."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            self.connection = sqlite3.connect(path, isolation_level=None)
            with contextlib.suppress(sqlite3.OperationalError):  # needs shared memory, which some network disks lack
                self.connection.execute("PRAGMA journal_mode=WAL")
            self.connection.execute("PRAGMA synchronous=FULL")
            self.connection.executescript(SCHEMA)
        except sqlite3.OperationalError as error:
            raise UsageError(f"{path} cannot be opened: {error}", "is another run at work there?") from None
        except sqlite3.DatabaseError as error:
            raise UsageError(f"{path} is no journal of this grader: {error}", "give another --out folder") from None
        if self._is_of_another_format():
            self.connection.close()
            raise UsageError(f"{path} was written by another version of the grader", "give another --out folder")

    def _is_of_another_format(self) -> bool:
        """Whether results are in it that this version does not read. An empty journal becomes one of this format."""
        query = "SELECT value FROM settings WHERE name = 'format'"
        if (
            self.connection.execute(query).fetchone() is None
            and self.connection.execute("SELECT 1 FROM verdicts LIMIT 1").fetchone()
        ):
            return True
        return self.setting("format", FORMAT) != FORMAT

    def close(self) -> None:
        self.connection.close()

    def setting(self, name: str, value: str) -> str:
        """The value of a setting; the first run decides."""
        with self.connection:
            self.connection.execute("INSERT OR IGNORE INTO settings VALUES (?, ?)", (name, value))
        row = self.connection.execute("SELECT value FROM settings WHERE name = ?", (name,)).fetchone()
        return str(row[0])

    def verdict(self, digest: str) -> ExerciseResult | None:
        """The result of work that was judged before, whoever's it was. One that was the kit's fault does not count."""
        row = self.connection.execute("SELECT result FROM verdicts WHERE digest = ?", (digest,)).fetchone()
        found = None if row is None else msgspec.json.decode(row[0], type=ExerciseResult)
        return None if found is None or found.verdict is Verdict.ERROR else found

    def record(
        self, student: str, exercise: str, own: tuple[str, ExerciseResult], carried: tuple[str, ExerciseResult] | None
    ) -> None:
        """One item with its results, all or nothing."""
        self.connection.execute("BEGIN IMMEDIATE")
        try:
            for pair in (own, carried):
                if pair is not None:
                    data = msgspec.json.encode(pair[1])
                    self.connection.execute("INSERT OR REPLACE INTO verdicts VALUES (?, ?)", (pair[0], data))
            row = (student, exercise, own[0], carried[0] if carried else None)
            self.connection.execute("INSERT OR REPLACE INTO items VALUES (?, ?, ?, ?)", row)
            self.connection.execute("COMMIT")
        except BaseException:
            self.connection.execute("ROLLBACK")
            raise

    def digests(self, student: str, exercise: str) -> tuple[str, str | None] | None:
        """What an item was judged as, if it was."""
        query = "SELECT own, carried FROM items WHERE student = ? AND exercise = ?"
        row = self.connection.execute(query, (student, exercise)).fetchone()
        return None if row is None else (str(row[0]), row[1])

    def items(self) -> Iterator[Item]:
        """Everything judged so far, by student and exercise."""
        query = """SELECT student, exercise, o.result, c.result FROM items
            JOIN verdicts o ON o.digest = own LEFT JOIN verdicts c ON c.digest = carried ORDER BY student, exercise"""
        for student, exercise, own, carried in self.connection.execute(query):
            yield Item(
                student,
                exercise,
                msgspec.json.decode(own, type=ExerciseResult),
                msgspec.json.decode(carried, type=ExerciseResult) if carried is not None else None,
            )
