"""Which functions a call rests on, by the text of the learner's file: its own, and those of earlier parts."""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from grader.course.definitions import Definitions

EARLIER_PART = re.compile(r"ch\d+_\w+\.\w+")


@dataclass(frozen=True)
class Part:
    """A function by its name; `module` is that of the earlier part which it comes from, empty for the file's own."""

    name: str
    module: str = ""


class Parts:
    """The functions of a file and of the parts that it imports."""

    def __init__(self, tree: ast.Module, promised: Collection[str] | None = None) -> None:
        """`promised` are the names of the stub; without one everything is."""
        self.definitions = Definitions(tree)
        self.known = {
            part.name: part for part in _parts(tree) if part.module or promised is None or part.name in promised
        }

    def beneath(self, roots: Collection[str]) -> list[Part]:
        """The functions that these, of the same file, call on the way; the nearest first."""
        found = self.definitions.beneath(roots)
        return [self.known[name] for name in found if name in self.known and name not in roots]


def _parts(tree: ast.Module) -> Iterator[Part]:
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            yield Part(node.name)
        elif isinstance(node, ast.ImportFrom) and EARLIER_PART.fullmatch(node.module or ""):
            # What begins with a capital letter is a class: objects do not cross.
            yield from (Part(name.name, str(node.module)) for name in node.names if _is_function(name))


def _is_function(name: ast.alias) -> bool:
    return name.asname in (None, name.name) and not name.name[:1].isupper()
