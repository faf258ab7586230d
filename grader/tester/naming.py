"""Which mistakes are behind a file's failures: listed ones, others beside these, last a solution changed anywhere."""

from __future__ import annotations

import tempfile
from collections.abc import Collection, Sequence

import pytest

from grader.course.mutants import Mistake
from grader.protocol.jobs import JudgeMode
from grader.tester.diagnosis import Diagnosis
from grader.tester.file_run import FileRun
from grader.tester.mutants import MutantUnderTest, RightAnswers, hypotheses_of, mutants_of, pairs_of
from grader.tester.recording import Take
from grader.tester.runner import TestRunner, is_hidden

MOST_NAMED = 2  # mistakes, each of which is tried together with every other one


def mistakes_behind(
    runner: TestRunner, run: FileRun, items: list[pytest.Item], recorded: Take | None, explained: Collection[str]
) -> dict[str, Mistake]:
    """The mistake that explains a failure, by test; those that are `explained` otherwise are left alone."""
    if all(result.verdict.is_wrong is False or name in explained for name, result in run.results.items()):
        return {}
    with tempfile.TemporaryDirectory(prefix="grader-mutant-") as folder:
        return _Naming(runner, run, items, recorded, folder).mistakes(list(explained))


class _Naming:
    """One file's failures. The mutants' files go into `folder`."""

    def __init__(
        self, runner: TestRunner, run: FileRun, items: list[pytest.Item], recorded: Take | None, folder: str
    ) -> None:
        self.runner = runner
        self.run = run
        self.items = items
        self.recorded = recorded
        self.folder = folder
        self.long_tests = [item.name for item in items if runner.is_long(item)]
        self.right = RightAnswers(runner, items, recorded, folder).entries

    def mistakes(self, explained: list[str]) -> dict[str, Mistake]:
        """Each search looks at what those before it have left."""
        mode = self.run.job.mode
        several = isinstance(mode, JudgeMode) and mode.several
        found = self._search(mutants_of(self.runner, self.items, self.recorded, self.folder), explained, several)
        if several:
            found |= self._beside(set(found.values()), [*explained, *found])
            hidden = [item.name for item in self.items if is_hidden(item)]
            found |= self._guesses([*explained, *found, *hidden])
        return found

    def _search(self, mutants: Sequence[MutantUnderTest], explained: list[str], several: bool) -> dict[str, Mistake]:
        found = Diagnosis(self.run, self.long_tests, several, explained, right=self.right)
        return found.mistakes(mutants) if found.failed else {}

    def _beside(self, named: set[Mistake], explained: list[str]) -> dict[str, Mistake]:
        """Mistakes that are made beside those that are named: what both together do explains all that is left."""
        rest = Diagnosis(self.run, self.long_tests, False, explained, only_telling=True, right=self.right)
        if not rest.failed or not 0 < len(named) <= MOST_NAMED:
            return {}
        return rest.mistakes(pairs_of(self.runner, self.items, self.folder, named))

    def _guesses(self, explained: list[str]) -> dict[str, Mistake]:
        rest = Diagnosis(self.run, self.long_tests, True, explained, only_telling=True, right=self.right)
        return rest.mistakes(hypotheses_of(self.runner, self.items, self.folder)) if rest.failed else {}
