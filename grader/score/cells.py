"""Cells of a table that no spreadsheet takes for a formula, and what was meant by them when they come back."""

from __future__ import annotations

FORMULA = ("=", "+", "-", "@", "\t", "\r")


def guarded(text: str) -> str:
    """The text with an apostrophe in front, where a spreadsheet would compute it."""
    return "'" + text if text.startswith(FORMULA) else text


def row_identity(row: dict[str, str]) -> str:
    """By what a row of a table names a student: the id where there is one, else the name."""
    return row.get("id", "").strip() or row["student"]


def meant(cell: str) -> str:
    """The text of a guarded cell."""
    return cell[1:] if cell.startswith("'") and cell[1:].startswith(FORMULA) else cell
