"""What a test may use: a time, and whatever else is looked at now and then."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

IDLE_SHARE = 0.2
WALL_CLOCK_FACTOR = 5.0
LOOK_EVERY_SECONDS = 0.1


class TimedOut(Exception):
    """The other side did not answer in time."""


class Overused(Exception):
    """The other side took more than its share of something; the message says of what."""


class Allowance:
    """A test's time: processor seconds of the worker, so that a busy machine is not held against it.

    Waiting counts too, once the worker has been idle for as long, or the wall clock shows five times as much.
    `overuse` says what there is too much of, or nothing.
    """

    def __init__(
        self, seconds: float, processor_time: Callable[[], float | None], overuse: Callable[[], str] = str
    ) -> None:
        self.seconds = seconds
        self.processor_time = processor_time
        self.overuse = overuse
        self.started = time.monotonic()
        self.next_look = self.started + LOOK_EVERY_SECONDS
        self.processor_started = processor_time() or 0.0
        self.timed_out = False

    def check(self) -> None:
        """Raise once the allowance is used up, in time or in anything else."""
        if self.exceeded():
            self.timed_out = True
            raise TimedOut
        if time.monotonic() >= self.next_look:
            self.look()

    def look(self) -> None:
        """Raise if the worker has too much of something."""
        self.next_look = time.monotonic() + LOOK_EVERY_SECONDS
        if text := self.overuse():
            raise Overused(text)

    def used(self) -> float:
        """The seconds that were used so far: the processor's, or those of the clock where no others are known."""
        now = self.processor_time()
        found = time.monotonic() - self.started if now is None else now - self.processor_started
        return max(found, self.seconds) if self.timed_out else found

    def exceeded(self) -> bool:
        wall = time.monotonic() - self.started
        if wall < self.seconds:
            return False
        now = self.processor_time()
        if now is None:
            return True
        used = now - self.processor_started
        return used >= self.seconds or used < IDLE_SHARE * wall or wall >= WALL_CLOCK_FACTOR * self.seconds


def process_time(pid: int) -> float | None:
    """Processor seconds that a process has used, where the system says so without being asked twice."""
    fields = _status_fields(pid)
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK") if fields else None


def thread_count(pid: int) -> int:
    """How many threads a process has; 0 where the system does not say."""
    fields = _status_fields(pid)
    return int(fields[17]) if fields else 0


def _status_fields(pid: int) -> list[str]:
    """What the kernel says of a process, after its name (which the process may have chosen)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except (OSError, IndexError):
        return []
