"""What is said of an import that failed: what was written, what there is, and the line to write."""

from __future__ import annotations

import ast
import difflib
import re
import sys
from dataclasses import dataclass

from grader.course.import_lines import TREES, Course, meant_import, nearest
from grader.protocol.results import Frame
from grader.tester.contract import defined_names
from grader.tester.source_tree import SourceTree

NO_MODULE = re.compile(r"No module named '([\w.]+)'")
NO_NAME = re.compile(r"cannot import name '(\w+)' from (?:partially initialized module )?'([\w.]+)'")
NO_ATTRIBUTE = re.compile(r"(?:partially initialized )?module '([\w.]+)' has no attribute '(\w+)'")
NEEDED = ("torch", "numpy", "jaxtyping", "matplotlib", "regex")
MAX_NAMES = 8
MAX_WRITTEN = 120


@dataclass(frozen=True)
class Words:
    """A sentence on what went wrong, and what to do next."""

    message: str
    advice: str = ""


def import_failure(source: SourceTree, types: tuple[str, ...], text: str, frames: tuple[Frame, ...]) -> Words | None:
    """The words for an import that failed, or for a name that a part does not have; None for other exceptions."""
    if "AttributeError" in types:
        found = NO_ATTRIBUTE.match(text)
        return _no_name(source, found[2], found[1].replace(".", "/"), frames) if found else None
    if "ImportError" not in types:
        return None
    if found := NO_NAME.match(text):
        known = _no_name(source, found[1], found[2].replace(".", "/"), frames) or _by_the_statement(source, frames)
        return known or Words(f"`{found[2]}` has no `{found[1]}`.", "Look for its name's spelling.")
    missing = NO_MODULE.match(text)
    if missing and (there := missing[1].replace(".", "/")) in source.course:
        return Words(
            f"{source.shown(there)} is a part of the course, but its file is not here.",
            "Put the file of that part where it belongs, or hand it in as well.",
        )
    known = _by_the_statement(source, frames)
    return known or (_no_library(_written_module(source, frames, missing[1])) if missing else None)


def _no_name(source: SourceTree, name: str, exercise: str, frames: tuple[Frame, ...]) -> Words | None:
    """A name that an earlier part does not define, or does not define yet."""
    names = _names_of(source, exercise) if exercise in source.course else ()
    if not names:
        return None
    if name in names:
        return _no_name_yet(source, name, exercise, frames)
    message = f"`{name}` is not defined in {source.shown(exercise)}."
    if close := nearest(name, names):
        module = exercise.replace("/", ".")
        return Words(message, f"Did you mean `{close}`? Write `from {module} import {close}`.")
    public = [item for item in names if not item.startswith("_")]
    listed = ", ".join(f"`{item}`" for item in public[:MAX_NAMES]) or "nothing that another file needs"
    return Words(message, f"It defines {listed}{' and more' if len(public) > MAX_NAMES else ''}.")


def _no_name_yet(source: SourceTree, name: str, exercise: str, frames: tuple[Frame, ...]) -> Words | None:
    """An import in a circle: of the file itself, or of one that imports it in turn."""
    importer = source.exercise_of(frames[-1].place.file) if frames else None
    if importer == exercise:
        return Words(
            f"{source.shown(exercise)} imports `{name}` from itself.",
            "Remove that import: what the file defines is there without it.",
        )
    if importer is None:
        return None
    return Words(
        f"{source.shown(importer)} and {source.shown(exercise)} import each other, so `{name}` is not there yet.",
        "An earlier part needs no later one: remove the import from the earlier of the two.",
    )


def _by_the_statement(source: SourceTree, frames: tuple[Frame, ...]) -> Words | None:
    """The import statement at which it happened, where it was meant for a part of the course."""
    owner, tree, node = _statement(source, frames)
    if node is None or tree is None:
        return None
    course = Course(source.course, owner, lambda name: _names_of(source, name))
    line = meant_import(node, course, tree)
    written = ast.unparse(node)[:MAX_WRITTEN]
    if line is None or line == written:
        return None
    return Words(f"`{written}` finds no part of the course.", f"Write `{line}`.")


def _statement(
    source: SourceTree, frames: tuple[Frame, ...]
) -> tuple[str, ast.Module | None, ast.Import | ast.ImportFrom | None]:
    """The part in which the innermost line stands, its syntax tree, and the import at that line."""
    owner = source.exercise_of(frames[-1].place.file) if frames else None
    tree = source.parse(owner) if owner is not None else None
    node = _import_at(tree, frames[-1].place.line or 0) if tree is not None else None
    return owner or "", tree, node


def _written_module(source: SourceTree, frames: tuple[Frame, ...], missing: str) -> str:
    """The module as it was written, `google.colab`, where Python names its first part alone."""
    node = _statement(source, frames)[2]
    names = [item.name for item in node.names] if isinstance(node, ast.Import) else []
    if isinstance(node, ast.ImportFrom) and not node.level:
        names = [node.module or ""]
    return next((name for name in names if name.split(".")[0] == missing), missing)


def _import_at(tree: ast.Module, line: int) -> ast.Import | ast.ImportFrom | None:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom) and node.lineno <= line <= (node.end_lineno or node.lineno):
            return node
    return None


def _names_of(source: SourceTree, exercise: str) -> tuple[str, ...]:
    tree = source.parse(exercise)
    return defined_names(tree) if tree is not None else ()


def _no_library(module: str) -> Words:
    """A library that this kit does not have, or a part of one that is not there."""
    top = module.split(".")[0]
    if top in TREES:
        return Words(
            f"`{module}` finds no part of the course.",
            "A part is imported by its chapter and its name: `from chapter.exercise import function`.",
        )
    if "." in module and (top in NEEDED or top in sys.stdlib_module_names):
        return Words(f"`{top}` is there, but there is no module `{module}` in it.", "Look for its name's spelling.")
    for names in (NEEDED, sys.stdlib_module_names):
        if close := difflib.get_close_matches(top, names, n=1, cutoff=0.8):
            return Words(f"There is no module `{module}` here.", f"Did you mean `{close[0]}`?")
    return Words(
        f"This kit does not have `{module}`.",
        "The course needs no libraries but torch, numpy and what comes with Python: write it with these.",
    )
