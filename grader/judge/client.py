"""The command's end: start the judge, hand it jobs, and receive their events as they happen."""

from __future__ import annotations

import collections
import contextlib
import itertools
import os
import select
import selectors
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import msgspec

from grader.course.temporary import tidy_up
from grader.errors import JudgeError
from grader.judge.launch import SERVER, TESTER, boot_command, trusted_environment
from grader.judge.losses import Witness
from grader.protocol.frames import CHUNK_BYTES
from grader.protocol.jobs import Job, are_of_one_suite
from grader.protocol.packets import PacketBuffer, send_packet
from grader.protocol.results import Event, ExerciseResult, SuiteFinished, SuiteStarted, TestFinished
from grader.worker.sandbox import detection

SERVER_EXIT_SECONDS = 10
PULSE_SECONDS = 1.0
EVENTS: msgspec.msgpack.Decoder[Event] = msgspec.msgpack.Decoder(Event)


@dataclass
class RunningTester:
    """A tester at work: the ticket of its job, its socket, and what has arrived of its events.

    On `status` the server says how a tester ended that it had forked.
    """

    ticket: int
    job: Job
    sock: socket.socket
    status: int = -1
    process: subprocess.Popen[bytes] | None = None
    witness: Witness = field(default_factory=Witness)
    arrived: PacketBuffer = field(default_factory=PacketBuffer)
    finished: bool = False
    reusable: bool = False


class Judge:
    """The judging processes of one command. `libraries` are imported once, before the first job.

    `parallel` jobs run at a time. `fork=False` starts each process on its own, for platforms on which a fork of torch
    is not safe. `tier` is the sandbox that must be held: the strongest that works here unless given. A tier that was
    asked for and does not hold is an error. `keep_testers` keeps testers for another file of their suite after
    everything that was submitted is done. `pulse` is called every `pulse_seconds` while nothing happens.
    """

    def __init__(
        self,
        libraries: tuple[str, ...] = ("torch",),
        *,
        parallel: int = 1,
        fork: bool = True,
        tier: str | None = None,
        keep_testers: bool = False,
    ) -> None:
        self.libraries = ",".join(libraries)
        self.parallel = parallel
        self.fork = fork and sys.platform != "darwin"
        self.required_tier = tier
        self.keep_testers = keep_testers
        self.tier = "none"
        self.pulse: Callable[[], None] | None = None
        self.pulse_seconds = PULSE_SECONDS
        self.tickets = itertools.count()
        self.waiting: collections.deque[tuple[int, Job, Witness]] = collections.deque()
        self.running = selectors.DefaultSelector()
        self.idle: list[RunningTester] = []
        self.server: subprocess.Popen[bytes] | None = None
        self.commands: socket.socket | None = None

    def __enter__(self) -> Judge:
        tidy_up()
        if self.fork:
            self.commands, theirs = socket.socketpair()
            self.server = _start_process(SERVER, self.libraries, theirs)
        try:  # the canary runs while the server imports
            required = self.required_tier
            self.tier = detection.detect() if required is None else detection.require(required)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._abandon()
        self._dismiss()
        self.running.close()
        if self.commands is not None:
            self.commands.close()
        if self.server is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.server.wait(SERVER_EXIT_SECONDS)
            if self.server.poll() is None:
                self.server.kill()
                self.server.wait()

    # -- jobs in, results out -------------------------------------------------------------------------

    def submit(self, job: Job) -> int:
        """Have a job judged as soon as there is room. Its ticket, by which its events are known."""
        ticket = next(self.tickets)
        self.waiting.append((ticket, msgspec.structs.replace(job, tier=self.tier), Witness()))
        return ticket

    def has_next(self) -> bool:
        """Whether a job waits for the next free place. Who prepares jobs as they are needed keeps one waiting."""
        return len(self.running.get_map()) + len(self.waiting) > self.parallel

    def events(self) -> Iterator[tuple[int, Event]]:
        """What happens, until everything that was submitted is done; what is submitted meanwhile is done as well.

        The next job is begun before the last one's result is yielded: who looks at results holds nothing up.
        """
        try:
            self._start_waiting()
            while self.running.get_map():
                for key, _ in self._wait():
                    tester: RunningTester = key.data
                    found = list(self._read(tester))
                    if tester.finished:
                        self.running.unregister(tester.sock)
                        self.idle.append(tester) if tester.reusable else _close(tester)
                        self._start_waiting()
                    for event in found:
                        yield tester.ticket, event
                self._start_waiting()
        finally:
            self._abandon()
            if not self.keep_testers:
                self._dismiss()

    def _wait(self) -> list[tuple[selectors.SelectorKey, int]]:
        """The testers that have something to say."""
        found = self.running.select(self.pulse_seconds if self.pulse is not None else None)
        if not found and self.pulse is not None:
            self.pulse()
        return found

    def as_completed(self) -> Iterator[tuple[int, ExerciseResult]]:
        """The results alone, each with its job's ticket."""
        for ticket, event in self.events():
            if isinstance(event, SuiteFinished):
                yield ticket, event.result

    def judge(self, job: Job) -> ExerciseResult:
        """Judge one job and return its result."""
        wanted = self.submit(job)
        for ticket, result in self.as_completed():
            if ticket == wanted:
                return result
        raise JudgeError(f"the judge gave no result for {job.exercise}")

    # -- testers --------------------------------------------------------------------------------------

    def _start_waiting(self) -> None:
        """Begin jobs while there is room."""
        while self.waiting and len(self.running.get_map()) < self.parallel:
            tester = self._start(*self.waiting.popleft())
            self.running.register(tester.sock, selectors.EVENT_READ, tester)

    def _start(self, ticket: int, job: Job, witness: Witness) -> RunningTester:
        """A tester at work on the job: one that has just judged the same suite, or a fresh one."""
        for tester in self.idle:
            if are_of_one_suite(tester.job, job) and _is_waiting(tester.sock):
                self.idle.remove(tester)
                _send(tester.sock, job)
                return RunningTester(ticket, job, tester.sock, tester.status, tester.process, witness)
        self._dismiss()
        ours, theirs = socket.socketpair()
        process, status = None, -1
        if self.commands is not None:
            status, told = os.pipe()
            try:
                socket.send_fds(self.commands, [b"T"], [theirs.fileno(), told])
            except OSError:
                raise JudgeError("the judge could not be started", _advice()) from None
            theirs.close()
            os.close(told)
        else:
            process = _start_process(TESTER, self.libraries, theirs)
        _send(ours, job)
        return RunningTester(ticket, job, ours, status, process, witness)

    def _read(self, tester: RunningTester) -> Iterator[Event]:
        try:
            part = tester.sock.recv(CHUNK_BYTES)
        except OSError:
            part = b""
        if not part:
            tester.finished = True
            yield from self._lost(tester)
            return
        for packet in tester.arrived.feed(part):
            event = EVENTS.decode(packet)
            tester.witness.see(event)
            if isinstance(event, SuiteFinished):
                tester.finished, tester.reusable = True, event.reusable
                yield SuiteFinished(tester.witness.with_found(tester.job, event.result))
                return
            if not (isinstance(event, SuiteStarted) and tester.witness.losses):  # it was told of already
                yield event

    def _lost(self, tester: RunningTester) -> Iterator[Event]:
        """A tester has ended without a result: what it found counts, and another one goes on with the rest."""
        witness, job = tester.witness, tester.job
        lost = witness.lose(_status_of(tester))
        if lost is not None:
            yield TestFinished(job.exercise, lost)
        rest = witness.rest(job)
        if rest is None:
            yield SuiteFinished(witness.result(job))
        else:
            self.waiting.appendleft((tester.ticket, rest, witness))

    def _dismiss(self) -> None:
        """Let the testers go that wait for another file of a suite."""
        while self.idle:
            _close(self.idle.pop())

    def _abandon(self) -> None:
        """Leave nothing under way: what was submitted and is not done will not be."""
        self.waiting.clear()
        for key in list((self.running.get_map() or {}).values()):
            self.running.unregister(key.fileobj)
            _close(key.data)


