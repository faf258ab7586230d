"""What a watch knows and shows: the exercise at hand, its tests as they finish, and the page that was asked for."""

from __future__ import annotations

from dataclasses import dataclass, replace

from grader.course.curriculum import Exercise
from grader.learner.attempts import Summary
from grader.protocol.results import (
    Event,
    ExerciseResult,
    PlannedTest,
    Progress,
    SuiteFinished,
    SuiteStarted,
    TestFinished,
    TestResult,
    TestStarted,
    Verdict,
)


@dataclass(frozen=True)
class Tests:
    """What became of the tests: the first failure whole, of what passed the count. With `details` everything."""

    details: bool = False


@dataclass(frozen=True)
class Hints:
    """The hints so far."""

    count: int


@dataclass(frozen=True)
class Brief:
    """The brief, in Markdown."""

    text: str


@dataclass(frozen=True)
class Listing:
    """The course, with a word and the attempts for each exercise of which there is something to say."""

    states: dict[str, str]
    attempts: dict[str, Summary]


@dataclass(frozen=True)
class Solution:
    """The reference solution."""

    text: str


@dataclass(frozen=True)
class Everything:
    """All exercises, as they are judged one after another."""


@dataclass(frozen=True)
class KeyHelp:
    """Every key, with what it does."""


Page = Tests | Hints | Brief | Listing | Solution | Everything | KeyHelp


@dataclass(frozen=True)
class Running:
    """The suite under way: its tests, what became of those that are done, and the one that runs.

    `first_wrong` is a result of the first test that went wrong alone, to be shown until all are done.
    """

    exercise: str
    tests: tuple[PlannedTest, ...] = ()
    done: tuple[TestResult, ...] = ()
    current: str = ""
    progress: str = ""
    first_wrong: ExerciseResult | None = None


@dataclass(frozen=True)
class WatchState:
    """`results` are those of the run under way or of the last one, by exercise.

    `shown` is the result that stays on the screen while the next run has found nothing yet. `top` is the first line of
    the page that is shown.
    """

    exercise: Exercise
    is_running: bool = False
    running: Running | None = None
    results: tuple[ExerciseResult, ...] = ()
    shown: ExerciseResult | None = None
    page: Page = Tests()
    top: int = 0
    notice: str = ""

    def begun(self, exercise: Exercise) -> WatchState:
        """A run begins. What is known of another exercise leaves the screen."""
        shown = self.shown if exercise.name == self.exercise.name else None
        page = self.page if isinstance(self.page, Everything) else Tests()
        return WatchState(exercise, is_running=True, shown=shown, page=page)

    def with_event(self, event: Event) -> WatchState:
        """The state after something happened in the run."""
        if isinstance(event, SuiteFinished):
            return self._finished(event.result)
        running = _after(self.running, event)
        found = running.first_wrong if running is not None else None
        is_at_hand = found is not None and found.exercise == self.exercise.name
        return replace(self, running=running, shown=found if is_at_hand else self.shown)

    def _finished(self, result: ExerciseResult) -> WatchState:
        shown = result if result.exercise == self.exercise.name else self.shown
        return replace(self, running=None, results=(*self.results, result), shown=shown)

    def ended(self, notice: str = "") -> WatchState:
        """The run is over, or was left."""
        return replace(self, is_running=False, running=None, notice=notice)

    def turned_to(self, page: Page) -> WatchState:
        """Another page; the same one again is the way back."""
        if page == self.page and not isinstance(page, Hints):
            page = Tests()
        return replace(self, page=page, top=0, notice="")

    def told(self, notice: str) -> WatchState:
        """Something to say, until the next key."""
        return replace(self, notice=notice)

    def scrolled(self, lines: int) -> WatchState:
        return replace(self, top=max(0, self.top + lines))

    def first_line(self, file: str) -> int | None:
        """Where in this file the first failure begins, if that is known and the file is no notebook."""
        for test in self.shown.tests if self.shown is not None else ():
            failure = test.failure if test.verdict is not Verdict.PASSED else None
            if failure is not None:
                places = [failure.wrong_line.place] if failure.wrong_line is not None else []
                places += [frame.place for frame in reversed(failure.frames)]
                places += [failure.place] if failure.place is not None else []
                return next((place.line for place in places if place.file == file and place.cell is None), None)
        return None

    @property
    def in_the_way(self) -> ExerciseResult | None:
        """The earlier part that keeps the exercise at hand from being judged."""
        wrong = (r for r in self.results if r.exercise != self.exercise.name and r.verdict is not Verdict.PASSED)
        return next(wrong, None) if self.shown is not None and self.shown.verdict is Verdict.BLOCKED else None


def _after(running: Running | None, event: Event) -> Running | None:
    if isinstance(event, SuiteStarted):
        return Running(event.exercise, event.tests)
    if running is None:
        return None
    if isinstance(event, TestStarted):
        title = next((test.title for test in running.tests if test.name == event.name), event.name)
        return replace(running, current=title, progress="")
    if isinstance(event, TestFinished):
        found = running.first_wrong
        if found is None and event.result.verdict.is_wrong:
            found = ExerciseResult(event.exercise, event.result.verdict, tests=(event.result,))
        return replace(running, done=(*running.done, event.result), current="", progress="", first_wrong=found)
    if isinstance(event, Progress):
        return replace(running, progress=f"{event.text} ({100 * event.fraction:.0f} %)")
    return running
