"""The pytest plugin of a suite: its fixtures, its own run loop, and the verdict on each test."""

from __future__ import annotations

import contextlib
import inspect
import os
import signal
import stat
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from _pytest.runner import runtestprotocol

from grader.errors import JudgeError
from grader.protocol.jobs import Job
from grader.protocol.results import (
    Call,
    Event,
    Failure,
    Progress,
    Recorded,
    SuiteStarted,
    TestFinished,
    TestResult,
    Verdict,
)
from grader.tester import scratch as scratches
from grader.tester.channel import PATIENCE
from grader.tester.contract import read_contract
from grader.tester.diagnosis import Diagnosis
from grader.tester.draw import Draw, derive_seed
from grader.tester.expect import Expect
from grader.tester.failures import MutantTimeout, Stalled, StudentRaised, SuiteFailure, WorkerLost
from grader.tester.links import LocalConnection, WorkerConnection
from grader.tester.outcome import outcome
from grader.tester.recording import NotRecorded, RecordedMutant, RecordingConnection, ReplayConnection, record
from grader.tester.shrink import smallest_case
from grader.tester.student import Entry, Session, Student
from grader.worker import loading

if TYPE_CHECKING:
    from grader.tester.process import TesterSession

FILE_LIMIT = 8 * 2**20
SHRUNK_AT_MOST = 2


