"""Which known mistake is behind a failure: the same tests, run on the reference with each mistake in it.

The evidence is weighed. A mistake is named for the tests in which everything that crossed the boundary agrees. It is
to explain all that it would fail; where some differ, at least two, with a value that tells: a second fault may lie
behind the others. None may have passed that it would fail. Of two the one that explains more is named; in doubt, none.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field

import numpy as np

from grader.course.mutants import Mistake
from grader.protocol.results import Verdict
from grader.tester.compare import as_array, values_match
from grader.tester.file_run import FileRun
from grader.tester.mutants import SLOW_SECONDS, MutantUnderTest, Seen
from grader.tester.transcript import NO_ANSWER, Entry

BUDGET_SECONDS = 120.0
BUDGET_AFTER_A_TIMEOUT = 10.0
BUDGET_OF_GUESSES = 3.0
MUTANT_SECONDS = 2.0
GUESS_SECONDS = 0.2  # a solution changed anywhere often comes to no end
MOST_MUTANT_SECONDS = 30.0
NUMBER = re.compile(r"[\d.]+")
MOST_TRIED = 6  # failures, before a mutant is left alone
SEARCH_SECONDS = 12.0  # that all mutants may take together in a test in which they are only looked for
FEWEST_NUMBERS, MOST_NUMBERS, MOST_PARTS = 4, 64, 8


# The entries of a test with the right answer, from its name and the seconds that it may take.
Right = Callable[[str, float], Sequence[Entry] | None]


class OutOfTime(Exception):
    """The search took too long; what was found so far is no ground to name anything."""


@dataclass
class Candidate:
    """A mutant that explains at least one failure: which ones, and what speaks for it and against it.

    `differing` are failures that it would cause as well, but with other values; `same_words` says that the tests said
    the same where the values agree.
    """

    mutant: MutantUnderTest
    explained: set[str] = field(default_factory=set)
    differing: set[str] = field(default_factory=set)
    same_words: bool = True


@dataclass(frozen=True)
class Outcome:
    """Whether a mutant fails a test, whether with the values that the learner's code gave, and with the same words."""

    agrees: bool = False
    fails: bool = False
    same_words: bool = False


