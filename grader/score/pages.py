"""HTML pages, each one file with nothing loaded from elsewhere. All text is escaped."""

from __future__ import annotations

import jinja2

from grader.render.terminal import printable
from grader.score.similar import Pair
from grader.score.views import ClassView, StudentView


def student_page(view: StudentView) -> str:
    """A student's feedback."""
    return _environment().get_template("student.html").render(view=view)


def class_page(view: ClassView) -> str:
    """The class: distribution, mistakes, tests, students."""
    return _environment().get_template("class.html").render(view=view)


def similar_page(pairs: list[Pair]) -> str:
    """The pairs of similar submissions, side by side."""
    return _environment().get_template("similar.html").render(pairs=pairs)


def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("grader.score"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["points"] = lambda number: f"{round(number, 2):g}"
    environment.filters["printable"] = printable
    return environment
