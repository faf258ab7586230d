"""Where things stand as the learner sees it: in their file or, where that is a notebook, in a cell of it."""

from __future__ import annotations

from grader.course.cells import Cells, cell_and_line
from grader.protocol.results import Place


def place_in(file: str, line: int | None, cells: Cells | None) -> Place:
    """The place of a line of a module; with `cells` the module was made of a notebook's."""
    if cells is None or line is None:
        return Place(file, line)
    cell, line_there = cell_and_line(cells, line)
    return Place(file, line_there, cell)
