r"""The one dialect of the kit's tables: CSV as `grader score` writes it, and as a spreadsheet saved it again.

Reading gives every text that was written, whatever is in it. What a spreadsheet would compute has an apostrophe in
front, where a cell begins and where one would begin if another program took `;`, a tab or a line end for its end. A
carriage return and a NUL, which some readers take for the end of a row or of the file, are written as `␛r` and `␛0`.

The module `csv` has one limit for the size of a field, which all of a process share, and knows no such cells: so a
table is taken apart here.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from types import MappingProxyType

from grader.course.visible import UNSEEN_RANGES

DELIMITERS = ",;\t"  # spreadsheets write semicolons where the comma is for decimals
MAX_CELL = 2**24  # an essay may stand in one
DECLARED = re.compile(r"sep=([,;\t])\n", re.IGNORECASE)  # how a spreadsheet is told the delimiter, in a line of its own

BLANKS = f" \x85\xa0\u1680\u2000-\u200a\u202f\u205f\u2800\u3000{UNSEEN_RANGES}"
COMPUTED = f"[\"'{BLANKS}]*[-=+@＝＋－＠﹢﹣﹦﹫]"
WHERE_A_CELL_MAY_BEGIN = r"(?:\A|(?<=[\n\t;]))"
TO_GUARD = re.compile(rf"{WHERE_A_CELL_MAY_BEGIN}(?={COMPUTED})|\A(?='*[\t\n])")
GUARDED = re.compile(rf"{WHERE_A_CELL_MAY_BEGIN}'(?={COMPUTED})|\A'(?='*[\t\n])")

STAND_INS = MappingProxyType({"␛": "␛␛", "\r": "␛r", "\0": "␛0"})
STOOD_FOR = MappingProxyType({written: character for character, written in STAND_INS.items()})
PLAIN_NUMBER = re.compile(r"[+-]?[0-9]+(?:\.[0-9]+)?")


class NoTable(Exception):
    """Bytes that are no table, with the reason."""


@dataclass(frozen=True)
class Number:
    """A number as it is to be written: its cell has no quotes, so that a spreadsheet computes with it."""

    written: str


Cell = str | Number


def number(value: float) -> Number:
    return Number(f"{value:g}")


def typed(text: str) -> Cell:
    """What a person typed: a plain number stays one, as it was written."""
    return Number(text) if PLAIN_NUMBER.fullmatch(text) else text


# -- out ------------------------------------------------------------------------------------------------


def table_text(rows: Iterable[Iterable[Cell]]) -> str:
    """The table as text: all that is no number stands in quotes, and nothing but a line feed ends a row."""
    return "".join(",".join(_written(cell) for cell in row) + "\n" for row in rows)


def _written(cell: Cell) -> str:
    if isinstance(cell, Number):
        return cell.written
    if not cell:
        return ""
    text = TO_GUARD.sub("'", re.sub("[␛\r\0]", lambda found: STAND_INS[found[0]], cell))
    return '"' + text.replace('"', '""') + '"'


# -- in -------------------------------------------------------------------------------------------------


def table_rows(data: bytes) -> list[list[str]]:
    """The rows of a table, each cell as it was meant. Its delimiter is the one that its first row has most of."""
    text = _decoded(data).replace("\r\n", "\n").replace("\r", "\n").lstrip("\n")  # none of ours: a program's line ends
    declared = DECLARED.match(text)
    text = text[declared.end() :] if declared else text
    delimiter = declared[1] if declared else max(DELIMITERS, key=text.partition("\n")[0].count)
    return list(_rows(text, delimiter))


def _decoded(data: bytes) -> str:
    """The text in the encodings that spreadsheets save: UTF-8, UTF-16 with its mark, or Windows' own for the West."""
    is_utf_16 = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    for encoding in ("utf-16",) if is_utf_16 else ("utf-8-sig", "cp1252"):
        with suppress(UnicodeDecodeError):
            return data.decode(encoding)
    raise NoTable("it is not UTF-8 text")


def _rows(text: str, delimiter: str) -> Iterator[list[str]]:
    cell = re.compile(rf'(?:"([^"]*(?:""[^"]*)*)(?:"|\Z))?([^\n{delimiter}]*)([\n{delimiter}]|\Z)')
    row: list[str] = []
    position, more = 0, False
    while position < len(text) or more:
        found = cell.match(text, position)
        if found is None or found.end() - position > MAX_CELL:
            raise NoTable(f"a cell is longer than {MAX_CELL:,} characters")
        row.append(_meant((found[1] or "").replace('""', '"') + found[2]))
        position, more = found.end(), found[3] == delimiter
        if not more:
            yield row
            row = []


def _meant(cell: str) -> str:
    return re.sub("␛[␛r0]", lambda found: STOOD_FOR[found[0]], GUARDED.sub("", cell))
