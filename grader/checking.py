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

from grader.curriculum import Curriculum, Exercise
from grader.house import House
from grader.judge.client import Judge
from grader.judge.jobs import Job
from grader.memory import Memory
from grader.mistakes import load_twins
from grader.notebook import in_cells
from grader.results import Event, ExerciseResult, SuiteFinished, Verdict
from grader.source import first_problem
from grader.tree import Tree


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
    house: House,
    exercise: Exercise,
    *,
    seed: int | None = None,
    root: Path | None = None,
    file: Path | None = None,
    diagnose: bool = True,
    fail_fast: bool = False,
) -> Job:
    """A job for one exercise. `root` is the tree to judge (`exercises` unless given), `file` a file in its place."""
    tree = root or house.exercises
    recording = house.recording_file(exercise.name)
    recorded = recording.exists() and not house.solution_file(exercise.name).exists()
    seeds = recorded_seeds(recording) if recorded else []
    if recorded and seed not in seeds:
        seed = secrets.choice(seeds)
    path = file or tree / (exercise.name + ".py")
    return Job(
        exercise=exercise.name,
        file=str(path),
        shown=house.shown(path),
        root=str(tree),
        suite=str(house.suite_file(exercise.name)),
        reference_file=str(house.solution_file(exercise.name)),
        reference_root=str(house.solutions),
        seed=secrets.randbits(48) if seed is None else seed,
        data=str(house.data),
        promised=str(house.pristine_file(exercise.name)) if recorded else "",
        recording=str(recording) if recorded else "",
        twins=load_twins(house, exercise.name) if diagnose else (),
        time_limit=exercise.time_limit,
        memory_limit=exercise.memory_limit,
        points=exercise.points,
        diagnose=diagnose,
        fail_fast=fail_fast,
    )


def recorded_seeds(recording: Path) -> list[int]:
    """The seeds under which a kit without solutions can judge, as the recording's index lists them."""
    return [int(line) for line in recording.with_suffix(".seeds").read_text().split()]


def modules_for(house: House, curriculum: Curriculum, exercises: list[Exercise]) -> tuple[str, ...]:
    """`torch`, `optim`, `meta` (torch's meta device) and `counting`, if any of the files that will run mention them."""
    wanted: set[str] = set()
    for exercise in exercises:
        for item in (exercise, *curriculum.needs_of(exercise)):
            own = house.exercise_file(item.name), house.solution_file(item.name)
            for path in (*house.suite_files(item.name), *own):
                wanted |= _mentions(path)
    return tuple(name for name in ("torch", "optim", "meta", "counting") if name in wanted)


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

    def __init__(self, house: House, curriculum: Curriculum, memory: Memory, options: Options) -> None:
        self.house = house
        self.curriculum = curriculum
        self.memory = memory
        self.options = options
        self.seed = secrets.randbits(48) if options.seed is None else options.seed
        self.results: dict[str, ExerciseResult] = {}
        self.tree = Tree(house, curriculum, options.notebooks)
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
            for need in self.curriculum.needs_of(exercise):
                if need.name not in self.results:
                    yield from self.check_one(need)
            if exercise.name not in self.results:
                yield from self.check_one(exercise)
            if self.options.fail_fast and self.results[exercise.name].verdict is not Verdict.PASSED:
                return

    def _graded(self, exercises: Iterable[Exercise]) -> list[Exercise]:
        return [exercise for exercise in exercises if not exercise.by_person]

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
        needs = self.curriculum.needs_of(exercise)
        missing = tuple(
            need.name
            for need in needs
            if need.name in self.results and self.results[need.name].verdict is not Verdict.PASSED
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
        problem = first_problem(place.file, place.shown, exercise)
        if problem is None:
            return None
        result = ExerciseResult(
            exercise.name, Verdict.FAILED, problem=problem, points_possible=exercise.points, seed=self.seed
        )
        return self._by_cells(exercise, result)

    def _by_cells(self, exercise: Exercise, result: ExerciseResult) -> ExerciseResult:
        """The result with every place in a notebook given by its cell."""
        return in_cells(result, self.tree.cells(exercise), self.tree.place(exercise).shown)

    def _judged(self, exercise: Exercise) -> Iterator[Event]:
        place = self.tree.place(exercise)
        job = make_job(
            self.house,
            exercise,
            seed=self.seed,
            root=place.root,
            file=place.file,
            fail_fast=self.options.fail_fast,
            diagnose=not self.options.debug,
        )
        job = msgspec.structs.replace(job, shown=place.shown)
        if self.options.debug:
            from grader.judge.tester import judge_here

            yield from judge_here(job)
            return
        for _, event in self._started_judge().run([job]):
            yield event

    def _started_judge(self) -> Judge:
        """The judge, started when the first exercise needs it."""
        if self.judge is None:
            modules = modules_for(self.house, self.curriculum, self.options.exercises)
            self.judge = self.stack.enter_context(Judge(modules, fork=self.options.fork))
        return self.judge
