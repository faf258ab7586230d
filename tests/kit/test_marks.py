"""The marks of a class: everyone has a row everywhere, nothing typed is lost, and what misleads is told of."""

from __future__ import annotations

import csv
import datetime
import io
import json
import os
import tarfile
import zipfile
from pathlib import Path
from subprocess import CompletedProcess

import pytest
from miniature import Kit
from running import grader

RIGHT = "def double(x):\n    return x + x\n\n\ndef halve(x):\n    return 0.5 * x\n"
ESSAY = "Because ids are labels.\n"
ESSAYS = ("--only", "ch1_mini/essay")  # nothing to judge, so no judge is started
SCALE = ("--only", "ch1_mini/scale")


def hand_in(people: Path, student: str, **texts: str | bytes) -> None:
    for name, text in texts.items():
        path = people / student / (name + (".md" if name == "essay" else ".py"))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())


def run(course: Kit, people: Path, *options: str) -> CompletedProcess[str]:
    return grader(course.layout.root, "score", str(people), "--out", "results", *options)


def said(course: Kit, people: Path, *options: str) -> str:
    done = run(course, people, *options)
    assert done.returncode == 0, done.stderr
    return done.stdout


def table(course: Kit, name: str = "grades.csv") -> list[dict[str, str]]:
    with (course.layout.root / "results" / name).open(newline="") as file:
        return list(csv.DictReader(file))


def fill_in(course: Kit, student: str, exercise: str = "ch1_mini/essay", **cells: str) -> None:
    """Write into a student's row of the sheet, as a person does."""
    rows = table(course, "rubric.csv")
    for row in rows:
        if (row["student"], row["exercise"]) == (student, exercise):
            row |= cells
    write_sheet(course, rows)


def write_sheet(course: Kit, rows: list[dict[str, str]]) -> None:
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    (course.layout.root / "results" / "rubric.csv").write_text(buffer.getvalue())


def typed(course: Kit) -> dict[str, tuple[str, str]]:
    return {row["student"]: (row["points"], row["comment"]) for row in table(course, "rubric.csv")}


def marks(course: Kit) -> dict[str, tuple[str, str, str]]:
    return {row["student"]: (row["ch1_mini/essay"], row["earned"], row["possible"]) for row in table(course)}


# -- who is in the class ------------------------------------------------------------------------------


def everyone(course: Kit, rubric: bool) -> list[set[str]]:
    """Who is in the class, by each file that says so."""
    out = course.layout.root / "results"
    listed = (out / "intake.txt").read_text().partition("\n\nlook at this")[0].split("\n\n")[1:]
    page = (out / "class.html").read_text().partition("<h2>Students</h2>")[2]
    found = [
        {row["student"] for row in table(course)},
        {part.split("  ")[0].strip() for part in listed},
        {path.stem for path in (out / "feedback").iterdir()},
        {path.name for path in (out / "gradescope").iterdir() if (path / "results.json").is_file()},
        {name.partition('.html">')[0] for name in page.split('href="feedback/')[1:]},
    ]
    return [*found, {row["student"] for row in table(course, "rubric.csv")}] if rubric else found


