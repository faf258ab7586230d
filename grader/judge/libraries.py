"""What the judge is to import beforehand, found in the files that will run."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from pathlib import Path

from grader.course.curriculum import Curriculum, Exercise
from grader.course.layout import Layout

KNOWN = ("torch", "optim", "meta", "counting")


def libraries_for(layout: Layout, curriculum: Curriculum, exercises: Iterable[Exercise]) -> tuple[str, ...]:
    """`torch`, `optim`, `meta` (torch's meta device) and `counting`, if any of the files that will run mention them."""
    mentioned: set[str] = set()
    for exercise in exercises:
        for item in (exercise, *curriculum.prerequisites_of(exercise)):
            own = layout.exercise_file(item.name), layout.solution_file(item.name)
            for path in (*layout.suite_files(item.name), *own):
                mentioned |= _mentions(path)
    return tuple(name for name in KNOWN if name in mentioned)


def _mentions(path: Path) -> set[str]:
    try:
        text = path.read_text(encoding="utf-8")
        tree = ast.parse(text)
    except (OSError, UnicodeDecodeError, SyntaxError, ValueError, MemoryError, RecursionError):
        return set()
    found = set()
    for node in ast.walk(tree):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom):
            names = [node.module or ""]
        if any(name.split(".")[0] == "torch" for name in names):
            found.add("torch")
    if "torch" in found and "optim" in text:
        found.add("optim")
    if "torch" in found and '"meta"' in text:
        found.add("meta")
    if "torch" in found and ".counting()" in text:
        found.add("counting")
    return found
