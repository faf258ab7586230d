"""Every hand-in has its declared outcome, whoever reads it: a scoring, a learner's check, Gradescope's script."""

from __future__ import annotations

import csv
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from miniature import Kit
from running import PACKAGE, grader

from grader.judge.client import Judge
from grader.learner.checking import Checker, Options
from grader.learner.progress import ProgressStore
from grader.protocol.results import Verdict
from grader.score.export import RUN_SCRIPT
from grader.score.intake.collecting import collect
from grader.score.intake.submission import Submission
from intake import contents, folders, packed, renamed, versions
from intake.files import write
from intake.hand_in import HandIn, Outcome, as_declared, declared

GROUPS = (versions, renamed, folders, packed, contents)
HAND_INS: tuple[HandIn, ...] = tuple(hand_in for group in GROUPS for hand_in in group.HAND_INS)
ARCHIVES = (".zip", ".tar", ".gz", ".tgz", ".xz", ".bz2", ".rar", ".7z")
TO_SCRIPT = ("stub-beside-notebook", "kit-beside-the-work", "only-a-pdf", "zip-twice-uploaded")


def entry(hand_in: HandIn, folder: Path, name: str) -> None:
    """The hand-in as an entry of a class."""
    if isinstance(hand_in.files, bytes):
        (folder / name).write_bytes(hand_in.files)
    else:
        (folder / name).mkdir(parents=True)
        write(folder / name, hand_in.files)


def student_of(hand_in: HandIn) -> str:
    return hand_in.name.removesuffix(".bz2").removesuffix(".gz").removesuffix(".xz").rpartition(".")[0] or hand_in.name


def outcome(hand_in: HandIn, submission: Submission, points: dict[str, float]) -> Outcome:
    """What was read, in the words that were declared where they fit."""
    reasons = {item.name: as_declared(item.reason, hand_in.aside.get(item.name, "")) for item in submission.aside}
    words = (*hand_in.notes, *[""] * len(submission.notes))
    return Outcome(
        used={exercise.split("/")[1]: path for exercise, path in submission.used.items()},
        points=points,
        aside=reasons,
        notes=tuple(as_declared(note, word) for note, word in zip(submission.notes, words, strict=False)),
        problem=as_declared(submission.problem, hand_in.problem),
    )


def test_a_class_of_all_of_them_is_scored_as_declared(course: Kit, people: Path) -> None:
    for hand_in in HAND_INS:
        entry(hand_in, people, hand_in.name)
    out = course.layout.root / "results"
    done = grader(course.layout.root, "score", str(people), "--out", str(out), "--seed", "5", "--pattern", "plain")
    assert done.returncode == 0, done.stderr
    with (out / "grades.csv").open(newline="", encoding="utf-8") as file:
        rows = {row["student"]: row for row in csv.DictReader(file)}
    read = collect(people, course.layout, course.curriculum, pattern="plain")
    submissions = {submission.student: submission for submission in read.submissions}
    assert read.aside == ()
    wrong = {}
    for hand_in in HAND_INS:
        student = student_of(hand_in)
        points = {name: float(rows[student][f"ch1_mini/{name}"]) for name in hand_in.points_by_exercise}
        found = outcome(hand_in, submissions[student], points)
        if found != declared(hand_in):
            wrong[hand_in.name] = (found, declared(hand_in))
    assert not wrong, told(wrong)
    assert len(rows) == len(HAND_INS)
    told_of = (out / "intake.txt").read_text(encoding="utf-8")
    assert all(f"\n  does not count: {item.name}: " in told_of for s in read.submissions for item in s.aside)


def told(wrong: dict[str, tuple[Outcome, Outcome]]) -> str:
    return "\n".join(f"{name}\n  found    {found}\n  declared {right}" for name, (found, right) in wrong.items())


def test_a_learners_check_says_the_same(course: Kit, judge: Judge) -> None:
    wrong: dict[str, object] = {}
    known: dict[bytes, float] = {}
    for hand_in in HAND_INS:
        if not hand_in.checks or isinstance(hand_in.files, bytes):
            continue
        shutil.rmtree(course.layout.exercises)
        course.layout.exercises.mkdir()
        write(course.layout.exercises, hand_in.files)
        found, right = checked(course, judge, known), (hand_in.used_by_exercise, hand_in.points_by_exercise["scale"])
        if found != right:
            wrong[hand_in.name] = (found, right)
    assert not wrong
    assert len(known) >= 20


def checked(course: Kit, judge: Judge, known: dict[bytes, float]) -> tuple[dict[str, str], float]:
    """Which file counts for each exercise, and the points of `scale`: what was judged before is `known`."""
    layout, curriculum = course.layout, course.curriculum
    scale = curriculum.get("ch1_mini/scale")
    options = Options(exercises=[scale], seed=5, cache=False)
    with Checker(layout, curriculum, ProgressStore(layout, curriculum), options) as checker:
        checker.judge = judge
        checker.workspace.source(scale)
        offers = {name: choice.best for name, choice in checker.workspace.choices.items()}
        text = offers[scale.name].source if scale.name in offers else b""
        if text not in known:
            list(checker.check_these([scale]))
            assert checker.results[scale.name].verdict is not Verdict.ERROR
            known[text] = checker.results[scale.name].points
    used = {name: offer.path.removeprefix("exercises/") for name, offer in offers.items() if not offer.problem}
    return {name.split("/")[1]: path for name, path in used.items()}, known[text]


def test_gradescopes_folder_is_read_as_the_class_is(course: Kit, tmp_path: Path) -> None:
    wrong = {}
    for number, hand_in in enumerate(item for item in HAND_INS if not isinstance(item.files, bytes)):
        folder = tmp_path / "one" / str(number)
        folder.mkdir(parents=True)
        entry(hand_in, folder, "student")
        (submission,) = collect(folder, course.layout, course.curriculum, pattern="plain").submissions
        assert submission.student == "student"
        found = outcome(hand_in, submission, hand_in.points_by_exercise)
        if found != declared(hand_in):
            wrong[hand_in.name] = (found, declared(hand_in))
    assert not wrong, told(wrong)


@pytest.mark.parametrize("name", TO_SCRIPT)
def test_gradescopes_script_gives_the_declared_points(course: Kit, tmp_path: Path, name: str) -> None:
    hand_in = next(item for item in HAND_INS if item.name == name)
    root = tmp_path / "autograder"
    (root / "source").mkdir(parents=True)
    (root / "source" / "kit").symlink_to(course.layout.root)
    entry(hand_in, root, "submission")
    program = root / "venv" / "bin" / "grader"
    program.parent.mkdir(parents=True)
    program.write_text(f'#!/bin/sh\nPYTHONPATH={PACKAGE} exec {sys.executable} -m grader "$@"\n')
    program.chmod(0o755)
    script = RUN_SCRIPT.format(only=" --only scale", seed=5, fault="none").replace("/autograder/", f"{root}/")
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    results = json.loads((root / "results" / "results.json").read_text())
    assert results["score"] == hand_in.points_by_exercise["scale"]


def test_every_hand_in_has_a_name_of_its_own() -> None:
    names = [student_of(hand_in) for hand_in in HAND_INS]
    assert len(set(names)) == len(names) >= 90
