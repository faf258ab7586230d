"""What versions before the database had noted in `state.json`: taken over once."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

import msgspec


class OldPass(msgspec.Struct, frozen=True):
    """A pass as `state.json` had it."""

    fingerprint: str
    points: float
    tests: int
    seed: int
    tier: str


class OldState(msgspec.Struct, frozen=True):
    """The whole file."""

    passes: dict[str, OldPass] = {}
    hints: dict[str, int] = {}


def take_over(path: Path, connection: sqlite3.Connection) -> None:
    """Put it into the tables. A file that cannot be read is set aside, not lost; one that can be stays as it is."""
    try:
        state = msgspec.json.decode(path.read_bytes(), type=OldState)
    except FileNotFoundError:
        return
    except (OSError, msgspec.DecodeError, UnicodeDecodeError):
        with contextlib.suppress(OSError):
            path.replace(path.with_suffix(".unreadable.json"))
        return
    passes = [(name, p.fingerprint, p.points, p.tests, p.seed, p.tier) for name, p in state.passes.items()]
    connection.executemany("INSERT OR REPLACE INTO passes VALUES (?, ?, ?, ?, ?, ?)", passes)
    connection.executemany("INSERT OR REPLACE INTO hints VALUES (?, ?)", list(state.hints.items()))
