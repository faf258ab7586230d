"""One student's `results.json` for Gradescope ("Autograder Specifications", output format)."""

from __future__ import annotations

from typing import Any

import msgspec

from grader.protocol.results import Failure
from grader.render.plain import clean, explanation, problem_text
from grader.score.views import ExerciseView, StudentView, TestView


def gradescope_results(view: StudentView) -> str:
    """Every test of the student, then every exercise of which no test could run. Notes stand above them all."""
    tests = [_test(exercise, test) for exercise in view.exercises for test in exercise.tests]
    tests += [_problem(exercise, exercise.problem) for exercise in view.exercises if exercise.problem is not None]
    document = {"score": view.marks.total, "output": _above(view), "visibility": "visible", "tests": tests}
    return msgspec.json.format(msgspec.json.encode(document), indent=1).decode()


def _above(view: StudentView) -> str:
    """What stands above all tests: exercises that the grader could not judge, then the notes."""
    names = [exercise.name for exercise in view.exercises if exercise.verdict == "error"]
    faults = [f"Not judged, by the grader's own fault and not yours: {', '.join(names)}."] if names else []
    own = [f"{exercise.name}: {note}" for exercise in view.exercises for note in exercise.notes]
    return clean("\n".join([*faults, *view.notes, *own]))


def _test(exercise: ExerciseView, test: TestView) -> dict[str, Any]:
    return {
        "name": f"{exercise.name}: {clean(test.title)}",
        "score": test.earned,
        "max_score": test.possible,
        "status": "passed" if test.verdict == "passed" else "failed",
        "output": explanation(test),
        "output_format": "text",
        "visibility": "visible",
    }


def _problem(exercise: ExerciseView, problem: Failure) -> dict[str, Any]:
    return {
        "name": exercise.name,
        "score": 0,
        "max_score": exercise.mark.possible,
        "status": "failed",
        "output": problem_text(problem),
        "output_format": "text",
        "visibility": "visible",
    }
