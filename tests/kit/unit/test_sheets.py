"""Tables of people, as spreadsheets save them."""

from __future__ import annotations

from pathlib import Path

import pytest

from grader.errors import UsageError
from grader.score.rubric import read_rubric
from grader.score.sheets import read_sheet

RUBRIC = "student;exercise;points;points_possible;words;text;comment;id\r\n"


def sheet(tmp_path: Path, text: str | bytes) -> Path:
    path = tmp_path / "table.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_a_rubric_that_a_spreadsheet_saved_with_semicolons_is_read(tmp_path: Path) -> None:
    path = sheet(tmp_path, RUBRIC + '"Lovelace, Ada";ch1/essay;3.5;4;2;"one;\r\ntwo";good;7\r\n;;;;;;;\r\n')
    (row,) = read_rubric(path).rows
    assert (row.cells["id"], row.cells["exercise"]) == ("7", "ch1/essay")
    assert (row.cells["points"], row.cells["comment"], row.cells["text"]) == ("3.5", "good", "one;\ntwo")


def test_a_cell_may_hold_a_long_essay(tmp_path: Path) -> None:
    path = sheet(tmp_path, "id,text\n1," + "word " * 100_000 + "\n")
    ((_, row),) = read_sheet(path).rows
    assert len(row["text"]) == 500_000


def test_short_and_long_rows_and_doubled_headings(tmp_path: Path) -> None:
    rows = read_sheet(sheet(tmp_path, "id,name,name\n1,ada,other,more\n2\n")).rows
    assert rows == ((2, {"id": "1", "name": "ada"}), (3, {"id": "2", "name": ""}))


def test_rows_are_numbered_as_they_stand_and_formulas_are_meant_as_text(tmp_path: Path) -> None:
    assert read_sheet(sheet(tmp_path, "id\n\n'=1+1\n")).rows == ((3, {"id": "=1+1"}),)


@pytest.mark.parametrize("text", [b"id\n\x81\xff\n", b"\xff\xfei", b"id\n" + b"x" * (2**24 + 1) + b"\n"])
def test_what_is_no_table_says_what_to_do(tmp_path: Path, text: bytes) -> None:
    with pytest.raises(UsageError) as caught:
        read_sheet(sheet(tmp_path, text))
    assert caught.value.hint == "save it as CSV UTF-8"
