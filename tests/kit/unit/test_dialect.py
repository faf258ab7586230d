"""The tables' dialect: what was written is read, and no cell computes, whoever takes it apart."""

from __future__ import annotations

import csv
import io
import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from unseen import ALL_UNSEEN

from grader.score.dialect import MAX_CELL, Number, number, table_rows, table_text, typed

HARD = st.text(st.sampled_from([*"'=+-@＝\t\n\r\0;,\" \xa0\ufeff\u3000\u2028\x0b␛r0a"]), max_size=12)
ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"])) | HARD
ROWS = st.lists(st.lists(ANY_TEXT, min_size=1, max_size=4), max_size=4)
BLANKS = re.compile(rf"[\s\u2800\"{re.escape(ALL_UNSEEN)}]*")


@given(ROWS)
def test_reading_gives_what_was_written(rows: list[list[str]]) -> None:
    rows = [["student", "text"], *rows]
    assert table_rows(table_text(rows).encode()) == rows


@given(ROWS)
def test_reading_gives_it_when_a_program_saved_it_anew(rows: list[list[str]]) -> None:
    """With other line ends, a mark at the start, another encoding, another delimiter, its own choice of quotes."""
    rows = [["student", "text"], *rows]
    text = table_text(rows)
    assert table_rows(("\ufeff" + text.replace("\n", "\r\n")).encode()) == rows
    assert table_rows(text.encode("utf-16")) == rows
    for delimiter in ";\t":
        for quoting in (csv.QUOTE_ALL, csv.QUOTE_MINIMAL):
            buffer = io.StringIO(newline="")
            writer = csv.writer(buffer, delimiter=delimiter, quoting=quoting)
            writer.writerows(csv.reader(io.StringIO(text, newline="")))
            assert table_rows(buffer.getvalue().encode()) == rows


@given(ROWS)
def test_no_cell_computes_whatever_is_taken_for_the_delimiter(rows: list[list[str]]) -> None:
    text = table_text([["student", "text"], *rows])
    assert "\r" not in text and "\0" not in text
    for delimiter in ",;\t":
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter):
            for cell in row:
                assert not BLANKS.sub("", cell, count=1).startswith(tuple("=+-@＝＋－＠")), (delimiter, row)


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("ada", '"ada"'),
        ("", ""),
        ("=1+1", '"\'=1+1"'),
        ("'=1+1", "\"''=1+1\""),
        ("'t Hooft", '"\'t Hooft"'),
        ("\ufeff＝1", '"\'\ufeff＝1"'),
        ("\tx", '"\'\tx"'),
        ("a;-1\n@b", "\"a;'-1\n'@b\""),
        ("a\rb\0", '"a␛rb␛0"'),
        ("3 - 2 = 1, so -1", '"3 - 2 = 1, so -1"'),
    ],
)
def test_how_a_text_is_written(text: str, cell: str) -> None:
    assert table_text([[text]]) == cell + "\n"


def test_numbers_stay_numbers() -> None:
    assert table_text([[number(2.50), number(-3), typed("-3.50"), typed("007"), typed("-3 or so")]]) == (
        '2.5,-3,-3.50,007,"\'-3 or so"\n'
    )
    assert typed("1e5") == "1e5" and typed("+1\n") == "+1\n" and typed("٣") == "٣"
    assert isinstance(typed("4"), Number)


def test_windows_own_encoding_and_a_declared_delimiter_are_read() -> None:
    assert table_rows("id;name\r\n1;José\r\n".encode("cp1252")) == [["id", "name"], ["1", "José"]]
    assert table_rows(b"sep=;\r\nid;a,b,c\r\n1;2\r\n") == [["id", "a,b,c"], ["1", "2"]]


@given(st.text(st.sampled_from('ab,"\n '), max_size=30))
def test_tables_that_others_write_are_taken_apart_as_the_library_does(text: str) -> None:
    rows = [row or [""] for row in csv.reader(io.StringIO("x,y\n" + text, newline=""))]
    assert table_rows(f"x,y\n{text}".encode()) == rows


def test_the_librarys_limit_is_left_alone_and_no_text_takes_long() -> None:
    before = csv.field_size_limit()
    start = time.process_time()
    for piece in ("'", ";", "; ", " ", "'\ufeff", '"', "\n'", "\n\n", "\t", "-"):
        text = piece * 500_000
        assert table_rows(table_text([["a", "b"], [text, "x"]]).encode()) == [["a", "b"], [text, "x"]]
    assert time.process_time() - start < 20
    assert csv.field_size_limit() == before
    assert MAX_CELL > 10**7
