"""Small classes in every export, as folders and as archives: who has a row, with which work, and what is nobody's."""

from __future__ import annotations

import os
import random
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from miniature import Kit
from running import PACKAGE, grader

from grader.errors import UsageError
from grader.score.command import ScoreOptions, read_class
from grader.score.intake.collecting import collect
from grader.score.intake.roster import read_roster
from grader.score.intake.submission import Intake
from intake.classes import CLASSES, Class, Row
from intake.files import HALF, NOON, RIGHT, Link, write, zipped
from intake.hand_in import as_declared


def read(course: Kit, folder: Path, declared: Class) -> Intake:
    roster = folder.with_name("roster.csv")
    if declared.roster:
        roster.write_bytes(declared.roster.encode() if isinstance(declared.roster, str) else declared.roster)
    return collect(
        folder,
        course.layout,
        course.curriculum,
        pattern=declared.pattern,
        roster=read_roster(roster) if declared.roster else (),
    )


def rows_of(intake: Intake, declared: Class) -> tuple[Row, ...]:
    """What was read, in the declared words where they fit."""
    by_label = {row.label: row for row in declared.rows}
    found = []
    for submission in intake.submissions:
        right = by_label.get(submission.student, Row(submission.student))
        text = submission.files.get("ch1_mini/scale", b"").decode()
        words = (*right.notes, *[""] * len(submission.notes))
        found.append(
            Row(
                submission.student,
                submission.person.id,
                submission.used.get("ch1_mini/scale", ""),
                right.work if right.work and right.work in text else text,  # a notebook's module has more line ends
                {item.name: as_declared(item.reason, right.aside.get(item.name, "")) for item in submission.aside},
                tuple(as_declared(note, word) for note, word in zip(submission.notes, words, strict=False)),
                as_declared(submission.problem, right.problem),
                submission.person.email,
                submission.person.section,
            )
        )
    return tuple(found)


def check(course: Kit, folder: Path, declared: Class) -> None:
    intake = read(course, folder, declared)
    assert rows_of(intake, declared) == tuple(replace(row, aside=dict(row.aside)) for row in declared.rows)
    assert {item.name: as_declared(item.reason, declared.aside.get(item.name, "")) for item in intake.aside} == dict(
        declared.aside
    )
    warnings = (*declared.warnings, *[""] * len(intake.warnings))
    assert tuple(as_declared(a, b) for a, b in zip(intake.warnings, warnings, strict=False)) == declared.warnings
    assert intake.system == declared.system


@pytest.mark.parametrize("declared", CLASSES, ids=lambda item: item.name)
def test_a_class_has_its_declared_rows(course: Kit, people: Path, declared: Class) -> None:
    write(people, declared.entries)
    check(course, people, declared)
    keys = [submission.key for submission in read(course, people, declared).submissions]
    assert len(set(keys)) == len(keys)


EXPORTED = [
    declared
    for declared in CLASSES
    if declared.system != "plain" and not any(isinstance(item, Link) for item in declared.entries.values())
]


@pytest.mark.parametrize("outer", ["", "submissions/", "hw1 export/"])
@pytest.mark.parametrize("where", ["given", "alone in a folder"])
def test_an_export_is_read_from_its_archive_as_from_a_folder(
    course: Kit, tmp_path: Path, outer: str, where: str
) -> None:
    for number, declared in enumerate(EXPORTED):
        if declared.name.startswith(("archive-", "export-", "plain-")):
            continue
        folder = tmp_path / str(number) / "class"
        folder.mkdir(parents=True)
        archive = folder / "submissions.zip"
        archive.write_bytes(zipped({outer + name: content for name, content in declared.entries.items()}))
        try:
            check(course, archive if where == "given" else folder, declared)
        except AssertionError as error:
            raise AssertionError(f"{declared.name}: {error}") from None


@pytest.mark.parametrize("name", ["canvas-late-and-again", "gradescope-one-person-in-two", "plain", "classroom-copies",
                                  "blackboard-two-attempts", "moodle-typed-and-files"])  # fmt: skip
def test_any_order_of_entries_gives_the_same_rows(course: Kit, tmp_path: Path, name: str) -> None:
    declared = next(item for item in CLASSES if item.name == name)
    for seed in range(5):
        entries = list(declared.entries.items())
        random.Random(seed).shuffle(entries)
        archive = tmp_path / f"{seed}.zip"
        archive.write_bytes(zipped(dict(entries)))
        assert rows_of(read(course, archive, declared), declared) == tuple(
            replace(row, aside=dict(row.aside)) for row in declared.rows
        )


