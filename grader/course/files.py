"""Files of the kit: the list of a tree's, and writing one so that a reader sees the old or the new, never a half."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

UNFINISHED = ".unfinished"
MAX_NAMED = 20  # characters of a file's name in that of its temporary one, which is to be no longer than a disk takes


def remove_unfinished(folder: Path) -> None:
    """Remove what a run that was killed had begun to write there. Nobody else may be writing."""
    for path in folder.rglob(f".*{UNFINISHED}"):
        path.unlink(missing_ok=True)


def files_below(folder: Path) -> list[Path]:
    """Every file of a tree of the kit's, in the order of the paths, without what Python caches."""
    return sorted(path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts)


def write_atomically(path: Path, content: str | bytes) -> None:
    """Write beside the file and rename. Missing folders are made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    data = content.encode() if isinstance(content, str) else content
    descriptor, temporary = tempfile.mkstemp(UNFINISHED, f".{path.name[:MAX_NAMED]}.", path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, path.stat().st_mode & 0o777 if path.exists() else 0o644)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise
