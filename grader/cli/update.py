"""`grader update`: a newer kit in the place of this one. Everything is imported before the program is replaced."""

from __future__ import annotations

from pathlib import Path

import click

from grader.cli.course import open_course
from grader.cli.echo import echo
from grader.learner.progress import ProgressStore
from grader.learner.update import update as update_kit
from grader.render.messages import same_kit_text
from grader.render.terminal import make_console
from grader.render.update import print_updated


@click.command()
@click.argument("kit", metavar="KIT", type=click.Path(path_type=Path))
@click.option("--older", is_flag=True, help="Accept a kit that is older than this one.")
def update(kit: Path, older: bool) -> None:
    """Replace this kit by a newer one. Your work and progress stay.

    KIT is a folder, a .zip or a .tar.gz. After an interrupted run, use the same command again.
    """
    course = open_course()
    progress = ProgressStore(course.layout, course.curriculum)
    console = make_console()
    done = update_kit(course.layout, progress, kit, older)
    if done is None:
        echo(same_kit_text(str(kit)))
    else:
        print_updated(console, done)
