"""Which known mistake is behind a failure: the same tests, run on the reference with each mistake in it.

A mistake is named only where every value that crossed the boundary agrees. It must explain each test that it
would fail, and no other mistake may explain the same; in doubt, nothing is named.
"""

from __future__ import annotations

import tempfile
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import msgspec

from grader.judge.jobs import Twin
from grader.judge.links import LocalLink
from grader.results import Verdict
from grader.suite.compare import same
from grader.suite.failures import SuiteFailure
from grader.suite.student import Entry

if TYPE_CHECKING:
    import pytest

    from grader.suite.plugin import SuitePlugin

SLOW_SECONDS = 3.0
BUDGET_SECONDS = 120.0
TWIN_SECONDS = 10.0
WENT_WRONG = (Verdict.FAILED, Verdict.TIMEOUT)


@dataclass
class Candidate:
    """A twin that explains at least one failure: which ones, and whether anything speaks against it."""

    twin: Twin
    link: LocalLink
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
        quick = [name for name in wrong if plugin.results[name].seconds < SLOW_SECONDS]
        timed_out = [name for name in wrong if plugin.results[name].verdict is Verdict.TIMEOUT]
        self.failed = quick or [name for name in wrong if name not in timed_out] or wrong[:1]
        self.failed.sort(key=lambda name: plugin.results[name].seconds)
        self.passed = [
            name
            for name, result in plugin.results.items()
            if result.verdict is Verdict.PASSED and result.seconds < SLOW_SECONDS
        ]

    def run(self) -> None:
        """Name the mistakes that explain failures, in the plugin's results."""
        if not self.failed or not self.plugin.job.twins:
            return
        with tempfile.TemporaryDirectory(prefix="grader-twin-") as folder:
            candidates = [
                found
                for twin in self.plugin.job.twins
                if (found := self.examine(twin, folder)) is not None and found.consistent
            ]
        for candidate in self.chosen(candidates):
            for name in candidate.explained:
                result = self.plugin.results[name]
                self.plugin.results[name] = msgspec.structs.replace(result, mistake=candidate.twin.mistake)

    def examine(self, twin: Twin, folder: str) -> Candidate | None:
        """Run the failed tests, then the passed ones, on a twin."""
        from grader.judge.tester import twin_link

        if time.monotonic() > self.deadline:
            return None
        try:
            link = twin_link(self.plugin.job, twin.source, folder)
        except Exception:  # a mistake may be one that does not import
            return None
        candidate = Candidate(twin, link)
        for name in self.failed:
            agrees, fails = self.try_test(link, name)
            if agrees and fails:
                candidate.explained.add(name)
            elif fails:
                return None  # it would fail here too, but in another way
        if not candidate.explained:
            return None
        candidate.consistent = not any(self.try_test(link, name)[1] for name in self.passed)
        return candidate

    def try_test(self, link: LocalLink, name: str) -> tuple[bool, bool]:
        """Whether a test on the twin saw the same values as on the learner's code, and whether it failed."""
        limit = max(TWIN_SECONDS, 3 * self.plugin.results[name].seconds)
        raised = self.plugin.replay(self.items[name], link, limit)
        if raised is None:
            return False, False
        mine, theirs = self.transcripts[name], self.plugin.student_session.transcript
        return alike(mine, theirs) and self.same_words(name, theirs, raised), True

    def same_words(self, name: str, entries: list[Entry], raised: BaseException) -> bool:
        """Where the last call gave no value, what the test said of it must agree as well."""
        if not entries or entries[-1].raised != ("no answer",):
            return True
        failure = self.plugin.results[name].failure
        return isinstance(raised, SuiteFailure) and failure is not None and str(raised) == failure.message

    def chosen(self, candidates: list[Candidate]) -> list[Candidate]:
        """One that explains every failure, if there is just one; else those that no other one overlaps."""
        whole = [item for item in candidates if len(item.explained) == len(self.failed)]
        if whole:
            return whole if len(whole) == 1 else []
        return [
            item
            for item in candidates
            if not any(item is not other and item.explained & other.explained for other in candidates)
        ]


def alike(mine: list[Entry], theirs: list[Entry]) -> bool:
    """Two transcripts of the same test: the same calls, with the same results but for rounding."""
    if len(mine) != len(theirs):
        return False
    return all(_alike(x, y) for x, y in zip(mine, theirs, strict=True))


def _alike(x: Entry, y: Entry) -> bool:
    ended = {"TwinTimeout": "no answer"}
    a, b = (ended.get(entry.raised[0], entry.raised[0]) if entry.raised else "" for entry in (x, y))
    return x.name == y.name and a == b and same(x.value, y.value)
