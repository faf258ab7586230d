"""Pages of an earlier run that are of nobody in the class now: a folder may have been renamed."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from grader.score.intake.names import as_a_file, file_name

FEEDBACK = "feedback"
GRADESCOPE = "gradescope"
MOST_NAMED = 20


def leftovers(out: Path, students: Iterable[str]) -> tuple[str, ...]:
    """A sentence for each page and each folder in `out` that this run does not write."""
    current = {as_a_file(name): name for name in map(file_name, students)}
    paths = [*(out / FEEDBACK).glob("*.html"), *(path for path in (out / GRADESCOPE).glob("*") if path.is_dir())]
    found = sorted(path.relative_to(out).as_posix() for path in paths if not _is_current(path, current))
    said = [f"{name} is of nobody in this class now; it may be of an earlier run" for name in found[:MOST_NAMED]]
    return (*said, *([f"{len(found) - MOST_NAMED} more are, too"] if len(found) > MOST_NAMED else []))


def _is_current(path: Path, current: dict[str, str]) -> bool:
    """Whether this is what the run writes: under its very name, or under one that this disk takes for the same."""
    suffix = ".html" if path.parent.name == FEEDBACK else ""
    name = path.name.removesuffix(suffix)
    own = current.get(as_a_file(name))
    other = path.with_name(f"{own}{suffix}")
    return own == name or (own is not None and other.exists() and other.samefile(path))
