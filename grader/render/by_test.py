"""A test's finding as a test runner shows it: the text of a failure, its first line, and why a test was not run."""

from __future__ import annotations

import io

import msgspec
from rich.text import Text

from grader.course.curriculum import Curriculum
from grader.course.visible import visible, visible_line
from grader.learner.by_test import Found
from grader.protocol.results import Failure, Place, TestResult, Verdict
from grader.render.failure_view import LABEL, Kind, failure_rows
from grader.render.terminal import Lines, make_console

DEBUG = ("`grader check --debug`", "`pytest --debugger`")  # who works with pytest goes on with it
KITS_FAULT = "This is the kit's own fault, not your code's. Please report it."


def first_line(found: Found) -> str:
    """The failure in one line: the mistake where it has a name."""
    for case in found.cases:
        if case.verdict is found.verdict:
            return _headline(case)
    problem = found.whole.problem if found.whole is not None else None
    return visible_line(problem.message) if problem is not None else f"the suite has no test `{found.test}`"


def failure_text(found: Found, width: int, encoding: str, is_first: bool) -> str:
    """Why the test did not pass, as `grader check` says it. A file's problem is told whole for the first test alone."""
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding, errors="replace", newline="\n")
    page = _Page(Lines(make_console(stream, width)))
    if found.verdict is Verdict.ERROR:
        page.lines.line(KITS_FAULT)
        page.lines.line("")
    wrong = [case for case in found.cases if case.verdict not in (Verdict.PASSED, Verdict.TODO, Verdict.BLOCKED)]
    for case in wrong:
        page.case(case)
    if not found.cases:
        problem = found.whole.problem if found.whole is not None else None
        if problem is not None and is_first:
            page.failure(problem)
        else:
            page.lines.line(first_line(found))
    page.end(found)
    stream.flush()
    return stream.buffer.getvalue().decode(encoding).rstrip("\n")


def reason_not_run(found: Found, curriculum: Curriculum) -> str:
    """Why a test that has nothing to say of the code was skipped."""
    whole = found.whole
    if whole is not None and whole.blocked_by:
        first = curriculum.shortest_name(curriculum.get(whole.blocked_by[0]))
        have = "has" if len(whole.blocked_by) == 1 else "have"
        return f"needs {', '.join(whole.blocked_by)}, which {have} not passed: `grader check {first}`"
    failure = _failure_of(found)
    if failure is None:
        return str(found.verdict)
    if found.verdict is Verdict.TODO and failure.frames and failure.frames[-1].function:
        return f"still to do: {failure.frames[-1].function}"
    return visible_line(failure.message)


def place_to_do(found: Found) -> Place | None:
    """The learner's line that is still to be written, or where an earlier part is."""
    failure = _failure_of(found)
    if failure is None:
        return None
    return failure.frames[-1].place if failure.frames else failure.place


def printed(found: Found) -> str:
    """What the learner's code printed."""
    return visible("".join(case.output for case in found.cases))


def _failure_of(found: Found) -> Failure | None:
    for case in found.cases:
        if case.verdict is found.verdict:
            return case.failure
    return found.whole.problem if found.whole is not None else None


def _headline(case: TestResult) -> str:
    if case.mistake is not None:
        return visible_line(case.mistake.says)
    return visible_line(case.failure.message) if case.failure is not None else str(case.verdict)


class _Page:
    """Prints what is known of cases, one below the other."""

    def __init__(self, lines: Lines) -> None:
        self.lines = lines

    def case(self, case: TestResult) -> None:
        if self.lines.printed:
            self.lines.line("")
        if case.title:
            self.lines.line(case.title)
            self.lines.line("")
        if case.mistake is not None:
            self.lines.line(case.mistake.says)
        if case.failure is not None:
            self.failure(case.failure)
        for note in case.notes:
            self.lines.line(f"note: {note}")

    def failure(self, failure: Failure) -> None:
        failure = msgspec.structs.replace(failure, advice=failure.advice.replace(*DEBUG))
        for row in failure_rows(failure):
            if row.is_whole or row.kind is Kind.MESSAGE:
                self.lines.text(Text(row.text))
            elif row.kind is Kind.SOURCE:
                self.lines.text(Text(row.text), LABEL + 2)
            else:
                self._labelled(row.label, row.text)

    def _labelled(self, label: str, text: str) -> None:
        self.lines.text(Text(text), 0, Text(f"{label:<{LABEL}}"))

    def end(self, found: Found) -> None:
        """What was set aside in a notebook, and how to have the same inputs again."""
        whole = found.whole
        if whole is None:
            return
        for note in whole.notes:
            self.lines.line(f"note: {note}")
        if whole.tests and whole.seed:
            self._labelled("again", f"grader check {found.exercise} --seed {whole.seed}")
