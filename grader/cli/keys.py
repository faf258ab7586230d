"""The keys of a terminal, one by one as they are pressed."""

from __future__ import annotations

import contextlib
import os
import re
import select
import termios
import tty
from types import MappingProxyType
from typing import Any

CHUNK_BYTES = 1024
ESCAPE = "\x1b"
ONE_KEY = re.compile(r"\x1b\[[0-9;?]*[@-~]|\x1bO.|.", re.DOTALL)
REST_SECONDS = 0.05  # in which the rest of a key's sequence comes
NAMES = MappingProxyType(
    {
        "\x1b[A": "up", "\x1bOA": "up", "\x1b[B": "down", "\x1bOB": "down", "\x1b[5~": "page up",
        "\x1b[6~": "page down", " ": "page down", "k": "up", "j": "down", "\x04": "q",
        ESCAPE: "back", "\r": "back", "\n": "back",
    }
)  # fmt: skip


class Keys:
    """The keyboard behind a file descriptor. Use it as a context: the terminal is given back as it was.

    Ctrl-C and Ctrl-Z keep their meaning.
    """

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        self.before: list[Any] | None = None

    def __enter__(self) -> Keys:
        with contextlib.suppress(termios.error):
            self.before = termios.tcgetattr(self.descriptor)
            tty.setcbreak(self.descriptor, termios.TCSANOW)
        return self

    def __exit__(self, *_: object) -> None:
        if self.before is not None:
            with contextlib.suppress(termios.error, OSError):
                termios.tcsetattr(self.descriptor, termios.TCSANOW, self.before)

    def read(self) -> tuple[str, ...]:
        """The keys that were pressed, once the descriptor is ready. A keyboard that is gone says `q`."""
        text = self._text()
        if text == ESCAPE and select.select([self.descriptor], [], [], REST_SECONDS)[0]:
            text += self._text()
        if not text:
            return ("q",)
        return tuple(NAMES.get(part, part) for part in _parts(text))

    def _text(self) -> str:
        try:
            return os.read(self.descriptor, CHUNK_BYTES).decode(errors="replace")
        except OSError:
            return ""


def _parts(text: str) -> list[str]:
    """Single characters, and the sequences that special keys send."""
    return ONE_KEY.findall(text)
