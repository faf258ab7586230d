"""Which of a file's functions and classes refer to which others, and in which of them a change lies."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from grader.course.joined_edits import edit_between


class Definitions:
    """The functions and classes at the top of a file."""

    def __init__(self, tree: ast.Module) -> None:
        found = [node for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)]
        self.lines = {node.name: (_first_line(node), node.end_lineno or node.lineno) for node in found}
        self.uses = {node.name: _names(node) - {node.name} for node in found}
        # What stands beside them may put one into a table from which the others take it.
        self.beside: set[str] = set().union(*(_names(node) for node in tree.body if node not in found))

    def beneath(self, roots: Iterable[str]) -> list[str]:
        """What these refer to on the way, the nearest first; names of other places as well."""
        found: dict[str, None] = {}
        left = [root for root in dict.fromkeys(roots) if root in self.uses]
        for name in left:
            new = [used for used in sorted(self.uses[name]) if used not in found and used not in left]
            found.update(dict.fromkeys(new))
            left += [used for used in new if used in self.uses]
        return list(found)

    def reachable(self, roots: Iterable[str]) -> frozenset[str]:
        """Everything in this file that a call of these can come to."""
        start = {*roots, *self.beside}
        return frozenset(name for name in (*start, *self.beneath(start)) if name in self.uses)

    def changed_in(self, base: str, changed: str) -> str:
        """The definition in which the two texts of the file differ; nothing where it is none of them alone."""
        edit = edit_between(base, changed)
        first, last = (base.count("\n", 0, place) + 1 for place in (edit.start, edit.stop))
        return next((name for name, (start, stop) in self.lines.items() if start <= first and last <= stop), "")


def _first_line(node: ast.FunctionDef | ast.ClassDef) -> int:
    return min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])


def _names(node: ast.AST) -> set[str]:
    return {inner.id for inner in ast.walk(node) if isinstance(inner, ast.Name)}
