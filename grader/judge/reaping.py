"""Ending processes and all that they started: nothing outlives its judge."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Collection
from pathlib import Path

from grader.worker.sandbox.system import PR_SET_CHILD_SUBREAPER, PR_SET_PDEATHSIG, prctl

MAX_ROUNDS = 200


def become_subreaper() -> None:
    """Orphans of workers come back to this process, and `end_orphans` finds them."""
    if sys.platform == "linux":
        prctl(PR_SET_CHILD_SUBREAPER, 1)


def die_with_parent(parent: int) -> None:
    """Be killed when the parent ends, however it ends."""
    if sys.platform == "linux":
        prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(0)


def kill_group(pid: int) -> None:
    """Kill a process and its whole group. Only for children not yet reaped: their numbers cannot be reused."""
    for kill in (os.killpg, os.kill):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            kill(pid, signal.SIGKILL)


def reap(pid: int) -> int | None:
    """Wait for a child's end. Its exit status as `os.waitstatus_to_exitcode` gives it."""
    try:
        _, status = os.waitpid(pid, 0)
    except ChildProcessError:
        return None
    return os.waitstatus_to_exitcode(status)


def children() -> list[int]:
    """This process's children, orphans that came back included."""
    try:
        text = Path(f"/proc/self/task/{os.getpid()}/children").read_text()
    except OSError:
        return []
    return [int(pid) for pid in text.split()]


def end_orphans(known: Collection[int]) -> None:
    """Kill every child that is not known, again and again: one that forks while it dies leaves another."""
    for _ in range(MAX_ROUNDS):
        unknown = [pid for pid in children() if pid not in known]
        if not unknown:
            return
        for pid in unknown:
            kill_group(pid)
        for pid in unknown:
            reap(pid)
