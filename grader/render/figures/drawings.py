"""The pictures of an exercise, drawn for a page: wide and narrow."""

from __future__ import annotations

from grader.course.curriculum import Curriculum, Exercise
from grader.course.layout import Layout
from grader.errors import GraderError
from grader.learner.drawings import Drawing, NotDrawn
from grader.learner.pictures.catalogue import Picture
from grader.learner.pictures.making import Say, pictures_of
from grader.render.figures.files import svg_text
from grader.render.figures.sizes import NARROW, WIDE


def drawings(layout: Layout, curriculum: Curriculum, exercise: Exercise, say: Say) -> tuple[Drawing | NotDrawn, ...]:
    """Worked out by the learner's own code. Those that cannot be drawn come first, each with the reason."""
    failed: list[Drawing | NotDrawn] = []

    def note(picture: Picture, error: GraderError) -> None:
        failed.append(NotDrawn(exercise.name, error.message, picture.title))

    drawn = tuple(
        Drawing(
            name=pair.own.name,
            exercise=exercise.name,
            words=f"{pair.own.title}. {pair.own.question} {pair.own.sentence}",
            wide=svg_text(pair, WIDE),
            narrow=svg_text(pair, NARROW),
        )
        for pair in pictures_of(layout, curriculum, exercise, say, note)
    )
    return (*failed, *drawn)
