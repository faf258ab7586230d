"""The law that needs runs: stubs score nothing, solutions everything, and every known mistake is caught and named.

Each stands on right earlier parts: a stub must be to do by itself, not for what it rests on. Mistakes meet the suites
of a learner's kit, with public tests alone: what fails there fails everywhere.
"""

from __future__ import annotations

import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import msgspec

from grader.author.promise_proof import (
    Shares,
    failed_in_public,
    function_of,
    shares,
    unbroken_promises,
    uneven_shares,
)
from grader.author.public_tree import write_public_tree
from grader.course.curriculum import Curriculum, Exercise, graded
from grader.course.layout import Layout
from grader.course.mistakes import load_mutants
from grader.course.mutants import Mutant
from grader.course.promises import Promise, Promises, read_promises
from grader.errors import GraderError
from grader.judge.client import Judge
from grader.judge.job_builder import build_job, source_in
from grader.judge.libraries import libraries_for
from grader.protocol.jobs import Job, JudgeMode
from grader.protocol.results import ExerciseResult, Verdict

STUB = "the stub"
# A test that took so long with the solution is not run again under the other seeds, and with a mistake only where no
# other shows that a promise is broken. A slow one of no promise of the mistake is left out where another has shown it.
LONG_SECONDS, SLOW_SECONDS = 5.0, 0.01


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
    """A file to judge: the stub, the solution, or, with the `mutant`, a mistake.

    `public` and `slow` are the names of such tests, `first` is what came of the run before this one, which goes on with
    tests that it has left out.
    """

    label: str
    job: Job
    mutant: Mutant | None = None
    public: tuple[str, ...] = ()
    slow: frozenset[str] = frozenset()
    first: ExerciseResult | None = None


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
    with (
        tempfile.TemporaryDirectory(prefix="grader-proof-") as folder,
        Judge(libraries_for(layout, curriculum, proved), parallel=parallel) as judge,
    ):
        plan = Plan(layout, seeds, Path(folder), proved)
        by_ticket = {judge.submit(task.job): task for exercise in proved for task in plan.first(exercise)}
        for done, (ticket, result) in enumerate(judge.as_completed(), 1):
            by_ticket |= {judge.submit(task.job): task for task in plan.after(Run(by_ticket[ticket], result))}
            report(done, plan.total, result.exercise)
    return [_proof(exercise.name, plan) for exercise in proved]


class Plan:
    """What is to run next, once something is done, and what came of each run by its exercise and its label.

    First the stub and the solution; then the solution under the other seeds, and every mistake, again with tests that
    were left out where a promise is not seen to be broken; once these are known, each mistake again to be named.
    `named` are those last runs, which met only tests that had failed before. One that has no name by these is run with
    the whole suite, hidden tests too: what passes there may tell it from another one.
    """

    def __init__(self, layout: Layout, seeds: list[int], folder: Path, exercises: list[Exercise]) -> None:
        self.layout = layout
        self.seeds = seeds
        self.folder = folder
        self.kit = Layout(folder / "kit")
        write_public_tree(layout, self.kit, exercises)
        self.exercises = {exercise.name: exercise for exercise in exercises}
        self.mutants = {name: load_mutants(layout, name) for name in self.exercises}
        self.promises = {name: _promises_of(layout, name) for name in self.exercises}
        self.total = sum(1 + len(seeds) + 2 * len(mutants) for mutants in self.mutants.values())
        self.left = {name: len(mutants) for name, mutants in self.mutants.items()}
        self.found: dict[str, dict[str, Run]] = defaultdict(dict)
        self.named: dict[str, dict[str, Run]] = defaultdict(dict)

    def first(self, exercise: Exercise) -> list[Task]:
        """The stub, and the solution under the first seed, with every test."""
        mode = JudgeMode(diagnose=False)
        stub = source_in(self.layout, exercise, self.layout.solutions, self.layout.exercise_file(exercise.name))
        return [
            Task(STUB, build_job(self.layout, exercise, learner=stub, seed=self.seeds[0], mode=mode)),
            self.solution(exercise, self.seeds[0], mode),
        ]

    def after(self, run: Run) -> list[Task]:
        """Keep what came of a run. Returns what can be run now."""
        run = _joined(run)
        task, name = run.task, run.task.job.exercise
        kept = self.named if task.job.mutants else self.found
        kept[name][task.label] = run
        if task.job.mutants and not run.result.mistakes and task.job.suite != str(self.layout.suite_file(name)):
            self.total += 1
            return [self.with_every_test(task)]
        if left_out := self.left_out(run):
            self.total += 1
            return [_going_on(run, left_out)]
        if task.label == self.label(self.seeds[0]):
            return [*self.solutions(self.exercises[name], run.result), *self.mistakes(self.exercises[name], run.result)]
        if task.mutant is not None and not task.job.mutants:
            self.left[name] -= 1
            if not self.left[name]:
                return _naming(list(self.found[name].values()))
        return []

    def label(self, seed: int) -> str:
        return f"the solution, seed {seed}"

    def solution(self, exercise: Exercise, seed: int, mode: JudgeMode) -> Task:
        learner = source_in(self.layout, exercise, self.layout.solutions)
        return Task(self.label(seed), build_job(self.layout, exercise, learner=learner, seed=seed, mode=mode))

    def solutions(self, exercise: Exercise, solved: ExerciseResult) -> list[Task]:
        """The solution under the other seeds, without what takes long."""
        quick = tuple(test.name for test in solved.tests if test.seconds < LONG_SECONDS)
        mode = JudgeMode(diagnose=False, only=quick)
        return [self.solution(exercise, seed, mode) for seed in self.seeds[1:]]

    def mistakes(self, exercise: Exercise, solved: ExerciseResult) -> Iterator[Task]:
        """Each mistake as a file of its own, judged by the public tests under the first seed."""
        public = tuple(test.name for test in solved.tests if not test.hidden)
        slow = frozenset(test.name for test in solved.tests if test.seconds > SLOW_SECONDS)
        suite, memo = self.kit.suite_file(exercise.name), str(self.folder / "memo")
        for number, mutant in enumerate(self.mutants[exercise.name]):
            path = self.folder / "mistakes" / exercise.name / str(number) / f"{exercise.short}.py"
            path.parent.mkdir(parents=True)
            path.write_text(mutant.source, encoding="utf-8")
            learner = source_in(self.layout, exercise, self.layout.solutions, path)
            spared = slow - _tests_of(self.broken_promises(exercise.name, mutant.mistake.name), public)
            mode = JudgeMode(diagnose=False, spare_long_tests=True, spare=tuple(sorted(spared)))
            job = build_job(
                self.layout, exercise, learner=learner, seed=self.seeds[0], mode=mode, suite=suite, memo=memo
            )
            yield Task(mutant.mistake.name, job, mutant, public, slow)

    def with_every_test(self, task: Task) -> Task:
        """The file once more, to be named by all tests."""
        suite = str(self.layout.suite_file(task.job.exercise))
        mode = JudgeMode(shrink=False, several=False)
        return msgspec.structs.replace(task, job=msgspec.structs.replace(task.job, suite=suite, mode=mode))

    def broken_promises(self, exercise: str, mistake: str) -> list[Promise]:
        """Those that a mistake is listed to break: it is to meet their tests in any case."""
        return [promise for promise in self.promises[exercise].promise if mistake in promise.broken_by]

    def left_out(self, run: Run) -> set[str]:
        """The tests that a mistake has not met, of the promises that no test has shown it to break."""
        task = run.task
        if task.mutant is None or task.job.mutants or task.first is not None:
            return set()
        failed, met = failed_in_public(run.result), {test.name for test in run.result.tests}
        listed = self.broken_promises(task.job.exercise, task.label)
        return _tests_of([promise for promise in listed if not failed & set(promise.tests)], task.public) - met


