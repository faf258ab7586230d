"""Briefs and hints."""

from __future__ import annotations

import ast

from rich.console import Console
from rich.markdown import Markdown
from rich.text import Text

from grader.course.curriculum import Exercise
from grader.course.layout import Layout


def brief_of(layout: Layout, exercise: Exercise) -> str:
    """The Markdown at the head of an exercise's file: of the pristine one where the learner's has none."""
    for path in (
        layout.exercise_file(exercise.name, exercise.suffix),
        layout.pristine_file(exercise.name, exercise.suffix),
        layout.solution_file(exercise.name, exercise.suffix),
    ):
        try:
            text = path.read_text(encoding="utf-8")
            brief = text if exercise.manually_graded else ast.get_docstring(ast.parse(text))
        except (OSError, UnicodeDecodeError, SyntaxError, ValueError):
            continue
        if brief:
            return brief
    return f"# {exercise.title}"


def print_brief(console: Console, layout: Layout, exercise: Exercise) -> None:
    """The brief, and how the exercise is worked on."""
    console.print(Markdown(brief_of(layout, exercise)))
    prerequisites = f", after {', '.join(exercise.prerequisites)}" if exercise.prerequisites else ""
    console.print(Text(f"\n{exercise.points:g} points, about {exercise.minutes} minutes{prerequisites}", style="dim"))
    console.print(Text(f"edit   exercises/{exercise.name}{exercise.suffix}\ncheck  grader check {exercise.name}"))


def print_hints(console: Console, exercise: Exercise, count: int) -> None:
    """The hints up to this one, the latest last."""
    if not exercise.hints:
        console.print(Text(f"{exercise.name} has no hints."))
        return
    for number, text in enumerate(exercise.hints[:count], 1):
        style = "" if number == count else "dim"
        console.print(Text(f"Hint {number} of {len(exercise.hints)}", style="bold" if number == count else "dim"))
        for line in Text(text, style=style).wrap(console, console.width - 2):
            line.rstrip()
            console.print(Text("  ") + line, soft_wrap=True)
        console.print(Text(""))
    if count == len(exercise.hints):
        console.print(Text("That was the last hint."))
