"""The cells of a notebook, seen from the module that they make."""

from __future__ import annotations

import ast
import bisect
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass

# Of each cell the line of the module at which it begins, and its number, from 1. In a script that a notebook was saved
# as, the numbers are negative: what they name is a cell there, too, but the file is no notebook.
Cells = tuple[tuple[int, int], ...]

WRITTEN_NAME = re.compile(r"^(?:async[ \t]+def|def|class)[ \t]+(\w+)|^(\w+)[ \t]*(?::[^=\n]*)?=(?!=)", re.MULTILINE)
Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef  # what makes a function or a class


@dataclass(frozen=True)
class CellText:
    """One cell as it stands in the module: its number, the module's line at which it begins, its text."""

    number: int
    first: int
    text: str


@dataclass(frozen=True)
class BrokenCell:
    """A cell that does not parse: the line of the module, what Python says of it, and that line's text."""

    cell: CellText
    line: int
    error: str
    shown: str


@dataclass(frozen=True)
class ParsedCells:
    """All cells that parse as one tree, with the module's line numbers, and those that do not."""

    tree: ast.Module
    broken: tuple[BrokenCell, ...]


def cell_and_line(cells: Cells, line: int) -> tuple[int, int]:
    """The cell in which a line of the module stands, and its line there, both from 1."""
    place = bisect.bisect_right(cells, line, key=lambda cell: cell[0]) - 1
    first, number = cells[place] if place >= 0 else (1, 1)
    return abs(number), line - first + 1


def suffix_of(cells: Cells | None) -> str:
    """How the name of the file ends that the learner has: of a notebook, or of Python."""
    return ".py" if cells is None or any(number < 0 for _, number in cells) else ".ipynb"


def cell_texts(source: str, cells: Cells) -> Iterator[CellText]:
    """The cells of a module, one after another."""
    lines = source.split("\n")
    ends = [*(start for start, _ in cells[1:]), len(lines) + 1]
    for (start, number), end in zip(cells, ends, strict=False):  # of no cells there is no end
        yield CellText(abs(number), start, "\n".join(lines[start - 1 : end - 1]))


def parse_cell(cell: CellText) -> ast.Module:
    """The cell's tree with the module's line numbers; what the parser raises says the module's line."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # an odd escape in a string is its author's business
        try:
            tree = ast.parse(cell.text)
        except SyntaxError as error:
            error.lineno = (error.lineno or 1) + cell.first - 1
            raise
    return ast.increment_lineno(tree, cell.first - 1)


def parse_cells(source: str, cells: Cells) -> ParsedCells:
    """Each cell parsed by itself: what one of them breaks, it breaks for itself."""
    body: list[ast.stmt] = []
    broken = []
    for cell in cell_texts(source, cells):
        try:
            body += parse_cell(cell).body
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            line = (error.lineno if isinstance(error, SyntaxError) else None) or cell.first
            said = error.msg if isinstance(error, SyntaxError) else str(error)
            shown = cell.text.split("\n")[line - cell.first : line - cell.first + 1]
            broken.append(BrokenCell(cell, line, f"{type(error).__name__}: {said}", "".join(shown).rstrip()))
    return ParsedCells(ast.Module(body, []), tuple(broken))


def names_written(text: str) -> set[str]:
    """The names that a text seems to define, read without parsing."""
    return {function or name for function, name in WRITTEN_NAME.findall(text)}


def bindings(tree: ast.Module) -> Iterator[tuple[str, ast.stmt]]:
    """Each name that the module's statements bind at its top level, in blocks such as `if` too, and the statement."""
    waiting: list[ast.stmt] = tree.body[::-1]
    while waiting:
        node = waiting.pop()
        for name in _bound(node):
            yield name, node
        if not isinstance(node, Definition):
            waiting += _blocks(node)[::-1]


def _blocks(node: ast.stmt) -> list[ast.stmt]:
    """The statements directly inside a compound one."""
    parts: list[ast.AST] = [node, *getattr(node, "handlers", []), *getattr(node, "cases", [])]
    return [item for part in parts for name in ("body", "orelse", "finalbody") for item in getattr(part, name, [])]


def _bound(node: ast.stmt) -> Iterator[str]:
    if isinstance(node, Definition):
        yield node.name
    elif isinstance(node, ast.Import | ast.ImportFrom):
        yield from ((alias.asname or alias.name).split(".")[0] for alias in node.names)
    elif isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        for target in targets:
            items = target.elts if isinstance(target, ast.Tuple | ast.List) else [target]
            yield from (item.id for item in items if isinstance(item, ast.Name))
