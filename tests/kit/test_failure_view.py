"""One view of a failure: terminal, page, Gradescope and JUnit all tell what is known of it."""

from __future__ import annotations

import html
import io
import json
import re
import xml.etree.ElementTree as ET
from collections.abc import Callable

import msgspec
import pytest

from grader.course.curriculum import Chapter, Curriculum, Exercise
from grader.protocol.results import (
    Call,
    Difference,
    ExerciseResult,
    Failure,
    Frame,
    Place,
    SmallestCase,
    TestResult,
    Verdict,
)
from grader.render.failure_view import Kind, Row, failure_rows, plain_lines
from grader.render.gradescope import gradescope_results
from grader.render.html import Pages
from grader.render.junit import junit
from grader.render.report import CheckReport
from grader.render.terminal import make_console
from grader.score.marks import Mark, StudentMarks
from grader.score.views import ExerciseView, StudentView, TestView

NAME = "ch3/softmax"
FILE = "exercises/ch3/softmax.py"
LETTERS = "abcdefgh"


def frame(line: int, function: str, text: str, *values: tuple[str, str]) -> Frame:
    return Frame(Place(FILE, line), function, text, values)


def placed(message: str, line: int, advice: str = "") -> Failure:
    return Failure(message, place=Place(FILE, line), advice=advice)


WRONG = Failure(
    "The values are wrong.",
    call=Call("softmax", (("x", "tensor float64 (3, 5)"),)),
    expected="tensor float64 (3, 5)",
    actual="tensor float64 (3, 1)",
    difference=Difference(15, 15, (1, 2), "0.25", "0.75", 0.5, 0.125),
    facts=("Every value is twice what was wanted.",),
    values=("expected            actual", "    0.25               0.5"),
    frames=(
        frame(11, "helper", "return y"),
        frame(12, "softmax", "y = e / s", ("self", "0"), ("s", "2")),
    ),
    advice="Look at the axis of the sum.",
    smallest=SmallestCase("softmax", (("x", "[0.0, 0.0]"),), "[0.5, 0.5]", "[1.0, 1.0]"),
)
LINES = [
    "The values are wrong.",
    "Every value is twice what was wanted.",
    "called    softmax(x: tensor float64 (3, 5))",
    "expected  tensor float64 (3, 5)",
    "actual    tensor float64 (3, 1)",
    "expected            actual",
    "    0.25               0.5",
    "wrong     15 of 15 values; the largest difference is 0.5, at [1, 2]",
    "by hand   softmax with",
    "          x = [0.0, 0.0]",
    "          expected [0.5, 0.5]",
    "          got      [1.0, 1.0]",
    f"at        {FILE}:11 in helper",
    "          return y",
    f"at        {FILE}:12 in softmax",
    "          y = e / s",
    "there     s = 2",
    "next      Look at the axis of the sum.",
]


def terminal(failure: Failure) -> str:
    return shown_tests(TestResult("test_sum", "The rows sum to one.", Verdict.FAILED, failure=failure))


def shown_tests(*tests: TestResult) -> str:
    exercise = Exercise(NAME, "Softmax", 10, (), (), 1, 2**30, (), False, 20)
    stream = io.StringIO()
    report = CheckReport(make_console(stream, width=80), Curriculum((Chapter("ch3", "Attention", (exercise,)),)))
    report.exercise(ExerciseResult(NAME, Verdict.FAILED, tests, points_possible=10))
    return stream.getvalue()


def view(test: TestView, problem: Failure | None = None) -> StudentView:
    mark = Mark(NAME, 0, None, 0, 10, "failed")
    exercise = ExerciseView(NAME, "Softmax", "failed", mark, problem, (test,), (), ())
    return StudentView("ada", StudentMarks("ada", (mark,), 0, 0, 0, 10), (exercise,), ())


def failed(failure: Failure) -> StudentView:
    return view(TestView("test_sum", "The rows sum to one.", "failed", False, 0, 10, failure, "A listed mistake."))


def page(student: StudentView) -> str:
    return html.unescape(re.sub(r"<[^>]+>", " ", Pages().student(student)))


def gradescope(student: StudentView) -> str:
    return str(json.loads(gradescope_results(student))["tests"][0]["output"])


def xml(student: StudentView) -> str:
    return str(ET.fromstring(junit([student])).findtext(".//failure"))


