"""`grader update` on a terminal: what changed in the exercises that the learner had begun."""

from __future__ import annotations

from rich.console import Console

from grader.learner.update import ExerciseChange, Updated
from grader.render.history import print_diff
from grader.render.terminal import Lines

LINES_OF_STUB = 24


def print_updated(console: Console, done: Updated) -> None:
    """The begun exercises first; then, in a line each, what else is new."""
    lines = Lines(console)
    when = done.after.released[:16].replace("T", " ") + " UTC" if done.after.released else "at an unknown time"
    lines.line(f"This kit is now the one released {when}.", 0, "bold")
    lines.line("Your files, notebooks and progress are as they were. What had passed is checked anew the next time.")
    for change in done.changes:
        _print_change(lines, change)
    if not done.changes:
        lines.line("Nothing changed in the exercises that you had begun.")
    lines.line("")
    if done.new_exercises:
        lines.line(f"New exercises: {', '.join(done.new_exercises)}")
    if done.replaced_stubs:
        lines.line(f"New stubs, where you had not begun: {', '.join(done.replaced_stubs)}")
    if done.other_libraries:
        lines.line("The kit asks for other versions of its libraries: `make check` installs them.", 0, "yellow")


def _print_change(lines: Lines, change: ExerciseChange) -> None:
    lines.line("")
    lines.line(change.exercise, 0, "bold")
    for word, titles in (("new", change.tests.new), ("changed", change.tests.changed), ("gone", change.tests.gone)):
        for title in titles:
            lines.line(f"{word} test: {title}", 2)
    if change.stub:
        lines.line("the stub, old and new:", 2)
        print_diff(lines, change.stub[:LINES_OF_STUB], 4)
        if len(change.stub) > LINES_OF_STUB:
            lines.line(f"… {len(change.stub) - LINES_OF_STUB} lines more", 4, "dim")
    if change.new_stub is not None:
        lines.line(f"Your file is as it was; the new stub lies beside it: {change.new_stub}", 2)
