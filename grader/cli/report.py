"""A learner's `grader report`: the page of their course."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import click

from grader.cli.course import Course, open_course
from grader.cli.echo import echo
from grader.cli.lazy import imported
from grader.cli.opening import open_file
from grader.course.curriculum import Exercise
from grader.course.files import write_atomically
from grader.errors import UsageError
from grader.learner.course_report import course_report
from grader.learner.drawings import Draw, Drawing, NotDrawn, drawings_of
from grader.learner.progress import ProgressStore
from grader.render.live import SECONDS_BETWEEN_LINES, LiveLine
from grader.render.pages.course_page import course_page
from grader.render.pages.words import reason_text, wrote_page_text
from grader.render.pictures import no_viewer_text
from grader.render.terminal import Lines, make_console


@click.command()
@click.option("--out", type=click.Path(path_type=Path), help="The file to write; `report.html` unless given.")
@click.option("--without-pictures", is_flag=True, help="Leave out the pictures: drawing them takes a while.")
@click.option("--show", is_flag=True, help="Open it in a browser.")
def report(out: Path | None, without_pictures: bool, show: bool) -> None:
    """Write a page about your course, in one file for a browser."""
    course = open_course()
    progress = ProgressStore(course.layout, course.curriculum)
    pictures = None if without_pictures else _pictures(course, progress)
    found = course_report(progress, pictures, datetime.now(UTC))
    page, path = course_page(found).encode(), out or course.layout.report
    _write(path, page)
    lines, shown = Lines(make_console()), course.layout.display_path(path)
    for item in found.pictures or ():
        if isinstance(item, NotDrawn):
            lines.line(f"{item.exercise}: {reason_text(item)}")
    lines.line(wrote_page_text(found, shown, len(page)))
    if show and not open_file(path):
        echo(no_viewer_text(shown), err=True)


def _pictures(course: Course, progress: ProgressStore) -> list[Drawing | NotDrawn]:
    with LiveLine(sys.stderr, SECONDS_BETWEEN_LINES, is_patient=True) as line:
        return list(drawings_of(progress, _draw(course, line.show)))


def _draw(course: Course, show: Callable[[str], None]) -> Draw:
    """What draws an exercise's pictures and tells how far it is."""

    def draw(exercise: Exercise) -> tuple[Drawing | NotDrawn, ...]:
        def say(text: str) -> None:
            show(f"{exercise.name}: {text}")

        say("drawing its pictures")
        drawings = imported("grader.render.figures.drawings", "drawings")
        return tuple(drawings(course.layout, course.curriculum, exercise, say))

    return draw


def _write(path: Path, page: bytes) -> None:
    try:
        write_atomically(path, page)
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}", "--out names another file") from None
