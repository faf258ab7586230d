"""The command line: reads words, calls, prints, exits. It never imports torch.

Exit codes: 0 everything asked for has passed; 1 something failed or is still to do; 2 wrong use; 3 the kit's own fault.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import sys
import time
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import click

from grader.errors import GraderError

if TYPE_CHECKING:
    from grader.course.curriculum import Curriculum, Exercise
    from grader.course.layout import Layout
    from grader.learner.checking import Checker, Options
    from grader.learner.progress import ProgressStore
    from grader.protocol.results import ExerciseResult


class Commands(click.Group):
    """The commands whose code is here: a learner's kit has none of an instructor's."""

    parts = MappingProxyType(
        {
            "dev": "author",
            "export": "score",
            "regrade": "score",
            "release": "author",
            "score": "score",
            "similar": "score",
        }
    )

    def is_here(self, name: str) -> bool:
        return name not in self.parts or (Path(__file__).parent / self.parts[name]).exists()

    def list_commands(self, context: click.Context) -> list[str]:
        return [name for name in super().list_commands(context) if self.is_here(name)]

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        if not self.is_here(name):
            raise click.UsageError(f"`{name}` is not part of a learner's kit; those who teach the course have it")
        return super().get_command(context, name)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 80})
def cli() -> None:
    """Write embeddings and Transformers yourself; this says what is wrong and why.

    \b
    grader check              check up to the next exercise to do
    grader show               what the next exercise is about
    grader hint               a hint, and one more each time
    """


def _open() -> tuple[Layout, Curriculum, ProgressStore]:
    from grader.course.curriculum import load_curriculum
    from grader.course.layout import Layout
    from grader.learner.progress import ProgressStore

    layout = Layout.find()
    curriculum = load_curriculum(layout)
    return layout, curriculum, ProgressStore(layout, curriculum)


def _exercise(curriculum: Curriculum, progress: ProgressStore, name: str | None) -> Exercise:
    """The exercise of this name, or the first that has not passed."""
    if name is None:
        return next(
            (e for e in curriculum.exercises if not e.manually_graded and progress.passed(e) is None),
            curriculum.exercises[-1],
        )
    found = curriculum.find(name)
    if len(found) != 1:
        raise click.UsageError(f"{name} is a chapter; name one exercise of it")
    return found[0]


# -- check --------------------------------------------------------------------------------------------


@cli.command()
@click.argument("names", nargs=-1, metavar="[EXERCISE|CHAPTER|FILE]...")
@click.option("--all", "everything", is_flag=True, help="Check every exercise of the course.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document (docs/json.md).")
@click.option("--seed", type=int, help="Repeat the inputs of an earlier run.")
@click.option("--debug", is_flag=True, help="Run your code in this process, so that breakpoint() works.")
@click.option("--fail-fast", is_flag=True, help="Stop at the first test that does not pass.")
@click.option("--no-cache", is_flag=True, help="Run again what passed and has not changed.")
@click.option("--watch", is_flag=True, help="Check again whenever a file is saved, until Ctrl-C.")
@click.option("-v", "--verbose", is_flag=True, help="Show every test and every detail.")
@click.option("--spawn", is_flag=True, hidden=True, help="Start processes instead of forking them.")
def check(
    names: tuple[str, ...],
    everything: bool,
    as_json: bool,
    seed: int | None,
    debug: bool,
    fail_fast: bool,
    no_cache: bool,
    watch: bool,
    verbose: bool,
    spawn: bool,
) -> None:
    """Check your work. Without a name: everything up to the next exercise to do."""
    from grader.learner.checking import Options

    layout, curriculum, progress = _open()
    chosen = [e for name in names for e in curriculum.find(name)]
    if everything:
        chosen = list(curriculum.exercises)
    manually_graded = [e for e in chosen if e.manually_graded]
    if manually_graded and len(manually_graded) == len(chosen):
        click.echo(f"{manually_graded[0].name} is read and marked by a person; there is nothing to run.")
        return
    options = Options(
        exercises=chosen or list(curriculum.exercises),
        seed=seed,
        cache=not no_cache and not debug,
        fail_fast=fail_fast,
        debug=debug,
        notebooks=frozenset(e.name for name in names if name.endswith(".ipynb") for e in curriculum.find(name)),
        **({"fork": False} if spawn else {}),
    )
    if watch:
        _watch(layout, curriculum, options, bool(chosen), verbose)
    with _checker(layout, curriculum, progress, options) as checker:
        code = _check_once(checker, bool(chosen), as_json, verbose)
    sys.exit(code)


def _checker(layout: Layout, curriculum: Curriculum, progress: ProgressStore, options: Options) -> Checker:
    from grader.learner.checking import Checker

    return Checker(layout, curriculum, progress, options)


def _check_once(checker: Checker, named: bool, as_json: bool, verbose: bool) -> int:
    from grader.protocol.results import SuiteFinished, Verdict
    from grader.render.json import render_json
    from grader.render.terminal import CheckReport, LiveLine, make_console

    report = CheckReport(make_console(), checker.curriculum, verbose)
    line = LiveLine(sys.stderr)
    quiet_until_wrong = not named
    events = checker.check_these(checker.options.exercises) if named else checker.check_next()
    asked = {e.name for e in checker.options.exercises}
    try:
        for event in events:
            line.show(event)
            if as_json or not isinstance(event, SuiteFinished):
                continue
            result = event.result
            listed = result.exercise in asked or result.verdict in (Verdict.FAILED, Verdict.TIMEOUT, Verdict.ERROR)
            if listed and not (quiet_until_wrong and result.cached):
                report.exercise(result)
                report.explanations(_explanations(checker.layout, result))
    finally:
        line.clear()
        with contextlib.suppress(OSError):
            checker.progress.save()
    results = list(checker.results.values())
    upcoming = _upcoming(checker.curriculum, checker.progress, results)
    if as_json:
        click.echo(render_json(results, checker.seed, upcoming))
    else:
        report.end(results, asked, upcoming)
    return _exit_code(results)


def _explanations(layout: Layout, result: ExerciseResult) -> dict[str, str]:
    """Why the answers are right, where the exercise is a set of questions that has just been passed."""
    from grader.course.concepts import explanations_for
    from grader.protocol.results import Verdict

    if not result.exercise.endswith("/concepts") or result.verdict is not Verdict.PASSED or result.cached:
        return {}
    return explanations_for(layout.suite_file(result.exercise), layout.exercise_file(result.exercise)) or {}


def _upcoming(curriculum: Curriculum, progress: ProgressStore, results: list[ExerciseResult]) -> Exercise | None:
    """Where to go on: the earliest thing that did not pass in this run, else the next of the course."""
    from grader.protocol.results import Verdict

    wrong = [r.exercise for r in results if r.verdict not in (Verdict.PASSED, Verdict.BLOCKED)]
    if wrong:
        return next(e for e in curriculum.exercises if e.name in wrong)
    done = {r.exercise for r in results if r.verdict is Verdict.PASSED}
    for exercise in curriculum.exercises:
        if not exercise.manually_graded and exercise.name not in done and progress.passed(exercise) is None:
            return exercise
    return None


def _exit_code(results: list[ExerciseResult]) -> int:
    from grader.protocol.results import Verdict

    if any(result.verdict is Verdict.ERROR for result in results):
        return 3
    return 0 if all(result.verdict is Verdict.PASSED for result in results) else 1


def _watch(layout: Layout, curriculum: Curriculum, options: Options, named: bool, verbose: bool) -> None:
    """Check, wait for a file of the course to be saved, and check again with the judge still warm."""
    from grader.learner.progress import ProgressStore

    progress = ProgressStore(layout, curriculum)
    with _checker(layout, curriculum, progress, options) as checker:
        while True:
            before = _saved(layout)
            click.clear()
            _check_once(checker, named, False, verbose)
            click.echo("\nWaiting for a file to be saved. Ctrl-C ends this.")
            while _saved(layout) == before:
                time.sleep(0.1)
            checker.results.clear()
            checker.workspace = type(checker.workspace)(layout, curriculum, options.notebooks)
            progress.fingerprints.clear()


def _saved(layout: Layout) -> dict[Path, float]:
    found = {}
    for path in [*layout.exercises.rglob("*.py"), *layout.exercises.rglob("*.ipynb")]:
        with contextlib.suppress(OSError):
            found[path] = path.stat().st_mtime
    return found


# -- list, show, hint, reset --------------------------------------------------------------------------


@cli.command("list")
def list_() -> None:
    """The chapters and exercises, and what has passed."""
    from grader.render.terminal import make_console, print_list

    _, curriculum, progress = _open()
    state = {}
    for exercise in curriculum.exercises:
        if progress.passed(exercise) is not None:
            state[exercise.name] = "passed"
        elif exercise.name in progress.state.passes:
            state[exercise.name] = "changed"
        elif exercise.manually_graded:
            state[exercise.name] = "by a person"
    print_list(make_console(), curriculum, state)


@cli.command()
@click.argument("name", required=False, metavar="[EXERCISE]")
def show(name: str | None) -> None:
    """The brief of an exercise: the idea, the shapes, an example, the source."""
    from grader.render.brief import print_brief
    from grader.render.terminal import make_console

    layout, curriculum, progress = _open()
    print_brief(make_console(), layout, _exercise(curriculum, progress, name))


@cli.command()
@click.argument("name", required=False, metavar="[EXERCISE]")
def hint(name: str | None) -> None:
    """A hint, and one more each time that you ask."""
    from grader.render.brief import print_hints
    from grader.render.terminal import make_console

    _, curriculum, progress = _open()
    exercise = _exercise(curriculum, progress, name)
    count = progress.next_hint(exercise)
    progress.save()
    print_hints(make_console(), exercise, count)


@cli.command()
@click.argument("name", metavar="EXERCISE")
@click.option("--yes", is_flag=True, help="Do not ask.")
def reset(name: str, yes: bool) -> None:
    """Put the stub back. Your file is kept beside it as a backup."""
    from grader.learner.reset import put_stub_back

    layout, curriculum, progress = _open()
    exercise = _exercise(curriculum, progress, name)
    path = layout.exercise_file(exercise.name, exercise.suffix)
    if not yes:
        click.confirm(f"Put the stub of {exercise.name} back? Your file is kept as a backup.", abort=True)
    backup = put_stub_back(layout, exercise)
    progress.forget(exercise)
    progress.state.hints.pop(exercise.name, None)
    progress.save()
    click.echo(f"{layout.display_path(path)} is the stub again.")
    if backup is not None:
        click.echo(f"Your file is {layout.display_path(backup)}.")


@cli.command()
@click.option("--device", default="cpu", show_default=True, help="cpu, cuda or mps.")
@click.option("--steps", default=1600, show_default=True, help="Steps in all.")
@click.option("--checkpoint", type=click.Path(path_type=Path), help="A file to write, and to go on from.")
@click.option("--picture", default="losses.png", show_default=True, type=click.Path(path_type=Path))
def train(device: str, steps: int, checkpoint: Path | None, picture: Path) -> None:
    """Train your own GPT on the kit's text, and see how near the floor it comes."""
    from grader.learner.training import train as run_training
    from grader.render.terminal import training_progress

    layout, _, _ = _open()
    try:
        done = run_training(layout, device, steps, checkpoint, picture, training_progress(sys.stderr))
    except NotImplementedError:
        raise click.UsageError("gpt, train and what they need are still to do: `grader check train`") from None
    click.echo(f"held-out text: {done.held_out:.3f} nats per character; the floor is {done.floor:.3f}")
    click.echo(
        "(the first characters of each window have little in front of them, so the floor itself is out of reach)"
    )
    click.echo(f"picture: {done.picture}")


