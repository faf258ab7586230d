"""When the rest of a file's tests is not run: one place took for ever twice, or the time of all tests is used up."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from grader.protocol.results import Exhausted, Failure, TestResult, Verdict

MOST_IN_ONE_PLACE = 2


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
        self.used = 0.0
        self.spots: Counter[Spot] = Counter()
        self.reason: Failure | None = None

    def note(self, result: TestResult, seconds: float, is_long: bool) -> None:
        """A test was run and took the learner's process this long."""
        if not is_long:
            self.used += seconds
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
        if self.used >= self.total_seconds:
            text = f"Not run: the tests before it used up the {self.total_seconds:g} s that all tests have together."
            self.reason = Failure(text, exhausted=Exhausted.TIME)


def spot_of(failure: Failure) -> Spot:
    """The innermost of the learner's functions at that moment; without one, the call."""
    if failure.frames:
        frame = failure.frames[-1]
        return Spot(frame.place.file, frame.function)
    return Spot("", failure.call.name if failure.call is not None else "")
