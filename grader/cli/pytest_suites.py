"""The graded suites in a pytest run: their tests are read from their text, and the judge says what became of each.

Whoever lists tests, an editor say, does so often: what judges is imported when the first test is run.
"""

from __future__ import annotations

import contextlib
import importlib
import sys
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import pytest
from _pytest._code.code import ReprEntryNative, ReprExceptionInfo, ReprFileLocation, ReprTraceback, TerminalRepr

from grader.course.curriculum import Exercise, load_curriculum
from grader.course.layout import Layout
from grader.course.suite_text import TestText, cases_in
from grader.errors import GraderError, UsageError

NAME = "grader-suites"
HIDDEN_MARKER = "hidden: a test that the learner's kit does not have"


def suite_file(path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """The suite as pytest collects it. None where the course has no such exercise."""
    suites = parent.config.pluginmanager.get_plugin(NAME)
    if suites is None:
        suites = Suites(parent.config)
        parent.config.pluginmanager.register(suites, NAME)
        parent.config.addinivalue_line("markers", HIDDEN_MARKER)
    course = suites.course_of(path)
    exercise = course.exercise_of(path)
    return None if exercise is None else SuiteFile.from_parent(parent, path=path, course=course, exercise=exercise)


@dataclass(frozen=True)
class Answer:
    """What became of a test: `passed`, `failed`, `skipped`, or `error` where it is the kit's fault.

    `line` is the failure's first line, or why the test was skipped, `place` the learner's file and the line that is to
    be written there. `text` says all of a failure, `printed` what the learner's code printed.
    """

    outcome: str
    line: str = ""
    text: str = ""
    printed: str = ""
    place: tuple[str, int] | None = None
    seconds: float = 0.0
    in_sandbox: bool = True


class Judging(Protocol):
    """What answers for the tests of a course."""

    def answer(self, item: SuiteTest) -> Answer:
        """What became of the test."""

    def note_debugger(self, debugger: Any) -> None:
        """A person stands at a breakpoint."""

    def end(self, is_interrupted: bool) -> None:
        """Nothing more is asked for."""


class SuiteFile(pytest.File):
    """One suite: its tests as they stand in the text. Nothing of it is imported."""

    def __init__(self, *, course: CourseTests, exercise: Exercise, **more: Any) -> None:
        super().__init__(**more)
        self.course = course
        self.exercise = exercise
        self.names: tuple[str, ...] = ()

    def collect(self) -> Iterator[SuiteTest]:
        """Every test, and every case of one that can be read from the text."""
        try:
            found = cases_in(self.path.read_text(encoding="utf-8"))
        except (SyntaxError, UnicodeDecodeError) as error:
            raise self.CollectError(f"{self.path} cannot be read: {error}") from None
        self.names = tuple(test.name for test in found)
        for test in found:
            yield SuiteTest.from_parent(self, name=test.name, text=test)


class Described:
    """What pytest asks for a docstring."""

    def __init__(self, sentence: str) -> None:
        self.__doc__ = sentence


class SuiteTest(pytest.Item):
    """One test of a suite. When its turn comes, it says what the judge found."""

    parent: SuiteFile

    def __init__(self, *, text: TestText, **more: Any) -> None:
        super().__init__(**more)
        self.text = text
        self.obj = Described(text.sentence)
        self.answer: Answer | None = None
        self.timer: Any = None  # how pytest-timeout guards it
        if text.hidden:
            self.add_marker(pytest.mark.hidden)

    def reportinfo(self) -> tuple[Path, int, str]:
        return self.path, self.text.line - 1, self.name

    def setup(self) -> None:
        """The judge's turn: where that fails, it is an error to pytest and no failure."""
        if not self.parent.course.is_debugging:
            self._ask()

    def runtest(self) -> None:
        answer = self.answer or self._ask()
        if answer.outcome == "skipped":
            pytest.skip(answer.line)
        if answer.outcome != "passed":
            raise AssertionError(answer.line)  # by this name an editor tells a failure from an error

    def _ask(self) -> Answer:
        answer = self.answer = self.parent.course.judging.answer(self)
        if answer.printed:
            self.add_report_section("call", "stdout", answer.printed)
        if not answer.in_sandbox:
            self.user_properties.append(("sandbox", "none"))
        if answer.outcome == "error":
            raise KitsFault(answer.line)
        return answer

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> str | TerminalRepr:
        """What the judge found is all that there is to say: where in the kit it was said helps nobody."""
        error = excinfo.value
        if isinstance(error, GraderError):
            return "\n\nhint: ".join(part for part in (error.message, error.hint) if part)
        if self.answer is None or not isinstance(error, AssertionError | KitsFault):
            return super().repr_failure(excinfo, style)
        is_brief = self.config.getoption("tbstyle") == "line"
        entries = [] if is_brief else [ReprEntryNative([self.answer.text + "\n"])]
        crash = ReprFileLocation(str(self.path), self.text.line, self.answer.line)
        return ReprExceptionInfo(ReprTraceback(entries, None, "native"), crash)


class KitsFault(Exception):
    """The kit failed, not the code that it judges."""


class CourseTests:
    """The tests of one course in a pytest run: its exercises, and those of their tests that were selected."""

    def __init__(self, layout: Layout, config: pytest.Config) -> None:
        self.layout = layout
        self.config = config
        self.curriculum = load_curriculum(layout)
        self.order = {exercise.name: number for number, exercise in enumerate(self.curriculum.exercises)}
        self.selected: dict[str, tuple[str, ...]] = {}
        self.selected_whole: set[str] = set()
        self.begun: Judging | None = None

    @property
    def judging(self) -> Judging:
        """What judges, started when it is first asked."""
        if self.begun is None:
            self.begun = importlib.import_module("grader.cli.pytest_judging").CourseJudging(self)
        assert self.begun is not None
        return self.begun

    @property
    def is_debugging(self) -> bool:
        """Whether a person stands in the code: by the option, or with an editor's debugger."""
        return bool(self.config.getoption("debugger")) or "pydevd" in sys.modules

    def exercise_of(self, path: Path) -> Exercise | None:
        name = f"{path.parent.name}/{path.stem.removeprefix('test_')}"
        found = self.curriculum.get(name) if name in self.order else None
        return None if found is None or found.manually_graded else found

    def select(self, items: list[SuiteTest]) -> None:
        """These tests are going to be run."""
        names: dict[SuiteFile, set[str]] = {}
        for item in items:
            names.setdefault(item.parent, set()).add(item.name)
        for file, chosen in names.items():
            self.selected[file.exercise.name] = tuple(name for name in file.names if name in chosen)
            if len(chosen) == len(file.names):
                self.selected_whole.add(file.exercise.name)


class Suites:
    """The hooks of a run that has graded suites in it."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.courses: dict[Path, CourseTests] = {}

    def course_of(self, path: Path) -> CourseTests:
        root = path.parents[3]
        if root not in self.courses:
            layout = _layout(root, self.config.invocation_params.dir)
            self.courses[root] = CourseTests(layout, self.config)
        return self.courses[root]

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """The exercises in the order of their course; whatever else is run stays where it is."""
        ours = [(at, item) for at, item in enumerate(items) if isinstance(item, SuiteTest)]
        for (at, _), item in zip(ours, sorted((item for _, item in ours), key=_place), strict=True):
            items[at] = item

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        for course in self.courses.values():
            ours = [item for item in session.items if isinstance(item, SuiteTest)]
            course.select([item for item in ours if item.parent.course is course])

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """A report's time is the test's own, and what was skipped points to the line that is still to be written."""
        report = yield
        if isinstance(item, SuiteTest) and report.failed and call.excinfo is not None:
            report.longrepr = item.repr_failure(call.excinfo)  # of a set-up pytest shows the frames
        if isinstance(item, SuiteTest) and item.answer is not None:
            report.duration = item.answer.seconds if report.when == "call" else 0.0
            if report.skipped and isinstance(report.longrepr, tuple):
                report.longrepr = (*(item.answer.place or (str(item.path), 1)), report.longrepr[2])
        return report

    @pytest.hookimpl(optionalhook=True, tryfirst=True)
    def pytest_timeout_set_timer(self, item: pytest.Item, settings: Any) -> None:
        """pytest-timeout is about to guard an item: how, for when its timer is to be wound again."""
        if isinstance(item, SuiteTest) and item.timer is None:
            item.timer = settings

    def pytest_enter_pdb(self, pdb: Any) -> None:
        for course in self.courses.values():
            if course.begun is not None:
                course.begun.note_debugger(pdb)

    def pytest_sessionfinish(self, exitstatus: int) -> None:
        is_over = exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED)
        for course in self.courses.values():
            if course.begun is not None:
                course.begun.end(is_interrupted=not is_over)


def _place(item: SuiteTest) -> tuple[str, int]:
    course = item.parent.course
    return str(course.layout.root), course.order[item.parent.exercise.name]


def _layout(root: Path, here: Path) -> Layout:
    """The course at `root`; where a learner stands in a folder of exercises that belongs to it, these are theirs."""
    with contextlib.suppress(UsageError):
        found = Layout.find(here)
        if found.root.resolve() == root.resolve():
            return found
    return Layout(root)
