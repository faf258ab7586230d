"""Which mistakes are behind a file's failures: listed ones, others beside these, last a solution changed anywhere."""

from __future__ import annotations

import tempfile
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

import pytest

from grader.course.mutants import Mistake
from grader.protocol.jobs import JudgeMode
from grader.protocol.results import Verdict
from grader.tester.afresh import run_afresh
from grader.tester.diagnosis import Diagnosis
from grader.tester.file_run import FileRun
from grader.tester.mutants import Bench
from grader.tester.recording import Take
from grader.tester.runner import TestRunner, is_hidden

MOST_NAMED = 2  # mistakes, each of which is tried together with every other one


@dataclass(frozen=True)
class Named:
    """The mistakes that explain failures, by test, and the failed tests that pass alone, in a fresh process."""

    mistakes: Mapping[str, Mistake] = field(default_factory=dict)
    passing_alone: frozenset[str] = frozenset()


def mistakes_behind(
    runner: TestRunner, run: FileRun, items: list[pytest.Item], recorded: Take | None, explained: Collection[str]
) -> Named:
    """What is behind a file's failures; those that are `explained` otherwise are left alone."""
    if not any(result.verdict.is_wrong and name not in explained for name, result in run.results.items()):
        return Named()
    with tempfile.TemporaryDirectory(prefix="grader-mutant-") as folder:
        naming = _Naming(runner, run, items, recorded, folder)
        return Named(naming.mistakes(list(explained)), frozenset(naming.passing_alone))


class _Naming:
    """One file's failures."""

    def __init__(
        self, runner: TestRunner, run: FileRun, items: list[pytest.Item], recorded: Take | None, folder: str
    ) -> None:
        self.runner = runner
        self.run = run
        self.items = items
        self.bench = Bench(runner, items, recorded, folder)
        self.long_tests = [item.name for item in items if runner.is_long(item)]
        self.listed = self.bench.listed()
        self.passing_alone: set[str] = set()

    def mistakes(self, explained: list[str]) -> dict[str, Mistake]:
        """Each search looks at what those before it have left."""
        mode = self.run.job.mode
        several = isinstance(mode, JudgeMode) and mode.several
        found = self._search(explained, several)
        found |= self._afresh([*explained, *found])
        if several:
            found |= self._beside(set(found.values()), [*explained, *found])
            hidden = [item.name for item in self.items if is_hidden(item)]
            found |= self._guesses([*explained, *found, *hidden])
        return found

    def _search(self, explained: list[str], several: bool) -> dict[str, Mistake]:
        found = Diagnosis(self.run, self.long_tests, several, explained, right=self.bench.right)
        return found.mistakes(self.listed) if found.failed else {}

    def _afresh(self, explained: list[str]) -> dict[str, Mistake]:
        """Of code that keeps something between calls: what each test shows alone, beside mutants that keep nothing."""
        wrong = {name for name, result in self.run.results.items() if result.verdict is Verdict.FAILED}
        left = [item for item in self.items if item.name in wrong - {*explained} and not is_hidden(item)]
        run = run_afresh(self.runner, self.run, left) if left else None
        if run is None:
            return {}
        self.passing_alone = {name for name, result in run.results.items() if result.verdict is Verdict.PASSED}
        found = Diagnosis(run, self.long_tests, several=False, right=self.bench.right)
        named = set(found.mistakes(self.listed).values()) if found.failed else set()
        return {item.name: mistake for mistake in named for item in left}

    def _beside(self, named: set[Mistake], explained: list[str]) -> dict[str, Mistake]:
        """Mistakes that are made beside those that are named: what both together do explains all that is left.

        Two that are named already come first: with what both do, a third one may agree by chance.
        """
        if not 0 < len(named) <= MOST_NAMED:
            return {}
        both = self._left(explained, several=False)
        found = both.mistakes(self.bench.pairs(named)) if both.failed and len(named) > 1 else {}
        rest = self._left([*explained, *found], several=False)
        return found | (rest.mistakes(self.bench.pairs_with_others(named)) if rest.failed else {})

    def _guesses(self, explained: list[str]) -> dict[str, Mistake]:
        rest = self._left(explained, several=True)
        return rest.mistakes(self.bench.guesses()) if rest.failed else {}

    def _left(self, explained: list[str], several: bool) -> Diagnosis:
        """A search for what is no mistake of the list by itself: values are to tell."""
        return Diagnosis(self.run, self.long_tests, several, explained, only_telling=True, right=self.bench.right)
