"""One student's `results.json` for Gradescope ("Autograder Specifications", output format)."""

from __future__ import annotations

from typing import Any

from grader.protocol.results import Failure
from grader.render.documents import document_text
from grader.render.plain import explanation, problem_text
from grader.score.marks import StudentMarks
from grader.score.views import ExerciseView, StudentView, TestView


def gradescope_results(view: StudentView) -> str:
    """Every test of the student, then every exercise of which no test could run. Notes stand above them all."""
    tests = [_test(exercise, test) for exercise in view.exercises for test in exercise.tests]
    tests += [_problem(exercise, exercise.problem) for exercise in view.exercises if exercise.problem is not None]
    document = {"score": view.marks.total, "output": _above(view), "visibility": "visible", "tests": tests}
    return document_text(document, indent=1)


def _above(view: StudentView) -> str:
    """What stands above all tests: what is not judged, why fewer points count than were earned, then the notes."""
    names = [exercise.name for exercise in view.exercises if exercise.verdict == "error"]
    faults = [f"Not judged, by the grader's own fault and not yours: {', '.join(names)}."] if names else []
    own = [f"{exercise.name}: {note}" for exercise in view.exercises for note in exercise.notes]
    return "\n".join([*faults, *_late(view.marks), *view.notes, *own])


def _late(marks: StudentMarks) -> list[str]:
    """Why the score is less than the sum of the tests."""
    if marks.total == marks.earned:
        return []
    days = "1 day" if marks.days_late == 1 else f"{marks.days_late} days"
    return [f"{days} late: {round(marks.total, 2):g} of {round(marks.earned, 2):g} points count."]


def _test(exercise: ExerciseView, test: TestView) -> dict[str, Any]:
    return {
        "name": f"{exercise.name}: {test.title}",
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
