"""Runs one test at a time: on the learner's code with its worker and limits, or again with other code in its place."""

from __future__ import annotations

import contextlib
import inspect
import signal
import time
from collections.abc import Iterator
from typing import Any

import pytest
from _pytest.runner import runtestprotocol
from msgspec.structs import replace

from grader.course import removal
from grader.errors import JudgeError
from grader.protocol.jobs import Job, JudgeMode, Solution
from grader.protocol.messages import Loaded
from grader.protocol.results import Call, Exhausted, Failure, Figures, PlannedTest, TestResult, Verdict
from grader.tester.allowance import LAST_BOUND_FACTOR
from grader.tester.connection import Connection
from grader.tester.draw import derive_seed
from grader.tester.failures import MutantTimeout, Stalled, StudentRaised, SuiteFailure, WorkerLost
from grader.tester.file_run import Problem
from grader.tester.local_connection import LocalConnection, connect_here
from grader.tester.notebook import notebook_of, with_failures
from grader.tester.patience import Spent
from grader.tester.peer import Peer
from grader.tester.recording import NotRecorded, RecordingConnection, ReplayConnection
from grader.tester.session import TesterSession, Workplace, load_request
from grader.tester.source_index import index_source
from grader.tester.source_tree import tree_of
from grader.tester.transcript import Transcript
from grader.tester.worker_connection import WorkerConnection
from grader.worker import loading

NOT_AGAIN = "The file was imported once, and could not be imported again in a fresh process."
RING_AGAIN_SECONDS = 5.0
REPLAY_CLOCK_FACTOR = 5.0  # code that is ours, and does not sleep


