"""How much of a solution its suite sees: every mutant is judged, and those that pass survive.

Code that the stub gives is nobody's work to be judged: where a suite does not see it, tests of the kit's own may.
"""

from __future__ import annotations

import enum
import random
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import msgspec

from grader.author.given_tests import GivenTests, given_tests_file
from grader.course.curriculum import Curriculum, Exercise, graded
from grader.course.layout import Layout
from grader.course.mistakes import load_equivalents, load_mutants
from grader.course.mutation import Mutant, mutants_of
from grader.errors import GraderError
from grader.judge.client import Judge
from grader.judge.job_builder import build_job, source_in
from grader.judge.libraries import libraries_for
from grader.protocol.jobs import Job, JudgeMode
from grader.protocol.results import ExerciseResult, TestResult, Verdict

QUICK_SECONDS = 3.0
# What an ordinary test of a mutant may take: so much of what the solution's slowest takes, and never less than this.
TIMES_THE_SLOWEST, LEAST_SECONDS = 4.0, 4.0

Report = Callable[[int, int, str], None]


class Fate(enum.StrEnum):
    """What became of a mutant. `error` is the kit's fault."""

    KILLED = "killed"
    LISTED = "listed"
    SURVIVED = "survived"
    ERROR = "error"


class Killer(enum.StrEnum):
    """Who noticed a mutant: a public test, a hidden one, the proof of a listed mistake, or the kit's own tests."""

    PUBLIC = "public"
    HIDDEN = "hidden"
    MISTAKE = "mistake"
    GIVEN = "given"


class Trial(msgspec.Struct, frozen=True):
    """One mutant and its fate.

    `before` and `after` are the lines that differ, `find` and `replace` the edit that makes it. `by` is the test that
    failed, the listed mistake, or the reason why the mutant is listed as equivalent.
    """

    exercise: str
    file: str
    line: int
    kind: str
    before: str
    after: str
    find: str
    replace: str
    given: bool
    fate: Fate
    killer: Killer | None = None
    by: str = ""


@dataclass(frozen=True)
class Tally:
    """How many mutants came to what. `by_hidden` of the killed fell to a hidden test alone, `by_given` to the kit's."""

    mutants: int
    killed: int
    listed: int
    survived: int
    by_hidden: int
    by_given: int

    @property
    def percent(self) -> float:
        """How many were killed or are listed as equivalent."""
        return 100 * (self.killed + self.listed) / self.mutants if self.mutants else 100.0


def tally(trials: Iterable[Trial]) -> Tally:
    """Count them."""
    found = list(trials)
    counts = Counter(trial.fate for trial in found)
    killers = Counter(trial.killer for trial in found)
    lost = counts[Fate.SURVIVED] + counts[Fate.ERROR]
    return Tally(
        len(found), counts[Fate.KILLED], counts[Fate.LISTED], lost, killers[Killer.HIDDEN], killers[Killer.GIVEN]
    )


def tallies_by(trials: Iterable[Trial], key: Callable[[Trial], str]) -> dict[str, Tally]:
    """One for each exercise or chapter, in the course's order."""
    groups: dict[str, list[Trial]] = {}
    for trial in trials:
        groups.setdefault(key(trial), []).append(trial)
    return {name: tally(group) for name, group in groups.items()}


@dataclass(frozen=True)
class Subject:
    """An exercise whose mutants are tried, with what its suite says of the solution itself."""

    exercise: Exercise
    file: str
    source: str
    mutants: tuple[Mutant, ...]
    solved: ExerciseResult


@dataclass(frozen=True)
class Case:
    """A mutant of a subject."""

    subject: Subject
    mutant: Mutant

    def ended(self, fate: Fate, by: str = "", killer: Killer | None = None) -> Trial:
        """The trial, once it is known what became of the mutant."""
        change, source = self.mutant.change, self.subject.source
        return Trial(
            self.subject.exercise.name,
            self.subject.file,
            source.count("\n", 0, change.start) + 1,
            change.kind,
            *change.lines(source),
            *change.edit(source),
            self.mutant.given,
            fate,
            killer,
            by,
        )


