"""The folder that a learner's code may write to: how full it is, and how a suite reads from it."""

from __future__ import annotations

import contextlib
import os
import stat
from pathlib import Path

from grader.course.removal import empty, opened

MAX_TOTAL_BYTES = 64 * 2**20
MAX_ENTRIES = 1024
MAX_SCRATCH_DEPTH = 24
MAX_READ_BYTES = 8 * 2**20


class Scratch:
    """A folder that the learner's code may write to. Paths are given to it, bytes are read back."""

    def __init__(self, folder: str) -> None:
        self.folder = Path(folder)

    def path(self, name: str) -> str:
        """Where the learner's code is to write a file of this name."""
        return str(self.folder / name)

    def files(self) -> list[str]:
        """The names of the files that are there. Folders are left out: libraries make them for their caches."""
        return sorted(item.name for item in self.folder.iterdir() if item.is_file())

    def read(self, name: str) -> bytes | None:
        """A regular file's bytes; None where there is none, or more than 8 MiB."""
        try:
            descriptor = os.open(self.folder / name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        except OSError:
            return None
        with os.fdopen(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                return None
            data = file.read(MAX_READ_BYTES + 1)  # it may grow while it is read
            return data if len(data) <= MAX_READ_BYTES else None

    def clear(self) -> None:
        """Remove the files that are there."""
        empty(str(self.folder))


def complaint(folder: str) -> str:
    """What is too much about the folder, or nothing. Stops looking as soon as it knows."""
    try:
        with contextlib.suppress(OSError), opened(folder) as descriptor:
            _Tally().count(descriptor, 0)
    except _TooMuch as found:
        return str(found)
    return ""


class _TooMuch(Exception):
    """The message says of what."""


class _Tally:
    """Bytes and entries so far. Folders are opened one in another: the code under test may exchange one for a link."""

    def __init__(self) -> None:
        self.size = self.entries = 0

    def count(self, descriptor: int, depth: int) -> None:
        """Count what is in an open folder."""
        if depth > MAX_SCRATCH_DEPTH:
            raise _TooMuch(f"Your code nested folders more than {MAX_SCRATCH_DEPTH} deep.")
        with contextlib.suppress(OSError), os.scandir(descriptor) as items:
            for item in items:
                self.entries += 1
                self.size += _bytes_of(item)
                if self.size > MAX_TOTAL_BYTES:
                    raise _TooMuch(f"Your code wrote more than {MAX_TOTAL_BYTES // 2**20} MiB of files.")
                if self.entries > MAX_ENTRIES:
                    raise _TooMuch(f"Your code made more than {MAX_ENTRIES} files.")
                if item.is_dir(follow_symlinks=False):
                    with contextlib.suppress(OSError), opened(item.name, descriptor) as inner:
                        self.count(inner, depth + 1)


def _bytes_of(item: os.DirEntry[str]) -> int:
    try:
        status = item.stat(follow_symlinks=False)
    except OSError:
        return 0
    return max(status.st_size, status.st_blocks * 512)
