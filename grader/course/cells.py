"""The cells of a notebook, seen from the module that they make."""

from __future__ import annotations

Cells = tuple[tuple[int, int], ...]  # of each cell the line of the module at which it begins, and its number, from 1


def cell_and_line(cells: Cells, line: int) -> tuple[int, int]:
    """The cell in which a line of the module stands, and its line there, both from 1."""
    first, number = 1, 1
    for start, cell in cells:
        if start <= line:
            first, number = start, cell
    return number, line - first + 1
