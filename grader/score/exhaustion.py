"""Which file used up the time or the memory of an exercise's tests, and what is said of one that is not run for it."""

from __future__ import annotations

from collections.abc import Mapping

from grader.course.curriculum import Exercise
from grader.protocol.results import ExerciseResult, Exhausted, Failure, Verdict
from grader.score.work import Work

NOT_RUN = "not run:"  # before the digest of work that was judged on the reference's parts alone


def exhausted_in(work: Work, result: ExerciseResult) -> dict[str, Exhausted]:
    """The exercises in whose files shown tests of this one ran out of time or memory, by the places that are named.

    What a hidden one ran out of is not to be told, and what is not run because of it would tell.
    """
    if result.verdict is Verdict.BLOCKED:
        return {}
    failures = [result.problem, *(test.failure for test in result.tests if not test.hidden)]
    return {
        _part_of(work, failure): failure.exhausted
        for failure in failures
        if failure is not None and failure.exhausted is not None
    }


def _part_of(work: Work, failure: Failure) -> str:
    """The earlier part whose file is named, or else the exercise itself."""
    name = failure.place.file.rpartition(".")[0] if failure.place is not None else ""
    return name if name in work.parts else work.exercise


def not_run_result(exercise: Exercise, work: Work, blocking: Mapping[str, Exhausted]) -> ExerciseResult:
    """What stands for the run on the student's own earlier parts, which is not made."""
    reasons = " and ".join(f"{name}: it ran out of {what}" for name, what in blocking.items())
    return ExerciseResult(
        exercise.name,
        Verdict.BLOCKED,
        problem=Failure(f"Not run on your own {reasons}.", exhausted=next(iter(blocking.values()))),
        points_possible=exercise.points,
        seed=work.seed,
        tier=work.tier,
        blocked_by=tuple(blocking),
    )


def why_not_run(own: ExerciseResult) -> str:
    """The sentence of a result that stands for a run which was not made; empty for one that was."""
    problem = own.problem
    not_made = own.verdict is Verdict.BLOCKED and problem is not None and problem.exhausted is not None
    return problem.message if not_made and problem is not None else ""
