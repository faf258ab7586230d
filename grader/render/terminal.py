"""What every text on a terminal goes through: the console, lines wrapped under their margin, signs that it can show."""

from __future__ import annotations

import sys
from typing import TextIO

from rich.console import Console
from rich.text import Text

from grader.course.visible import visible, visible_line
from grader.render.substitutes import SIGNS

WIDEST = 100
NARROWEST = 80


def make_console(stream: TextIO | None = None, width: int | None = None) -> Console:
    """A console that never wraps a word of ours wrongly, guesses no highlights and honours NO_COLOR."""
    stream = stream or sys.stdout
    console = Console(file=stream, width=width, highlight=False, markup=False, emoji=False)
    if width is None and (not console.is_terminal or console.width > WIDEST):
        console.width = min(console.width, WIDEST) if console.is_terminal else NARROWEST
    return console


class Lines:
    """Prints lines on a console: each wrapped to its width and indented, in ASCII where there is nothing else."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.plain = not _can_encode(console)
        self.printed = 0  # so far

    def line(self, text: str, indent: int = 0, style: str = "") -> None:
        self.text(Text(visible(text), style=style), indent)

    def text(self, text: Text, indent: int = 0, lead: Text | None = None) -> None:
        """Wrapped to the width, every line indented; `lead` stands before the first.

        `Text` drops some characters that nobody sees as it is made. Whoever makes one of a stranger's words makes them
        visible before; here it is done for the others.
        """
        lead = lead or Text("")
        if visible(text.plain) != text.plain:
            text = Text(visible(text.plain), style=text.style)
        margin = indent + len(lead.plain)
        for number, line in enumerate(text.wrap(self.console, max(20, self.console.width - margin)) or [Text("")]):
            line.rstrip()
            start = Text(" " * indent) + lead if number == 0 else Text(" " * margin)
            whole = start + line if line.plain else Text("")
            if self.plain:
                whole.plain = _plain(whole.plain)
            self.console.print(whole, soft_wrap=True)
            self.printed += 1

    def cut(self, text: Text) -> None:
        """One line, cut where it is wider than the console."""
        text = text.copy()
        text.plain = visible_line(text.plain)
        if self.plain:
            text.plain = _plain(text.plain)
        text.truncate(self.console.width, overflow="crop" if self.plain else "ellipsis")
        self.console.print(text, soft_wrap=True)
        self.printed += 1


def _can_encode(console: Console) -> bool:
    try:
        "✓✗·…√".encode(console.encoding)
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def _plain(text: str) -> str:
    return "".join(SIGNS.get(character, character) for character in text)
