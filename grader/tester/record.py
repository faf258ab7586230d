"""A recording made: every test with the reference as the learner, then with each mutant."""

from __future__ import annotations

import tempfile
import time

import pytest

from grader.protocol.jobs import Solution
from grader.tester.digest import Digest, digest_of
from grader.tester.local_connection import connect_reference
from grader.tester.mutants import SLOW_SECONDS, Bench, MutantRunner
from grader.tester.proxies import Handle
from grader.tester.recording import (
    RecordedFailure,
    RecordedMutant,
    RecordingConnection,
    Take,
    ValuePool,
    recorded_entries,
)
from grader.tester.runner import TestRunner
from grader.tester.transcript import Entry
from grader.tester.watch import Intermediates, Watch

MOST_DIGESTS_OF_A_CALL, MOST_DIGESTS_OF_A_TEST = 100, 200


def record(runner: TestRunner, items: list[pytest.Item]) -> Take:
    """What was answered to the tests, in the order in which they are given here."""
    job, pen = runner.job, runner.reference.connection
    assert isinstance(pen, RecordingConnection) and isinstance(job.reference, Solution)
    runner.student.attach(connect_reference(job, job.reference))
    seconds: dict[str, float] = {}
    right, called, pool = {}, {}, ValuePool()
    for item, following in zip(items, [*items[1:], None], strict=True):
        started = time.monotonic()
        raised = runner.execute(item, following)
        seconds[item.name] = time.monotonic() - started
        if raised is not None:
            raise RuntimeError(f"{item.name} fails on the reference: {raised}")
        right[item.name] = RecordedFailure("", recorded_entries(runner.student.transcript.entries, pool))
        called[item.name] = frozenset(runner.student.transcript.roots)
    turns = {name: list(found) for name, found in pen.turns.items()}
    quick = [item for item in items if seconds[item.name] < SLOW_SECONDS]
    mutants = []
    with tempfile.TemporaryDirectory(prefix="grader-mutant-") as folder:
        bench = Bench(runner, quick, None, folder)
        for mutant in bench.runners():
            if mutant.connect() is not None:
                failed = _failures(runner, mutant, [item for item in quick if mutant.concerns(called[item.name])], pool)
                mutants.append(RecordedMutant(mutant.mistake, failed))
    lines = {item.name: _made_in(runner, item) for item in quick}
    digests = {digest: None for calls in lines.values() for found in calls.values() for digest in found}
    numbers = {digest: number for number, digest in enumerate(digests)}
    numbered = {
        test: {call: tuple(numbers[digest] for digest in found) for call, found in calls.items()}
        for test, calls in lines.items()
    }
    return Take(job.seed, turns, pool.values, tuple(mutants), right, tuple(digests), numbered)


def _made_in(runner: TestRunner, item: pytest.Item) -> dict[int, list[Digest]]:
    """Digests of what the reference makes on its way, for each call of a test: a learner's kit knows it again."""
    job, student = runner.job, runner.student
    assert isinstance(job.reference, Solution)
    found: dict[int, list[Digest]] = {}
    made = Intermediates()

    def seen(entry: Entry, target: Handle) -> None:
        made.add([entry.value])
        digests = dict.fromkeys(filter(None, map(digest_of, made.arrays)))
        if sum(map(len, found.values())) < MOST_DIGESTS_OF_A_TEST:
            found[len(student.transcript.entries) - 1] = list(digests)[:MOST_DIGESTS_OF_A_CALL]
        made.arrays.clear()

    student.watch = Watch(None, made.gathering, seen, lines=False)
    try:
        raised = runner.replay(item, connect_reference(job, job.reference), runner.limit_of(item))
    finally:
        student.watch = None
    return {} if raised is not None else found


def _failures(
    runner: TestRunner, mutant: MutantRunner, items: list[pytest.Item], pool: ValuePool
) -> dict[str, RecordedFailure]:
    """What a mutant does in each test alone: what it keeps from the tests before depends on which these were."""
    failed = {}
    for item in items:
        raised = mutant.run(item.name, runner.limit_of(item))
        if raised is not None:
            entries = recorded_entries(runner.student.transcript.entries, pool)
            failed[item.name] = RecordedFailure(str(raised), entries)
    return failed
