"""A scoring run: from a folder of submissions to marks and what is shown of them, and what a regrade would change."""

from __future__ import annotations

import contextlib
import math
import os
import secrets
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec

from grader.course.curriculum import Curriculum, Exercise, graded
from grader.course.grounds import grounds
from grader.course.layout import Layout
from grader.course.locks import lock
from grader.errors import UsageError
from grader.judge.client import Judge
from grader.judge.job_builder import SEED_BITS
from grader.judge.libraries import libraries_for
from grader.protocol.groups import Group
from grader.protocol.results import ExerciseResult, Verdict
from grader.score import access_times
from grader.score.executors import DaskExecutor, Executor, LocalExecutor
from grader.score.groups import answer_of, groups_of
from grader.score.intake.collecting import collect
from grader.score.intake.people import Directory, Person
from grader.score.intake.roster import read_roster
from grader.score.intake.submission import Intake, Submission
from grader.score.journal import Item, Journal
from grader.score.lateness import late_warnings, without_due
from grader.score.leftovers import leftovers
from grader.score.marks import (
    MOST_DAYS,
    Deadline,
    StudentMarks,
    compute_marks,
    parse_time,
    read_extensions,
    read_times,
)
from grader.score.regrade import Change, changes
from grader.score.rubric import Rubric, read_rubric, rubric_of
from grader.score.scoring import Advance, Scorer
from grader.score.views import ClassView, StudentView, class_view, student_views
from grader.worker.sandbox import detection, interpreter_trees

RUBRIC = "rubric.csv"
JOURNAL = "journal.sqlite"
LOCK = ".lock"
MAX_FAULT_TEXT = 300


@dataclass(frozen=True)
class ScoreOptions:
    """The options of the command, as they were given."""

    only: tuple[str, ...] = ()
    pattern: str | None = None
    roster: Path | None = None
    workers: int | None = None
    dask: str | None = None
    seed: int | None = None
    carry_forward: bool = True
    due: str | None = None
    grace_days: float = 0
    late_penalty: float = 0
    extensions: Path | None = None
    times: Path | None = None
    without_sandbox: bool = False
    tier: str | None = None


@dataclass(frozen=True)
class ClassRead:
    """A class before anything is judged: who handed in what, when, and by when it was due.

    `warnings` are what a person should look at: in what was handed in, and in how it would count as late.
    """

    exercises: tuple[Exercise, ...]
    intake: Intake
    deadline: Deadline
    times: dict[str, float]
    warnings: tuple[str, ...] = ()

    @property
    def people(self) -> list[Person]:
        return [submission.person for submission in self.intake.submissions]

    @property
    def submitted(self) -> dict[str, float]:
        """When each student handed in, 0 where it is not known: what a person says of it counts."""
        found = {s.student: self.times.get(s.student, s.submitted) for s in self.intake.submissions}
        return {student: moment if math.isfinite(moment) else 0.0 for student, moment in found.items()}


@dataclass(frozen=True)
class Fault:
    """An exercise of a student that the kit could not judge, and why."""

    student: str
    exercise: str
    says: str


@dataclass(frozen=True)
class ScoredClass:
    """What came of a run. `rubric` has all that a person marks, `students` what each of them may see.

    `groups` are the answers that no listed mistake explains. `warnings` are the class's, and what was found in the
    folder of results.
    """

    read: ClassRead
    marks: tuple[StudentMarks, ...]
    rubric: Rubric
    students: tuple[StudentView, ...]
    whole: ClassView
    groups: tuple[Group, ...]
    tier: str
    faults: tuple[Fault, ...]
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Regraded:
    """What a regrade would change, and what could not be judged."""

    changes: tuple[Change, ...]
    faults: tuple[Fault, ...]


def read_class(
    layout: Layout, curriculum: Curriculum, folder: Path, out: Path | None, options: ScoreOptions
) -> ClassRead:
    """Everything that was handed in, and what a person's tables say of it. Nothing is judged."""
    exercises = curriculum.find_all(options.only) or curriculum.exercises
    roster = read_roster(options.roster) if options.roster else ()
    intake = collect(folder, layout, curriculum, asked=exercises, pattern=options.pattern, roster=roster, out=out)
    people = Directory(submission.person for submission in intake.submissions)
    times = read_times(options.times, people) if options.times else {}
    read = ClassRead(exercises, intake, _deadline(options, people), times)
    return replace(read, warnings=(*intake.warnings, *_late_warnings(read, options)))


