"""Which known mistake is behind a failure: the same tests, run on the reference with each mistake in it.

A mistake is named only where every value that crossed the boundary agrees. It must explain each test that it
would fail, and no other mistake may explain the same; in doubt, nothing is named.
"""

from __future__ import annotations

import contextlib
import functools
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

import msgspec

from grader.protocol.jobs import Job, Mutant
from grader.protocol.results import Mistake, Verdict
from grader.tester.compare import values_match
from grader.tester.failures import MutantTimeout
from grader.tester.links import LocalConnection
from grader.tester.memo import MutantMemo
from grader.tester.recording import RecordedFailure, RecordedMutant, entries_of, played
from grader.tester.student import Entry, Session

if TYPE_CHECKING:
    import pytest

    from grader.tester.plugin import SuitePlugin

SLOW_SECONDS = 3.0
BUDGET_SECONDS = 120.0
MUTANT_SECONDS = 2.0
WENT_WRONG = (Verdict.FAILED, Verdict.TIMEOUT)


class OutOfTime(Exception):
    """The search took too long; what was found so far is no ground to name anything."""


class Player(Protocol):
    """A mutant under test: what a test said when it failed, and the values that crossed; None where it passed."""

    mistake: Mistake

    def test(self, name: str, seconds: float) -> tuple[str, list[Entry]] | None: ...


class MutantRunner:
    """A mutant that is run in this process, unless the memo knows what it does. One that does not import passes all."""

    def __init__(
        self, plugin: SuitePlugin, items: dict[str, pytest.Item], mutant: Mutant, folder: str, memo: MutantMemo | None
    ) -> None:
        self.plugin = plugin
        self.items = items
        self.mistake = mutant.mistake
        self.memo = memo
        self.load = functools.cache(lambda: load_mutant(plugin.job, mutant, folder))

    def test(self, name: str, seconds: float) -> tuple[str, list[Entry]] | None:
        if self.memo is None:
            raised = self.run(name, seconds)
            return None if raised is None else (str(raised), self.plugin.student_session.transcript)
        known, found = self.memo.read(self.mistake.name, name)
        if not known:
            raised = self.run(name, seconds)
            found = None
            if raised is not None:
                found = RecordedFailure(str(raised), played(self.plugin.student_session.transcript))
            if not isinstance(raised, MutantTimeout):  # another time it may be given longer
                self.memo.write(self.mistake.name, name, found)
        return None if found is None else (found.message, entries_of(found, self.plugin.student_session))

    def run(self, name: str, seconds: float) -> BaseException | None:
        link = self.load()
        return None if link is None else self.plugin.replay(self.items[name], link, seconds)


class ReplayedMutant:
    """A mutant whose answers were written down."""

    def __init__(self, mutant: RecordedMutant, session: Session) -> None:
        self.mistake = mutant.mistake
        self.mutant = mutant
        self.session = session

    def test(self, name: str, seconds: float) -> tuple[str, list[Entry]] | None:
        found = self.mutant.failed.get(name)
        return None if found is None else (found.message, entries_of(found, self.session))


def load_mutant(job: Job, mutant: Mutant, folder: str) -> LocalConnection | None:
    """The mutant's module, or None: a mistake may be one that does not import."""
    from grader.tester.process import mutant_connection

    try:
        return mutant_connection(job, mutant.source, folder)
    except Exception:
        return None


@dataclass
class Candidate:
    """A mutant that explains at least one failure: which ones, and whether anything speaks against it."""

    player: Player
    explained: set[str] = field(default_factory=set)
    consistent: bool = True


