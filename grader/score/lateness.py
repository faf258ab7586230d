"""What a person should look at where late days are counted: times that cannot be, and a system that says otherwise."""

from __future__ import annotations

import datetime
import math
from collections.abc import Callable, Iterable, Iterator

from grader.score.intake.submission import Intake, Submission
from grader.score.intake.systems import CANVAS_LATE
from grader.score.marks import DAY_SECONDS, Deadline, time_text

EARLIEST = datetime.datetime(2000, 1, 1).timestamp()  # archives that keep no time say 1980, some disks 1970
MOST_SAID = 20
MOST_NAMED = 5
GIVE = "give --times"


def without_due(given: Iterable[str]) -> tuple[str, ...]:
    """Of the options that count from the due date, those that were given without one."""
    return tuple(f"{option} has no effect without --due" for option in given)


def late_warnings(
    deadline: Deadline, intake: Intake, times: dict[str, float], days_late: Callable[[Submission], int], now: float
) -> tuple[str, ...]:
    """What to look at before the days count. `times` are those that a person gave, by student."""
    handed_in = [submission for submission in intake.submissions if submission.files]
    said = [*_few(_impossible(handed_in, times, now)), *_few(_marked_late(handed_in, times, deadline))]
    if intake.system == "canvas":
        said += _not_marked_late(handed_in, times, days_late)
    return tuple(said)


def _few(warnings: Iterable[str]) -> list[str]:
    found = list(warnings)
    more = len(found) - MOST_SAID
    return found if more <= 0 else [*found[:MOST_SAID], f"so it is with {more} more of the class: {GIVE}"]


def _impossible(handed_in: list[Submission], times: dict[str, float], now: float) -> Iterator[str]:
    for submission in handed_in:
        student = submission.student
        moment = times.get(student, submission.submitted)
        whose = "by --times" if student in times else "by the file's time"
        todo = "mend its row" if student in times else GIVE
        if not math.isfinite(moment) or moment == 0:
            yield f"{student}: when it was handed in is not known, so it is not late: {todo}"
        elif not EARLIEST <= moment <= now + DAY_SECONDS:
            yield f"{student}: {whose} it was handed in on {time_text(moment)}, which cannot be: {todo}"


def _marked_late(handed_in: list[Submission], times: dict[str, float], deadline: Deadline) -> Iterator[str]:
    """Grace and extensions are no contradiction: Canvas knows of neither."""
    for submission in handed_in:
        is_late = deadline.due is not None and submission.submitted > deadline.due
        if CANVAS_LATE in submission.notes and submission.student not in times and not is_late:
            yield f"{submission.student}: {CANVAS_LATE}, but by the file's time it is not late: {GIVE}"


def _not_marked_late(
    handed_in: list[Submission], times: dict[str, float], days_late: Callable[[Submission], int]
) -> list[str]:
    """An archive may have the time of the download for everyone's."""
    found = [
        submission.student
        for submission in handed_in
        if submission.student not in times and CANVAS_LATE not in submission.notes and days_late(submission)
    ]
    if not found:
        return []
    named = ", ".join(found[:MOST_NAMED]) + (f" and {len(found) - MOST_NAMED} more" if len(found) > MOST_NAMED else "")
    return [f"late by the file's time, but not marked LATE by Canvas: {named}: {GIVE} where Canvas is right"]
