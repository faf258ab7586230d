"""Where things stand as the learner sees it, and two jobs compared."""

from __future__ import annotations

import msgspec
import pytest

from grader.course.source import SourceProblem
from grader.judge.unreadable import failure_of
from grader.protocol.jobs import (
    Job,
    JudgeMode,
    LearnerSource,
    Mode,
    RecordedReference,
    RecordMode,
    Solution,
    are_of_one_suite,
)
from grader.protocol.places import place_in
from grader.protocol.results import Place
from unit.fakes import JOB, job

CELLS = ((1, 2), (4, 3), (9, 7))


@pytest.mark.parametrize(
    ("line", "cell", "line_there"), [(1, 2, 1), (3, 2, 3), (4, 3, 1), (8, 3, 5), (9, 7, 1), (100, 7, 92)]
)
def test_a_line_of_a_module_is_a_line_of_a_cell(line: int, cell: int, line_there: int) -> None:
    assert place_in("a.ipynb", line, CELLS) == Place("a.ipynb", line_there, cell)


def test_without_cells_or_without_a_line_a_place_is_as_it_is() -> None:
    assert place_in("a.py", 3, None) == Place("a.py", 3)
    assert place_in("a.ipynb", None, CELLS) == Place("a.ipynb")
    assert place_in("a.ipynb", 3, ()) == Place("a.ipynb", 3, 1)


def test_a_file_that_cannot_be_judged_is_a_failure_at_its_place() -> None:
    problem = SourceProblem("Python cannot read a.ipynb", ": no.", 5, "x = (", "Close it.")
    found = failure_of(problem, "a.ipynb", CELLS)
    assert found.message == "Python cannot read a.ipynb in cell 3, line 2: no."
    assert found.place == Place("a.ipynb", 2, 3) and found.advice == "Close it."
    assert [(frame.place, frame.text) for frame in found.frames] == [(found.place, "x = (")]


def test_a_file_that_is_not_there_has_no_line() -> None:
    found = failure_of(SourceProblem("a.py", " is missing."), "a.py", None)
    assert (found.message, found.place, found.frames) == ("a.py is missing.", Place("a.py"), ())


# -- jobs ---------------------------------------------------------------------------------------------------

OTHER_FILE = LearnerSource("/other/scale.py", "/other", "other.py", {"ch1_mini/scale": CELLS})


@pytest.mark.parametrize("mode", [JOB.mode, JudgeMode(diagnose=False, only=("test_a",))], ids=repr)
def test_jobs_that_differ_in_the_file_and_the_tests_that_run_are_of_one_suite(mode: JudgeMode) -> None:
    other = job(learner=OTHER_FILE, mode=mode)
    assert are_of_one_suite(JOB, JOB)
    assert are_of_one_suite(JOB, other) and are_of_one_suite(other, JOB)


@pytest.mark.parametrize(
    "changes",
    [
        {"seed": 8},
        {"points": 1.0},
        {"suite": "/other.py"},
        {"tier": "linux-base"},
        {"memo": "/tmp"},
        {"mode": RecordMode()},
        {"reference": Solution("/a.py", "/")},
    ],
    ids=repr,
)
def test_jobs_that_differ_in_anything_else_are_not(changes: dict[str, object]) -> None:
    assert not are_of_one_suite(JOB, job(learner=OTHER_FILE, **changes))


@pytest.mark.parametrize("mode", [JudgeMode(fail_fast=True), RecordMode()])
@pytest.mark.parametrize("reference", [None, Solution("/a.py", "/"), RecordedReference("/r", "/stub.py")])
def test_a_job_travels(mode: Mode, reference: Solution | RecordedReference | None) -> None:
    made = job(mode=mode, reference=reference, learner=OTHER_FILE)
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(made), type=Job) == made
    assert made.module == "ch1_mini.scale"
