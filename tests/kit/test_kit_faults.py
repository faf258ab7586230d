"""What the kit itself could not judge: told with names, kept from being final, judged again by the same command."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from miniature import SUITE, Kit, result_of
from running import grader

from grader.judge.client import Judge
from grader.protocol.results import ExerciseResult, Failure, Verdict
from grader.score.journal import Item, Journal

RIGHT = "def double(x):\n    return x + x\n\n\ndef halve(x):\n    return 0.5 * x\n"
TWICE = "from ch1_mini.scale import double\n\n\ndef quadruple(x):\n    return double(double(x))\n"
# Its fault is in a file beside the suite, so that the mended suite is the same work.
BROKEN = (
    'import pathlib\n\nif pathlib.Path(__file__).with_name("broken").exists():\n    raise ImportError("no beans")\n'
)


@pytest.fixture
def broken(course: Kit, people: Path) -> Path:
    """A class of two whose suite cannot be run; the file that is to be removed to mend it."""
    suite = course.layout.suite_file(course.name)
    suite.write_text(SUITE.replace('"""Double and halve."""\n', '"""Double and halve."""\n\n' + BROKEN))
    fault = suite.with_name("broken")
    fault.touch()
    for student, text in (("ada", RIGHT), ("ben", RIGHT.replace("x + x", "x * x")), ("cy", "")):
        (people / student).mkdir()
        (people / student / "scale.py").write_text(text or RIGHT)
        (people / student / "twice.py").write_text(TWICE)
    return fault


def score(course: Kit, people: Path, command: str = "score", *more: str) -> subprocess.CompletedProcess[str]:
    out = course.layout.root / "results"
    return grader(course.layout.root, command, str(people), "--out", str(out), "--pattern", "plain", *more)


def marks(course: Kit) -> list[str]:
    lines = (course.layout.root / "results" / "grades.csv").read_text().splitlines()
    return [",".join(line.split(",")[:3]) for line in lines[1:]]


def test_a_fault_of_the_kit_is_told_and_judged_again(course: Kit, people: Path, broken: Path) -> None:
    done = score(course, people, "score", "--seed", "5")
    assert done.returncode == 3
    told = [line for line in done.stdout.splitlines() if "not judged, by the grader's own fault" in line]
    assert [line.split(":")[1].strip() for line in told] == [f"{name}, ch1_mini/scale" for name in ("ada", "ben", "cy")]
    assert all("no beans" in line for line in told)
    assert "the same command judges it again, and it alone" in done.stdout
    assert marks(course) == ['"ada",0,5', '"ben",0,5', '"cy",0,5']  # written all the same
    again = score(course, people)
    assert again.returncode == 3 and "no beans" in again.stdout
    broken.unlink()
    mended = score(course, people)
    assert mended.returncode == 0, mended.stderr
    assert "own fault" not in mended.stdout
    assert marks(course) == ['"ada",10,5', '"ben",5,5', '"cy",10,5']
    last = score(course, people)
    assert last.stdout == mended.stdout and "starting the judge" not in last.stderr


def test_a_student_is_told_whose_fault_it_was(course: Kit, people: Path, broken: Path) -> None:
    score(course, people)
    results = course.layout.root / "results"
    page = (results / "feedback" / "ada.html").read_text()
    assert "The grader could not judge this. That is its own fault and not yours" in page
    assert "own fault and not yours: ch1_mini/scale." in (results / "gradescope" / "ada" / "results.json").read_text()
    assert '<error type="error"' in (results / "junit.xml").read_text()


def test_a_regrade_tells_it_too(course: Kit, people: Path, broken: Path) -> None:
    broken.unlink()
    assert score(course, people).returncode == 0
    broken.touch()
    done = score(course, people, "regrade", "--preview")
    assert done.returncode == 3
    assert "not judged, by the grader's own fault: ada, ch1_mini/scale" in done.stdout


def test_one_broken_test_is_a_fault_of_the_exercise(course: Kit, people: Path) -> None:
    suite = course.layout.suite_file(course.name)
    suite.write_text(suite.read_text() + '\n\ndef test_odd(student):\n    """Odd."""\n    student.halve\n    1 / 0\n')
    (people / "ada").mkdir()
    (people / "ada" / "scale.py").write_text(RIGHT)
    done = score(course, people, "score", "--only", "scale")
    assert done.returncode == 3
    assert "ada, ch1_mini/scale: The test itself failed, whatever the answer: ZeroDivisionError" in done.stdout


def test_an_error_in_the_journal_is_no_verdict(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.sqlite")
    wrong = ExerciseResult("a/b", Verdict.ERROR, problem=Failure("lost"))
    journal.record("ada", "a/b", ("digest", wrong), None)
    assert journal.verdict("digest") is None
    journal.record("ben", "a/b", ("digest", ExerciseResult("a/b", Verdict.PASSED, points=3)), None)
    assert [item.own.verdict for item in journal.items()] == ["passed", "passed"]


def test_faults_that_cost_nothing_are_none() -> None:
    wrong = ExerciseResult("a/b", Verdict.ERROR)
    passed = ExerciseResult("a/b", Verdict.PASSED, points=3)
    failed = ExerciseResult("a/b", Verdict.FAILED)
    assert Item("ada", "a/b", wrong, passed).faults == ()
    assert Item("ada", "a/b", passed).faults == ()
    assert Item("ada", "a/b", wrong).faults == (wrong,)
    assert Item("ada", "a/b", failed, wrong).faults == (wrong,)


MEDDLES = """import os
import threading
import time

import torch


def meddle():
    while True:
        os.makedirs("made", exist_ok=True)
        time.sleep(0.001)


def double(x):
    threading.Thread(target=meddle, daemon=True).start()
    time.sleep(0.05)
    return 2 * x


def halve(x):
    return x / 2
"""
STUMBLES = '''"""Stumbles over whatever lies in the scratch."""

import os


def test_double(student, draw, expect, scratch):
    """Every element comes back twice as large."""
    x = draw.normal(3, 5)
    expect.close(student.double(x), x + x)
    raise_if_any = {} if not os.path.isdir(scratch.path("made")) else None
    raise_if_any.get("made")


def test_halve(student, draw, expect):
    """Every element comes back half as large."""
    x = draw.normal(4, 2)
    expect.close(student.halve(x), x / 2)
'''


def test_what_code_still_does_is_not_laid_to_the_suite(judge: Judge, tmp_path: Path) -> None:
    """The reference is tried without the learner's process and in an empty scratch: it does not stumble."""
    result = Kit(tmp_path, judge).judge_with(STUMBLES, MEDDLES)
    found = result_of(result, "test_double")
    assert found.verdict is Verdict.FAILED, found.failure
    assert result_of(result, "test_halve").verdict is Verdict.PASSED
