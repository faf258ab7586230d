"""The one file in which a learner's progress is kept: SQLite, opened for each transaction, safe against kills.

The journal is the ordinary one that is rolled back, not WAL: that one cannot be read from a disk that is read-only, nor
on many network disks. Two runs at once wait for each other; a transaction takes milliseconds.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from grader.course.locks import lock
from grader.learner.old_state import take_over

T = TypeVar("T")

VERSION = 1  # of the tables
SECONDS_TO_WAIT = 10.0  # for another run's transaction
SCHEMA = (
    "CREATE TABLE passes (exercise TEXT PRIMARY KEY, fingerprint TEXT NOT NULL, points REAL NOT NULL,"
    " tests INTEGER NOT NULL, seed INTEGER NOT NULL, tier TEXT NOT NULL)",
    "CREATE TABLE hints (exercise TEXT PRIMARY KEY, shown INTEGER NOT NULL)",
    "CREATE TABLE skipped (exercise TEXT PRIMARY KEY)",
    "CREATE TABLE sources (digest TEXT PRIMARY KEY, compressed BLOB NOT NULL)",
    "CREATE TABLE attempts (number INTEGER PRIMARY KEY, exercise TEXT NOT NULL, digest TEXT NOT NULL,"
    " verdict TEXT NOT NULL, passed INTEGER NOT NULL, attempt BLOB NOT NULL)",
    "CREATE INDEX attempts_by_exercise ON attempts (exercise, number)",
)


class NotWritten(Exception):
    """What was to be remembered cannot be written: the disk is read-only or full, or another run holds the file."""


class Database:
    """Opens the file for one transaction at a time. A file that cannot be read is set aside, not lost."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """What `work` finds in the tables; empty ones in memory where there are none and none can be made."""

        def once() -> T:
            try:
                connection = self._opened() if self._has_something() else self._in_memory()
            except NotWritten:
                connection = self._in_memory()
            with contextlib.closing(connection):
                return work(connection)

        return self._again_if_damaged(once)

    def write(self, work: Callable[[sqlite3.Connection], None]) -> None:
        """One transaction: all that `work` does, or nothing. Raises `NotWritten`."""

        def once() -> None:
            with contextlib.closing(self._opened()) as connection:  # closing it rolls back what is not committed
                try:
                    connection.execute("BEGIN IMMEDIATE")
                    work(connection)
                    connection.execute("COMMIT")
                except sqlite3.OperationalError as error:
                    raise NotWritten(str(error)) from None

        self._again_if_damaged(once)

    def _again_if_damaged(self, once: Callable[[], T]) -> T:
        """With a new file where the old one turns out to be damaged in its middle."""
        try:
            return once()
        except sqlite3.OperationalError as error:
            raise NotWritten(str(error)) from None
        except sqlite3.DatabaseError:
            if self._set_aside_if_damaged():
                return once()
            raise

    def _has_something(self) -> bool:
        return self.path.exists() or old_state_file(self.path).exists()

    def _opened(self) -> sqlite3.Connection:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            return self._connected()
        except (OSError, sqlite3.OperationalError) as error:
            raise NotWritten(str(error)) from None

    def _connected(self) -> sqlite3.Connection:
        """A connection to tables of this version, made where there are none."""
        connection = sqlite3.connect(self.path, timeout=SECONDS_TO_WAIT, isolation_level=None)
        try:
            if _version(connection) == 0:
                self._make_tables(connection)
            if _version(connection) != VERSION:
                raise sqlite3.DatabaseError("the tables are of another version")
            connection.execute("SELECT count(*) FROM passes").fetchone()
        except BaseException:
            connection.close()
            raise
        return connection

    def _make_tables(self, connection: sqlite3.Connection) -> None:
        """All at once, with what an older version had noted. Another run may have made them meanwhile."""
        connection.execute("BEGIN EXCLUSIVE")
        if _version(connection) == 0:
            for statement in SCHEMA:
                connection.execute(statement)
            take_over(old_state_file(self.path), connection)
            connection.execute(f"PRAGMA user_version = {VERSION}")
        connection.execute("COMMIT")

    def _set_aside_if_damaged(self) -> bool:
        """Whether there is another file now. Another run may have seen to it meanwhile."""
        try:
            with lock(self.path.with_name(".lock"), wait=True):
                if self._is_damaged():
                    self._set_aside()
                    return True
                return self.path.exists()
        except (OSError, sqlite3.OperationalError) as error:
            raise NotWritten(str(error)) from None

    def _is_damaged(self) -> bool:
        try:
            with contextlib.closing(self._connected()) as connection:
                return bool(connection.execute("PRAGMA quick_check(1)").fetchone() != ("ok",))
        except sqlite3.OperationalError:
            raise
        except sqlite3.DatabaseError:
            return True

    def _set_aside(self) -> None:
        number = 1
        while (aside := self.path.with_name(f"{self.path.stem}.unreadable{number}{self.path.suffix}")).exists():
            number += 1
        for end in ("", "-journal"):  # a journal must not be played into another file
            with contextlib.suppress(FileNotFoundError):
                os.replace(f"{self.path}{end}", f"{aside}{end}")

    def _in_memory(self) -> sqlite3.Connection:
        """What an older version had noted is there, too, where it can be read but nothing can be written."""
        connection = sqlite3.connect(":memory:", isolation_level=None)
        for statement in SCHEMA:
            connection.execute(statement)
        with contextlib.suppress(OSError):
            take_over(old_state_file(self.path), connection)
        return connection


def old_state_file(database: Path) -> Path:
    """Where versions before this one kept their notes."""
    return database.with_name("state.json")


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])
