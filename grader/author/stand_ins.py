"""The stand-ins of a learner's kit: for each part that another one needs, its solution in a form that tells nothing."""

from __future__ import annotations

import zlib
from collections.abc import Iterable

from grader.author.plain_code import plain_code
from grader.course.curriculum import Curriculum, Exercise
from grader.course.files import write_atomically
from grader.course.layout import Layout
from grader.course.skipped_parts import is_needed, scrambled
from grader.course.tree_data import pack_tree


def write_stand_ins(layout: Layout, kit: Layout, curriculum: Curriculum, exercises: Iterable[Exercise]) -> None:
    """Write those of these exercises into the kit. What nothing rests on, such as a set of questions, needs none."""
    for exercise in exercises:
        if is_needed(curriculum, exercise):
            source = layout.solution_file(exercise.name).read_text(encoding="utf-8")
            packed = zlib.compress(pack_tree(plain_code(source, exercise.name)), 9)
            write_atomically(kit.stand_in_file(exercise.name), scrambled(exercise.name, packed))
