"""The commands of those who write exercises and hand the kit out: `dev`, `release`."""

from __future__ import annotations

import os
import secrets
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import click

from grader.author.answers import Answer, answers_in, answers_of
from grader.author.class_mistakes import list_mistake
from grader.author.contract import contract_of
from grader.author.judging import Judged, judge_answers
from grader.author.laws import sync, violations
from grader.author.proof import prove
from grader.author.release import release as write_kit
from grader.author.scaffold import scaffold
from grader.author.survival import tallies_by, try_mutants
from grader.cli.course import Course, one_exercise, open_course
from grader.cli.echo import echo, echo_json
from grader.cli.lazy import imported
from grader.cli.numbers import AT_A_TIME, AT_LEAST_ONE, SEED
from grader.course.curriculum import Exercise, graded
from grader.course.layout import Layout
from grader.learner.pictures.catalogue import pictures_for
from grader.protocol.results import Verdict
from grader.render.authoring import listed_text, released_text, render_proofs, runs_text, scaffolded_text
from grader.render.contract import contract_text
from grader.render.judged import judged_json, judged_line, judged_sums, judged_text
from grader.render.live import SECONDS_BETWEEN_LINES, LiveLine
from grader.render.messages import wrote_text
from grader.render.survival import trials_json, trials_text

WANTED_PERCENT = 97.0


@click.command()
@click.option("--out", required=True, type=click.Path(path_type=Path), help="A folder that does not exist yet.")
@click.option("--without-stand-ins", is_flag=True, help="Leave out what lets a learner skip an exercise.")
def release(out: Path, without_stand_ins: bool) -> None:
    """Write the learner's kit. It holds no solutions, no hidden tests, no mistakes."""
    course = open_course()
    with LiveLine(sys.stderr, SECONDS_BETWEEN_LINES) as line:
        shown, parallel = _shown_on(line), os.cpu_count() or 1
        done = write_kit(
            course.layout, course.curriculum, out, parallel, shown, _pictures, stand_ins=not without_stand_ins
        )
    echo(released_text(done, out))


def _pictures(layout: Layout, exercise: Exercise) -> bytes:
    """Torch is imported where an exercise has pictures."""
    if not pictures_for(exercise.name):
        return b""
    return bytes(imported("grader.learner.pictures.making", "recorded_pictures")(layout, exercise))


@click.group()
def dev() -> None:
    """For those who write exercises."""


@dev.command("new")
@click.argument("name", metavar="CHAPTER/EXERCISE")
@click.option("--title", help="The exercise's title.")
def dev_new(name: str, title: str | None) -> None:
    """Make the first lines of a new exercise: solution, suite, mistakes, and its table."""
    course = open_course()
    written = scaffold(course.layout, course.curriculum, name, title)
    echo(scaffolded_text([course.layout.display_path(path) for path in written], name))


@dev.command("sync")
def dev_sync() -> None:
    """Derive every stub from its solution, and the list of modules from their docstrings."""
    course = open_course()
    for path in sync(course.layout, course.curriculum):
        echo(wrote_text(course.layout.display_path(path)))


@dev.command("check")
@click.argument("names", nargs=-1)
@click.option(
    "--seeds", type=AT_LEAST_ONE, default=3, show_default=True, help="How many seeds each solution is run under."
)
@click.option("--seed", type=SEED, help="The first seed; drawn unless given.")
@click.option("--jobs", type=AT_A_TIME, help="Runs at a time; the number of cores unless given.")
def dev_check(names: tuple[str, ...], seeds: int, seed: int | None, jobs: int | None) -> None:
    """Prove that stubs score nothing, solutions everything, and that every mistake is caught."""
    course = open_course()
    exercises = list(course.curriculum.find_all(names) or course.curriculum.exercises)
    first = seed if seed is not None else secrets.randbits(32)
    broken = violations(course.layout, course.curriculum, exercises)
    with LiveLine(sys.stderr, SECONDS_BETWEEN_LINES) as line:
        proofs = prove(
            course.layout,
            course.curriculum,
            exercises,
            [first + i for i in range(seeds)],
            jobs or os.cpu_count() or 1,
            _shown_on(line),
        )
    echo(render_proofs(proofs, broken, first))
    if broken or any(proof.troubles for proof in proofs):
        sys.exit(1)


@dev.command("contract")
@click.argument("names", nargs=-1)
def dev_contract(names: tuple[str, ...]) -> None:
    """Print, as Markdown, what each stub promises, the tests that check it, and the mistakes that break it."""
    course = open_course()
    exercises = graded(course.curriculum.find_all(names) or course.curriculum.exercises)
    views = [contract_of(course.layout, exercise) for exercise in exercises if exercise.short != "concepts"]
    echo("\n\n".join(contract_text(view) for view in views))


