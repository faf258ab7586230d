"""The bounds of the tester itself, held by the kernel: whatever an answer does to this process, it comes to an end."""

from __future__ import annotations

import contextlib
import faulthandler
import math
import os
import resource
import time
from collections.abc import Iterator

from grader.worker import limits

MEMORY_FOR_COPIES = 2 * 2**30  # of what a worker may send, and of the reference's own work
GRACE_SECONDS = 2.0
CLOCK_ENDED = 1  # the exit status with which the watchdog ends the process


class Guard:
    """Ends this process where code of libraries uses too much in it, deep in C where no alarm of Python's rings.

    Memory is bounded for good. While something is `watched`, the kernel counts the processor's time, and a watchdog
    that needs no interpreter looks at the clock.
    """

    def __init__(self, memory_bytes: int) -> None:
        limits.lower(resource.RLIMIT_AS, limits.mapped_bytes() + memory_bytes + MEMORY_FOR_COPIES)
        limits.lower(resource.RLIMIT_CORE, 0)
        self.null = os.open(os.devnull, os.O_WRONLY)
        self.most = resource.getrlimit(resource.RLIMIT_CPU)[1]

    @contextlib.contextmanager
    def watched(self, processor_seconds: float, clock_seconds: float) -> Iterator[None]:
        """What is done inside may take so long, and a little more."""
        self.allow(processor_seconds)
        faulthandler.dump_traceback_later(clock_seconds + GRACE_SECONDS, exit=True, file=self.null)
        try:
            yield
        finally:
            faulthandler.cancel_dump_traceback_later()
            self._set(self.most)

    def allow(self, processor_seconds: float) -> None:
        """From now on so much of the processor's time, whatever was allowed before."""
        self._set(math.ceil(time.process_time() + processor_seconds + GRACE_SECONDS))

    def _set(self, seconds: int) -> None:
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_CPU, (seconds, self.most))
