"""The time of the process that asks: what it works and what it sleeps, without the waiting for a free core."""

from __future__ import annotations

import resource
import time
from collections.abc import Callable

LAST_BOUND_FACTOR = 30.0  # by the clock, where the system counts no sleep


class OwnTime:
    """Counts from one `look` to the next: the processor's seconds or, if the process went to sleep in between, all.

    One that waits for a core was interrupted; one that went to sleep gave its core away, which the system counts. So
    the looks are to be many: a moment's sleep counts as one from look to look.
    """

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        usage: Callable[[], tuple[float, int]] | None = None,
    ) -> None:
        self.clock = clock
        self.usage = usage or _usage
        self.started = self.at = clock()
        self.worked, self.sleeps = self.usage()
        self.seconds = 0.0

    def look(self) -> float:
        """The seconds up to now."""
        at, (worked, sleeps) = self.clock(), self.usage()
        work, passed = worked - self.worked, at - self.at
        self.seconds += max(work, passed if sleeps > self.sleeps else 0.0)
        self.at, self.worked, self.sleeps = at, worked, sleeps
        return max(self.seconds, (at - self.started) / LAST_BOUND_FACTOR)


def _usage() -> tuple[float, int]:
    """Processor seconds of this process, and how often it went to sleep."""
    found = resource.getrusage(resource.RUSAGE_SELF)
    return found.ru_utime + found.ru_stime, found.ru_nvcsw
