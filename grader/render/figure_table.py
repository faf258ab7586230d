"""A small table of figures as lines of text: in columns, or row by row where the terminal is narrow."""

from __future__ import annotations

from grader.protocol.results import Figures


def table_lines(figures: Figures, width: int) -> list[str]:
    """The first column to the left, the others to the right under their names."""
    rows = [[_cell(cell) for cell in row] for row in figures.rows]
    table = [list(figures.columns), *rows] if any(figures.columns) else rows
    widths = [max(len(row[place]) for row in table) for place in range(len(table[0]))]
    if sum(widths) + 2 * (len(widths) - 1) > width:
        return [_in_words(figures.columns, row) for row in rows]
    lines = []
    for first, *rest in table:
        cells = [first.ljust(widths[0]), *(cell.rjust(size) for cell, size in zip(rest, widths[1:], strict=True))]
        lines.append("  ".join(cells).rstrip())
    return lines


def _cell(cell: str | float) -> str:
    return cell if isinstance(cell, str) else f"{cell:.3f}"


def _in_words(columns: tuple[str, ...], row: list[str]) -> str:
    named = [f"{name} {cell}".strip() for name, cell in zip(columns[1:], row[1:], strict=True)]
    return f"{row[0]}: {', '.join(named)}"
