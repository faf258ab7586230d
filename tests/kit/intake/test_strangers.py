"""What strangers do: they are taken for another, hide when they came, or simply lay things out as nobody else does."""

from __future__ import annotations

import io
import itertools
import os
import tarfile
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from miniature import Kit

from grader.course.file_names import FileNames
from grader.errors import UsageError
from grader.judge.apart import Bounds, apart
from grader.score.intake import arrangement
from grader.score.intake.blackboard import Receipt, read_receipt
from grader.score.intake.collecting import collect
from grader.score.intake.people import Person
from grader.score.intake.submission import Intake, Submission
from grader.score.intake.systems import OF_SEVERAL
from grader.score.intake.walking import files_below

GOOD = "def double(x):\n    return x + x\n\n\ndef halve(x):\n    return x / 2\n"
WRONG = "def double(x):\n    return x\n\n\ndef halve(x):\n    return x\n"
DAY = 86_400.0


def lay(folder: Path, files: dict[str, str], when: float | None = None) -> None:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        if when is not None:
            os.utime(path, (when, when))


def read(course: Kit, folder: Path, pattern: str | None = None) -> Intake:
    asked = course.curriculum.find_all(["scale"])
    return collect(folder, course.layout, course.curriculum, asked=asked, pattern=pattern)


def rows(intake: Intake) -> dict[str, Submission]:
    return {submission.student: submission for submission in intake.submissions}


# -- to be taken for another --------------------------------------------------------------------------

CANVAS = {f"stud{letter}_{12000 + i}_{67800 + i}_scale.py": GOOD for i, letter in enumerate("abcde")}


@pytest.mark.parametrize(
    "name",
    [
        "evelyn_130001_67890_stude_12004_99999_scale.py",
        "evelyn_13_67890_stude_12004_99999_scale.py",
        "evelyn_130001_678900_12004_99999_scale.py",
    ],
)
def test_a_files_name_takes_nobodys_row_in_canvas(course: Kit, people: Path, name: str) -> None:
    lay(people, CANVAS | {name: WRONG})
    found = rows(read(course, people))
    assert set(found) == {"studa", "studb", "studc", "studd", "stude", "evelyn"}
    assert found["stude"].files == {"ch1_mini/scale": GOOD.encode()}
    assert found["evelyn"].person.id in name


def test_a_files_name_does_not_hide_that_it_is_late_in_canvas(course: Kit, people: Path) -> None:
    lay(people, CANVAS | {"evelyn_LATE_130001_167890_evelyn_13000_99999_scale.py": GOOD})
    evelyn = rows(read(course, people))["evelyn"]
    assert evelyn.person.id == "130001"
    assert evelyn.notes[0] == "Canvas marked it LATE"


def test_a_group_is_still_told_from_its_number(course: Kit, people: Path) -> None:
    lay(people, CANVAS | {"team_7_12345_67810_scale.py": GOOD, "team_8_LATE_12346_67811_scale.py": GOOD})
    found = rows(read(course, people))
    assert found["team_7"].person.id == "12345"
    assert found["team_8"].person.id == "12346"


MOODLE = {f"Stud {n}_{1900 + n}_assignsubmission_file_/scale.py": GOOD for n in range(5)}


def test_a_persons_name_takes_nobodys_row_in_moodle(course: Kit, people: Path) -> None:
    """Whoever may change their own name puts Moodle's mark and another's id into it."""
    lay(people, MOODLE | {"Eve_1901_assignsubmission_file_ X_1888_assignsubmission_file_/scale.py": WRONG})
    lay(people, {"Mal_1777_assignsubmission_file_ X_1889_assignsubmission_file_/scale.py": WRONG})
    found = rows(read(course, people))
    assert len(found) == 7
    assert found["Stud 1"].files == {"ch1_mini/scale": GOOD.encode()}
    assert {found[name].person.id for name in found if not name.startswith("Stud")} == {"1888", "1889"}


def test_a_name_that_could_be_of_several_people_is_nobodys(course: Kit, people: Path) -> None:
    lay(people, {f"Stud {n}_{1900 + n}_assignsubmission_file_scale.py": GOOD for n in range(5)})
    lay(people, {"Eve_1777_assignsubmission_file_ X_1888_assignsubmission_file_scale.py": WRONG})
    found = read(course, people)
    assert sorted(rows(found)) == ["Stud 0", "Stud 1", "Stud 2", "Stud 3", "Stud 4"]
    assert [item.reason for item in found.aside] == [OF_SEVERAL]


