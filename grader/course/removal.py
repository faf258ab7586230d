"""Removing folders that a stranger's code has written to: no link is followed, and no depth or mode is too much."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

MOST_ROUNDS = 100_000


def empty(folder: str) -> None:
    """Remove all that is in the folder, never following a link.

    A folder's folders are moved up before it is removed, so that no depth and no length of path is too much.
    """
    moved = 0
    for _ in range(MOST_ROUNDS):
        folders = _remove_files(folder)
        if not folders:
            return
        inner = folders[0]
        with contextlib.suppress(OSError):
            os.chmod(inner, 0o700)
        for path in _remove_files(inner):
            moved += 1
            with contextlib.suppress(OSError):
                os.chmod(path, 0o700)
                os.rename(path, os.path.join(folder, f"moved-{os.getpid()}-{moved}"))
        try:
            os.rmdir(inner)
        except OSError:
            return


def remove(folder: str) -> None:
    """Remove the folder with all that is in it."""
    empty(folder)
    with contextlib.suppress(OSError):
        Path(folder).rmdir()


def _remove_files(folder: str) -> list[str]:
    """Remove what is no folder; the folders that remain."""
    remaining = []
    with contextlib.suppress(OSError), os.scandir(folder) as items:
        for item in list(items):
            if item.is_dir(follow_symlinks=False):
                remaining.append(item.path)
                continue
            with contextlib.suppress(OSError):
                os.unlink(item.path)
    return remaining
