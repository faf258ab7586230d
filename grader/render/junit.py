"""A class as JUnit's XML: one suite for each exercise of each student."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterable

from grader.protocol.results import Failure
from grader.render.plain import clean, explanation, problem_text
from grader.score.views import ExerciseView, StudentView, TestView


def junit(views: Iterable[StudentView]) -> str:
    """One document for the whole class."""
    root = ET.Element("testsuites", name="grader")
    for view in views:
        for exercise in view.exercises:
            _suite(root, view.student, exercise)
    ET.indent(root)
    return ET.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _suite(root: ET.Element, student: str, exercise: ExerciseView) -> None:
    suite = ET.SubElement(
        root,
        "testsuite",
        name=f"{student}: {exercise.name}",
        tests=str(len(exercise.tests)),
        failures=str(sum(test.verdict != "passed" for test in exercise.tests)),
        errors="1" if exercise.problem else "0",
    )
    for test in exercise.tests:
        _case(suite, exercise.name, test)
    if exercise.problem is not None:
        _problem(suite, exercise.name, exercise.problem)


def _case(suite: ET.Element, exercise: str, test: TestView) -> None:
    case = ET.SubElement(suite, "testcase", classname=exercise, name=clean(test.title))
    if test.verdict != "passed":
        element = ET.SubElement(case, "failure", type=test.verdict, message=clean(test.title))
        element.text = explanation(test)


def _problem(suite: ET.Element, exercise: str, problem: Failure) -> None:
    case = ET.SubElement(suite, "testcase", classname=exercise, name=exercise)
    element = ET.SubElement(case, "error", message=clean(problem.message))
    element.text = problem_text(problem)
