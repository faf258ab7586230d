"""Scoring a class: collected safely, judged once, journalled, marked fairly."""

from __future__ import annotations

import csv
import io
import json
import os
import stat
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest
from miniature import Kit
from running import grader

from grader.score.intake.collecting import collect
from grader.score.intake.submission import Submission
from grader.score.journal import Journal
from grader.score.marks import DAY_SECONDS, Deadline, parse_time
from grader.worker.sandbox import detection

OTHER = "macos" if sys.platform == "linux" else "linux-base"
RIGHT = "def double(x):\n    return x + x\n\n\ndef halve(x):\n    return 0.5 * x\n"
SQUARED = "def double(x):\n    return x * x\n\n\ndef halve(x):\n    return x / 2\n"
TWICE = "from ch1_mini.scale import double\n\n\ndef quadruple(x):\n    return double(double(x))\n"


def hand_in(people: Path, student: str, **files: str) -> None:
    for name, text in files.items():
        path = people / student / "ch1_mini" / (name + (".md" if name == "essay" else ".py"))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def score(course: Kit, people: Path, *options: str) -> tuple[list[dict[str, str]], str]:
    out = course.layout.root / "results"
    done = grader(course.layout.root, "score", str(people), "--out", str(out), "--seed", "5", *options)
    assert done.returncode == 0, done.stderr
    with (out / "grades.csv").open(newline="") as file:
        return list(csv.DictReader(file)), done.stdout


def test_one_mistake_is_not_paid_for_twice(course: Kit, people: Path) -> None:
    hand_in(people, "ada", scale=RIGHT, twice=TWICE)
    hand_in(people, "ben", scale=SQUARED, twice=TWICE)
    rows, _ = score(course, people)
    assert [row["student"] for row in rows] == ["ada", "ben"]
    assert [row["ch1_mini/scale"] for row in rows] == ["10", "5"]
    assert [row["ch1_mini/twice"] for row in rows] == ["5", "5"]
    journal = Journal(course.layout.root / "results" / "journal.sqlite")
    items = {(item.student, item.exercise): item for item in journal.items()}
    ben = items["ben", "ch1_mini/twice"]
    assert ben.carried is not None
    assert (ben.own.points, ben.carried.points) == (0, 5)
    assert items["ada", "ch1_mini/twice"].carried is None


def test_without_carrying_forward_it_is(course: Kit, people: Path) -> None:
    hand_in(people, "ben", scale=SQUARED, twice=TWICE)
    rows, _ = score(course, people, "--no-carry-forward")
    assert rows[0]["ch1_mini/twice"] == "0"


def test_a_line_of_an_earlier_part_is_named_as_the_student_names_it(course: Kit, people: Path) -> None:
    hand_in(people, "ben", scale=RIGHT.replace("return x + x", "raise ValueError('here')"), twice=TWICE)
    score(course, people, "--no-carry-forward")
    page = (course.layout.root / "results" / "feedback" / "ben.html").read_text()
    assert "<dd>ch1_mini/scale.py:2 in double" in page
    assert "<dd>ch1_mini/twice.py:5 in quadruple" in page
    assert "grader-work" not in page


QUOTES = """import ch1_mini.scale

with open(ch1_mini.scale.__file__) as file:
    TEXT = file.read()


def quadruple(x):
    print(TEXT)
    if len(x) == 2:
        raise ValueError(TEXT)
    return ch1_mini.scale.double(ch1_mini.scale.double(x))
"""
OF_TWO = '''

def test_of_two(student, draw, expect):
    """Two elements do as well."""
    x = draw.normal(2)
    expect.close(student.quadruple(x), 4 * x)
'''


def test_a_run_on_the_references_parts_cannot_quote_them(course: Kit, people: Path) -> None:
    suite = course.layout.suite_file("ch1_mini/twice")
    suite.write_text(suite.read_text() + OF_TWO)
    solution = course.layout.solution_file("ch1_mini/scale")
    solution.write_text(solution.read_text() + "\n\nSECRET = 'known to the reference alone'\n")
    course.sync()
    hand_in(people, "eve", scale=SQUARED, twice=QUOTES)
    rows, _ = score(course, people)
    assert rows[0]["ch1_mini/twice"] == "2.5"  # on the reference's part; 0 on her own
    journal = Journal(course.layout.root / "results" / "journal.sqlite")
    item = next(item for item in journal.items() if item.exercise == "ch1_mini/twice")
    assert "known to the reference alone" not in repr(item.carried)
    texts = [path.read_text() for path in (course.layout.root / "results").rglob("*.*") if "sqlite" not in path.name]
    assert len(texts) >= 4
    assert not any("known to the reference" in text for text in texts)


