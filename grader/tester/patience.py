"""When the rest of a file's tests is not run: one place took for ever twice, or the time of all tests is used up.

Beside the time of the learner's process counts that of the tester, which an answer may keep busy, and the clock.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from grader.protocol.results import Exhausted, Failure, TestResult, Verdict

MOST_IN_ONE_PLACE = 2
CLOCK_FACTOR = 10.0


@dataclass(frozen=True)
class Spent:
    """What a test took, in seconds: of the learner's process, of the tester's processor, and by the clock."""

    learner: float = 0.0
    tester: float = 0.0
    clock: float = 0.0

    def __add__(self, other: Spent) -> Spent:
        return Spent(self.learner + other.learner, self.tester + other.tester, self.clock + other.clock)

    def __sub__(self, other: Spent) -> Spent:
        return Spent(self.learner - other.learner, self.tester - other.tester, self.clock - other.clock)

    def share_of(self, seconds: float) -> float:
        """The part that is used up of what all tests have. A busy machine is not held against anyone: so the clock has
        a bound far above."""
        return max(self.learner, self.tester, self.clock / CLOCK_FACTOR) / seconds


@dataclass(frozen=True)
class Spot:
    """Where a test ran out of time: the function of a file, or the call, where no line of the learner's is known."""

    file: str
    name: str


class Patience:
    """Follows the tests of one file. `total_seconds` is what those without a longer limit of their own may use.

    `reason` is why the next test is not run, None where it is.
    """

    def __init__(self, total_seconds: float) -> None:
        self.total_seconds = total_seconds
        self.used = Spent()
        self.spots: Counter[Spot] = Counter()
        self.reason: Failure | None = None

    def note(self, result: TestResult, spent: Spent, is_long: bool) -> None:
        """A test was run and took so long."""
        if not is_long:
            self.used += spent
        if self.reason is not None:
            return
        failure = result.failure
        if result.verdict is Verdict.TIMEOUT and failure is not None:
            spot = spot_of(failure)
            self.spots[spot] += 1
            if self.spots[spot] >= MOST_IN_ONE_PLACE:
                where = f" in `{spot.name}`" if spot.name else ""
                text = f"Not run: two tests before it ran out of time{where}."
                self.reason = Failure(text, place=failure.place, exhausted=Exhausted.TIME)
                return
        if self.used.share_of(self.total_seconds) >= 1:
            text = f"Not run: the tests before it used up the {self.total_seconds:g} s that all tests have together."
            self.reason = Failure(text, exhausted=Exhausted.TIME)


def spot_of(failure: Failure) -> Spot:
    """The innermost of the learner's functions at that moment; without one, the call."""
    if failure.frames:
        frame = failure.frames[-1]
        return Spot(frame.place.file, frame.function)
    return Spot("", failure.call.name if failure.call is not None else "")