def test_whoever_is_called_as_anothers_entry_takes_nothing(course: Kit, people: Path) -> None:
    """The name of one person ends where another's entry does."""
    named = "Stud 1_1901_assignsubmission_file_"
    lay(people, MOODLE | {f"{named}_1777_assignsubmission_file_/scale-2.py": WRONG})
    found = rows(read(course, people))
    assert len(found) == 6
    assert found["Stud 1"].files == {"ch1_mini/scale": GOOD.encode()}


def test_a_group_takes_nobodys_row_in_canvas(course: Kit, people: Path) -> None:
    lay(people, {f"team{letter}_{12000 + i}_{678880 + i}_scale.py": GOOD for i, letter in enumerate("abcde")})
    lay(people, {"evil_12001_12347_888883_scale-9.py": WRONG})
    found = rows(read(course, people))
    assert found["teamb"].files == {"ch1_mini/scale": GOOD.encode()}
    assert found["evil_12001"].person.id == "12347"


def test_ids_of_canvas_may_have_other_lengths(course: Kit, people: Path) -> None:
    lay(people, {f"stud{letter}_{12000 + i}_{678880 + i}_scale.py": GOOD for i, letter in enumerate("abcde")})
    lay(people, {"ada_999_678899_2_scale.py": GOOD})
    assert rows(read(course, people))["ada"].person.id == "999"


def test_moodle_is_told_from_canvas_by_its_mark(course: Kit, people: Path) -> None:
    lay(people, {f"user_{n}_10{n}_assignsubmission_file_/scale.py": GOOD for n in range(4)})
    found = read(course, people)
    assert found.system == "moodle"
    assert {item.person.id for item in found.submissions} == {"100", "101", "102", "103"}


def test_a_class_that_is_shown_by_its_numbers_is_found_on_the_roster(course: Kit, people: Path) -> None:
    lay(people, {f"{1900 + n}_{100 + n}_assignsubmission_file_/scale.py": GOOD for n in range(4)})
    known = roster(*((str(1900 + n), f"Stud {n}", f"{n}@x.org") for n in range(5)))
    asked = course.curriculum.find_all(["scale"])
    found = collect(people, course.layout, course.curriculum, asked=asked, roster=known)
    assert sorted((item.person.id, item.person.name, bool(item.files)) for item in found.submissions) == [
        (str(1900 + n), f"Stud {n}", n < 4) for n in range(5)
    ]
    assert found.warnings == ()


def roster(*people: tuple[str, str, str]) -> tuple[Person, ...]:
    return tuple(Person(id, name, name=name, id=id, email=email) for id, name, email in people)


def test_a_name_that_somebody_chose_is_nobodys_id(course: Kit, people: Path) -> None:
    lay(people, MOODLE | {"stud@x.org_1888_assignsubmission_file_/scale.py": WRONG})
    lay(
        people,
        {"1901_1889_assignsubmission_file_/scale.py": WRONG, "Stud 2_1890_assignsubmission_file_/scale.py": WRONG},
    )
    known = roster(("1901", "Stud 1", "stud@x.org"), ("1902", "Stud 2", "two@x.org"))
    asked = course.curriculum.find_all(["scale"])
    found = collect(people, course.layout, course.curriculum, asked=asked, roster=known)
    by_id = {submission.person.id: submission for submission in found.submissions}
    for id, email in (("1901", "stud@x.org"), ("1902", "two@x.org")):
        assert by_id[id].files == {"ch1_mini/scale": GOOD.encode()}
        assert by_id[id].person.email == email
    assert set(by_id) == {"1900", "1901", "1902", "1903", "1904", "1888", "1889", "1890"}
    assert "several hand-ins fit Stud 2 of the roster: 1890, 1902; 1902 counts, by its id" in " ".join(found.warnings)


def test_a_row_that_several_fit_is_still_found(course: Kit, people: Path) -> None:
    """So that an extension, or what a person marked, has its row."""
    lay(people, {f"Stud_{id}_assignsubmission_file_/scale.py": GOOD for id in (12, 13)})
    asked = course.curriculum.find_all(["scale"])
    known = roster(("s1", "Stud", "stud@x.org"))
    found = collect(people, course.layout, course.curriculum, asked=asked, roster=known)
    assert sorted((item.person.id, bool(item.files)) for item in found.submissions) == [
        ("12", True), ("13", True), ("s1", False)
    ]  # fmt: skip