# -- score --------------------------------------------------------------------------------------------


@cli.command()
@click.argument("submissions", type=click.Path(path_type=Path))
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Where the journal and the marks go.")
@click.option("--only", multiple=True, metavar="EXERCISE|CHAPTER", help="Score these alone; may be repeated.")
@click.option("--pattern", help="How entries are named: canvas, moodle, gradescope, plain, or an expression.")
@click.option("--workers", type=int, help="Items at a time; the number of cores unless given.")
@click.option("--dask", metavar="ADDRESS", help="Let a Dask scheduler's workers do the work: tcp://host:8786.")
@click.option("--seed", type=int, help="The inputs' seed for the whole class; drawn once unless given.")
@click.option("--carry-forward/--no-carry-forward", default=True, show_default=True,
              help="Judge again on the reference's earlier parts where a student's own may be wrong.")  # fmt: skip
@click.option("--due", help="When work is due: 2027-03-01 or 2027-03-01T18:00.")
@click.option("--grace-days", type=float, default=0, show_default=True, help="Days after it that cost nothing.")
@click.option("--late-penalty", type=float, default=0, show_default=True, help="Share lost per late day, 0.1 say.")
@click.option("--extensions", type=click.Path(path_type=Path), help="A CSV with the columns student, days.")
@click.option("--times", type=click.Path(path_type=Path), help="A CSV with the columns student, submitted.")
@click.option("--without-sandbox", is_flag=True, help="Run untrusted code with no sandbox around it.")
def score(submissions: Path, out: Path, **options: Any) -> None:
    """Score a class. The same command goes on where a run was stopped."""
    from grader.score.command import ScoreOptions, run_score

    layout, curriculum, _ = _open()
    try:
        run_score(layout, curriculum, submissions, out, ScoreOptions(**options), sys.stdout, sys.stderr)
    except KeyboardInterrupt:
        click.echo("\nstopped; what was judged is kept, and the same command goes on from there", err=True)
        raise


