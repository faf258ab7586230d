"""What a test may use: a time, and whatever else is looked at now and then."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

LAST_BOUND_FACTOR = 30.0  # of a limit, by the clock: what ends a wait that nothing else ends
LOOK_EVERY_SECONDS = 0.1
SAMPLE_EVERY_SECONDS = 0.02
IDLE_STATES = frozenset("STtZXx")  # asleep, stopped, gone; all others have a core, or wait for one or for a disk


class TimedOut(Exception):
    """The other side did not answer in time."""


class Overused(Exception):
    """The other side took more than its share of something; the message says of what."""


@dataclass(frozen=True)
class Usage:
    """What a process has had of the processor, and whether none of its threads wants any more at the moment."""

    processor_seconds: float
    is_idle: bool


class Allowance:
    """A test's time, so counted that a busy machine is not held against it.

    It is over once the worker has used the processor for so long, or has been idle for as long while it was waited for.
    The time in which it could run and had no core is neither; for that the clock has a bound far above. Where the
    system does not say what a process does (`usage` gives None), the clock alone counts. `overuse` says what there is
    too much of, or nothing.
    """

    def __init__(
        self,
        seconds: float,
        usage: Callable[[], Usage | None],
        overuse: Callable[[], str] = str,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.seconds = seconds
        self.usage = usage
        self.overuse = overuse
        self.clock = clock
        self.started = clock()
        self.next_look = self.started + LOOK_EVERY_SECONDS
        before = usage()
        self.processor_started = before.processor_seconds if before is not None else 0.0
        self.idle = 0.0
        self.timed_out = False
        self.wait_anew()

    def wait_anew(self) -> None:
        """Something has crossed between the two sides. From now on it is the worker that is waited for."""
        self.found_idle: tuple[float, float] | None = None
        self.next_sample = self.clock() + SAMPLE_EVERY_SECONDS

    def check(self) -> None:
        """Raise once the allowance is used up, in time or in anything else. To be called while the worker works."""
        if self.clock() >= self.next_sample:
            self._sample()
        if self.exceeded():
            self.timed_out = True
            raise TimedOut
        if self.clock() >= self.next_look:
            self.look()

    def _sample(self) -> None:
        """Count the time since the latest sample as idle if the worker was so then and is so now.

        Once is not enough: it may have answered a moment ago. What it used in between was work.
        """
        now, usage = self.clock(), self.usage()
        self.next_sample = now + SAMPLE_EVERY_SECONDS
        if usage is None or not usage.is_idle:
            self.found_idle = None
            return
        if self.found_idle is not None:
            since, processor_seconds = self.found_idle
            self.idle += max(0.0, now - since - (usage.processor_seconds - processor_seconds))
        self.found_idle = now, usage.processor_seconds

    def look(self) -> None:
        """Raise if the worker has too much of something."""
        self.next_look = self.clock() + LOOK_EVERY_SECONDS
        if text := self.overuse():
            raise Overused(text)

    def used(self) -> float:
        """The seconds of work and idleness so far, or those of the clock where no others are known."""
        usage = self.usage()
        found = self._wall() if usage is None else usage.processor_seconds - self.processor_started + self.idle
        return max(found, self.seconds) if self.timed_out else found

    def exceeded(self) -> bool:
        """Whether the time is over."""
        wall = self._wall()
        if wall < self.seconds:
            return False
        usage = self.usage()
        if usage is None:
            return True
        work = usage.processor_seconds - self.processor_started
        return max(work, self.idle, wall / LAST_BOUND_FACTOR) >= self.seconds

    def _wall(self) -> float:
        return self.clock() - self.started


def usage_of(pid: int) -> Usage | None:
    """What a process uses, where the system says so without being asked twice."""
    fields = _fields(f"/proc/{pid}/stat")
    if not fields:
        return None
    is_idle = fields[0] in IDLE_STATES and (int(fields[17]) <= 1 or _sleeps_whole(pid))
    return Usage((int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK"), is_idle)


def _sleeps_whole(pid: int) -> bool:
    """Whether all threads are idle: the state of a process is that of its first one."""
    try:
        tasks = os.listdir(f"/proc/{pid}/task")
    except OSError:
        return True
    states = (_fields(f"/proc/{pid}/task/{task}/stat")[:1] for task in tasks)
    return all(state[0] in IDLE_STATES for state in states if state)


def thread_count(pid: int) -> int:
    """How many threads a process has; 0 where the system does not say."""
    fields = _fields(f"/proc/{pid}/stat")
    return int(fields[17]) if fields else 0


def _fields(path: str) -> list[str]:
    """What the kernel says of a process or a thread, after its name (which the process may have chosen)."""
    try:
        return Path(path).read_bytes().decode("latin-1").rsplit(")", 1)[1].split()
    except (OSError, IndexError):
        return []