def try_mutants(
    layout: Layout,
    curriculum: Curriculum,
    exercises: Iterable[Exercise],
    seed: int,
    parallel: int,
    sample: int | None,
    report: Report,
) -> list[Trial]:
    """Try every mutant, or a sample of each exercise's, telling `report` how many of how many runs are done."""
    chosen = [exercise for exercise in graded(exercises) if exercise.short != "concepts"]
    with (
        tempfile.TemporaryDirectory(prefix="grader-mutants-") as folder,
        Judge(libraries_for(layout, curriculum, chosen), parallel=parallel) as judge,
    ):
        subjects = _subjects(layout, judge, chosen, seed, sample)
        known, unknown = _known(layout, subjects)
        by_given = _by_given_tests(layout, unknown, parallel, report)
        left = [case for number, case in enumerate(unknown) if number not in by_given]
        judged = _judged(layout, judge, left, seed, Path(folder), report)
    return sorted([*known, *by_given.values(), *judged], key=lambda trial: (_place(chosen, trial), trial.line))


def _place(exercises: list[Exercise], trial: Trial) -> int:
    return next(number for number, exercise in enumerate(exercises) if exercise.name == trial.exercise)


def _subjects(layout: Layout, judge: Judge, exercises: list[Exercise], seed: int, sample: int | None) -> list[Subject]:
    """Judge the solutions first: how long their tests take gives the mutants' order and limits."""
    for exercise in exercises:
        learner = source_in(layout, exercise, layout.solutions)
        judge.submit(build_job(layout, exercise, learner=learner, seed=seed, mode=JudgeMode(diagnose=False)))
    results = {result.exercise: result for _, result in judge.as_completed()}
    subjects = []
    for exercise in exercises:
        solved = results[exercise.name]
        if solved.verdict is not Verdict.PASSED:
            raise GraderError(
                f"the solution of {exercise.name} is {solved.verdict}, so its mutants say nothing",
                f"`grader dev check {exercise.name}` says why",
            )
        file = layout.solution_file(exercise.name)
        source = file.read_text(encoding="utf-8")
        mutants = _sampled(mutants_of(source), sample, f"{seed}:{exercise.name}")
        subjects.append(Subject(exercise, layout.display_path(file), source, mutants, solved))
    return subjects


def _sampled(mutants: list[Mutant], sample: int | None, seed: str) -> tuple[Mutant, ...]:
    if sample is None or sample >= len(mutants):
        return tuple(mutants)
    chosen = random.Random(seed).sample(range(len(mutants)), sample)
    return tuple(mutants[number] for number in sorted(chosen))


def _known(layout: Layout, subjects: list[Subject]) -> tuple[list[Trial], list[Case]]:
    """Mutants that need no run: listed mistakes, which fail by proof, and listed equivalents; then the others."""
    trials, cases = [], []
    for subject in subjects:
        name = subject.exercise.name
        mistakes = {item.source: item.mistake.name for item in load_mutants(layout, name)}
        equivalents = load_equivalents(layout, name)
        for case in (Case(subject, mutant) for mutant in subject.mutants):
            if case.mutant.source in mistakes:
                trials.append(case.ended(Fate.KILLED, mistakes[case.mutant.source], Killer.MISTAKE))
            elif case.mutant.source in equivalents:
                trials.append(case.ended(Fate.LISTED, equivalents[case.mutant.source].because))
            else:
                cases.append(case)
    return trials, cases


# -- by the suite -------------------------------------------------------------------------------------


