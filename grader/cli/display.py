"""The terminal of a watch: its screen and keyboard, and the signals that concern them."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from types import FrameType
from typing import Any

from grader.cli.keys import Keys
from grader.learner.watch_state import WatchState
from grader.render.screen import Screen
from grader.render.watch import WatchView


@dataclass(frozen=True)
class News:
    """What has come since the last look. `others`: the other descriptor has something to read."""

    keys: tuple[str, ...] = ()
    goes_on: bool = False
    others: bool = False
    anything: bool = False


class Display:
    """Use it as a context: the terminal is given back as it was, at the end and whenever the job is stopped."""

    def __init__(self, view: WatchView) -> None:
        self.view = view
        self.screen = Screen(sys.stdout)
        self.keys = Keys(sys.stdin.fileno())
        self.stack = contextlib.ExitStack()
        self.shown: tuple[list[str], tuple[int, int]] | None = None
        self.wake = -1

    def __enter__(self) -> Display:
        self.stack.enter_context(self._signals())
        self.stack.enter_context(self.screen)
        self.stack.enter_context(self.keys)
        return self

    def __exit__(self, *_: object) -> None:
        self.stack.close()

    def show(self, state: WatchState) -> None:
        """Write the screen where it is not what stands there."""
        size = self.screen.size
        lines = self.view.lines(state, *size)
        if (lines, size) != self.shown:
            self.screen.show(lines)
            self.shown = lines, size

    def news(self, other: int, seconds: float | None) -> News:
        """Wait so long, for ever with None, for a key, a signal, or something to read behind the other descriptor."""
        ready = select.select([self.keys.descriptor, other, self.wake], [], [], seconds)[0]
        signals = os.read(self.wake, 64) if self.wake in ready else b""
        if signals:
            self.shown = None
        keys = self.keys.read() if self.keys.descriptor in ready else ()
        return News(keys, signal.SIGCONT in signals, other in ready, bool(ready))

    def half_a_screen(self) -> int:
        return max(1, self.screen.size[1] // 2)

    def last_top(self, state: WatchState) -> int:
        """The line beyond which nobody scrolls."""
        width, height = self.screen.size
        return max(0, self.view.most_lines(state, width) - height // 2)

    @contextlib.contextmanager
    def given_back(self) -> Iterator[None]:
        """The terminal as it was before the watch, for as long as somebody else has it."""
        self.keys.__exit__()
        self.screen.__exit__()
        try:
            yield
        finally:
            self.screen.__enter__()
            self.keys.__enter__()
            self.shown = None

    @contextlib.contextmanager
    def _signals(self) -> Iterator[None]:
        """A change of the window's size and a job that goes on are news; Ctrl-Z gives the terminal back first."""
        self.wake, told = os.pipe()
        os.set_blocking(told, False)
        before_fd = signal.set_wakeup_fd(told, warn_on_full_buffer=False)
        handlers: dict[int, Any] = {signal.SIGWINCH: _nothing, signal.SIGCONT: _nothing, signal.SIGTSTP: self._stop}
        before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
            signal.set_wakeup_fd(before_fd)
            os.close(told)
            os.close(self.wake)

    def _stop(self, number: int, _: FrameType | None) -> None:
        with self.given_back():
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)
            signal.signal(number, self._stop)


def _nothing(*_: object) -> None:
    """A handler, so that the signal is told to the loop and does nothing else."""
