"""`grader score`: from a folder of submissions to marks."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from grader.course.curriculum import Curriculum, Exercise
from grader.course.files import write_atomically
from grader.course.layout import Layout
from grader.errors import UsageError
from grader.judge.client import Judge
from grader.judge.libraries import libraries_for
from grader.score.collecting import Submission, collect
from grader.score.executors import DaskExecutor, Executor, LocalExecutor
from grader.score.formats import gradescope_results, junit
from grader.score.journal import Item, Journal
from grader.score.marks import (
    Deadline,
    StudentMarks,
    compute_marks,
    parse_time,
    read_extensions,
    read_rubric,
    read_times,
)
from grader.score.pages import Pages
from grader.score.regrade import Change, changes
from grader.score.scoring import Advance, Scorer
from grader.score.tables import write_grades, write_rubric_sheet
from grader.score.views import class_view, student_views
from grader.score.work import scored
from grader.worker.sandbox import detection

SAY_EVERY = 50


@dataclass(frozen=True)
class ScoreOptions:
    """The options of the command, as they were given."""

    only: tuple[str, ...] = ()
    pattern: str | None = None
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


def run_score(
    layout: Layout,
    curriculum: Curriculum,
    folder: Path,
    out: Path,
    options: ScoreOptions,
    stdout: TextIO,
    stderr: TextIO,
) -> None:
    """Judge what the journal does not hold yet, then write the marks."""
    exercises = [e for word in options.only for e in curriculum.find(word)] or list(curriculum.exercises)
    deadline = _deadline(options)
    times = read_times(options.times) if options.times else {}
    rubric_path = out / "rubric.csv"
    rubric = read_rubric(rubric_path) if rubric_path.exists() else {}
    submissions = collect(folder, curriculum, options.pattern)
    journal = Journal(out / "journal.sqlite")
    try:
        graded = scored(curriculum, options.only)
        seed = _seed(journal, options)
        tier = journal.setting("tier", _tier(options))
        scorer = Scorer(layout, curriculum, journal, graded, seed, tier, options.carry_forward)
        scorer.plan_all(submissions)
        if scorer.queue:
            with _executor(layout, curriculum, graded, options, tier) as executor:
                scorer.run(executor, progress(stderr))
        submitted = {s.student: times.get(s.student, s.submitted) for s in submissions}
        people = {s.student for s in submissions}
        names = {e.name for e in graded}
        items = [i for i in journal.items() if i.student in people and i.exercise in names]
        marks = compute_marks(items, submitted, deadline, rubric)
        write_grades(out / "grades.csv", exercises, marks)
        write_rubric_sheet(rubric_path, exercises, submissions)
        write_outputs(out, curriculum, items, marks, submissions)
    finally:
        journal.close()
    _say(stdout, submissions, marks, tier, out)


def write_outputs(
    out: Path, curriculum: Curriculum, items: list[Item], marks: list[StudentMarks], submissions: list[Submission]
) -> None:
    """A page and Gradescope's results for each student, the class page, and JUnit's XML."""
    views, pages = student_views(curriculum, items, marks, submissions), Pages()
    for view in views:
        write_atomically(out / "feedback" / f"{view.student}.html", pages.student(view))
        write_atomically(out / "gradescope" / view.student / "results.json", gradescope_results(view))
    write_atomically(out / "class.html", pages.whole_class(class_view(items, marks)))
    write_atomically(out / "junit.xml", junit(views))


def preview_regrade(
    layout: Layout, curriculum: Curriculum, folder: Path, out: Path, options: ScoreOptions, stderr: TextIO
) -> list[Change]:
    """Judge the class again into a journal of its own, and compare. The old journal stays as it is."""
    old = Journal(out / "journal.sqlite")
    try:
        before = list(old.items())
        seed, tier = int(old.setting("seed", "0")), old.setting("tier", _tier(options))
    finally:
        old.close()
    new = Journal(out / "regrade.sqlite")
    try:
        people = {item.student for item in before}
        submissions = [s for s in collect(folder, curriculum, options.pattern) if s.student in people]
        graded = [curriculum.get(name) for name in dict.fromkeys(item.exercise for item in before)]
        scorer = Scorer(layout, curriculum, new, graded, seed, tier, options.carry_forward)
        scorer.plan_all(submissions)
        if scorer.queue:
            with _executor(layout, curriculum, graded, options, tier) as executor:
                scorer.run(executor, progress(stderr))
        names = {exercise.name for exercise in graded}
        return changes(before, [i for i in new.items() if i.student in people and i.exercise in names])
    finally:
        new.close()


def _deadline(options: ScoreOptions) -> Deadline:
    if not 0 <= options.late_penalty <= 1:
        raise UsageError(f"--late-penalty is a share from 0 to 1, not {options.late_penalty:g}")
    return Deadline(
        due=parse_time(options.due) if options.due else None,
        grace_days=options.grace_days,
        penalty_per_day=options.late_penalty,
        extensions=read_extensions(options.extensions) if options.extensions else {},
    )


def _seed(journal: Journal, options: ScoreOptions) -> int:
    """One seed for the class: drawn in the first run and kept, so that the next goes on with the same inputs."""
    given = str(options.seed if options.seed is not None else secrets.randbits(48))
    held = journal.setting("seed", given)
    if options.seed is not None and held != given:
        raise UsageError(f"this journal was begun with --seed {held}", "give that one, or another --out folder")
    return int(held)


def _tier(options: ScoreOptions) -> str:
    """The sandbox that untrusted code is to run in. Without one, nothing is run unless that was asked for."""
    if options.without_sandbox:
        return "none"
    tier = detection.detect()
    if tier == "none":
        raise UsageError(
            "no sandbox works on this machine, and submissions are not to be trusted",
            "`grader doctor` shows what is missing; --without-sandbox scores all the same",
        )
    return tier


@contextlib.contextmanager
def _executor(
    layout: Layout, curriculum: Curriculum, graded: list[Exercise], options: ScoreOptions, tier: str
) -> Iterator[Executor]:
    if options.dask is not None:
        remote = DaskExecutor(layout, options.dask)
        try:
            yield remote
        finally:
            remote.close()
        return
    libraries, parallel = libraries_for(layout, curriculum, graded), options.workers or os.cpu_count() or 1
    with Judge(libraries, parallel=parallel, tier=tier) as judge:
        local = LocalExecutor(layout, curriculum, judge)
        try:
            yield local
        finally:
            local.close()


def progress(stream: TextIO) -> Callable[[Advance], None]:
    """A line that is written over on a terminal, and now and then a line elsewhere."""
    live = stream.isatty()
    said = 0

    def report(advance: Advance) -> None:
        nonlocal said
        minutes, seconds = divmod(int(advance.seconds_left), 60)
        text = f"{advance.done} of {advance.total} judged, about {minutes}:{seconds:02} left"
        if live:
            stream.write(f"\r\x1b[K{text}" if advance.done < advance.total else "\r\x1b[K")
        elif advance.done // SAY_EVERY > said // SAY_EVERY or advance.done == advance.total:
            said = advance.done
            stream.write(text + "\n")
        stream.flush()

    return report


def _say(stdout: TextIO, submissions: list[Submission], marks: list[StudentMarks], tier: str, out: Path) -> None:
    unread = [s for s in submissions if s.problem]
    mean = sum(m.total for m in marks) / len(marks) if marks else 0.0
    possible = max((m.possible for m in marks), default=0.0)
    stdout.write(f"{len(submissions)} submissions, on average {mean:.1f} of {possible:g} points (sandbox: {tier})\n")
    for submission in unread:
        stdout.write(f"  no points for {submission.student}: {submission.problem}\n")
    stdout.write(f"marks: {out / 'grades.csv'}\nclass: {out / 'class.html'}, one page each in {out / 'feedback'}\n")