def _judged(layout: Layout, judge: Judge, cases: list[Case], seed: int, folder: Path, report: Report) -> list[Trial]:
    """Each mutant under its suite, one suite after the other: so testers go on from file to file."""
    tickets = {judge.submit(_job(layout, case, seed, folder / str(number))): case for number, case in enumerate(cases)}
    found = {}
    for done, (ticket, result) in enumerate(judge.as_completed(), 1):
        found[ticket] = _trial(tickets[ticket], result)
        report(done, len(cases), result.exercise)
    return [found[ticket] for ticket in tickets]


def _job(layout: Layout, case: Case, seed: int, folder: Path) -> Job:
    """Judged until the first test fails, the quick ones first, a learner's before hidden ones."""
    exercise, tests = case.subject.exercise, case.subject.solved.tests
    folder.mkdir(parents=True)
    path = folder / f"{exercise.short}.py"
    path.write_text(case.mutant.source, encoding="utf-8")
    order = sorted(tests, key=lambda test: (test.seconds > QUICK_SECONDS, test.hidden, test.seconds))
    mode = JudgeMode(diagnose=False, fail_fast=True, first=tuple(test.name for test in order))
    job = build_job(layout, exercise, learner=source_in(layout, exercise, layout.solutions, path), seed=seed, mode=mode)
    seconds = max(LEAST_SECONDS, TIMES_THE_SLOWEST * max(test.seconds for test in tests))
    limits = msgspec.structs.replace(job.limits, seconds=min(job.limits.seconds, seconds))
    return msgspec.structs.replace(job, limits=limits)


def _trial(case: Case, result: ExerciseResult) -> Trial:
    if result.verdict is Verdict.PASSED:
        return case.ended(Fate.SURVIVED)
    failed: list[TestResult] = [test for test in result.tests if test.verdict is not Verdict.PASSED]
    fate = Fate.KILLED if result.verdict.is_wrong else Fate.ERROR
    if failed:
        killer = Killer.HIDDEN if failed[0].hidden else Killer.PUBLIC
        return case.ended(fate, failed[0].name, killer)
    return case.ended(fate, result.problem.message if result.problem is not None else "", Killer.PUBLIC)


# -- by the tests of given code -----------------------------------------------------------------------


def _by_given_tests(layout: Layout, cases: list[Case], parallel: int, report: Report) -> dict[int, Trial]:
    """The mutants of given code, by their numbers, that fail the tests of that code.

    These come first: they are quick, and a suite that does not see such a mutant runs to its end.
    """
    numbers = [n for n, case in enumerate(cases) if case.mutant.given and _has_given_tests(layout, case)]
    met = dict[int, Trial | None]()

    def try_share(share: list[int]) -> None:
        with GivenTests(layout) as tests:
            for subject in {cases[n].subject.exercise.name: cases[n].subject for n in share}.values():
                _expect_that_they_pass(layout, tests, subject)
            for number in share:
                met[number] = _given_trial(layout, tests, cases[number])
                report(len(met), len(numbers), cases[number].subject.exercise.name)

    shares = [numbers[first::parallel] for first in range(min(parallel, len(numbers)))]
    with ThreadPoolExecutor(parallel) as pool:
        list(pool.map(try_share, shares))  # what was raised there is raised here
    return {number: trial for number, trial in met.items() if trial is not None}


def _has_given_tests(layout: Layout, case: Case) -> bool:
    return given_tests_file(layout, case.subject.exercise.name).exists()


def _expect_that_they_pass(layout: Layout, tests: GivenTests, subject: Subject) -> None:
    name = subject.exercise.name
    if not tests.pass_with(name, subject.source):
        raise GraderError(f"{layout.display_path(given_tests_file(layout, name))} fails on the solution itself")


def _given_trial(layout: Layout, tests: GivenTests, case: Case) -> Trial | None:
    name = case.subject.exercise.name
    if tests.pass_with(name, case.mutant.source):
        return None
    return case.ended(Fate.KILLED, layout.display_path(given_tests_file(layout, name)), Killer.GIVEN)
