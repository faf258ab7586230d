"""Temporary folders of a run, each held by a lock: what a killed run left behind, the next one removes."""

from __future__ import annotations

import contextlib
import fcntl
import os
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

from grader.course import removal

PREFIX = "grader-run-"
LOCK = ".lock"


class TemporaryFolder:
    """A folder in the system's temporary one, there until it is closed. Its lock goes with the processes holding it."""

    def __init__(self) -> None:
        self.path = Path(tempfile.mkdtemp(prefix=PREFIX))
        self.lock = os.open(self.path / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        with contextlib.suppress(OSError):  # some network disks know no locks: then nobody tidies up there
            fcntl.flock(self.lock, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def __enter__(self) -> Path:
        return self.path

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Remove the folder with all that is in it."""
        removal.remove(str(self.path))
        os.close(self.lock)


def tidy_up() -> None:
    """Remove the folders of runs that are gone. A run at work holds the lock of its own."""
    for folder in _ours():
        with contextlib.suppress(OSError):
            descriptor = os.open(folder / LOCK, os.O_RDWR | os.O_NOFOLLOW)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                removal.remove(str(folder))
            finally:
                os.close(descriptor)


def _ours() -> Iterator[Path]:
    """Folders of this name that belong to this user; in a shared folder others could put anything there."""
    with contextlib.suppress(OSError):
        for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
            info = folder.lstat()
            if stat.S_ISDIR(info.st_mode) and info.st_uid == os.geteuid():
                yield folder
