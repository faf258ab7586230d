"""A learner's `grader check`: runs the judge, prints as it goes on, and checks again when a file is saved."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import click

from grader.cli.course import one_exercise, open_course
from grader.cli.echo import echo, echo_json
from grader.cli.lazy import imported
from grader.cli.numbers import SEED
from grader.course.concepts import explanations_for
from grader.course.curriculum import Curriculum, Exercise, graded
from grader.course.layout import Layout
from grader.errors import UsageError
from grader.learner.checking import Checker, Options
from grader.learner.import_path import let_python_find
from grader.learner.progress import ProgressStore, upcoming_exercise
from grader.learner.tree import Found, LearnerTree
from grader.protocol.results import ExerciseResult, SuiteFinished, Verdict
from grader.render.json import render_json
from grader.render.live import SECONDS_BETWEEN_LINES, LiveLine
from grader.render.messages import marked_by_a_person_text
from grader.render.report import CheckReport, SuiteProgress
from grader.render.terminal import make_console


@click.command()
@click.argument("names", nargs=-1, metavar="[EXERCISE|CHAPTER|FILE]...")
@click.option("--all", "everything", is_flag=True, help="Check every exercise of the course.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document (docs/json.md).")
@click.option("--seed", type=SEED, help="Repeat the inputs of an earlier run.")
@click.option("--debug", is_flag=True, help="Run your code in this process, so that breakpoint() works.")
@click.option("--fail-fast", is_flag=True, help="Stop at the first test that does not pass.")
@click.option("--no-cache", is_flag=True, help="Also run exercises that have passed and have not changed.")
@click.option("--watch", is_flag=True, help="The same as `grader watch`.")
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
    course = open_course()
    let_python_find(course.layout)
    store = ProgressStore(course.layout, course.curriculum)
    files = asked_files(store.tree, names)
    chosen = course.curriculum.exercises if everything else _exercises(course.curriculum, names, files)
    if chosen and not graded(chosen):
        echo(marked_by_a_person_text(chosen[0]))
        return
    options = Options(
        exercises=list(chosen or course.curriculum.exercises),
        seed=seed,
        cache=not no_cache and not debug,
        afresh=frozenset() if seed is None else frozenset(exercise.name for exercise in chosen),
        fail_fast=fail_fast,
        judge_here=imported("grader.tester.process", "judge_here") if debug else None,
        files={found.meaning.exercise.name: found.path for found in files.values()},
        fork=sys.platform == "linux" and not spawn,
    )
    if watch:
        imported("grader.cli.watch", "watch_course")(course, store, next(iter(graded(chosen)), None), seed)
        return
    with Checker(course.layout, course.curriculum, store, options) as checker:
        code = check_once(checker, bool(chosen), as_json, verbose)
    sys.exit(code)


def asked_files(tree: LearnerTree, names: tuple[str, ...]) -> dict[str, Found]:
    """The files that are asked for, by the words that name them."""
    files = {name: found for name in names if (found := tree.named(name)) is not None}
    for name in names:
        if name not in files and name.lower().endswith((".py", ".ipynb")):
            raise _no_file(tree, name)
    return files


def _no_file(tree: LearnerTree, name: str) -> UsageError:
    """A file that is named and is not in the learner's tree, though its name may be an exercise's."""
    if Path(name).exists():
        return UsageError(f"{name} is not in {tree.layout.exercises}", "name an exercise, or a file of that folder")
    exercise = one_exercise(tree.curriculum, name)
    short = tree.curriculum.shortest_name(exercise)
    found = [tree.layout.display_path(item.path) for item in tree.files_of(exercise)]
    if found:
        hint = f"there is {' and '.join(found)}: `grader check {short}`"
    else:
        hint = f"`grader reset {short}` writes the stub"
    is_notebook = name.lower().endswith(".ipynb")
    return UsageError(f"there is no {name}", f"`grader notebook {short}` writes one" if is_notebook else hint)


def _exercises(curriculum: Curriculum, names: tuple[str, ...], files: dict[str, Found]) -> tuple[Exercise, ...]:
    found = (files[name].meaning.exercise if name in files else curriculum.find(name) for name in names)
    return tuple(exercise for item in found for exercise in (item if isinstance(item, tuple) else (item,)))


def check_once(checker: Checker, named: bool, as_json: bool, verbose: bool) -> int:
    """One run of the checker: what it finds is printed as it comes. Returns the exit code."""
    report = CheckReport(make_console(), checker.curriculum, verbose)
    asked = {exercise.name for exercise in checker.options.exercises}
    try:
        for result in _finished(checker, named):
            if not as_json and _is_listed(result, asked, named):
                report.exercise(result, in_short=result.exercise not in asked)
                report.explanations(_explanations(checker.layout, result))
    finally:
        checker.progress.save()
    results = list(checker.results.values())
    last = graded(checker.options.exercises)[-1] if named else None
    upcoming = upcoming_exercise(checker.curriculum, checker.progress, results, last)
    if as_json:
        echo_json(render_json(results, checker.seed, upcoming))
    else:
        file = checker.workspace.source(upcoming).display_path if upcoming is not None else ""
        skipped = [item.name for item in checker.curriculum.graded if checker.progress.is_skipped(item)]
        earliest = upcoming_exercise(checker.curriculum, checker.progress, results)
        report.end(results, asked, upcoming, file, earliest, skipped)
    return _exit_code(results)


def _finished(checker: Checker, named: bool) -> Iterator[ExerciseResult]:
    """Each result when it is there; until then a line says what is under way. A debugger has the screen to itself."""
    events = checker.check_these(checker.options.exercises) if named else checker.check_next()
    progress = SuiteProgress()
    with LiveLine(sys.stderr, SECONDS_BETWEEN_LINES, is_patient=True) as line:
        for event in events:
            if isinstance(event, SuiteFinished):
                line.clear()
                yield event.result
            elif (text := progress.text(event)) is not None and checker.options.judge_here is None:
                line.show(text)


def _is_listed(result: ExerciseResult, asked: set[str], named: bool) -> bool:
    """What was asked for, and of the rest what went wrong; a run without names is quiet until something is new."""
    wanted = result.exercise in asked or result.verdict in (Verdict.FAILED, Verdict.TIMEOUT, Verdict.ERROR)
    return wanted and (named or not result.cached)


def _explanations(layout: Layout, result: ExerciseResult) -> dict[str, str]:
    """Why the answers are right, where the exercise is a set of questions that has just been passed."""
    if not result.exercise.endswith("/concepts") or result.verdict is not Verdict.PASSED or result.cached:
        return {}
    return explanations_for(layout.suite_file(result.exercise), layout.exercise_file(result.exercise)) or {}


def _exit_code(results: list[ExerciseResult]) -> int:
    if any(result.verdict is Verdict.ERROR for result in results):
        return 3
    return 0 if all(result.verdict is Verdict.PASSED for result in results) else 1