# -- tables that a person writes ----------------------------------------------------------------------

MANY = {
    "zhangwei_12345_678901_scale.py": RIGHT,
    "zhangwei_54321_678950_scale.py": RIGHT,
    "lovelaceada_1002_678903_scale.py": HALF,
    "núñezjosé_1003_678904_scale.py": RIGHT,
}


def submitted_of(course: Kit, people: Path, text: str | bytes, **options: str) -> dict[str, float]:
    table = people.with_name("table.csv")
    table.write_bytes(text if isinstance(text, bytes) else text.encode())
    read = read_class(course.layout, course.curriculum, people, None, ScoreOptions(times=table))
    return {submission.student: read.submitted[submission.student] for submission in read.intake.submissions}


@pytest.mark.parametrize(
    ("row", "student"),
    [
        ("1002", "lovelaceada"),
        (" 1002 ", "lovelaceada"),
        ("lovelaceada", "lovelaceada"),
        ("LovelaceAda", "lovelaceada"),
        ("Ada Lovelace", "lovelaceada"),
        ('"Lovelace, Ada"', "lovelaceada"),
        ("12345", "zhangwei (12345)"),
        ("zhangwei (54321)", "zhangwei (54321)"),
        ("n\u00fa\u00f1ezjos\u00e9", "n\u00fa\u00f1ezjos\u00e9"),
        ("nu\u0301n\u0303ezjose\u0301", "n\u00fa\u00f1ezjos\u00e9"),
        ("NÚÑEZJOSÉ", "núñezjosé"),
        ("José Núñez", "núñezjosé"),
    ],
)
def test_a_row_of_a_table_means_its_student(course: Kit, people: Path, row: str, student: str) -> None:
    write(people, MANY)
    found = submitted_of(course, people, f"student,submitted\n{row},2027-02-20T10:00\n")
    assert [name for name, seconds in found.items() if seconds < NOON - 86_400] == [student]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("student,submitted\nlovelaceadda,2027-02-20\n", r"row 2: nobody is called 'lovelaceadda'.*'lovelaceada'\?"),
        ("student,submitted\nx,2027-02-20\n", "row 2: nobody is called 'x'.*--dry-run"),
        ("student,submitted\n1002,2027-02-20\nzhangwei,2027-02-20\n", "row 3: several .* 'zhangwei'.*12345, 54321"),
        ("student,submitted\nWei Zhang,2027-02-20\n", "several students are called 'Wei Zhang'.*12345, 54321"),
        ("student,submitted\n,2027-02-20\n", "row 2: a name in 'student' or an id in 'id' was expected"),
        ("id,submitted\n1002,soon\n", "row 2: 'soon' is no date; write 2027-03-01"),
        ("student,when\nx,y\n", "a column named 'submitted' was expected"),
        ("submitted\n2027-02-20\n", "row 2: a name in 'student' or an id in 'id' was expected"),
        ("student,submitted\nJosé,2027-02-20\n".encode("cp1252"), "nobody is called 'José'"),
        (b"student,submitted\n\x81,2027-02-20\n", "is no table: it is not UTF-8 text.*save it as CSV UTF-8"),
        ("student,submitted\n1002,2027-02-20\nAda Lovelace,2027-02-21\n", "row 3: lovelaceada stands in row 2, too"),
    ],
)
def test_a_row_that_means_nobody_or_several_is_named(course: Kit, people: Path, text: str | bytes, said: str) -> None:
    write(people, MANY)
    with pytest.raises(UsageError) as caught:
        submitted_of(course, people, text)
    assert re.search(said, f"{caught.value.message} {caught.value.hint}", re.DOTALL), caught.value


