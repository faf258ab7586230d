"""Noticing that a learner has saved a file of the course."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path

from grader.course.layout import Layout

SECONDS = 0.1


def when_saved(layout: Layout) -> dict[Path, float]:
    """When each file and notebook of the course was saved last."""
    found = {}
    for path in [*layout.exercises.rglob("*.py"), *layout.exercises.rglob("*.ipynb")]:
        with contextlib.suppress(OSError):
            found[path] = path.stat().st_mtime
    return found


def wait_for_a_save(layout: Layout, before: dict[Path, float]) -> None:
    """Return once anything differs from `before`: saved, made or taken away."""
    while when_saved(layout) == before:
        time.sleep(SECONDS)
