"""Failed tests once more, each alone in a fresh process: what is left of code that keeps something between calls."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import msgspec
import pytest

from grader.protocol.results import TestResult, Verdict
from grader.tester.diagnosis import transcripts_match
from grader.tester.failures import SuiteFailure
from grader.tester.file_run import FileRun
from grader.tester.runner import TestRunner
from grader.tester.transcript import Transcript

MOST_LOOKED_AT, MOST_TESTS = 3, 20
SECONDS_OF_A_TEST = 1.0


@dataclass(frozen=True)
class Alone:
    """What came of a test by itself: how it failed, if it did, and what crossed."""

    failure: SuiteFailure | None
    transcript: Transcript


def run_afresh(runner: TestRunner, run: FileRun, items: Sequence[pytest.Item]) -> FileRun | None:
    """The run of these of its failed tests alone, and of no others; None where the first few end as they did."""
    if runner.worker is None:
        return None
    quick = [item for item in items if run.results[item.name].seconds < SECONDS_OF_A_TEST][:MOST_TESTS]
    found: dict[str, Alone] = {}
    for number, item in enumerate(quick):
        if number == MOST_LOOKED_AT and not any(_is_new(run, name, alone) for name, alone in found.items()):
            break
        alone = _alone(runner, item)
        if alone is not None:
            found[item.name] = alone
    if not any(_is_new(run, name, alone) for name, alone in found.items()):
        return None
    results = {name: _result(run.results[name], alone) for name, alone in found.items()}
    transcripts = {name: alone.transcript for name, alone in found.items()}
    return replace(run, results=results, transcripts=transcripts)


def _alone(runner: TestRunner, item: pytest.Item) -> Alone | None:
    """None where there is no such run, or it ends in another way than a test does."""
    if not runner.prepare_afresh(runner.limit_of(item)):
        return None
    raised = runner.execute(item, None)
    if raised is not None and not isinstance(raised, SuiteFailure):
        return None
    return Alone(raised, runner.student.transcript)


def _is_new(run: FileRun, name: str, alone: Alone) -> bool:
    return alone.failure is None or not transcripts_match(run.transcripts[name].entries, alone.transcript.entries)


def _result(result: TestResult, alone: Alone) -> TestResult:
    if alone.failure is None:
        return msgspec.structs.replace(result, verdict=Verdict.PASSED, failure=None)
    return msgspec.structs.replace(result, verdict=alone.failure.verdict, failure=alone.failure.failure)
