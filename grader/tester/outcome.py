"""From a file's run to the exercise's result, with every place named as the learner names it."""

from __future__ import annotations

import os

import msgspec

from grader.course.cells import suffix_of
from grader.protocol.jobs import Job, Shown
from grader.protocol.outcomes import result_of_tests
from grader.protocol.places import place_in
from grader.protocol.results import ExerciseResult, Failure, Frame, Place, TestResult, Verdict
from grader.tester.bounded import bounded
from grader.tester.concealed import concealed, concealed_failure, shown
from grader.tester.file_run import FileRun


def outcome(run: FileRun, seconds: float) -> ExerciseResult:
    """The result of a file. A run without tests has a problem that says why."""
    job, problem = run.job, run.problem
    tests = tuple(as_shown(job, run.results[name]) for name in run.order if name in run.results)
    result = result_of_tests(job, tests, seconds, () if shown(job) is Shown.NONE else bounded(run.notes))
    if problem is None:
        is_passed = result.verdict is Verdict.PASSED and shown(job) is not Shown.NONE
        return msgspec.structs.replace(result, figures=run.figures) if is_passed else result
    failure = bounded(learners_view(job, problem.failure))
    if shown(job) is Shown.NONE:
        failure = concealed_failure(job, problem.verdict, failure)
    blocked_by = result.blocked_by
    if problem.verdict is Verdict.BLOCKED:
        blocked_by = tuple(dict.fromkeys((*blocked_by, problem.failure.blocked_by)))
    return msgspec.structs.replace(result, verdict=problem.verdict, problem=failure, blocked_by=blocked_by)


def as_shown(job: Job, test: TestResult) -> TestResult:
    """A test's result with every place named as the learner names it, as far as it is to be kept."""
    failure = learners_view(job, test.failure) if test.failure is not None else None
    found = bounded(msgspec.structs.replace(test, failure=failure))
    is_kept = shown(job) is Shown.ALL or (shown(job) is Shown.PUBLIC and not test.hidden)
    return found if is_kept else concealed(job, found)


def learners_view(job: Job, failure: Failure) -> Failure:
    """The same failure with the learner's files named as the learner names them: those of earlier parts, too."""
    learner = job.learner
    frames = tuple(
        Frame(_as_named(job, frame.place), frame.function, frame.text, frame.locals) for frame in failure.frames
    )
    place = None if failure.place is None else _as_named(job, failure.place)
    line = failure.wrong_line
    if line is not None:
        place_before = _as_named(job, line.right_before)
        line = msgspec.structs.replace(line, place=_as_named(job, line.place), right_before=place_before)
    message = failure.message.replace(learner.file, learner.display_path)
    return msgspec.structs.replace(failure, frames=frames, place=place, message=message, wrong_line=line)


def _as_named(job: Job, place: Place) -> Place:
    learner = job.learner
    if place.file == learner.file:
        return place_in(learner.display_path, place.line, learner.notebooks.get(job.exercise))
    if not place.file.startswith(learner.root + "/"):
        return place
    name = place.file[len(learner.root) + 1 :].removesuffix(".py")
    cells = learner.notebooks.get(name)
    return place_in(file_as_named(job, name), place.line, cells)


def file_as_named(job: Job, name: str) -> str:
    """The learner's file of an exercise, another one of the tree too, as messages name it."""
    learner = job.learner
    before, found, _ = learner.display_path.rpartition(job.exercise)
    tree = before if found else os.path.basename(learner.root) + "/"
    return tree + name + suffix_of(learner.notebooks.get(name))
