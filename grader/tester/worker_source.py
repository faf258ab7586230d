"""Where a tester's workers come from: whoever runs the judge knows how to start one and how to end it."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from typing import Protocol

from grader.worker.sandbox import Policy


@dataclass(frozen=True)
class WorkerProcess:
    """A worker just started: its process, the socket to it, and the pipes of its prints and its tracebacks."""

    pid: int
    sock: socket.socket
    output: int
    trace: int


class WorkerSource(Protocol):
    """Gives fresh workers and makes away with used ones."""

    def start(self, tier: str, policy: Policy) -> WorkerProcess:
        """A worker that waits for its set-up. One started as a process of its own gets the tier's outer wall here."""
        ...

    def end(self, pid: int) -> int | None:
        """Kill the worker's whole process group. Its exit status as `os.waitstatus_to_exitcode` gives it."""
        ...
