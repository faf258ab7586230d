"""`grader list`: the chapters with each exercise's state and points."""

from __future__ import annotations

from rich.console import Console
from rich.text import Text

from grader.course.curriculum import Chapter, Curriculum

OTHER_COLUMNS = 42


def print_list(console: Console, curriculum: Curriculum, state: dict[str, str]) -> None:
    """Every chapter, then the sum. `state` holds a word for the exercises that have one."""
    for chapter in curriculum.chapters:
        _print_chapter(console, chapter, state)
    total = sum(e.points for e in curriculum.exercises)
    done = sum(e.points for e in curriculum.exercises if state.get(e.name) == "passed")
    console.print(Text(f"{done:g} of {total:g} points"))


def _print_chapter(console: Console, chapter: Chapter, state: dict[str, str]) -> None:
    done = sum(state.get(e.name) == "passed" for e in chapter.exercises)
    heading = Text.assemble((chapter.name, "bold"), f"  {chapter.title}  ")
    console.print(heading.append(f"{done} of {len(chapter.exercises)}", style="dim"))
    for exercise in chapter.exercises:
        word = state.get(exercise.name, "")
        style = {"passed": "green", "changed": "yellow"}.get(word, "")
        sign = {"passed": "✓", "changed": "~"}.get(word, " ")
        room = console.width - OTHER_COLUMNS
        title = exercise.title if len(exercise.title) <= room else exercise.title[: room - 1] + "…"
        middle = f"{exercise.short:<20}{title:<{room}}{exercise.points:>5g}  "
        console.print(Text.assemble((f"  {sign} ", style), middle, (word, style)))
    console.print(Text(""))