def test_the_rows_are_in_the_order_in_which_a_reader_wants_to_know() -> None:
    assert plain_lines(WRONG) == LINES


def test_a_row_says_what_its_text_is() -> None:
    kinds = {row.label: row.kind for row in failure_rows(WRONG) if row.label}
    assert kinds == {
        "called": Kind.CODE, "expected": Kind.CODE, "actual": Kind.CODE, "wrong": Kind.PROSE,
        "by hand": Kind.CODE, "at": Kind.FRAME, "there": Kind.CODE, "next": Kind.PROSE,
    }  # fmt: skip


@pytest.mark.parametrize("surface", [page, gradescope, xml])
def test_every_surface_shows_every_row(surface: Callable[[StudentView], str]) -> None:
    assert_every_row(surface(failed(WRONG)))


def test_the_terminal_shows_every_row() -> None:
    assert_every_row(terminal(WRONG))


def assert_every_row(text: str) -> None:
    shown = " ".join(text.split())
    for row in failure_rows(WRONG):
        assert " ".join(f"{row.label} {row.text}".split()) in shown


def test_many_ways_to_fail_are_one_screen() -> None:
    """The first whole, some more in a line or two, the others as a count; what differs in numbers alone is one way."""
    ways = [
        msgspec.structs.replace(WRONG, message=f"Way {letter} is wrong by {n}.") for letter in LETTERS for n in (1, 2)
    ]
    tests = [TestResult(f"test_{n}", "The rows sum to one.", Verdict.FAILED, failure=way) for n, way in enumerate(ways)]
    lines = shown_tests(*tests, TestResult("test_x", "It is there.", Verdict.PASSED)).splitlines()
    assert len(lines) <= 40
    assert sum("by hand" in line for line in lines) == 1
    assert sum("1 more test, in the same way (-v shows them)" in line for line in lines) > 2
    assert any("more tests, in other ways (-v shows them)" in line for line in lines)
    assert "  ✓ 1 other test passes (-v lists them)" in lines


def test_gradescope_has_the_lines_in_columns() -> None:
    assert gradescope(failed(WRONG)) == "\n".join(["A listed mistake.", *LINES])


def test_what_was_called_is_placed_where_no_line_of_an_exception_is() -> None:
    """It is the line of its definition, and is called so: nobody is to look for a fault in a `def`."""
    failure = msgspec.structs.replace(placed("The shape is wrong.", 12), call=Call("f"))
    assert failure_rows(failure)[1:] == (Row("called", "f", Kind.CODE), Row("defined", f"{FILE}:12", Kind.FRAME))


def test_what_is_no_call_has_a_place_alone() -> None:
    rows = failure_rows(placed("SyntaxError in line 12.", 12))
    assert rows == (Row("", "SyntaxError in line 12.", Kind.MESSAGE), Row("in", f"{FILE}:12", Kind.FRAME))


def test_two_values_of_one_kind_need_no_description() -> None:
    """Where some are shown, it says nothing more; a dtype that differs does."""
    values = ("expected   actual", "   1   2")
    shown = [row.text for row in failure_rows(Failure("Wrong.", expected="array", actual="array", values=values))]
    assert shown == ["Wrong.", *values]
    shown = [row.text for row in failure_rows(Failure("Wrong.", expected="array", actual="list", values=values))]
    assert shown == ["Wrong.", "array", "list", *values]


def test_one_value_needs_no_count() -> None:
    found = Failure("Wrong.", difference=Difference(1, 1, (), "3", "4", 1.0, 1.0))
    assert plain_lines(found) == ["Wrong.", "wrong     expected 3, got 4"]


@pytest.mark.parametrize("surface", [page, gradescope, xml])
def test_of_a_hidden_test_the_name_is_shown(surface: Callable[[StudentView], str]) -> None:
    assert "test_secret" in surface(view(TestView("test_secret", "The rows sum to one.", "failed", True, 0, 10)))


def test_a_problem_is_shown_whole() -> None:
    problem = placed("The file cannot be read.", 3, "Close the bracket.")
    found = view(TestView("test_sum", "The rows sum to one.", "passed", False, 0, 10), problem)
    text = "\n".join(plain_lines(problem))
    assert json.loads(gradescope_results(found))["tests"][1]["output"] == text
    assert ET.fromstring(junit([found])).findtext(".//error") == text
