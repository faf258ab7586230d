"""The law that needs runs: stubs score nothing, solutions everything, and every known mistake is caught and named.

Each stands on right earlier parts: a stub must be to do by itself, not for what it rests on. Mistakes meet the public
tests alone, all that a learner's kit has: what fails one of these fails everywhere.
"""

from __future__ import annotations

import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from grader.author.promise_proof import Shares, function_of, shares, unbroken_promises, uneven_shares
from grader.course.curriculum import Curriculum, Exercise, graded
from grader.course.layout import Layout
from grader.course.mistakes import load_mutants
from grader.course.mutants import Mutant
from grader.course.promises import Promises, read_promises
from grader.errors import GraderError
from grader.judge.client import Judge
from grader.judge.job_builder import build_job, source_in
from grader.judge.libraries import libraries_for
from grader.protocol.jobs import Job, JudgeMode
from grader.protocol.results import ExerciseResult, Verdict

STUB = "the stub"
# A test that took so long with the solution is not run again under the other seeds; and one that took long enough to
# be slow is left out for a mistake that another test has shown, where it is not to show that a promise is broken.
LONG_SECONDS, SLOW_SECONDS = 5.0, 0.1


class Proof(msgspec.Struct, frozen=True):
    """What the runs of one exercise showed. `troubles` is empty when it holds."""

    exercise: str
    seeds: int
    mistakes: int
    caught: int
    named: int
    misnamed: int
    seconds: float
    troubles: tuple[str, ...]
    unnamed: tuple[str, ...]
    shares: Shares | None = None


class Task(msgspec.Struct, frozen=True):
    """A file to judge: the stub, the solution, or, with the `mutant`, a mistake. `slow` are the names of slow tests."""

    label: str
    job: Job
    mutant: Mutant | None = None
    slow: frozenset[str] = frozenset()


class Run(msgspec.Struct, frozen=True):
    """A task with what came of it."""

    task: Task
    result: ExerciseResult


def prove(
    layout: Layout,
    curriculum: Curriculum,
    exercises: list[Exercise],
    seeds: list[int],
    parallel: int,
    report: Callable[[int, int, str], None],
) -> list[Proof]:
    """Run everything, telling `report` how many of how many runs are done and which exercise was last."""
    proved = list(graded(exercises))
    mutants = {exercise.name: load_mutants(layout, exercise.name) for exercise in proved}
    mistakes = sum(map(len, mutants.values()))
    with (
        tempfile.TemporaryDirectory(prefix="grader-proof-") as folder,
        Judge(libraries_for(layout, curriculum, proved), parallel=parallel) as judge,
    ):
        bench = Bench(judge, report)
        bench.run(
            [task for e in proved for task in _first_tasks(layout, e, seeds[0])],
            later=len(proved) * (len(seeds) - 1) + 2 * mistakes,
        )
        again = [task for e in proved for task in _solutions(layout, e, seeds[1:], bench.solved(e.name))]
        desk = Desk(layout, seeds[0], Path(folder))
        for exercise in proved:
            again += desk.mistakes(exercise, mutants[exercise.name], bench.solved(exercise.name))
        bench.run(again, later=mistakes)
        bench.run([task for runs in bench.found.values() for task in _naming(list(runs.values()))])
    return [_proof(exercise, len(seeds), bench, _promises_of(layout, exercise.name)) for exercise in proved]