class TestRunner:
    """Knows the file at hand, and the two peers that a test speaks to."""

    __test__ = False

    def __init__(self, job: Job, student: Peer, reference: Peer, session: TesterSession) -> None:
        self.job = job
        self.student = student
        self.reference = reference
        self.session = session
        self.worker: WorkerConnection | None = None
        self.scratch = ""
        self.raised: BaseException | None = None
        self.spent = Spent()  # in the latest test
        self.start_file(job)

    def start_file(self, job: Job) -> None:
        """Speak of this job's file from now on."""
        self.job = job
        self.notebook = notebook_of(job)
        self.imported = False
        self.figures: dict[str, Figures] = {}
        self.student.why_missing = None
        learner = job.learner
        index = index_source(learner.file, learner.display_path, learner.notebooks.get(job.exercise))
        self.student.start_file(index, tree_of(job))

    def enter(self, workplace: Workplace) -> None:
        """Run the tests that follow here."""
        self.worker, self.scratch = workplace.worker, workplace.scratch

    # -- the learner's run of a test ------------------------------------------------------------------

    def run(self, item: pytest.Item, following: pytest.Item | None) -> TestResult | Problem:
        """One test on the learner's code, from the import to what is looked at afterwards.

        A problem is one of the whole file: it cannot be imported, say.
        """
        seconds = self.limit_of(item)
        with self.session.watched(self._own_share(seconds), self._in_all(seconds)):
            before = self._spent_so_far()
            try:
                return self._run(item, following, seconds)
            finally:
                self.spent = self._spent_so_far() - before

    def _spent_so_far(self) -> Spent:
        used = self.worker.seconds_used if self.worker is not None else 0.0
        return Spent(used, time.process_time(), time.monotonic())

    def _run(self, item: pytest.Item, following: pytest.Item | None, seconds: float) -> TestResult | Problem:
        started, is_first = time.monotonic(), not self.imported
        if self.worker is not None and item.get_closest_marker("alone") is not None:
            self.worker.end()
        problem = self.prepare(seconds)
        if problem is not None:
            return problem if is_first or problem.verdict is Verdict.ERROR else _not_again(item, problem)
        with self._stall_alarm(seconds):
            raised = self.execute(item, following)
            if isinstance(raised, SuiteFailure):
                raised.settle()  # here time is bounded, and the values are the learner's
        verdict, failure = self._verdict(item, raised)
        return TestResult(
            name=item.name,
            title=title_of(item),
            verdict=verdict,
            hidden=is_hidden(item),
            points=float(_marker(item, "points", 1.0)),
            seconds=time.monotonic() - started,
            failure=failure,
            output=self.worker.take_output() if self.worker is not None else "",
            notes=self._changes_of_global_state(),
        )

    def limit_of(self, item: pytest.Item) -> float:
        """The test's own limit in seconds, or the exercise's."""
        return float(_marker(item, "limit", self.job.limits.seconds))

    def _own_share(self, seconds: float) -> float:
        """What a test with this limit may use in this process, where the reference runs."""
        return 2 * seconds + self.job.limits.own_seconds

    def _in_all(self, seconds: float) -> float:
        """What it may take by the clock, however busy the machine is."""
        return 2 * LAST_BOUND_FACTOR * seconds + self.job.limits.slack_seconds

    def is_long(self, item: pytest.Item) -> bool:
        """Whether a test is given more time than others."""
        return self.limit_of(item) > self.job.limits.seconds

    @contextlib.contextmanager
    def _stall_alarm(self, seconds: float) -> Iterator[None]:
        """How long a test may take in all, whatever comes back: far more than the worker's own limit lets it wait.

        Of this process's own time it needs about as much as the reference takes.
        """
        if self.worker is None:  # `--debug`: a person may stand at a breakpoint
            yield
            return
        with _alarm(self._in_all(seconds), Stalled), _processor_alarm(self._own_share(seconds), Stalled):
            yield

    def execute(self, item: pytest.Item, following: pytest.Item | None) -> BaseException | None:
        """Run the test as pytest does and return what it raised, if anything."""
        self.raised = None
        seed = derive_seed("worker", item.name) % 2**32
        reference = self.reference.connection
        if isinstance(reference, ReplayConnection | RecordingConnection):
            reference.test = item.name
        try:
            if reference is not None:
                self.reference.begin(seed)
            self.student.begin(seed)
        except SuiteFailure as failed:
            return failed
        try:
            runtestprotocol(item, log=False, nextitem=following)
        except (MutantTimeout, Stalled) as rung:  # between two steps of pytest, which has put nothing away
            _put_away(item)
            return rung
        return self.raised

    def _changes_of_global_state(self) -> tuple[str, ...]:
        """End a worker whose shared state was touched, so that the next test starts clean."""
        worker = self.worker
        if worker is None or not worker.ready():
            return ()
        try:
            worker.begin(worker.seconds)
            changes = worker.global_changes()
        except SuiteFailure:
            worker.end()
            return ()
        if not changes:
            return ()
        worker.end()
        return tuple(f"Your code changed {change}; the next test got a fresh process." for change in changes)

    # -- a worker with the exercise imported ----------------------------------------------------------

    def prepare(self, seconds: float) -> Problem | None:
        """A worker that is ready for a test. What goes wrong here is the whole file's problem."""
        worker, student = self.worker, self.student
        if worker is None:
            return self._prepare_here()
        one_each = isinstance(self.job.mode, JudgeMode) and self.job.mode.worker_per_test
        if worker.ready() and not one_each:
            worker.begin(seconds)
            return None
        try:
            worker.end()
            worker.restore = student.restore
            worker.start(seconds)
            student.attach(worker)
            self._import()
        except SuiteFailure as failed:
            return self._import_problem(failed)
        except JudgeError as error:  # no sandbox, no verdict: the learner's code has not been run
            return Problem(Failure(f"{error.message}.", advice=error.hint or ""), Verdict.ERROR)
        return None

    def prepare_afresh(self, seconds: float) -> bool:
        """A fresh process that no test has met. False where there is none, or the file cannot be imported again."""
        self.session.taint()
        if self.worker is None:
            return False
        self.worker.end()
        return self.prepare(seconds) is None

    def _prepare_here(self) -> Problem | None:
        """`--debug`: import the learner's file into this process, once."""
        if self.student.connection is not None:
            return None
        if isinstance(self.job.reference, Solution):
            loading.forget(self.job.reference.root)
        self.student.attach(connect_here(self.job.learner.root))
        try:
            self._import()
        except SuiteFailure as failed:
            return self._import_problem(failed)
        return None

    def _import(self) -> None:
        reply = self.student.ask(load_request(self.job, is_timed=self.worker is not None))
        if not isinstance(reply, Loaded):
            raise WorkerLost(Failure("the answer was not understood"))
        if not self.imported:  # later the code has seen hidden tests, and could tell of them in what a cell raises
            self.notebook = with_failures(self.notebook, reply.failures)
            self.student.why_missing = self.notebook.why_missing
            self.imported = True
        if reply.raised is not None:
            self.student.transcript = Transcript()
            self.student.fail_raised(Call(f"import {self.job.module}"), "", reply.raised)

    def _import_problem(self, failed: SuiteFailure) -> Problem:
        text, because = failed.failure.message, ""
        verdict, failure = failed.verdict, failed.failure
        if isinstance(failed, StudentRaised):
            text = text if failed.explained else f"{failed.types[0]}: {failed.text}"
            if earlier := self._earlier_part_at_fault(failed):
                because = f", because {self.student.source.shown(earlier)}, an earlier part, could not be"
                verdict, failure = Verdict.BLOCKED, replace(failure, blocked_by=earlier)
        message = f"{self.job.learner.display_path} could not be imported{because}. {text}"
        return Problem(replace(failure, message=message), verdict)

    def _earlier_part_at_fault(self, failed: StudentRaised) -> str | None:
        """The earlier part whose own import failed: at its top, where nothing that its importer did plays a part."""
        frames = failed.failure.frames
        if failed.verdict is not Verdict.FAILED or not frames or frames[-1].function not in ("", "<module>"):
            return None
        owner = self.student.source.exercise_of(frames[-1].place.file)
        if owner is None or owner == self.job.exercise or self.job.module in failed.text:  # the last in a circle
            return None
        return owner if self.student.source.has(owner) else None

    # -- the verdict on what a test raised ------------------------------------------------------------

    def _verdict(self, item: pytest.Item, raised: BaseException | None) -> tuple[Verdict, Failure | None]:
        call = self.student.transcript.last_call
        match raised:
            case None:
                return Verdict.PASSED, None
            case Stalled():
                return self._stalled()
            case WorkerLost():
                self.session.taint()
                if call is None:
                    return raised.verdict, raised.failure
                place = self.student.index.place(call.name)
                return raised.verdict, replace(raised.failure, call=call, place=place)
            case SuiteFailure():
                if raised.failure.call is None and call is not None:
                    return raised.verdict, replace(raised.failure, call=call)
                return raised.verdict, raised.failure
            case _:
                return self._unexplained(item, raised)

    def _stalled(self) -> tuple[Verdict, Failure]:
        """The answer keeps the test busy for ever: a length of 10^18, say, that is gone through."""
        self.session.taint()
        if self.worker is not None:
            self.worker.end()  # it may have been in the middle of an answer
        call = self.student.transcript.last_call
        text = "The test does not come to an end over what your code returned."
        actual = call.returned if call else ""
        return Verdict.TIMEOUT, Failure(text, call=call, actual=actual, exhausted=Exhausted.TIME)

    def _unexplained(self, item: pytest.Item, raised: BaseException) -> tuple[Verdict, Failure]:
        """The suite stumbled. If it does not stumble over the reference, the learner's value is why."""
        self.session.taint()
        text = f"{type(raised).__name__}: {raised}"
        if isinstance(raised, NotRecorded):
            return Verdict.ERROR, Failure(f"This kit holds no answer of the reference to compare with: {text}")
        if self._stumbles_over_the_reference(item):
            return Verdict.ERROR, Failure(f"The test itself failed, whatever the answer: {text}")
        entry = self.student.transcript.last
        if entry is None:
            return Verdict.FAILED, Failure(f"The test could not go on: {text}")
        return Verdict.FAILED, Failure(
            f"What `{entry.call.name}` returned could not be used as a result: {text}",
            call=entry.call,
            actual=entry.call.returned,
            place=self.student.index.place(entry.path),
        )

    def _stumbles_over_the_reference(self, item: pytest.Item) -> bool:
        """Whether the test raises with the right answer as well. Without a reference it is trusted not to."""
        connection, transcript = self.reference.connection, self.student.transcript
        if not isinstance(connection, LocalConnection):
            return False
        if self.worker is not None:  # what it still does in the scratch would meet the right answer there
            self.worker.end()
            removal.empty(self.worker.policy.scratch)
        try:
            return self.replay(item, connection, self._own_share(self.limit_of(item))) is not None
        finally:
            self.student.transcript = transcript

    # -- the same test on other code ------------------------------------------------------------------

    def replay(self, item: pytest.Item, connection: Connection, seconds: float) -> BaseException | None:
        """Run a test with other code in the learner's place. Its transcript is the student's afterwards.

        The seconds are this process's own, of the processor; by the clock it may be some more.
        """
        self.session.taint()
        self.session.allow(seconds + self.job.limits.own_seconds)
        in_all = REPLAY_CLOCK_FACTOR * seconds
        try:
            with (
                self.student.replaced(connection),
                _alarm(in_all, MutantTimeout),
                _processor_alarm(seconds, MutantTimeout),
            ):
                return self.execute(item, None)
        except MutantTimeout as error:
            return error