@cli.command()
@click.argument("submissions", type=click.Path(path_type=Path))
@click.option("--out", required=True, type=click.Path(path_type=Path), help="The folder of the earlier scoring.")
@click.option("--preview", is_flag=True, required=True, help="Show what would change; nothing is overwritten.")
@click.option("--pattern", help="As for score.")
@click.option("--workers", type=int, help="As for score.")
@click.option("--carry-forward/--no-carry-forward", default=True, help="As for score.")
def regrade(submissions: Path, out: Path, preview: bool, **options: Any) -> None:
    """After a suite was mended: whose mark would change, by how much, on which test."""
    from grader.score.command import ScoreOptions, preview_regrade

    layout, curriculum, _ = _open()
    if not (out / "journal.sqlite").exists():
        raise click.UsageError(f"{out} holds no journal of an earlier scoring")
    found = preview_regrade(layout, curriculum, submissions, out, ScoreOptions(**options), sys.stderr)
    for change in found:
        click.echo(f"{change.student}  {change.exercise}  {change.before:g} → {change.after:g}")
        for test, before, after in change.tests:
            click.echo(f"    {test}: {before} → {after}")
    click.echo(f"{len({c.student for c in found})} marks would change; `grader score` with the same --out applies it")


@cli.command()
@click.argument("submissions", type=click.Path(path_type=Path))
@click.option("--out", default="similar.html", type=click.Path(path_type=Path), help="The page of the pairs.")
@click.option("--archive", type=click.Path(path_type=Path), help="Submissions of earlier years, to compare with.")
@click.option("--least", default=0.5, show_default=True, help="The share from which a pair is shown.")
@click.option("--pattern", help="As for score.")
def similar(submissions: Path, out: Path, archive: Path | None, least: float, pattern: str | None) -> None:
    """Which submissions are alike, the stub's own lines taken out."""
    from grader.course.files import write_atomically
    from grader.score.pages import Pages
    from grader.score.similar import similar_pairs

    layout, curriculum, _ = _open()
    pairs = similar_pairs(layout, curriculum, submissions, archive, pattern, least)
    write_atomically(out, Pages().similar(pairs))
    for pair in pairs[:20]:
        click.echo(f"{max(pair.first_share, pair.second_share):4.0%}  {pair.exercise}  {pair.first}  {pair.second}")
    click.echo(f"{len(pairs)} pairs in {out}")


