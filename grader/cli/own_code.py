"""Running the learner's own code for a command: what it raises is printed with its lines, and ends with exit code 1."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from grader.cli.course import Course, open_course
from grader.learner.own_code import OwnCode
from grader.learner.own_errors import OwnCodeError, telling_whose_it_is
from grader.render.own_errors import own_error_lines
from grader.render.terminal import Lines, make_console


@contextmanager
def own_code() -> Iterator[tuple[Course, OwnCode]]:
    """The course around the current folder, and the learner's own modules of it."""
    course = open_course()
    try:
        with OwnCode(course.layout, course.curriculum) as code, telling_whose_it_is(code):
            yield course, code
    except OwnCodeError as error:
        own_error_lines(error, Lines(make_console(sys.stderr)))
        sys.exit(1)
