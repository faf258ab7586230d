"""Which part is at fault: failed tests once more, with one of the functions that their calls rest on put right.

The learner's code calls the tester in its place, which asks the reference. A learner's kit has none to be asked: there
a part is suspected whose own tests fail.
"""

from __future__ import annotations

import enum
import time
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from grader.protocol.gradients import tensors_with_grad
from grader.protocol.jobs import Job, Solution
from grader.protocol.results import Cause, Failure, TestResult, Verdict
from grader.protocol.wire import loaded_torch
from grader.tester.compare import values_match
from grader.tester.contract import parsed
from grader.tester.failures import SuiteFailure
from grader.tester.parts import Part, Parts
from grader.tester.peer import Peer
from grader.tester.runner import TestRunner, is_hidden
from grader.tester.transcript import Transcript

MOST_IN_VAIN = 6  # tests that fail as before
MOST_PARTS, MOST_TESTS, MOST_CALLS, MOST_CALLS_OF_A_TEST = 6, 40, 3, 2000
SECONDS, SECONDS_OF_A_TEST = 3.0, 1.0
SEED = 1  # of the random state in which a part is asked by itself


class Of(enum.Enum):
    """Which parts are looked at: functions of the file itself, or those of earlier exercises."""

    THE_FILE = "the file"
    EARLIER_PARTS = "earlier parts"

    def has(self, part: Part) -> bool:
        """Whether it is one of these."""
        return (self is Of.EARLIER_PARTS) == bool(part.module)


@dataclass(frozen=True)
class Trial:
    """A part, the failed tests whose calls rest on it, and those that pass with a right one in its place."""

    part: Part
    resting: frozenset[str]
    passing: frozenset[str]
    tried: int


@dataclass(frozen=True)
class Answer:
    """What the reference's function answered to the learner's code."""

    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    value: Any


def causes(
    runner: TestRunner,
    items: Mapping[str, pytest.Item],
    results: Mapping[str, TestResult],
    transcripts: Mapping[str, Transcript],
    of: Of,
) -> dict[str, Cause]:
    """The part that is at fault, for each failed test that passes without it. A hidden test is not run again."""
    tree, reference = parsed(runner.job.learner.file), runner.job.reference
    if tree is None or runner.worker is None or (of is Of.EARLIER_PARTS and not _has_its_own(runner.job)):
        return {}
    parts = Parts(tree, runner.student.contract.names)
    failed = [name for name, result in results.items() if _may_be_run_again(result) and not is_hidden(items[name])]
    called = {name: transcripts[name].roots for name in failed[:MOST_TESTS]}
    beneath = {name: [part for part in parts.beneath(roots) if of.has(part)] for name, roots in called.items()}
    if not isinstance(reference, Solution):
        return _suspected(beneath, {name: results[name] for name in beneath}, called)
    deadline = time.monotonic() + SECONDS
    trials = []
    for part in list(dict.fromkeys(part for found in beneath.values() for part in found))[:MOST_PARTS]:
        resting = frozenset(name for name, found in beneath.items() if part in found)
        trial = _Replacement(runner, part, deadline).trial([items[name] for name in beneath], resting)
        if trial is not None:
            trials.append(trial)
    return _chosen(trials)


def _suspected(
    beneath: Mapping[str, list[Part]], results: Mapping[str, TestResult], called: Mapping[str, set[str]]
) -> dict[str, Cause]:
    """The part whose own tests fail on a value."""
    wrong = {
        root
        for name, result in results.items()
        if len(called[name]) == 1 and result.failure is not None and result.failure.values
        for root in called[name]
    }
    found = {name: [part for part in parts if part.name in wrong] for name, parts in beneath.items()}
    return {name: Cause(parts[-1].name) for name, parts in found.items() if parts}


def _has_its_own(job: Job) -> bool:
    """Whether the earlier parts are the learner's, and there are right ones."""
    return isinstance(job.reference, Solution) and job.learner.root != job.reference.root


def _may_be_run_again(result: TestResult) -> bool:
    return (
        result.verdict is Verdict.FAILED
        and result.failure is not None
        and not (result.mistake or result.failure.cause or result.seconds >= SECONDS_OF_A_TEST)
    )


