"""A learner's `grader try`: Python, or IPython, with their own modules."""

from __future__ import annotations

import sys

import click

from grader.cli.course import next_or_last, one_exercise, open_course
from grader.learner import trying
from grader.learner.import_path import let_python_find
from grader.learner.progress import ProgressStore
from grader.render.terminal import make_console
from grader.render.trying import banner_text


@click.command("try")
@click.argument("name", required=False, metavar="[EXERCISE]")
@click.option("--plain", is_flag=True, help="Python's own prompt, not IPython's.")
def try_(name: str | None, plain: bool) -> None:
    """Open Python with your own code. The brief's example is already typed.

    Without a terminal, it runs the program on standard input: grader try softmax < mine.py
    """
    course = open_course()
    let_python_find(course.layout)
    if name is not None:
        exercise = one_exercise(course.curriculum, name)
    else:
        progress = ProgressStore(course.layout, course.curriculum)
        exercise = next_or_last(course.curriculum, progress)
    with trying.opened(course.layout, course.curriculum, exercise) as setting:
        if not sys.stdin.isatty():
            sys.exit(trying.run_input(setting, sys.stdin.read()))
        in_ipython = not plain and trying.has_ipython()
        banner = banner_text(setting, in_ipython, make_console().width)
        if in_ipython:
            trying.talk_in_ipython(setting, banner)
        else:
            trying.talk_in_python(setting, banner)
