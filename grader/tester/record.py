"""A recording made: every test with the reference as the learner, then with each mutant."""

from __future__ import annotations

import tempfile
import time

import pytest

from grader.course.mutants import Mistake
from grader.protocol.jobs import Solution
from grader.tester.local_connection import LocalConnection, connect_reference
from grader.tester.mutants import SLOW_SECONDS, load_mutant
from grader.tester.recording import (
    RecordedFailure,
    RecordedMutant,
    RecordingConnection,
    Take,
    ValuePool,
    recorded_entries,
)
from grader.tester.runner import TestRunner


def record(runner: TestRunner, items: list[pytest.Item]) -> Take:
    """What was answered to the tests, in the order in which they are given here."""
    job, pen = runner.job, runner.reference.connection
    assert isinstance(pen, RecordingConnection) and isinstance(job.reference, Solution)
    runner.student.attach(connect_reference(job, job.reference))
    seconds: dict[str, float] = {}
    for item, following in zip(items, [*items[1:], None], strict=True):
        started = time.monotonic()
        raised = runner.execute(item, following)
        seconds[item.name] = time.monotonic() - started
        if raised is not None:
            raise RuntimeError(f"{item.name} fails on the reference: {raised}")
    turns = {name: list(found) for name, found in pen.turns.items()}
    quick = [item for item in items if seconds[item.name] < SLOW_SECONDS]
    mutants, pool = [], ValuePool()
    with tempfile.TemporaryDirectory(prefix="grader-mutant-") as folder:
        for mutant in job.mutants:
            connection = load_mutant(job, job.reference, mutant, folder)
            if connection is not None:
                mutants.append(_failures(runner, mutant.mistake, connection, quick, pool))
    return Take(job.seed, turns, pool.values, tuple(mutants))


def _failures(
    runner: TestRunner, mistake: Mistake, connection: LocalConnection, items: list[pytest.Item], pool: ValuePool
) -> RecordedMutant:
    failed = {}
    for item in items:
        raised = runner.replay(item, connection, runner.limit_of(item))
        if raised is not None:
            entries = recorded_entries(runner.student.transcript.entries, pool)
            failed[item.name] = RecordedFailure(str(raised), entries)
    return RecordedMutant(mistake, failed)
