"""The connection to a worker process, which is replaced by a fresh one when it has died, hung or been tampered with."""

from __future__ import annotations

import contextlib
import os
import re
import resource
import select
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from grader.course import removal
from grader.protocol.frames import Closed, FrameKind, kind_of
from grader.protocol.messages import (
    AnyReply,
    CallBackFailed,
    CalledBack,
    GetChangedState,
    Load,
    Refused,
    Request,
    Returned,
    SetUp,
    pack_message,
    read_callback,
    read_reply,
)
from grader.protocol.results import Call, Exhausted, Failure, Frame, Place
from grader.protocol.wire import Restore, WireError
from grader.tester import scratch_folder
from grader.tester.allowance import Allowance, Overused, TimedOut, own_delay, thread_count, usage_of
from grader.tester.channel import Channel
from grader.tester.connection import Callback
from grader.tester.failures import StudentTimeout, SuiteFailure, WorkerLost
from grader.tester.worker_source import WorkerProcess, WorkerSource
from grader.worker import limits
from grader.worker.limits import MAX_THREADS
from grader.worker.sandbox import Policy, SandboxError

ESCAPE = re.compile(r"\\(?:x[0-9a-f]{2}|u[0-9a-f]{4}|U[0-9a-f]{8})")
TRACE_LINE = re.compile(r'File "(?P<file>.+)", line (?P<line>\d+) in (?P<function>.+)')
BACKSTOP_SECONDS = 3600
START_SECONDS = 60.0
FREE_BYTES = 32 * 2**20  # what a file and the tests before may have mapped
OWN_FAULT = 70  # the exit status of a worker that fails outside of the learner's code
LOOK_BETWEEN_SECONDS = 0.005
STACK_FRAMES_SHOWN = 6
STACK_SECONDS = 2.0
MAX_STACK_BYTES = 65_536
MAX_STACK_LINES, MAX_STACK_LINE = 500, 5000  # a path may be long


@dataclass(frozen=True)
class Memory:
    """What a process has mapped, and what of that may be written; None where the system does not say."""

    mapped: int = 0
    data: int | None = None


def memory_of(pid: int) -> Memory:
    """As the system sees it at this moment."""
    return Memory(limits.mapped_bytes(pid), limits.data_bytes(pid))


