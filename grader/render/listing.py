"""`grader list`: the chapters with each exercise's state, points, minutes and attempts."""

from __future__ import annotations

from collections.abc import Mapping

from rich.console import Console
from rich.text import Text

from grader.course.curriculum import Curriculum, Exercise
from grader.learner.attempts import Summary
from grader.render.history import attempts_text
from grader.render.terminal import Lines

NAME, COSTS = 20, 19
OTHER_COLUMNS = 4 + NAME + COSTS
LEAST_TITLE = 16  # characters; where there is no room for so many, a title has a line of its own
STYLES = {"passed": "green", "changed": "yellow", "skipped": "yellow"}
SIGNS = {"passed": "✓", "changed": "~", "skipped": "-"}


def print_list(
    console: Console, curriculum: Curriculum, state: Mapping[str, str], attempts: Mapping[str, Summary]
) -> None:
    """Every chapter, then the sum. `state` holds a word for the exercises that have one."""
    lines = Lines(console)
    for chapter in curriculum.chapters:
        done = sum(state.get(e.name) == "passed" for e in chapter.exercises)
        heading = Text.assemble((chapter.name, "bold"), f"  {chapter.title}  ")
        lines.text(heading.append(f"{done} of {len(chapter.exercises)}", style="dim"))
        for exercise in chapter.exercises:
            _print_exercise(lines, exercise, state.get(exercise.name, ""), attempts.get(exercise.name))
        lines.line("")
    _print_sum(lines, curriculum, state)


def _print_exercise(lines: Lines, exercise: Exercise, word: str, attempts: Summary | None) -> None:
    style = STYLES.get(word, "")
    lead = Text(f"  {SIGNS.get(word, ' ')} ", style)
    costs = f"{exercise.points:g} pts{exercise.minutes:>5} min"
    room = lines.console.width - OTHER_COLUMNS
    if room >= LEAST_TITLE:
        title = exercise.title if len(exercise.title) < room else exercise.title[: room - 2] + "…"
        lines.text(Text(f"{exercise.short:<{NAME}}{title:<{room}}{costs:>{COSTS}}"), 0, lead)
    else:
        lines.text(Text(f"{exercise.short}  {' '.join(costs.split())}"), 0, lead)
        lines.line(exercise.title, 4)
    if text := state_text(word, attempts):
        lines.line(text, 4, style or "dim")


def state_text(word: str, attempts: Summary | None) -> str:
    """What became of the exercise so far, in one line; nothing where nothing did."""
    word = "changed since it passed" if word == "changed" else word
    if attempts is None:
        return word
    told = attempts_text(attempts.attempts, attempts.until_passed)
    has_passed = attempts.until_passed is not None
    if word == "passed" and has_passed:
        return told
    return f"{word}; {told}" if word else told


def _print_sum(lines: Lines, curriculum: Curriculum, state: Mapping[str, str]) -> None:
    total = sum(e.points for e in curriculum.exercises)
    done = sum(e.points for e in curriculum.exercises if state.get(e.name) == "passed")
    lines.line(f"{done:g} of {total:g} points")
    skipped = [curriculum.shortest_name(e) for e in curriculum.exercises if state.get(e.name) == "skipped"]
    if skipped:
        lines.line(f"Skipped: {', '.join(skipped)}. `grader skip --undo {skipped[0]}` ends the skipping.")