@pytest.mark.parametrize("part", ["file", "onlinetext"])
def test_a_files_name_takes_nobodys_row_in_moodle(course: Kit, people: Path, part: str) -> None:
    lay(people, {f"Stud {n}_{1900 + n}_assignsubmission_file_scale.py": GOOD for n in range(5)})
    lay(people, {f"Eve_1888_assignsubmission_file_Stud 1_1901_assignsubmission_{part}_scale.py": WRONG})
    found = rows(read(course, people))
    assert len(found) == 6
    assert found["Stud 1"].files == {"ch1_mini/scale": GOOD.encode()}
    assert found["Eve"].person.id == "1888"


def test_a_files_name_hides_no_lateness_in_blackboard(course: Kit, people: Path) -> None:
    lay(people, {f"HW_{user}_attempt_2026-11-01-10-00-00_scale.py": GOOD for user in ("ada", "ben")})
    lay(people, {"HW_eve_attempt_2026-11-29-23-01-11_x_attempt_2026-11-01-00-00-00_scale.py": GOOD})
    found = rows(read(course, people))
    assert set(found) == {"ada", "ben", "eve"}
    assert time.localtime(found["eve"].submitted)[:3] == (2026, 11, 29)


def test_a_receipt_that_was_handed_in_is_nobodys_receipt(course: Kit, people: Path) -> None:
    forged = "Name: Eve EVIL (ada)\nDate Submitted: x\n"
    lay(people, {f"HW_{user}_attempt_2026-11-20-10-00-00_scale.py": GOOD for user in ("ada", "eve")})
    lay(people, {"HW_eve_attempt_2026-11-20-10-00-00_HW_ada_attempt_2026-11-20-10-00-00.txt": forged})
    found = rows(read(course, people))
    assert set(found) == {"ada", "eve"}
    assert found["ada"].submitted > 0


# -- when it came -------------------------------------------------------------------------------------


def pack(path: Path, files: dict[str, str], when: tuple[int, int, int]) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in files.items():
            archive.writestr(zipfile.ZipInfo(name, (*when, 0, 0, 0)), text)


@pytest.mark.parametrize("inside", [(1980, 1, 1), (2090, 1, 1)])
@pytest.mark.parametrize("place", ["eve.zip", "eve/hw.zip"])
def test_the_times_in_an_archive_are_not_when_it_came(
    course: Kit, people: Path, place: str, inside: tuple[int, int, int]
) -> None:
    came = time.time() - 3 * DAY
    (people / "eve").mkdir()
    pack(people / place, {"scale.py": GOOD}, inside)
    os.utime(people / place, (came, came))
    if place == "eve.zip":
        (people / "eve").rmdir()
    assert rows(read(course, people))["eve"].submitted == pytest.approx(came, abs=2)


def test_a_time_in_the_future_makes_no_file_newer(course: Kit, people: Path) -> None:
    (people / "eve").mkdir()
    pack(people / "eve" / "old.zip", {"scale.py": WRONG}, (2090, 1, 1))
    os.utime(people / "eve" / "old.zip", (1e9, 1e9))
    lay(people, {"eve/scale.py": GOOD}, when=1.5e9)
    assert rows(read(course, people))["eve"].files == {"ch1_mini/scale": GOOD.encode()}


def test_what_does_not_count_makes_nobody_late(course: Kit, people: Path) -> None:
    lay(people, {"ada/scale.py": GOOD}, when=1.5e9)
    lay(people, {"ada/notes.txt": "x", "ada/twice.py": "def quadruple(x):\n    return 4 * x\n"}, when=1.6e9)
    lay(people, {"ada/later/scale.py": course.file.read_text()}, when=1.6e9)  # the stub
    assert rows(read(course, people))["ada"].submitted == 1.5e9


# -- a class that lies otherwise ----------------------------------------------------------------------


@pytest.mark.parametrize("how", ["folder", "archive", "beside a text"])
def test_a_folder_around_the_class_is_looked_through(course: Kit, people: Path, how: str) -> None:
    files = {"hw1/hw1-ada/scale.py": GOOD, "hw1/hw1-ben/ch1_mini/scale.py": WRONG, "hw1/hw1-cy/.git/x": ""}
    if how == "archive":
        pack(people / "x.zip", files, (2026, 1, 1))
        folder = people / "x.zip"
    else:
        lay(people, files)
        folder = people
    if how == "beside a text":
        lay(people, {"instructions.txt": "Do it."})
    assert {"hw1-ada", "hw1-ben"} <= set(rows(read(course, folder)))


