"""Removing folders that a stranger's code has written to, perhaps while it runs.

Everything is done by descriptors and single names, never by a path: no link is followed, a folder that is exchanged for
one meanwhile leads nowhere, and nothing is too deep.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

MOST_ROUNDS = 100_000
A_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
IN_PLACE = getattr(os, "O_PATH", 0)  # a descriptor that needs no right to read; Linux alone has it


def empty(folder: str) -> None:
    """Remove all that is in the folder, never following a link.

    A folder's folders are moved up before it is removed, so that no depth and no length of path is too much.
    """
    with contextlib.suppress(OSError), opened(folder) as top:
        moved = 0
        os.fchmod(top, 0o700)
        for _ in range(MOST_ROUNDS):
            folders = _remove_files(top)
            if not folders:
                return
            with opened(folders[0], top) as inner:
                os.fchmod(inner, 0o700)
                for name in _remove_files(inner):
                    moved += 1
                    _move_up(name, inner, top, f"moved-{os.getpid()}-{moved}")
            os.rmdir(folders[0], dir_fd=top)


def remove(folder: str) -> None:
    """Remove the folder with all that is in it."""
    empty(folder)
    with contextlib.suppress(OSError):
        Path(folder).rmdir()


@contextlib.contextmanager
def opened(name: str, above: int | None = None) -> Iterator[int]:
    """The folder of this name, to be looked into whatever its mode was. It is an error if it is a link."""
    try:
        descriptor = os.open(name, A_FOLDER, dir_fd=above)
    except PermissionError:
        _unlock(name, above)
        descriptor = os.open(name, A_FOLDER, dir_fd=above)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _unlock(name: str, above: int | None) -> None:
    """Give its owner all rights to a folder that may not be opened, and to nothing that a link leads to."""
    if not IN_PLACE:
        os.chmod(name, 0o700, dir_fd=above, follow_symlinks=False)
        return
    descriptor = os.open(name, IN_PLACE | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=above)
    try:
        os.chmod(f"/proc/self/fd/{descriptor}", 0o700)
    finally:
        os.close(descriptor)


def _move_up(name: str, inner: int, top: int, new: str) -> None:
    with contextlib.suppress(OSError):
        _unlock(name, inner)  # what is moved must be one's own to write to
        os.rename(name, new, src_dir_fd=inner, dst_dir_fd=top)


def _remove_files(descriptor: int) -> list[str]:
    """Remove what is no folder; the names of the folders that remain."""
    remaining = []
    with contextlib.suppress(OSError), os.scandir(descriptor) as items:
        for item in list(items):
            if item.is_dir(follow_symlinks=False):
                remaining.append(item.name)
                continue
            with contextlib.suppress(OSError):
                os.unlink(item.name, dir_fd=descriptor)
    return remaining
