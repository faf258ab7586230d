"""What the judge is to import beforehand, found in the files that will run."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from pathlib import Path

from grader.course.curriculum import Curriculum, Exercise
from grader.course.layout import Layout
from grader.judge.launch import COUNTING, LIBRARIES, META, OPTIMIZERS, PICTURES, TORCH


def libraries_for(layout: Layout, curriculum: Curriculum, exercises: Iterable[Exercise]) -> tuple[str, ...]:
    """The names of `LIBRARIES` that any of the files that will run mention. Each file is read once."""
    names = {item.name for exercise in exercises for item in (exercise, *curriculum.prerequisites_of(exercise))}
    files: set[Path] = set()
    for name in names:
        files.update(layout.suite_files(name), (layout.exercise_file(name), layout.solution_file(name)))
    mentioned = set().union(*map(_mentions, files))
    return tuple(name for name in LIBRARIES if name in mentioned)


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
            found.add(TORCH)
    if TORCH in found and "optim" in text:
        found.add(OPTIMIZERS)
    if TORCH in found and '"meta"' in text:
        found.add(META)
    if TORCH in found and ".counting()" in text:
        found.add(COUNTING)
    if '.png"' in text:
        found.add(PICTURES)
    return found
