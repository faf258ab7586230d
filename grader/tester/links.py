"""The two ways to reach code under test: a worker behind a socket, or a core in this very process."""

from __future__ import annotations

import contextlib
import os
import random
import re
import select
import signal
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.random import mtrand

from grader.judge.workers import WorkerProcess, WorkerSource
from grader.protocol import values as wire
from grader.protocol.results import Call, Failure, Frame
from grader.tester import scratch
from grader.tester.channel import Channel, Closed, Limit, Overused, TimedOut, process_time, thread_count
from grader.tester.failures import StudentTimeout, SuiteFailure, WorkerLost
from grader.worker.limits import THREADS
from grader.worker.request_handler import RequestHandler
from grader.worker.sandbox import Policy, SandboxError

TRACE_LINE = re.compile(r'File "(?P<file>.+)", line (?P<line>\d+) in (?P<function>.+)')
BACKSTOP_SECONDS = 3600
START_SECONDS = 60.0
LOOK_BETWEEN = 0.005

Callback = Callable[[int, list[Any], dict[str, Any]], Any]


class LocalConnection:
    """Code in this process: the reference, its mutants, and `--debug`. Values still cross as data."""

    def __init__(self, module: Any, root: str) -> None:
        self.callback: Callback | None = None
        self.core = RequestHandler(self._call_back, module, root)
        self.random = RandomState()

    def _call_back(self, number: int, args: list[Any], kwargs: dict[str, Any]) -> Any:
        assert self.callback is not None
        return self.callback(number, args, kwargs)

    def exchange(self, frame: bytes, callback: Callback) -> bytes:
        self.callback = callback
        header, _ = wire.check_prefix(frame[: wire.PREFIX.size])
        start = wire.PREFIX.size
        with self.random.own():
            return self.core.answer(frame[start : start + header], memoryview(frame)[start + header :])


class RandomState:
    """Random state of its own for code that shares a process: what another draws does not move it.

    A worker has its own by nature; so a mutant draws what the learner's code drew.
    """

    def __init__(self) -> None:
        self.python = random.getstate()
        self.numpy = np.random.MT19937(0)
        self.torch = _torch_state()

    @contextlib.contextmanager
    def own(self) -> Iterator[None]:
        python, numpy, torch = random.getstate(), mtrand.get_bit_generator(), _torch_state()
        random.setstate(self.python)
        mtrand.set_bit_generator(self.numpy)
        _set_torch_state(self.torch)
        try:
            yield
        finally:
            self.python, self.torch = random.getstate(), _torch_state()
            random.setstate(python)
            mtrand.set_bit_generator(numpy)
            _set_torch_state(torch)


def _torch_state() -> Any:
    torch = wire.loaded_torch()
    return None if torch is None else torch.default_generator.get_state()


def _set_torch_state(state: Any) -> None:
    torch = wire.loaded_torch()
    if torch is not None and state is not None:
        torch.default_generator.set_state(state)


