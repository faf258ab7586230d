"""`grader show` and `grader hint`: briefs and hints on a terminal."""

from __future__ import annotations

from rich.console import Console
from rich.text import Text

from grader.course.curriculum import Exercise
from grader.course.visible import visible


def print_brief(
    console: Console, exercise: Exercise, brief: str, page: str = "", to_predict: str | None = None
) -> None:
    """The brief, and how the exercise is worked on.

    `page` is where the chapter is explained, if it is anywhere; `to_predict` is the exercise's name where it has
    questions to begin with.
    """
    from rich.markdown import Markdown  # heavy: it takes as long to import as all the rest of `grader hint`

    console.print(Markdown(visible(brief)))
    prerequisites = f", after {', '.join(exercise.prerequisites)}" if exercise.prerequisites else ""
    console.print(Text(f"\n{exercise.points:g} points, about {exercise.minutes} minutes{prerequisites}", style="dim"))
    if not exercise.manually_graded:
        console.print(Text(time_limit_text(exercise), style="dim"))
    if to_predict is not None:
        console.print(Text(f"before you code: grader predict {to_predict}"))
    console.print(Text(f"edit   exercises/{exercise.name}{exercise.suffix}\ncheck  grader check {exercise.name}"))
    if page:
        console.print(Text(f"the chapter's page: {page}"))


def time_limit_text(exercise: Exercise) -> str:
    """What the exercise's tests may take."""
    return f"time limit: {exercise.time_limit:g} s a test, {exercise.total_time_limit:g} s in all"


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