class Diagnosis:
    """Looks for the mistake behind a run's failures and writes its name into the results."""

    def __init__(self, plugin: SuitePlugin, items: list[pytest.Item], transcripts: dict[str, list[Entry]]) -> None:
        self.plugin = plugin
        self.items = {item.name: item for item in items}
        self.transcripts = transcripts
        self.deadline = time.monotonic() + BUDGET_SECONDS
        wrong = [name for name, result in plugin.results.items() if result.verdict in WENT_WRONG]
        quick = [name for name in wrong if self.is_quick(name)]
        timed_out = [name for name in wrong if plugin.results[name].verdict is Verdict.TIMEOUT]
        self.failed = quick or [name for name in wrong if name not in timed_out] or wrong[:1]
        self.failed.sort(key=lambda name: (round(plugin.results[name].seconds, 1), plugin.order.index(name)))
        self.passed = [
            name for name, result in plugin.results.items() if result.verdict is Verdict.PASSED and self.is_quick(name)
        ]

    def is_quick(self, name: str) -> bool:
        """A test that was given more time than others may be slow on a mutant, however soon it failed here."""
        return self.plugin.results[name].seconds < SLOW_SECONDS and not self.plugin.is_long(self.items[name])

    def run(self) -> None:
        """Name the mistakes that explain failures, in the plugin's results. In doubt, or out of time, none."""
        if self.failed:
            with contextlib.suppress(OutOfTime):
                self.name_mistakes()

    def name_mistakes(self) -> None:
        with tempfile.TemporaryDirectory(prefix="grader-mutant-") as folder:
            players = list(self.players(folder))
            suspects = [player for player in players if all(self.try_test(player, self.failed[0]))]
            candidates = self.consistent(suspects)
            if not any(self.is_whole(candidate) for candidate in candidates):
                candidates = self.consistent(players)  # more than one mistake: each may explain some failures
        for candidate in self.chosen(candidates):
            for name in candidate.explained:
                result = self.plugin.results[name]
                self.plugin.results[name] = msgspec.structs.replace(result, mistake=candidate.player.mistake)

    def players(self, folder: str) -> Iterator[Player]:
        """The mutants, each ready to be tested: run here, or played back where the kit has no solutions."""
        job = self.plugin.job
        memo = MutantMemo(job.memo, job.exercise, job.seed) if job.memo else None
        for mutant in job.mutants:
            yield MutantRunner(self.plugin, self.items, mutant, folder, memo)
        for recorded in self.plugin.recorded_mutants:
            yield ReplayedMutant(recorded, self.plugin.student_session)

    def consistent(self, players: list[Player]) -> list[Candidate]:
        """Those that explain something and that nothing speaks against.

        A mutant that explains every failure also explains the first one. So where there is one, looking at the
        mutants that agree on that first failure finds it, and every other one like it.
        """
        found = [self.examine(player) for player in players]
        return [candidate for candidate in found if candidate is not None and candidate.consistent]

    def is_whole(self, candidate: Candidate) -> bool:
        return len(candidate.explained) == len(self.failed)

    def examine(self, player: Player) -> Candidate | None:
        """Try the failed tests, then the passed ones, on a mutant."""
        candidate = Candidate(player)
        for name in self.failed:
            agrees, fails = self.try_test(player, name)
            if agrees and fails:
                candidate.explained.add(name)
            elif fails:
                return None  # it would fail here too, but in another way
        if not candidate.explained:
            return None
        candidate.consistent = not any(self.try_test(player, name)[1] for name in self.passed)
        return candidate

    def try_test(self, player: Player, name: str) -> tuple[bool, bool]:
        """Whether a test on the mutant saw the same values as on the learner's code, and whether it failed."""
        if time.monotonic() > self.deadline:
            raise OutOfTime
        seen = player.test(name, max(MUTANT_SECONDS, 10 * self.plugin.results[name].seconds))
        if seen is None:
            return False, False
        message, entries = seen
        return transcripts_match(self.transcripts[name], entries) and self.same_words(name, entries, message), True

    def same_words(self, name: str, entries: list[Entry], message: str) -> bool:
        """Where the last call gave no value, what the test said of it must agree as well."""
        if not entries or entries[-1].raised != ("no answer",):
            return True
        failure = self.plugin.results[name].failure
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
    ended = {"MutantTimeout": "no answer"}
    a, b = (ended.get(entry.raised[0], entry.raised[0]) if entry.raised else "" for entry in (x, y))
    return x.name == y.name and a == b and values_match(x.value, y.value)
