"""One `grader check`: which exercises to run, and what becomes of each."""

from __future__ import annotations

import contextlib
import secrets
import sys
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from grader.course.curriculum import Curriculum, Exercise, graded
from grader.course.layout import Layout
from grader.course.source import SourceProblem, first_problem
from grader.course.stubs import handed_out_stub
from grader.errors import GraderError
from grader.judge.client import Judge
from grader.judge.job_builder import SEED_BITS, build_job
from grader.judge.libraries import libraries_for
from grader.judge.unreadable import problem_apart, unreadable_result
from grader.learner.attempts import Stopwatch, attempt_from
from grader.learner.progress import ProgressStore
from grader.learner.workspace import Workspace
from grader.protocol.jobs import Job, JudgeMode
from grader.protocol.results import Event, ExerciseResult, SuiteFinished, Verdict


@dataclass(frozen=True)
class Options:
    """How to check. `files` are those that were asked for by name, by exercise.

    `afresh` are names of exercises that are run though they passed as they are: a person gave a seed for them.
    `judge_here` judges in this process instead of the judge's: `--debug`. `fork` is off where a fork of a process with
    torch is not safe. `only` has, by exercise, the tests that are to run where not every one is: nothing is remembered
    of such a run.
    """

    exercises: list[Exercise]
    seed: int | None = None
    cache: bool = True
    afresh: frozenset[str] = frozenset()
    fail_fast: bool = False
    judge_here: Callable[[Job], list[Event]] | None = None
    files: Mapping[str, Path] = field(default_factory=dict)
    only: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    fork: bool = sys.platform == "linux"