@dev.command("judge")
@click.argument("words", nargs=-1, required=True, metavar="FOLDER | EXERCISE FILE...")
@click.option("--json", "as_json", is_flag=True, help="One line of JSON for each file (docs/json.md).")
@click.option("--seed", type=SEED, help="The first seed; drawn unless given.")
@click.option("--seeds", type=AT_LEAST_ONE, default=1, show_default=True, help="How many seeds each file is run under.")
@click.option("--workers", type=AT_A_TIME, help="Runs at a time; the number of cores unless given.")
def dev_judge(words: tuple[str, ...], as_json: bool, seed: int | None, seeds: int, workers: int | None) -> None:
    """Show what the suites say of files, with the solutions as their earlier parts.

    FOLDER holds <chapter>/<exercise>/<any name>.py, or is one chapter's or one exercise's folder of these. Notebooks
    (.ipynb) may lie there, too. One FILE alone is shown with all its tests.

    Exit codes: 0 every file has passed, 1 one has not or is not the same under every seed, 2 wrong use, 3 one could
    not be judged, because it stands at no exercise's place or by a fault of the kit.
    """
    course = open_course()
    if len(words) == 1:
        answers = answers_in(Path(words[0]), course.curriculum)
    else:
        answers = answers_of(course.layout, one_exercise(course.curriculum, words[0]), [Path(w) for w in words[1:]])
    first = seed if seed is not None else secrets.randbits(32)
    wanted = [first + i for i in range(seeds)]
    form = judged_json if as_json else judged_text if len(words) == 2 and seeds == 1 else judged_line
    judged = list(_judged(course, answers, wanted, workers, form))
    if form is judged_line:
        echo(judged_sums(judged, wanted))
    sys.exit(_judged_code(judged))


def _judged(
    course: Course, answers: list[Answer], seeds: list[int], workers: int | None, form: Callable[[Judged], str]
) -> Iterator[Judged]:
    """Judge them, and say what became of each as soon as it is known."""
    parallel = workers or os.cpu_count() or 1
    with LiveLine(sys.stderr, SECONDS_BETWEEN_LINES, is_patient=True) as line:
        for judged in judge_answers(course.layout, course.curriculum, answers, seeds, parallel, _shown_on(line)):
            line.clear()
            (echo_json if form is judged_json else echo)(form(judged))
            yield judged


def _judged_code(judged: list[Judged]) -> int:
    runs = [run for item in judged for run in item.runs]
    if any(run.verdict is Verdict.ERROR for run in runs):
        return 3
    return 0 if all(run.verdict is Verdict.PASSED for run in runs) else 1


@dev.command("mistake")
@click.argument("group")
@click.option("--from", "results", required=True, type=click.Path(path_type=Path), help="The --out of a score.")
@click.option("--says", default="", help="The sentence that tells the learner; to be written in the file unless given.")
@click.option("--name", default="", help="The mistake's short name: no-scale. A free one unless given.")
def dev_mistake(group: str, results: Path, says: str, name: str) -> None:
    """Put a mistake that a class made on its exercise's list: GROUP is one that the class page names, softmax-1.

    The entry is an edit of the solution. It is judged first: it must fail the tests that the group fails, in the same
    way, or nothing is written.
    """
    course = open_course()
    written = list_mistake(course.layout, course.curriculum, results, group, says.strip(), name)
    echo(listed_text(written, course.layout.display_path(written.path)))


@dev.command("mutate")
@click.argument("names", nargs=-1)
@click.option("--seed", type=SEED, help="Repeat the inputs and the sample of an earlier run.")
@click.option("--jobs", type=AT_A_TIME, help="Runs at a time; the number of cores unless given.")
@click.option("--sample", type=AT_LEAST_ONE, metavar="N", help="Try N places of each exercise, not all.")
@click.option("--json", "as_json", is_flag=True, help="Print a line of JSON for each mutant (docs/json.md).")
def dev_mutate(names: tuple[str, ...], seed: int | None, jobs: int | None, sample: int | None, as_json: bool) -> None:
    """Change the solutions in one place at a time and show what no test sees."""
    course = open_course()
    exercises = course.curriculum.find_all(names) or course.curriculum.exercises
    drawn = seed if seed is not None else secrets.randbits(32)
    with LiveLine(sys.stderr, SECONDS_BETWEEN_LINES) as line:
        trials = try_mutants(
            course.layout,
            course.curriculum,
            exercises,
            drawn,
            jobs or os.cpu_count() or 1,
            sample,
            _shown_on(line),
        )
    if as_json:
        echo_json(trials_json(trials, drawn))
    else:
        echo(trials_text(trials, drawn, WANTED_PERCENT))
    chapters = tallies_by(trials, lambda trial: trial.exercise.split("/")[0])
    if any(counts.percent < WANTED_PERCENT for counts in chapters.values()):
        sys.exit(1)


def _shown_on(line: LiveLine) -> Callable[..., None]:
    def show(done: int, total: int, name: str, seconds_left: float | None = None) -> None:
        line.show(runs_text(done, total, name, seconds_left), done == total)

    return show
