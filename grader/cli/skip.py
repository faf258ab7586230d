"""`grader skip`: go on without an exercise, or take it up again."""

from __future__ import annotations

import click

from grader.cli.course import one_exercise, open_course
from grader.cli.echo import echo
from grader.learner.progress import ProgressStore, upcoming_exercise
from grader.learner.skipping import skip_exercise, unskip_exercise
from grader.render.messages import skipped_text, taken_up_text


@click.command()
@click.argument("name", metavar="EXERCISE")
@click.option("--undo", is_flag=True, help="End the skipping.")
def skip(name: str, undo: bool) -> None:
    """Go on without an exercise. Later exercises use the course's own code for it.

    A skipped exercise gives no points. `grader check EXERCISE` still judges it. When it passes, it is no longer
    skipped.
    """
    course = open_course()
    progress = ProgressStore(course.layout, course.curriculum)
    exercise = one_exercise(course.curriculum, name)
    short = course.curriculum.shortest_name(exercise)
    if undo:
        unskip_exercise(progress, exercise)
        echo(taken_up_text(exercise, short))
        return
    skip_exercise(course.layout, course.curriculum, progress, exercise)
    echo(skipped_text(exercise, short, upcoming_exercise(course.curriculum, progress, ())))