@cli.group()
def export() -> None:
    """Archives for other systems."""


@export.command("gradescope")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="The zip file to write.")
@click.option("--only", multiple=True, metavar="EXERCISE|CHAPTER", help="What the assignment asks for.")
def export_gradescope(out: Path, only: tuple[str, ...]) -> None:
    """Write Gradescope's autograder archive, with its set-up and run scripts."""
    from grader.score.export import write_gradescope

    layout, curriculum, _ = _open()
    exercises = [e.name for name in only for e in curriculum.find(name)]
    click.echo(f"{write_gradescope(layout, out, exercises)} files in {out}")


@cli.command()
@click.option("--out", required=True, type=click.Path(path_type=Path), help="A folder that does not exist yet.")
def release(out: Path) -> None:
    """Write the learner's kit: no solutions, no hidden tests, no mistakes."""
    from grader.author.release import release as write
    from grader.render.proof import render_progress

    layout, curriculum, _ = _open()
    done = write(layout, curriculum, out, os.cpu_count() or 1, render_progress(sys.stderr))
    click.echo(f"{done.exercises} exercises and {done.tests} public tests in {out}")
    click.echo(f"what the reference answered takes {done.bytes_recorded / 1e6:.1f} MB; no secret line is in it")


@cli.command()
@click.argument("names", nargs=-1, metavar="[EXERCISE]...")
@click.option("--all", "everything", is_flag=True, help="Every exercise.")
def notebook(names: tuple[str, ...], everything: bool) -> None:
    """Write exercises as notebooks, beside their files. A notebook that is there is left alone."""
    from grader.course.files import write_atomically
    from grader.course.notebooks import notebook_path, write_notebook

    layout, curriculum, _ = _open()
    chosen = list(curriculum.exercises) if everything else [e for name in names for e in curriculum.find(name)]
    if not chosen:
        raise click.UsageError("name an exercise, or give --all")
    for exercise in chosen:
        path = notebook_path(layout.exercise_file(exercise.name))
        if exercise.manually_graded:
            continue
        if path.exists():
            click.echo(f"{layout.display_path(path)} is there already")
            continue
        source = layout.exercise_file(exercise.name).read_text(encoding="utf-8")
        write_atomically(path, write_notebook(source, exercise))
        click.echo(f"wrote {layout.display_path(path)}")


