"""Mutants under test: run here, read from a memo, or played back where the kit has no solutions."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import pytest

from grader.course.hypotheses import hypotheses
from grader.course.joined_edits import joined
from grader.course.mutants import Mistake, Mutant
from grader.protocol.jobs import Job, Solution
from grader.tester.failures import MutantTimeout
from grader.tester.local_connection import LocalConnection, connect_mutant
from grader.tester.memo import MutantMemo, RememberedFailure
from grader.tester.peer import Peer
from grader.tester.recording import RecordedFailure, RecordedMutant, Take, ValuePool, entries_of, recorded_entries
from grader.tester.runner import TestRunner
from grader.tester.transcript import Entry

SLOW_SECONDS = 3.0


@dataclass(frozen=True)
class Seen:
    """A test that failed on a mutant: the values that crossed, and what it said, which may take time to work out."""

    entries: list[Entry]
    words: Callable[[], str]


class MutantUnderTest(Protocol):
    """What was seen of a test on the mutant; None where it passed."""

    mistake: Mistake

    def test(self, name: str, seconds: float) -> Seen | None: ...


class MutantRunner:
    """A mutant that is run in this process, unless the memo knows what it does. One that does not import passes all."""

    def __init__(
        self,
        runner: TestRunner,
        items: dict[str, pytest.Item],
        solution: Solution,
        mutant: Mutant,
        folder: str,
        memo: MutantMemo | None,
        key: str = "",
    ) -> None:
        self.runner = runner
        self.items = items
        self.mistake = mutant.mistake
        self.key = key or mutant.mistake.name
        self.memo = memo
        self.load = functools.cache(lambda: load_mutant(runner.job, solution, mutant, folder))

    def test(self, name: str, seconds: float) -> Seen | None:
        if self.memo is None:
            raised = self.run(name, seconds)
            return None if raised is None else Seen(self.runner.student.transcript.entries, raised.__str__)
        known, found = self.memo.read(self.key, name)
        if not known:
            raised = self.run(name, seconds)
            found = None if raised is None else self._remembered(raised)
            if not isinstance(raised, MutantTimeout):  # another time it may be given longer
                self.memo.write(self.key, name, found)
        return None if found is None else _recorded(found.failure, found.values, self.runner.student)

    def _remembered(self, raised: BaseException) -> RememberedFailure:
        pool = ValuePool()
        entries = recorded_entries(self.runner.student.transcript.entries, pool)
        return RememberedFailure(RecordedFailure(str(raised), entries), pool.values)

    def run(self, name: str, seconds: float) -> BaseException | None:
        connection = self.load()
        return None if connection is None else self.runner.replay(self.items[name], connection, seconds)


class RightAnswers:
    """The solution itself in the learner's place: what crosses then in a test."""

    def __init__(self, runner: TestRunner, items: list[pytest.Item], take: Take | None, folder: str) -> None:
        self.runner = runner
        self.items = {item.name: item for item in items}
        self.take = take
        reference = runner.job.reference
        self.right: MutantRunner | None = None
        if isinstance(reference, Solution):
            same = Mutant(Mistake("", ""), Path(reference.file).read_text(encoding="utf-8"))
            self.right = MutantRunner(runner, self.items, reference, same, folder, None)

    def entries(self, name: str, seconds: float) -> Sequence[Entry] | None:
        """The entries of a test; None where they are not to be had."""
        if self.right is not None:
            return None if self.right.run(name, seconds) is not None else self.runner.student.transcript.entries
        found = self.take.right.get(name) if self.take is not None else None
        if found is None or self.take is None:
            return None
        return entries_of(found, self.take.values, self.runner.student)


class ReplayedMutant:
    """A mutant whose answers were written down."""

    def __init__(self, recorded: RecordedMutant, values: tuple[bytes, ...], peer: Peer) -> None:
        self.mistake = recorded.mistake
        self.recorded = recorded
        self.values = values
        self.peer = peer

    def test(self, name: str, seconds: float) -> Seen | None:
        found = self.recorded.failed.get(name)
        return None if found is None else _recorded(found, self.values, self.peer)


def _recorded(found: RecordedFailure, values: tuple[bytes, ...], peer: Peer) -> Seen:
    return Seen(entries_of(found, values, peer), lambda: found.message)


def mutants_of(runner: TestRunner, items: list[pytest.Item], take: Take | None, folder: str) -> list[MutantUnderTest]:
    """The mutants of a job, each ready to be tested. Their files go into `folder`."""
    job = runner.job
    found: list[MutantUnderTest] = []
    if take is not None:
        found += [ReplayedMutant(mutant, take.values, runner.student) for mutant in take.mutants]
    if isinstance(job.reference, Solution):
        memo = MutantMemo(job.memo, job.exercise, job.seed) if job.memo is not None else None
        by_name = {item.name: item for item in items}
        found += [MutantRunner(runner, by_name, job.reference, mutant, folder, memo) for mutant in job.mutants]
    return found


def hypotheses_of(runner: TestRunner, items: list[pytest.Item], folder: str) -> list[MutantUnderTest]:
    """The solution changed in one place each, where there is one to change."""
    job = runner.job
    if not isinstance(job.reference, Solution):
        return []
    memo = MutantMemo(job.memo, job.exercise, job.seed) if job.memo is not None else None
    by_name = {item.name: item for item in items}
    found = _hypotheses(Path(job.reference.file).read_text(encoding="utf-8"))
    return [MutantRunner(runner, by_name, job.reference, mutant, folder, memo) for mutant in found]


def pairs_of(
    runner: TestRunner, items: list[pytest.Item], folder: str, named: Iterable[Mistake]
) -> list[MutantUnderTest]:
    """The solution with one of the mistakes that are named already, and with another one. That one gives the name."""
    job = runner.job
    if not isinstance(job.reference, Solution):
        return []
    memo = MutantMemo(job.memo, job.exercise, job.seed) if job.memo is not None else None
    by_name = {item.name: item for item in items}
    source = Path(job.reference.file).read_text(encoding="utf-8")
    first = {mutant.mistake.name: mutant for mutant in job.mutants if mutant.mistake in set(named)}
    found: list[MutantUnderTest] = []
    for one in first.values():
        for other in job.mutants:
            both = joined(source, one.source, other.source) if other.mistake.name not in first else None
            if both is not None:
                pair = Mutant(other.mistake, both)
                key = f"{one.mistake.name} + {other.mistake.name}"
                found.append(MutantRunner(runner, by_name, job.reference, pair, folder, memo, key))
    return found


@functools.lru_cache(maxsize=1)
def _hypotheses(source: str) -> tuple[Mutant, ...]:
    return hypotheses(source)


def load_mutant(job: Job, solution: Solution, mutant: Mutant, folder: str) -> LocalConnection | None:
    """The mutant's module, or None: a mistake may be one that does not import."""
    try:
        return connect_mutant(job, solution, mutant.source, folder)
    except Exception:
        return None
