"""What a notebook's cells left undone, in words: cells that raised, names that are missing for it, names defined twice.

Which cells failed is what the worker says, so it is held against the cells that there are, and bounded.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import msgspec

from grader.course.cells import (
    BrokenCell,
    Cells,
    CellText,
    Definition,
    bindings,
    cell_and_line,
    cell_texts,
    names_written,
    parse_cells,
)
from grader.course.notebooks import few
from grader.course.source import MAX_SOURCE_BYTES
from grader.course.visible import short_line
from grader.protocol.jobs import Job
from grader.protocol.messages import CellFailure
from grader.protocol.results import Failure, Frame, Place
from grader.tester.outcome import file_as_named

MAX_FAILURES = 200
MAX_ERROR = 200
MAX_LINE_SHOWN = 200
SET_ASIDE = "# %%"


@dataclass
class Binding:
    """Where a name is bound: by cell the first line of the module that does. `made` if a function or a class is."""

    lines: dict[int, int] = field(default_factory=dict)
    made: bool = False


@dataclass(frozen=True)
class Notebook:
    """A job's file as cells, and what failed in them and in those of its earlier parts. Without cells it is silent."""

    job: Job
    cells: tuple[CellText, ...] = ()
    broken: Mapping[int, BrokenCell] = field(default_factory=dict)
    bound: Mapping[str, Binding] = field(default_factory=dict)
    failures: tuple[CellFailure, ...] = ()

    # -- notes ----------------------------------------------------------------------------------------

    def notes(self) -> tuple[str, ...]:
        """Of each cell that raised, and of each name that two cells define. What the reading has told is left out."""
        raised = [item for item in self.failures if item.module != self.job.module or item.cell not in self.broken]
        return few([*map(self._note, raised), *self._defined_twice()])

    def _note(self, failure: CellFailure) -> str:
        name = failure.module.replace(".", "/")
        number, line = cell_and_line(self.job.learner.notebooks[name], failure.line)
        where = "" if failure.module == self.job.module else f"{file_as_named(self.job, name)}, "
        rest = "this line alone did not run" if failure.went_on else "the rest of the cell did not run"
        return f"{where}cell {number}, line {line}: {_error(failure)}; {rest}"

    def _defined_twice(self) -> Iterator[str]:
        stopped = [item for item in self.failures if not item.went_on]
        own = {item.cell: item.line for item in stopped if item.module == self.job.module}
        for name, binding in self.bound.items():
            reached = [cell for cell, line in binding.lines.items() if cell not in own or line < own[cell]]
            if binding.made and len(reached) > 1:
                shown = f"{', '.join(map(str, reached[:-1]))} and {reached[-1]}"
                yield f"`{name}` is defined in cells {shown}; cell {reached[-1]} counts"

    # -- a name that is missing -----------------------------------------------------------------------

    def why_missing(self, name: str) -> Failure | None:
        """Why a name is not there: the last cell that was to define it failed, does not parse, or was set aside."""
        for cell in reversed(self.cells):
            found = self._undone(cell, name)
            if found is not None:
                said, line = found
                text = f"`{name}` is not defined: cell {cell.number}, which defines it, {said}."
                place = Place(self.job.learner.file, line)
                shown = "".join(cell.text.split("\n")[line - cell.first : line - cell.first + 1]).strip()
                frames = (Frame(place, "", shown[:MAX_LINE_SHOWN]),) if shown else ()
                return Failure(text, place=place, frames=frames)
        return None

    def _undone(self, cell: CellText, name: str) -> tuple[str, int] | None:
        """What befell a cell that was to define the name, and on which line of the module."""
        broken = self.broken.get(cell.number)
        if broken is not None:
            said = f"is not Python: {short_line(broken.error, MAX_ERROR)} (line {broken.line - cell.first + 1})"
            return (said, broken.line) if name in names_written(cell.text) else None
        if SET_ASIDE in cell.text:
            head, _, body = cell.text[cell.text.index(SET_ASIDE) :].partition("\n")
            if name in names_written("\n".join(line.removeprefix("# ") for line in body.split("\n"))):
                return f"was set aside: `{short_line(head.removeprefix('# '), MAX_LINE_SHOWN)}`", cell.first
        if name in self.bound and cell.number in self.bound[name].lines:
            defined = self.bound[name].lines[cell.number]
            for failure in self.failures:
                is_of_cell = failure.module == self.job.module and failure.cell == cell.number
                if is_of_cell and (not failure.went_on or failure.line == defined):
                    return f"raised {_error(failure)} (line {failure.line - cell.first + 1})", failure.line
        return None


def notebook_of(job: Job) -> Notebook:
    """The job's file by its cells, where it was made of a notebook's."""
    cells = job.learner.notebooks.get(job.exercise)
    if not cells:
        return Notebook(job)
    try:
        source = Path(job.learner.file).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return Notebook(job)
    parsed = parse_cells(source, cells)
    broken = {item.cell.number: item for item in parsed.broken}
    return Notebook(job, tuple(cell_texts(source, cells)), broken, _bound(parsed.tree, cells))


def _bound(tree: ast.Module, cells: Cells) -> dict[str, Binding]:
    found: dict[str, Binding] = {}
    for name, node in bindings(tree):
        binding = found.setdefault(name, Binding())
        binding.lines.setdefault(cell_and_line(cells, node.lineno)[0], node.lineno)
        binding.made = binding.made or _makes(node)
    return found


def with_failures(notebook: Notebook, claimed: tuple[CellFailure, ...]) -> Notebook:
    """The notebook with what the worker says failed: of each cell that there is once, but for lines that it passed."""
    notebooks = notebook.job.learner.notebooks
    known = {_once(item): item for item in notebook.failures}
    for item in claimed[:MAX_FAILURES]:
        line = _line_within(notebooks.get(item.module.replace(".", "/"), ()), item)
        if line is not None:
            found = msgspec.structs.replace(item, line=line)
            known.setdefault(_once(found), found)
    return replace(notebook, failures=tuple(known.values())[:MAX_FAILURES])


def _once(failure: CellFailure) -> tuple[str, int, int]:
    return failure.module, failure.cell, failure.line if failure.went_on else 0


def _line_within(cells: Cells, failure: CellFailure) -> int | None:
    """The line of a failure, moved into its cell if it is none of it; None where there is no such cell."""
    starts = [start for start, _ in cells]
    for place, (start, number) in enumerate(cells):
        if abs(number) == failure.cell:
            end = starts[place + 1] - 1 if place + 1 < len(starts) else start + MAX_SOURCE_BYTES
            return min(max(failure.line, start), end)
    return None


def _error(failure: CellFailure) -> str:
    """`NameError: name 'display' is not defined`."""
    said = f"{failure.type}: {failure.message}" if failure.message else failure.type
    return short_line(said, MAX_ERROR)


def _makes(node: ast.stmt) -> bool:
    """Whether the statement makes a function or a class: `x = 1` in two cells is nobody's mistake."""
    value = getattr(node, "value", None)
    return isinstance(node, Definition) or isinstance(value, ast.Lambda)