def _tests_of(promises: Iterable[Promise], public: Iterable[str]) -> set[str]:
    """Which of the public tests these promises name."""
    functions = {test for promise in promises for test in promise.tests}
    return {name for name in public if function_of(name) in functions}


def _going_on(run: Run, tests: set[str]) -> Task:
    """The file once more, with these tests alone."""
    job = msgspec.structs.replace(run.task.job, mode=JudgeMode(diagnose=False, only=tuple(sorted(tests))))
    return msgspec.structs.replace(run.task, job=job, first=run.result)


def _joined(run: Run) -> Run:
    """With the tests of the run before it, which gave the verdict."""
    first = run.task.first
    if first is None:
        return run
    tests = (*first.tests, *run.result.tests)
    seconds = first.seconds + run.result.seconds
    return Run(run.task, msgspec.structs.replace(first, tests=tests, seconds=seconds))


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
            caught.append((task, every, failed))
    return [_to_be_named(task, every, tuple(alike[failed])) for task, every, failed in caught]


def _to_be_named(task: Task, failed: frozenset[str], mutants: tuple[Mutant, ...]) -> Task:
    mode = JudgeMode(shrink=False, several=False, spare_long_tests=True, only=tuple(sorted(failed)))
    job = msgspec.structs.replace(task.job, mode=mode, mutants=mutants)
    return msgspec.structs.replace(task, job=job, first=None)


def _failed(result: ExerciseResult) -> frozenset[str]:
    return frozenset(test.name for test in result.tests if test.verdict.is_wrong)


def _proof(exercise: str, plan: Plan) -> Proof:
    troubles, unnamed = [], []
    runs, renamed, promises = plan.found[exercise], plan.named[exercise], plan.promises[exercise]
    found, uneven = _shares(promises, runs[plan.label(plan.seeds[0])].result)
    mistakes = {run.task.label: run.result for run in runs.values() if run.task.mutant is not None}
    caught = named = misnamed = 0
    for task, result in ((run.task, run.result) for run in runs.values()):
        if task.mutant is None:
            troubles += _trouble(task, result)
            continue
        found_mistakes = renamed[task.label].result.mistakes if task.label in renamed else ()
        # Two that nothing can tell apart say the same, and either name is right.
        says = task.mutant.mistake.says
        names = [task.label if item.says == says else item.name for item in found_mistakes]
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
        exercise=exercise,
        seeds=len(plan.seeds),
        mistakes=len(mistakes),
        caught=caught,
        named=named,
        misnamed=misnamed,
        seconds=sum(run.result.seconds for run in [*runs.values(), *renamed.values()]),
        troubles=(*troubles, *uneven, *unbroken_promises(promises, mistakes)),
        unnamed=tuple(unnamed),
        shares=found,
    )


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
