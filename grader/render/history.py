"""`grader history`: the attempts at an exercise, and the lines that were changed to make it pass."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from rich.console import Console
from rich.text import Text

from grader.course.visible import visible
from grader.learner.attempts import Attempt
from grader.learner.history import Change, History
from grader.protocol.results import Verdict
from grader.render.terminal import Lines

MINUTE, HOUR, DAY = 60, 3600, 86400
STYLES = {"+": "green", "-": "red", "@": "cyan"}


def print_history(console: Console, history: History, short: str) -> None:
    """A line for each attempt with what was named under it, then the change."""
    lines = Lines(console)
    if history.summary is None:
        lines.line(
            f"{history.exercise.name}: no attempt yet. When you have written something, `grader check {short}` is one."
        )
        return
    lines.text(Text.assemble((history.exercise.name, "bold"), f"  {history.exercise.title}"))
    lines.line(attempts_text(history.summary.attempts, history.summary.until_passed))
    lines.line("")
    for number, attempt in enumerate(history.attempts, 1):
        _print_attempt(lines, number, attempt)
    if history.change is not None:
        _print_change(lines, history.change)


def attempts_text(attempts: int, until_passed: timedelta | None) -> str:
    """How many attempts there were, and how long it took from the first to the pass."""
    if until_passed is None:
        return f"{attempts} attempt{'' if attempts == 1 else 's'} so far"
    if attempts == 1:
        return "passed at the first attempt"
    return f"passed at attempt {attempts}, {lasting(until_passed)} after the first"


def lasting(time: timedelta) -> str:
    """How long that is, as people say it: `42 min`, `3 h 5 min`, `2 days`."""
    seconds = time.total_seconds()
    if seconds < MINUTE:
        return "under 1 min"
    if seconds < HOUR:
        return f"{seconds // MINUTE:.0f} min"
    if seconds < DAY:
        return f"{seconds // HOUR:.0f} h {seconds % HOUR // MINUTE:.0f} min"
    days = int(seconds // DAY)
    return f"{days} day" + ("" if days == 1 else "s")


def print_diff(lines: Lines, diff: Iterable[str], indent: int) -> None:
    """Changed lines, each with its sign; in colour where there is any."""
    for line in diff:
        if line.startswith("@@"):
            lines.line(line, indent, STYLES["@"])
        else:
            style = STYLES.get(line[:1], "")
            lines.text(Text(visible(line[1:]), style=style), indent, Text(f"{line[:1]} ", style=style))


def _print_attempt(lines: Lines, number: int, attempt: Attempt) -> None:
    when = attempt.at.astimezone().strftime("%Y-%m-%d %H:%M")
    style = "green" if attempt.has_passed else "yellow" if attempt.verdict is Verdict.TODO else "red"
    tests = f"{attempt.passed} of {attempt.tests} tests, " if attempt.tests else ""
    points = f"{round(attempt.points, 2):g} of {round(attempt.points_possible, 2):g} points"
    lead = Text(f"{number:>3}  ")
    lines.text(Text.assemble(f"{when}  ", (str(attempt.verdict), style), f"  {tests}{points}"), 0, lead)
    for mistake in attempt.mistakes:
        lines.line(f"{mistake.name}: {mistake.says}", len(lead.plain))
    if attempt.failure and not attempt.mistakes:
        lines.line(attempt.failure, len(lead.plain), "dim")


def _print_change(lines: Lines, change: Change) -> None:
    lines.line("")
    lines.line(f"What changed from attempt {change.failing} to attempt {change.passing}, which passed:", 0, "bold")
    if change.lines is None:
        lines.line("one of the two texts can no longer be read", 2)
    elif not change.lines:
        lines.line("nothing in this file; another part that it uses was changed", 2)
    else:
        print_diff(lines, change.lines, 2)
