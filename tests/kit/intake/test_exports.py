"""A class of 40 in six exports: forty right rows, and a word on everything that was handed in."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from miniature import Kit
from running import grader

from grader.score.intake.collecting import collect
from grader.score.intake.submission import Intake
from intake.exports import CLASS, EXPORTS, KINDS, Export, Right, students
from intake.files import write, zipped

SEED = 11
LATE = ("--due", "2027-03-01T18:00", "--late-penalty", "0.1")


def export_of(system: str, seed: int = SEED) -> Export:
    return EXPORTS[system](students(seed))


def rows_of(intake: Intake, points: dict[str, float], days: dict[str, int]) -> dict[str, Right]:
    return {
        submission.student: Right(
            submission.person.id,
            points[submission.student],
            submission.used.get("ch1_mini/scale", ""),
            frozenset(item.name for item in submission.aside),
            days[submission.student],
            frozenset(path for name, path in submission.used.items() if name != "ch1_mini/scale"),
        )
        for submission in intake.submissions
    }


@pytest.mark.parametrize("system", EXPORTS)
def test_forty_rows_are_right(course: Kit, people: Path, system: str) -> None:
    export = export_of(system)
    write(people, export.entries)
    out = course.layout.root / "results"
    done = grader(course.layout.root, "score", str(people), "--out", str(out), "--seed", "5", "--only", "scale", *LATE)
    assert done.returncode == 0, done.stderr
    with (out / "grades.csv").open(newline="", encoding="utf-8") as file:
        rows = {row["student"]: row for row in csv.DictReader(file)}
    scale = course.curriculum.find("scale")
    intake = collect(people, course.layout, course.curriculum, asked=scale, out=out)
    assert intake.system == system
    points = {name: float(row["ch1_mini/scale"]) for name, row in rows.items()}
    days = {name: int(row["days_late"]) for name, row in rows.items()}
    assert rows_of(intake, points, days) == export.rows
    assert len(rows) == CLASS
    assert {item.name for item in intake.aside} == export.aside
    listed = (out / "intake.txt").read_text(encoding="utf-8")
    assert listed.startswith(f"{CLASS} students, ")
    for row in export.rows.values():
        assert all(f"\n  does not count: {name}: " in listed for name in row.told)
        assert not row.used or f"\n  ch1_mini/scale: {row.used}\n" in listed
    assert all(f"\n  {name}: " in listed.partition("left aside")[2] for name in export.aside)


@pytest.mark.parametrize("outer", ["", "submissions/"])
@pytest.mark.parametrize("system", EXPORTS)
def test_the_archive_of_the_export_gives_the_same_rows(course: Kit, tmp_path: Path, system: str, outer: str) -> None:
    export = export_of(system, seed=23)
    archive = tmp_path / "submissions.zip"
    archive.write_bytes(zipped({outer + name: content for name, content in export.entries.items()}))
    scale = course.curriculum.find("scale")
    intake = collect(archive, course.layout, course.curriculum, asked=scale)
    points = {name: row.points for name, row in export.rows.items()}
    days = {name: row.days_late for name, row in export.rows.items()}
    assert rows_of(intake, points, days) == export.rows
    assert {item.name for item in intake.aside} == export.aside


def test_every_upload_has_its_fate_in_every_class() -> None:
    """Each file counts or is told of; what is in archives `packed` and `folders` have."""
    for work in KINDS.values():
        if not any(name.endswith((".zip", ".gz")) for name in work.files):
            assert {work.used, *work.told, *work.also} - {""} == set(work.files)
    for seed in range(5):
        assert {student.kind for student in students(seed)} == KINDS.keys()
        for make in EXPORTS.values():
            assert len(make(students(seed)).rows) == CLASS
