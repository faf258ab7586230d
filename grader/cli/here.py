"""`grader` alone: where the learner is, in five lines."""

from __future__ import annotations

from grader.cli.course import open_course
from grader.learner.progress import ProgressStore
from grader.learner.standing import standing
from grader.render.standing import print_standing
from grader.render.terminal import make_console


def say_where() -> None:
    """The chapter, what has passed, what is next, and the one command."""
    course = open_course()
    store = ProgressStore(course.layout, course.curriculum)
    print_standing(make_console(), standing(course.curriculum, store))
