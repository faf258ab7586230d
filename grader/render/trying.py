"""What `grader try` says before the first prompt."""

from __future__ import annotations

import textwrap

from grader.course.visible import visible
from grader.learner.trying import RELOAD, Setting


def banner_text(setting: Setting, reloads: bool, width: int) -> str:
    """Where the code is, how an edit comes in, what the example ought to give. `reloads`: saving is enough."""
    lines = [f"{setting.exercise.name}: your code in {setting.file}"]
    if setting.is_notebook:
        lines.append("It is a notebook. After an edit, save it and start `grader try` again.")
    elif reloads:
        lines.append("After an edit, save the file: the next line that you enter uses the new code.")
    else:
        lines.append(f"After an edit, save the file and enter {RELOAD}().")
    lines.append(f"These lines have been run: {'; '.join(setting.first_lines)}")
    if setting.example is not None:
        lines.append(_example_line(setting.example.shown))
    wrapped = [part for line in lines for part in textwrap.wrap(line, width)]
    shown = setting.example.shown.splitlines() if setting.example is not None else []
    return visible("\n".join([*wrapped, *(f"  {line}" for line in shown), "Ctrl-D ends this.", ""]))


def _example_line(shown: str) -> str:
    return "The first example of the brief is typed in: press Enter." + (" A right answer gives:" if shown else "")
