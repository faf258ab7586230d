"""From the results of an exercise's tests to that of the exercise."""

from __future__ import annotations

from grader.protocol.jobs import Job
from grader.protocol.results import ExerciseResult, TestResult, Verdict, exercise_verdict


def result_of_tests(job: Job, tests: tuple[TestResult, ...], seconds: float, notes: tuple[str, ...]) -> ExerciseResult:
    """The exercise's result, from those of its tests in the order of the suite."""
    earned = sum(test.points for test in tests if test.verdict is Verdict.PASSED)
    possible = sum(test.points for test in tests)
    blocking = [test.failure for test in tests if test.verdict is Verdict.BLOCKED]
    mistakes = {test.mistake.name: test.mistake for test in tests if test.mistake is not None}
    return ExerciseResult(
        exercise=job.exercise,
        verdict=exercise_verdict(tests),
        tests=tests,
        points=round(job.points * earned / possible, 4) if possible else 0.0,
        points_possible=job.points,
        seed=job.seed,
        tier=job.tier,
        seconds=seconds,
        blocked_by=tuple(dict.fromkeys(failure.blocked_by for failure in blocking if failure is not None)),
        mistakes=tuple(mistakes.values()),
        notes=notes,
    )
