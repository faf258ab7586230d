"""Where a learner is in the course: what has passed, and what is next."""

from __future__ import annotations

from dataclasses import dataclass

from grader.course.curriculum import Chapter, Curriculum, Exercise
from grader.learner.progress import ProgressStore, upcoming_exercise


@dataclass(frozen=True)
class Standing:
    """`upcoming` is None once every exercise has passed. `short` is the shortest name for it, `file` its file."""

    passed: int
    exercises: int
    points: float
    points_possible: float
    chapter: Chapter
    upcoming: Exercise | None
    short: str = ""
    file: str = ""


def standing(curriculum: Curriculum, progress: ProgressStore) -> Standing:
    """Of the exercises that a suite marks: how many have passed as they are now, and the first that has not."""
    passed = [exercise for exercise in curriculum.graded if progress.has_passed(exercise)]
    upcoming = upcoming_exercise(curriculum, progress, ())
    at_hand = upcoming or curriculum.graded[-1]
    layout = progress.layout
    return Standing(
        passed=len(passed),
        exercises=len(curriculum.graded),
        points=sum(exercise.points for exercise in passed),
        points_possible=sum(exercise.points for exercise in curriculum.graded),
        chapter=next(chapter for chapter in curriculum.chapters if chapter.name == at_hand.chapter),
        upcoming=upcoming,
        short=curriculum.shortest_name(at_hand),
        file=layout.display_path(layout.exercise_file(at_hand.name, at_hand.suffix)),
    )
