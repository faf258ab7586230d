"""The commands of those who teach: `score`, `regrade`, `similar`, `export`."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from grader.cli.course import open_course
from grader.cli.echo import echo
from grader.cli.numbers import AT_A_TIME, SEED, Finite
from grader.course.files import remove_unfinished, write_atomically
from grader.protocol.groups import GROUPS
from grader.render.gradescope import gradescope_results
from grader.render.groups import groups_json
from grader.render.html import Pages
from grader.render.intake import intake_text
from grader.render.junit import junit
from grader.render.live import SECONDS_BETWEEN_LINES, LiveLine
from grader.render.scoring import (
    INTAKE,
    advance_text,
    exported_text,
    regrade_text,
    scored_text,
    similar_text,
    stopped_text,
)
from grader.render.tables import grades_csv, rubric_csv
from grader.score.command import RUBRIC, ScoredClass, ScoreOptions, at_work_in, preview_regrade, read_class, run_score
from grader.score.export import write_gradescope
from grader.score.intake.names import file_name
from grader.score.intake.systems import SYSTEMS
from grader.score.leftovers import FEEDBACK, GRADESCOPE
from grader.score.marks import MOST_DAYS
from grader.score.scoring import Advance
from grader.score.similar import similar_pairs
from grader.worker.sandbox import TIERS

DAYS = Finite(0, MOST_DAYS)
SHARE = Finite(0, 1)
TIER = click.Choice([tier.name for tier in TIERS if tier.name != "none"])
NOT_JUDGED = 3  # the exit code where the kit could not judge something


@click.command()
@click.argument("submissions", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), help="Where the journal and the marks go.")
@click.option("--dry-run", is_flag=True, help="Show who handed in what, and what was left aside. Nothing is judged.")
@click.option("--only", multiple=True, metavar="EXERCISE|CHAPTER", help="Score these alone; may be repeated.")
@click.option("--pattern", help=f"How entries are named: {', '.join(SYSTEMS)}, or an expression.")
@click.option("--roster", type=click.Path(path_type=Path), help="A CSV of all students: id, name, email, section.")
@click.option("--workers", type=AT_A_TIME, help="Items at a time; the number of cores unless given.")
@click.option("--dask", metavar="ADDRESS", help="Let a Dask scheduler's workers do the work: tcp://host:8786.")
@click.option("--seed", type=SEED, help="The inputs' seed for the whole class; drawn once unless given.")
@click.option("--carry-forward/--no-carry-forward", default=True, show_default=True,
              help="Judge again on the reference's earlier parts where a student's own may be wrong.")  # fmt: skip
@click.option("--due", help="When work is due: 2027-03-01 or 2027-03-01T18:00.")
@click.option("--grace-days", type=DAYS, default=0, show_default=True, help="Days after it that cost nothing.")
@click.option("--late-penalty", type=SHARE, default=0, show_default=True, help="Share lost per late day, 0.1 say.")
@click.option("--extensions", type=click.Path(path_type=Path), help="A CSV with the columns student (or id), days.")
@click.option("--times", type=click.Path(path_type=Path), help="A CSV: student (or id), submitted.")
@click.option("--tier", type=TIER, help="The sandbox to use; the strongest that works here unless given.")
@click.option("--without-sandbox", is_flag=True, help="Run untrusted code with no sandbox around it, in this run.")
def score(submissions: Path, out: Path | None, dry_run: bool, **options: Any) -> None:
    """Score a class. The same command continues a run that was stopped."""
    course = open_course()
    if dry_run:
        read = read_class(course.layout, course.curriculum, submissions, out, ScoreOptions(**options))
        echo(intake_text(read))
        return
    if out is None:
        raise click.UsageError("Missing option '--out': where the journal and the marks go.")
    try:
        with at_work_in(out):
            with LiveLine(sys.stderr, SECONDS_BETWEEN_LINES) as line:
                scored = run_score(
                    course.layout, course.curriculum, submissions, out, ScoreOptions(**options), _shown_on(line)
                )
            _write(scored, out)
    except KeyboardInterrupt:
        echo(stopped_text(), err=True)
        raise
    echo(scored_text(scored, out))
    if scored.faults:
        sys.exit(NOT_JUDGED)


def _shown_on(line: LiveLine) -> Callable[[Advance], None]:
    return lambda advance: line.show(advance_text(advance), bool(advance.preparing) or advance.done == advance.total)


def _write(scored: ScoredClass, out: Path) -> None:
    """The marks, what a person marks, a page and Gradescope's results for each student, the class page, JUnit's XML."""
    remove_unfinished(out)
    pages = Pages()
    write_atomically(out / INTAKE, intake_text(scored.read) + "\n")
    write_atomically(out / "grades.csv", grades_csv(scored.read.exercises, scored.read.people, scored.marks))
    if scored.rubric.rows or scored.rubric.kept:
        write_atomically(out / RUBRIC, rubric_csv(scored.rubric))
    for view in scored.students:
        write_atomically(out / FEEDBACK / f"{file_name(view.student)}.html", pages.student(view))
        write_atomically(out / GRADESCOPE / file_name(view.student) / "results.json", gradescope_results(view))
    write_atomically(out / "class.html", pages.whole_class(scored.whole))
    write_atomically(out / GROUPS, groups_json(scored.groups))
    write_atomically(out / "junit.xml", junit(scored.students))


@click.command()
@click.argument("submissions", type=click.Path(path_type=Path))
@click.option("--out", required=True, type=click.Path(path_type=Path), help="The folder of the earlier scoring.")
@click.option("--preview", is_flag=True, required=True, help="Show what would change; nothing is overwritten.")
@click.option("--pattern", help="As for score.")
@click.option("--workers", type=AT_A_TIME, help="As for score.")
@click.option("--carry-forward/--no-carry-forward", default=True, help="As for score.")
@click.option("--tier", type=TIER, help="As for score.")
@click.option("--without-sandbox", is_flag=True, help="As for score.")
def regrade(submissions: Path, out: Path, preview: bool, **options: Any) -> None:
    """Show whose mark would change after a suite was mended. It says by how much, on which test."""
    course = open_course()
    with at_work_in(out), LiveLine(sys.stderr, SECONDS_BETWEEN_LINES) as line:
        regraded = preview_regrade(
            course.layout, course.curriculum, submissions, out, ScoreOptions(**options), _shown_on(line)
        )
    echo(regrade_text(regraded))
    if regraded.faults:
        sys.exit(NOT_JUDGED)


@click.command()
@click.argument("submissions", type=click.Path(path_type=Path))
@click.option("--out", default="similar.html", type=click.Path(path_type=Path), help="The page of the pairs.")
@click.option("--archive", type=click.Path(path_type=Path), help="Submissions of earlier years, to compare with.")
@click.option("--least", type=SHARE, default=0.5, show_default=True, help="The share from which a pair is shown.")
@click.option("--pattern", help="As for score.")
def similar(submissions: Path, out: Path, archive: Path | None, least: float, pattern: str | None) -> None:
    """Show which submissions are alike. The stub's own lines are not compared."""
    course = open_course()
    found = similar_pairs(course.layout, course.curriculum, submissions, archive, pattern, least)
    write_atomically(out, Pages().similar(list(found.pairs)))
    echo(similar_text(found, out))


@click.group()
def export() -> None:
    """Archives for other systems."""


@export.command("gradescope")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="The zip file to write.")
@click.option("--only", multiple=True, metavar="EXERCISE|CHAPTER", help="What the assignment asks for.")
@click.option("--seed", type=SEED, help="The inputs' seed for the whole class; drawn unless given.")
def export_gradescope(out: Path, only: tuple[str, ...], seed: int | None) -> None:
    """Write Gradescope's autograder archive, with its set-up and run scripts."""
    course = open_course()
    exercises = [exercise.name for exercise in course.curriculum.find_all(only)]
    echo(exported_text(write_gradescope(course.layout, out, exercises, seed), out))
