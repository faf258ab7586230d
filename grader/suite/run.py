"""One suite from collection to result: the learner's run, then the search for the mistake behind it."""

from __future__ import annotations

import contextlib
import io
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

from grader.judge.jobs import Job
from grader.judge.links import RemoteLink
from grader.results import (
    Event,
    ExerciseResult,
    Failure,
    Frame,
    TestResult,
    Verdict,
    exercise_verdict,
)
from grader.suite.contract import read_contract
from grader.suite.plugin import SuitePlugin
from grader.suite.recording import PlaybackLink, RecordingLink, read_recording
from grader.suite.student import Link, Session


def run_suite(job: Job, link: RemoteLink | None, scratch: str, send: Callable[[Event], None]) -> ExerciseResult:
    """Judge one exercise. `link` None runs the learner's code in this process."""
    import pytest

    started = time.monotonic()
    reference = Path(job.reference_file)
    promised = read_contract(_text(job.promised or job.reference_file))
    written = read_contract(_text(job.file))
    student = Session("your", promised, written, job.shown, keep_names=True)
    own = Session("the reference", promised, promised, reference.name)
    plugin = SuitePlugin(job, student, own, link, scratch, send)
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
    with contextlib.redirect_stderr(sys.stderr if link is None else io.StringIO()):
        pytest.main(arguments, plugins=[plugin])
    return _result(job, plugin, time.monotonic() - started)


def _result(job: Job, plugin: SuitePlugin, seconds: float) -> ExerciseResult:
    tests = tuple(_shown_frames(job, test) for test in plugin.in_file_order())
    problem = plugin.problem
    if problem is not None:
        problem = _relative(job, problem)
    elif not tests:
        problem = Failure(f"The suite {job.suite} could not be collected: {plugin.collection_error}")
    verdict = plugin.problem_verdict if plugin.problem is not None else exercise_verdict(tests)
    earned = sum(test.points for test in tests if test.verdict is Verdict.PASSED)
    possible = sum(test.points for test in tests)
    seen = {test.mistake.name: test.mistake for test in tests if test.mistake is not None}
    return ExerciseResult(
        exercise=job.exercise,
        verdict=verdict,
        tests=tests,
        problem=problem,
        points=round(job.points * earned / possible, 4) if possible else 0.0,
        points_possible=job.points,
        seed=job.seed,
        tier=job.tier,
        seconds=seconds,
        mistakes=tuple(seen.values()),
    )


def _shown_frames(job: Job, test: TestResult) -> TestResult:
    import msgspec

    if test.failure is None:
        return test
    return msgspec.structs.replace(test, failure=_relative(job, test.failure))


def _relative(job: Job, failure: Failure) -> Failure:
    """The same failure with the learner's files named as the learner names them."""
    import msgspec

    def shown(path: str) -> str:
        if path.startswith(job.file):
            return job.shown + path[len(job.file) :]
        if path.startswith(job.root + "/"):
            return os.path.basename(job.root) + path[len(job.root) :]
        return path

    frames = tuple(Frame(shown(item.file), item.line, item.function, item.text, item.locals) for item in failure.frames)
    message = failure.message.replace(job.file, job.shown)
    return msgspec.structs.replace(failure, frames=frames, location=shown(failure.location), message=message)


def _text(file: str) -> str:
    try:
        return Path(file).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""


def _reference(job: Job, plugin: SuitePlugin) -> Link | None:
    """The reference itself; a recording where the kit has none; None where there is neither."""
    from grader.judge.tester import reference_link

    if Path(job.reference_file).exists():
        link = reference_link(job)
        return RecordingLink(link) if job.record else link
    if job.recording and (take := read_recording(Path(job.recording)).take(job.seed)) is not None:
        plugin.recorded_twins = take.twins
        return PlaybackLink(take, plugin.reference_session)
    return None
