"""The scratch folder seen from outside: how full it is, and how to empty it whatever stands in it."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

TOTAL_BYTES = 64 * 2**20
TOTAL_ENTRIES = 1024
DEEPEST = 24


def complaint(folder: str) -> str:
    """What is too much about the folder, or nothing. Stops looking as soon as it knows."""
    size = entries = 0
    waiting = [(folder, 0)]
    while waiting:
        path, depth = waiting.pop()
        if depth > DEEPEST:
            return f"Your code nested folders more than {DEEPEST} deep."
        with contextlib.suppress(OSError), os.scandir(path) as items:
            for item in items:
                entries += 1
                size += _bytes_of(item)
                if size > TOTAL_BYTES:
                    return f"Your code wrote more than {TOTAL_BYTES // 2**20} MiB of files."
                if entries > TOTAL_ENTRIES:
                    return f"Your code made more than {TOTAL_ENTRIES} files."
                if item.is_dir(follow_symlinks=False):
                    waiting.append((item.path, depth + 1))
    return ""


def empty(folder: str) -> None:
    """Remove all that is in the folder, never following a link.

    A folder's folders are moved up before it is removed, so that no depth and no length of path is too much.
    """
    moved = 0
    for _ in range(100 * TOTAL_ENTRIES):
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


def _bytes_of(item: os.DirEntry[str]) -> int:
    try:
        status = item.stat(follow_symlinks=False)
    except OSError:
        return 0
    return max(status.st_size, status.st_blocks * 512)
