"""`grader history`: the attempts at one exercise."""

from __future__ import annotations

import click

from grader.cli.course import one_exercise, open_course
from grader.learner.history import history_of
from grader.learner.progress import ProgressStore
from grader.render.history import print_history
from grader.render.terminal import make_console


@click.command()
@click.argument("name", metavar="EXERCISE")
def history(name: str) -> None:
    """Show your attempts at an exercise. It also shows the change that made it pass."""
    course = open_course()
    exercise = one_exercise(course.curriculum, name)
    found = history_of(ProgressStore(course.layout, course.curriculum), exercise)
    print_history(make_console(), found, course.curriculum.shortest_name(exercise))