class WorkerConnection:
    """A worker process, replaced by a fresh one when it has died, hung or been tampered with."""

    def __init__(self, source: WorkerSource, load: dict[str, Any], policy: Policy, tier: str, memory: int) -> None:
        self.source = source
        self.load = load
        self.policy = policy
        self.tier = tier
        self.memory = memory
        self.process: WorkerProcess | None = None
        self.channel: Channel | None = None
        self.seconds = 10.0
        self.limit: Limit | None = None
        self.looked = 0.0
        self.read: Callable[[bytes], Any] = wire.decode_frame

    # -- life of a worker -----------------------------------------------------------------------------

    def ready(self) -> bool:
        return self.channel is not None

    def start(self, seconds: float) -> Any:
        """A fresh worker with the exercise imported. Returns the reply to the import."""
        self.seconds = seconds
        self.process = self.source.start(self.tier, self.policy)
        self.channel = Channel(self.process.sock, self.process.output)
        self.begin(START_SECONDS)  # one that is not forked has yet to import its libraries
        self._enclose()
        self.begin(seconds)
        return self._ask({"op": "load", **self.load})

    def _enclose(self) -> None:
        """Limits and sandbox on, before the learner's code is anywhere near. Anything but a clear yes is an error."""
        allowed = {"scratch": self.policy.scratch, "readable": list(self.policy.readable), "memory": self.memory}
        try:
            reply = self._ask({"op": "setup", "tier": self.tier, "processor_seconds": BACKSTOP_SECONDS, **allowed})
        except SuiteFailure as failed:  # the learner's code has no part in it
            reply = {"failed": f"its process ended at once ({failed})"}
        if not isinstance(reply, dict) or reply.get("value") != self.tier:
            self.end()
            said = reply.get("failed", "no answer") if isinstance(reply, dict) else "no answer"
            raise SandboxError(f"the worker could not be enclosed: {said}", "`grader doctor` shows what works here")

    def begin(self, seconds: float) -> None:
        """A new allowance, for a test or for the import."""
        assert self.process is not None
        pid = self.process.pid
        self.limit = Limit(seconds, lambda: process_time(pid), lambda: self._overuse(pid))

    def _overuse(self, pid: int) -> str:
        """What the worker has too much of that the kernel's own limits do not count for every user."""
        if thread_count(pid) > 2 * THREADS:
            return f"Your code started more than {2 * THREADS} threads."
        return scratch.complaint(self.policy.scratch)

    def _look_again(self) -> None:
        """Every few milliseconds, however many quick tests and answers there are in between."""
        assert self.limit is not None
        if time.monotonic() - self.looked >= LOOK_BETWEEN:
            self.limit.look()
            self.looked = time.monotonic()

    def global_changes(self) -> list[str]:
        """What the worker says has changed in the state that tests share."""
        reply = self._ask({"op": "state"})
        found = reply.get("value") if isinstance(reply, dict) else None
        return [str(item)[:100] for item in found][:10] if isinstance(found, list) else ["unknown"]

    def _ask(self, message: dict[str, Any]) -> Any:
        return self.read(self.exchange(wire.encode(message), _no_callback))

    def take_output(self) -> str:
        return self.channel.take_output() if self.channel is not None else ""

    def end(self) -> int | None:
        """Make away with the worker and all that it started."""
        process, self.process = self.process, None
        if process is None:
            return None
        status = self.source.end(process.pid)
        if self.channel is not None:
            self.channel.close()
        os.close(process.trace)
        self.channel = None
        return status

    # -- exchange -------------------------------------------------------------------------------------

    def exchange(self, frame: bytes, callback: Callback) -> bytes:
        """One request and its reply, with calls back to the tester's functions in between."""
        if self.channel is None or self.limit is None:
            raise WorkerLost(Failure("The process that ran your code has ended."))
        try:
            reply = self.channel.exchange(frame, self.limit)
            while (answer := self._answer_callback(reply, callback)) is not None:
                reply = self.channel.exchange(answer, self.limit)
            self._look_again()
        except TimedOut:
            raise self._timed_out() from None
        except Overused as overused:
            self.end()
            scratch.empty(self.policy.scratch)
            raise WorkerLost(Failure(str(overused))) from None
        except Closed:
            raise self._died() from None
        except wire.WireError as error:
            self.end()
            raise WorkerLost(Failure(f"Your code's process answered something that is no answer: {error}")) from None
        return reply

    def _answer_callback(self, reply: bytes, callback: Callback) -> bytes | None:
        """The answer to a call back, or None when the frame is the reply itself."""
        header, _ = wire.check_prefix(reply[: wire.PREFIX.size])
        if b"callback" not in reply[wire.PREFIX.size : wire.PREFIX.size + header]:
            return None
        message = self.read(reply)
        if not isinstance(message, dict) or set(message) != {"callback", "args", "kwargs"}:
            return None
        try:
            value = callback(message["callback"], list(message["args"]), dict(message["kwargs"]))
        except SuiteFailure:
            raise
        except Exception as error:
            return wire.encode({"raised": f"{type(error).__name__}: {error}"})
        return wire.encode({"value": value})

    def _timed_out(self) -> StudentTimeout:
        frames = self._stack()
        self.end()
        place = f"{frames[-1].file}:{frames[-1].line}" if frames else ""
        where = f" It was at line {frames[-1].line}, in {frames[-1].function}." if frames else ""
        text = f"No answer within {self.seconds:g} seconds.{where}"
        advice = "Look for a loop that never ends, or work that grows much faster than it needs to."
        return StudentTimeout(Failure(text, frames=tuple(frames), location=place, advice=advice))

    def _stack(self) -> list[Frame]:
        """Ask the stuck worker for its stack, outermost first, and keep the learner's own lines."""
        if self.process is None or not hasattr(signal, "SIGUSR1"):
            return []
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(self.process.pid, signal.SIGUSR1)
        text = _read_for(self.process.trace, 0.5)
        frames = []
        for match in TRACE_LINE.finditer(text):
            if self._is_learners(match["file"]):
                number = int(match["line"][:9])
                line = _source_line(match["file"], number)
                frames.append(Frame(match["file"], number, match["function"][:80], line))
        return frames[::-1][-6:]

    def _is_learners(self, file: str) -> bool:
        """The worker wrote this name, and the file's line will be shown: it must really be in the learner's tree."""
        if file == self.load["path"]:
            return True
        root = os.path.realpath(self.load["root"])
        return os.path.realpath(file).startswith(root + os.sep) and file.endswith(".py")

    def _died(self) -> WorkerLost:
        status = self.end()
        return WorkerLost(Failure(_how_it_ended(status), call=Call("")))


def _no_callback(number: int, args: list[Any], kwargs: dict[str, Any]) -> Any:
    raise WorkerLost(Failure("a function was called that was never passed"))


def _how_it_ended(status: int | None) -> str:
    if status is None or status == -signal.SIGKILL:
        return "The process that ran your code was ended, most likely for the memory it asked for."
    if status == -signal.SIGABRT:
        return "Your code aborted its process (os.abort, or a failed check in a library)."
    if status == -signal.SIGSEGV:
        return "Your code crashed its process (a segmentation fault, often recursion without end in C)."
    if status < 0:
        return f"Your code's process was ended by signal {signal.Signals(-status).name}."
    return f"Your code ended its process (exit status {status}): os._exit is no way to answer."


def _read_for(descriptor: int, seconds: float) -> str:
    """What arrives on a pipe within a short time, up to the first pause."""
    data, deadline = b"", time.monotonic() + seconds
    while time.monotonic() < deadline and len(data) < 65_536:
        ready, _, _ = select.select([descriptor], [], [], 0.1 if data else seconds)
        if not ready:
            break
        part = os.read(descriptor, 65_536)
        if not part:
            break
        data += part
    return data.decode("utf-8", "replace")


def _source_line(file: str, number: int) -> str:
    try:
        with open(file, encoding="utf-8", errors="replace") as lines:
            return next((text.strip()[:200] for i, text in enumerate(lines, 1) if i == number), "")
    except OSError:
        return ""
