"""The brief of an exercise: the Markdown at the head of its file."""

from __future__ import annotations

import ast

from grader.course.curriculum import Exercise
from grader.course.layout import Layout


def brief_of(layout: Layout, exercise: Exercise) -> str:
    """The brief in the learner's file; in the pristine one, or in the solution, where the learner's has none."""
    for path in (
        layout.exercise_file(exercise.name, exercise.suffix),
        layout.pristine_file(exercise.name, exercise.suffix),
        layout.solution_file(exercise.name, exercise.suffix),
    ):
        try:
            text = path.read_text(encoding="utf-8")
            brief = text if exercise.manually_graded else ast.get_docstring(ast.parse(text))
        except (OSError, UnicodeDecodeError, SyntaxError, ValueError):
            continue
        if brief:
            return brief
    return f"# {exercise.title}"