def test_a_notebooks_places_are_cells_and_what_is_left_out_is_told(course: Kit, people: Path) -> None:
    (people / "ada").mkdir()
    wrong = RIGHT.replace("return x + x", "x = x + 1\n    raise ValueError('here')")
    cells = ["%matplotlib inline\nimport math", wrong]
    code = [{"cell_type": "code", "metadata": {}, "outputs": [], "source": text} for text in cells]
    (people / "ada" / "scale.ipynb").write_text(json.dumps({"cells": code, "nbformat": 4, "nbformat_minor": 5}))
    (people / "ada" / "twice.py").write_text(TWICE)
    (people / "ada" / "more.py").write_text("")
    score(course, people, "--no-carry-forward")
    page = (course.layout.root / "results" / "feedback" / "ada.html").read_text()
    assert page.count("<dd>ch1_mini/scale.ipynb cell 2:3 in double") == 2  # called by the test, and by twice.py
    assert "cell 1, line 1: <code>%matplotlib inline</code> was set aside" in page
    assert "more.py does not count: it is no file of the course" in page
    results = (course.layout.root / "results" / "gradescope" / "ada" / "results.json").read_text()
    assert "ch1_mini/scale.ipynb cell 2:3" in results


def test_a_difference_without_bound_is_kept_and_read_again(course: Kit, people: Path) -> None:
    hand_in(people, "ben", scale=RIGHT.replace("return x + x", "return x / 0"))
    rows, _ = score(course, people, "--only", "scale")
    assert rows[0]["ch1_mini/scale"] == "5"
    assert score(course, people, "--only", "scale")[0] == rows


def test_equal_work_is_judged_once_and_a_second_run_judges_nothing(course: Kit, people: Path) -> None:
    for student in ("ada", "ben", "cy"):
        hand_in(people, student, scale=RIGHT)
    rows, _ = score(course, people, "--only", "scale")
    assert [row["total"] for row in rows] == ["10", "10", "10"]
    journal = Journal(course.layout.root / "results" / "journal.sqlite")
    assert journal.connection.execute("SELECT count(*) FROM verdicts").fetchone() == (1,)
    os.utime(course.layout.root / "results" / "grades.csv")
    again, _ = score(course, people, "--only", "scale")
    assert again == rows


def test_a_bad_submission_gets_nothing_and_the_class_goes_on(course: Kit, people: Path) -> None:
    hand_in(people, "ada", scale=RIGHT)
    hand_in(people, "ben", scale="def double(x:\n")
    (people / "cy.zip").write_bytes(b"PK\3\4 this is no archive")
    (people / "dan").mkdir()
    rows, text = score(course, people, "--only", "scale")
    assert {row["student"]: row["ch1_mini/scale"] for row in rows} == {"ada": "10", "ben": "0", "cy": "0", "dan": "0"}
    assert "no points for cy: no exercise's file was found in it; cy.zip: the archive cannot be read" in text
    assert "no points for dan: nothing is in it" in text


def test_late_days_grace_and_extensions(course: Kit, people: Path) -> None:
    for student in ("ada", "ben", "cy"):
        hand_in(people, student, scale=RIGHT)
    root = course.layout.root
    (root / "times.csv").write_text(
        "student,submitted\nada,2027-03-01T12:00\nben,2027-03-04T12:00\ncy,2027-03-04T12:00\n"
    )
    (root / "more.csv").write_text("student,days\ncy,2\n")
    rows, _ = score(
        course, people, "--only", "scale", "--due", "2027-03-01", "--grace-days", "1", "--late-penalty", "0.1",
        "--times", "times.csv", "--extensions", "more.csv",
    )  # fmt: skip
    assert [(row["days_late"], row["earned"], row["total"]) for row in rows] == [
        ("0", "10", "10"),
        ("2", "10", "8"),
        ("0", "10", "10"),
    ]


def test_a_persons_marks_are_merged(course: Kit, people: Path) -> None:
    hand_in(people, "ada", scale=RIGHT, essay="Because ids are labels.")
    score(course, people)
    sheet = course.layout.root / "results" / "rubric.csv"
    text = sheet.read_text()
    assert '"ada","ch1_mini/essay",,4,4,"Because ids are labels.",' in text
    sheet.write_text(text.replace('"ada","ch1_mini/essay",,4', '"ada","ch1_mini/essay",3.5,4'))
    rows, _ = score(course, people)
    assert rows[0]["ch1_mini/essay"] == "3.5"
    assert '"ada","ch1_mini/essay",3.5,4' in sheet.read_text()


