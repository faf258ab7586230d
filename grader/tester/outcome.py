"""From the verdicts on a suite's tests to the exercise's result, with files named as the learner names them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import msgspec

from grader.protocol.jobs import Job
from grader.protocol.results import ExerciseResult, Failure, Frame, TestResult, Verdict, exercise_verdict

if TYPE_CHECKING:
    from grader.tester.plugin import SuitePlugin


def outcome(plugin: SuitePlugin, seconds: float) -> ExerciseResult:
    """The result of the file that the plugin has judged."""
    job = plugin.job
    tests = tuple(_shown_frames(job, test) for test in plugin.in_file_order())
    problem = plugin.problem
    if problem is not None:
        problem = _relative(job, problem)
    elif not tests:
        problem = Failure(f"The suite {job.suite} could not be collected: {plugin.collection_error}")
    verdict = plugin.problem_verdict if plugin.problem is not None else exercise_verdict(tests)
    earned = sum(test.points for test in tests if test.verdict is Verdict.PASSED)
    possible = sum(test.points for test in tests)
    seen = {test.mistake.name: test.mistake for test in tests if test.mistake is not None}
    return ExerciseResult(
        exercise=job.exercise,
        verdict=verdict,
        tests=tests,
        problem=problem,
        points=round(job.points * earned / possible, 4) if possible else 0.0,
        points_possible=job.points,
        seed=job.seed,
        tier=job.tier,
        seconds=seconds,
        mistakes=tuple(seen.values()),
    )


def _shown_frames(job: Job, test: TestResult) -> TestResult:
    if test.failure is None:
        return test
    return msgspec.structs.replace(test, failure=_relative(job, test.failure))


def _relative(job: Job, failure: Failure) -> Failure:
    """The same failure with the learner's files named as the learner names them: those of earlier parts, too."""
    before, found, _ = job.display_path.rpartition(job.exercise)
    tree = before if found else os.path.basename(job.root) + "/"

    def display_path(path: str) -> str:
        if path.startswith(job.file):
            return job.display_path + path[len(job.file) :]
        return tree + path[len(job.root) + 1 :] if path.startswith(job.root + "/") else path

    frames = tuple(
        Frame(display_path(item.file), item.line, item.function, item.text, item.locals) for item in failure.frames
    )
    message = failure.message.replace(job.file, job.display_path)
    return msgspec.structs.replace(failure, frames=frames, location=display_path(failure.location), message=message)
