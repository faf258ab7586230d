"""Judging the tests that a pytest run asks for: in the judge's processes, or in this one for a debugger."""

from __future__ import annotations

import contextlib
import os
import sys
import warnings
from typing import Any

import pytest

from grader.cli.lazy import imported
from grader.cli.pytest_suites import Answer, CourseTests, SuiteTest
from grader.learner.by_test import Found, Selected, TestVerdicts
from grader.learner.checking import Checker, Options
from grader.learner.progress import ProgressStore
from grader.protocol.jobs import Job
from grader.protocol.results import Event, Verdict
from grader.render.by_test import failure_text, first_line, place_to_do, printed, reason_not_run
from grader.render.terminal import WIDEST
from grader.worker.loading import forget

NARROWEST = 40
JUDGES_OWN_SECONDS = 900.0  # at most: it is started, and it looks for the mistake behind a failure
OUTCOMES = {
    Verdict.PASSED: "passed",
    Verdict.TODO: "skipped",
    Verdict.BLOCKED: "skipped",
    Verdict.ERROR: "error",
    Verdict.FAILED: "failed",
    Verdict.TIMEOUT: "failed",
}


class CourseJudging:
    """Answers for the tests of one course."""

    def __init__(self, course: CourseTests) -> None:
        self.course = course
        self.stack = contextlib.ExitStack()
        self.verdicts = self._start()
        self.item: SuiteTest | None = None
        self.debuggers: list[Any] = []
        self.first_of: dict[str, str] = {}  # by exercise the test that tells of it what is no test's own

    def answer(self, item: SuiteTest) -> Answer:
        """What became of the test, once its exercise is judged so far."""
        self.item = item
        self._wind_timer()
        found = self.verdicts.of(item.parent.exercise, item.name)
        if any(debugger.quitting for debugger in self.debuggers):
            pytest.exit("Quitting debugger")
        return self._answer(found)

    def note_debugger(self, debugger: Any) -> None:
        self.debuggers.append(debugger)

    def end(self, is_interrupted: bool) -> None:
        if not is_interrupted:
            self.verdicts.finish()
        self.verdicts.stop()
        self.stack.close()

    def _start(self) -> TestVerdicts:
        course, here = self.course, self.course.is_debugging
        selected = {
            name: Selected(tests, are_all=name in course.selected_whole) for name, tests in course.selected.items()
        }
        exercises = [exercise for exercise in course.curriculum.graded if exercise.name in selected]
        options = Options(exercises=exercises, judge_here=_judge_here if here else None)
        store = ProgressStore(course.layout, course.curriculum)
        checker = self.stack.enter_context(Checker(course.layout, course.curriculum, store, options))
        return TestVerdicts(
            checker,
            selected,
            each_alone=here,
            note=lambda _: self._wind_timer(),
            interruption=pytest.fail.Exception,  # what pytest-timeout raises
        )

    def _answer(self, found: Found) -> Answer:
        outcome = OUTCOMES[found.verdict]
        is_first = self.first_of.setdefault(found.exercise, found.test) == found.test
        if outcome in ("failed", "error"):
            line, text = first_line(found), failure_text(found, _width(), _encoding(), is_first)
        else:
            line, text = "" if outcome == "passed" else reason_not_run(found, self.course.curriculum), ""
        judge = self.verdicts.checker.judge
        seconds, in_sandbox = sum(case.seconds for case in found.cases), judge is None or judge.tier != "none"
        return Answer(outcome, line, text, printed(found), self._place(found), seconds, in_sandbox)

    def _place(self, found: Found) -> tuple[str, int] | None:
        place, layout = place_to_do(found), self.course.layout
        return None if place is None else (str((layout.work or layout.root) / place.file), place.line or 1)

    def _wind_timer(self) -> None:
        """pytest-timeout guards one test of the suite at a time, not what the judge does before and after them."""
        item = self.item
        if item is None or item.timer is None or self.course.is_debugging:
            return
        settings = item.timer
        if not self.verdicts.running:
            settings = settings._replace(timeout=max(settings.timeout, JUDGES_OWN_SECONDS))
        item.ihook.pytest_timeout_cancel_timer(item=item)
        item.ihook.pytest_timeout_set_timer(item=item, settings=settings)


def _judge_here(job: Job) -> list[Event]:
    """The job in this process. The suite's own pytest is to know nothing of this one's settings."""
    before = {name: os.environ.pop(name) for name in list(os.environ) if name.startswith("PYTEST_")}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", pytest.PytestWarning)  # of our suites: there is nothing to do about them
            events: list[Event] = imported("grader.tester.process", "judge_here")(job)
            return events
    finally:
        forget(job.learner.root)
        for name in [name for name in os.environ if name.startswith("PYTEST_")]:
            del os.environ[name]
        os.environ.update(before)


def _width() -> int:
    try:
        columns = os.get_terminal_size(sys.__stdout__.fileno() if sys.__stdout__ else 1).columns
    except (OSError, ValueError):
        columns = int(os.environ.get("COLUMNS", "80"))
    return min(max(columns, NARROWEST), WIDEST)


def _encoding() -> str:
    return getattr(sys.__stdout__, "encoding", None) or "utf-8"