def _late_warnings(read: ClassRead, options: ScoreOptions) -> tuple[str, ...]:
    if read.deadline.due is None:
        given = {
            "--grace-days": options.grace_days,
            "--late-penalty": options.late_penalty,
            "--extensions": options.extensions,
        }
        return without_due(name for name, value in given.items() if value)
    submitted = read.submitted

    def days_late(submission: Submission) -> int:
        return read.deadline.days_late(submission.student, submitted[submission.student])

    return late_warnings(read.deadline, read.intake, read.times, days_late, time.time())


@contextlib.contextmanager
def at_work_in(out: Path) -> Iterator[None]:
    """One run at a time in a folder of results."""
    with lock(out / LOCK, wait=False) as alone:
        if not alone:
            raise UsageError(
                f"another run is at work on {out}", "wait until it has ended, or give another --out folder"
            )
        yield


def run_score(
    layout: Layout,
    curriculum: Curriculum,
    folder: Path,
    out: Path,
    options: ScoreOptions,
    report: Callable[[Advance], None],
) -> ScoredClass:
    """Judge what the journal in `out` does not hold yet, and compute the marks. Nothing else is written."""
    report(Advance("reading the submissions"))
    read = read_class(layout, curriculum, folder, out, options)
    exercises, submissions = read.exercises, list(read.intake.submissions)
    rubric_of(read_rubric(out / RUBRIC), curriculum, exercises, submissions)  # what is wrong in it is told at once
    journal = Journal(out / JOURNAL)
    try:
        seed, tier = _seed(journal, options), _tier(options)
        chosen = list(graded(exercises))
        scorer = Scorer(layout, curriculum, journal, chosen, seed, tier, options.carry_forward)
        _judge(scorer, submissions, options, report)
        items = _items(journal, submissions, chosen)
    finally:
        journal.close()
    rubric = rubric_of(read_rubric(out / RUBRIC), curriculum, exercises, submissions)  # as it is after a long run
    students = [submission.student for submission in submissions]
    marks = compute_marks(students, items, read.submitted, read.deadline, rubric.marks)
    groups = _groups(layout, curriculum, chosen, submissions, items)
    return ScoredClass(
        read=read,
        marks=tuple(marks),
        rubric=rubric,
        students=tuple(student_views(curriculum, items, marks, submissions)),
        whole=class_view(items, marks, groups, _solutions(layout, groups)),
        groups=groups,
        tier=tier,
        faults=_faults(items),
        warnings=(*read.warnings, *rubric.warnings, *leftovers(out, students)),
    )


def _groups(
    layout: Layout,
    curriculum: Curriculum,
    exercises: list[Exercise],
    submissions: list[Submission],
    items: list[Item],
) -> tuple[Group, ...]:
    """What no listed mistake explains, put together. Of answers to questions there are no mistakes to list."""
    coded = [exercise for exercise in exercises if exercise.short != "concepts"]
    return groups_of(
        filter(None, map(answer_of, items)),
        {exercise.name: curriculum.shortest_name(exercise) for exercise in coded},
        {(s.student, name): file for s in submissions for name, file in s.files.items()},
        {exercise.name: grounds(layout, exercise.name) for exercise in coded},
    )


def _solutions(layout: Layout, groups: tuple[Group, ...]) -> dict[str, str]:
    """The solutions of the exercises in which a group is a guess: its edit is shown."""
    names = {group.exercise for group in groups if group.guess}
    return {name: layout.solution_file(name).read_text(encoding="utf-8") for name in names}


def _faults(items: list[Item]) -> tuple[Fault, ...]:
    return tuple(Fault(item.student, item.exercise, _fault_text(run)) for item in items for run in item.faults[:1])


def _fault_text(result: ExerciseResult) -> str:
    """What the kit says of its own fault, in a line."""
    failures = [result.problem, *(test.failure for test in result.tests if test.verdict is Verdict.ERROR)]
    found = next((failure.message for failure in failures if failure is not None), "no reason is known")
    text = " ".join(found.split())
    return text if len(text) <= MAX_FAULT_TEXT else f"{text[: MAX_FAULT_TEXT // 2]} … {text[-MAX_FAULT_TEXT // 2 :]}"