@pytest.mark.parametrize(
    ("students", "roster", "only", "rubric"),
    [
        ({"ada": {"essay": ESSAY}, "ben": {"essay": ESSAY}}, (), ESSAYS, True),
        ({"ada": {"essay": ESSAY}, "ben": {"scale": RIGHT}, "cy": {}}, (), ESSAYS, True),
        ({"ada": {"essay": ESSAY, "scale": RIGHT}, "ben": {"scale": RIGHT}, "cy": {"essay": ESSAY}}, (), (), True),
        ({"ada": {"scale": RIGHT}, "ben": {"essay": ESSAY}}, (), SCALE, False),
        ({}, ("ada", "ben"), (), True),
        ({}, ("ada", "ben"), ESSAYS, True),
        ({"ada": {"essay": ESSAY}}, (), ESSAYS, True),
        ({"ada": {"essay": ESSAY}}, ("ada", "ben"), ESSAYS, True),
        ({"ada": {"scale": RIGHT}}, (), SCALE, False),
    ],
)
def test_all_that_comes_out_agrees_on_who_is_in_the_class(
    course: Kit, people: Path, students: dict[str, dict[str, str]], roster: tuple[str, ...],
    only: tuple[str, ...], rubric: bool,
) -> None:  # fmt: skip
    for student, texts in students.items():
        (people / student).mkdir()
        hand_in(people, student, **texts)
    options = list(only)
    if roster:
        (course.layout.root / "roster.csv").write_text("name\n" + "".join(f"{name}\n" for name in roster))
        options += ["--roster", "roster.csv"]
    said(course, people, *options)
    expected = {*students, *roster}
    assert everyone(course, rubric) == [expected] * (6 if rubric else 5)


def test_notebooks_alone_give_everyone_a_row(course: Kit, people: Path) -> None:
    code = [{"cell_type": "code", "metadata": {}, "outputs": [], "source": RIGHT}]
    for student in ("ada", "ben"):
        (people / student).mkdir()
        document = json.dumps({"cells": code, "nbformat": 4, "nbformat_minor": 5})
        (people / student / "scale.ipynb").write_text(document)
    said(course, people)
    assert everyone(course, True) == [{"ada", "ben"}] * 6


def test_an_essay_alone_has_marks_once_a_person_typed_them(course: Kit, people: Path) -> None:
    hand_in(people, "ada", essay=ESSAY)
    hand_in(people, "ben", essay=ESSAY)
    assert "not marked yet: ch1_mini/essay of 2 students" in said(course, people, *ESSAYS)
    assert marks(course) == {"ada": ("", "0", "0"), "ben": ("", "0", "0")}
    fill_in(course, "ada", points="3.5")
    assert "not marked yet: ch1_mini/essay of 1 student," in said(course, people, *ESSAYS)
    assert marks(course) == {"ada": ("3.5", "3.5", "4"), "ben": ("", "0", "0")}
    fill_in(course, "ben", points="0")
    assert "not marked yet" not in said(course, people, *ESSAYS)
    assert marks(course)["ben"] == ("0", "0", "4")


def test_who_handed_in_nothing_has_none_of_the_points_once_one_is_marked(course: Kit, people: Path) -> None:
    hand_in(people, "ada", scale=RIGHT, essay=ESSAY)
    hand_in(people, "ben", scale=RIGHT)
    hand_in(people, "cy", scale=RIGHT, essay=ESSAY)
    options = (*SCALE, *ESSAYS)
    said(course, people, *options)
    assert marks(course) == dict.fromkeys(("ada", "ben", "cy"), ("", "10", "10"))
    fill_in(course, "ada", points="3")
    assert "not marked yet: ch1_mini/essay of 1 student," in said(course, people, *options)
    assert marks(course) == {"ada": ("3", "13", "14"), "ben": ("0", "10", "14"), "cy": ("", "10", "10")}
    fill_in(course, "ben", points="2")  # on paper, say
    said(course, people, *options)
    assert marks(course)["ben"] == ("2", "12", "14")


def test_points_of_an_exercise_that_is_not_asked_for_do_not_count(course: Kit, people: Path) -> None:
    hand_in(people, "ada", scale=RIGHT, essay=ESSAY)
    said(course, people, *ESSAYS)
    fill_in(course, "ada", points="3")
    said(course, people, *SCALE)
    assert [(row["earned"], row["possible"]) for row in table(course)] == [("10", "10")]
    assert typed(course) == {"ada": ("3", "")}


# -- what a person typed ------------------------------------------------------------------------------