class Bench:
    """Has tasks done, one round after the other: what came of each, by its exercise and its label.

    `named` are those runs that were to give a mistake its name, and met only tests that had failed before.
    """

    def __init__(self, judge: Judge, report: Callable[[int, int, str], None]) -> None:
        self.judge = judge
        self.report = report
        self.found: dict[str, dict[str, Run]] = defaultdict(dict)
        self.named: dict[str, dict[str, Run]] = defaultdict(dict)
        self.done = 0

    def run(self, tasks: list[Task], later: int = 0) -> None:
        """Do one round, telling how many runs are done; about so many come `later`."""
        by_ticket = {self.judge.submit(task.job): task for task in tasks}
        total = self.done + len(tasks) + later
        for ticket, result in self.judge.as_completed():
            task, self.done = by_ticket[ticket], self.done + 1
            kept = self.named if task.job.mutants else self.found
            kept[task.job.exercise][task.label] = Run(task, result)
            self.report(self.done, total, result.exercise)

    def solved(self, exercise: str) -> ExerciseResult:
        """What the suite says of the solution, under the first seed."""
        return next(run.result for label, run in self.found[exercise].items() if label != STUB)


def _promises_of(layout: Layout, exercise: str) -> Promises:
    """The table of the exercise. One that is missing or not understood breaks a law that needs no run."""
    try:
        return read_promises(layout, exercise) or Promises()
    except GraderError:
        return Promises()


def _naming(runs: list[Run]) -> list[Task]:
    """The mistakes that were caught, once more, to be named: each by the tests that it fails, among those that fail the
    very same ones.

    A mistake that fails other tests cannot be taken for it, so that nobody need try it, nor what both pass. Slow tests,
    which not every mistake meets, count only for one that fails nothing else.
    """
    alike: dict[frozenset[str], list[Mutant]] = defaultdict(list)
    caught = []
    for task, every in ((run.task, _failed(run.result)) for run in runs):
        failed = every - task.slow or every
        if task.mutant is not None and failed:
            alike[failed].append(task.mutant)
            caught.append((task, failed))
    return [_to_be_named(task, failed, tuple(alike[failed])) for task, failed in caught]


def _to_be_named(task: Task, failed: frozenset[str], mutants: tuple[Mutant, ...]) -> Task:
    mode = JudgeMode(shrink=False, several=False, spare_long_tests=True, only=tuple(sorted(failed)))
    return msgspec.structs.replace(task, job=msgspec.structs.replace(task.job, mode=mode, mutants=mutants))


def _failed(result: ExerciseResult) -> frozenset[str]:
    return frozenset(test.name for test in result.tests if test.verdict.is_wrong)


def _first_tasks(layout: Layout, exercise: Exercise, seed: int) -> list[Task]:
    """The stub, and the solution under the first seed, with every test."""
    mode = JudgeMode(diagnose=False)
    stub = source_in(layout, exercise, layout.solutions, layout.exercise_file(exercise.name))
    return [
        Task(STUB, build_job(layout, exercise, learner=stub, seed=seed, mode=mode)),
        _solution(layout, exercise, seed, mode),
    ]


def _solution(layout: Layout, exercise: Exercise, seed: int, mode: JudgeMode) -> Task:
    learner = source_in(layout, exercise, layout.solutions)
    return Task(f"the solution, seed {seed}", build_job(layout, exercise, learner=learner, seed=seed, mode=mode))


def _solutions(layout: Layout, exercise: Exercise, seeds: list[int], solved: ExerciseResult) -> list[Task]:
    """The solution under the other seeds, without what takes long."""
    quick = tuple(test.name for test in solved.tests if test.seconds < LONG_SECONDS)
    return [_solution(layout, exercise, seed, JudgeMode(diagnose=False, only=quick)) for seed in seeds]