class Diagnosis:
    """Looks for the mistakes behind a run's failures. `long_tests` are given more time than others.

    Where no single mistake explains all failures, each may explain some, if there may be `several`. Failures that are
    `explained` are left alone. With `only_telling` nothing is named without a value that tells: for mutants that are no
    mistakes which somebody has made, but guesses. `right` has what crosses in a test with the right answer, if known.
    """

    def __init__(
        self,
        run: FileRun,
        long_tests: Collection[str] = (),
        several: bool = True,
        explained: Collection[str] = (),
        only_telling: bool = False,
        right: Right | None = None,
    ) -> None:
        self.run = run
        self.long_tests = long_tests
        self.several = several
        self.only_telling = only_telling
        was_run = {name: result for name, result in run.results.items() if name in run.transcripts}
        wrong = [name for name, result in was_run.items() if result.verdict.is_wrong and name not in explained]
        stuck = any(was_run[name].verdict is Verdict.TIMEOUT for name in wrong)
        budget = BUDGET_OF_GUESSES if only_telling else BUDGET_AFTER_A_TIMEOUT if stuck else BUDGET_SECONDS
        self.deadline = time.monotonic() + budget
        quick = [name for name in wrong if self.is_quick(name)]
        answered = [name for name in wrong if run.results[name].verdict is not Verdict.TIMEOUT]
        order = {name: place for place, name in enumerate(run.order)}
        self.failed = sorted(  # those first in which little is asked: all mutants meet these
            quick or answered or wrong[:1],
            key=lambda name: (round(run.results[name].seconds, 1), len(run.transcripts[name].entries), order[name]),
        )
        self.right = right
        self.telling: dict[str, set[float]] = {}
        self.called: dict[str, frozenset[str]] = {}
        self.outcomes: dict[tuple[MutantUnderTest, str], Outcome] = {}
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
        mutants that agree on that first failure finds it, and every other one like it. Of guesses there are too many
        to look any further.
        """
        suspects = [mutant for mutant in mutants if self.try_test(mutant, self.failed[0]).agrees]
        candidates = self.consistent(suspects)
        if any(self.is_whole(candidate) for candidate in candidates):
            return candidates
        if not self.several:
            return []
        return candidates if self.only_telling else self.consistent(self.suspects(mutants))

    def suspects(self, mutants: Sequence[MutantUnderTest]) -> list[MutantUnderTest]:
        """Those that agree on one of a few failures: most mutants pass every test that failed here."""
        some = [name for name in self.some_failures() if self.is_soon(name, len(mutants))] or self.failed[:1]
        return [mutant for mutant in mutants if any(self.try_test(mutant, name).agrees for name in some)]

    def is_soon(self, name: str, mutants: int) -> bool:
        """Whether so many mutants can be tried in a test, of which most will have nothing to do with it."""
        return self.run.results[name].seconds * mutants <= SEARCH_SECONDS

    def some_failures(self) -> list[str]:
        """One of each kind, and then others from all over."""
        kinds: dict[tuple[str, str], str] = {}
        for name in self.failed:
            failure = self.run.results[name].failure
            words = NUMBER.sub("", failure.message) if failure is not None else ""
            kinds.setdefault((words, failure.call.name if failure is not None and failure.call else ""), name)
        step = max(1, len(self.failed) // MOST_TRIED)
        return list(dict.fromkeys([*kinds.values(), *self.failed[::step]]))[:MOST_TRIED]

    def consistent(self, mutants: Sequence[MutantUnderTest]) -> list[Candidate]:
        """Those that explain something and fail nothing that passed; where some explain every failure, these alone."""
        found = [candidate for candidate in map(self.examine, mutants) if candidate is not None]
        whole = [item for item in found if self.is_whole(item) and self.passes_the_rest(item)]
        return whole or [item for item in found if not self.is_whole(item) and self.passes_the_rest(item)]

    def is_whole(self, candidate: Candidate) -> bool:
        return len(candidate.explained) == len(self.failed)

    def passes_the_rest(self, candidate: Candidate) -> bool:
        """Whether the mutant passes what the learner's code has passed."""
        return not any(self.try_test(candidate.mutant, name).fails for name in self.passed)

    def examine(self, mutant: MutantUnderTest) -> Candidate | None:
        """Try the failed tests on a mutant."""
        candidate = Candidate(mutant)
        for name in self.failed:
            outcome = self.try_test(mutant, name)
            if outcome.agrees:
                candidate.explained.add(name)
                candidate.same_words = candidate.same_words and outcome.same_words
            elif outcome.fails:
                candidate.differing.add(name)
        return candidate if candidate.explained and self.is_enough(candidate) else None

    def is_enough(self, candidate: Candidate) -> bool:
        """All that it would fail, and not by a single coincidence; or two tests, where a value tells."""
        explained = len(candidate.explained)
        if self.only_telling or candidate.differing:
            return (explained >= 2 or not candidate.differing) and self.has_telling(candidate)
        return explained >= 2 or self.is_whole(candidate) or candidate.same_words or self.has_telling(candidate)

    def has_telling(self, candidate: Candidate) -> bool:
        """Whether the learner's values, in the tests that it explains, agree with nothing by chance."""
        numbers: set[float] = set()
        for name in sorted(candidate.explained):
            numbers |= self.telling_in(name)
            if len(numbers) >= FEWEST_NUMBERS:
                return True
        return False

    def telling_in(self, name: str) -> set[float]:
        if name not in self.telling:
            right = self.right(name, self.seconds_for(name)) if self.right is not None else None
            self.telling[name] = telling_numbers(self.run.transcripts[name].entries, right)
        return self.telling[name]

    def try_test(self, mutant: MutantUnderTest, name: str) -> Outcome:
        """What came of a test on the mutant, beside what came of it on the learner's code. It is run once."""
        known = self.outcomes.get((mutant, name))
        if known is not None:
            return known
        if time.monotonic() > self.deadline:
            raise OutOfTime
        if name not in self.called:
            self.called[name] = frozenset(self.run.transcripts[name].roots)
        concerned = mutant.concerns(self.called[name])
        seen = mutant.test(name, self.seconds_for(name)) if concerned else None
        found = Outcome() if seen is None else self._compared(name, seen)
        if seen is None or not seen.out_of_time:
            self.outcomes[mutant, name] = found
        return found

    def _compared(self, name: str, seen: Seen) -> Outcome:
        entries = seen.entries
        if not transcripts_match(self.run.transcripts[name].entries, entries):
            return Outcome(fails=True)
        failure = self.run.results[name].failure
        same_words = failure is not None and seen.words() == failure.message
        silent = bool(entries) and entries[-1].raised == NO_ANSWER  # the test's words are all that there is
        return Outcome(same_words or not silent, True, same_words)

    def seconds_for(self, name: str) -> float:
        """How long a mutant may take. Where the learner's code gave no answer, one that gives none soon is like it."""
        result = self.run.results[name]
        least = GUESS_SECONDS if self.only_telling else MUTANT_SECONDS
        if result.verdict is Verdict.TIMEOUT:
            return least
        return min(MOST_MUTANT_SECONDS, max(least, 10 * result.seconds))

    def chosen(self, candidates: list[Candidate]) -> list[Candidate]:
        """One that explains every failure, if there is just one; else those to which no other one comes near.

        Of several, one of which the tests say the same as well: what they count themselves is in no value.
        """
        whole = [item for item in candidates if self.is_whole(item)]
        whole = [item for item in whole if item.same_words] or whole
        if whole:
            return whole[:1] if len({item.mutant.mistake.says for item in whole}) == 1 else []
        return [
            item for item in candidates if all(other is item or self.is_better(item, other) for other in candidates)
        ]

    @staticmethod
    def is_better(item: Candidate, other: Candidate) -> bool:
        """Whether the other one says the same, or explains none of its failures, or some of them and nothing else."""
        if item.mutant.mistake.says == other.mutant.mistake.says:
            return True
        return not item.explained & other.explained or item.explained > other.explained