def test_what_was_typed_for_a_folder_that_was_renamed_stays_and_is_told_of(course: Kit, people: Path) -> None:
    for student in ("ada", "ben", "cy", "dan"):
        hand_in(people, student, essay=ESSAY)
    said(course, people, *ESSAYS)
    fill_in(course, "ada", points="3", comment="Good.")
    fill_in(course, "ben", comment="See me.")
    fill_in(course, "cy", points="2")
    for student in ("ada", "ben", "dan"):
        (people / student).rename(people / f"{student} l")
    text = said(course, people, *ESSAYS)
    rows = [row["student"] for row in table(course, "rubric.csv")]
    assert rows == ["ada l", "ben l", "cy", "dan l", "ada", "ben"]
    assert typed(course)["ada"] == ("3", "Good.")
    assert typed(course)["ben"] == ("", "See me.")
    assert "look at this: rubric.csv has points or a comment for ada (ch1_mini/essay), who is not in the class" in text
    assert "for ben (ch1_mini/essay), who is not in the class now: they stay at its end and do not count" in text
    assert "for dan" not in text
    assert set(marks(course)) == {"ada l", "ben l", "cy", "dan l"}
    (people / "ada l").rename(people / "ada")
    said(course, people, *ESSAYS)
    assert marks(course)["ada"] == ("3", "3", "4")


def test_what_was_typed_for_another_exercise_stays(course: Kit, people: Path) -> None:
    second = '\n[report]\ntitle = "A report"\npoints = 6\nmarked_by = "person"\nhints = ["Write."]\n'
    chapter = course.layout.chapter_file("ch1_mini")
    chapter.write_text(chapter.read_text() + second)
    course.layout.solution_file("ch1_mini/report", ".md").write_text("# A report\n")
    course.sync()
    hand_in(people, "ada", essay=ESSAY)
    said(course, people, "--only", "essay", "--only", "report")
    fill_in(course, "ada", "ch1_mini/report", points="5")
    assert "look at this" not in said(course, people, *ESSAYS)
    said(course, people, "--only", "report")
    assert table(course)[0]["ch1_mini/report"] == "5"


def test_an_exercise_that_no_person_marks_is_told_of_and_kept(course: Kit, people: Path) -> None:
    hand_in(people, "ada", essay=ESSAY)
    said(course, people, *ESSAYS)
    rows = table(course, "rubric.csv")
    write_sheet(course, [*rows, {**rows[0], "exercise": "ch1_mini/scale", "points": "4"}])
    for _ in range(2):
        text = said(course, people, *ESSAYS)
        assert "rubric.csv, row 3: 'ch1_mini/scale' is nothing that a person marks; it does not count" in text
    assert marks(course)["ada"] == ("", "0", "0")


def test_a_persons_own_columns_stay(course: Kit, people: Path) -> None:
    hand_in(people, "ada", essay=ESSAY)
    hand_in(people, "ben", essay=ESSAY)
    said(course, people, *ESSAYS)
    write_sheet(course, [{**row, "read by": f"me, {row['student']}"} for row in table(course, "rubric.csv")])
    (people / "ben").rename(people / "ben l")
    said(course, people, *ESSAYS)
    assert [(row["student"], row["read by"]) for row in table(course, "rubric.csv")] == [
        ("ada", "me, ada"),
        ("ben l", ""),
        ("ben", "me, ben"),
    ]


def test_a_row_without_a_name_is_of_nobody(course: Kit, people: Path) -> None:
    hand_in(people, "ada", essay=ESSAY)
    said(course, people, *ESSAYS)
    rows = table(course, "rubric.csv")
    write_sheet(course, [{**rows[0], "student": "", "points": "3"}])
    assert "for a student without a name (ch1_mini/essay), who is not in the class" in said(course, people, *ESSAYS)
    assert typed(course) == {"ada": ("", ""), "": ("3", "")}
    assert marks(course)["ada"] == ("", "0", "0")


