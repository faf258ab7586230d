"""What a learner has answered before coding, kept between runs in `.grader/predictions.json`."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from pathlib import Path

import msgspec

from grader.course.files import write_atomically
from grader.course.layout import Layout
from grader.course.locks import lock
from grader.course.predictions import Question


class Prediction(msgspec.Struct, frozen=True):
    """One answer: the question and its right answer as they were, what was given, and whether it was right."""

    ask: str
    answer: str
    given: str
    right: bool

    def is_of(self, question: Question) -> bool:
        """Whether it answers this question as it stands now."""
        return (self.ask, self.answer) == (question.ask, question.answer)


class Predictions(msgspec.Struct):
    """The file: for each exercise what was answered last, in the order in which it was."""

    version: int = 1
    exercises: dict[str, tuple[Prediction, ...]] = {}


def read_predictions(layout: Layout) -> dict[str, tuple[Prediction, ...]]:
    """All answers by exercise. A file that cannot be read counts as none, and stays where it is."""
    try:
        return msgspec.json.decode(_file(layout).read_bytes(), type=Predictions).exercises
    except (OSError, msgspec.DecodeError, UnicodeDecodeError):
        return {}


def answered(layout: Layout, exercise: str, questions: Iterable[Question]) -> dict[str, Prediction]:
    """The answers to these questions as they stand now, by question."""
    kept = read_predictions(layout).get(exercise, ())
    return {item.ask: item for item in kept for question in questions if item.is_of(question)}


def keep(layout: Layout, exercise: str, prediction: Prediction) -> None:
    """Write an answer down, in place of an earlier one. A disk that is read-only is no fault."""
    path = _file(layout)
    with contextlib.suppress(OSError), lock(path.with_name(".predictions.lock"), wait=True):
        found = _load(path)
        others = tuple(item for item in found.exercises.get(exercise, ()) if item.ask != prediction.ask)
        found.exercises[exercise] = (*others, prediction)
        write_atomically(path, msgspec.json.format(msgspec.json.encode(found), indent=1))


def _file(layout: Layout) -> Path:
    return layout.state / "predictions.json"


def _load(path: Path) -> Predictions:
    """What is there. A file that cannot be read is set aside, not lost."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Predictions)
    except FileNotFoundError:
        return Predictions()
    except (OSError, msgspec.DecodeError, UnicodeDecodeError):
        with contextlib.suppress(OSError):
            path.replace(path.with_suffix(".unreadable.json"))
        return Predictions()
