"""Results as other programs want them: Gradescope's results.json and JUnit's XML."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from typing import Any

import msgspec

from grader.protocol.results import Failure
from grader.render.terminal import shown_place
from grader.score.views import ExerciseView, StudentView, TestView


def gradescope_results(view: StudentView) -> str:
    """One student's `results.json` (Gradescope, "Autograder Specifications", output format)."""
    tests = [_gradescope_test(exercise, test) for exercise in view.exercises for test in exercise.tests]
    for exercise in view.exercises:
        if exercise.problem is not None:
            tests.append(
                {
                    "name": exercise.name,
                    "score": 0,
                    "max_score": exercise.mark.possible,
                    "status": "failed",
                    "output": exercise.problem.message,
                    "visibility": "visible",
                }
            )
    document = {"score": view.marks.total, "output": "", "visibility": "visible", "tests": tests}
    return msgspec.json.format(msgspec.json.encode(document), indent=1).decode()


def _gradescope_test(exercise: ExerciseView, test: TestView) -> dict[str, Any]:
    return {
        "name": f"{exercise.name}: {test.title}",
        "score": test.earned,
        "max_score": test.possible,
        "status": "passed" if test.verdict == "passed" else "failed",
        "output": clean(explanation(test)),
        "output_format": "text",
        "visibility": "visible",
    }


def explanation(test: TestView) -> str:
    """A test's finding in plain text; of a hidden one only its name."""
    if test.hidden:
        return f"hidden test {test.name}"
    lines = [test.mistake] if test.mistake else []
    return "\n".join([*lines, *(_failure_lines(test.failure) if test.failure else [])])


def _failure_lines(failure: Failure) -> list[str]:
    lines = [failure.message]
    if failure.expected:
        lines.append(f"wanted: {failure.expected}")
    if failure.actual:
        lines.append(f"came: {failure.actual}")
    lines += [f"at {shown_place(frame.place)}: {frame.text}" for frame in failure.frames]
    if failure.place is not None and not failure.frames:
        lines.append(f"in {shown_place(failure.place)}")
    return [*lines, failure.advice] if failure.advice else lines


def junit(views: list[StudentView]) -> str:
    """The whole class: one suite for each exercise of each student."""
    root = ET.Element("testsuites", name="grader")
    for view in views:
        for exercise in view.exercises:
            failed = sum(test.verdict != "passed" for test in exercise.tests)
            suite = ET.SubElement(
                root,
                "testsuite",
                name=f"{view.student}: {exercise.name}",
                tests=str(len(exercise.tests)),
                failures=str(failed),
                errors="1" if exercise.problem else "0",
            )
            for test in exercise.tests:
                case = ET.SubElement(suite, "testcase", classname=exercise.name, name=clean(test.title))
                if test.verdict != "passed":
                    element = ET.SubElement(case, "failure", type=test.verdict, message=clean(test.title))
                    element.text = clean(explanation(test))
            if exercise.problem is not None:
                case = ET.SubElement(suite, "testcase", classname=exercise.name, name=exercise.name)
                ET.SubElement(case, "error", message=clean(exercise.problem.message))
    ET.indent(root)
    return ET.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def clean(text: str) -> str:
    """The text without characters that XML and terminals do not take."""
    return re.sub(r"[^\t\n\r\x20-\uD7FF\uE000-\uFFFD\U00010000-\U0010FFFF]", "�", text)
