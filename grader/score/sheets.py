"""Tables that people write and spreadsheets save, as CSV: any usual delimiter, headings in any case."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from grader.errors import UsageError
from grader.score.cells import meant

DELIMITERS = ",;\t"  # spreadsheets write semicolons where the comma is for decimals
MAX_CELL = 2**24  # an essay may stand in one


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
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UsageError(f"{path} is not UTF-8 text", "save it as CSV UTF-8") from None
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from None
    first = text.lstrip("\r\n").partition("\n")[0]
    delimiter = max(DELIMITERS, key=first.count)
    csv.field_size_limit(MAX_CELL)
    try:
        lines = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    except csv.Error as error:
        raise UsageError(f"{path} is no table: {error}", "save it as CSV UTF-8") from None
    headings = tuple(cell.strip().lower() for cell in (lines[0] if lines else []))
    rows = [
        (number, dict(zip(reversed(headings), reversed(_padded(cells, len(headings))), strict=True)))
        for number, cells in enumerate(lines[1:], 2)
        if any(cell.strip() for cell in cells)
    ]
    return Sheet(headings, tuple(rows))


def _padded(cells: list[str], width: int) -> list[str]:
    """As many cells as there are headings, each as it was meant."""
    return [meant(cell) for cell in cells[:width]] + [""] * (width - len(cells))


def number_in(path: Path, number: int, row: dict[str, str], column: str) -> float:
    """The number in a cell. `number` is the row's, for the message."""
    try:
        value = float(row[column])
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise UsageError(f"{path}, row {number}: a number was expected in {column!r}, not {row[column]!r}")
    return value
