"""Where things stand as the learner sees it: in their file or, where that is a notebook, in a cell of it."""

from __future__ import annotations

from grader.course.notebooks import Cells, cell_and_line
from grader.course.source import SourceProblem
from grader.protocol.results import Failure, Frame, Place


def place_in(file: str, line: int | None, cells: Cells | None) -> Place:
    """The place of a line of a module; with `cells` the module was made of a notebook's."""
    if cells is None or line is None:
        return Place(file, line)
    cell, line_there = cell_and_line(cells, line)
    return Place(file, line_there, cell)


def words(place: Place) -> str:
    """`line 3`, or `cell 2, line 3`, for the middle of a sentence."""
    return f"line {place.line}" if place.cell is None else f"cell {place.cell}, line {place.line}"


def failure_of(problem: SourceProblem, display_path: str, cells: Cells | None) -> Failure:
    """A file that cannot be judged, as the failure of its exercise."""
    place = place_in(display_path, problem.line, cells)
    where = f" in {words(place)}" if problem.line is not None else ""
    frames = (Frame(place, "", problem.text),) if problem.text else ()
    message = f"{problem.subject}{where}{problem.predicate}"
    return Failure(message, frames=frames, place=place, advice=problem.advice)
