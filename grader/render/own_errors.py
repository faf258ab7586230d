"""What the learner's own code raised, with their lines and nothing of the program's."""

from __future__ import annotations

from grader.learner.own_errors import OwnCodeError
from grader.render.failure_view import shown_place
from grader.render.terminal import Lines

MARGIN = 4


def own_error_lines(error: OwnCodeError, lines: Lines) -> None:
    """The exception first, then the lines on the way to it, the innermost first."""
    lines.line(f"Your code raised {error.kind}{f': {error.message}' if error.message else ''}", 0, "bold red")
    for number, frame in enumerate(reversed(error.frames)):
        where = f"{'in' if number == 0 else 'called in'} {frame.function}" if frame.function else "there"
        lines.line(f"{shown_place(frame.place)}  {where}", 2)
        if frame.text:
            lines.line(frame.text, MARGIN, "cyan")
