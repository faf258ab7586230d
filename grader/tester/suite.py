"""A collected suite at work: all its tests on one file, then on each file that follows."""

from __future__ import annotations

import time
from dataclasses import replace

import msgspec
import pytest

from grader.protocol.jobs import Job, JudgeMode, RecordMode, Shown
from grader.protocol.results import Failure, Recorded, SuiteStarted, TestFinished, TestResult, TestStarted, Verdict
from grader.tester.draw import Draw, derive_seed
from grader.tester.fault import Of, causes
from grader.tester.file_run import (
    FileRun,
    Problem,
    with_causes,
    with_facts,
    with_mistakes,
    with_smallest_cases,
    with_wrong_lines,
)
from grader.tester.locate import wrong_lines
from grader.tester.naming import mistakes_behind
from grader.tester.outcome import as_shown, outcome
from grader.tester.patience import Patience
from grader.tester.probes import MOST_SENTENCES, call_facts
from grader.tester.record import record
from grader.tester.recording import Take
from grader.tester.runner import TestRunner, is_hidden, not_run, planned
from grader.tester.session import TesterSession
from grader.tester.shrink import smallest_cases
from grader.tester.sketch import with_sketches
from grader.tester.transcript import Transcript

PASSES_ALONE = "Alone, in a fresh process, this test passes. Your code keeps something from the calls before it."
# Naming has a budget of its own by the clock; these end what gets out of hand.
EXTRAS_SECONDS, EXTRAS_CLOCK_SECONDS = 60.0, 600.0