# -- dev ----------------------------------------------------------------------------------------------


@cli.group()
def dev() -> None:
    """For those who write exercises."""


@dev.command("new")
@click.argument("name", metavar="CHAPTER/EXERCISE")
@click.option("--title", help="The exercise's title.")
def dev_new(name: str, title: str | None) -> None:
    """Make the first lines of a new exercise: solution, suite, mistakes, and its table."""
    from grader.author.scaffold import scaffold
    from grader.course.curriculum import load_curriculum
    from grader.course.layout import Layout

    layout = Layout.find()
    for path in scaffold(layout, load_curriculum(layout), name, title):
        click.echo(f"wrote {layout.display_path(path)}")
    click.echo(f"\nFill them in, then: grader dev sync && grader dev check {name}")


@dev.command("sync")
def dev_sync() -> None:
    """Derive every stub from its solution."""
    from grader.author.laws import sync
    from grader.course.curriculum import load_curriculum
    from grader.course.layout import Layout

    layout = Layout.find()
    for path in sync(layout, load_curriculum(layout)):
        click.echo(f"wrote {layout.display_path(path)}")


@dev.command("check")
@click.argument("names", nargs=-1)
@click.option("--seeds", default=3, show_default=True, help="How many seeds each solution is run under.")
@click.option("--seed", type=int, help="The first seed; drawn unless given.")
@click.option("--jobs", type=int, help="Runs at a time; the number of cores unless given.")
def dev_check(names: tuple[str, ...], seeds: int, seed: int | None, jobs: int | None) -> None:
    """Prove that stubs score nothing, solutions everything, and that every mistake is caught."""
    from grader.author.laws import violations
    from grader.author.proof import prove
    from grader.course.curriculum import load_curriculum
    from grader.course.layout import Layout
    from grader.render.proof import render_progress, render_proofs

    layout = Layout.find()
    curriculum = load_curriculum(layout)
    exercises = [e for name in names for e in curriculum.find(name)] or list(curriculum.exercises)
    first = seed if seed is not None else secrets.randbits(32)
    broken = violations(layout, curriculum, exercises)
    proofs = prove(
        layout,
        curriculum,
        exercises,
        [first + i for i in range(seeds)],
        jobs or os.cpu_count() or 1,
        render_progress(sys.stderr),
    )
    click.echo(render_proofs(proofs, broken, first))
    if broken or any(proof.troubles for proof in proofs):
        sys.exit(1)