def title_of(item: pytest.Item) -> str:
    """The test's docstring; for a parametrised test, with the parameter's name."""
    text = inspect.getdoc(getattr(item, "function", None)) or item.name.replace("_", " ")
    title = " ".join(text.split("\n\n")[0].split())
    callspec = getattr(item, "callspec", None)
    return f"{title} [{callspec.id}]" if callspec is not None else title


def is_hidden(item: pytest.Item) -> bool:
    """Whether the test is not part of a learner's kit."""
    return item.get_closest_marker("hidden") is not None


def planned(item: pytest.Item) -> PlannedTest:
    """What is known of a test before it runs."""
    return PlannedTest(item.name, title_of(item), is_hidden(item), float(_marker(item, "points", 1.0)))


def not_run(item: pytest.Item, reason: Failure) -> TestResult:
    """The result of a test for which there was no time left."""
    return planned(item).without_run(Verdict.TIMEOUT, reason)


def _not_again(item: pytest.Item, problem: Problem) -> TestResult:
    """The result of a test for which the file, imported before, could not be imported anew.

    What it says of that is not shown: by now the code may have seen hidden tests.
    """
    advice = "What a file does when it is imported must not depend on what was there before."
    failure = Failure(NOT_AGAIN, advice=advice, exhausted=problem.failure.exhausted)
    verdict = Verdict.TIMEOUT if problem.verdict is Verdict.TIMEOUT else Verdict.FAILED
    return planned(item).without_run(verdict, failure)


