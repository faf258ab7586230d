"""A failure as labelled rows: the one view of it that terminal, page, Gradescope and JUnit show."""

from __future__ import annotations

import enum
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from grader.course.visible import visible
from grader.protocol.results import Call, Cause, Difference, ExerciseResult, Failure, Place, SmallestCase, WrongLine

LABEL = 10
CELLS = re.compile(r"\bcells? (\d+(?:(?:, | and )\d+)*)")
NUMBERS = re.compile(r"\d+")


class Kind(enum.StrEnum):
    """What a row's text is.

    The sentence above all others, what is known of the wrong value, a line of values side by side, words, values and
    calls, a place, or a line of code.
    """

    MESSAGE = "message"
    FACT = "fact"
    TABLE = "table"
    PROSE = "prose"
    CODE = "code"
    FRAME = "frame"
    SOURCE = "source"


@dataclass(frozen=True)
class Row:
    """One line of a failure. A row without a label goes on with the one before it."""

    label: str
    text: str
    kind: Kind

    @property
    def is_whole(self) -> bool:
        """Whether it is a line of its own, with no column for a label."""
        return self.kind in (Kind.FACT, Kind.TABLE)


def failure_rows(failure: Failure) -> tuple[Row, ...]:
    """Everything that is known of a failure, in the order in which a reader wants to know."""
    said = (*((_cause(failure.cause),) if failure.cause is not None else ()), *failure.facts)
    facts = (Row("", fact, Kind.FACT) for fact in said)
    rows = (Row("", failure.message, Kind.MESSAGE), *facts, *_rows(failure))
    return tuple(Row(row.label, visible(row.text), row.kind) for row in rows)


def case_rows(failure: Failure) -> tuple[Row, ...]:
    """What tells one way to be wrong from another, in few rows: its shape, one case by hand, the line where it begins.

    Without a case that was made small, it is the call with what was wanted and what came, or some of the values.
    """
    said = failure.facts[0] if failure.facts else failure.message
    case = _by_hand(failure.smallest) if failure.smallest is not None else (*_called(failure), *_table(failure))
    line = _line(failure.wrong_line) if failure.wrong_line is not None else ()
    rows = (Row("", said, Kind.FACT if failure.facts else Kind.MESSAGE), *case, *line)
    return tuple(Row(row.label, visible(row.text), row.kind) for row in rows)


def plain_lines(failure: Failure) -> list[str]:
    """The rows as lines of plain text, the labels in a column."""
    message, *rows = failure_rows(failure)
    return [message.text, *(row.text if row.is_whole else f"{row.label:<{LABEL}}{row.text}" for row in rows)]


def shown_place(place: Place) -> str:
    """`exercises/ch3_attention/softmax.py:12`, or `….ipynb cell 3:2`: the second line of the third cell."""
    cell = "" if place.cell is None else f" cell {place.cell}"
    return f"{place.file}{cell}" + ("" if place.line is None else f":{place.line}")


def cells_named(result: ExerciseResult) -> set[int]:
    """The cells of the exercise's own notebook of which its failures, its notes or what is to do in it speak."""
    failures = [result.problem, *(test.failure for test in result.tests)]
    texts = [row.text for failure in failures if failure is not None for row in failure_rows(failure)]
    own = [text for text in (*texts, *result.notes) if ".ipynb" not in text or result.file in text]
    found = {int(number) for text in own for cells in CELLS.findall(text) for number in NUMBERS.findall(cells)}
    return found & {number for number, _ in result.cells} if result.file.endswith(".ipynb") else set()


def _called(failure: Failure) -> Iterator[Row]:
    if failure.call is not None and failure.call.name:
        yield Row("called", _call(failure.call), Kind.CODE)
    if not failure.values or failure.expected != failure.actual:
        yield from (Row(*row, Kind.CODE) for row in _two(failure) if row[1])


def _table(failure: Failure) -> Iterator[Row]:
    return (Row("", line, Kind.TABLE) for line in failure.values)


def _rows(failure: Failure) -> Iterator[Row]:
    yield from _called(failure)
    yield from _table(failure)
    if failure.difference is not None:
        yield from _difference(failure.difference)
    if failure.wrong_line is not None:
        yield from _line(failure.wrong_line)
    if failure.smallest is not None:
        yield from _by_hand(failure.smallest)
    yield from _places(failure)
    if failure.advice:
        yield Row("next", failure.advice, Kind.PROSE)


def _two(failure: Failure) -> tuple[tuple[str, str], ...]:
    return ("expected", failure.expected), ("actual", failure.actual)


def _call(call: Call) -> str:
    arguments = ", ".join(f"{name}: {value}" for name, value in call.arguments)
    return f"{call.name}({arguments})" if arguments else call.name


def _difference(found: Difference) -> Iterator[Row]:
    if found.total == 1:
        yield Row("wrong", f"expected {found.worst_expected}, got {found.worst_actual}", Kind.PROSE)
        return
    text = f"{found.wrong} of {found.total} values"
    if not found.of_result:
        text += " that the test takes of the result"
    if found.largest is not None:
        place = "" if found.of_result else " of these"
        text += f"; the largest difference is {found.largest:.4g}, at {list(found.worst_index)}{place}"
    yield Row("wrong", text, Kind.PROSE)


def _line(found: WrongLine) -> Iterator[Row]:
    how = "are the reference's, in some order" if found.in_any_order else "agree with the reference's"
    where = f"Up to line {found.right_before.line} the values {how}."
    what = f"The first that is none of them is made at {shown_place(found.place)}."
    look = f"Look from line {found.right_before.line} on, at what is done, and at what is left out:"
    yield Row("begins", f"{where} {what} {look}", Kind.PROSE)
    yield Row("", found.text, Kind.SOURCE)


def _cause(found: Cause) -> str:
    name = f"`{found.function}`"
    if not found.passing:
        return f"This calls {name}, whose own tests fail. Mend that first."
    where = f"Your {name} of {found.part} causes this" if found.part else f"The fault is in {name}"
    tests = (
        f"{found.passing} of {found.failing} failed tests that were tried pass"
        if found.failing > 1
        else "the test passes"
    )
    return f"{where}: with a right one in its place, {tests}."


def _by_hand(case: SmallestCase) -> Iterator[Row]:
    yield Row("by hand", f"{case.call} with" if case.arguments else case.call, Kind.CODE)
    yield from (Row("", f"{name} = {value}", Kind.CODE) for name, value in case.arguments)
    yield Row("", f"expected {case.expected}", Kind.CODE)
    yield Row("", f"got      {case.actual}", Kind.CODE)


def _places(failure: Failure) -> Iterator[Row]:
    """The learner's own lines on the way to an exception; without any, where what was called is defined."""
    if not failure.frames and failure.place is not None:
        label = "in" if failure.call is None or failure.place.line is None else "defined"
        yield Row(label, shown_place(failure.place), Kind.FRAME)
    for frame in failure.frames:
        yield Row("at", shown_place(frame.place) + (f" in {frame.function}" if frame.function else ""), Kind.FRAME)
        if frame.text:
            yield Row("", frame.text, Kind.SOURCE)
    if failure.frames and (values := _values(failure.frames[-1].locals)):
        yield Row("there", values, Kind.CODE)


def _values(found: Iterable[tuple[str, str]]) -> str:
    return "; ".join(f"{name} = {value}" for name, value in found if name != "self")