@pytest.mark.parametrize(
    "folders", [("old", "new"), ("v1", "v2"), ("ch1_mini", "backup"), ("exercises/ch1_mini", "solutions/ch1_mini")]
)
def test_one_student_with_two_versions_stays_one(course: Kit, people: Path, folders: tuple[str, str]) -> None:
    lay(people, {f"ada/{folder}/scale.py": GOOD for folder in folders})
    assert set(rows(read(course, people))) == {"ada"}


def test_sections_that_are_classes_are_told(course: Kit, people: Path) -> None:
    lay(people, {f"Section {s}/{who}/scale.py": GOOD for s in "AB" for who in ("ada", "ben")})
    warnings = read(course, people).warnings
    assert any("Section A looks like a folder of students" in warning for warning in warnings)


def test_an_export_in_several_archives_is_one_class(course: Kit, people: Path) -> None:
    for number, letter in enumerate("ab"):
        pack(
            people / f"submissions ({number}).zip",
            {f"stud{letter}_1200{number}_6780{number}_scale.py": GOOD},
            (2026, 1, 1),
        )
    assert set(rows(read(course, people))) == {"studa", "studb"}


def test_names_in_an_archive_that_does_not_say_that_they_are_utf_8(course: Kit, people: Path) -> None:
    path = people / "class.zip"
    pack(path, {"Jos\u00e9/scale.py": GOOD, "Ada/scale.py": GOOD}, (2026, 1, 1))
    data = path.read_bytes()
    assert b"\x00\x08" in data  # the flag, in the local and the central header
    for name in ("Jos\u00e9/scale.py".encode(),):
        place = -1
        while (place := data.find(name, place + 1)) >= 0:
            start = data.rfind(b"PK", 0, place)
            flags = start + (6 if data[start + 2 : start + 4] == b"\x03\x04" else 8)
            data = data[:flags] + b"\x00\x00" + data[flags + 2 :]
    path.write_bytes(data)
    assert set(rows(read(course, path))) == {"Ada", "Jos\u00e9"}


def test_a_file_called_as_a_journal_takes_nobody_out_of_the_class(course: Kit, people: Path) -> None:
    lay(people, {"dan/scale.py": GOOD, "dan/journal.sqlite": "", "eve/scale.py": GOOD})
    assert set(rows(read(course, people))) == {"dan", "eve"}


@pytest.mark.parametrize("tree", ["", "exercises/"])
def test_a_kit_is_no_class(course: Kit, people: Path, tree: str) -> None:
    lay(people, {f"{tree}ch1_mini/scale.py": GOOD, f"{tree}ch2_more/other.py": GOOD})
    with pytest.raises(UsageError, match="is one kit, not a class"):
        read(course, people)


def test_strays_do_not_silence_the_systems_names(course: Kit, people: Path) -> None:
    names = {"Ada_5_assignsubmission_file_/scale.py": GOOD, "Cy/scale.py": GOOD, "Di/scale.py": GOOD}
    lay(people, names)
    (warning,) = read(course, people).warnings
    assert warning == "Moodle gives names like 1 of the 3 entries: `--pattern moodle` reads those"


# -- what is passed over, and what is worth nothing ---------------------------------------------------


@pytest.mark.parametrize(
    "path", [".scale.py", ".hw/scale.py", "venv/scale.py", "__pycache__/scale.py", ".ipynb_checkpoints/scale.py"]
)
def test_what_is_passed_over_is_named_where_there_is_nothing_else(course: Kit, people: Path, path: str) -> None:
    lay(people, {f"ada/{path}": GOOD, "ben/scale.py": GOOD, f"ben/{path}": GOOD})
    pack(people / "cy.zip", {path: GOOD}, (2026, 1, 1))
    found = rows(read(course, people))
    for student in ("ada", "cy"):
        assert found[student].problem.startswith(f"nothing is in it but {path.partition('/')[0]}: hidden files")
    assert found["ben"].passed_over == (path.partition("/")[0],)


def test_a_placeholder_of_a_cloud_is_no_file(course: Kit, people: Path) -> None:
    lay(people, {"ada/.scale.py.icloud": "bplist"})
    assert "a placeholder of iCloud" in rows(read(course, people))["ada"].problem


