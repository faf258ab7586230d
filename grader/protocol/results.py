"""What a check finds out, as frozen data. Everything that is shown is computed before it gets here."""

from __future__ import annotations

import enum
from collections.abc import Iterable

import msgspec

from grader.course.mutants import Mistake
from grader.protocol.sketches import Sketch


class Verdict(enum.StrEnum):
    """What became of a test or of an exercise. `todo` is not a failure; `error` is the kit's fault."""

    PASSED = "passed"
    FAILED = "failed"
    TODO = "todo"
    ERROR = "error"
    TIMEOUT = "timeout"
    BLOCKED = "blocked"

    @property
    def is_wrong(self) -> bool:
        """Whether the answer is to blame: it failed, or did not come to its end."""
        return self in (Verdict.FAILED, Verdict.TIMEOUT)


class Place(msgspec.Struct, frozen=True):
    """Where something stands: a file, a line of it from 1, and the cell where the file is a notebook.

    In a cell the line is counted from the cell's first one.
    """

    file: str
    line: int | None = None
    cell: int | None = None


class Frame(msgspec.Struct, frozen=True):
    """One line of the learner's code on the way to an exception, with its local values described."""

    place: Place
    function: str
    text: str
    locals: tuple[tuple[str, str], ...] = ()


class Call(msgspec.Struct, frozen=True):
    """One call of the learner's code: `name` as written, and each argument's name and description."""

    name: str
    arguments: tuple[tuple[str, str], ...] = ()
    returned: str = ""


class Difference(msgspec.Struct, frozen=True):
    """How far the actual values are from the expected ones. Differences are absolute and in the values' own unit.

    `largest` and `mean` are None where no number says how far that is: an infinity or NaN is on one side alone, or the
    values are ids, counts or truth values. `of_result`: the values are those that the call returned, not some that a
    test took of them, which it counts from 0 again.
    """

    wrong: int
    total: int
    worst_index: tuple[int, ...]
    worst_expected: str
    worst_actual: str
    largest: float | None
    mean: float | None
    of_result: bool = True


class WrongLine(msgspec.Struct, frozen=True):
    """The first line of a call whose value is not the reference's: where it stands, and its text.

    `right_before` is the last line before it, in the same call, whose value was right; `in_any_order`: its values are
    the right ones, where their order was not compared.
    """

    place: Place
    text: str
    right_before: Place
    in_any_order: bool = False


class SmallestCase(msgspec.Struct, frozen=True):
    """A failing call shrunk until it can be checked by hand: every value written out."""

    call: str
    arguments: tuple[tuple[str, str], ...]
    expected: str
    actual: str


class Exhausted(enum.StrEnum):
    """What a test used up: what rests on the same code would do it again."""

    TIME = "time"
    MEMORY = "memory"


class Cause(msgspec.Struct, frozen=True):
    """The function that is at fault: with a right one in its place, `passing` of the `failing` tests pass.

    `part` is the earlier exercise that it comes from, empty for one of the same file. Where none was put in its place,
    both numbers are 0: it is suspected, because its own tests fail.
    """

    function: str
    part: str = ""
    passing: int = 0
    failing: int = 0


class Failure(msgspec.Struct, frozen=True):
    """Why a test did not pass, in the order in which a reader wants to know.

    `cause` is a function that the call rests on. `facts` say in what way the actual value differs from the expected
    one, `values` are lines with some of both side by side. `blocked_by` is the earlier exercise that is still to do,
    where the verdict is `blocked`.
    """

    message: str
    call: Call | None = None
    expected: str = ""
    actual: str = ""
    difference: Difference | None = None
    cause: Cause | None = None
    facts: tuple[str, ...] = ()
    values: tuple[str, ...] = ()
    frames: tuple[Frame, ...] = ()
    place: Place | None = None
    advice: str = ""
    smallest: SmallestCase | None = None
    wrong_line: WrongLine | None = None
    blocked_by: str = ""
    exhausted: Exhausted | None = None


