"""Skipping an exercise: where that is possible, and what it means for those that rest on it."""

from __future__ import annotations

from grader.course.curriculum import Curriculum, Exercise
from grader.course.layout import Layout
from grader.course.skipped_parts import is_needed, stands_in
from grader.errors import UsageError
from grader.learner.progress import ProgressStore


def skip_exercise(layout: Layout, curriculum: Curriculum, progress: ProgressStore, exercise: Exercise) -> None:
    """Go on without it, or say why that cannot be."""
    if progress.has_passed(exercise):
        raise UsageError(f"{exercise.name} has passed: there is nothing to skip", "`grader check` goes on after it")
    if exercise.manually_graded:
        raise UsageError(f"{exercise.name} is marked by a person: no other exercise needs it", "go on with the next")
    if is_needed(curriculum, exercise) and not stands_in(layout, exercise):
        needing = [other.name for other in curriculum.graded if exercise.name in other.prerequisites]
        raise UsageError(
            f"{exercise.name} cannot be skipped: {needing[0]} needs it, and this kit has no course code for it",
            "`grader hint` helps you; those who made the kit left the course code out",
        )
    progress.skip(exercise)


def unskip_exercise(progress: ProgressStore, exercise: Exercise) -> None:
    """Take the exercise up again."""
    if not progress.is_skipped(exercise):
        raise UsageError(f"{exercise.name} is not skipped", "`grader list` shows which are")
    progress.unskip(exercise)
