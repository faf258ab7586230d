"""A program on a terminal of its own, driven as a person does, with its screen as text."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import sys
import termios
import time
from pathlib import Path

import pyte
from running import PACKAGE

PATIENCE_SECONDS = 60.0


class Terminal:
    """Use it as a context: the program is ended with it.

    `in_a_shell` has a shell run it, which knows jobs: one that has no shell cannot be stopped.
    """

    def __init__(
        self, folder: Path, *arguments: str, columns: int = 80, lines: int = 24, in_a_shell: bool = False, **env: str
    ) -> None:
        self.screen = pyte.Screen(columns, lines)
        self.stream = pyte.ByteStream(self.screen)
        self.raw = b""
        self.status: int | None = None
        environment = {**os.environ, "PYTHONPATH": str(PACKAGE), "TERM": "xterm-256color", **env}
        for name in ("COLUMNS", "LINES", "CI", "NO_COLOR", "FORCE_COLOR"):
            if name not in env:
                environment.pop(name, None)
        self.pid, self.descriptor = pty.fork()
        if self.pid == 0:
            os.chdir(folder)
            command = [sys.executable, "-m", "grader", *arguments]
            os.execve(*(("/bin/sh", ["sh", "-i"]) if in_a_shell else (command[0], command)), environment)
        self.resize(columns, lines)
        if in_a_shell:
            self.press(f"{sys.executable} -m grader {' '.join(arguments)}\r")

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, *_: object) -> None:
        if self.status is None:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        os.close(self.descriptor)

    def resize(self, columns: int, lines: int) -> None:
        """As a person does who pulls at the window."""
        self.screen.resize(lines, columns)
        fcntl.ioctl(self.descriptor, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    def press(self, keys: str) -> None:
        os.write(self.descriptor, keys.encode())

    def text(self) -> str:
        """What stands on the screen."""
        return "\n".join(line.rstrip() for line in self.screen.display).rstrip("\n")

    def until(self, *wanted: str, gone: str = "") -> str:
        """The screen, once all of this stands on it and `gone` does not."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not all(word in self.text() for word in wanted) or (gone and gone in self.text()):
            left = deadline - time.monotonic()
            assert left > 0, f"{wanted} did not come; the screen shows:\n{self.text()}"
            self._read(min(left, 1.0))
        return self.settled()

    def settled(self) -> str:
        """The screen when nothing more is written to it for a moment."""
        while self._read(0.25):
            pass
        return self.text()

    def ended(self) -> int:
        """The exit code, once the program has ended."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while self.status is None and time.monotonic() < deadline:
            self._read(0.05)
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.status = os.waitstatus_to_exitcode(status)
        assert self.status is not None, f"it has not ended; the screen shows:\n{self.text()}"
        return self.status

    def _read(self, seconds: float) -> bool:
        if not select.select([self.descriptor], [], [], seconds)[0]:
            return False
        try:
            data = os.read(self.descriptor, 1 << 16)
        except OSError:
            return False
        self.raw += data
        self.stream.feed(data)
        return bool(data)
