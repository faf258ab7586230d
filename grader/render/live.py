"""One line about what is under way, gone when something is printed; where there is no terminal, now and then a line."""

from __future__ import annotations

import time
from collections.abc import Callable
from types import TracebackType
from typing import TextIO

from rich.live import Live
from rich.text import Text

from grader.course.visible import visible_line
from grader.render.terminal import make_console

SECONDS_BETWEEN_LINES = 5.0


class LiveLine:
    """Use it as a context: what it wrote on a terminal is gone at the end, also after Ctrl-C.

    `every` says after how many seconds a line is printed where there is no terminal; never, unless it is given. With
    `is_patient` the first one waits as long: most of what is short is done by then.
    """

    def __init__(
        self,
        stream: TextIO,
        every: float | None = None,
        width: int | None = None,
        clock: Callable[[], float] = time.monotonic,
        is_patient: bool = False,
    ) -> None:
        self.console = make_console(stream, width)
        self.live = stream.isatty() and self.console.is_interactive  # not where FORCE_COLOR alone makes it a terminal
        self.every = every
        self.clock = clock
        self.said_at = clock() if is_patient else None
        self.line: Live | None = None

    def __enter__(self) -> LiveLine:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.clear()

    def show(self, text: str, at_once: bool = False) -> None:
        """What is under way now; with `at_once` it is said whenever the latest line was."""
        text = visible_line(text)
        if self.live:
            self._write_over(text)
        elif self.every is not None and (at_once or self._is_time(self.every)):
            self.said_at = self.clock()
            self.console.print(Text(text), soft_wrap=True)

    def _is_time(self, every: float) -> bool:
        return self.said_at is None or self.clock() - self.said_at >= every

    def _write_over(self, text: str) -> None:
        """No refreshing thread and no redirected stream: the line changes when `show` is called, and only then."""
        content = Text(text, no_wrap=True, overflow="ellipsis")
        if self.line is None:
            self.line = Live(
                console=self.console, auto_refresh=False, transient=True, redirect_stdout=False, redirect_stderr=False
            )
            self.line.start()
        self.line.update(content, refresh=True)

    def clear(self) -> None:
        """Take the line away, before something else is printed."""
        if self.line is not None:
            self.line.stop()
            self.line = None
