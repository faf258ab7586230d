"""Two folders that change places at one moment, so that a kill leaves either the old one there or the new."""

from __future__ import annotations

import contextlib
import ctypes
import os
import sys
from pathlib import Path

AT_FDCWD, SWAP = -100, 2  # SWAP is the same number in Linux's renameat2 and in macOS's renamex_np


def exchange(one: Path, other: Path) -> None:
    """Both exist, on one disk. Where the system has no such call there is a moment at which `one` is not there."""
    if not _exchanged(os.fsencode(one), os.fsencode(other)):
        between = other.with_name(f"{other.name}.old")
        one.replace(between)
        other.replace(one)
        between.replace(other)


def _exchanged(one: bytes, other: bytes) -> bool:
    with contextlib.suppress(OSError, AttributeError):
        library = ctypes.CDLL(None, use_errno=True)
        if sys.platform == "darwin":
            return int(library.renamex_np(one, other, SWAP)) == 0
        return int(library.renameat2(AT_FDCWD, one, AT_FDCWD, other, SWAP)) == 0
    return False