class Scratch:
    """A folder that the learner's code may write to. Paths are given to it, bytes are read back."""

    def __init__(self, folder: str) -> None:
        self.folder = Path(folder)

    def path(self, name: str) -> str:
        """Where the learner's code is to write a file of this name."""
        return str(self.folder / name)

    def files(self) -> list[str]:
        """The names of the files that are there. Folders are left out: libraries make them for their caches."""
        return sorted(item.name for item in self.folder.iterdir() if item.is_file())

    def read(self, name: str) -> bytes | None:
        """A regular file's bytes; None where there is none, or more than 8 MiB."""
        try:
            descriptor = os.open(self.folder / name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        except OSError:
            return None
        with os.fdopen(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                return None
            data = file.read(FILE_LIMIT + 1)  # it may grow while it is read
            return data if len(data) <= FILE_LIMIT else None

    def clear(self) -> None:
        """Remove the files that are there."""
        scratches.empty(str(self.folder))


class SuitePlugin:
    """Runs every test on the learner's code, then looks for the mistake that explains what failed."""

    def __init__(self, job: Job, student: Session, reference: Session, bench: TesterSession) -> None:
        self.student_session = student
        self.reference_session = reference
        self.bench = bench
        self.link: WorkerConnection | None = None
        self.scratch_folder = ""
        self.order: list[str] = []
        self.collection_error = "no test was found"
        self.raised: BaseException | None = None
        self.recorded_mutants: tuple[RecordedMutant, ...] = ()
        self.start_file(job)

    def start_file(self, job: Job) -> None:
        """Begin with a file: nothing is known of it yet."""
        self.job = job
        self.results: dict[str, TestResult] = {}
        self.problem: Failure | None = None
        self.problem_verdict = Verdict.FAILED
        self.student_session.start_file(read_contract(job.file), job.display_path)

    def tell(self, event: Event) -> None:
        """Something for those who watch."""
        if not self.job.quiet:
            self.bench.send(event)

    # -- fixtures -------------------------------------------------------------------------------------

    @pytest.fixture(scope="session")
    def student(self) -> Student:
        """The learner's module."""
        return Student(self.student_session)

    @pytest.fixture(scope="session")
    def reference(self) -> Student:
        """The reference, to be used in the same way."""
        return Student(self.reference_session)

    @pytest.fixture
    def draw(self, request: pytest.FixtureRequest) -> Draw:
        """Random inputs of this test."""
        return Draw(derive_seed(self.job.seed, request.node.name))

    @pytest.fixture(scope="module")
    def shared_draw(self) -> Draw:
        """Random inputs for what several tests share."""
        return Draw(derive_seed(self.job.seed, "shared"))

    @pytest.fixture(scope="session")
    def expect(self) -> Expect:
        """What the test wants to see."""
        return Expect(self.student_session)

    @pytest.fixture(scope="session")
    def data(self) -> Path:
        """The kit's `data` folder."""
        return Path(self.job.data)

    @pytest.fixture
    def scratch(self) -> Scratch:
        """An empty folder that the learner's code may write to."""
        folder = Scratch(self.scratch_folder)
        folder.clear()
        return folder

    @pytest.fixture(scope="session")
    def progress(self) -> Callable[[str, float], None]:
        """Tell the person who waits how far a long test has come."""
        return lambda text, fraction: self.tell(Progress(self.job.exercise, text[:200], float(fraction)))

    # -- hooks ----------------------------------------------------------------------------------------

    def pytest_configure(self, config: pytest.Config) -> None:
        config.addinivalue_line("markers", "hidden: not part of the learner's kit")
        config.addinivalue_line("markers", "points(n): the test's weight within its exercise, 1 unless given")
        config.addinivalue_line("markers", "limit(seconds): this test's own time limit")
        config.option.tbstyle = "no"  # nobody reads pytest's account of a failure, and it is slow

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            self.collection_error = str(report.longrepr)[-2000:]

    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo[None]) -> None:
        if call.excinfo is not None and self.raised is None:
            self.raised = call.excinfo.value

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Replaces pytest's loop: all tests on one file, then on each that follows."""
        items = list(session.items)
        self.order = [item.name for item in items]
        job: Job | None = self.job
        while job is not None:
            started = time.monotonic()
            if job is not self.job:
                self.start_file(job)
            self.tell(SuiteStarted(job.exercise, len(items)))
            with self.bench.place(job) as (self.link, self.scratch_folder):
                self.write_down(items) if job.record else self.judge_file(items)
            job = self.bench.finish(outcome(self, time.monotonic() - started))
        return True

    def write_down(self, items: list[pytest.Item]) -> None:
        """The recording instead of a verdict."""
        take = msgspec.msgpack.encode(record(self, items))
        self.bench.send(Recorded(self.job.exercise, take))
        self.problem, self.problem_verdict = Failure("recorded, not judged"), Verdict.TODO

    def judge_file(self, items: list[pytest.Item]) -> None:
        """Every test on the learner's file. The order is drawn too, so that no test leans on another.

        Hidden tests come last: what the learner's code has seen in one, it cannot tell in a public one's message.
        """
        shuffled = sorted(self.in_drawn_order(items), key=is_hidden)
        transcripts: dict[str, list[Entry]] = {}
        if self.job.spare_long_tests:
            shuffled.sort(key=self.is_long)
        for item, following in zip(shuffled, [*shuffled[1:], None], strict=True):
            if self.job.spare_long_tests and self.is_long(item) and self.has_failed():
                continue
            result = self.run_test(item, following)
            transcripts[item.name] = self.student_session.transcript
            if self.problem is not None:
                self.results.clear()
                return
            self.results[item.name] = result
            self.tell(TestFinished(self.job.exercise, result))
            if self.job.fail_fast and result.verdict is not Verdict.PASSED:
                break
        if self.job.diagnose:
            Diagnosis(self, items, transcripts).run()
            self.shrink(transcripts)

    def is_long(self, item: pytest.Item) -> bool:
        return self.limit_of(item) > self.job.time_limit

    def has_failed(self) -> bool:
        return any(result.verdict in (Verdict.FAILED, Verdict.TIMEOUT) for result in self.results.values())

    def in_drawn_order(self, items: list[pytest.Item]) -> list[pytest.Item]:
        """The tests in the order that the seed gives."""
        return list(Draw(derive_seed(self.job.seed, "order")).shuffled(items))

    def shrink(self, transcripts: dict[str, list[Entry]]) -> None:
        """Where no mistake could be named, find a failing call that can be checked by hand."""
        seen: set[str] = set()
        for name, result in self.results.items():
            failure = result.failure
            if result.verdict is not Verdict.FAILED or result.mistake or failure is None or failure.call is None:
                continue
            entry = next((e for e in reversed(transcripts[name]) if e.call.name == failure.call.name and e.path), None)
            if entry is None or entry.path in seen or len(seen) >= SHRUNK_AT_MOST:
                continue
            seen.add(entry.path)
            self.bench.taint()
            if self.link is not None:
                self.link.end()  # this one may have run hidden tests
            if self.prepare_worker(self.job.time_limit)[0] is not None:
                self.problem = None  # the tests were run; only this extra was not to be had
                return
            found = smallest_case(self.student_session, self.reference_session, entry)
            if found is not None:
                failure = msgspec.structs.replace(failure, smallest=found)
                self.results[name] = msgspec.structs.replace(result, failure=failure)

    # -- one test -------------------------------------------------------------------------------------

    def run_test(self, item: pytest.Item, following: pytest.Item | None) -> TestResult:
        """The learner's run of a test."""
        started = time.monotonic()
        seconds = self.limit_of(item)
        failure, verdict = self.prepare_worker(seconds)
        if failure is None and self.problem is None:
            with self.patience(seconds):
                raised = self.execute(item, following)
            verdict, failure = self.judge_outcome(item, raised)
        return TestResult(
            name=item.name,
            title=title_of(item),
            verdict=verdict,
            hidden=is_hidden(item),
            points=float(_marker(item, "points", 1.0)),
            seconds=time.monotonic() - started,
            failure=failure,
            output=self.link.take_output() if self.link is not None else "",
            notes=self.after_test(),
        )

    def patience(self, seconds: float) -> contextlib.AbstractContextManager[None]:
        """How long a test may take in all, whatever came back: far more than the worker's own limit lets it wait."""
        if self.link is None:  # `--debug`: a person may stand at a breakpoint
            return contextlib.nullcontext()
        return _alarm(2 * PATIENCE * seconds + self.job.slack, Stalled)

    def limit_of(self, item: pytest.Item) -> float:
        return float(_marker(item, "limit", self.job.time_limit))

    def prepare_worker(self, seconds: float) -> tuple[Failure | None, Verdict]:
        """A worker with the exercise imported. What goes wrong here is the whole exercise's problem."""
        link = self.link
        if link is None:
            return self.load_here()
        if link.ready() and not self.job.worker_per_test:
            link.begin(seconds)
            link.seconds = seconds
            return None, Verdict.PASSED
        try:
            link.end()
            link.read = self.student_session.read
            reply = link.start(seconds)
            self.student_session.attach(link)
            self.check_import(reply)
        except SuiteFailure as failed:
            return self.import_failed(failed)
        except JudgeError as error:  # no sandbox, no verdict: the learner's code has not been run
            self.problem = Failure(f"{error.message}.", advice=error.hint or "")
            self.problem_verdict = Verdict.ERROR
            return self.problem, Verdict.ERROR
        return None, Verdict.PASSED

    def load_here(self) -> tuple[Failure | None, Verdict]:
        """`--debug`: import the learner's file into this process, once."""
        session = self.student_session
        if session.link is not None:
            return None, Verdict.PASSED
        loading.forget(self.job.reference_root)
        session.attach(LocalConnection(None, self.job.root))
        load = {"name": self.job.exercise.replace("/", "."), "path": self.job.file, "root": self.job.root}
        try:
            self.check_import(session.ask("load", load))
        except SuiteFailure as failed:
            return self.import_failed(failed)
        return None, Verdict.PASSED

    def check_import(self, reply: dict[str, Any]) -> None:
        if "raised" in reply:
            self.student_session.transcript = []
            call = Call(f"import {self.job.exercise.replace('/', '.')}")
            self.student_session.fail_raised(call, "", reply["raised"])

    def import_failed(self, failed: SuiteFailure) -> tuple[Failure, Verdict]:
        self.problem = msgspec.structs.replace(failed.failure, message=self.import_message(failed))
        self.problem_verdict = failed.verdict
        return failed.failure, failed.verdict

    def import_message(self, failed: SuiteFailure) -> str:
        text = failed.failure.message
        if isinstance(failed, StudentRaised):
            text = f"{failed.types[0]}: {failed.text}"
        return f"{self.job.display_path} could not be imported. {text}"

    def execute(self, item: pytest.Item, following: pytest.Item | None) -> BaseException | None:
        """Run the test as pytest does and return what it raised, if anything."""
        self.raised = None
        seed = derive_seed("worker", item.name) % 2**32
        if isinstance(self.reference_session.link, ReplayConnection | RecordingConnection):
            self.reference_session.link.test = item.name
        try:
            self.reference_session.begin(seed) if self.reference_session.link is not None else None
            self.student_session.begin(seed)
        except SuiteFailure as failed:
            return failed
        runtestprotocol(item, log=False, nextitem=following)
        return self.raised

    def judge_outcome(self, item: pytest.Item, raised: BaseException | None) -> tuple[Verdict, Failure | None]:
        if raised is None:
            return Verdict.PASSED, None
        if isinstance(raised, Stalled):
            return self.stalled()
        if isinstance(raised, WorkerLost):
            self.bench.taint()
            if self.student_session.transcript:
                call = self.student_session.transcript[-1].call
                place = self.student_session.place(call.name)
                return raised.verdict, msgspec.structs.replace(raised.failure, call=call, location=place)
        if isinstance(raised, SuiteFailure):
            if raised.failure.call is None and self.student_session.transcript:
                call = self.student_session.transcript[-1].call
                return raised.verdict, msgspec.structs.replace(raised.failure, call=call)
            return raised.verdict, raised.failure
        return self.unexplained(item, raised)

    def stalled(self) -> tuple[Verdict, Failure]:
        """The answer keeps the test busy for ever: a length of 10^18, say, that is gone through."""
        self.bench.taint()
        if self.link is not None:
            self.link.end()  # it may have been in the middle of an answer
        transcript = self.student_session.transcript
        call = transcript[-1].call if transcript else None
        text = "The test does not come to an end over what your code returned."
        return Verdict.TIMEOUT, Failure(text, call=call, actual=call.returned if call else "")

    def unexplained(self, item: pytest.Item, raised: BaseException) -> tuple[Verdict, Failure | None]:
        """The suite stumbled. If it does not stumble over the reference, the learner's value is why."""
        self.bench.taint()
        transcript = self.student_session.transcript
        text = f"{type(raised).__name__}: {raised}"
        if isinstance(raised, NotRecorded):
            return Verdict.ERROR, Failure(f"This kit holds no answer of the reference to compare with: {text}")
        if self.stumbles_over_the_reference(item):
            return Verdict.ERROR, Failure(f"The test itself failed, whatever the answer: {text}")
        entry = transcript[-1] if transcript else None
        if entry is None:
            return Verdict.FAILED, Failure(f"The test could not go on: {text}")
        return Verdict.FAILED, Failure(
            f"What `{entry.call.name}` returned could not be used as a result: {text}",
            call=entry.call,
            actual=entry.call.returned,
            location=self.student_session.place(entry.path),
        )

    def stumbles_over_the_reference(self, item: pytest.Item) -> bool:
        """Whether the test raises with the right answer as well. Without a reference it is trusted not to."""
        link, transcript = self.reference_session.link, self.student_session.transcript
        if not isinstance(link, LocalConnection):
            return False
        try:
            return self.replay(item, link, self.limit_of(item)) is not None
        finally:
            self.student_session.transcript = transcript

    def after_test(self) -> tuple[str, ...]:
        """End a worker whose shared state was touched, so that the next test starts clean."""
        link = self.link
        if link is None or not link.ready() or self.problem is not None:
            return ()
        try:
            link.begin(link.seconds)
            changes = link.global_changes()
        except SuiteFailure:
            link.end()
            return ()
        if not changes:
            return ()
        link.end()
        return tuple(f"Your code changed {change}; the next test got a fresh process." for change in changes)

    # -- the same test on other code ------------------------------------------------------------------

    def replay(self, item: pytest.Item, link: Any, seconds: float) -> BaseException | None:
        """Run a test with other code in the learner's place. Its transcript is the session's afterwards."""
        self.bench.taint()
        session = self.student_session
        before, generation = session.link, session.generation
        session.attach(link)
        try:
            with _alarm(seconds, MutantTimeout):
                return self.execute(item, None)
        except MutantTimeout as error:
            return error
        finally:
            session.attach(before)
            session.generation = generation  # handles to the learner's objects are good again

    def in_file_order(self) -> list[TestResult]:
        return [self.results[name] for name in self.order if name in self.results]


def title_of(item: pytest.Item) -> str:
    """The test's docstring; for a parametrised test, with the parameter's name."""
    text = inspect.getdoc(getattr(item, "function", None)) or item.name.replace("_", " ")
    title = " ".join(text.split("\n\n")[0].split())
    callspec = getattr(item, "callspec", None)
    return f"{title} [{callspec.id}]" if callspec is not None else title


def is_hidden(item: pytest.Item) -> bool:
    return item.get_closest_marker("hidden") is not None


def _marker(item: pytest.Item, name: str, default: Any) -> Any:
    marker = item.get_closest_marker(name)
    return marker.args[0] if marker is not None and marker.args else default


@contextlib.contextmanager
def _alarm(seconds: float, error: type[BaseException]) -> Iterator[None]:
    def ring(*_: Any) -> None:
        raise error

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
