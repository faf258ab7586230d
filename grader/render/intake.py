"""Who handed in what, as it was read: what `grader score --dry-run` prints, and what stands beside the marks."""

from __future__ import annotations

from collections.abc import Iterator

from grader.render.plain import lines_text, students_text
from grader.score.command import ClassRead
from grader.score.intake.submission import Submission
from grader.score.intake.systems import PLAIN
from grader.score.marks import time_text

MOST_FILES = 200  # that do not count, of one student
MOST_ENTRIES = 1000  # that are nobody's
MOST_SOURCES = 10  # entries that one student's work came in, or names that were passed over


def intake_text(read: ClassRead) -> str:
    """Every student with the files that count and those that do not, then what is nobody's."""
    intake = read.intake
    how = "as a person named them" if intake.system == PLAIN else f"as {intake.system} names them"
    lines = [f"{students_text(len(intake.submissions))}, read {how}"]
    for submission in intake.submissions:
        lines += ["", *_student(submission, read.submitted[submission.student])]
    if intake.aside:
        lines += ["", "left aside, nobody's work:"]
        lines += [f"  {item.name}: {item.reason}" for item in intake.aside[:MOST_ENTRIES]]
        lines += [f"  and {len(intake.aside) - MOST_ENTRIES} more"] if len(intake.aside) > MOST_ENTRIES else []
    if read.warnings:
        lines += ["", "look at this:", *(f"  {warning}" for warning in read.warnings)]
    return lines_text(lines)


def _student(submission: Submission, submitted: float) -> Iterator[str]:
    person = submission.person
    words = [
        f"id {person.id}" if person.id else "",
        person.email,
        person.section,
        time_text(submitted) if submitted > 0 else "",
    ]
    yield "  ".join(filter(None, (person.label, *words)))
    if submission.sources and person.label not in (source.partition(".")[0] for source in submission.sources):
        yield f"  from: {', '.join(submission.sources[:MOST_SOURCES])}"
    if submission.problem:
        yield f"  nothing counts: {submission.problem}"
    for exercise, name in submission.used.items():
        doubt = submission.doubts.get(exercise)
        yield f"  {exercise}: {name}" + (f", but {doubt}" if doubt else "")
    for note in submission.notes:
        yield f"  note: {note}"
    for item in submission.aside[:MOST_FILES]:
        yield f"  does not count: {item.name}: {item.reason}"
    if len(submission.aside) > MOST_FILES:
        yield f"  and {len(submission.aside) - MOST_FILES} more files that do not count"
    if submission.passed_over:
        more = "" if len(submission.passed_over) <= MOST_SOURCES else ", …"
        yield f"  passed over: {', '.join(submission.passed_over[:MOST_SOURCES])}{more}"
