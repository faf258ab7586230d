"""Mutants under test: run here, read from a memo, or played back where the kit has no solutions."""

from __future__ import annotations

import ast
import functools
import itertools
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import pytest

from grader.course.definitions import Definitions
from grader.course.hypotheses import hypotheses
from grader.course.joined_edits import joined
from grader.course.mutants import Mistake, Mutant
from grader.protocol.jobs import Solution
from grader.tester.failures import MutantTimeout
from grader.tester.local_connection import LocalConnection, MutantModule
from grader.tester.memo import MutantMemo, RememberedFailure
from grader.tester.peer import Peer
from grader.tester.recording import RecordedFailure, RecordedMutant, Take, ValuePool, entries_of, recorded_entries
from grader.tester.runner import TestRunner
from grader.tester.transcript import Entry

SLOW_SECONDS = 3.0
RIGHT = "(the right answer)"  # among the names in a memo


@dataclass(frozen=True)
class Seen:
    """A test that failed on a mutant: the values that crossed, and what it said, which may take time to work out.

    `out_of_time`: another time it may be given longer.
    """

    entries: list[Entry]
    words: Callable[[], str]
    out_of_time: bool = False


class MutantUnderTest(Protocol):
    """What was seen of a test on the mutant; None where it passed."""

    mistake: Mistake

    def test(self, name: str, seconds: float) -> Seen | None: ...

    def concerns(self, called: frozenset[str]) -> bool:
        """Whether it may show in a test that calls these functions and classes."""
        ...


class Bench:
    """Where the mutants of a job are tried: the solution that they are made of, and a folder for their files."""

    def __init__(self, runner: TestRunner, items: list[pytest.Item], take: Take | None, folder: str) -> None:
        self.runner = runner
        self.items = {item.name: item for item in items}
        self.take = take
        self.folder = folder
        job = runner.job
        self.solution = job.reference if isinstance(job.reference, Solution) else None
        self.source = "" if self.solution is None else Path(self.solution.file).read_text(encoding="utf-8")
        self.definitions = Definitions(ast.parse(self.source))
        self.reachable = functools.cache(self.definitions.reachable)
        self.memo = MutantMemo(job.memo, job.exercise, job.seed) if job.memo is not None else None

    def listed(self) -> list[MutantUnderTest]:
        """The mistakes of the job."""
        found: list[MutantUnderTest] = []
        if self.take is not None:
            found += [ReplayedMutant(mutant, self.take.values, self.runner.student) for mutant in self.take.mutants]
        if self.solution is not None:
            found += self.runners()
        return found

    def runners(self) -> list[MutantRunner]:
        """The mistakes of the job, to be run on the solution."""
        return [MutantRunner(self, mutant) for mutant in self.runner.job.mutants]

    def guesses(self) -> list[MutantUnderTest]:
        """The solution changed in one place each."""
        return [MutantRunner(self, mutant) for mutant in _hypotheses(self.source)] if self.solution is not None else []

    def pairs(self, named: Collection[Mistake]) -> list[MutantUnderTest]:
        """The solution with two mistakes that are named already."""
        first = [mutant for mutant in self.runner.job.mutants if mutant.mistake in named]
        return self._joined(itertools.combinations(first, 2))

    def pairs_with_others(self, named: Collection[Mistake]) -> list[MutantUnderTest]:
        """The solution with a mistake that is named already, and with another one. That one gives the name."""
        mutants = self.runner.job.mutants
        first = [mutant for mutant in mutants if mutant.mistake in named]
        return self._joined(itertools.product(first, [mutant for mutant in mutants if mutant not in first]))

    def _joined(self, pairs: Iterable[tuple[Mutant, Mutant]]) -> list[MutantUnderTest]:
        if self.solution is None:
            return []
        found: list[MutantUnderTest] = []
        for one, other in pairs:
            both = joined(self.source, one.source, other.source)
            if both is not None:
                key = f"{one.mistake.name} + {other.mistake.name}"
                found.append(MutantRunner(self, Mutant(other.mistake, both), key))
        return found

    @functools.cached_property
    def solved(self) -> MutantRunner:
        """The solution as it is."""
        return MutantRunner(self, Mutant(Mistake("", ""), self.source))

    def right(self, name: str, seconds: float) -> Sequence[Entry] | None:
        """What crosses in a test with the right answer; None where that is not to be had."""
        student = self.runner.student
        if self.solution is not None:
            known, kept = self.memo.read(RIGHT, name) if self.memo is not None else (False, None)
            if kept is not None:
                return entries_of(kept.failure, kept.values, student)
            raised = None if known else self.solved.run(name, seconds)
            if raised is not None or known:
                return None
            if self.memo is not None:
                self.memo.write(RIGHT, name, _remembered("", student.transcript.entries))
            return student.transcript.entries
        found = self.take.right.get(name) if self.take is not None else None
        if found is None or self.take is None:
            return None
        return entries_of(found, self.take.values, student)


class MutantRunner:
    """A mutant that is run in this process, unless the memo knows what it does. One that does not import passes all.

    It is imported anew for each test: it may keep something between calls.
    """

    def __init__(self, bench: Bench, mutant: Mutant, key: str = "") -> None:
        self.bench = bench
        self.mutant = mutant
        self.mistake = mutant.mistake
        self.key = key or mutant.mistake.name
        self.place = bench.definitions.changed_in(bench.source, mutant.source)

    @functools.cached_property
    def module(self) -> MutantModule | None:
        """None where the mutant cannot be compiled."""
        bench = self.bench
        assert bench.solution is not None
        try:
            return MutantModule(bench.runner.job, bench.solution, self.mutant.source, bench.folder)
        except (SyntaxError, ValueError):
            return None

    def connect(self) -> LocalConnection | None:
        """None where it cannot be imported: a mistake may be one of that kind."""
        return self.module.connect() if self.module is not None else None

    def concerns(self, called: frozenset[str]) -> bool:
        return not self.place or self.place in self.bench.reachable(called)

    def test(self, name: str, seconds: float) -> Seen | None:
        memo, student = self.bench.memo, self.bench.runner.student
        if memo is None:
            raised = self.run(name, seconds)
            return None if raised is None else _seen(raised, student.transcript.entries)
        known, found = memo.read(self.key, name)
        if not known:
            raised = self.run(name, seconds)
            if isinstance(raised, MutantTimeout):
                return _seen(raised, student.transcript.entries)
            found = None if raised is None else _remembered(str(raised), student.transcript.entries)
            memo.write(self.key, name, found)
        return None if found is None else _recorded(found.failure, found.values, student)

    def run(self, name: str, seconds: float) -> BaseException | None:
        """What the test raises, if anything."""
        connection = self.connect()
        return None if connection is None else self.bench.runner.replay(self.bench.items[name], connection, seconds)


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

    def concerns(self, called: frozenset[str]) -> bool:
        return True  # it costs nothing to look


def _seen(raised: BaseException, entries: list[Entry]) -> Seen:
    return Seen(entries, raised.__str__, isinstance(raised, MutantTimeout))


def _remembered(words: str, entries: list[Entry]) -> RememberedFailure:
    pool = ValuePool()
    return RememberedFailure(RecordedFailure(words, recorded_entries(entries, pool)), pool.values)


def _recorded(found: RecordedFailure, values: tuple[bytes, ...], peer: Peer) -> Seen:
    return Seen(entries_of(found, values, peer), lambda: found.message)


@functools.lru_cache(maxsize=1)
def _hypotheses(source: str) -> tuple[Mutant, ...]:
    return hypotheses(source)
