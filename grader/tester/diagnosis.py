"""Which known mistake is behind a failure: the same tests, run on the reference with each mistake in it.

A mistake is named only where every value that crossed the boundary agrees. It must explain each test that it
would fail, and no other mistake may explain the same; in doubt, nothing is named.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from grader.course.mutants import Mistake
from grader.protocol.results import Verdict
from grader.tester.compare import values_match
from grader.tester.file_run import FileRun
from grader.tester.mutants import SLOW_SECONDS, MutantUnderTest
from grader.tester.transcript import NO_ANSWER, Entry

BUDGET_SECONDS = 120.0
BUDGET_AFTER_A_TIMEOUT = 10.0
MUTANT_SECONDS = 2.0
MOST_MUTANT_SECONDS = 30.0


class OutOfTime(Exception):
    """The search took too long; what was found so far is no ground to name anything."""


@dataclass
class Candidate:
    """A mutant that explains at least one failure: which ones, and whether anything speaks against it."""

    mutant: MutantUnderTest
    explained: set[str] = field(default_factory=set)
    consistent: bool = True


class Diagnosis:
    """Looks for the mistakes behind a run's failures. `long_tests` are given more time than others.

    Where no single mistake explains all failures, each may explain some, if there may be `several`.
    """

    def __init__(self, run: FileRun, long_tests: Collection[str] = (), several: bool = True) -> None:
        self.run = run
        self.long_tests = long_tests
        self.several = several
        was_run = {name: result for name, result in run.results.items() if name in run.transcripts}
        wrong = [name for name, result in was_run.items() if result.verdict.is_wrong]
        stuck = any(was_run[name].verdict is Verdict.TIMEOUT for name in wrong)
        self.deadline = time.monotonic() + (BUDGET_AFTER_A_TIMEOUT if stuck else BUDGET_SECONDS)
        quick = [name for name in wrong if self.is_quick(name)]
        answered = [name for name in wrong if run.results[name].verdict is not Verdict.TIMEOUT]
        order = {name: place for place, name in enumerate(run.order)}
        self.failed = sorted(
            quick or answered or wrong[:1], key=lambda name: (round(run.results[name].seconds, 1), order[name])
        )
        self.passed = [
            name for name, result in run.results.items() if result.verdict is Verdict.PASSED and self.is_quick(name)
        ]

    def is_quick(self, name: str) -> bool:
        """A test that was given more time than others may be slow on a mutant, however soon it failed here."""
        return self.run.results[name].seconds < SLOW_SECONDS and name not in self.long_tests

    def mistakes(self, mutants: Sequence[MutantUnderTest]) -> dict[str, Mistake]:
        """The mistake behind each failed test that one explains. In doubt, or out of time, none."""
        try:
            chosen = self.chosen(self.candidates(mutants)) if self.failed else []
        except OutOfTime:
            return {}
        return {name: candidate.mutant.mistake for candidate in chosen for name in candidate.explained}

    def candidates(self, mutants: Sequence[MutantUnderTest]) -> list[Candidate]:
        """Those that explain something and that nothing speaks against.

        A mutant that explains every failure also explains the first one. So where there is one, looking at the
        mutants that agree on that first failure finds it, and every other one like it.
        """
        suspects = [mutant for mutant in mutants if all(self.try_test(mutant, self.failed[0]))]
        candidates = self.consistent(suspects)
        if any(self.is_whole(candidate) for candidate in candidates):
            return candidates
        return self.consistent(mutants) if self.several else []

    def consistent(self, mutants: Sequence[MutantUnderTest]) -> list[Candidate]:
        found = [self.examine(mutant) for mutant in mutants]
        return [candidate for candidate in found if candidate is not None and candidate.consistent]

    def is_whole(self, candidate: Candidate) -> bool:
        return len(candidate.explained) == len(self.failed)

    def examine(self, mutant: MutantUnderTest) -> Candidate | None:
        """Try the failed tests, then the passed ones, on a mutant."""
        candidate = Candidate(mutant)
        for name in self.failed:
            agrees, fails = self.try_test(mutant, name)
            if agrees and fails:
                candidate.explained.add(name)
            elif fails:
                return None  # it would fail here too, but in another way
        if not candidate.explained:
            return None
        candidate.consistent = not any(self.try_test(mutant, name)[1] for name in self.passed)
        return candidate

    def try_test(self, mutant: MutantUnderTest, name: str) -> tuple[bool, bool]:
        """Whether a test on the mutant saw the same values as on the learner's code, and whether it failed."""
        if time.monotonic() > self.deadline:
            raise OutOfTime
        seen = mutant.test(name, self.seconds_for(name))
        if seen is None:
            return False, False
        message, entries = seen
        mine = self.run.transcripts[name].entries
        return transcripts_match(mine, entries) and self.same_words(name, entries, message), True

    def seconds_for(self, name: str) -> float:
        """How long a mutant may take. Where the learner's code gave no answer, one that gives none soon is like it."""
        result = self.run.results[name]
        if result.verdict is Verdict.TIMEOUT:
            return MUTANT_SECONDS
        return min(MOST_MUTANT_SECONDS, max(MUTANT_SECONDS, 10 * result.seconds))

    def same_words(self, name: str, entries: list[Entry], message: str) -> bool:
        """Where the last call gave no value, what the test said of it must agree as well."""
        if not entries or entries[-1].raised != NO_ANSWER:
            return True
        failure = self.run.results[name].failure
        return failure is not None and message == failure.message

    def chosen(self, candidates: list[Candidate]) -> list[Candidate]:
        """One that explains every failure, if there is just one; else those that no other one overlaps."""
        whole = [item for item in candidates if self.is_whole(item)]
        if whole:
            return whole if len(whole) == 1 else []
        return [
            item
            for item in candidates
            if not any(item is not other and item.explained & other.explained for other in candidates)
        ]


def transcripts_match(mine: list[Entry], theirs: list[Entry]) -> bool:
    """Two transcripts of the same test: the same calls, with the same results but for rounding."""
    if len(mine) != len(theirs):
        return False
    return all(_entries_match(x, y) for x, y in zip(mine, theirs, strict=True))


def _entries_match(x: Entry, y: Entry) -> bool:
    ended = {"MutantTimeout": NO_ANSWER[0]}
    a, b = (ended.get(entry.raised[0], entry.raised[0]) if entry.raised else "" for entry in (x, y))
    return x.name == y.name and a == b and values_match(x.value, y.value)