class Suite:
    """Judges files with the tests that pytest collected."""

    def __init__(self, runner: TestRunner, session: TesterSession, recorded: Take | None = None) -> None:
        self.runner = runner
        self.session = session
        self.recorded = recorded
        self.collection_error = "no test was found"

    def judge_files(self, items: list[pytest.Item]) -> None:
        """The job's file, and those that the session brings afterwards."""
        job: Job | None = self.runner.job
        while job is not None:
            started = time.monotonic()
            if job is not self.runner.job:
                self.runner.start_file(job)
            self.session.send(SuiteStarted(job.exercise, tuple(map(planned, items))))
            with self.session.open_worker(job) as workplace:
                self.runner.enter(workplace)
                match job.mode:
                    case RecordMode():
                        run = self.write_down(job, items)
                    case JudgeMode():
                        run = self.judge_file(job, job.mode, items)
            job = self.session.report(outcome(run, time.monotonic() - started))

    def not_collected(self) -> FileRun:
        """The run of a file that pytest did not come to the end of."""
        job = self.runner.job
        failure = Failure(f"The suite {job.suite} could not be run: {self.collection_error}")
        return FileRun(job, problem=Problem(failure, Verdict.ERROR))

    def write_down(self, job: Job, items: list[pytest.Item]) -> FileRun:
        """The recording instead of a verdict."""
        take = msgspec.msgpack.encode(record(self.runner, in_drawn_order(job, items)))
        self.session.send(Recorded(job.exercise, take))
        return FileRun(job, problem=Problem(Failure("recorded, not judged"), Verdict.TODO))

    def judge_file(self, job: Job, mode: JudgeMode, items: list[pytest.Item]) -> FileRun:
        """Every test on the learner's file, then the mistakes behind what failed.

        These are an extra: where what came from the learner's code takes too much to compare, they are not to be had.
        """
        run = self.run_tests(job, mode, items)
        if run.problem is not None or not (mode.diagnose or mode.sketch):
            return run
        with self.session.watched(EXTRAS_SECONDS, EXTRAS_CLOCK_SECONDS):
            try:
                if mode.sketch:
                    run = replace(run, results=with_sketches(run.results, run.transcripts, job.seed))
                return self.with_extras(run, mode, items) if mode.diagnose else run
            except (MemoryError, RecursionError):
                return run

    def with_extras(self, run: FileRun, mode: JudgeMode, items: list[pytest.Item]) -> FileRun:
        """The run with the mistakes that were found, and what calls show, wrong lines and smallest cases of the rest.

        The first tests of the suite get them: these are shown first.
        """
        in_order = {name: run.results[name] for name in run.order if name in run.results}
        by_name = {item.name: item for item in items}
        with_more = mode.shrink and mode.shown is not Shown.NONE
        earlier = causes(self.runner, by_name, in_order, run.transcripts, Of.EARLIER_PARTS) if with_more else {}
        found = mistakes_behind(self.runner, run, items, self.recorded, earlier)
        named = with_mistakes(with_causes(in_order, earlier), found.mistakes)
        named = with_facts(named, dict.fromkeys(found.passing_alone, (PASSES_ALONE,)), MOST_SENTENCES)
        if not with_more:
            return replace(run, results=named)
        caused = with_causes(named, causes(self.runner, by_name, named, run.transcripts, Of.THE_FILE))
        probed = with_facts(caused, call_facts(self.runner, by_name, caused, run.transcripts), MOST_SENTENCES)
        placed = with_wrong_lines(probed, wrong_lines(self.runner, by_name, probed, run.transcripts))
        cases = smallest_cases(self.runner, placed, run.transcripts)
        return replace(run, results=with_smallest_cases(placed, cases))

    def run_tests(self, job: Job, mode: JudgeMode, items: list[pytest.Item]) -> FileRun:
        """Every test once. The order is drawn too, so that no test leans on another.

        Hidden tests come last: what the learner's code has seen in one, it cannot tell in a public one's message.
        Long tests come after short ones: where these ran out of time, they need not be run.
        """
        wanted = [item for item in in_drawn_order(job, items) if mode.wants(item.name)]
        shuffled = sorted(wanted, key=lambda item: (is_hidden(item), self.runner.is_long(item)))
        spared = {
            item for item in wanted if item.name in mode.spare or (mode.spare_long_tests and self.runner.is_long(item))
        }
        shuffled.sort(key=spared.__contains__)
        place = {name: number for number, name in enumerate(mode.first)}
        shuffled.sort(key=lambda item: place.get(item.name, len(place)))
        patience = Patience(job.limits.total_seconds)
        results: dict[str, TestResult] = {}
        transcripts: dict[str, Transcript] = {}
        for item, following in zip(shuffled, [*shuffled[1:], None], strict=True):
            if item in spared and _has_failed(results):
                continue
            reason = patience.reason
            self.session.send(TestStarted(job.exercise, item.name))
            result = self.runner.run(item, following) if reason is None else not_run(item, reason)
            if isinstance(result, Problem):
                return FileRun(job, problem=result, notes=self.runner.notebook.notes())
            if reason is None:
                transcripts[item.name] = self.runner.student.transcript
                patience.note(result, self.runner.spent, self.runner.is_long(item))
            results[item.name] = result
            self.session.send(TestFinished(job.exercise, as_shown(job, result)))
            if mode.fail_fast and result.verdict is not Verdict.PASSED:
                break
        order = tuple(item.name for item in items)
        figures = tuple(self.runner.figures.values())
        return FileRun(job, order, results, transcripts, notes=self.runner.notebook.notes(), figures=figures)


def in_drawn_order(job: Job, items: list[pytest.Item]) -> list[pytest.Item]:
    """The tests in an order that is drawn: by the run's seed in a proof, else by the exercise.

    A file that runs out of time is not run to its end: which tests it passes before must not be a matter of luck.
    """
    is_proof = not isinstance(job.mode, JudgeMode) or job.mode.spare_long_tests
    return list(Draw(derive_seed(job.seed if is_proof else 0, f"order:{job.exercise}")).shuffled(items))


def _has_failed(results: dict[str, TestResult]) -> bool:
    return any(result.verdict.is_wrong for result in results.values())
