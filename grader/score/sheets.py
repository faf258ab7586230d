"""Tables that people write and spreadsheets save, with a heading above each column, in any case."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from grader.errors import UsageError
from grader.score.dialect import NoTable, table_rows

DECIMAL_COMMA = re.compile(r"\A([+-]?\d+),(\d+)\Z")


@dataclass(frozen=True)
class Sheet:
    """A table: its headings in small letters, and the rows that are not blank, each with its number from 2."""

    headings: tuple[str, ...]
    rows: tuple[tuple[int, dict[str, str]], ...]

    def require(self, path: Path, columns: Iterable[str]) -> None:
        """These columns must be there."""
        for name in columns:
            if name not in self.headings:
                raise UsageError(f"{path}: a column named {name!r} was expected")


def read_sheet(path: Path) -> Sheet:
    """The table at `path`. Of two columns of one heading the first counts."""
    try:
        lines = table_rows(path.read_bytes())
    except NoTable as error:
        raise UsageError(f"{path} is no table: {error}", "save it as CSV UTF-8") from None
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from None
    headings = tuple(cell.strip().lower() for cell in (lines[0] if lines else []))
    rows = [
        (number, dict(zip(reversed(headings), reversed(_padded(cells, len(headings))), strict=True)))
        for number, cells in enumerate(lines[1:], 2)
        if any(cell.strip() for cell in cells)
    ]
    return Sheet(headings, tuple(rows))


def _padded(cells: list[str], width: int) -> list[str]:
    """As many cells as there are headings."""
    return cells[:width] + [""] * (width - len(cells))


def number_in(path: Path, number: int, row: dict[str, str], column: str) -> float:
    """The number in a cell, with a point or a comma for its decimals. `number` is the row's, for the message."""
    try:
        value = float(DECIMAL_COMMA.sub(r"\1.\2", row[column].strip()))
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise UsageError(f"{path}, row {number}: a number was expected in {column!r}, not {row[column]!r}")
    return value
