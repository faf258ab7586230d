"""A learner's whole course in one view: what has passed, what was tried, which mistakes were mended, what was made."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from grader.course.curriculum import Exercise
from grader.learner.attempts import Attempt, Summary, summary_of
from grader.learner.drawings import Drawing, NotDrawn
from grader.learner.lessons import Lesson, lessons_of
from grader.learner.over_time import OverTime, local_time, over_time, time_between
from grader.learner.prediction_store import read_predictions
from grader.learner.progress import ProgressStore
from grader.learner.standing import Standing, standing
from grader.learner.writing import Writing, read_writing


@dataclass(frozen=True)
class Row:
    """An exercise. `state` is a word of `ProgressStore.states`, nothing where it is to do; `right` of `predicted`."""

    exercise: Exercise
    state: str
    points: float
    attempts: Summary | None
    hints: int
    right: int
    predicted: int


@dataclass(frozen=True)
class Part:
    """A chapter with its exercises, and the sums of the points that a suite gives."""

    title: str
    rows: tuple[Row, ...]

    @property
    def points(self) -> float:
        return sum(row.points for row in self.rows)

    @property
    def points_possible(self) -> float:
        return sum(row.exercise.points for row in self.rows if not row.exercise.manually_graded)


@dataclass(frozen=True)
class Tried:
    """All attempts together. `first` and `last` are local time; `between` is the time between those of one sitting."""

    attempts: int
    days: int
    first: datetime
    last: datetime
    between: timedelta
    over_time: OverTime


@dataclass(frozen=True)
class CourseReport:
    """`tried` is None before the first attempt, `writing` before a model was trained; of `pictures` if left out."""

    standing: Standing
    parts: tuple[Part, ...]
    tried: Tried | None
    mended: tuple[Lesson, ...]
    open: tuple[Lesson, ...]
    pictures: tuple[Drawing | NotDrawn, ...] | None
    writing: Writing | None
    made: datetime

    @property
    def rows(self) -> Iterator[Row]:
        return (row for part in self.parts for row in part.rows)

    @property
    def is_empty(self) -> bool:
        """Whether nothing has been begun."""
        return self.tried is None and self.standing.passed == 0


def course_report(
    progress: ProgressStore, pictures: Iterable[Drawing | NotDrawn] | None, now: datetime
) -> CourseReport:
    """Read from what was remembered."""
    by_exercise: dict[str, list[Attempt]] = {exercise.name: [] for exercise in progress.curriculum.exercises}
    attempts = [item for item in progress.all_attempts() if item.exercise in by_exercise]
    for attempt in attempts:
        by_exercise[attempt.exercise].append(attempt)
    lessons = [lesson for name, items in by_exercise.items() for lesson in lessons_of(progress, name, items)]
    return CourseReport(
        standing=standing(progress.curriculum, progress),
        parts=tuple(_parts(progress, by_exercise)),
        tried=_tried(attempts),
        mended=tuple(lesson for lesson in lessons if lesson.mended is not None),
        open=tuple(lesson for lesson in lessons if lesson.mended is None),
        pictures=None if pictures is None else tuple(pictures),
        writing=read_writing(progress.layout),
        made=local_time(now),
    )


def _parts(progress: ProgressStore, attempts: dict[str, list[Attempt]]) -> Iterator[Part]:
    states, predictions = progress.states(), read_predictions(progress.layout)
    for chapter in progress.curriculum.chapters:
        rows = []
        for exercise in chapter.exercises:
            passed, predicted = progress.passed(exercise), predictions.get(exercise.name, ())
            rows.append(
                Row(
                    exercise=exercise,
                    state=states.get(exercise.name, ""),
                    points=0.0 if passed is None else exercise.points,
                    attempts=summary_of(attempts[exercise.name]),
                    hints=progress.state.hints.get(exercise.name, 0),
                    right=sum(item.right for item in predicted),
                    predicted=len(predicted),
                )
            )
        yield Part(chapter.title, tuple(rows))


def _tried(attempts: Sequence[Attempt]) -> Tried | None:
    found = over_time(attempts)
    if found is None:
        return None
    times = [local_time(attempt.at) for attempt in attempts]
    days = len({time.date() for time in times})
    return Tried(len(attempts), days, min(times), max(times), time_between(attempts), found)
