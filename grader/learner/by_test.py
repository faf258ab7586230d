"""The verdict of one test after the other, as a test runner asks for them: an exercise is judged in one go."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass, field, replace

from grader.course.curriculum import Exercise
from grader.course.suite_text import function_of
from grader.learner.checking import Checker
from grader.protocol.results import (
    Event,
    ExerciseResult,
    Failure,
    PlannedTest,
    SuiteFinished,
    SuiteStarted,
    TestFinished,
    TestResult,
    TestStarted,
    Verdict,
    worst,
)


@dataclass(frozen=True)
class Found:
    """What is known of a test: the results of its cases; one that was not run has those of its exercise alone.

    `whole` is the exercise's result. It is None for a test that has passed while others are still being judged.
    """

    exercise: str
    test: str
    cases: tuple[TestResult, ...] = ()
    whole: ExerciseResult | None = None

    @property
    def verdict(self) -> Verdict:
        """The worst one of its cases. A suite that has no such test is the kit's fault."""
        if self.cases:
            return worst(case.verdict for case in self.cases)
        return self.whole.verdict if self.whole is not None and self._has_reason(self.whole) else Verdict.ERROR

    @staticmethod
    def _has_reason(whole: ExerciseResult) -> bool:
        return whole.problem is not None or whole.verdict is Verdict.BLOCKED


@dataclass(frozen=True)
class Selected:
    """The tests of an exercise that are asked for, and whether they are all that it has."""

    tests: tuple[str, ...]
    are_all: bool


@dataclass
class Run:
    """An exercise under way: what was heard of its tests."""

    exercise: Exercise
    events: Iterator[Event] | None = None
    planned: tuple[PlannedTest, ...] = ()
    running: str = ""
    results: dict[str, TestResult] = field(default_factory=dict)
    whole: ExerciseResult | None = None

    def see(self, event: Event) -> None:
        """Something has happened."""
        match event:
            case SuiteStarted():
                self.planned = event.tests
            case TestStarted():
                self.running = event.name
            case TestFinished():
                self.running = ""
                self.results[event.result.name] = event.result
            case SuiteFinished():
                self.events, self.whole = None, event.result
                self.results |= {test.name: test for test in event.result.tests}

    def found(self, test: str) -> Found | None:
        """What is known of the test; None as long as that is not its whole verdict.

        What failed has it at the suite's end, when a mistake may have been named.
        """
        cases = tuple(result for name, result in self.results.items() if is_of(name, test))
        if self.whole is None:
            names = [planned.name for planned in self.planned if is_of(planned.name, test)]
            if not names or len(cases) < len(names) or worst(case.verdict for case in cases) is not Verdict.PASSED:
                return None
        return Found(self.exercise.name, test, cases, self.whole)


class TestVerdicts:
    """Judges each exercise when the first of its tests is asked for.

    `selected` are the tests that will be asked for, by exercise. `each_alone` judges every test by itself when it is
    asked for: a person stands in it with a debugger. `note` is told of every event. An `interruption` that comes out of
    it, or out of the waiting, is taken for the end of the test under way.
    """

    __test__ = False

    def __init__(
        self,
        checker: Checker,
        selected: Mapping[str, Selected],
        *,
        each_alone: bool = False,
        note: Callable[[Event], None] = lambda _: None,
        interruption: type[BaseException] = TimeoutError,
    ) -> None:
        self.checker = checker
        self.options = checker.options
        self.selected = selected
        self.each_alone = each_alone
        self.note = note
        self.interruption = interruption
        self.runs: dict[str, Run] = {}
        self.current: Run | None = None

    def of(self, exercise: Exercise, test: str) -> Found:
        """The test's verdict."""
        run = self._run(exercise, test)
        while (found := run.found(test)) is None:
            try:
                if run.events is None:
                    self._begin(run, test)
                else:
                    self._go_on(run)
            except self.interruption as error:
                self._end_test(run, test, str(error))
        return found

    @property
    def running(self) -> str:
        """The test under way; empty while there is none."""
        return self.current.running if self.current is not None and self.current.events is not None else ""

    def finish(self) -> None:
        """Bring what is under way to its end."""
        while self.current is not None and self.current.events is not None:
            self._go_on(self.current)

    def stop(self) -> None:
        """Leave what is under way as it is."""
        if self.current is not None:
            _close(self.current.events)
            self.current.events = None
        self.checker.progress.save()

    # -- one exercise ---------------------------------------------------------------------------------

    def _run(self, exercise: Exercise, test: str) -> Run:
        """The run that holds the test. It is the only one that is under way."""
        key = f"{exercise.name} {test}" if self.each_alone else exercise.name
        run = self.runs.setdefault(key, Run(exercise))
        if run is not self.current:
            self.finish()
        self.current = run
        return run

    def _begin(self, run: Run, test: str) -> None:
        """Start to judge what is left of the tests that are asked for."""
        exercise, selected = run.exercise, self.selected[run.exercise.name]
        wanted = (test,) if self.each_alone else selected.tests
        left = tuple(name for name in wanted if not any(is_of(result, name) for result in run.results))
        if not left:
            verdict = worst(result.verdict for result in run.results.values())
            run.whole = ExerciseResult(exercise.name, verdict)
            return
        self._prepare(exercise)
        is_whole = selected.are_all and left == selected.tests
        self.checker.options = replace(self.options, cache=False, only={} if is_whole else {exercise.name: left})
        run.events = self.checker.check_one(exercise)

    def _prepare(self, exercise: Exercise) -> None:
        """The earlier parts that it needs: what passed counts, the others are judged."""
        for prerequisite in self.checker.curriculum.prerequisites_of(exercise):
            if prerequisite.manually_graded or prerequisite.name in self.checker.results:
                continue
            self.checker.options = replace(self.options, judge_here=None)
            events = self.checker.check_one(prerequisite)
            try:
                for event in events:
                    self.note(event)
            finally:
                _close(events)

    def _go_on(self, run: Run) -> None:
        """Wait for the next event."""
        assert run.events is not None
        event = next(run.events)
        run.see(event)
        if isinstance(event, SuiteFinished):
            self.checker.progress.save()
            if self.checker.options.only:  # some tests do not speak for the exercise
                self.checker.results.pop(run.exercise.name, None)
        self.note(event)

    def _end_test(self, run: Run, test: str, reason: str) -> None:
        """The test under way has come to its end from outside. What else was found counts, the rest is judged anew."""
        name = run.running or test
        self.stop()
        failure = Failure(reason)
        run.results[name] = TestResult(name, "", Verdict.TIMEOUT, failure=failure)
        run.running = ""


def _close(events: Iterator[Event] | None) -> None:
    """What is being judged is let go at once."""
    if isinstance(events, Generator):
        events.close()


def is_of(name: str, test: str) -> bool:
    """Whether a test of this name is what is asked for: that test, or a case of that function."""
    return test in (name, function_of(name))