def test_marks_of_a_name_that_looks_like_a_formula_are_kept(course: Kit, people: Path) -> None:
    hand_in(people, "@ada", scale=RIGHT, essay="Because ids are labels.")
    score(course, people)
    sheet = course.layout.root / "results" / "rubric.csv"
    row = '"\'@ada","ch1_mini/essay",'
    sheet.write_text(sheet.read_text().replace(f"{row},4", f"{row}3.5,4"))
    rows, _ = score(course, people)
    assert rows[0]["ch1_mini/essay"] == "3.5"
    assert f"{row}3.5,4" in sheet.read_text()


def test_a_wrong_sheet_is_named_with_its_row(course: Kit, people: Path) -> None:
    hand_in(people, "ada", scale=RIGHT)
    out = course.layout.root / "results"
    out.mkdir()
    (out / "rubric.csv").write_text("student,exercise,points,points_possible\nada,ch1_mini/essay,9,4\n")
    done = grader(course.layout.root, "score", str(people), "--out", str(out))
    assert done.returncode == 2
    assert "rubric.csv, row 2: points from 0 to 4 were expected, not 9" in done.stderr


# -- collecting ---------------------------------------------------------------------------------------


def one(course: Kit, people: Path, pattern: str | None = None) -> Submission:
    (submission,) = everyone(course, people, pattern)
    return submission


def everyone(course: Kit, people: Path, pattern: str | None = None) -> tuple[Submission, ...]:
    return collect(people, course.layout, course.curriculum, pattern=pattern).submissions


@pytest.mark.parametrize(
    ("name", "student"),
    [
        ("lovelaceada_12345_678901_scale-2.py", "lovelaceada"),
        ("lovelaceada_LATE_12345_678901_scale.py", "lovelaceada"),
        ("Ada Lovelace_12345_assignsubmission_file_scale.py", "Ada Lovelace"),
        ("ada.py", "ada"),
    ],
)
def test_single_files_as_systems_name_them(course: Kit, people: Path, name: str, student: str) -> None:
    (people / name).write_text(RIGHT)
    pattern = None if name != "ada.py" else r"(?P<student>\w+)\.py(?P<file>)"
    if name == "ada.py":
        (people / name).rename(people / "scale.py")
        (people / "ada").mkdir()
        (people / "scale.py").rename(people / "ada" / "scale.py")
        pattern = None
    submission = one(course, people, pattern)
    assert submission.student == student
    assert submission.files == {"ch1_mini/scale": RIGHT.encode()}


@pytest.mark.parametrize(
    "names", [("scale.py", "scale-2.py"), ("scale (1).py", "scale (10).py"), ("scale-9.py", "scale-11.py")]
)
def test_of_copies_the_last_one_counts(course: Kit, people: Path, names: tuple[str, str]) -> None:
    (people / "ada").mkdir()
    for name, text in zip(names, (SQUARED, RIGHT), strict=True):
        (people / "ada" / name).write_text(text)
    submission = one(course, people)
    assert submission.files == {"ch1_mini/scale": RIGHT.encode()}
    assert [item.name for item in submission.aside] == [names[0]]


def test_moodle_folders(course: Kit, people: Path) -> None:
    folder = people / "Ada Lovelace_12345_assignsubmission_file_"
    folder.mkdir()
    (folder / "scale.py").write_text(RIGHT)
    assert one(course, people).student == "Ada Lovelace"


def test_gradescope_folders_with_metadata(course: Kit, people: Path) -> None:
    (people / "submission_77").mkdir()
    (people / "submission_77" / "scale.py").write_text(RIGHT)
    (people / "submission_metadata.yml").write_text(
        "---\nsubmission_77:\n  :submitters:\n  - :name: Ada\n    :email: ada@example.org\n"
    )
    assert one(course, people, "gradescope").student == "Ada"


