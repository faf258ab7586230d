"""The words of a course's page: times, counts, what became of an exercise, and the line that says where the page is."""

from __future__ import annotations

from datetime import datetime

from grader.learner.course_report import CourseReport, Row
from grader.learner.drawings import Drawing, NotDrawn
from grader.learner.over_time import Unit
from grader.render.listing import state_text


def counted(number: int, noun: str) -> str:
    """`1 attempt`, `2 attempts`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def day_text(time: datetime) -> str:
    """`3 March 2026`."""
    return f"{time.day} {time:%B %Y}"


def moment_text(time: datetime) -> str:
    """`3 March 2026, 18:05`."""
    return f"{day_text(time)}, {time:%H:%M}"


def span_text(unit: Unit, start: datetime) -> str:
    """What a span is called on an axis: short."""
    if unit is Unit.HOUR:
        return f"{start.day} {start:%b}, {start:%H:00}"
    if unit is Unit.MONTH:
        return f"{start:%b %Y}"
    return f"{start.year}" if unit is Unit.YEAR else f"{start.day} {start:%b}"


def row_text(row: Row) -> str:
    """What became of an exercise so far."""
    said = "marked by a person" if row.exercise.manually_graded else state_text(row.state, row.attempts) or "to do"
    return f"{said}; {counted(row.hints, 'hint')} shown" if row.hints else said


def wrote_page_text(report: CourseReport, path: str, size: int) -> str:
    """Where the page is, and what is in it."""
    parts = [f"{report.standing.passed} of {report.standing.exercises} exercises passed"]
    if mended := sum(len(lesson.mistakes) for lesson in report.mended):
        parts.append(f"{counted(mended, 'named mistake')} mended")
    drawn = sum(isinstance(item, Drawing) for item in report.pictures or ())
    if drawn:
        parts.append(counted(drawn, "picture"))
    return f"Wrote {path} ({max(1, round(size / 1000)):,} kB): {', '.join(parts)}. Open it in a browser."


def reason_text(item: NotDrawn) -> str:
    """Why a picture is not there. The reason begins with a place, or with the name of an exception."""
    return f"{f'“{item.title}”' if item.title else 'The pictures'} could not be drawn: {item.reason}"
