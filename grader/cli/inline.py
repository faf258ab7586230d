"""`from grader import picture`: the pictures of an exercise inside a notebook."""

from __future__ import annotations

import sys

from IPython.display import SVG, display

from grader.cli.course import open_course
from grader.errors import GraderError, UsageError
from grader.learner.pictures.catalogue import pictures_for
from grader.learner.pictures.making import pictures_of
from grader.render.figures.files import svg_text
from grader.render.figures.sizes import WIDE


def picture(exercise: str, width: int = WIDE) -> None:
    """Show what your own code makes, below the cell: `picture("softmax")`. Save your file or notebook before."""
    try:
        course = open_course()
        found = [item for item in course.curriculum.find(exercise) if pictures_for(item.name)]
        if not found:
            raise UsageError(f"{exercise} has no picture", "`grader picture` lists the exercises that have one")
        for item in found:
            for pair in pictures_of(course.layout, course.curriculum, item):
                display(SVG(svg_text(pair, width)))  # type: ignore[no-untyped-call]
    except GraderError as error:  # a notebook would show all of our frames
        print(f"error: {error.message}" + (f"\nhint: {error.hint}" if error.hint else ""), file=sys.stderr)