def archive_of(kind: str, names: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    if kind == "zip":
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, data in names.items():
                archive.writestr(name, data)
    else:
        with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
            for name, data in names.items():
                info = tarfile.TarInfo(name)
                info.size = len(data)
                archive.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


@pytest.mark.parametrize("kind", ["zip", "tar.gz"])
def test_archives(course: Kit, people: Path, kind: str) -> None:
    (people / f"ada.{kind}").write_bytes(archive_of(kind, {"work/ch1_mini/scale.py": RIGHT.encode(), "notes.py": b"1"}))
    submission = one(course, people)
    assert submission.student == "ada"
    assert submission.files == {"ch1_mini/scale": RIGHT.encode()}
    assert [item.name for item in submission.aside] == ["notes.py"]


@pytest.mark.parametrize("kind", ["zip", "tar.gz"])
@pytest.mark.parametrize("name", ["../scale.py", "/etc/scale.py", "a/../../scale.py", "C:\\scale.py"])
def test_paths_that_leave_the_archive_are_refused(course: Kit, people: Path, kind: str, name: str) -> None:
    (people / f"ada.{kind}").write_bytes(archive_of(kind, {name: RIGHT.encode()}))
    assert "points outside the archive" in one(course, people).problem


def test_archives_that_expand_too_far_are_refused(course: Kit, people: Path) -> None:
    (people / "ada.zip").write_bytes(archive_of("zip", {f"scale ({i}).py": bytes(1_900_000) for i in range(40)}))
    (people / "ben.tar.gz").write_bytes(archive_of("tar.gz", {"big.bin": bytes(270_000_000)}))
    ada, ben = everyone(course, people)
    assert sum("more than 64 MB of such files" in item.reason for item in ada.aside) == 5
    assert "expands to more than 256 MB" in ben.problem


def test_links_are_not_followed(course: Kit, people: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret.py"
    secret.write_text(RIGHT)
    (people / "ada").mkdir()
    (people / "ada" / "scale.py").symlink_to(secret)
    (people / "ben").symlink_to(tmp_path)
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        info = tarfile.TarInfo("scale.py")
        info.type, info.linkname = tarfile.SYMTYPE, str(secret)
        archive.addfile(info)
    (people / "cy.tar").write_bytes(buffer.getvalue())
    with zipfile.ZipFile(people / "dan.zip", "w") as zipped:
        link = zipfile.ZipInfo("scale.py")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        zipped.writestr(link, str(secret))
    os.mkfifo(people / "eve")
    for submission in everyone(course, people):
        assert submission.files == {}
        assert submission.problem


def test_too_many_files_and_too_large_ones_cost_only_themselves(course: Kit, people: Path) -> None:
    hand_in(people, "ada", scale=RIGHT)
    for number in range(2100):
        (people / "ada" / f"{number}.py").touch()
    (people / "ben").mkdir()
    (people / "ben" / "scale.py").write_bytes(bytes(3_000_000))
    ada, ben = everyone(course, people)
    assert ada.files == {"ch1_mini/scale": RIGHT.encode()}
    assert len(ada.aside) == 2100
    assert ben.problem == "no exercise's file was found in it; scale.py: it is larger than 2 MB, and was not read"


def test_names_that_would_harm_a_table_or_a_page_are_made_harmless(course: Kit, people: Path) -> None:
    hand_in(people, "<b>ada\nlovelace", scale=RIGHT)
    hand_in(people, "=1+1", scale=RIGHT)
    rows, _ = score(course, people, "--only", "scale")
    assert [row["student"] for row in rows] == ["'=1+1", r"_b_ada\nlovelace"]


# -- marks --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("submitted", "days"),
    [(0.0, 0), (100.0, 0), (100.0 + DAY_SECONDS, 1), (100.5 + DAY_SECONDS, 2), (100 + 3 * DAY_SECONDS, 3)],
)
def test_begun_days_count_as_late(submitted: float, days: int) -> None:
    assert Deadline(due=100.0).days_late("ada", submitted) == days


def test_a_penalty_never_takes_more_than_all() -> None:
    assert Deadline(due=0, penalty_per_day=0.3).share_kept(5) == 0


def test_a_due_date_means_the_whole_day() -> None:
    assert parse_time("2027-03-01") == parse_time("2027-03-02T00:00")


def tiers_of(kit: Kit) -> set[str]:
    journal = Journal(kit.layout.root / "results" / "journal.sqlite")
    try:
        return {item.own.tier for item in journal.items() if item.own.tests}
    finally:
        journal.close()


@pytest.mark.skipif("linux-base" not in detection.available(), reason="no such tier here")
def test_the_sandbox_is_the_runs_own_choice(kit: Kit, people: Path) -> None:
    """What was judged without one is judged again in a run with one."""
    hand_in(people, "ada", scale=RIGHT)
    strongest = detection.detect()
    for options, tier in ((["--without-sandbox"], "none"), ([], strongest), (["--tier", "linux-base"], "linux-base")):
        score(kit, people, *options)
        assert tiers_of(kit) == {tier}, options


def test_a_sandbox_that_is_not_to_be_had_is_refused(kit: Kit, people: Path) -> None:
    hand_in(people, "ada", scale=RIGHT)
    both = grader(kit.layout.root, "score", str(people), "--out=out", "--without-sandbox", "--tier=linux-base")
    assert both.returncode == 2 and "--without-sandbox and --tier linux-base exclude each other" in both.stderr
    other = grader(kit.layout.root, "score", str(people), "--out=out", f"--tier={OTHER}")
    assert other.returncode == 3 and "is not made for this platform" in other.stderr
