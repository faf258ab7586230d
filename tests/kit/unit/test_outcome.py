"""From a file's run to the exercise's result: points, verdicts, and places as the learner names them."""

from __future__ import annotations

import pytest

from grader.course.cells import Cells
from grader.protocol.jobs import LearnerSource
from grader.protocol.results import Failure, Frame, Place, Verdict, exercise_verdict
from grader.tester.file_run import FileRun, Problem
from grader.tester.outcome import learners_view, outcome
from unit.fakes import JOB, job, mistake, result


def run_of(*results: object, **fields: object) -> FileRun:
    found = {item.name: item for item in results}  # type: ignore[attr-defined]  # results, or the test is wrong
    return FileRun(JOB, tuple(found), found, **fields)  # type: ignore[arg-type]  # likewise


def test_points_follow_the_tests_weights() -> None:
    run = run_of(result("a", points=3.0), result("b", Verdict.FAILED, points=1.0), result("c", points=2.0))
    found = outcome(run, 1.5)
    assert (found.points, found.points_possible, found.seconds) == (round(10 * 5 / 6, 4), 10.0, 1.5)
    assert (found.exercise, found.seed, found.tier) == ("ch1_mini/scale", 7, "none")


def test_tests_stand_in_the_order_of_the_suite_and_those_that_did_not_run_are_left_out() -> None:
    results = {name: result(name) for name in ("b", "a")}
    found = outcome(FileRun(JOB, ("a", "b", "c"), results), 0.0)
    assert [test.name for test in found.tests] == ["a", "b"]


def test_tests_without_weight_earn_nothing() -> None:
    found = outcome(run_of(result("a", points=0.0)), 0.0)
    assert found.points == 0.0 and found.verdict is Verdict.PASSED


@pytest.mark.parametrize(
    ("verdicts", "expected"),
    [
        ("passed passed", "passed"),
        ("passed blocked", "blocked"),
        ("passed blocked todo", "todo"),
        ("todo timeout", "timeout"),
        ("timeout failed todo", "failed"),
        ("failed error passed", "error"),
        ("", "error"),
    ],
)
def test_the_worst_verdict_decides(verdicts: str, expected: str) -> None:
    tests = tuple(result(str(i), Verdict(name)) for i, name in enumerate(verdicts.split()))
    assert exercise_verdict(tests) is Verdict(expected)


@pytest.mark.parametrize("verdict", [Verdict.FAILED, Verdict.ERROR, Verdict.TODO])
def test_a_problem_of_the_whole_file_gives_its_verdict_and_no_points(verdict: Verdict) -> None:
    problem = Problem(Failure("/tree/ch1_mini/scale.py could not be imported."), verdict)
    found = outcome(FileRun(JOB, problem=problem), 0.0)
    assert found.verdict is verdict and found.points == 0.0 and found.tests == ()
    assert found.problem == Failure("exercises/ch1_mini/scale.py could not be imported.")


def test_each_mistake_is_listed_once() -> None:
    tests = [
        result(name, Verdict.FAILED, mistake=mistake(which)) for name, which in (("a", "x"), ("b", "y"), ("c", "x"))
    ]
    assert outcome(run_of(*tests), 0.0).mistakes == (mistake("x"), mistake("y"))


# -- places -------------------------------------------------------------------------------------------------

NOTEBOOKS: dict[str, Cells] = {
    "ch1_mini/scale": ((1, 2), (5, 4)),
    "ch1_mini/first": ((1, 1), (3, 6)),
    "ch1_mini/saved": ((1, -3),),
}
AS_NOTEBOOKS = job(
    learner=LearnerSource("/tree/ch1_mini/scale.py", "/tree", "exercises/ch1_mini/scale.ipynb", NOTEBOOKS)
)


@pytest.mark.parametrize(
    ("place", "named"),
    [
        (Place("/tree/ch1_mini/scale.py", 7), Place("exercises/ch1_mini/scale.py", 7)),
        (Place("/tree/ch1_mini/scale.py"), Place("exercises/ch1_mini/scale.py")),
        (Place("/tree/ch1_mini/first.py", 3), Place("exercises/ch1_mini/first.py", 3)),
        (Place("/usr/lib/python3/json.py", 3), Place("/usr/lib/python3/json.py", 3)),
        (Place("/treehouse/first.py", 3), Place("/treehouse/first.py", 3)),
    ],
)
def test_a_place_is_named_as_the_learner_names_it(place: Place, named: Place) -> None:
    failure = Failure("m", place=place, frames=(Frame(place, "f", "x = 1", (("x", "1"),)),))
    shown = learners_view(JOB, failure)
    assert shown.place == named
    assert shown.frames == (Frame(named, "f", "x = 1", (("x", "1"),)),)


@pytest.mark.parametrize(
    ("place", "named"),
    [
        (Place("/tree/ch1_mini/scale.py", 7), Place("exercises/ch1_mini/scale.ipynb", 3, 4)),
        (Place("/tree/ch1_mini/scale.py", 1), Place("exercises/ch1_mini/scale.ipynb", 1, 2)),
        (Place("/tree/ch1_mini/first.py", 2), Place("exercises/ch1_mini/first.ipynb", 2, 1)),
        (Place("/tree/ch1_mini/saved.py", 2), Place("exercises/ch1_mini/saved.py", 2, 3)),  # a script with its cells
        (Place("/tree/ch1_mini/plain.py", 2), Place("exercises/ch1_mini/plain.py", 2)),
    ],
)
def test_a_line_of_a_notebook_is_named_by_its_cell(place: Place, named: Place) -> None:
    assert learners_view(AS_NOTEBOOKS, Failure("m", place=place)).place == named


def test_a_file_that_is_named_otherwise_gives_no_tree() -> None:
    other = job(learner=LearnerSource("/tmp/mine.py", "/tree", "mine.py"))
    assert learners_view(other, Failure("m", place=Place("/tmp/mine.py", 2))).place == Place("mine.py", 2)
    assert learners_view(other, Failure("m", place=Place("/tree/ch1_mini/a.py", 2))).place == Place(
        "tree/ch1_mini/a.py", 2
    )


def test_a_message_names_the_file_as_the_learner_does() -> None:
    shown = learners_view(JOB, Failure("`f` raised OSError: /tree/ch1_mini/scale.py and /tree/ch1_mini/scale.py"))
    assert shown.message == "`f` raised OSError: exercises/ch1_mini/scale.py and exercises/ch1_mini/scale.py"


def test_what_passed_stays_as_it_is() -> None:
    test = result("a")
    assert outcome(run_of(test), 0.0).tests == (test,)
