"""The smallest failing case: a call on which learner and reference differ, cut until it can be done by hand.

The axes' names come from the signature (`Float[Tensor, "batch q_len d_k"]`): an axis is cut in every argument
that has it. Values are rounded as long as the difference stays.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from grader.protocol.describe import describe
from grader.protocol.results import SmallestCase, TestResult, Verdict
from grader.protocol.wire import loaded_torch
from grader.tester import compare
from grader.tester.compare import is_array
from grader.tester.failures import SuiteFailure
from grader.tester.opaque import Opaque
from grader.tester.peer import Peer
from grader.tester.recording import ReplayConnection
from grader.tester.runner import TestRunner
from grader.tester.transcript import Entry, Transcript

MAX_NUMBERS = 24
MAX_CALLS = 80
MAX_CASES = 2
DIGITS = 4
SEED = 1  # of the random state in which each call begins
SECONDS_AFTER_A_TIMEOUT = 2.0


@dataclass(frozen=True)
class Case:
    """Arguments by name, in the order of the signature."""

    arguments: dict[str, Any]

    def numbers(self) -> int:
        return sum(int(np.prod(value.shape)) for value in self.arguments.values() if is_array(value))


class Shrinker:
    """Cuts one call of one function. `left` counts the calls, which are few."""

    def __init__(self, student: Peer, reference: Peer, entry: Entry) -> None:
        self.student = student
        self.reference = reference
        self.name = entry.path
        self.shapes = student.contract.shapes.get(entry.path, {})
        names = student.contract.parameters.get(entry.path, ())
        self.case = Case({**dict(zip(names, entry.args, strict=False)), **entry.kwargs})
        self.left = MAX_CALLS
        self.whole = len(entry.args) <= len(names) and all(_is_plain(v) for v in self.case.arguments.values())

    def run(self) -> SmallestCase | None:
        """The smallest case found, or None where there is none small enough to write out."""
        if not self.whole or "." in self.name or not self.differs(self.case):
            return None
        for axis in dict.fromkeys(self.axes()):
            self.cut(axis)
        for digits in (0, 1):
            if self.take(Case({k: _rounded(v, digits) for k, v in self.case.arguments.items()})):
                break
        return self.written() if self.case.numbers() <= MAX_NUMBERS else None

    def axes(self) -> Iterator[str]:
        for label, shape in self.shapes.items():
            names = shape.split()
            if label in self.case.arguments and not any(name.startswith(("*", "...")) for name in names):
                yield from (name for name in names if name.isidentifier())

    def cut(self, axis: str) -> None:
        """The smallest size of this axis at which the two still differ."""
        for size in (1, 2, 3):
            if self.take(Case({k: self.sliced(k, v, axis, size) for k, v in self.case.arguments.items()})):
                return

    def sliced(self, label: str, value: Any, axis: str, size: int) -> Any:
        names = self.shapes.get(label, "").split()
        if not is_array(value) or len(names) != value.ndim:
            return value
        index = tuple(slice(0, size) if name == axis else slice(None) for name in names)
        return _copy(value[index])

    def take(self, case: Case) -> bool:
        """Go on with this case if the two differ on it as well."""
        if not self.differs(case):
            return False
        self.case = case
        return True

    def differs(self, case: Case) -> bool:
        self.left -= 1
        if self.left < 0:
            return False
        expected = self.answer(self.reference, case)
        if isinstance(expected, SuiteFailure):
            return False  # not a call that the function is made for
        actual = self.answer(self.student, case)
        return isinstance(actual, SuiteFailure) or not compare.values_match(actual, expected)

    def answer(self, peer: Peer, case: Case) -> Any:
        """The result of the call, in known random state; the failure where it raised or was of the wrong kind."""
        transcript, peer.transcript = peer.transcript, Transcript()
        try:
            peer.begin(SEED)
            function = peer.lookup(None, self.name, "")
            return function(**{k: _copy(v) for k, v in case.arguments.items()})
        except SuiteFailure as failure:
            return failure
        finally:
            peer.transcript = transcript

    def written(self) -> SmallestCase | None:
        """The case as it is shown; None where no difference would be seen: code with a memory answers otherwise now."""
        actual = self.answer(self.student, self.case)
        shown = str(actual) if isinstance(actual, SuiteFailure) else write_out(actual)
        expected = write_out(self.answer(self.reference, self.case))
        if shown == expected:
            return None
        return SmallestCase(
            call=self.name,
            arguments=tuple((label, write_out(value)) for label, value in self.case.arguments.items()),
            expected=expected,
            actual=shown,
        )


def smallest_case(student: Peer, reference: Peer, entry: Entry) -> SmallestCase | None:
    """Shrink the call of `entry`, if both sides can still be asked."""
    if student.connection is None or reference.connection is None or not entry.path:
        return None
    with contextlib.suppress(SuiteFailure, TypeError, ValueError, RuntimeError, IndexError):
        return Shrinker(student, reference, entry).run()
    return None


def smallest_cases(
    runner: TestRunner, results: Mapping[str, TestResult], transcripts: Mapping[str, Transcript]
) -> dict[str, SmallestCase]:
    """Where no mistake could be named, failing calls that can be checked by hand: a few, of different functions.

    A recording cannot be asked anything new, and would answer with what it was asked first.
    """
    found: dict[str, SmallestCase] = {}
    if isinstance(runner.reference.connection, ReplayConnection):
        return found
    seen: set[str] = set()
    stuck = any(result.verdict is Verdict.TIMEOUT for result in results.values())
    seconds = min(runner.job.limits.seconds, SECONDS_AFTER_A_TIMEOUT) if stuck else runner.job.limits.seconds
    for name, result in results.items():
        entry = _call_to_shrink(result, transcripts)
        if entry is None or entry.path in seen or len(seen) >= MAX_CASES:
            continue
        seen.add(entry.path)
        runner.session.taint()
        if runner.worker is not None:
            runner.worker.end()  # this one may have run hidden tests
        if runner.prepare(seconds) is not None:
            return found  # the tests were run; only this extra is not to be had
        case = smallest_case(runner.student, runner.reference, entry)
        if case is not None:
            found[name] = case
    return found


def _call_to_shrink(result: TestResult, transcripts: Mapping[str, Transcript]) -> Entry | None:
    """The call behind a failure that nothing explains."""
    failure = result.failure
    if result.verdict is not Verdict.FAILED or result.mistake or failure is None or failure.call is None:
        return None
    if failure.exhausted is not None:
        return None
    entries = transcripts[result.name].entries
    return next((e for e in reversed(entries) if e.call.name == failure.call.name and e.path), None)


def write_out(value: Any) -> str:
    """A value with all its numbers."""
    if type(value) in (tuple, list) and any(is_array(item) for item in value):
        return "(" + ", ".join(write_out(item) for item in value) + ")"
    array = compare.as_array(value) if is_array(value) else None
    if array is None:
        return describe(value)
    return np.array2string(array, precision=DIGITS, separator=", ", suppress_small=True).replace("\n", "")


def _is_plain(value: Any) -> bool:
    if isinstance(value, Opaque):
        return False
    return value is None or is_array(value) or isinstance(value, bool | int | float | str)


def _copy(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return value.copy()
    return value.detach().clone() if is_array(value) else value


def _rounded(value: Any, digits: int) -> Any:
    if isinstance(value, np.ndarray) and value.dtype.kind == "f":
        return np.round(value, digits)
    torch = loaded_torch()
    if torch is not None and isinstance(value, torch.Tensor) and value.is_floating_point():
        return torch.round(value.detach(), decimals=digits)
    return value
