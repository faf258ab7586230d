"""The trusted process: a job in, events out. It runs the suite and never the learner's code."""

from __future__ import annotations

import contextlib
import os
import socket
import sys
from collections.abc import Callable
from typing import NoReturn

import msgspec

from grader.protocol.frames import Closed
from grader.protocol.jobs import Job
from grader.protocol.packets import receive_packet, send_packet
from grader.protocol.results import Event, ExerciseResult, Failure, SuiteFinished, Verdict
from grader.tester.guard import Guard
from grader.tester.session import TesterSession
from grader.tester.suite_run import run_suite
from grader.tester.worker_source import WorkerSource

OWN_FAULT_STATUS = 70


def main(sock: socket.socket, workers: WorkerSource, leave: Callable[[], None] | None = None) -> NoReturn:
    """Read a job, judge it and send each event; then end the process, or take the next file of the same suite.

    `leave` is called at the end, for the process ends at once.
    """
    status = 0
    job: Job | None = None

    def send(event: Event) -> None:
        send_packet(sock, msgspec.msgpack.encode(event))

    try:
        job = _read_job(sock)
        _silence()
        guard = Guard(job.limits.memory_bytes)
        run_suite(job, TesterSession(workers, send, lambda: _next_job(sock), guard))
    except (Closed, BrokenPipeError):
        pass
    except BaseException as error:
        status = OWN_FAULT_STATUS
        with contextlib.suppress(Exception):
            send(SuiteFinished(_own_fault(job, error)))
    finally:
        if leave is not None:
            leave()
        os._exit(status)


def judge_here(job: Job) -> list[Event]:
    """`--debug`: the learner's code in this process, where `breakpoint()` and prints work."""
    events: list[Event] = []
    run_suite(job, TesterSession(None, events.append))
    return events


def _own_fault(job: Job | None, error: BaseException) -> ExerciseResult:
    text = f"The grader itself failed: {type(error).__name__}: {error}"
    return ExerciseResult(job.exercise if job is not None else "", Verdict.ERROR, problem=Failure(text))


def _silence() -> None:
    """pytest and the suites have nothing to say to the terminal; a crash of ours may speak on stderr."""
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)
    os.dup2(null, 1)
    sys.stdout = open(1, "w", closefd=False)  # noqa: SIM115 # lives as long as the process


def _read_job(sock: socket.socket) -> Job:
    return msgspec.msgpack.decode(receive_packet(sock), type=Job)


def _next_job(sock: socket.socket) -> Job | None:
    """The next one, or None once the command has hung up."""
    try:
        return _read_job(sock)
    except Closed:
        return None