@pytest.mark.parametrize(
    ("text", "doubt"), [("", "it is empty"), (None, "it is the stub as it was handed out"), (GOOD, "")]
)
def test_a_file_that_counts_and_holds_no_work_is_told(course: Kit, people: Path, text: str | None, doubt: str) -> None:
    lay(people, {"ada/scale.py": course.file.read_text() if text is None else text})
    assert rows(read(course, people))["ada"].doubts.get("ch1_mini/scale", "") == doubt


def test_of_two_with_other_names_the_shorter_name_counts(course: Kit, people: Path) -> None:
    lay(people, {"ada/hw3.py": GOOD, "ada/hw3_old.py": WRONG}, when=1.5e9)
    assert rows(read(course, people))["ada"].used == {"ch1_mini/scale": "hw3.py"}


def test_exercises_count_before_solutions(course: Kit, people: Path) -> None:
    lay(people, {"ada/solutions/ch1_mini/scale.py": WRONG, "ada/exercises/ch1_mini/scale.py": GOOD}, when=1.5e9)
    assert rows(read(course, people))["ada"].used == {"ch1_mini/scale": "exercises/ch1_mini/scale.py"}


# -- to be nobody, or to make others so ---------------------------------------------------------------


def test_in_a_folder_around_a_class_nobody_is_dropped(course: Kit, people: Path) -> None:
    lay(people / "hw1", {"ada/scale.py": GOOD, "ben/scale.py": GOOD, "cy/work.py": WRONG, "dan/notes.txt": "x"})
    lay(people / "hw1", {".eve/scale.py": GOOD, "read me.txt": "x", "__MACOSX/x": "x"})
    intake = read(course, people)
    assert set(rows(intake)) == {"ada", "ben", "cy", "dan"}
    assert {item.name: item.reason.partition(",")[0] for item in intake.aside} == {
        ".eve": "its name begins with a dot",
        "__MACOSX": "a system made it",
        "read me.txt": "it lies beside the students' folders and is no exercise's",
    }
    assert "no row, because the name says no student: .eve;" in intake.warnings[0]


def test_what_lies_beside_an_export_is_told_of(course: Kit, people: Path) -> None:
    lay(people, {f"submissions/{name}": text for name, text in CANVAS.items()} | {".eve/scale.py": GOOD})
    intake = read(course, people)
    assert len(intake.submissions) == len(CANVAS)
    assert [item.name for item in intake.aside] == [".eve"]
    assert intake.warnings == (
        "1 entry has no row, because the name says no student: .eve; rename what is somebody's work",
    )


@pytest.mark.parametrize("time", ["2027-99-99-99-99-99", "0000-01-01-00-00-00", "٢٠٢٧-٠١-٠١-٠١-٠١-٠١"])
def test_a_time_of_no_calendar_in_a_name_costs_itself_alone(course: Kit, people: Path, time: str) -> None:
    lay(people, {f"hw_stud{n}_attempt_2027-02-0{n}-10-00-00_scale.py": GOOD for n in range(1, 6)})
    lay(people, {f"hw_eve_attempt_{time}_scale.py": GOOD})
    intake = read(course, people)
    assert (intake.system, len(intake.submissions)) == ("blackboard", 5)
    assert [item.reason for item in intake.aside] == ["its name is not one that Blackboard gives"]


def test_an_escaped_name_is_nobody_elses_key(course: Kit, people: Path) -> None:
    lay(people, {"eve\n/scale.py": WRONG, "eve\\n/scale.py": GOOD})
    one, other = read(course, people).submissions
    assert one.key != other.key and one.student != other.student


# -- to cost the time of everybody ----------------------------------------------------------------------


