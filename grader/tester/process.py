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

from grader.judge.workers import WorkerSource
from grader.protocol.jobs import Job
from grader.protocol.results import Event, ExerciseResult, Failure, SuiteFinished, Verdict
from grader.tester import scratch as scratches
from grader.tester.channel import Closed, receive_exactly
from grader.tester.links import LocalConnection, WorkerConnection
from grader.worker import loading
from grader.worker.sandbox import Policy

LENGTH = 8
FILES_AT_MOST = 32
PLAIN_VERDICTS = (Verdict.PASSED, Verdict.FAILED, Verdict.TODO)


def main(sock: socket.socket, workers: WorkerSource) -> NoReturn:
    """Read a job, judge it and send each event; then end the process, or take the next file of the same suite."""
    status = 0
    try:
        job = _read_job(sock)
        _silence()
        send = lambda event: _write(sock, msgspec.msgpack.encode(event, enc_hook=None))  # noqa: E731
        judge(job, workers, send, lambda: _next_job(sock))
    except (Closed, BrokenPipeError):
        pass
    except BaseException as error:
        status = 70
        with contextlib.suppress(Exception):
            _write(sock, msgspec.msgpack.encode(SuiteFinished(_own_fault(job, error))))
    finally:
        os._exit(status)


class TesterSession:
    """Where files are judged: each at a worker, in a scratch, of its own.

    Without workers the learner's code runs here: `--debug`. With `read_next` the same suite goes on to the next
    file, but only where that one finds this process as the first one did: `spoil` says that it would not.
    """

    def __init__(
        self,
        workers: WorkerSource | None,
        send: Callable[[Event], None],
        read_next: Callable[[], Job | None] | None = None,
    ) -> None:
        self.workers = workers
        self.send = send
        self.read_next = read_next
        self.judged = 0
        self.tainted = False
        self.occupied = True  # by a file that has no result yet

    @contextlib.contextmanager
    def place(self, job: Job) -> Iterator[tuple[WorkerConnection | None, str]]:
        """A link to a fresh worker, started when it is needed, and an empty scratch."""
        with _scratch() as scratch:
            if self.workers is None:
                yield None, scratch
                return
            load = {"name": module_name(job), "path": job.file, "root": job.root}
            link = WorkerConnection(self.workers, load, policy_of(job, scratch), job.tier, job.memory_limit)
            try:
                yield link, scratch
            finally:
                link.end()

    def taint(self) -> None:
        """Mutants were run here, or something was interrupted: the next file is to have a fresh process."""
        self.tainted = True

    def finish(self, result: ExerciseResult) -> Job | None:
        """Send the result. The next job, if this process may take one."""
        self.judged += 1
        plain = all(test.verdict in PLAIN_VERDICTS and not test.notes for test in result.tests)
        fit = plain and result.problem is None and not self.tainted and self.judged < FILES_AT_MOST
        reusable = fit and self.read_next is not None
        self.send(SuiteFinished(result, reusable))
        following = self.read_next() if reusable and self.read_next is not None else None
        self.occupied = following is not None
        return following


def judge(
    job: Job,
    workers: WorkerSource | None,
    send: Callable[[Event], None],
    read_next: Callable[[], Job | None] | None = None,
) -> None:
    """Run the suite of one exercise on the job's file, and on those that follow."""
    from grader.tester.suite_run import run_suite

    run_suite(job, TesterSession(workers, send, read_next))


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


def reference_link(job: Job) -> LocalConnection:
    """The reference, imported from the solutions."""
    module = loading.load_exercise(module_name(job), job.reference_file, job.reference_root)
    return LocalConnection(module, job.reference_root)


def mutant_connection(job: Job, source: str, folder: str) -> LocalConnection:
    """The reference with a mistake in it, under a name of its own."""
    path = Path(folder) / "mutant.py"
    path.write_text(source, encoding="utf-8")
    return LocalConnection(loading.load_source(module_name(job) + "__mutant", path), job.reference_root)


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


def _read_job(sock: socket.socket) -> Job:
    size = int.from_bytes(receive_exactly(sock, LENGTH), "big")
    return msgspec.msgpack.decode(receive_exactly(sock, size), type=Job)


def _next_job(sock: socket.socket) -> Job | None:
    """The next one, or None once the command has hung up."""
    try:
        return _read_job(sock)
    except Closed:
        return None


def _write(sock: socket.socket, data: bytes) -> None:
    sock.sendall(len(data).to_bytes(LENGTH, "big") + data)
