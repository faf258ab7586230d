"""One suite in pytest: collected once, with the reference at hand, for one learner's file or for several in turn."""

from __future__ import annotations

import contextlib
import io
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

# pytest imports these when it starts: done before the fork, once.
import _pytest.helpconfig
import _pytest.setuponly
import _pytest.setupplan
import _pytest.skipping  # noqa: F401
import pytest

from grader.protocol.jobs import Job, RecordedReference, RecordMode, Solution
from grader.tester.contract import Contract, read_contract
from grader.tester.local_connection import connect_reference
from grader.tester.outcome import outcome
from grader.tester.peer import Peer
from grader.tester.plugin import SuitePlugin
from grader.tester.recording import RecordingConnection, ReplayConnection, Take, read_recording
from grader.tester.runner import TestRunner
from grader.tester.session import TesterSession
from grader.tester.source_index import SourceIndex
from grader.tester.suite import Suite
from grader.tester.trace import Trace

# Of pytest's own plugins a suite needs few, and each costs time.
LEFT_OUT_PLUGINS = (
    "cacheprovider", "terminal", "warnings", "logging", "debugging", "doctest", "junitxml", "unittest", "pastebin",
    "faulthandler", "unraisableexception", "threadexception", "capture", "tmpdir",
)  # fmt: skip


def run_suite(job: Job, session: TesterSession) -> None:
    """Collect the suite once; judge the job's file with it, and those that the session brings afterwards."""
    started = time.monotonic()
    promised, trace = _promised(job), Trace.from_environment()
    student = Peer("your code", promised, trace, keep_names=True)
    reference = Peer("the reference", promised, trace)
    recorded = _attach_reference(job, reference)
    suite = Suite(TestRunner(job, student, reference, session), session, recorded)
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    own_root = str(Path(job.suite).parents[1])
    if own_root not in sys.path:
        sys.path.append(own_root)
    output = sys.stderr if session.workers is None else io.StringIO()
    with contextlib.redirect_stderr(output), _working_folder(session) as folder:
        ended = _run_pytest(Path(job.suite), suite, folder)
    if ended == pytest.ExitCode.INTERRUPTED and session.workers is None:
        raise KeyboardInterrupt  # pytest kept it to itself
    if session.has_open_file:  # pytest did not come to the end of the file
        session.report(outcome(suite.not_collected(), time.monotonic() - started))


@contextlib.contextmanager
def _working_folder(session: TesterSession) -> Iterator[str]:
    """Where the tests run: a mistake that is tried here may write a file. `--debug` stays in the caller's folder."""
    if session.workers is None:
        yield os.getcwd()
        return
    with tempfile.TemporaryDirectory(prefix="grader-tests-") as folder:
        yield folder


def _run_pytest(file: Path, suite: Suite, folder: str) -> int:
    """pytest takes what stands in an argument for more than a name: `[` and `::` for a test, `$` for a variable.

    So it is started in the suite's folder, with the bare name. While anything runs, the working folder is another;
    at its end pytest goes back to where it was started.
    """
    before = os.getcwd()
    os.chdir(file.parent)
    try:
        return pytest.main(_arguments(file.name), plugins=[SuitePlugin(suite, lambda: os.chdir(folder))])
    finally:
        os.chdir(before)


def _arguments(suite: str) -> list[str]:
    left_out = [word for name in LEFT_OUT_PLUGINS for word in ("-p", f"no:{name}")]
    return [
        suite, *left_out, "-c", os.devnull, "--rootdir", ".", "--confcutdir", ".", "--noconftest",
        "--import-mode", "importlib", "--assert", "plain",
    ]  # fmt: skip


def _promised(job: Job) -> Contract:
    """The signatures that count: those of the reference, or of the stub where a kit has no solutions."""
    match job.reference:
        case Solution(file=file):
            return read_contract(file)
        case RecordedReference(stub=stub):
            return read_contract(stub)
        case None:
            return Contract()


def _attach_reference(job: Job, peer: Peer) -> Take | None:
    """The reference itself, or a recording where the kit has none: it is returned, for its mutants."""
    match job.reference:
        case Solution() as solution:
            peer.start_file(SourceIndex(solution.file, Path(solution.file).name))
            connection = connect_reference(job, solution)
            peer.attach(RecordingConnection(connection) if isinstance(job.mode, RecordMode) else connection)
        case RecordedReference(recording=recording):
            take = read_recording(Path(recording)).take(job.seed)
            if take is not None:
                peer.attach(ReplayConnection(take, peer))
                return take
        case None:
            pass
    return None
