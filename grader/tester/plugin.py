"""The pytest plugin of a suite: its fixtures, and the hooks through which pytest collects and runs it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from grader.protocol.results import Figures, Progress
from grader.tester.draw import Draw, derive_seed
from grader.tester.expect import Expect
from grader.tester.proxies import Student
from grader.tester.scratch_folder import Scratch
from grader.tester.suite import Suite


class SuitePlugin:
    """What pytest sees of the kit. The work is done by the suite and its runner.

    `leave_folder` is called once the suite is collected: pytest is started in the suite's folder.
    """

    def __init__(self, suite: Suite, leave_folder: Callable[[], None]) -> None:
        self.suite = suite
        self.leave_folder = leave_folder
        self.runner = suite.runner

    # -- fixtures -------------------------------------------------------------------------------------

    @pytest.fixture(scope="session")
    def student(self) -> Student:
        """The learner's module."""
        return Student(self.runner.student)

    @pytest.fixture(scope="session")
    def reference(self) -> Student:
        """The reference, to be used in the same way."""
        return Student(self.runner.reference)

    @pytest.fixture
    def draw(self, request: pytest.FixtureRequest) -> Draw:
        """Random inputs of this test."""
        return Draw(derive_seed(self.runner.job.seed, request.node.name))

    @pytest.fixture(scope="module")
    def shared_draw(self) -> Draw:
        """Random inputs for what several tests share."""
        return Draw(derive_seed(self.runner.job.seed, "shared"))

    @pytest.fixture(scope="session")
    def expect(self) -> Expect:
        """What the test wants to see."""
        return Expect(self.runner.student)

    @pytest.fixture(scope="session")
    def data(self) -> Path:
        """The kit's `data` folder."""
        return Path(self.runner.job.data)

    @pytest.fixture
    def scratch(self) -> Scratch:
        """An empty folder that the learner's code may write to."""
        folder = Scratch(self.runner.scratch)
        folder.clear()
        return folder

    @pytest.fixture(scope="session")
    def progress(self) -> Callable[[str, float], None]:
        """Tell the person who waits how far a long test has come."""
        exercise = self.runner.job.exercise
        return lambda text, fraction: self.runner.session.send(Progress(exercise, text[:200], float(fraction)))

    @pytest.fixture(scope="session")
    def figures(self) -> Callable[[str, Sequence[str], Sequence[Sequence[str | float]]], None]:
        """Figures to show once the exercise has passed: a title, the names of columns, rows that begin with a name."""

        def show(title: str, columns: Sequence[str], rows: Sequence[Sequence[str | float]]) -> None:
            made = tuple(tuple(cell if isinstance(cell, str) else float(cell) for cell in row) for row in rows)
            self.runner.figures[title] = Figures(title, tuple(columns), made)

        return show

    # -- hooks ----------------------------------------------------------------------------------------

    def pytest_configure(self, config: pytest.Config) -> None:
        config.addinivalue_line("markers", "hidden: not part of the learner's kit")
        config.addinivalue_line("markers", "points(n): the test's weight within its exercise, 1 unless given")
        config.addinivalue_line("markers", "limit(seconds): this test's own time limit")
        config.addinivalue_line("markers", "alone: the worker is fresh, and holds nothing of earlier tests")

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            self.suite.collection_error = str(report.longrepr)[-2000:]

    def pytest_collection_finish(self) -> None:
        self.leave_folder()

    def pytest_internalerror(self, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        """What ended the loop below: it is said in place of a result."""
        self.suite.collection_error = f"{excinfo.type.__name__}: {excinfo.value}"

    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo[None]) -> pytest.TestReport:
        """Replaces pytest's report, which tells the whole story of a failure: nobody would read it, and it is slow."""
        raised = call.excinfo.value if call.excinfo is not None else None
        if self.runner.raised is None:
            self.runner.raised = raised
        return pytest.TestReport(item.nodeid, item.location, {}, "passed" if raised is None else "failed", None, "call")

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Replaces pytest's loop: all tests on one file, then on each that follows."""
        if session.items:  # none: the suite could not be collected, and why is known
            self.suite.judge_files(list(session.items))
        return True