@dataclass(frozen=True)
class Desk:
    """Lays out the mistakes: each is a file in the folder, judged under the seed by the public tests."""

    layout: Layout
    seed: int
    folder: Path

    def mistakes(self, exercise: Exercise, mutants: Sequence[Mutant], solved: ExerciseResult) -> Iterator[Task]:
        public = tuple(test.name for test in solved.tests if not test.hidden)
        slow = frozenset(test.name for test in solved.tests if test.seconds > SLOW_SECONDS)
        promises = _promises_of(self.layout, exercise.name).promise
        for number, mutant in enumerate(mutants):
            needed = {
                test for promise in promises if mutant.mistake.name in promise.broken_by for test in promise.tests
            }
            spare = tuple(name for name in sorted(slow) if function_of(name) not in needed)
            mode = JudgeMode(diagnose=False, spare_long_tests=True, only=public, spare=spare)
            path = self.folder / exercise.name / str(number) / f"{exercise.short}.py"
            path.parent.mkdir(parents=True)
            path.write_text(mutant.source, encoding="utf-8")
            learner = source_in(self.layout, exercise, self.layout.solutions, path)
            job = build_job(self.layout, exercise, learner=learner, seed=self.seed, mode=mode)
            yield Task(mutant.mistake.name, job, mutant, slow)


def _proof(exercise: Exercise, seeds: int, bench: Bench, promises: Promises) -> Proof:
    troubles, unnamed = [], []
    runs, renamed = list(bench.found[exercise.name].values()), bench.named[exercise.name]
    found, uneven = _shares(promises, _solved(runs))
    mistakes = {run.task.label: run.result for run in runs if run.task.mutant is not None}
    caught = named = misnamed = 0
    for task, result in ((run.task, run.result) for run in runs):
        if task.mutant is None:
            troubles += _trouble(task, result)
            continue
        names = [item.name for item in renamed[task.label].result.mistakes] if task.label in renamed else []
        wrong = result.verdict.is_wrong
        caught += wrong
        named += names == [task.label]
        misnamed += bool(set(names) - {task.label})
        if not wrong:
            troubles.append(f"the mistake {task.label} is {result.verdict} in public tests, not failed{_why(result)}")
        elif set(names) - {task.label}:
            troubles.append(f"the mistake {task.label} is named {', '.join(names)}")
        elif not names:
            unnamed.append(task.label)
    return Proof(
        exercise=exercise.name,
        seeds=seeds,
        mistakes=len(mistakes),
        caught=caught,
        named=named,
        misnamed=misnamed,
        seconds=sum(run.result.seconds for run in [*runs, *renamed.values()]),
        troubles=(*troubles, *uneven, *unbroken_promises(promises, mistakes)),
        unnamed=tuple(unnamed),
        shares=found,
    )


def _solved(runs: list[Run]) -> ExerciseResult:
    """What the suite says of the solution, under any of its seeds."""
    return next(run.result for run in runs if run.task.mutant is None and run.task.label != STUB)


def _shares(promises: Promises, solution: ExerciseResult) -> tuple[Shares | None, list[str]]:
    """How the points are shared out, in the whole suite and in the learner's kit, and what is wrong with that."""
    if not promises.promise:
        return None, []
    public = [test for test in solution.tests if not test.hidden]
    found = shares(promises, solution.tests)
    return found, [*uneven_shares("in all tests", found), *uneven_shares("in public tests", shares(promises, public))]


def _trouble(task: Task, result: ExerciseResult) -> list[str]:
    if task.label == STUB:
        if result.verdict is Verdict.TODO and result.points == 0:
            return []
        return [f"the stub is {result.verdict} with {result.points:g} points, not todo with 0{_why(result)}"]
    if result.verdict is Verdict.PASSED and result.points == result.points_possible:
        return []
    return [f"{task.label}, is {result.verdict}, not passed{_why(result)}"]


def _why(result: ExerciseResult) -> str:
    """The first things that went otherwise, for the author."""
    if result.problem is not None:
        return f": {result.problem.message}"
    bad = [test for test in result.tests if test.verdict not in (Verdict.PASSED, Verdict.TODO)]
    if not bad:
        passed = [test.name for test in result.tests if test.verdict is Verdict.PASSED]
        return f" (passed: {', '.join(passed)})" if result.verdict is not Verdict.PASSED else ""
    texts = [f"{test.name}: {test.failure.message if test.failure else test.verdict}" for test in bad[:3]]
    return ": " + "; ".join(texts)
