"""What is known of one file once its suite was run: data alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import msgspec

from grader.course.mutants import Mistake
from grader.protocol.jobs import Job
from grader.protocol.results import Cause, Failure, Figures, SmallestCase, TestResult, Verdict, WrongLine
from grader.tester.transcript import Transcript


@dataclass(frozen=True)
class Problem:
    """Why no test of a file could be run, and the verdict that this gives the exercise."""

    failure: Failure
    verdict: Verdict = Verdict.FAILED


@dataclass(frozen=True)
class FileRun:
    """A job's tests, in the order in which they ran: their results, and what crossed in each.

    `order` is that of the suite. `problem` is what kept the tests off, if anything did. `notes` are on the whole file,
    `figures` what the suite measured.
    """

    job: Job
    order: tuple[str, ...] = ()
    results: Mapping[str, TestResult] = field(default_factory=dict)
    transcripts: Mapping[str, Transcript] = field(default_factory=dict)
    problem: Problem | None = None
    notes: tuple[str, ...] = ()
    figures: tuple[Figures, ...] = ()


def with_mistakes(results: Mapping[str, TestResult], found: Mapping[str, Mistake]) -> dict[str, TestResult]:
    """The results with the mistakes that explain them."""
    return {
        name: msgspec.structs.replace(result, mistake=found[name]) if name in found else result
        for name, result in results.items()
    }


def with_smallest_cases(results: Mapping[str, TestResult], found: Mapping[str, SmallestCase]) -> dict[str, TestResult]:
    """The results with failing calls that can be checked by hand."""
    return {name: _with(result, smallest=found[name]) if name in found else result for name, result in results.items()}


def with_wrong_lines(results: Mapping[str, TestResult], found: Mapping[str, WrongLine]) -> dict[str, TestResult]:
    """The results with the lines at which calls go wrong."""
    return {
        name: _with(result, wrong_line=found[name]) if name in found else result for name, result in results.items()
    }


def with_facts(
    results: Mapping[str, TestResult], found: Mapping[str, tuple[str, ...]], most: int
) -> dict[str, TestResult]:
    """The results with what more is true of failing calls: it comes before what one result shows, so many in all.

    Where a mistake is named, that says it all.
    """
    return {
        name: _with(result, facts=(*found[name], *_facts_of(result))[:most])
        if name in found and result.mistake is None
        else result
        for name, result in results.items()
    }


def with_causes(results: Mapping[str, TestResult], found: Mapping[str, Cause]) -> dict[str, TestResult]:
    """The results with the functions that are at fault."""
    return {name: _with(result, cause=found[name]) if name in found else result for name, result in results.items()}


def _facts_of(result: TestResult) -> tuple[str, ...]:
    return result.failure.facts if result.failure is not None else ()


def _with(result: TestResult, **more: SmallestCase | WrongLine | Cause | tuple[str, ...]) -> TestResult:
    assert result.failure is not None
    return msgspec.structs.replace(result, failure=msgspec.structs.replace(result.failure, **more))