class TestResult(msgspec.Struct, frozen=True):
    """One test of a suite. `title` is the test's docstring, `points` its weight within the exercise.

    `sketch` is what crossed in it, where it went wrong and that was asked for.
    """

    __test__ = False

    name: str
    title: str
    verdict: Verdict
    hidden: bool = False
    points: float = 1.0
    seconds: float = 0.0
    failure: Failure | None = None
    output: str = ""
    notes: tuple[str, ...] = ()
    mistake: Mistake | None = None
    sketch: Sketch | None = None


class Figures(msgspec.Struct, frozen=True):
    """A small table of what the learner's code came to, such as losses: its first column names the rows."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str | float, ...], ...]


class ExerciseResult(msgspec.Struct, frozen=True):
    """One exercise judged. `problem` is set when no test could run (a file that does not load, say).

    `figures` are there where it has passed. `file` is the learner's file that was judged, as it is named to them, and
    `beside` are others that might be meant by the exercise's name: a notebook, a copy. Of a notebook `cells` has the
    number and the first line of each cell with code.
    """

    exercise: str
    verdict: Verdict
    tests: tuple[TestResult, ...] = ()
    problem: Failure | None = None
    points: float = 0.0
    points_possible: float = 0.0
    seed: int = 0
    tier: str = "none"
    seconds: float = 0.0
    cached: bool = False
    blocked_by: tuple[str, ...] = ()
    mistakes: tuple[Mistake, ...] = ()
    notes: tuple[str, ...] = ()
    figures: tuple[Figures, ...] = ()
    file: str = ""
    beside: tuple[str, ...] = ()
    cells: tuple[tuple[int, str], ...] = ()


class PlannedTest(msgspec.Struct, frozen=True):
    """What is known of a test before it runs."""

    name: str
    title: str
    hidden: bool = False
    points: float = 1.0

    def without_run(self, verdict: Verdict, failure: Failure) -> TestResult:
        """Its result where it was not run to its end."""
        return TestResult(self.name, self.title, verdict, self.hidden, self.points, failure=failure)


class SuiteStarted(msgspec.Struct, frozen=True, tag="started"):
    """The tester has collected the suite and is about to run it: its tests, in the order in which they stand there."""

    exercise: str
    tests: tuple[PlannedTest, ...]


class TestStarted(msgspec.Struct, frozen=True, tag="test-started"):
    """A test is about to run."""

    __test__ = False

    exercise: str
    name: str


class TestFinished(msgspec.Struct, frozen=True, tag="test"):
    """One test has its verdict (a mistake, if one can be named, comes with the suite's end)."""

    __test__ = False

    exercise: str
    result: TestResult


class Progress(msgspec.Struct, frozen=True, tag="progress"):
    """A line about long work under way, such as training: what, how far (0 to 1), and figures."""

    exercise: str
    text: str
    fraction: float


class SuiteFinished(msgspec.Struct, frozen=True, tag="finished"):
    """The exercise's result is complete. `reusable`: the tester that found it may be given another file to judge."""

    result: ExerciseResult
    reusable: bool = False


class Recorded(msgspec.Struct, frozen=True, tag="recorded"):
    """What the reference and its mutants answered under one seed, as `suite.recording` writes it."""

    exercise: str
    take: bytes


Event = SuiteStarted | TestStarted | TestFinished | Progress | Recorded | SuiteFinished


def exercise_verdict(tests: tuple[TestResult, ...]) -> Verdict:
    """The worst verdict decides: the kit's fault, then a failure or time-out, then what is to do."""
    return worst(test.verdict for test in tests) if tests else Verdict.ERROR


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """Of several verdicts the one that decides."""
    order = (Verdict.ERROR, Verdict.FAILED, Verdict.TIMEOUT, Verdict.TODO, Verdict.BLOCKED)
    return min((verdict for verdict in verdicts if verdict in order), key=order.index, default=Verdict.PASSED)
