"""The words of `grader picture`: which there are, what is under way, and where each was written."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from rich.console import Console

from grader.course.curriculum import Curriculum
from grader.render.terminal import Lines


class Named(Protocol):
    """What is said of a picture before it is drawn."""

    @property
    def exercise(self) -> str: ...
    @property
    def title(self) -> str: ...


def print_pictures(console: Console, curriculum: Curriculum, pictures: Iterable[Named]) -> None:
    """Every exercise with pictures, in the order of the course, and their titles."""
    by_exercise: dict[str, list[str]] = {}
    for picture in pictures:
        by_exercise.setdefault(picture.exercise, []).append(picture.title)
    lines = Lines(console)
    for exercise in curriculum.exercises:
        if exercise.name in by_exercise:
            lines.line(curriculum.shortest_name(exercise), style="bold")
            for title in by_exercise[exercise.name]:
                lines.line(title, indent=4)
    lines.line("")
    lines.line("`grader picture EXERCISE` draws them from your own code.")


def print_drawn(console: Console, question: str, sentence: str, paths: Sequence[str]) -> None:
    """One picture: its question, what to see in it, and its files."""
    lines = Lines(console)
    lines.line(question, style="bold")
    lines.line(sentence, indent=2)
    for path in paths:
        lines.line(f"wrote {path}", indent=2)


def no_viewer_text(path: str) -> str:
    return f"No viewer can be opened from here. Open {path} yourself."
