"""From exercises to jobs: what the judge is given, and what it should have imported beforehand."""

from __future__ import annotations

import ast
import contextlib
import secrets
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec

from grader.course.curriculum import Curriculum, Exercise
from grader.course.layout import Layout, file_in
from grader.course.mistakes import load_mutants
from grader.course.notebooks import in_cells
from grader.course.source import first_problem
from grader.judge.client import Judge
from grader.learner.progress import ProgressStore
from grader.learner.workspace import Workspace
from grader.protocol.jobs import Job
from grader.protocol.results import Event, ExerciseResult, SuiteFinished, Verdict


@dataclass(frozen=True)
class Options:
    """How to check. `fork` is off where a fork of a process with torch is not safe."""

    exercises: list[Exercise]
    seed: int | None = None
    cache: bool = True
    fail_fast: bool = False
    debug: bool = False
    notebooks: frozenset[str] = frozenset()
    fork: bool = sys.platform == "linux"


def make_job(
    layout: Layout,
    exercise: Exercise,
    *,
    seed: int | None = None,
    root: Path | None = None,
    file: Path | None = None,
    diagnose: bool = True,
    fail_fast: bool = False,
) -> Job:
    """A job for one exercise. `root` is the tree to judge (`exercises` unless given), `file` a file in its place."""
    tree = root or layout.exercises
    recording = layout.recording_file(exercise.name)
    recorded = recording.exists() and not layout.solution_file(exercise.name).exists()
    seeds = recorded_seeds(recording) if recorded else []
    if recorded and seed not in seeds:
        seed = secrets.choice(seeds)
    path = file or file_in(tree, exercise.name)
    return Job(
        exercise=exercise.name,
        file=str(path),
        display_path=layout.display_path(path),
        root=str(tree),
        suite=str(layout.suite_file(exercise.name)),
        reference_file=str(layout.solution_file(exercise.name)),
        reference_root=str(layout.solutions),
        seed=secrets.randbits(48) if seed is None else seed,
        data=str(layout.data),
        promised=str(layout.pristine_file(exercise.name)) if recorded else "",
        recording=str(recording) if recorded else "",
        mutants=load_mutants(layout, exercise.name) if diagnose else (),
        time_limit=exercise.time_limit,
        memory_limit=exercise.memory_limit,
        points=exercise.points,
        diagnose=diagnose,
        fail_fast=fail_fast,
    )


def recorded_seeds(recording: Path) -> list[int]:
    """The seeds under which a kit without solutions can judge, as the recording's index lists them."""
    return [int(line) for line in recording.with_suffix(".seeds").read_text().split()]


def modules_for(layout: Layout, curriculum: Curriculum, exercises: list[Exercise]) -> tuple[str, ...]:
    """`torch`, `optim`, `meta` (torch's meta device) and `counting`, if any of the files that will run mention them."""
    mentioned: set[str] = set()
    for exercise in exercises:
        for item in (exercise, *curriculum.prerequisites_of(exercise)):
            for path in (
                layout.suite_file(item.name),
                layout.exercise_file(item.name),
                layout.solution_file(item.name),
            ):
                mentioned |= _mentions(path)
    return tuple(name for name in ("torch", "optim", "meta", "counting") if name in mentioned)


def _mentions(path: Path) -> set[str]:
    try:
        text = path.read_text(encoding="utf-8")
        tree = ast.parse(text)
    except (OSError, UnicodeDecodeError, SyntaxError, ValueError, MemoryError, RecursionError):
        return set()
    found = set()
    for node in ast.walk(tree):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom):
            names = [node.module or ""]
        if any(name.split(".")[0] == "torch" for name in names):
            found.add("torch")
    if "torch" in found and "optim" in text:
        found.add("optim")
    if "torch" in found and '"meta"' in text:
        found.add("meta")
    if "torch" in found and ".counting()" in text:
        found.add("counting")
    return found


