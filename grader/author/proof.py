"""The law that needs runs: stubs score nothing, solutions everything, and every known mistake is caught and named.

Each stands on right earlier parts: a stub must be to do by itself, not for what it rests on.
"""

from __future__ import annotations

import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from grader.author.promise_proof import Shares, failed_in_public, shares, unbroken_promises, uneven_shares
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
    """A file to judge: the stub, the solution, or, with the `mutant`, a mistake."""

    label: str
    job: Job
    mutant: Mutant | None = None


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
    with tempfile.TemporaryDirectory(prefix="grader-proof-") as folder:
        tasks = [task for e in proved for task in _tasks(layout, e, seeds, Path(folder))]
        found: dict[str, dict[str, Run]] = defaultdict(dict)
        with Judge(libraries_for(layout, curriculum, proved), parallel=parallel) as judge:
            total = len(tasks) + sum(task.mutant is not None for task in tasks)
            for run in _judged(judge, tasks, 0, total, report):
                found[run.task.job.exercise][run.task.label] = run
            naming = [task for runs in found.values() for task in _naming(list(runs.values()))]
            for run in _judged(judge, naming, len(tasks), len(tasks) + len(naming), report):
                found[run.task.job.exercise][run.task.label] = run
    return [
        _proof(exercise, len(seeds), list(found[exercise.name].values()), _promises_of(layout, exercise.name))
        for exercise in proved
    ]


def _promises_of(layout: Layout, exercise: str) -> Promises:
    """The table of the exercise. One that is missing or not understood breaks a law that needs no run."""
    try:
        return read_promises(layout, exercise) or Promises()
    except GraderError:
        return Promises()


def _judged(
    judge: Judge, tasks: list[Task], done: int, total: int, report: Callable[[int, int, str], None]
) -> Iterator[Run]:
    """Each task with its result as soon as there is one; `done` of the `total` were done before."""
    by_ticket = {judge.submit(task.job): task for task in tasks}
    for number, (ticket, result) in enumerate(judge.as_completed(), done + 1):
        yield Run(by_ticket[ticket], result)
        report(number, total, result.exercise)


def _naming(runs: list[Run]) -> list[Task]:
    """The mistakes that were caught, once more, to be named: each by the tests that it fails, among those that fail the
    very same ones.

    A mistake that fails other tests cannot be taken for it, so that nobody need try it, nor what both pass.
    """
    alike: dict[frozenset[str], list[Mutant]] = defaultdict(list)
    caught = []
    for task, failed in ((run.task, _failed(run.result)) for run in runs):
        if task.mutant is not None and failed:
            alike[failed].append(task.mutant)
            caught.append((task, failed))
    return [_to_be_named(task, failed, tuple(alike[failed])) for task, failed in caught]


def _to_be_named(task: Task, failed: frozenset[str], mutants: tuple[Mutant, ...]) -> Task:
    mode = JudgeMode(shrink=False, several=False, spare_long_tests=True, only=tuple(sorted(failed)))
    return msgspec.structs.replace(task, job=msgspec.structs.replace(task.job, mode=mode, mutants=mutants))


def _failed(result: ExerciseResult) -> frozenset[str]:
    return frozenset(test.name for test in result.tests if test.verdict.is_wrong)


def _tasks(layout: Layout, exercise: Exercise, seeds: list[int], folder: Path) -> list[Task]:
    plain, thorough = JudgeMode(diagnose=False), JudgeMode(diagnose=False, spare_long_tests=True)
    solution = source_in(layout, exercise, layout.solutions)
    stub = source_in(layout, exercise, layout.solutions, layout.exercise_file(exercise.name))
    tasks = [Task(STUB, build_job(layout, exercise, learner=stub, seed=seeds[0], mode=plain))]
    for seed in seeds:
        job = build_job(layout, exercise, learner=solution, seed=seed, mode=plain)
        tasks.append(Task(f"the solution, seed {seed}", job))
    mutants = load_mutants(layout, exercise.name)
    for number, mutant in enumerate(mutants):
        path = folder / exercise.name / str(number) / f"{exercise.short}.py"
        path.parent.mkdir(parents=True)
        path.write_text(mutant.source, encoding="utf-8")
        job = build_job(
            layout,
            exercise,
            learner=source_in(layout, exercise, layout.solutions, path),
            seed=seeds[0],
            mode=thorough,
        )
        tasks.append(Task(mutant.mistake.name, job, mutant))
    return tasks


def _proof(exercise: Exercise, seeds: int, runs: list[Run], promises: Promises) -> Proof:
    troubles, unnamed = [], []
    found, uneven = _shares(promises, _solved(runs))
    mistakes = {run.task.label: run.result for run in runs if run.task.mutant is not None}
    caught = named = misnamed = 0
    for task, result in ((run.task, run.result) for run in runs):
        if task.mutant is None:
            troubles += _trouble(task, result)
            continue
        names = [mistake.name for mistake in result.mistakes]
        wrong = result.verdict.is_wrong
        caught += wrong
        named += names == [task.label]
        misnamed += bool(set(names) - {task.label})
        if not wrong:
            troubles.append(f"the mistake {task.label} is {result.verdict}, not failed{_why(result)}")
        elif not failed_in_public(result) and result.problem is None:
            troubles.append(f"the mistake {task.label} fails hidden tests alone: a learner's kit would pass it")
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
        seconds=sum(run.result.seconds for run in runs),
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
