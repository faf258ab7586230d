"""What is known of a job whose tester ended before it had a result, and what becomes of it.

A tester ends where the code that it judges makes it use too much. That costs the one test at which it happened: what
was found before counts, and what is left is run by another tester.
"""

from __future__ import annotations

import signal
from dataclasses import dataclass, field

import msgspec

from grader.protocol.jobs import Job, JudgeMode
from grader.protocol.outcomes import result_of_tests
from grader.protocol.results import (
    Event,
    ExerciseResult,
    Exhausted,
    Failure,
    PlannedTest,
    SuiteStarted,
    TestFinished,
    TestResult,
    TestStarted,
    Verdict,
)
from grader.tester.guard import CLOCK_ENDED

MOST_LOSSES = 1  # and then one more ends it
REPORT = "The grader's own process ended before it had a result. Please report this."
KEPT_BUSY = "What your code answered kept the grader's own process busy until its time was over."
TOO_LARGE = "What your code answered took more memory than the grader's own process may have."
ADVICE = "Return plain values of the sizes that the stub names."


@dataclass
class Witness:
    """What has been seen of a job: its tests in the order of the suite, the one that runs, and what was found."""

    planned: tuple[PlannedTest, ...] = ()
    running: str = ""
    found: dict[str, TestResult] = field(default_factory=dict)
    losses: int = 0

    def see(self, event: Event) -> None:
        """Something has happened."""
        match event:
            case SuiteStarted() if not self.planned:
                self.planned = event.tests
            case TestStarted():
                self.running = event.name
            case TestFinished():
                self.running = ""
                self.found[event.result.name] = event.result

    def lose(self, status: int | None) -> TestResult | None:
        """The tester has ended with this status. The result of the test at which it did."""
        self.losses += 1
        lost = next((test for test in self.planned if test.name == self.running), None)
        self.running = ""
        if lost is None:
            return None
        self.found[lost.name] = lost.without_run(*_blamed(status))
        return self.found[lost.name]

    def rest(self, job: Job) -> Job | None:
        """The job that is left, None where it is not to be gone on with."""
        names = tuple(test.name for test in self.planned if test.name not in self.found and _is_wanted(job, test))
        if not names or self.losses > MOST_LOSSES or not isinstance(job.mode, JudgeMode) or self._is_enough(job.mode):
            return None
        return msgspec.structs.replace(job, mode=msgspec.structs.replace(job.mode, only=names))

    def _is_enough(self, mode: JudgeMode) -> bool:
        return mode.fail_fast and any(result.verdict is not Verdict.PASSED for result in self.found.values())

    def with_found(self, job: Job, result: ExerciseResult) -> ExerciseResult:
        """The result of what was left, with what was found before."""
        if not self.losses or result.problem is not None:
            return result
        return self.result(job, {test.name: test for test in result.tests}, result.seconds, result.notes)

    def result(
        self,
        job: Job,
        later: dict[str, TestResult] | None = None,
        seconds: float = 0.0,
        notes: tuple[str, ...] = (),
    ) -> ExerciseResult:
        """What was found, as the exercise's result. What was not run at all says why."""
        found = {**self.found, **(later or {})}
        if not found:
            return ExerciseResult(job.exercise, Verdict.ERROR, problem=Failure(REPORT), points_possible=job.points)
        if self.losses > MOST_LOSSES:
            reason = Failure("Not run: the tests before it ended the grader's own process.", exhausted=Exhausted.TIME)
            left = [test for test in self.planned if test.name not in found and _is_wanted(job, test)]
            found |= {test.name: test.without_run(Verdict.TIMEOUT, reason) for test in left}
        tests = tuple(found[test.name] for test in self.planned if test.name in found)
        return result_of_tests(job, tests, seconds or sum(test.seconds for test in tests), notes)


def _is_wanted(job: Job, test: PlannedTest) -> bool:
    return not isinstance(job.mode, JudgeMode) or job.mode.wants(test.name)


def _blamed(status: int | None) -> tuple[Verdict, Failure]:
    """Whose fault the end of a tester is, by its exit status: the solution ends none."""
    if status in (CLOCK_ENDED, -signal.SIGXCPU):
        return Verdict.TIMEOUT, Failure(KEPT_BUSY, advice=ADVICE, exhausted=Exhausted.TIME)
    if status == -signal.SIGKILL:
        return Verdict.FAILED, Failure(TOO_LARGE, advice=ADVICE, exhausted=Exhausted.MEMORY)
    return Verdict.ERROR, Failure(REPORT)
