"""Opening a file with the program that the system has for it."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import click


def open_file(path: Path) -> bool:
    """Whether it could be opened."""
    if sys.platform.startswith("linux"):
        if not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")) or shutil.which("xdg-open") is None:
            return False
    return click.launch(str(path)) == 0
