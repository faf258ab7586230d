"""Where each name of a learner's file stands, read from its text."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field

from grader.protocol.results import Place
from grader.tester.contract import parsed


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


def index_source(file: str, display_path: str) -> SourceIndex:
    """The index of a file. One that cannot be read or parsed has no lines."""
    tree = parsed(file)
    return SourceIndex(file, display_path, dict(_lines(tree)) if tree is not None else {})


def _lines(tree: ast.Module) -> Iterator[tuple[str, int]]:
    for node in tree.body:
        yield from _names(node, "")
        if isinstance(node, ast.ClassDef):
            for inner in node.body:
                yield from _names(inner, node.name + ".")


def _names(node: ast.stmt, prefix: str) -> Iterator[tuple[str, int]]:
    if isinstance(node, ast.ClassDef | ast.FunctionDef):
        yield prefix + node.name, node.lineno
    if isinstance(node, ast.Assign):
        for target in node.targets:
            if isinstance(target, ast.Name):
                yield prefix + target.id, node.lineno
