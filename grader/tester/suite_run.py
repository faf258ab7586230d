"""One suite in pytest: collected once, with the reference at hand, for one learner's file or for several in turn."""

from __future__ import annotations

import contextlib
import io
import os
import sys
import time
from pathlib import Path

from grader.protocol.jobs import Job
from grader.tester.contract import read_contract
from grader.tester.outcome import outcome
from grader.tester.plugin import SuitePlugin
from grader.tester.process import TesterSession
from grader.tester.recording import RecordingConnection, ReplayConnection, read_recording
from grader.tester.student import Connection, Session


def run_suite(job: Job, bench: TesterSession) -> None:
    """Collect the suite once; judge the job's file with it, and those that follow it on the bench."""
    import pytest

    started = time.monotonic()
    promised = read_contract(job.promised or job.reference_file)
    student = Session("your", promised, keep_names=True)
    own = Session("the reference", promised)
    own.start_file(promised, Path(job.reference_file).name)
    plugin = SuitePlugin(job, student, own, bench)
    own.attach(_reference(job, plugin))
    folder = str(Path(job.suite).parent)  # pytest lists every folder from its confcutdir down
    arguments = [
        job.suite,
        "-p", "no:cacheprovider", "-p", "no:terminal", "-p", "no:warnings", "-p", "no:logging",
        "-p", "no:debugging", "-p", "no:doctest", "-p", "no:junitxml", "-p", "no:unittest",
        "-p", "no:pastebin", "-p", "no:faulthandler",
        "-p", "no:unraisableexception", "-p", "no:threadexception", "-p", "no:capture", "-p", "no:tmpdir",
        "-c", os.devnull, "--rootdir", folder, "--confcutdir", folder, "--noconftest",
        "--import-mode", "importlib", "--assert", "plain",
    ]  # fmt: skip
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    own_root = str(Path(job.suite).parents[1])
    if own_root not in sys.path:
        sys.path.append(own_root)
    with contextlib.redirect_stderr(sys.stderr if bench.workers is None else io.StringIO()):
        pytest.main(arguments, plugins=[plugin])
    if bench.occupied:  # pytest did not come to the end of the file
        bench.finish(outcome(plugin, time.monotonic() - started))


def _reference(job: Job, plugin: SuitePlugin) -> Connection | None:
    """The reference itself; a recording where the kit has none; None where there is neither."""
    from grader.tester.process import reference_link

    if Path(job.reference_file).exists():
        link = reference_link(job)
        return RecordingConnection(link) if job.record else link
    if job.recording and (take := read_recording(Path(job.recording)).take(job.seed)) is not None:
        plugin.recorded_mutants = take.mutants
        return ReplayConnection(take, plugin.reference_session)
    return None