def test_two_rows_of_one_student_are_an_error_that_names_both(course: Kit, people: Path) -> None:
    hand_in(people, "ada", essay=ESSAY)
    said(course, people, *ESSAYS)
    fill_in(course, "ada", points="3")
    rows = table(course, "rubric.csv")
    write_sheet(course, [*rows, {**rows[0], "points": "1"}])
    done = run(course, people, *ESSAYS)
    assert done.returncode == 2
    assert "rubric.csv, row 3: ch1_mini/essay of ada stands in row 2, too" in done.stderr
    assert [row["points"] for row in table(course, "rubric.csv")] == ["3", "1"]


@pytest.mark.parametrize("essay", [b"one\rtwo\r", b"one\r\ntwo", b"one\ntwo", "one\ntwo".encode("utf-16")])
def test_the_sheet_is_read_again_whatever_ends_the_lines_of_an_essay(course: Kit, people: Path, essay: bytes) -> None:
    hand_in(people, "ada", essay=essay)
    for _ in range(2):
        said(course, people, *ESSAYS)
        fill_in(course, "ada", points="3", comment="a\nb")
    ((row),) = table(course, "rubric.csv")
    assert row["text"].split() == ["one", "two"]
    assert (row["points"], row["comment"]) == ("3", "a\nb")


