"""Whether an exception is a stub's own `raise NotImplementedError`, and whose: this exercise's or an earlier part's.

Where a frame stands is the worker's claim, what stands there is read here. A false claim makes its author's test
one that is still to do, which earns nothing.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from grader.course.cells import Definition
from grader.protocol.results import Frame
from grader.tester.source_tree import SourceTree


@dataclass(frozen=True)
class Unfinished:
    """A function that is still to do: of which exercise, and its name; empty at the top of a file."""

    exercise: str
    function: str


def unfinished(source: SourceTree, types: tuple[str, ...], frames: tuple[Frame, ...]) -> Unfinished | None:
    """What is still to do, where the innermost of the learner's lines says so; None for any other exception."""
    if types[:1] != ("NotImplementedError",) or not frames:
        return None
    place = frames[-1].place
    exercise = source.exercise_of(place.file)
    tree = source.parse(exercise) if exercise is not None else None
    if exercise is None or tree is None or place.line is None:
        return None
    function = stub_at(tree, place.line)
    return None if function is None else Unfinished(exercise, function)


def stub_at(tree: ast.Module, line: int) -> str | None:
    """The function whose `raise NotImplementedError` stands at the line; None where the line is no such statement.

    One in an `except` does not count: something else went wrong, and is rethrown under this name.
    """
    for name, node in _raises(tree):
        if node.lineno <= line <= (node.end_lineno or node.lineno):
            return name
    return None


def _raises(tree: ast.Module) -> Iterator[tuple[str, ast.Raise]]:
    """Every `raise NotImplementedError`, with the names of the definitions around it.

    Not by recursion: a chain of `elif` or of `+` is nested as deep as it is long.
    """
    waiting: list[tuple[ast.AST, str, bool]] = [(tree, "", False)]
    while waiting:
        node, path, rethrows = waiting.pop()
        if isinstance(node, Definition):
            path, rethrows = f"{path}.{node.name}" if path else node.name, False
        rethrows = rethrows or isinstance(node, ast.ExceptHandler)
        if isinstance(node, ast.Raise) and not rethrows and _says_not_implemented(node.exc):
            yield path, node
        waiting += [(child, path, rethrows) for child in ast.iter_child_nodes(node)]


def _says_not_implemented(raised: ast.expr | None) -> bool:
    named = raised.func if isinstance(raised, ast.Call) else raised
    return isinstance(named, ast.Name) and named.id == "NotImplementedError"