class WorkerConnection:
    """One file's worker. `restore` makes handles of the objects that come in a call back; its user sets it."""

    def __init__(self, source: WorkerSource, load: Load, policy: Policy, tier: str, memory_bytes: int) -> None:
        self.source = source
        self.load = load
        self.policy = policy
        self.tier = tier
        self.memory_bytes = memory_bytes
        self.process: WorkerProcess | None = None
        self.channel: Channel | None = None
        self.seconds = 10.0
        self.allowance: Allowance | None = None
        self.looked = 0.0
        self.settled = 0.0
        self.restore: Restore | None = None
        self.is_bounded = False  # in its memory, for good
        self.first = Memory()  # before the learner's code was there

    # -- life of a worker -----------------------------------------------------------------------------

    def ready(self) -> bool:
        """Whether there is a worker that can take the next test."""
        return self.channel is not None and not self.is_bounded

    def start(self, seconds: float) -> None:
        """A fresh worker with its limits and its sandbox on. What comes next is the import.

        It finds an empty scratch: the one before may have left there what it saw in a hidden test.
        """
        removal.empty(self.policy.scratch)
        self.seconds = seconds
        self.is_bounded = False
        self.process = self.source.start(self.tier, self.policy)
        self.channel = Channel(self.process.sock, self.process.output)
        self.begin(START_SECONDS)  # one that is not forked has yet to import its libraries
        self._enclose()
        self.first = memory_of(self.process.pid)
        self.allowance = None  # nothing of this was the learner's
        self.begin(seconds)

    def _enclose(self) -> None:
        """Limits and sandbox on, before the learner's code is anywhere near. Anything but a clear yes is an error."""
        request = SetUp(
            scratch=self.policy.scratch,
            readable=self.policy.readable,
            tier=self.tier,
            memory_bytes=self.memory_bytes,
            processor_seconds=BACKSTOP_SECONDS,
        )
        try:
            reply: AnyReply = self._ask(request)
        except SuiteFailure as failed:  # the learner's code has no part in it
            reply = Refused(reason=f"its process ended at once ({failed})")
        if not isinstance(reply, Returned) or reply.value != self.tier:
            self.end()
            said = reply.reason if isinstance(reply, Refused) else "no answer"
            raise SandboxError(f"the worker could not be enclosed: {said}", "`grader doctor` shows what works here")

    def begin(self, seconds: float) -> None:
        """A new allowance, for a test or for the import."""
        assert self.process is not None
        self._settle()
        pid = self.process.pid
        self.seconds = seconds
        self.allowance = Allowance(seconds, lambda: usage_of(pid), lambda: self._overuse(pid), own_delay=own_delay)

    @property
    def seconds_used(self) -> float:
        """What all workers of this file have used so far."""
        return self.settled + (self.allowance.used() if self.allowance is not None else 0.0)

    def _settle(self) -> None:
        self.settled = self.seconds_used
        self.allowance = None

    def _overuse(self, pid: int) -> str:
        """What the worker has too much of that the kernel's own limits do not count for every user."""
        if thread_count(pid) > 2 * MAX_THREADS:
            return f"Your code started more than {2 * MAX_THREADS} threads."
        return scratch_folder.complaint(self.policy.scratch)

    def _look_again(self) -> None:
        """Every few milliseconds, however many quick tests and answers there are in between."""
        assert self.allowance is not None
        if time.monotonic() - self.looked >= LOOK_BETWEEN_SECONDS:
            self.allowance.look()
            self.looked = time.monotonic()

    def global_changes(self) -> list[str]:
        """What the worker says has changed in the state that tests share."""
        reply = self._ask(GetChangedState())
        found = reply.value if isinstance(reply, Returned) else None
        if type(found) is not list:
            return ["unknown"]
        return [item[:100] if type(item) is str else "unknown" for item in found[:10]]

    def _ask(self, request: Request) -> AnyReply:
        frame = self.exchange(pack_message(FrameKind.REQUEST, request), _no_callback)
        try:
            return read_reply(frame)
        except WireError as error:
            raise WorkerLost(Failure(f"the answer was not understood: {error}")) from None

    @contextlib.contextmanager
    def memory(self, size: int) -> Iterator[None]:
        """Have the kernel hold the worker to so much more memory than it has mapped.

        What the learner's code mapped beforehand, as a store for now, is taken off. What it unmaps of libraries during
        the call gives no room: written memory is bounded by itself. The bounds are such that the worker cannot lift
        them, and neither can we: so it is the worker's last test.
        """
        if self.process is not None and hasattr(resource, "prlimit"):
            now = memory_of(self.process.pid)
            self._bound(resource.RLIMIT_AS, now.mapped, now.mapped - self.first.mapped, size)
            if now.data is not None and self.first.data is not None:
                self._bound(resource.RLIMIT_DATA, now.data, now.data - self.first.data, size)
            self.is_bounded = True
        yield

    def _bound(self, kind: int, now: int, grown: int, size: int) -> None:
        """Hold the worker to `size` above `now`. `grown` is how much of that the learner's code has taken before."""
        assert self.process is not None
        beforehand = max(0, grown - FREE_BYTES)
        if beforehand > size:
            text = f"Your code holds {beforehand // 2**20} MiB before the call, which may take {size // 2**20} MiB."
            raise SuiteFailure(Failure(text, exhausted=Exhausted.MEMORY))
        most = now + size - beforehand
        resource.prlimit(self.process.pid, kind, (most, most))

    def take_output(self) -> str:
        return self.channel.take_output() if self.channel is not None else ""

    def end(self) -> int | None:
        """Make away with the worker and all that it started."""
        process, self.process = self.process, None
        if process is None:
            return None
        self._settle()  # while the system still knows the process
        status = self.source.end(process.pid)
        if self.channel is not None:
            self.channel.close()
        os.close(process.trace)
        self.channel = None
        return status

    # -- exchange -------------------------------------------------------------------------------------

    def exchange(self, frame: bytes, callback: Callback) -> bytes:
        """One request and its reply, with calls back to the tester's functions in between."""
        if self.channel is None or self.allowance is None:
            raise WorkerLost(Failure("The process that ran your code has ended."))
        try:
            reply = self.channel.exchange(frame, self.allowance)
            while kind_of(reply) is FrameKind.CALLBACK:
                reply = self.channel.exchange(self._call_back(reply, callback), self.allowance)
            self._look_again()
        except TimedOut:
            raise self._timed_out() from None
        except Overused as overused:
            self.end()
            removal.empty(self.policy.scratch)
            raise WorkerLost(Failure(str(overused))) from None
        except Closed:
            raise self._died() from None
        except WireError as error:
            self.end()
            raise WorkerLost(Failure(f"Your code's process answered something that is no answer: {error}")) from None
        return reply

    def _call_back(self, frame: bytes, callback: Callback) -> bytes:
        """Call the function that is asked for. Its answer, or what it raised."""
        asked = read_callback(frame, self.restore)
        if type(asked.args) is not list or type(asked.kwargs) is not dict:
            raise WireError("a call without arguments")
        try:
            value = callback(asked.number, asked.args, asked.kwargs)
        except SuiteFailure:
            raise
        except Exception as error:
            failed = CallBackFailed(text=f"{type(error).__name__}: {error}")
            return pack_message(FrameKind.CALLBACK_REPLY, failed)
        return pack_message(FrameKind.CALLBACK_REPLY, CalledBack(value=value))

    def _timed_out(self) -> StudentTimeout:
        frames = self._stack()
        self.end()
        place = frames[-1].place if frames else None
        where = f" It was in {frames[-1].function}." if frames else ""
        text = f"No answer within {self.seconds:g} seconds.{where}"
        advice = "Look for a loop that never ends, or work that grows much faster than it needs to."
        return StudentTimeout(Failure(text, frames=tuple(frames), place=place, advice=advice, exhausted=Exhausted.TIME))

    def _stack(self) -> list[Frame]:
        """Ask the stuck worker for its stack, outermost first, and keep the learner's own lines."""
        if self.process is None or not hasattr(signal, "SIGUSR1"):
            return []
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(self.process.pid, signal.SIGUSR1)
        frames = []
        for line in _read_for(self.process.trace, STACK_SECONDS).split("\n")[:MAX_STACK_LINES]:
            match = TRACE_LINE.search(line[:MAX_STACK_LINE])
            file = self._learners_file(match["file"]) if match is not None else None
            if match is not None and file is not None:
                number = int(match["line"][:9])
                frames.append(Frame(Place(file, number), unescaped(match["function"])[:80], _source_line(file, number)))
        return frames[::-1][-STACK_FRAMES_SHOWN:]

    def _learners_file(self, written: str) -> str | None:
        """The learner's file of this name; the worker wrote it, and the file's line will be shown.

        Letters beyond ASCII are written as escapes. A name may also hold what looks like one.
        """
        return next((file for file in (written, unescaped(written)) if self._is_learners(file)), None)

    def _is_learners(self, file: str) -> bool:
        """Whether the file is really in the learner's tree."""
        if file == self.load.path:
            return True
        root = os.path.realpath(self.load.root)
        try:
            return os.path.realpath(file).startswith(root + os.sep) and file.endswith(".py")
        except ValueError:  # a zero byte in the name
            return False

    def _died(self) -> WorkerLost:
        status = self.end()
        memory = Exhausted.MEMORY if status is None or status == -signal.SIGKILL else None
        return WorkerLost(Failure(_how_it_ended(status), call=Call(""), exhausted=memory))


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
        return f"Your code's process was ended by signal {_signal_name(-status)}."
    if status == OWN_FAULT:
        return "The process that ran your code could not go on: something in it, such as a module, was replaced."
    return f"Your code ended its process (exit status {status}): os._exit is no way to answer."


