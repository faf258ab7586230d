"""A terminal's whole screen, written anew in place, on its second buffer: what stood there before comes back."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Sequence
from typing import TextIO

ENTER = "\x1b[?1049h\x1b[?25l\x1b[?7l\x1b[2J"  # the second buffer, no cursor, no line that wraps by itself
LEAVE = "\x1b[?7h\x1b[?25h\x1b[?1049l"
HOME, TO_LINE_END = "\x1b[H", "\x1b[K"
LEAST = 20, 6


class Screen:
    """Use it as a context. A terminal that is gone is no fault: nothing is written to it any more."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream

    def __enter__(self) -> Screen:
        self._write(ENTER)
        return self

    def __exit__(self, *_: object) -> None:
        self._write(LEAVE)

    @property
    def size(self) -> tuple[int, int]:
        """Columns and lines, as they are now."""
        try:
            columns, lines = os.get_terminal_size(self.stream.fileno())
        except (OSError, ValueError):
            columns, lines = 0, 0
        usual = shutil.get_terminal_size()  # some terminals say nothing of their size
        return max(LEAST[0], columns or usual.columns), max(LEAST[1], lines or usual.lines)

    def show(self, lines: Sequence[str]) -> None:
        """As many lines as the screen has. What is wider than the screen is cut by it.

        Each is cleared before it is written: after a full one that would take its last character.
        """
        self._write(HOME + "\r\n".join(TO_LINE_END + line for line in lines))

    def _write(self, text: str) -> None:
        with contextlib.suppress(OSError, ValueError):
            self.stream.write(text)
            self.stream.flush()
