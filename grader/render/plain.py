"""A student's test in plain text, as systems show it that take neither colour nor markup."""

from __future__ import annotations

from collections.abc import Iterable

from grader.course.visible import visible_line
from grader.protocol.results import Failure
from grader.render.failure_view import plain_lines
from grader.score.views import TestView


def explanation(test: TestView) -> str:
    """A test's finding; of a hidden one only its name."""
    if test.hidden:
        return f"hidden test {test.name}"
    lines = [test.mistake] if test.mistake else []
    return "\n".join([*lines, *(plain_lines(test.failure) if test.failure else [])])


def problem_text(problem: Failure) -> str:
    """Why no test could run."""
    return "\n".join(plain_lines(problem))


def lines_text(lines: Iterable[str]) -> str:
    """The lines as one text, each on a line of its own: none that holds a stranger's words begins another."""
    return "\n".join(visible_line(line) for line in lines)


def students_text(count: int) -> str:
    return "1 student" if count == 1 else f"{count} students"


def duration(seconds: float) -> str:
    """To the nearest figure that a person would say: it is an estimate."""
    if seconds < 60:
        return f"{max(5, 5 * round(seconds / 5))} s"
    if seconds < 3600:
        return f"{round(seconds / 60)} min"
    return f"{seconds / 3600:.1f} h"
