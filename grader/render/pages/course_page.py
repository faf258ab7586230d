"""The page of a learner's course."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from typing import TypeVar

from grader.learner.course_report import CourseReport
from grader.learner.drawings import Drawing, NotDrawn
from grader.learner.lessons import Lesson
from grader.learner.over_time import OverTime
from grader.render.history import lasting
from grader.render.pages.attempts_chart import Chart, attempts_chart
from grader.render.pages.environment import page_environment
from grader.render.pages.svg_image import svg_address
from grader.render.pages.words import counted, day_text, moment_text, reason_text, row_text, span_text
from grader.render.training import apart, unit_of

T = TypeVar("T", Drawing | NotDrawn, Lesson)

WIDE, NARROW = 880, 340
MOST_LINES = 400  # of a change
ENDS_ALONE = "(line ends alone)"


def course_page(report: CourseReport) -> str:
    """The whole page, as HTML."""
    environment = page_environment()
    environment.filters |= {
        "counted": counted,
        "day": day_text,
        "moment": moment_text,
        "row_text": row_text,
        "reason_text": reason_text,
        "lasting": lasting,
        "apart": apart,
        "unit": unit_of,
        "svg_address": svg_address,
        "sample": lambda text: text.strip("\n") or ENDS_ALONE,
        "local": lambda time: time.astimezone(),
    }
    page = environment.get_template("course.html").render(
        report=report,
        charts=() if report.tried is None else _charts(report.tried.over_time),
        span_text=span_text,
        titles={row.exercise.name: row.exercise.title for row in report.rows},
        pictures=_by_exercise(report.pictures or ()),
        lessons={"mended": _by_exercise(report.mended), "open": _by_exercise(report.open)},
        most_lines=MOST_LINES,
    )
    return page.lstrip()


def _charts(found: OverTime) -> tuple[Chart, Chart]:
    return attempts_chart(found, "wide", WIDE), attempts_chart(found, "narrow", NARROW)


def _by_exercise(items: Iterable[T]) -> list[tuple[str, list[T]]]:
    """The items are in the order of the exercises."""
    return [(exercise, list(group)) for exercise, group in groupby(items, key=lambda item: item.exercise)]