def _status_of(tester: RunningTester) -> int | None:
    """How a tester ended, as the server saw it, or as we see it where the tester is a process of our own."""
    if tester.process is not None:
        return tester.process.wait()
    with contextlib.suppress(OSError, msgspec.DecodeError):
        if select.select([tester.status], [], [], SERVER_EXIT_SECONDS)[0]:
            return msgspec.msgpack.decode(os.read(tester.status, 64), type=int | None)
    return None


def _close(tester: RunningTester) -> None:
    tester.sock.close()
    if tester.status >= 0:
        os.close(tester.status)
    if tester.process is not None:
        tester.process.wait()


def _send(sock: socket.socket, job: Job) -> None:
    with contextlib.suppress(OSError):  # a tester that is gone is noticed when its events end
        send_packet(sock, msgspec.msgpack.encode(job))


def _is_waiting(sock: socket.socket) -> bool:
    """Whether the tester at the other end is still there: one that waits for a job has nothing to say."""
    return not select.select([sock], [], [], 0)[0]


def _start_process(module: str, libraries: str, theirs: socket.socket) -> subprocess.Popen[bytes]:
    process = subprocess.Popen(
        boot_command(module, libraries, str(theirs.fileno())),
        pass_fds=[theirs.fileno()],
        stdin=subprocess.DEVNULL,
        env=trusted_environment(),
    )
    theirs.close()
    return process


def _advice() -> str:
    return "run `make check` once more; if it stays, `python -c 'import torch, pytest'` shows what is missing"
