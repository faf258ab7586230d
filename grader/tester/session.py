"""A tester's life: it opens a worker for each file, reports the result, and goes on while it is as it was."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from grader.course import removal
from grader.protocol.jobs import Job
from grader.protocol.messages import Load
from grader.protocol.results import Event, ExerciseResult, SuiteFinished, Verdict
from grader.tester.guard import Guard
from grader.tester.worker_connection import WorkerConnection
from grader.tester.worker_source import WorkerSource
from grader.worker.sandbox import Policy

MAX_FILES_OF_A_TESTER = 32
SHARE_OF_CELLS = 0.8
PLAIN_VERDICTS = (Verdict.PASSED, Verdict.FAILED, Verdict.TODO, Verdict.BLOCKED)


@dataclass(frozen=True)
class Workplace:
    """Where one file is judged: its worker, and a folder that its code may write to. No worker under `--debug`."""

    worker: WorkerConnection | None
    scratch: str


class TesterSession:
    """Judges files one after the other, each at a worker, in a scratch, of its own.

    Without a source of workers the learner's code runs here: `--debug`. With `read_next` the same suite goes on to the
    next file, but only where that one finds this process as the first one did: `taint` says that it would not.
    """

    def __init__(
        self,
        workers: WorkerSource | None,
        send: Callable[[Event], None],
        read_next: Callable[[], Job | None] | None = None,
        guard: Guard | None = None,
    ) -> None:
        self.workers = workers
        self.send = send
        self.read_next = read_next
        self.guard = guard
        self.judged = 0
        self.tainted = False
        self.has_open_file = True  # one that has no result yet

    @contextlib.contextmanager
    def open_worker(self, job: Job) -> Iterator[Workplace]:
        """A connection to a fresh worker, started when it is needed, and an empty scratch."""
        with _scratch() as scratch:
            if self.workers is None:
                yield Workplace(None, scratch)
                return
            load = load_request(job)
            limits = job.limits
            worker = WorkerConnection(self.workers, load, policy_of(job, scratch), job.tier, limits.memory_bytes)
            try:
                yield Workplace(worker, scratch)
            finally:
                worker.end()

    def watched(self, processor_seconds: float, clock_seconds: float) -> contextlib.AbstractContextManager[None]:
        """What is done inside may take so long in this process; more ends it. Under `--debug` it is a person's own."""
        if self.guard is None:
            return contextlib.nullcontext()
        return self.guard.watched(processor_seconds, clock_seconds)

    def allow(self, processor_seconds: float) -> None:
        """The same, for the processor's time from now on, of something inside."""
        if self.guard is not None:
            self.guard.allow(processor_seconds)

    def taint(self) -> None:
        """Mutants were run here, or something was interrupted: the next file is to have a fresh process."""
        self.tainted = True

    def report(self, result: ExerciseResult) -> Job | None:
        """Send the result. The next job, if this process may take one."""
        self.judged += 1
        plain = all(test.verdict in PLAIN_VERDICTS and not test.notes for test in result.tests)
        fit = plain and result.problem is None and not self.tainted and self.judged < MAX_FILES_OF_A_TESTER
        reusable = fit and self.read_next is not None
        self.send(SuiteFinished(result, reusable))
        following = self.read_next() if reusable and self.read_next is not None else None
        self.has_open_file = following is not None
        return following


def load_request(job: Job, is_timed: bool = True) -> Load:
    """The request to import the job's file. `is_timed` leaves a notebook's cells less time than the import has."""
    seconds = SHARE_OF_CELLS * job.limits.seconds if is_timed else 0.0
    notebooks = {name.replace("/", "."): cells for name, cells in job.learner.notebooks.items()}
    return Load(
        name=job.module, path=job.learner.file, root=job.learner.root, notebooks=notebooks, cell_seconds=seconds
    )


def policy_of(job: Job, scratch: str) -> Policy:
    """What the worker may read: the learner's tree, the exercise's file, the kit's data."""
    readable = (job.learner.root, job.learner.file, job.data)
    return Policy(scratch, tuple(path for path in readable if os.path.exists(path)))


@contextlib.contextmanager
def _scratch() -> Iterator[str]:
    folder = tempfile.mkdtemp(prefix="grader-")
    try:
        yield folder
    finally:
        removal.remove(folder)