def test_a_document_in_place_of_an_essay_is_named(course: Kit, people: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("word/document.xml", ESSAY)
    hand_in(people, "ada", essay=buffer.getvalue())
    said(course, people, *ESSAYS)
    assert table(course, "rubric.csv")[0]["text"].startswith("(This is a Word document or a zip archive")


# -- pages of an earlier run --------------------------------------------------------------------------


def test_pages_of_who_is_no_longer_in_the_class_are_named(course: Kit, people: Path) -> None:
    for student in ("ada", "cy"):
        hand_in(people, student, essay=ESSAY)
    assert "look at this" not in said(course, people, *ESSAYS)
    (people / "cy").rename(people / "cy l")
    text = said(course, people, *ESSAYS)
    assert "look at this: feedback/cy.html is of nobody in this class now; it may be of an earlier run" in text
    assert "look at this: gradescope/cy is of nobody in this class now; it may be of an earlier run" in text
    assert "ada" not in "".join(line for line in text.splitlines() if "of nobody" in line)


# -- late days ----------------------------------------------------------------------------------------

LATE = ("--due", "2026-03-01", "--late-penalty", "0.1")
THEN = datetime.datetime(2026, 3, 6, 12).timestamp()


def touch(folder: Path, seconds: float) -> None:
    for path in folder.rglob("*"):
        os.utime(path, (seconds, seconds))


def results(course: Kit, student: str) -> dict[str, object]:
    text = (course.layout.root / "results" / "gradescope" / student / "results.json").read_text()
    document: dict[str, object] = json.loads(text)
    return document


def test_gradescope_is_told_why_fewer_points_count(course: Kit, people: Path) -> None:
    for student, days in (("ada", 0), ("ben", -4), ("cy", -5)):
        hand_in(people, student, scale=RIGHT)
        touch(people / student, THEN + days * 86_400)
    said(course, people, *SCALE, *LATE)
    assert (results(course, "ada")["score"], results(course, "ada")["output"]) == (
        5,
        "5 days late: 5 of 10 points count.",
    )
    assert results(course, "ben")["output"] == "1 day late: 9 of 10 points count."
    assert results(course, "cy")["output"] == ""


@pytest.mark.parametrize("dry", [True, False])
def test_options_that_need_a_due_date_say_so(course: Kit, people: Path, dry: bool) -> None:
    hand_in(people, "ada", essay=ESSAY)
    (course.layout.root / "more.csv").write_text("student,days\nada,2\n")
    options = ("--late-penalty", "0.1", "--grace-days", "1", "--extensions", "more.csv")
    more = ("--dry-run",) if dry else ()
    text = said(course, people, *ESSAYS, *options, *more)
    told = text.partition("look at this:")[2]
    for option in ("--late-penalty", "--grace-days", "--extensions"):
        assert f"{option} has no effect without --due" in told
    assert "no effect" not in said(course, people, *ESSAYS, *options, "--due", "2026-03-01", *more)
    assert "no effect" not in said(course, people, *ESSAYS, *more)


def canvas(people: Path, *names: str, seconds: float) -> None:
    for name in names:
        (people / name).write_text(RIGHT)
        os.utime(people / name, (seconds, seconds))


def test_what_canvas_says_and_the_files_time_are_compared(course: Kit, people: Path) -> None:
    canvas(people, "ada_LATE_12_345_scale.py", seconds=THEN - 6 * 86_400)
    canvas(people, "ben_LATE_13_346_scale.py", "cy_14_347_scale.py", seconds=THEN)
    canvas(people, "dan_15_348_scale.py", seconds=THEN - 6 * 86_400)
    dry = (*SCALE, "--dry-run")
    text = said(course, people, *dry, *LATE).partition("look at this:\n")[2].splitlines()
    assert text == [
        "  ada: Canvas marked it LATE, but by the file's time it is not late: give --times",
        "  late by the file's time, but not marked LATE by Canvas: cy: give --times where Canvas is right",
    ]
    assert "look at this" not in said(course, people, *dry)
    (course.layout.root / "times.csv").write_text("student,submitted\nada,2026-02-20\ncy,2026-02-20\n")
    assert "look at this" not in said(course, people, *dry, *LATE, "--times", "times.csv")
    graceful = said(course, people, *dry, *LATE, "--grace-days", "9")
    assert "ben" not in graceful.partition("look at this:")[2]  # late by both, and it costs nothing


def test_times_that_cannot_be_are_named(course: Kit, people: Path) -> None:
    old, future = datetime.datetime(1980, 1, 1).timestamp(), datetime.datetime(2150, 1, 1).timestamp()
    for student, seconds in (("ada", THEN), ("ben", old), ("cy", future), ("dan", 0.0)):
        hand_in(people, student, scale=RIGHT)
        touch(people / student, seconds)
    (people / "eve").mkdir()  # handed in nothing
    (course.layout.root / "times.csv").write_text("student,submitted\nada,1926-03-01T12:00\n")
    dry = (*SCALE, "--dry-run")
    assert said(course, people, *dry, *LATE).partition("look at this:\n")[2].splitlines() == [
        "  ben: by the file's time it was handed in on 1980-01-01 00:00, which cannot be: give --times",
        "  cy: by the file's time it was handed in on 2150-01-01 00:00, which cannot be: give --times",
        "  dan: when it was handed in is not known, so it is not late: give --times",
    ]
    assert "look at this" not in said(course, people, *dry)
    text = said(course, people, *dry, *LATE, "--times", "times.csv")
    assert "ada: by --times it was handed in on 1926-03-01 12:00, which cannot be: mend its row" in text


@pytest.mark.parametrize("moment", ["nan", "inf", "-inf", "1e300", "99999999999999", "-1e18"])
def test_a_time_of_no_calendar_stops_nobody(course: Kit, people: Path, moment: str) -> None:
    with tarfile.open(people / "ada.tar", "w", format=tarfile.PAX_FORMAT) as archive:
        info = tarfile.TarInfo("scale.py")
        info.size, info.pax_headers = len(RIGHT), {"mtime": moment}
        archive.addfile(info, io.BytesIO(RIGHT.encode()))
    hand_in(people, "ben", scale=RIGHT)
    touch(people / "ben", THEN)
    with zipfile.ZipFile(people / "cy.zip", "w") as zipped:
        zipped.writestr(zipfile.ZipInfo("scale.py", (2107, 12, 31, 23, 59, 58)), RIGHT)
    said(course, people, *SCALE, *LATE)
    rows = table(course)
    assert [row["student"] for row in rows] == ["ada", "ben", "cy"]
    assert rows[1]["total"] == "5"


# -- numbers that people give -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("option", "value"),
    [
        *(("--grace-days", value) for value in ("-3", "nan", "inf", "-inf", "1e308")),
        *(("--late-penalty", value) for value in ("-0.1", "nan", "inf", "1.5")),
        *(("--workers", value) for value in ("0", "-1", "100000")),
        *(("--seed", value) for value in ("-1", "99999999999999999999999")),
        *(("--due", value) for value in ("9999-12-31", "soon", "nan")),
    ],
)
def test_a_number_out_of_bounds_is_a_usage_error(course: Kit, people: Path, option: str, value: str) -> None:
    hand_in(people, "ada", essay=ESSAY)
    due = () if option == "--due" else ("--due", "2026-03-01")
    done = run(course, people, *ESSAYS, *due, f"{option}={value}")
    assert done.returncode == 2, done.stderr
    shown = "1e+308" if value == "1e308" else value
    assert shown in done.stderr
    assert "the grader itself failed" not in done.stderr