def telling_numbers(entries: Sequence[Entry], right: Sequence[Entry] | None = None) -> set[float]:
    """The numbers with a fraction in what crossed last: a few of them agree with nothing by chance.

    Right ones, as far as these are known, agree with every mistake that leaves them as they are.
    """
    right = right or ()
    found: set[float] = set()
    for number, entry in list(enumerate(entries))[-2:]:
        if not (number < len(right) and _entries_match(entry, right[number])):
            found |= _fractions_in(entry.value)
    return found


def _fractions_in(value: object) -> set[float]:
    """The different finite numbers with a fraction that a value holds."""
    items = value if type(value) in (list, tuple) else [value]
    assert isinstance(items, Sequence)
    found: set[float] = set()
    for item in items[:MOST_PARTS]:
        array = as_array(item)
        if array is not None and array.dtype.kind == "f":
            some = array.reshape(-1)[:MOST_NUMBERS]
            found.update(float(number) for number in some if np.isfinite(number) and number != np.round(number))
    return found


def transcripts_match(mine: list[Entry], theirs: list[Entry]) -> bool:
    """Two transcripts of the same test: the same calls, with the same results but for rounding.

    Exceptions are the same where their classes are, and both codes raise them or a library gives the same numbers.
    """
    if len(mine) != len(theirs):
        return False
    return all(_entries_match(x, y) for x, y in zip(mine, theirs, strict=True))


def _entries_match(x: Entry, y: Entry) -> bool:
    ended = {"MutantTimeout": NO_ANSWER[0]}
    a, b = (ended.get(entry.raised[0], entry.raised[0]) if entry.raised else "" for entry in (x, y))
    same = x.name == y.name and a == b and x.sign == y.sign
    return same and values_match(x.value, y.value)
