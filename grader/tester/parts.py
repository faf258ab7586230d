"""Which functions a call rests on, by the text of the learner's file: its own, and those of earlier parts."""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

EARLIER_PART = re.compile(r"ch\d+_\w+\.\w+")


@dataclass(frozen=True)
class Part:
    """A function by its name; `module` is that of the earlier part which it comes from, empty for the file's own."""

    name: str
    module: str = ""


class Parts:
    """The functions of a file and of the parts that it imports, with what refers to them."""

    def __init__(self, tree: ast.Module, promised: Collection[str] | None = None) -> None:
        """`promised` are the names of the stub; without one everything is."""
        self.known = {
            part.name: part for part in _parts(tree) if part.module or promised is None or part.name in promised
        }
        self.uses = {
            node.name: _names(node) - {node.name}
            for node in tree.body
            if isinstance(node, ast.FunctionDef | ast.ClassDef)
        }

    def beneath(self, roots: Collection[str]) -> list[Part]:
        """The functions that these, of the same file, call on the way; the nearest first."""
        found: dict[str, None] = {}
        left = [root for root in roots if root in self.uses]
        for name in left:
            new = [used for used in sorted(self.uses.get(name, ())) if used not in found and used not in left]
            found.update(dict.fromkeys(used for used in new if used in self.known))
            left += [used for used in new if used in self.uses]
        return [self.known[name] for name in found if name not in roots]


def _parts(tree: ast.Module) -> Iterator[Part]:
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            yield Part(node.name)
        elif isinstance(node, ast.ImportFrom) and EARLIER_PART.fullmatch(node.module or ""):
            # What begins with a capital letter is a class: objects do not cross.
            yield from (Part(name.name, str(node.module)) for name in node.names if _is_function(name))


def _is_function(name: ast.alias) -> bool:
    return name.asname in (None, name.name) and not name.name[:1].isupper()


def _names(node: ast.AST) -> set[str]:
    return {inner.id for inner in ast.walk(node) if isinstance(inner, ast.Name)}
