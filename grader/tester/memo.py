"""What mutants did under a seed, kept for the next submission that fails the same tests.

A class is judged under one seed, so a mutant's run of a test is the same for everybody: it is run once and read
from a folder afterwards. Only the search for names looks here; no verdict depends on it.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from pathlib import Path

import msgspec

from grader.tester.recording import RecordedFailure

MAX_MEMO_BYTES = 2**20


class RememberedFailure(msgspec.Struct, frozen=True):
    """A test that a mutant failed, and the values that its transcript stands on."""

    failure: RecordedFailure
    values: tuple[bytes, ...]


class MutantMemo:
    """One exercise's mutants under one seed. The folder belongs to whoever started the judge."""

    def __init__(self, folder: str, exercise: str, seed: int) -> None:
        self.folder = Path(folder) / exercise / str(seed)
        self.folder.mkdir(parents=True, exist_ok=True)

    def read(self, mutant: str, test: str) -> tuple[bool, RememberedFailure | None]:
        """Whether this run is known, and what the test said of the mutant; None where it passed."""
        try:
            data = self._path(mutant, test).read_bytes()
        except OSError:
            return False, None
        return True, msgspec.msgpack.decode(data, type=RememberedFailure | None)

    def write(self, mutant: str, test: str, found: RememberedFailure | None) -> None:
        """Keep it for the next one. What is very long, or finds no room, is run again instead."""
        data = msgspec.msgpack.encode(found)
        if len(data) > MAX_MEMO_BYTES:
            return
        path = self._path(mutant, test)
        part = path.with_suffix(f".{os.getpid()}")
        with contextlib.suppress(OSError):
            part.write_bytes(data)
            part.rename(path)  # another tester may write the same at this moment

    def _path(self, mutant: str, test: str) -> Path:
        return self.folder / hashlib.sha256(f"{mutant}\0{test}".encode()).hexdigest()[:32]
