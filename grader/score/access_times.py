"""Times of reading, which could tell: a worker that reads a file leaves its access time, and a later one may look.

Systems write that time once in a day (`relatime`). So all files that workers may read are read once before any of
their code runs: after that nothing they do is seen in it.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

HOLDS_FOR = 3600.0  # new libraries may be installed
RENEWED_AFTER = 24 * 3600.0  # what the kernel takes for old
NOT_ON_DISK = ("/proc", "/dev")


def settle_once_an_hour(trees: Iterable[str], folder: Path) -> None:
    """Settle the trees, unless that was done a moment ago: the time of a file in the folder says when."""
    trees = sorted(trees)
    stamp = folder / f"settled-{os.getuid()}-{hashlib.sha256(repr(trees).encode()).hexdigest()[:16]}"
    with contextlib.suppress(OSError):
        info = os.lstat(stamp)
        if info.st_uid == os.getuid() and 0 <= time.time() - info.st_mtime < HOLDS_FOR:
            return
    settle(trees)
    with contextlib.suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
        stamp.unlink(missing_ok=True)
        stamp.touch(mode=0o600, exist_ok=False)


def cache_folder() -> Path:
    """Where this user's programs keep what they can do without."""
    return Path(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")) / "transformer-kit"


def settle(trees: Iterable[str]) -> int:
    """Read a byte of each file whose time of reading the next reader would change. How many these were."""
    found = 0
    for path in _paths(trees):
        with contextlib.suppress(OSError):
            info = os.lstat(path)
            old = time.time() - info.st_atime >= RENEWED_AFTER
            if old or info.st_atime <= max(info.st_mtime, info.st_ctime):
                found += 1
                _read(path, info.st_mode)
    return found


def _paths(trees: Iterable[str]) -> Iterator[str]:
    """All files and links below the trees on disks that keep such times. Whoever lists a folder has read it."""
    kept = [tree for tree in _outermost(trees) if _keeps_times(tree)]
    yield from (tree for tree in kept if os.path.isfile(tree))
    waiting = [tree for tree in kept if os.path.isdir(tree)]
    while waiting:
        with contextlib.suppress(OSError), os.scandir(waiting.pop()) as inside:
            for entry in inside:
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(entry.path)
                elif not entry.path.startswith("/sys/"):  # their folders have such times, and were listed
                    yield entry.path


def _outermost(trees: Iterable[str]) -> list[str]:
    real = list(dict.fromkeys(os.path.realpath(tree) for tree in trees))
    return [tree for tree in real if not any(tree.startswith(other + os.sep) for other in real)]


def _keeps_times(tree: str) -> bool:
    if tree.startswith(NOT_ON_DISK) or not os.path.exists(tree):
        return False
    return not os.statvfs(tree).f_flag & (getattr(os, "ST_NOATIME", 0) | os.ST_RDONLY)


def _read(path: str, mode: int) -> None:
    if stat.S_ISLNK(mode):
        os.readlink(path)
    elif stat.S_ISREG(mode):
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW)
        try:
            os.read(descriptor, 1)
        finally:
            os.close(descriptor)
