"""Where each name of a learner's file stands, read from its text."""

from __future__ import annotations

import ast
import difflib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from grader.course.cells import Cells, parse_cells
from grader.protocol.results import Failure, Place
from grader.tester.contract import parsed

MAX_NAME = 200  # a class may have a name of a megabyte, and it stands before that of each of its members


@dataclass(frozen=True)
class SourceIndex:
    """The lines of a file's functions, classes, methods and constants. `display_path` is how messages name the file."""

    file: str
    display_path: str
    lines: dict[str, int] = field(default_factory=dict)

    def place(self, path: str) -> Place | None:
        """Where `Class.method` is defined, or else `Class`; None where neither stands in the file."""
        for name in (path, path.split(".")[0]):
            if name in self.lines:
                return Place(self.file, self.lines[name])
        return None

    def missing(self, name: str) -> Failure:
        """What is said of a name that the stub defines and this file does not; one that is much alike is offered."""
        text = f"`{name}` is not defined in {self.display_path}. The stub defines it: was it renamed or removed?"
        by_letters = {other.replace("_", "").lower(): other for other in self.lines if "." not in other}
        close = difflib.get_close_matches(name.replace("_", "").lower(), by_letters, n=1, cutoff=0.75)
        if not close or (alike := by_letters[close[0]]) == name:
            return Failure(text)
        text = f"`{name}` is not defined in {self.display_path}, but `{alike}` is: rename it to `{name}`."
        return Failure(text, place=self.place(alike))


def index_source(file: str, display_path: str, cells: Cells | None = None) -> SourceIndex:
    """The index of a file. One that cannot be read or parsed has no lines; with `cells`, those of cells that parse."""
    tree = parsed(file) if cells is None else _parsed_by_cells(file, cells)
    return SourceIndex(file, display_path, dict(_lines(tree)) if tree is not None else {})


def _parsed_by_cells(file: str, cells: Cells) -> ast.Module | None:
    try:
        return parse_cells(Path(file).read_text(encoding="utf-8"), cells).tree
    except (OSError, ValueError):
        return None


def _lines(tree: ast.Module) -> Iterator[tuple[str, int]]:
    for node in tree.body:
        yield from _names(node, "")
        if isinstance(node, ast.ClassDef):
            for inner in node.body:
                yield from _names(inner, node.name + ".")


def _names(node: ast.stmt, prefix: str) -> Iterator[tuple[str, int]]:
    names = [node.name] if isinstance(node, ast.ClassDef | ast.FunctionDef) else []
    if isinstance(node, ast.Assign):
        names += [target.id for target in node.targets if isinstance(target, ast.Name)]
    yield from ((prefix + name, node.lineno) for name in names if len(prefix) + len(name) <= MAX_NAME)