def _marker(item: pytest.Item, name: str, default: Any) -> Any:
    marker = item.get_closest_marker(name)
    return marker.args[0] if marker is not None and marker.args else default


def _put_away(item: pytest.Item) -> None:
    """What pytest does at the end of a test, for one that it could not bring to its end."""
    with contextlib.suppress(Exception):
        item.session._setupstate.teardown_exact(None)
    if isinstance(item, pytest.Function):
        item.funcargs = {}
        item._initrequest()


def _alarm(seconds: float, error: type[BaseException]) -> contextlib.AbstractContextManager[None]:
    """Raise the error in what is done inside, after this time."""
    return _bell(signal.ITIMER_REAL, signal.SIGALRM, seconds, error)


def _processor_alarm(seconds: float, error: type[BaseException]) -> contextlib.AbstractContextManager[None]:
    """The same, after this much of the process's own processor time."""
    return _bell(signal.ITIMER_PROF, signal.SIGPROF, seconds, error)


@contextlib.contextmanager
def _bell(timer: int, number: signal.Signals, seconds: float, error: type[BaseException]) -> Iterator[None]:
    def ring(*_: Any) -> None:
        raise error

    before = signal.signal(number, ring)
    signal.setitimer(timer, seconds, RING_AGAIN_SECONDS)  # an error that is raised in a finalizer comes to nothing
    try:
        yield
    finally:
        signal.setitimer(timer, 0)
        signal.signal(number, before)
