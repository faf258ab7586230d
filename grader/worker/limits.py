"""What a worker may use: set in the worker itself, before it sees the learner's code."""

from __future__ import annotations

import os
import resource
import sys
from pathlib import Path

MAX_WRITTEN_FILE_BYTES = 16 * 2**20
MAX_OPEN_FILES = 64
STACK_BYTES = 8 * 2**20
MAX_THREADS = 64
MAX_TIMERS = 64  # and signals that wait, of which all processes of a user have a number together


def apply(memory: int, processor_seconds: int) -> None:
    """Memory above what is already mapped, processor time, file size, open files, timers, no core dumps."""
    lower(resource.RLIMIT_AS, mapped_bytes() + memory)
    lower(resource.RLIMIT_CPU, processor_seconds)
    lower(resource.RLIMIT_FSIZE, MAX_WRITTEN_FILE_BYTES)
    lower(resource.RLIMIT_NOFILE, MAX_OPEN_FILES)
    lower(resource.RLIMIT_CORE, 0)
    lower(resource.RLIMIT_STACK, STACK_BYTES)  # it counts neither as mapped memory beforehand nor as data
    if sys.platform == "linux":
        lower(resource.RLIMIT_SIGPENDING, MAX_TIMERS)


def apply_in_namespace() -> None:
    """Threads, once the worker is alone in its user namespace: outside, the limit counts all of a user's processes."""
    lower(resource.RLIMIT_NPROC, MAX_THREADS)


def mapped_bytes(pid: int | str = "self") -> int:
    """Address space in use; where the system does not say, a generous guess for a process with torch."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[0])
    except (OSError, ValueError):
        return 4 * 2**30
    return pages * os.sysconf("SC_PAGE_SIZE")


def data_bytes(pid: int | str = "self") -> int | None:
    """What of it may be written, so not the text of libraries; None where the system does not say."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except (OSError, ValueError):
        return None
    found = [int(line.split()[1]) for line in lines if line.startswith("VmData:")]
    return 1024 * found[0] if found else None


def lower(kind: int, value: int) -> None:
    """Set a limit of this process for good, or leave a lower one as it is."""
    _, hard = resource.getrlimit(kind)
    if hard != resource.RLIM_INFINITY:
        value = min(value, hard)
    try:
        resource.setrlimit(kind, (value, value))
    except (ValueError, OSError):  # macOS refuses some of them
        return
