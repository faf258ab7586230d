"""A class as JUnit's XML: one suite for each exercise of each student."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterable

from grader.course.visible import visible
from grader.protocol.results import Failure
from grader.render.plain import explanation, problem_text
from grader.score.views import ExerciseView, StudentView, TestView


def junit(views: Iterable[StudentView]) -> str:
    """One document for the whole class. Some characters cannot be written in XML: all of its texts are made visible."""
    root = ET.Element("testsuites", name="grader")
    for view in views:
        for exercise in view.exercises:
            _suite(root, view.student, exercise)
    for element in root.iter():
        element.attrib = {name: visible(value) for name, value in element.attrib.items()}
        element.text = visible(element.text) if element.text is not None else None
    ET.indent(root)
    return ET.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _suite(root: ET.Element, student: str, exercise: ExerciseView) -> None:
    suite = ET.SubElement(
        root,
        "testsuite",
        name=f"{student}: {exercise.name}",
        tests=str(len(exercise.tests)),
        failures=str(sum(test.verdict not in ("passed", "error") for test in exercise.tests)),
        errors=str(sum(test.verdict == "error" for test in exercise.tests) + (exercise.problem is not None)),
    )
    for test in exercise.tests:
        _case(suite, exercise.name, test)
    if exercise.problem is not None:
        _problem(suite, exercise, exercise.problem)


def _case(suite: ET.Element, exercise: str, test: TestView) -> None:
    case = ET.SubElement(suite, "testcase", classname=exercise, name=test.title)
    if test.verdict != "passed":
        kind = "error" if test.verdict == "error" else "failure"
        element = ET.SubElement(case, kind, type=test.verdict, message=test.title)
        element.text = explanation(test)


def _problem(suite: ET.Element, exercise: ExerciseView, problem: Failure) -> None:
    case = ET.SubElement(suite, "testcase", classname=exercise.name, name=exercise.name)
    element = ET.SubElement(case, "error", type=exercise.verdict, message=problem.message)
    element.text = problem_text(problem)