def test_a_folder_of_a_thousand_folders_is_not_searched_to_its_end(
    course: Kit, people: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a small class each folder is looked into for students inside, in a process of its own."""
    looks: list[Bounds] = []

    def counted(function: Callable[[], Any], kind: Any, bounds: Bounds) -> Any:
        looks.append(bounds)
        return apart(function, kind, bounds)

    monkeypatch.setattr(arrangement, "apart", counted)
    lay(people, {"ada/scale.py": GOOD, "zoe/scale.py": WRONG})
    lay(people, {f"mallory/{number:03}/scale.py": GOOD for number in range(300)})
    found = read(course, people)
    assert [submission.student for submission in found.submissions] == ["ada", "mallory", "zoe"]
    assert "mallory looks like a folder of students (000 …): score it by itself" in found.warnings
    assert len(looks) <= arrangement.MOST_LOOKED_INTO
    assert all(bounds.processor_seconds <= 2 for bounds in looks)


def test_a_folder_with_the_name_of_a_receipt_ends_nothing(course: Kit, people: Path) -> None:
    lay(people, {f"hw_{name}_attempt_2027-02-27-23-01-11_scale.py": GOOD for name in ("ada", "ben")})
    lay(people, {"hw_ada_attempt_2027-02-27-23-01-11.txt/scale.py": WRONG})
    (people / "hw_ben_attempt_2027-02-27-23-01-11.txt").mkdir()
    found = rows(read(course, people, "blackboard"))
    assert {name: submission.files["ch1_mini/scale"] for name, submission in found.items()} == {
        name: GOOD.encode() for name in ("ada", "ben")
    }


@pytest.mark.parametrize("line", ["Name: " + "(" * 90_000, "Name:" + " " * 90_000, "Name: " + "(a" * 45_000])
def test_a_receipt_is_read_at_once_whatever_a_comment_says(line: str) -> None:
    began = time.process_time()
    assert read_receipt(line.encode()) is None
    assert read_receipt(f"{line}\nName: Ada (the first) L (al)  \r\n".encode()) == Receipt("Ada (the first) L", "al")
    assert time.process_time() - began < 1


def test_a_folder_with_the_name_of_gradescopes_list_says_what_is_wrong(course: Kit, people: Path) -> None:
    lay(people, {"submission_1/scale.py": GOOD, "submission_metadata.yml/scale.py": WRONG})
    with pytest.raises(UsageError, match="does not list submissions"):
        read(course, people, "gradescope")


SLOW_NAMES = (
    "a" * 5 + "_" * 40 + "b" + "_v1" * 65 + ".py",
    "a" + "-_" * 120 + "final.py",
    "a_b" * 60 + " (copy)" * 8 + ".py",
    "copy of " * 20 + "x" + " - Copy" * 12 + ".py",
    "x" + " (1)" * 60 + ".py",
)


@pytest.mark.parametrize("name", SLOW_NAMES)
def test_no_name_is_slow_to_read(course: Kit, name: str) -> None:
    names = FileNames(course.curriculum)
    assert len(name) <= 255
    began = time.process_time()
    for _ in range(20):
        names.meanings(name)
        names.of_a_person(name)
        names.named_after(name)
    assert time.process_time() - began < 2


def test_names_that_no_disk_takes_are_nobodys(course: Kit, people: Path) -> None:
    names = ["a_12_assignsubmission_" * 2_000, "copy_of_" * 7_000 + "scale.py", "x" * 60_000 + "_attempt_"]
    path = people.parent / "class.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name in ("ada/scale.py", *names):
            archive.writestr(name, GOOD)
    began = time.process_time()
    found = read(course, path)
    assert time.process_time() - began < 5
    assert [submission.student for submission in found.submissions] == ["ada"]
    assert {item.reason for item in found.aside} == {"its name is longer than any disk takes: give it a shorter one"}


def test_a_file_that_grows_while_it_is_read_is_too_large(tmp_path: Path) -> None:
    path = tmp_path / "scale.py"
    path.write_text(GOOD)
    (file,) = files_below(path)
    path.write_bytes(b"#" * 3_000_000)
    assert len(file.read(2 * 2**20 + 1)) == 2 * 2**20 + 1  # no more than asked for, and more than may be


@pytest.mark.parametrize("moments", list(itertools.product(["nan", "inf", "-inf", "1e308", "0"], repeat=2)))
def test_any_two_times_in_an_archive_leave_one_file_that_counts(
    course: Kit, people: Path, moments: tuple[str, str]
) -> None:
    people.mkdir(exist_ok=True)
    with tarfile.open(people / "ada.tar", "w", format=tarfile.PAX_FORMAT) as archive:
        for name, moment in zip(("ch1_mini/scale.py", "scale.py"), moments, strict=True):
            info = tarfile.TarInfo(name)
            info.size, info.pax_headers = len(GOOD), {"mtime": moment}
            archive.addfile(info, io.BytesIO(GOOD.encode()))
    (ada,) = read(course, people, "plain").submissions
    assert ada.files == {"ch1_mini/scale": GOOD.encode()}
    assert len(ada.aside) == 1
