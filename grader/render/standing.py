"""`grader` alone, on a terminal: five lines."""

from __future__ import annotations

from rich.console import Console
from rich.text import Text

from grader.learner.standing import Standing
from grader.render.terminal import Lines

LABEL = 9


def print_standing(console: Console, found: Standing) -> None:
    """The chapter, what has passed, what is next, its file, and the one command."""
    lines = Lines(console)
    lines.cut(Text.assemble((f"{'chapter':<{LABEL}}", "dim"), (found.chapter.name, "bold"), f"  {found.chapter.title}"))
    points = f"{found.points:g} of {found.points_possible:g} points"
    lines.cut(Text.assemble(("passed   ", "dim"), f"{found.passed} of {found.exercises} exercises, {points}"))
    for label, text in _rows(found):
        lines.cut(Text.assemble((f"{label:<{LABEL}}", "dim"), text))


def _rows(found: Standing) -> tuple[tuple[str, str], ...]:
    if found.upcoming is None:
        return (("next", "nothing: every exercise has passed"), ("look", "grader list"), ("help", "grader --help"))
    title = f"{found.upcoming.name}, {found.upcoming.title} ({found.upcoming.minutes} minutes)"
    return (("next", title), ("edit", found.file), ("then", f"grader watch {found.short}"))
