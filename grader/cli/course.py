"""What nearly every command begins with: the kit around the current folder, and the exercise that a word names."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import click

from grader.course.curriculum import Curriculum, Exercise, load_curriculum
from grader.course.layout import Layout
from grader.learner.progress import ProgressStore


@dataclass(frozen=True)
class Course:
    """Where everything is, and what there is to do."""

    layout: Layout
    curriculum: Curriculum


def open_course() -> Course:
    """The kit around the current folder. Within a chapter's folder its exercises go before those of the same name."""
    layout = Layout.find()
    return Course(layout, replace(load_curriculum(layout), here=layout.chapter_of(Path.cwd())))


def one_exercise(curriculum: Curriculum, name: str) -> Exercise:
    """The exercise of this name, where a chapter will not do."""
    found = curriculum.find(name)
    if len(found) != 1:
        raise click.UsageError(f"{name} is a chapter; name one exercise of it")
    return found[0]


def next_or_last(curriculum: Curriculum, progress: ProgressStore) -> Exercise:
    """The next exercise to do; after the last, the last of the course."""
    return curriculum.next_exercise(progress.has_passed) or curriculum.exercises[-1]
