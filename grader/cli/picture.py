"""A learner's `grader picture`: what their own code makes, drawn as files."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from grader.cli.course import Course, open_course
from grader.cli.echo import echo
from grader.cli.lazy import imported
from grader.cli.opening import open_file
from grader.course.curriculum import Exercise
from grader.course.files import write_atomically
from grader.errors import UsageError
from grader.learner.pictures.catalogue import PICTURES, pictures_for
from grader.render.figures.sizes import LEAST, MOST, NARROW, WIDE
from grader.render.live import SECONDS_BETWEEN_LINES, LiveLine
from grader.render.pictures import no_viewer_text, print_drawn, print_pictures
from grader.render.terminal import make_console

FORMATS = {"png": ("png",), "svg": ("svg",), "both": ("png", "svg")}


@click.command()
@click.argument("name", required=False, metavar="[EXERCISE]")
@click.option("--out", type=click.Path(path_type=Path), help="The folder to write to; `pictures` unless given.")
@click.option("--format", "form", type=click.Choice(list(FORMATS)), default="both", show_default=True)
@click.option("--width", type=click.IntRange(LEAST, MOST), default=WIDE, show_default=True, help="In pixels.")
@click.option("--narrow", is_flag=True, help=f"For a phone: {NARROW} pixels wide, one panel below the other.")
@click.option("--show", is_flag=True, help="Open the pictures.")
def picture(name: str | None, out: Path | None, form: str, width: int, narrow: bool, show: bool) -> None:
    """Draw pictures with your own code. Without a name: list all pictures."""
    course = open_course()
    if name is None:
        print_pictures(make_console(), course.curriculum, PICTURES)
        return
    folder = out or course.layout.pictures
    for exercise in _exercises(course, name):
        for pair in _worked_out(course, exercise):
            paths = [folder / f"{pair.own.name}.{kind}" for kind in FORMATS[form]]
            for path in paths:
                _write(path, _drawn(pair, path.suffix, NARROW if narrow else width))
            shown = [course.layout.display_path(path) for path in paths]
            print_drawn(make_console(), pair.own.question, pair.own.sentence, shown)
            if show and not open_file(paths[0]):
                echo(no_viewer_text(shown[0]), err=True)


def _exercises(course: Course, name: str) -> list[Exercise]:
    """The exercises that a word names, with pictures; of a chapter those that have any."""
    found = [exercise for exercise in course.curriculum.find(name) if pictures_for(exercise.name)]
    if not found:
        raise UsageError(f"{name} has no picture", "`grader picture` lists the exercises that have one")
    return found


def _worked_out(course: Course, exercise: Exercise) -> Any:
    with LiveLine(sys.stderr, SECONDS_BETWEEN_LINES, is_patient=True) as line:
        line.show(f"{exercise.name}: loading torch")
        pictures_of = imported("grader.learner.pictures.making", "pictures_of")
        return pictures_of(
            course.layout, course.curriculum, exercise, lambda text: line.show(f"{exercise.name}: {text}")
        )


def _drawn(pair: Any, suffix: str, width: int) -> bytes:
    if suffix == ".png":
        return bytes(imported("grader.render.figures.files", "png_bytes")(pair, width))
    return str(imported("grader.render.figures.files", "svg_text")(pair, width)).encode()


def _write(path: Path, content: bytes) -> None:
    try:
        write_atomically(path, content)
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}", "--out names another folder") from None