class Checker:
    """One `grader check`: decides what to run, runs it, and yields what happens."""

    def __init__(self, layout: Layout, curriculum: Curriculum, memory: ProgressStore, options: Options) -> None:
        self.layout = layout
        self.curriculum = curriculum
        self.memory = memory
        self.options = options
        self.seed = secrets.randbits(48) if options.seed is None else options.seed
        self.results: dict[str, ExerciseResult] = {}
        self.tree = Workspace(layout, curriculum, options.notebooks)
        self.stack = contextlib.ExitStack()
        self.judge: Judge | None = None

    def __enter__(self) -> Checker:
        return self

    def __exit__(self, *_: object) -> None:
        self.stack.close()

    # -- what to check --------------------------------------------------------------------------------

    def check_next(self) -> Iterator[Event]:
        """Everything up to and including the first exercise that has not passed."""
        for exercise in self._graded(self.curriculum.exercises):
            yield from self.check_one(exercise)
            if self.results[exercise.name].verdict is not Verdict.PASSED:
                return

    def check_these(self, exercises: Iterable[Exercise]) -> Iterator[Event]:
        """These, and before each the earlier ones that it needs."""
        for exercise in self._graded(exercises):
            for prerequisite in self.curriculum.prerequisites_of(exercise):
                if prerequisite.name not in self.results:
                    yield from self.check_one(prerequisite)
            if exercise.name not in self.results:
                yield from self.check_one(exercise)
            if self.options.fail_fast and self.results[exercise.name].verdict is not Verdict.PASSED:
                return

    def _graded(self, exercises: Iterable[Exercise]) -> list[Exercise]:
        return [exercise for exercise in exercises if not exercise.manually_graded]

    # -- one exercise ---------------------------------------------------------------------------------

    def check_one(self, exercise: Exercise) -> Iterator[Event]:
        """One exercise: remembered, blocked, not readable, or judged."""
        self.memory.fingerprint(exercise)  # of the files as they are now, before anything runs
        result = self._blocked(exercise) or self._remembered(exercise) or self._unreadable(exercise)
        if result is None:
            for event in self._judged(exercise):
                if isinstance(event, SuiteFinished):
                    result = self._by_cells(exercise, event.result)
                else:
                    yield event
        assert result is not None
        self.results[exercise.name] = result
        if result.verdict is Verdict.PASSED and not result.cached and not self.options.debug:
            tests = len(result.tests)
            self.memory.remember(exercise, result.points, tests, result.seed, result.tier)
        elif result.verdict not in (Verdict.PASSED, Verdict.BLOCKED):
            self.memory.forget(exercise)
        yield SuiteFinished(result)

    def _blocked(self, exercise: Exercise) -> ExerciseResult | None:
        prerequisites = self.curriculum.prerequisites_of(exercise)
        missing = tuple(
            prerequisite.name
            for prerequisite in prerequisites
            if prerequisite.name in self.results and self.results[prerequisite.name].verdict is not Verdict.PASSED
        )
        if not missing:
            return None
        return ExerciseResult(exercise.name, Verdict.BLOCKED, points_possible=exercise.points, blocked_by=missing)

    def _remembered(self, exercise: Exercise) -> ExerciseResult | None:
        found = self.memory.passed(exercise) if self.options.cache else None
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
        place = self.tree.place(exercise)
        problem = first_problem(place.file, place.display_path, exercise)
        if problem is None:
            return None
        result = ExerciseResult(
            exercise.name, Verdict.FAILED, problem=problem, points_possible=exercise.points, seed=self.seed
        )
        return self._by_cells(exercise, result)

    def _by_cells(self, exercise: Exercise, result: ExerciseResult) -> ExerciseResult:
        """The result with every place in a notebook given by its cell."""
        return in_cells(result, self.tree.cells(exercise), self.tree.place(exercise).display_path)

    def _judged(self, exercise: Exercise) -> Iterator[Event]:
        place = self.tree.place(exercise)
        job = make_job(
            self.layout,
            exercise,
            seed=self.seed,
            root=place.root,
            file=place.file,
            fail_fast=self.options.fail_fast,
            diagnose=not self.options.debug,
        )
        job = msgspec.structs.replace(job, display_path=place.display_path)
        if self.options.debug:
            from grader.tester.process import judge_here

            yield from judge_here(job)
            return
        for _, event in self._started_judge().run([job]):
            yield event

    def _started_judge(self) -> Judge:
        """The judge, started when the first exercise needs it."""
        if self.judge is None:
            modules = modules_for(self.layout, self.curriculum, self.options.exercises)
            self.judge = self.stack.enter_context(Judge(modules, fork=self.options.fork))
        return self.judge
