"""HTML pages, each one file with nothing loaded from elsewhere. All text is made visible and escaped."""

from __future__ import annotations

import re

import jinja2
from markupsafe import Markup, escape

from grader.course.visible import visible
from grader.render.failure_view import case_rows, failure_rows
from grader.score.intake.names import file_name
from grader.score.similar import Pair
from grader.score.views import ClassView, StudentView


class Pages:
    """The templates, each compiled once."""

    def __init__(self) -> None:
        self.environment = jinja2.Environment(
            loader=jinja2.PackageLoader("grader.render"),
            autoescape=True,
            finalize=_shown,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self.environment.filters["points"] = lambda number: f"{round(number, 2):g}"
        self.environment.filters["file_name"] = file_name
        self.environment.filters["prose"] = prose
        self.environment.filters["rows"] = failure_rows
        self.environment.filters["group_rows"] = lambda group: case_rows(group.shown.failure)

    def student(self, view: StudentView) -> str:
        """A student's feedback."""
        return self.environment.get_template("student.html").render(view=view)

    def whole_class(self, view: ClassView) -> str:
        """The class: distribution, mistakes, tests, students."""
        return self.environment.get_template("class.html").render(view=view)

    def similar(self, pairs: list[Pair]) -> str:
        """The pairs of similar submissions, side by side."""
        return self.environment.get_template("similar.html").render(pairs=pairs)


def prose(text: str) -> Markup:
    """A sentence, escaped, with what stands in backticks set as code."""
    return Markup(re.sub(r"`([^`\n]+)`", r"<code>\1</code>", str(escape(visible(text)))))


def _shown(value: object) -> object:
    """What a template puts into its page, made visible. `Markup` is ours, and was made of what is visible."""
    return visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value
