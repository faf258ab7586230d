"""The trusted process: one job in, events out. It runs the suite and never the learner's code."""

from __future__ import annotations

import contextlib
import os
import socket
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NoReturn

import msgspec

from grader.judge import loading
from grader.judge import scratch as scratches
from grader.judge.channel import Closed, receive_exactly
from grader.judge.jobs import Job
from grader.judge.links import LocalLink, RemoteLink
from grader.judge.sandbox import Policy
from grader.judge.workers import WorkerSource
from grader.results import Event, ExerciseResult, Failure, SuiteFinished, Verdict

LENGTH = 8


def main(sock: socket.socket, workers: WorkerSource) -> NoReturn:
    """Read the job, judge it, send each event, and end the process."""
    status = 0
    try:
        job = msgspec.msgpack.decode(_read(sock), type=Job)
        _silence()
        send = lambda event: _write(sock, msgspec.msgpack.encode(event, enc_hook=None))  # noqa: E731
        judge(job, workers, send)
    except (Closed, BrokenPipeError):
        pass
    except BaseException as error:
        status = 70
        with contextlib.suppress(Exception):
            _write(sock, msgspec.msgpack.encode(SuiteFinished(_own_fault(job, error))))
    finally:
        os._exit(status)


def judge(job: Job, workers: WorkerSource | None, send: Callable[[Event], None]) -> None:
    """Run the suite of one exercise. Without workers the learner's code runs here: `--debug`."""
    from grader.suite.run import run_suite

    with _scratch() as scratch:
        load = {"name": module_name(job), "path": job.file, "root": job.root}
        link = None
        if workers is not None:
            link = RemoteLink(workers, load, policy_of(job, scratch), job.tier, job.memory_limit)
        try:
            result = run_suite(job, link, scratch, send)
        finally:
            if link is not None:
                link.end()
    send(SuiteFinished(result))


def judge_here(job: Job) -> list[Event]:
    """`--debug`: the learner's code in this process, where `breakpoint()` and prints work."""
    events: list[Event] = []
    judge(job, None, events.append)
    return events


def policy_of(job: Job, scratch: str) -> Policy:
    """What the worker may read: the learner's tree, the exercise's file, the kit's data."""
    readable = [job.root, job.file, job.data]
    return Policy(scratch, tuple(path for path in readable if path and os.path.exists(path)))


def module_name(job: Job) -> str:
    """`ch2_embeddings.one_hot` for the exercise `ch2_embeddings/one_hot`."""
    return job.exercise.replace("/", ".")


def reference_link(job: Job) -> LocalLink:
    """The reference, imported from the solutions."""
    module = loading.load_exercise(module_name(job), job.reference_file, job.reference_root)
    return LocalLink(module, job.reference_root)


def twin_link(job: Job, source: str, folder: str) -> LocalLink:
    """The reference with a mistake in it, under a name of its own."""
    path = Path(folder) / "twin.py"
    path.write_text(source, encoding="utf-8")
    return LocalLink(loading.load_source(module_name(job) + "__twin", path), job.reference_root)


@contextlib.contextmanager
def _scratch() -> Iterator[str]:
    folder = tempfile.mkdtemp(prefix="grader-")
    try:
        yield folder
    finally:
        scratches.remove(folder)


def _own_fault(job: Any, error: BaseException) -> ExerciseResult:
    text = f"The grader itself failed: {type(error).__name__}: {error}"
    name = job.exercise if isinstance(job, Job) else ""
    return ExerciseResult(name, Verdict.ERROR, problem=Failure(text))


def _silence() -> None:
    """pytest and the suites have nothing to say to the terminal; a crash of ours may speak on stderr."""
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)
    os.dup2(null, 1)
    sys.stdout = open(1, "w", closefd=False)  # noqa: SIM115 # lives as long as the process


def _read(sock: socket.socket) -> bytes:
    size = int.from_bytes(receive_exactly(sock, LENGTH), "big")
    return receive_exactly(sock, size)


def _write(sock: socket.socket, data: bytes) -> None:
    sock.sendall(len(data).to_bytes(LENGTH, "big") + data)