def _signal_name(number: int) -> str:
    """Most of the signals of real time have no name."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return str(number)


def _read_for(descriptor: int, seconds: float) -> str:
    """What arrives on a pipe within a short time, up to the first pause.

    Never waiting in `read`: the worker can open its pipes for reading, too, and take back what has arrived.
    """
    os.set_blocking(descriptor, False)
    data, deadline = b"", time.monotonic() + seconds
    while time.monotonic() < deadline and len(data) < MAX_STACK_BYTES:
        ready, _, _ = select.select([descriptor], [], [], 0.1 if data else seconds)
        if not ready:
            break
        try:
            part = os.read(descriptor, MAX_STACK_BYTES)
        except BlockingIOError:
            continue
        if not part:
            break
        data += part
    return data.decode("utf-8", "replace")


def unescaped(text: str) -> str:
    """The text with the escapes turned into letters in which a traceback of the system's is written."""
    return ESCAPE.sub(lambda found: _letter(int(found[0][2:], 16)), text)


def _letter(code: int) -> str:
    """The letter of this number. No text can be made of half a surrogate pair, and there is none beyond the last."""
    return chr(code) if code <= 0x10FFFF and not 0xD800 <= code < 0xE000 else "\N{REPLACEMENT CHARACTER}"


def _source_line(file: str, number: int) -> str:
    try:
        with open(file, encoding="utf-8", errors="replace") as lines:
            return next((text.strip()[:200] for i, text in enumerate(lines, 1) if i == number), "")
    except OSError:
        return ""
