"""The line at which a failing call goes wrong: the test once more, on both sides, with a closer look at that call."""

from __future__ import annotations

import contextlib
import linecache
from collections.abc import Collection, Mapping
from typing import Any

import pytest

from grader.protocol.messages import GetLines
from grader.protocol.results import Place, TestResult, Verdict, WrongLine
from grader.tester.contract import parsed
from grader.tester.digest import Digests
from grader.tester.failures import SuiteFailure
from grader.tester.first_wrong_line import Bound, Found, Known, Recognises, bounds_of, first_wrong_line
from grader.tester.local_connection import LocalConnection
from grader.tester.recording import ReplayConnection
from grader.tester.runner import TestRunner, is_hidden
from grader.tester.transcript import Entry, Transcript
from grader.tester.watch import Intermediates, Watch

MOST_PLACES = 2
MOST_TEXT = 120


def wrong_lines(
    runner: TestRunner,
    items: Mapping[str, pytest.Item],
    results: Mapping[str, TestResult],
    transcripts: Mapping[str, Transcript],
) -> dict[str, WrongLine]:
    """For a few failed tests the first wrong line, each of another function. A hidden test is not run again."""
    found: dict[str, WrongLine] = {}
    seen: set[str] = set()
    wrong = _wrong_by_themselves(results)
    if not isinstance(runner.reference.connection, LocalConnection | ReplayConnection):
        return found
    for name, result in results.items():
        number = _call_number(result, transcripts)
        if number is None or is_hidden(items[name]) or len(seen) >= MOST_PLACES:
            continue
        path = transcripts[name].entries[number].path
        if path in seen:
            continue
        seen.add(path)
        line = Locator(runner, items[name], number, path, wrong - {path}).find()
        if line is not None:
            found[name] = line
    return found


def _wrong_by_themselves(results: Mapping[str, TestResult]) -> set[str]:
    """What is called in tests that fail."""
    failures = (result.failure for result in results.values() if result.verdict is Verdict.FAILED)
    return {failure.call.name for failure in failures if failure is not None and failure.call is not None}


def _call_number(result: TestResult, transcripts: Mapping[str, Transcript]) -> int | None:
    """Which exchange made the wrong value, where the failure says so and nothing explains it."""
    failure = result.failure
    if result.verdict is not Verdict.FAILED or result.mistake or failure is None:
        return None
    if failure.call is None or failure.difference is None:
        return None
    entries = transcripts[result.name].entries
    numbers = [n for n, entry in enumerate(entries) if entry.path and entry.call == failure.call and not entry.raised]
    return numbers[-1] if numbers else None


class Locator:
    """One call of one test, looked at from both sides."""

    def __init__(self, runner: TestRunner, item: pytest.Item, number: int, path: str, wrong: Collection[str]) -> None:
        self.runner = runner
        self.item = item
        self.number = number
        self.path = path
        self.wrong = wrong
        self.lines: list[Bound] = []
        self.given: list[Any] = []

    def find(self) -> WrongLine | None:
        """None where it cannot be told, or where the test goes another way than before."""
        file = self.runner.job.learner.file
        tree = parsed(file)
        if tree is None or not self._follow_the_learner(file):
            return None
        given = Intermediates()
        given.add(self.given)
        known = self._known()
        found = None if known is None else first_wrong_line(self.lines, tree, known, Known(given.arrays))
        if found is None or self._may_come_from_a_call(found):
            return None
        return _shown(file, found, isinstance(known, Digests))

    def _may_come_from_a_call(self, found: Found) -> bool:
        """Whether the line is the failed call's own, and something is called there that fails by itself."""
        own = any(bound.line == found.line and bound.function == self.path for bound in self.lines)
        return own and any(bound.function in self.wrong for bound in self.lines)

    def _known(self) -> Recognises | None:
        """What the reference makes on its way: looked at here, or as far as it was recorded."""
        connection = self.runner.reference.connection
        if isinstance(connection, ReplayConnection):
            return Digests(connection.take.seen_in(self.item.name, self.number))
        right = Intermediates()
        return Known(right.arrays) if self._follow_the_reference(right) else None

    def _follow_the_learner(self, file: str) -> bool:
        """In a fresh process, under the same random state."""
        runner = self.runner
        if not runner.prepare_afresh(runner.limit_of(self.item)):
            return False

        def seen(entry: Entry, _: Any) -> None:
            self.given = [*entry.args, *entry.kwargs.values()]
            with contextlib.suppress(SuiteFailure):
                self.lines = bounds_of(getattr(runner.student.ask(GetLines()), "value", None), file)

        runner.student.watch = Watch(self.number, contextlib.nullcontext, seen)
        try:
            runner.execute(self.item, None)
        finally:
            runner.student.watch = None
        return bool(self.lines)

    def _follow_the_reference(self, right: Intermediates) -> bool:
        runner, connection = self.runner, self.runner.reference.connection
        assert isinstance(connection, LocalConnection)
        done = []

        def seen(entry: Entry, _: Any) -> None:
            right.add([entry.value])
            done.append(entry)

        transcript = runner.student.transcript
        runner.student.watch = Watch(self.number, right.gathering, seen)
        try:
            runner.replay(self.item, connection, runner.limit_of(self.item))
        finally:
            runner.student.watch = None
            runner.student.transcript = transcript
        return bool(done)


def _shown(file: str, found: Found, in_any_order: bool) -> WrongLine:
    text = linecache.getline(file, found.line).strip()
    return WrongLine(Place(file, found.line), text[:MOST_TEXT], Place(file, found.right_before), in_any_order)
