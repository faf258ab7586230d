"""`grader doctor` on a terminal."""

from __future__ import annotations

import textwrap

from grader.learner.doctor import Check

WIDTH = 80
NAME = 20


def render_doctor(checks: tuple[Check, ...]) -> str:
    """One line for each thing looked at; below what does not work, how to get it."""
    lines = []
    for check in checks:
        sign = "✓" if check.works else "✗" if check.needed else "·"
        lines += _wrapped(f"{sign} {check.name:<{NAME}}", check.saw)
        if not check.works and check.advice:
            lines += _wrapped(" " * (NAME + 2), f"to get it: {check.advice}")
    lines.append("")
    return "\n".join([*lines, *_wrapped("", _sum(checks))])


def _sum(checks: tuple[Check, ...]) -> str:
    missing = [check.name for check in checks if check.needed and not check.works]
    if missing:
        return f"Something the kit needs is missing: {', '.join(missing)}."
    if checks and not checks[-1].works:
        return "The kit works. Only judge code that you trust: there is no sandbox here."
    return "The kit works, and untrusted code can be judged here."


def _wrapped(start: str, text: str) -> list[str]:
    """The text after `start`, its further lines indented as far. A word longer than a line is left whole."""
    return textwrap.wrap(
        text,
        WIDTH,
        initial_indent=start,
        subsequent_indent=" " * len(start),
        break_long_words=False,
        break_on_hyphens=False,
    )
