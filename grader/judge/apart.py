"""A function called in a process of its own, within bounds: what a stranger's bytes can cost is that process."""

from __future__ import annotations

import contextlib
import os
import resource
import select
import signal
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NoReturn, TypeVar

import msgspec

from grader.errors import GraderError
from grader.judge import reaping
from grader.worker import limits

T = TypeVar("T")
CHUNK_BYTES = 1 << 20
DONE, FAILED = b"+", b"-"


class NotDone(Exception):
    """The function came to no end within its bounds, or raised. The message continues a sentence about its subject."""


@dataclass(frozen=True)
class Bounds:
    """What a call may use: seconds of the processor and by the clock, bytes above what is mapped, bytes of result."""

    processor_seconds: int = 30
    clock_seconds: float = 180.0
    memory_bytes: int = 2**30
    result_bytes: int = 2**28


READING = Bounds()


def apart(function: Callable[[], T], kind: Any, bounds: Bounds = READING) -> T:
    """What the function returns, which must be data of this kind. `NotDone` where that cannot be had."""
    ours, theirs = os.pipe()
    parent = os.getpid()
    pid = os.fork()
    if pid == 0:
        os.close(ours)
        _do(function, theirs, parent, bounds)
    os.close(theirs)
    try:
        data = _gathered(ours, bounds)
    finally:
        os.close(ours)
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        status = reaping.reap(pid)
    if data[:1] == FAILED:
        raise NotDone(data[1:].decode(errors="replace"))
    if data[:1] != DONE:
        raise NotDone(_how_it_ended(status, bounds))
    found: T = msgspec.msgpack.decode(memoryview(data)[1:], type=kind)
    return found


def _do(function: Callable[[], Any], descriptor: int, parent: int, bounds: Bounds) -> NoReturn:
    """In the new process: bounds on, then the function, then its result or what it raised."""
    try:
        reaping.die_with_parent(parent)
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C goes to the whole group; the command decides
        signal.signal(signal.SIGXCPU, signal.SIG_DFL)
        limits.lower(resource.RLIMIT_AS, limits.mapped_bytes() + bounds.memory_bytes)
        resource.setrlimit(resource.RLIMIT_CPU, (bounds.processor_seconds, bounds.processor_seconds + 1))
        limits.lower(resource.RLIMIT_FSIZE, 0)
        limits.lower(resource.RLIMIT_CORE, 0)
        warnings.simplefilter("ignore")  # what Python thinks of a stranger's source would stand on our terminal
        _write(descriptor, DONE + msgspec.msgpack.encode(function()))
    except MemoryError:
        _write(descriptor, FAILED + _too_much_memory(bounds).encode())
    except BaseException as error:
        with contextlib.suppress(BaseException):
            _write(descriptor, FAILED + _said_of(error).encode(errors="replace"))
    finally:
        os._exit(0)


def _said_of(error: BaseException) -> str:
    if isinstance(error, GraderError):
        return error.message
    if isinstance(error, RecursionError):
        return "it is nested too deep to read"
    return f"the grader could not read it, for a reason that it does not know ({type(error).__name__})"


def _write(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view[:CHUNK_BYTES]) :]


def _gathered(descriptor: int, bounds: Bounds) -> bytes:
    """What is said until the other side ends; nothing where it says too much or takes too long."""
    data = bytearray()
    deadline = time.monotonic() + bounds.clock_seconds
    while True:
        left = deadline - time.monotonic()
        if left <= 0 or not select.select([descriptor], [], [], left)[0]:
            return FAILED + f"it took more than {bounds.clock_seconds:g} s to read".encode()
        part = os.read(descriptor, CHUNK_BYTES)
        if not part:
            return bytes(data)
        data += part
        if len(data) > bounds.result_bytes:
            return FAILED + f"more than {bounds.result_bytes // 2**20} MB were found in it".encode()


def _too_much_memory(bounds: Bounds) -> str:
    return f"it took more than {bounds.memory_bytes // 2**20} MB of memory to read"


def _how_it_ended(status: int | None, bounds: Bounds) -> str:
    if status == -signal.SIGXCPU:
        return f"it took more than {bounds.processor_seconds} s of the processor to read"
    if status in (None, -signal.SIGKILL, -signal.SIGABRT):
        return _too_much_memory(bounds)
    return "it could not be read: the process that tried ended at once"
