"""The pictures of an exercise, drawn for a page: wide and narrow."""

from __future__ import annotations

from grader.course.curriculum import Curriculum, Exercise
from grader.course.layout import Layout
from grader.learner.drawings import Drawing
from grader.learner.pictures.making import Say, pictures_of
from grader.render.figures.files import svg_text
from grader.render.figures.sizes import NARROW, WIDE


def drawings(layout: Layout, curriculum: Curriculum, exercise: Exercise, say: Say) -> tuple[Drawing, ...]:
    """Work them out by the learner's own code, and draw them."""
    return tuple(
        Drawing(
            name=pair.own.name,
            exercise=exercise.name,
            words=f"{pair.own.title}. {pair.own.question} {pair.own.sentence}",
            wide=svg_text(pair, WIDE),
            narrow=svg_text(pair, NARROW),
        )
        for pair in pictures_of(layout, curriculum, exercise, say)
    )
