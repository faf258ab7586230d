"""The tables of a class: run after run into one folder, whatever is in them, whatever a spreadsheet makes of them."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path

import pytest
from miniature import Kit
from running import grader

from grader.score.dialect import table_rows
from grader.score.rubric import MAX_TEXT

STUDENTS = ("=eve", "+1", "-x", "@a", "'=q", "=q", "ta\tb", "a\rb", "007", "\ufeff=z", "eva;=1", "Zoë", "'t Hooft")
LINE = '\r=cmd|\' /C calc\'!A0\r\n"zoe","4";=1+1\t@SUM(1)\0\x1a\u2028+1\n-1'
ESSAYS = {"=eve": "x" * 140_000, "+1": LINE * 3000, "-x": "\0" * 140_000, "@a": "- a point\n\n- another, 3 - 2 = 1\n"}
COMMENT = '=SUM(1)\n"good"; see = this'
Rows = list[list[str]]


def score(course: Kit, people: Path, *more: str) -> str:
    done = grader(
        course.layout.root, "score", str(people), "--out", "out", "--only", "essay", "--pattern", "plain", *more
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def rows(course: Kit, name: str = "rubric.csv") -> dict[str, dict[str, str]]:
    head, *found = table_rows((course.layout.root / "out" / name).read_bytes())
    return {row[0]: dict(zip(head, row, strict=True)) for row in found}


@pytest.fixture
def students(people: Path) -> Path:
    for student in STUDENTS:
        (people / student).mkdir()
        (people / student / "essay.md").write_bytes(ESSAYS.get(student, f"I am {student}.").encode())
    return people


def as_it_was(found: Rows) -> bytes:
    return written(found).encode()


def written(found: Rows, delimiter: str = ",", end: str = "\n", quoting: int = csv.QUOTE_ALL) -> str:
    buffer = io.StringIO(newline="")
    csv.writer(buffer, delimiter=delimiter, lineterminator=end, quoting=quoting).writerows(found)  # type: ignore[arg-type] # one of its own
    return buffer.getvalue()


def with_semicolons(found: Rows) -> bytes:
    return ("\ufeff" + written(found, ";", "\r\n", csv.QUOTE_MINIMAL)).encode()


def without_apostrophes(found: Rows) -> bytes:
    return written([[cell.removeprefix("'") for cell in row] for row in found], quoting=csv.QUOTE_MINIMAL).encode()


def in_windows_own_encoding(found: Rows) -> bytes:
    return written(found, ";", "\r\n", csv.QUOTE_MINIMAL).encode("cp1252", "replace")


def as_unicode_text(found: Rows) -> bytes:
    return written(found, "\t", "\r\n", csv.QUOTE_MINIMAL).encode("utf-16")


@pytest.mark.parametrize(
    "save", [as_it_was, with_semicolons, without_apostrophes, in_windows_own_encoding, as_unicode_text]
)
def test_points_stay_with_their_student_run_after_run(
    course: Kit, students: Path, save: Callable[[Rows], bytes]
) -> None:
    score(course, students)
    path = course.layout.root / "out" / "rubric.csv"
    for number in range(2):
        cells = list(csv.reader(io.StringIO(path.read_text(encoding="utf-8"), newline="")))  # as a spreadsheet does
        points, comment = cells[0].index("points"), cells[0].index("comment")
        cells[0] += ["mine"] * (number == 0)
        for place, row in enumerate(cells[1:]):
            row[points], row[comment] = str(place % 5), f"'{COMMENT}"
            row += [f"m{place}"] * (number == 0)
        path.write_bytes(save(cells))
        assert "look at this" not in score(course, students)
        kept = rows(course)
        assert [(row["points"], row["comment"]) for row in kept.values()] == [
            (str(place % 5), COMMENT) for place in range(len(STUDENTS))
        ]
        assert [row["mine"] for row in kept.values()] == [f"m{place}" for place in range(len(STUDENTS))]
        grades = rows(course, "grades.csv")
        assert {name: row["ch1_mini/essay"] for name, row in grades.items()} == {
            name: row["points"] for name, row in kept.items()
        }


def test_a_long_essay_is_cut_and_says_where_the_whole_is(course: Kit, students: Path) -> None:
    score(course, students)
    found = rows(course)
    shown = {"'=q": "'=q (2)", "ta\tb": r"ta\tb", "a\rb": r"a\rb", "\ufeff=z": r"\ufeff=z"}
    assert set(found) == {shown.get(name, name) for name in STUDENTS}
    assert found["=eve"]["text"] == (
        "x" * MAX_TEXT + " …\n\n(cut here, of 140,000 characters; the whole was handed in as essay.md)"
    )
    assert all(len(row["text"]) < MAX_TEXT + 200 for row in found.values())
    assert found["+1"]["words"] == str(len(LINE.split()) * 3000)
    assert found["@a"]["text"] == ESSAYS["@a"]
    raw = (course.layout.root / "out" / "rubric.csv").read_text(encoding="utf-8")
    assert "\r" not in raw and "\0" not in raw and "\n=" not in raw and ";=" not in raw


def test_points_with_a_decimal_comma_count(course: Kit, students: Path) -> None:
    score(course, students)
    path = course.layout.root / "out" / "rubric.csv"
    path.write_text("student;exercise;points\n=eve;ch1_mini/essay;3,5\n", encoding="utf-8")
    score(course, students)
    assert rows(course, "grades.csv")["=eve"]["total"] == "3.5"
    assert rows(course)["=eve"]["points"] == "3,5"


def test_an_id_that_a_spreadsheet_changed_is_still_its_students(course: Kit, people: Path) -> None:
    roster = course.layout.root / "roster.csv"
    roster.write_text("id,name\n007,Ada\n123456789012,Ben\n8,Cy\n12,007\n")
    score(course, people, "--roster", str(roster))
    path = course.layout.root / "out" / "rubric.csv"
    text = path.read_text().replace('"007"\n', "7\n").replace('"123456789012"', "1.23457E+11")
    for place, student in enumerate(("Ada", "Ben", "Cy", "007")):
        text = text.replace(f'"{student}","ch1_mini/essay",', f'"{student}","ch1_mini/essay",{place}')
    path.write_text(text)
    assert "look at this" not in score(course, people, "--roster", str(roster))
    assert {name: row["total"] for name, row in rows(course, "grades.csv").items()} == {
        "Ada": "0", "Ben": "1", "Cy": "2", "007": "3"
    }  # fmt: skip
