"""A file that cannot be judged, as the result that it gives its exercise."""

from __future__ import annotations

from collections.abc import Callable

from grader.course.cells import Cells
from grader.course.curriculum import Exercise
from grader.course.source import SourceProblem
from grader.judge.apart import READING, Bounds, NotDone, apart
from grader.protocol.places import place_in
from grader.protocol.results import ExerciseResult, Failure, Frame, Place, Verdict


def problem_apart(
    look: Callable[[], SourceProblem | None], display_path: str, bounds: Bounds = READING
) -> SourceProblem | None:
    """What a look at a file finds, in a process of its own: one that takes too long or too much is a problem, too."""
    try:
        return apart(look, SourceProblem | None, bounds)
    except NotDone as reason:
        return SourceProblem(display_path, f" cannot be judged: {reason}.")


def unreadable_result(
    exercise: Exercise, problem: SourceProblem, display_path: str, cells: Cells | None, seed: int, tier: str = "none"
) -> ExerciseResult:
    """The result of an exercise whose file has this problem. `cells` are those of a notebook."""
    return ExerciseResult(
        exercise.name,
        Verdict.FAILED,
        problem=failure_of(problem, display_path, cells),
        points_possible=exercise.points,
        seed=seed,
        tier=tier,
    )


def failure_of(problem: SourceProblem, display_path: str, cells: Cells | None) -> Failure:
    """What is said of the problem, and where it is."""
    place = place_in(display_path, problem.line, cells)
    where = f" in {_words(place)}" if problem.line is not None else ""
    frames = (Frame(place, "", problem.text),) if problem.text else ()
    message = f"{problem.subject}{where}{problem.predicate}"
    return Failure(message, frames=frames, place=place, advice=problem.advice)


def _words(place: Place) -> str:
    """`line 3`, or `cell 2, line 3`, for the middle of a sentence."""
    return f"line {place.line}" if place.cell is None else f"cell {place.cell}, line {place.line}"
