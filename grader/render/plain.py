"""A student's test in plain text, as systems show it that take neither colour nor markup."""

from __future__ import annotations

import re

from grader.protocol.results import Failure
from grader.render.failure_view import plain_lines
from grader.score.views import TestView


def explanation(test: TestView) -> str:
    """A test's finding; of a hidden one only its name."""
    if test.hidden:
        return f"hidden test {test.name}"
    lines = [test.mistake] if test.mistake else []
    return clean("\n".join([*lines, *(plain_lines(test.failure) if test.failure else [])]))


def problem_text(problem: Failure) -> str:
    """Why no test could run."""
    return clean("\n".join(plain_lines(problem)))


def clean(text: str) -> str:
    """The text without characters that XML and terminals do not take."""
    return re.sub(r"[^\t\n\r\x20-\uD7FF\uE000-\uFFFD\U00010000-\U0010FFFF]", "�", text)


def students_text(count: int) -> str:
    return "1 student" if count == 1 else f"{count} students"


def duration(seconds: float) -> str:
    """To the nearest figure that a person would say: it is an estimate."""
    if seconds < 60:
        return f"{max(5, 5 * round(seconds / 5))} s"
    if seconds < 3600:
        return f"{round(seconds / 60)} min"
    return f"{seconds / 3600:.1f} h"