@pytest.mark.parametrize("days", ["-1", "nan", "inf", "-inf", "1e308", "two", ""])
def test_days_of_an_extension_are_named_with_their_row(course: Kit, people: Path, days: str) -> None:
    hand_in(people, "ada", essay=ESSAY)
    (course.layout.root / "more.csv").write_text(f"student,days\nada,{days}\n")
    done = run(course, people, *ESSAYS, "--due", "2026-03-01", "--extensions", "more.csv")
    assert done.returncode == 2
    assert "more.csv, row 2: " in done.stderr
    assert days in done.stderr


@pytest.mark.parametrize("least", ["-0.1", "nan", "1.1"])
def test_the_least_share_is_a_share(course: Kit, people: Path, least: str) -> None:
    hand_in(people, "ada", scale=RIGHT)
    done = grader(course.layout.root, "similar", str(people), f"--least={least}")
    assert done.returncode == 2
    assert least in done.stderr


@pytest.mark.parametrize(
    "words",
    [
        ("check", "scale", "--seed=-1"),
        ("check", "scale", f"--seed={2**70}"),
        ("dev", "check", "scale", "--seed=-1"),
        ("dev", "check", "scale", "--seeds=0"),
        ("dev", "check", "scale", "--jobs=0"),
        ("export", "gradescope", "--out", "archive.zip", "--seed=-1"),
        ("regrade", "class", "--out", "results", "--preview", "--workers=0"),
    ],
)
def test_other_commands_bound_their_numbers_too(kit: Kit, words: tuple[str, ...]) -> None:
    done = grader(kit.layout.root, *words)
    assert done.returncode == 2
    assert words[-1].partition("=")[2] in done.stderr


# -- lists that would have no end ---------------------------------------------------------------------


def test_a_list_of_files_ends(course: Kit, people: Path) -> None:
    with zipfile.ZipFile(people / "ada.zip", "w") as archive:
        for number in range(5000):
            archive.writestr(f"{number}.txt", b"")
        archive.writestr("scale.py", RIGHT)
    text = said(course, people, *SCALE, "--dry-run")
    assert text.count("does not count:") == 200
    assert "  and 4800 more files that do not count" in text


@pytest.mark.parametrize(("count", "listed", "held"), [(31, 31, "has them all"), (1200, 1000, "has 1,000 of them")])
def test_a_list_of_what_is_nobodys_ends(course: Kit, people: Path, count: int, listed: int, held: str) -> None:
    hand_in(people, "ada", essay=ESSAY)
    for number in range(count):
        (people / f"{number}.xyz").touch()
    text = said(course, people, *ESSAYS)
    assert text.count("left aside: ") == 30
    assert f"  and {count - 30} more: intake.txt {held}" in text
    intake = (course.layout.root / "results" / "intake.txt").read_text().partition("left aside")[2]
    assert intake.count(".xyz: ") == listed
    assert ("and 200 more" in intake) == (count == 1200)
