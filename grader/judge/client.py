"""The command's end: start the judge, hand it jobs, and receive their events as they happen."""

from __future__ import annotations

import contextlib
import os
import select
import selectors
import socket
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import msgspec

from grader.errors import JudgeError
from grader.judge.workers import boot_command
from grader.protocol.jobs import Job, differ_in_the_file_alone
from grader.protocol.results import Event, ExerciseResult, Failure, SuiteFinished, Verdict
from grader.worker.sandbox import detection

LENGTH = 8


@dataclass
class Running:
    """A tester at work: its job, its socket, and the bytes of an event that has not arrived whole."""

    job: Job
    sock: socket.socket
    process: subprocess.Popen[bytes] | None = None
    pending: bytearray = field(default_factory=bytearray)
    finished: bool = False
    reusable: bool = False


class Judge:
    """The judging processes of one command. `modules` are imported once, before the first job.

    `fork=False` starts each process on its own, for platforms on which a fork of torch is not safe.
    `tier` is the sandbox that must be held: the strongest that works here unless given. A tier that was
    asked for and does not hold is an error. `lasting` keeps testers for another file of their suite from one
    run to the next.
    """

    def __init__(
        self,
        modules: tuple[str, ...] = ("torch",),
        fork: bool = True,
        tier: str | None = None,
        keep_testers: bool = False,
    ) -> None:
        self.keep_testers = keep_testers
        self.modules = ",".join(modules)
        self.fork = fork and sys.platform != "darwin"
        self.required_tier = tier
        self.tier = "none"
        self.idle: list[Running] = []
        self.server: subprocess.Popen[bytes] | None = None
        self.commands: socket.socket | None = None

    def __enter__(self) -> Judge:
        if self.fork:
            self.commands, theirs = socket.socketpair()
            self.server = _start("server", self.modules, theirs)
        try:  # the canary runs while the server imports
            tier = self.required_tier
            self.tier = detection.detect() if tier is None else detection.require(tier)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._dismiss()
        if self.commands is not None:
            self.commands.close()
        if self.server is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.server.wait(10)
            if self.server.poll() is None:
                self.server.kill()
                self.server.wait()

    def run(self, jobs: Iterable[Job], parallel: int = 1) -> Iterator[tuple[Job, Event]]:
        """Judge the jobs, `parallel` at a time, and yield each event with its job.

        One job more is taken from the iterator while others run, and begins before the last one's result is
        yielded: what prepares jobs, or looks at results, holds nothing up. An iterator that has run dry is asked
        again after each event, until nothing is running any more.
        """
        waiting = iter(jobs)
        selector = selectors.DefaultSelector()
        ahead: Job | None = None
        try:
            while True:
                ahead = self._fill(selector, parallel, ahead, waiting)
                if not selector.get_map():
                    return
                for key, _ in selector.select():
                    running: Running = key.data
                    events = list(self._read(running))
                    if running.finished:
                        selector.unregister(running.sock)
                        self.idle.append(running) if running.reusable else self._close(running)
                        ahead = self._fill(selector, parallel, ahead, waiting)
                    for event in events:
                        yield running.job, event
        finally:
            for key in list(selector.get_map().values()):
                self._close(key.data)
            selector.close()
            if not self.keep_testers:
                self._dismiss()

    def _fill(
        self, selector: selectors.BaseSelector, parallel: int, ahead: Job | None, waiting: Iterator[Job]
    ) -> Job | None:
        """Start jobs while there is room. The job that is next."""
        ahead = next(waiting, None) if ahead is None else ahead
        while ahead is not None and len(selector.get_map()) < parallel:
            started = self._start(ahead)
            selector.register(started.sock, selectors.EVENT_READ, started)
            ahead = next(waiting, None)
        return ahead

    def judge(self, job: Job) -> ExerciseResult:
        """Judge one job and return its result."""
        for _, event in self.run([job]):
            if isinstance(event, SuiteFinished):
                return event.result
        raise JudgeError(f"the judge gave no result for {job.exercise}")

    def _start(self, job: Job) -> Running:
        """A tester at work on the job: one that has just judged the same suite, or a fresh one."""
        for running in self.idle:
            if differ_in_the_file_alone(running.job, job) and _is_waiting(running.sock):
                self.idle.remove(running)
                self._send(running.sock, job)
                return Running(job, running.sock, running.process)
        self._dismiss()
        ours, theirs = socket.socketpair()
        process = None
        if self.commands is not None:
            try:
                socket.send_fds(self.commands, [b"T"], [theirs.fileno()])
            except OSError:
                raise JudgeError("the judge could not be started", self._advice()) from None
            theirs.close()
        else:
            process = _start("tester", self.modules, theirs)
        self._send(ours, job)
        return Running(job, ours, process)

    def _send(self, sock: socket.socket, job: Job) -> None:
        data = msgspec.msgpack.encode(msgspec.structs.replace(job, tier=self.tier))
        with contextlib.suppress(OSError):  # a tester that is gone is noticed when its events end
            sock.sendall(len(data).to_bytes(LENGTH, "big") + data)

    def _dismiss(self) -> None:
        """Let the testers go that wait for another file of a suite."""
        while self.idle:
            self._close(self.idle.pop())

    def _read(self, running: Running) -> Iterator[Event]:
        try:
            part = running.sock.recv(1 << 20)
        except OSError:
            part = b""
        if not part:
            running.finished = True
            yield SuiteFinished(_lost(running.job))
            return
        running.pending += part
        while len(running.pending) >= LENGTH:
            size = int.from_bytes(running.pending[:LENGTH], "big")
            if len(running.pending) < LENGTH + size:
                return
            event = msgspec.msgpack.decode(running.pending[LENGTH : LENGTH + size], type=Event)
            del running.pending[: LENGTH + size]
            yield event
            if isinstance(event, SuiteFinished):
                running.finished, running.reusable = True, event.reusable
                return

    def _close(self, running: Running) -> None:
        running.sock.close()
        if running.process is not None:
            running.process.wait()

    def _advice(self) -> str:
        return "run `make check` once more; if it stays, `python -c 'import torch, pytest'` shows what is missing"


def _is_waiting(sock: socket.socket) -> bool:
    """Whether the tester at the other end is still there: one that waits for a job has nothing to say."""
    return not select.select([sock], [], [], 0)[0]


def _start(role: str, modules: str, theirs: socket.socket) -> subprocess.Popen[bytes]:
    process = subprocess.Popen(
        boot_command(role, modules, str(theirs.fileno())),
        pass_fds=[theirs.fileno()],
        stdin=subprocess.DEVNULL,
        env=_environment(),
    )
    theirs.close()
    return process


def _environment() -> dict[str, str]:
    """What the judge needs of the caller's environment, and nothing else of it."""
    kept = ("PATH", "LANG", "LC_ALL", "TMPDIR", "TEMP", "SYSTEMROOT", "LD_LIBRARY_PATH")
    return {name: os.environ[name] for name in kept if name in os.environ} | {"MPLBACKEND": "Agg"}


def _lost(job: Job) -> ExerciseResult:
    text = "The grader's own process ended before it had a result. Please report this."
    return ExerciseResult(job.exercise, Verdict.ERROR, problem=Failure(text), points_possible=job.points)