def _chosen(trials: Iterable[Trial]) -> dict[str, Cause]:
    """For each test the part that explains the most; of several the last, which the others rest on."""
    found: dict[str, Trial] = {}
    for trial in trials:
        for name in trial.resting & trial.passing:
            if name not in found or len(trial.passing) >= len(found[name].passing):
                found[name] = trial
    return {name: _cause(trial) for name, trial in found.items()}


def _cause(trial: Trial) -> Cause:
    return Cause(trial.part.name, trial.part.module.replace(".", "/"), len(trial.passing), trial.tried)


class _Replacement:
    """One part of the learner's code with the reference's answers in its place."""

    def __init__(self, runner: TestRunner, part: Part, deadline: float) -> None:
        self.runner = runner
        self.part = part
        self.deadline = deadline
        self.answers: list[Answer] = []
        self.calls: list[Answer] = []  # of the test that is running
        self.calls_before = 0  # in the same process
        self.generation = -1  # of the process in which the function was replaced

    def trial(self, items: Iterable[pytest.Item], resting: Collection[str]) -> Trial | None:
        """None where no test that rests on the part passes now, or where the learner's own answers as well."""
        self._end()
        passing: set[str] = set()
        tried = 0
        # Those that rest on it come first: where none of these passes, the others say nothing.
        for item in sorted(items, key=lambda item: item.name not in resting):
            hopeless = not passing and (tried >= MOST_IN_VAIN or item.name not in resting)
            if time.monotonic() > self.deadline or hopeless:
                break
            tried += 1
            if self._passes(item):
                passing.add(item.name)
        self._end()
        if not passing & set(resting) or not self._differs():
            return None
        return Trial(self.part, frozenset(resting), frozenset(passing), tried)

    def _end(self) -> None:
        """What comes next gets a fresh process, with the learner's own function in it."""
        self.runner.session.taint()
        self.runner.student.let_go()
        if self.runner.worker is not None:
            self.runner.worker.end()

    def _passes(self, item: pytest.Item) -> bool:
        """Whether the test passes where the function is the reference's."""
        runner, student = self.runner, self.runner.student
        if runner.prepare(runner.limit_of(item)) is not None:
            return False
        self.calls_before += len(self.calls)
        self.calls.clear()
        try:
            if student.generation != self.generation:
                student.put_in(self.part.module, self.part.name, self._right, self._gradients)
                self.generation, self.calls_before = student.generation, 0
            return runner.execute(item, None) is None
        except SuiteFailure:
            return False

    def _right(self, *args: Any, **kwargs: Any) -> Any:
        if len(self.calls) >= MOST_CALLS_OF_A_TEST:
            raise SuiteFailure(Failure(f"`{self.part.name}` was called too often"))
        value = self._function(self.runner.reference)(*args, **kwargs)
        answer = Answer(args, kwargs, value)
        self.calls.append(answer)
        if len(self.answers) < MOST_CALLS:
            self.answers.append(answer)
        return value

    def _gradients(self, number: int, grads: list[Any]) -> list[Any]:
        """Of what an earlier call was given, from those of its results."""
        call = self.calls[number - self.calls_before]
        results = tensors_with_grad(call.value)
        pairs = [(result, grad) for result, grad in zip(results, grads, strict=True) if grad is not None]
        inputs = tensors_with_grad([*call.args, *call.kwargs.values()])
        if not inputs or not pairs:
            return []
        torch = loaded_torch()
        with torch.enable_grad():  # a backward pass is under way already
            whole = sum((result * grad).sum() for result, grad in pairs)
            return list(torch.autograd.grad(whole, inputs, retain_graph=True, allow_unused=True))

    def _function(self, peer: Peer) -> Any:
        part = self.part
        return getattr(peer.imported(part.module), part.name) if part.module else peer.lookup(None, part.name, "")

    def _differs(self) -> bool:
        """Whether the learner's own function answers otherwise where the reference's was asked."""
        if self.runner.prepare(self.runner.job.limits.seconds) is not None:
            return False
        student = self.runner.student
        for answer in self.answers:
            try:
                student.begin(SEED)
                value = self._function(student)(*answer.args, **answer.kwargs)
            except SuiteFailure:
                return True
            if not values_match(value, answer.value):
                return True
        return False