class Checker:
    """One `grader check`: decides what to run, runs it, and yields what happens."""

    def __init__(self, layout: Layout, curriculum: Curriculum, progress: ProgressStore, options: Options) -> None:
        self.layout = layout
        self.curriculum = curriculum
        self.progress = progress
        self.options = options
        self.seed = secrets.randbits(SEED_BITS) if options.seed is None else options.seed
        self.results: dict[str, ExerciseResult] = {}
        self.stack = contextlib.ExitStack()
        self.workspace = self._new_workspace()
        self.judge: Judge | None = None
        self.pulse: Callable[[], None] | None = None
        self.pulse_seconds = 1.0

    def __enter__(self) -> Checker:
        return self

    def __exit__(self, *_: object) -> None:
        self.workspace.__exit__()
        self.stack.close()

    def on_pulse(self, pulse: Callable[[], None], seconds: float) -> None:
        """Have this called while the judge is silent. What it raises ends the run; the judge stays warm."""
        self.pulse, self.pulse_seconds = pulse, seconds

    def start_anew(self) -> None:
        """Files have changed: nothing that was found counts any more. The judge stays warm."""
        self.results.clear()
        self.progress.look_again()
        self.workspace.__exit__()
        self.workspace = self._new_workspace()
        if self.options.seed is None:
            self.seed = secrets.randbits(SEED_BITS)

    def _new_workspace(self) -> Workspace:
        return Workspace(self.progress.tree, self.options.files, self.progress.state.skipped)

    def _follow_skips(self) -> None:
        """What was skipped, or is no longer, changes the tree that others rest on."""
        if self.workspace.skipped != set(self.progress.state.skipped):
            self.workspace.__exit__()
            self.workspace = self._new_workspace()

    # -- what to check --------------------------------------------------------------------------------

    def check_next(self) -> Generator[Event]:
        """Everything up to and including the first exercise that has not passed. What was skipped is gone past."""
        for exercise in self.curriculum.graded:
            if self.progress.is_skipped(exercise):
                continue
            yield from self.check_one(exercise)
            if self.results[exercise.name].verdict is not Verdict.PASSED:
                return

    def check_these(self, exercises: Iterable[Exercise]) -> Generator[Event]:
        """These, and before each the earlier ones that it needs."""
        for exercise in graded(exercises):
            self._follow_skips()
            for prerequisite in self.curriculum.prerequisites_of(exercise):
                if prerequisite.name not in self.results and prerequisite.name not in self.workspace.stand_ins:
                    yield from self.check_one(prerequisite)
            if exercise.name not in self.results:
                yield from self.check_one(exercise)
            if self.options.fail_fast and self.results[exercise.name].verdict is not Verdict.PASSED:
                return

    # -- one exercise ---------------------------------------------------------------------------------

    def check_one(self, exercise: Exercise) -> Iterator[Event]:
        """One exercise: remembered, blocked, not readable, or judged."""
        self._follow_skips()
        self.progress.fingerprint(exercise)  # of the files as they are now, before anything runs
        began, text = Stopwatch(), self.workspace.text(exercise)
        result = self._blocked(exercise) or self._remembered(exercise) or self._unreadable(exercise)
        if result is None:
            for event in self._judged(exercise):
                if isinstance(event, SuiteFinished):
                    result = self._with_notes(exercise, event.result)
                else:
                    yield event
        assert result is not None
        source = self.workspace.source(exercise)
        result = msgspec.structs.replace(
            result, file=source.display_path, beside=source.beside, cells=source.first_lines
        )
        self.results[exercise.name] = result
        if not self._counts(exercise):
            pass  # nothing is remembered of a file that was asked for beside the one that counts
        elif result.verdict is Verdict.PASSED and not result.cached and self.options.judge_here is None:
            tests = len(result.tests)
            self.progress.remember(exercise, result.points, tests, result.seed, result.tier)
            self.progress.unskip(exercise)
        elif result.verdict not in (Verdict.PASSED, Verdict.BLOCKED):
            self.progress.forget(exercise)
        self._record(exercise, result, text, began)
        yield SuiteFinished(result)

    def _record(self, exercise: Exercise, result: ExerciseResult, text: bytes, began: Stopwatch) -> None:
        """Note the attempt. A run for a debugger is none, nor is one that ended by the kit's own fault."""
        if result.cached or result.verdict in (Verdict.BLOCKED, Verdict.ERROR) or self.options.judge_here is not None:
            return
        if not text or not self._counts(exercise) or self._is_untouched(exercise, text):
            return
        file = self.workspace.source(exercise).display_path
        self.progress.record(attempt_from(result, text, began.at, began.seconds, file), text)

    def _is_untouched(self, exercise: Exercise, text: bytes) -> bool:
        with contextlib.suppress(GraderError):  # a stub that is not there can be no learner's file
            return text == handed_out_stub(self.layout, exercise).encode()
        return False

    def _counts(self, exercise: Exercise) -> bool:
        """Whether the file that is judged is the one that counts, by all of its tests."""
        if exercise.name in self.options.only:
            return False
        if exercise.name not in self.options.files:
            return True
        self.workspace.source(exercise)
        return exercise.name not in self.workspace.not_counting

    def _blocked(self, exercise: Exercise) -> ExerciseResult | None:
        prerequisites = self.curriculum.prerequisites_of(exercise)
        missing = tuple(
            prerequisite.name
            for prerequisite in prerequisites
            if prerequisite.name in self.results
            and prerequisite.name not in self.workspace.stand_ins
            and self.results[prerequisite.name].verdict is not Verdict.PASSED
        )
        if not missing:
            return None
        return ExerciseResult(exercise.name, Verdict.BLOCKED, points_possible=exercise.points, blocked_by=missing)

    def _remembered(self, exercise: Exercise) -> ExerciseResult | None:
        may_remember = self.options.cache and exercise.name not in self.options.afresh
        found = self.progress.passed(exercise) if may_remember and self._counts(exercise) else None
        if found is None:
            return None
        return ExerciseResult(
            exercise.name,
            Verdict.PASSED,
            points=found.points,
            points_possible=exercise.points,
            seed=found.seed,
            tier=found.tier,
            cached=True,
        )

    def _unreadable(self, exercise: Exercise) -> ExerciseResult | None:
        source = self.workspace.source(exercise)
        others = self.workspace.others(exercise)

        def look() -> SourceProblem | None:
            return first_problem(source.file, source.display_path, exercise, source.cells, others)

        found = source.problem or problem_apart(look, source.display_path)
        if found is None:
            return None
        result = unreadable_result(exercise, found, source.display_path, source.cells, self.seed)
        return self._with_notes(exercise, result)

    def _with_notes(self, exercise: Exercise, result: ExerciseResult) -> ExerciseResult:
        """The result, what was set aside in the exercise's notebook, and which parts are not the learner's."""
        notes = dict.fromkeys([*result.notes, *self.workspace.source(exercise).notes])
        needed = self.curriculum.prerequisites_of(exercise)
        if skipped := [part.name for part in needed if part.name in self.workspace.stand_ins]:
            were = "was" if len(skipped) == 1 else "were"
            notes[f"the course's own part stands in for {', '.join(skipped)}, which {were} skipped"] = None
        return msgspec.structs.replace(result, notes=tuple(notes))

    def _judged(self, exercise: Exercise) -> Iterator[Event]:
        here = self.options.judge_here
        only = self.options.only.get(exercise.name, ())
        mode = JudgeMode(diagnose=here is None, fail_fast=self.options.fail_fast, only=only)
        learner = self.workspace.source(exercise).for_judge()
        job = build_job(self.layout, exercise, learner=learner, seed=self.seed, mode=mode)
        if here is not None:
            yield from here(job)
            return
        judge = self._started_judge()
        judge.submit(job)
        for _, event in judge.events():
            yield event

    def _started_judge(self) -> Judge:
        """The judge, started when the first exercise needs it."""
        if self.judge is None:
            libraries = libraries_for(self.layout, self.curriculum, self.options.exercises)
            self.judge = self.stack.enter_context(Judge(libraries, fork=self.options.fork))
            self.judge.pulse, self.judge.pulse_seconds = self.pulse, self.pulse_seconds
        return self.judge