@dev.command("judge")
@click.argument("name")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, resolve_path=True))
@click.option("--seed", type=int, help="Repeat the inputs of an earlier run.")
def dev_judge(name: str, file: str, seed: int | None) -> None:
    """Show what the suite says of FILE, with the solutions as its earlier parts."""
    from pathlib import Path

    from grader.course.curriculum import load_curriculum
    from grader.course.layout import Layout
    from grader.judge.client import Judge
    from grader.judge.job_builder import build_job, source_in
    from grader.judge.libraries import libraries_for

    layout = Layout.find()
    curriculum = load_curriculum(layout)
    (exercise,) = curriculum.find(name)
    learner = source_in(layout, exercise, layout.solutions, Path(file))
    with Judge(libraries_for(layout, curriculum, [exercise])) as judge:
        result = judge.judge(build_job(layout, exercise, learner=learner, seed=seed))
    click.echo(f"{result.exercise}: {result.verdict}, {result.points:g} of {result.points_possible:g}")
    for test in result.tests:
        click.echo(f"  {test.verdict:8} {test.seconds:6.2f} s  {test.name}")
        if test.failure is not None:
            click.echo(f"           {test.failure}\n           mistake: {test.mistake}")
    if result.problem is not None:
        click.echo(f"  {result.problem}")
    sys.exit(0 if result.verdict == "passed" else 1)


# -- the machine --------------------------------------------------------------------------------------


@cli.command("doctor")
def doctor_command() -> None:
    """What works on this machine, and how to get what does not."""
    from grader.learner.doctor import doctor
    from grader.render.doctor import render_doctor

    checks = doctor()
    click.echo(render_doctor(checks))
    if any(check.needed and not check.works for check in checks):
        sys.exit(1)


def run(arguments: list[str]) -> int:
    """Run a command and return its exit code."""
    try:
        cli.main(args=arguments, prog_name="grader", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return 2
    except GraderError as error:
        click.echo(f"error: {error.message}", err=True)
        if error.hint:
            click.echo(f"\nhint: {error.hint}", err=True)
        return error.exit_code
    except SystemExit as ended:
        return int(ended.code or 0)
    except (KeyboardInterrupt, click.Abort):
        return 130
    except BrokenPipeError:
        return 141
    except Exception as error:
        if os.environ.get("GRADER_TRACEBACK"):
            raise
        click.echo(f"error: the grader itself failed: {type(error).__name__}: {error}", err=True)
        click.echo("\nhint: GRADER_TRACEBACK=1 shows where; please report it", err=True)
        return 3
    return 0
