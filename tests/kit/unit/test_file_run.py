"""A file's run as data: results with the mistakes and the cases that explain them."""

from __future__ import annotations

import msgspec

from grader.protocol.results import SmallestCase, Verdict
from grader.tester.file_run import FileRun, with_mistakes, with_smallest_cases
from unit.fakes import JOB, mistake, result

CASE = SmallestCase("f", (("x", "[1.]"),), "[2.]", "[1.]")


def test_a_run_of_nothing_is_empty() -> None:
    run = FileRun(JOB)
    assert (run.order, dict(run.results), dict(run.transcripts), run.problem) == ((), {}, {}, None)


def test_mistakes_are_added_where_they_explain() -> None:
    before = {"a": result("a", Verdict.FAILED), "b": result("b")}
    after = with_mistakes(before, {"a": mistake("m")})
    assert after == {"a": msgspec.structs.replace(before["a"], mistake=mistake("m")), "b": before["b"]}
    assert before["a"].mistake is None


def test_cases_are_added_to_failures() -> None:
    before = {"a": result("a", Verdict.FAILED), "b": result("b")}
    after = with_smallest_cases(before, {"a": CASE})
    assert after["a"].failure is not None and after["a"].failure.smallest == CASE
    assert after["a"].failure.message == "The values are wrong."
    assert after["b"] is before["b"]
