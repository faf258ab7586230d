"""Pages of an earlier run that are of nobody in the class now: a folder may have been renamed."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from grader.score.intake.names import as_a_file

FEEDBACK = "feedback"
GRADESCOPE = "gradescope"
MOST_NAMED = 20


def leftovers(out: Path, students: Iterable[str]) -> tuple[str, ...]:
    """A sentence for each page and each folder in `out` that this run does not write."""
    current = {as_a_file(student) for student in students}
    pages = [(path, path.name.removesuffix(".html")) for path in (out / FEEDBACK).glob("*.html")]
    folders = [(path, path.name) for path in (out / GRADESCOPE).glob("*") if path.is_dir()]
    found = sorted(path.relative_to(out).as_posix() for path, name in pages + folders if as_a_file(name) not in current)
    said = [f"{name} is of nobody in this class now; it may be of an earlier run" for name in found[:MOST_NAMED]]
    return (*said, *([f"{len(found) - MOST_NAMED} more are, too"] if len(found) > MOST_NAMED else []))
