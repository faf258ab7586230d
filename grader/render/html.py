"""The pages of those who teach: a student's feedback, the whole class, similar submissions."""

from __future__ import annotations

from grader.render.failure_view import case_rows, failure_rows
from grader.render.pages.environment import page_environment
from grader.score.intake.names import file_name
from grader.score.similar import Pair
from grader.score.views import ClassView, StudentView


class Pages:
    """The templates, each compiled once."""

    def __init__(self) -> None:
        self.environment = page_environment("templates")
        self.environment.filters["file_name"] = file_name
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