@pytest.mark.parametrize(
    "text",
    [
        "\ufeffstudent;submitted\r\nAda Lovelace;2027-02-20T10:00\r\n",
        "Student,Submitted\n1002,2027-02-20 10:00\n",
        " ID , submitted \n1002,2027-02-20T10:00\n",
        "student\tsubmitted\nlovelaceada\t2027-02-20T10:00\n",
        'id,student,submitted\n,"Lovelace, Ada",2027-02-20T10:00\n\n,,\n',
    ],
)
def test_tables_as_spreadsheets_save_them(course: Kit, people: Path, text: str) -> None:
    write(people, MANY)
    found = submitted_of(course, people, text)
    assert [name for name, seconds in found.items() if seconds < NOON - 86_400] == ["lovelaceada"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("points,grade\n1,2\n", "has no column of ids or names.*name the columns id, name, email, section"),
        ("id,name\n1,a\n1,b\n", "two rows are of '1'.*give each student one row"),
        ("", "has no column of ids or names"),
        ("id,name\n1,José\n1,b\n".encode("cp1252"), "two rows are of '1'"),
        (b"id,name\n1,\x81\n", "is no table: it is not UTF-8 text.*save it as CSV UTF-8"),
    ],
)
def test_a_roster_that_cannot_be_read_says_why(course: Kit, people: Path, text: str | bytes, said: str) -> None:
    write(people, MANY)
    with pytest.raises(UsageError) as caught:
        read(course, people, Class("roster", {}, (), roster=text or b"\n"))
    assert re.search(said, f"{caught.value.message} {caught.value.hint}", re.DOTALL), caught.value


# -- what may not be read ------------------------------------------------------------------------------


def dry_run_without_rights(root: Path, folder: Path) -> str:
    """What `--dry-run` says where the modes of files hold, as they do not for root."""
    as_others = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"] if os.geteuid() == 0 else []
    if as_others and shutil.which("setpriv") is None:
        pytest.skip("root may read everything, and there is no setpriv to change that")
    done = subprocess.run(
        [*as_others, sys.executable, "-m", "grader", "score", str(folder), "--dry-run"],
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(PACKAGE)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "Traceback" not in done.stderr
    return done.stdout + done.stderr


@pytest.fixture
def locked(people: Path) -> Iterator[Path]:
    """A class in which not everything may be read."""
    for student in ("ada", "ben", "cy", "eve", "zoe"):
        write(people, {f"{student}/scale.py": RIGHT})
    write(people, {"ben/more/notes.py": "x = 1\n", "dan.zip": zipped({"scale.py": RIGHT})})
    (people / "loop").symlink_to("loop")
    (people / "out").symlink_to(people / "cy" / "scale.py")
    modes = {"ada/scale.py": 0, "ben/more": 0, "cy": 0, "eve": 0o444, "dan.zip": 0}
    for name, mode in modes.items():
        (people / name).chmod(mode)
    yield people
    for name in modes:
        (people / name).chmod(0o700)


def test_what_may_not_be_read_costs_only_itself(course: Kit, locked: Path) -> None:
    said = dry_run_without_rights(course.layout.root, locked)
    assert said.startswith("8 students")
    assert "  does not count: scale.py: it cannot be read: Permission denied" in said
    assert "  does not count: more: the folder cannot be read: Permission denied" in said
    assert "  does not count: cy: the folder cannot be read: Permission denied" in said
    assert "  does not count: dan.zip: it cannot be read: Permission denied" in said
    assert said.count("it is a link") == 4  # of each link why nothing counts, and what does not
    assert said.count("  ch1_mini/scale: scale.py") == 2  # ben's and zoe's
    assert str(locked) not in said


def test_a_class_that_may_not_be_read_says_so(course: Kit, locked: Path) -> None:
    assert "is not readable" in dry_run_without_rights(course.layout.root, locked / "cy")
    assert "eve cannot be read: Permission denied" in dry_run_without_rights(course.layout.root, locked / "eve")


# -- the command --------------------------------------------------------------------------------------


def test_a_dry_run_says_what_a_run_writes_and_results_may_lie_in_the_class(course: Kit, people: Path) -> None:
    declared = next(item for item in CLASSES if item.name == "plain")
    write(people, declared.entries)
    root = course.layout.root
    dry = grader(root, "score", str(people), "--dry-run", "--only", "scale")
    assert dry.returncode == 0, dry.stderr
    assert sorted(path.name for path in people.iterdir()) == sorted({name.split("/")[0] for name in declared.entries})
    for out in ("results", "results", "again"):
        done = grader(root, "score", str(people), "--only", "scale", "--seed", "5", "--out", str(people / out))
        assert done.returncode == 0, done.stderr
    written = (people / "again" / "intake.txt").read_text(encoding="utf-8")
    students = dry.stdout.partition("\n\nleft aside")[0].strip()
    assert written.partition("\n\nleft aside")[0].strip() == students
    assert "  again: the results go there" in written
    assert "  results: it holds the results of an earlier scoring" in written
    assert f"{len(declared.rows)} students, read as a person named them" in written
