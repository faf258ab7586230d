"""A learner's commands that run nothing: `list`, `show`, `hint`, `reset`, `notebook`. They are instant.

A command whose imports take longer than these do has a module of its own: `check`, `train`, `doctor`.
"""

from __future__ import annotations

import click

from grader.cli.course import next_or_last, one_exercise, open_course
from grader.cli.echo import echo
from grader.course.brief import brief_of
from grader.course.curriculum import Curriculum, Exercise, graded
from grader.course.files import write_atomically
from grader.course.notebook_writing import write_notebook
from grader.course.notebooks import notebook_path
from grader.course.predictions import has_questions
from grader.learner.history import summaries
from grader.learner.progress import ProgressStore
from grader.learner.reset import planned_reset, put_stub_back
from grader.render.brief import print_brief, print_hints
from grader.render.listing import print_list
from grader.render.messages import reset_question, reset_text, there_already_text, wrote_text
from grader.render.terminal import make_console


@click.command("list")
def list_() -> None:
    """The course: what has passed, minutes, points and your attempts."""
    course = open_course()
    progress = ProgressStore(course.layout, course.curriculum)
    print_list(make_console(), course.curriculum, progress.states(), summaries(progress))


@click.command()
@click.argument("name", required=False, metavar="[EXERCISE]")
def show(name: str | None) -> None:
    """Show the brief of an exercise. Without a name: of the next one."""
    course = open_course()
    exercise = _exercise(course.curriculum, ProgressStore(course.layout, course.curriculum), name)
    page = course.layout.chapter_page(exercise.chapter)
    shown = course.layout.display_path(page) if page.exists() else ""
    first = course.curriculum.shortest_name(exercise) if has_questions(course.layout, exercise.name) else None
    print_brief(make_console(), exercise, brief_of(course.layout, exercise), shown, first)


@click.command()
@click.argument("name", required=False, metavar="[EXERCISE]")
def hint(name: str | None) -> None:
    """Show a hint, and one more each time that you ask."""
    course = open_course()
    progress = ProgressStore(course.layout, course.curriculum)
    exercise = _exercise(course.curriculum, progress, name)
    count = progress.next_hint(exercise)
    progress.save()
    print_hints(make_console(), exercise, count)


@click.command()
@click.argument("name", metavar="EXERCISE")
@click.option("--yes", is_flag=True, help="Do not ask.")
def reset(name: str, yes: bool) -> None:
    """Put the stub back. What you wrote is kept beside it as a backup."""
    course = open_course()
    layout, progress = course.layout, ProgressStore(course.layout, course.curriculum)
    exercise = one_exercise(course.curriculum, name)
    reset = planned_reset(layout, course.curriculum, exercise)
    if not yes:
        click.confirm(reset_question(exercise, [layout.display_path(path) for path in reset.aside]), abort=True)
    backups = put_stub_back(reset)
    progress.begin_anew(exercise)
    progress.save()
    shown = {layout.display_path(path): layout.display_path(backup) for path, backup in backups.items()}
    echo(reset_text(layout.display_path(reset.file), shown))


@click.command()
@click.argument("names", nargs=-1, metavar="[EXERCISE]...")
@click.option("--all", "everything", is_flag=True, help="Every exercise.")
def notebook(names: tuple[str, ...], everything: bool) -> None:
    """Write exercises as notebooks, beside their files. An existing notebook is not changed."""
    course = open_course()
    layout = course.layout
    chosen = course.curriculum.exercises if everything else course.curriculum.find_all(names)
    if not chosen:
        raise click.UsageError("name an exercise, or give --all")
    for exercise in graded(chosen):
        file = layout.exercise_file(exercise.name)
        path = notebook_path(file)
        if path.exists():
            echo(there_already_text(layout.display_path(path)))
            continue
        write_atomically(path, write_notebook(file.read_text(encoding="utf-8"), exercise))
        echo(wrote_text(layout.display_path(path)))


def _exercise(curriculum: Curriculum, progress: ProgressStore, name: str | None) -> Exercise:
    """The exercise of this name, or the next one to do; after the last, the last of the course."""
    if name is not None:
        return one_exercise(curriculum, name)
    return next_or_last(curriculum, progress)