def preview_regrade(
    layout: Layout,
    curriculum: Curriculum,
    folder: Path,
    out: Path,
    options: ScoreOptions,
    report: Callable[[Advance], None],
) -> Regraded:
    """Judge the class again into a journal of its own, and compare. The old journal stays as it is."""
    report(Advance("reading the submissions"))
    if not (out / JOURNAL).exists():
        raise UsageError(f"{out} holds no journal of an earlier scoring")
    old = Journal(out / JOURNAL)
    try:
        before = list(old.items())
        seed, tier = int(old.setting("seed", "0")), _tier(options)
    finally:
        old.close()
    new = Journal(out / "regrade.sqlite")
    try:
        people = {item.student for item in before}
        chosen = [curriculum.get(name) for name in dict.fromkeys(item.exercise for item in before)]
        intake = collect(folder, layout, curriculum, asked=chosen, pattern=options.pattern, out=out)
        submissions = [submission for submission in intake.submissions if submission.key in people]
        labels = {submission.key: submission.student for submission in submissions}
        before = [msgspec.structs.replace(item, student=labels.get(item.student, item.student)) for item in before]
        scorer = Scorer(layout, curriculum, new, chosen, seed, tier, options.carry_forward)
        _judge(scorer, submissions, options, report)
        items = _items(new, submissions, chosen)
        return Regraded(tuple(changes(before, items)), _faults(items))
    finally:
        new.close()


def _judge(
    scorer: Scorer, submissions: list[Submission], options: ScoreOptions, report: Callable[[Advance], None]
) -> None:
    scorer.plan_all(submissions)
    if scorer.planned:
        if scorer.tier != "none" and options.dask is None:
            report(Advance("reading the libraries once", scorer.done, scorer.total))
            access_times.settle_once_an_hour(interpreter_trees(), access_times.cache_folder())
            access_times.settle((str(scorer.layout.data), str(Path(__file__).parents[1])))  # few, and of this kit
        report(Advance("starting the judge", scorer.done, scorer.total))
        with _executor(scorer, options) as executor:
            scorer.run(executor, report)


def _items(journal: Journal, submissions: list[Submission], exercises: list[Exercise]) -> list[Item]:
    """What the journal holds of these people and exercises; an earlier run may have had more."""
    labels, names = {s.key: s.student for s in submissions}, {e.name for e in exercises}
    return [
        msgspec.structs.replace(item, student=labels[item.student])
        for item in journal.items()
        if item.student in labels and item.exercise in names
    ]


def _deadline(options: ScoreOptions, people: Directory) -> Deadline:
    if not 0 <= options.late_penalty <= 1:
        raise UsageError(f"--late-penalty: a share from 0 to 1 was expected, not {options.late_penalty:g}")
    if not 0 <= options.grace_days <= MOST_DAYS:
        raise UsageError(f"--grace-days: days from 0 to {MOST_DAYS} were expected, not {options.grace_days:g}")
    return Deadline(
        due=parse_time(options.due) if options.due else None,
        grace_days=options.grace_days,
        penalty_per_day=options.late_penalty,
        extensions=read_extensions(options.extensions, people) if options.extensions else {},
    )


def _seed(journal: Journal, options: ScoreOptions) -> int:
    """One seed for the class: drawn in the first run and kept, so that the next goes on with the same inputs."""
    given = str(options.seed if options.seed is not None else secrets.randbits(SEED_BITS))
    held = journal.setting("seed", given)
    if options.seed is not None and held != given:
        raise UsageError(f"this journal was begun with --seed {held}", "give that one, or another --out folder")
    return int(held)


def _tier(options: ScoreOptions) -> str:
    """The sandbox that this run's untrusted code is to be in. Without one, nothing is run unless that was asked for.

    It is no setting of the journal: what one run did without a sandbox, the next one does not.
    """
    if options.without_sandbox and options.tier is not None:
        raise UsageError(f"--without-sandbox and --tier {options.tier} exclude each other", "give one of them")
    if options.without_sandbox:
        return "none"
    if options.tier is not None:
        return detection.require(options.tier)
    tier = detection.detect()
    if tier == "none":
        raise UsageError(
            "no sandbox works on this machine, and submissions are not to be trusted",
            "`grader doctor` shows what is missing; --without-sandbox scores all the same",
        )
    return tier


@contextlib.contextmanager
def _executor(scorer: Scorer, options: ScoreOptions) -> Iterator[Executor]:
    layout, curriculum = scorer.layout, scorer.curriculum
    if options.dask is not None:
        remote = DaskExecutor(layout, options.dask)
        try:
            yield remote
        finally:
            remote.close()
        return
    libraries = libraries_for(layout, curriculum, scorer.exercises)
    with Judge(libraries, parallel=options.workers or os.cpu_count() or 1, tier=scorer.tier) as judge:
        local = LocalExecutor(layout, curriculum, judge)
        try:
            yield local
        finally:
            local.close()
