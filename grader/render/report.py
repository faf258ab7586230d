"""`grader check` on a terminal: each exercise as it is done, and the next step at the end."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import groupby
from pathlib import Path

from rich.console import Console
from rich.style import Style
from rich.text import Text

from grader.course.curriculum import Curriculum, Exercise
from grader.course.visible import visible
from grader.protocol.results import (
    Event,
    ExerciseResult,
    Failure,
    Figures,
    Place,
    Progress,
    SuiteStarted,
    TestFinished,
    TestResult,
    Verdict,
)
from grader.render.failure_view import LABEL, Kind, Row, cells_named, failure_rows, shown_place
from grader.render.figure_table import table_lines
from grader.render.messages import sequel_text
from grader.render.terminal import Lines

STYLES = {
    Verdict.PASSED: "green",
    Verdict.FAILED: "bold red",
    Verdict.TIMEOUT: "bold red",
    Verdict.TODO: "yellow",
    Verdict.BLOCKED: "dim",
    Verdict.ERROR: "bold magenta",
}
SIGNS = {
    Verdict.PASSED: "✓",
    Verdict.FAILED: "✗",
    Verdict.TIMEOUT: "✗",
    Verdict.TODO: "·",
    Verdict.BLOCKED: "-",
    Verdict.ERROR: "!",
}
OUTPUT_LINES = 12
RIGHT_BLOCK = "actual"
PATH_END = re.compile(r":\d| cell \d| in ")
NUMBER = re.compile(r"[-−]?\d+(?:\.\d+)?(?:e[-+]?\d+)?")
LINES_OF_FULL_WAYS, LINES_OF_WAYS = 12, 24  # after so many lines the next way is brief, or counted


class SuiteProgress:
    """Follows the events of suites, and says of each what the live line is to show."""

    def __init__(self) -> None:
        self.total = self.done = 0

    def text(self, event: Event) -> str | None:
        """None where an event leaves the line as it is."""
        if isinstance(event, SuiteStarted):
            self.total, self.done = len(event.tests), 0
            return f"{event.exercise}: {self.total} tests"
        if isinstance(event, TestFinished):
            self.done += 1
            return f"{event.exercise}: {self.done} of {self.total} tests"
        if isinstance(event, Progress):
            return f"{event.exercise}: {event.text} ({100 * event.fraction:.0f} %)"
        return None


class CheckReport:
    """Prints the results of `grader check` as they come, and what to do next at the end.

    `more` is what a person asks for more with. Paths are links where `home`, which they start from, is known.
    """

    def __init__(
        self,
        console: Console,
        curriculum: Curriculum,
        verbose: bool = False,
        more: str = "-v",
        home: Path | None = None,
    ) -> None:
        self.lines = Lines(console)
        self.curriculum = curriculum
        self.verbose = verbose
        self.more = more
        self.home = home

    # -- one exercise ---------------------------------------------------------------------------------

    def exercise(self, result: ExerciseResult, in_short: bool = False) -> None:
        """One exercise: a heading, then only what a learner needs to act.

        `in_short` is for one that another needs: the first thing that is wrong, and the command that shows the rest.
        """
        exercise = self.curriculum.get(result.exercise)
        self.lines.text(heading(result, exercise))
        if in_short and not self.verbose:
            self._in_short(result, exercise)
        else:
            self.body(result)

    def body(self, result: ExerciseResult) -> None:
        """The exercise without its heading."""
        if result.verdict is not Verdict.BLOCKED and (result.beside or result.file.endswith(".ipynb")):
            self.lines.line(f"judged: {result.file}", 2, "dim")
        if result.problem is not None:
            self._failure(result.problem, indent=2)
        if result.verdict is Verdict.BLOCKED:
            names = ", ".join(result.blocked_by)
            self.lines.line(f"needs {names}, which {'has' if len(result.blocked_by) == 1 else 'have'} not passed", 2)
        self._tests(result)
        for figures in result.figures:
            self._figures(figures)
        self._notes(result)
        self._cells(result)
        if result.verdict is Verdict.PASSED and not result.cached and (sequel := sequel_text(result.exercise)):
            self.lines.line(sequel, 2)

    def _in_short(self, result: ExerciseResult, exercise: Exercise) -> None:
        wrong = next((test for test in result.tests if test.verdict not in (Verdict.PASSED, Verdict.TODO)), None)
        if wrong is not None and wrong.mistake is not None:
            self.lines.line(wrong.mistake.says, 2)
        elif (failure := result.problem or (wrong.failure if wrong is not None else None)) is not None:
            self.lines.text(Text(failure_rows(failure)[0].text), 2)
        self._labelled("details", f"grader check {self.curriculum.shortest_name(exercise)}", 2)

    def _tests(self, result: ExerciseResult) -> None:
        """What failed first; of what passed a learner needs no more than the count."""
        wrong = [t for t in result.tests if t.verdict not in (Verdict.PASSED, Verdict.TODO)]
        todo = [t for t in result.tests if t.verdict is Verdict.TODO]
        passed = [t for t in result.tests if t.verdict is Verdict.PASSED]
        self._wrong(wrong)
        if todo and result.verdict is not Verdict.TODO:
            self.lines.line(f"{SIGNS[Verdict.TODO]} {count_of(len(todo), 'test')} of what is still to do", 2, "yellow")
        elif todo:
            self._todo(result, passed, todo)
        if self.verbose:
            for test in passed:
                self._test_line(test)
        elif wrong and passed:
            other = f"{count_of(len(passed), 'other test')} {'pass' if len(passed) > 1 else 'passes'}"
            self.lines.line(f"{SIGNS[Verdict.PASSED]} {other} ({self.more} lists them)", 2, "green")

    def _todo(self, result: ExerciseResult, passed: list[TestResult], todo: list[TestResult]) -> None:
        if passed:
            self.lines.line(f"{len(passed)} of {len(result.tests)} tests pass; the rest is still to do:", 2)
        places: dict[Place, str] = {}
        for test in todo:
            if test.failure is not None and test.failure.frames:
                frame = test.failure.frames[-1]
                places.setdefault(frame.place, frame.function)
        for place in sorted(places, key=lambda place: (place.cell or 0, place.line or 0)):
            self.lines.line(f"{SIGNS[Verdict.TODO]} {places[place]}  {shown_place(place)}", 2, "yellow")

    def _test_line(self, test: TestResult) -> None:
        style = STYLES[test.verdict]
        word = "" if test.verdict in (Verdict.PASSED, Verdict.FAILED) else f" ({test.verdict})"
        text = Text.assemble((f"{SIGNS[test.verdict]} ", style), visible(test.title), (word, style))
        self.lines.text(text, 2)

    def _wrong(self, wrong: list[TestResult]) -> None:
        """What failed in the same way stands together: one explanation, and how many more there are.

        Without `-v` it is no more than a screen: the later ways in a line or two, the last ones as a count.
        """
        groups: dict[str, list[TestResult]] = {}
        for test in wrong:
            groups.setdefault(_way(test), []).append(test)
        ways, first = list(groups.values()), self.lines.printed
        for number, tests in enumerate(ways):
            used = self.lines.printed - first
            if used > LINES_OF_WAYS and not self.verbose:
                more = count_of(sum(map(len, ways[number:])), "more test")
                self.lines.line(f"{SIGNS[Verdict.FAILED]} {more}, in other ways ({self.more} shows them)", 2, "red")
                return
            self._group(tests, brief=used > LINES_OF_FULL_WAYS and not self.verbose)

    def _group(self, tests: list[TestResult], brief: bool) -> None:
        shown = tests if self.verbose else tests[:1]
        for test in shown:
            self._test_line(test)
            self._explanation(test, brief)
        if len(tests) > len(shown):
            more = count_of(len(tests) - len(shown), "more test")
            self.lines.line(f"{SIGNS[Verdict.FAILED]} {more}, in the same way ({self.more} shows them)", 2, "red")

    def _explanation(self, test: TestResult, brief: bool) -> None:
        if test.failure is None:
            return
        if test.mistake is not None:
            self.lines.text(Text(visible(test.mistake.says), style="bold"), 6)
        self._failure(test.failure, indent=6, brief=brief, is_named=test.mistake is not None)
        if test.output.strip():
            self._output(test.output)

    def _failure(self, failure: Failure, indent: int, brief: bool = False, is_named: bool = False) -> None:
        """The first line stands out: the mistake if it has a name, else what was seen."""
        first, *rows = failure_rows(failure)
        self.lines.text(Text(first.text, style="" if is_named else "bold"), indent)
        for kind, group in groupby(() if brief else rows, key=lambda row: row.kind):
            shown = list(group)
            if kind is Kind.TABLE:
                shown = _narrowed(shown, self.lines.console.width - indent)
            for row in shown:
                self._row(row, indent)

    def _row(self, row: Row, indent: int) -> None:
        if row.is_whole:
            self.lines.text(Text(row.text), indent)
        elif row.kind is Kind.SOURCE:
            self.lines.text(Text(row.text, style="cyan"), indent + LABEL + 2)
        else:
            self._labelled(row.label, row.text, indent, is_path=row.kind is Kind.FRAME)

    def _labelled(self, label: str, text: str, indent: int, is_path: bool = False) -> None:
        shown = Text(visible(text), style=self._link(text) if is_path else "")
        self.lines.text(shown, indent, Text(f"{label:<{LABEL}}", style="dim"))

    def _link(self, text: str) -> Style | str:
        """A link to the file whose path begins the text, for terminals that follow links."""
        path = self.home / PATH_END.split(text, maxsplit=1)[0] if self.home is not None else None
        return Style(link=path.as_uri()) if path is not None and path.is_file() else ""

    def _output(self, output: str) -> None:
        lines = visible(output).rstrip().splitlines()
        self.lines.line("printed meanwhile:", 6, "dim")
        for line in lines[:OUTPUT_LINES]:
            self.lines.line(line[: self.lines.console.width - 9], 8)
        if len(lines) > OUTPUT_LINES:
            self.lines.line(f"… {len(lines) - OUTPUT_LINES} lines more", 8, "dim")

    def _figures(self, figures: Figures) -> None:
        self.lines.line(visible(figures.title), 2, "dim")
        for line in table_lines(figures, self.lines.console.width - 4):
            self.lines.text(Text(visible(line)), 4)

    def _notes(self, result: ExerciseResult) -> None:
        notes = dict.fromkeys([*result.notes, *(note for test in result.tests for note in test.notes)])
        for note in notes:
            self.lines.line(f"note: {note}", 2, "yellow")
        if result.verdict in (Verdict.FAILED, Verdict.TIMEOUT, Verdict.ERROR) and result.tests:
            self.lines.line(f"the same inputs again: --seed {result.seed}", 2, "dim")

    def _cells(self, result: ExerciseResult) -> None:
        """How each cell begins that was spoken of: Jupyter shows no such numbers."""
        named = cells_named(result)
        for number, line in result.cells:
            if number in named:
                self.lines.line(f"cell {number} begins: {line}", 2, "dim")
        if named:
            self.lines.line("Cells are counted from the top, those with text as well.", 2, "dim")

    def explanations(self, texts: dict[str, str]) -> None:
        """Why the answers of a `concepts` exercise are right, once they are."""
        for question, text in texts.items():
            self._labelled(question, text, 2)

    # -- the end --------------------------------------------------------------------------------------

    def end(
        self,
        found: Iterable[ExerciseResult],
        asked: set[str],
        upcoming: Exercise | None,
        file: str = "",
        earliest: Exercise | None = None,
        skipped: Sequence[str] = (),
    ) -> None:
        """What became of the exercises asked for, and the next step. `file` is the one to edit for it.

        `earliest` is the first of the course that has not passed: it is told where it comes before the next step.
        """
        found = list(found)
        results = [result for result in found if result.exercise in asked]
        passed = sum(result.verdict is Verdict.PASSED for result in results)
        if len(results) > 1:
            self.lines.line("")
            points = _points(sum(result.points for result in results))
            possible = _points(sum(result.points_possible for result in results))
            self.lines.line(f"{passed} of {len(results)} exercises passed, {points} of {possible} points")
        if any(result.tests and result.tier == "none" for result in found):
            self.lines.line("")
            self.lines.line("This code ran without a sandbox; `grader doctor` says what is missing.", 0, "dim")
        if upcoming is not None:
            file = file or f"exercises/{upcoming.name}{upcoming.suffix}"
            self._next(upcoming, file, next((r for r in found if r.exercise == upcoming.name), None))
            if earliest is not None and earliest is not upcoming:
                self._labelled("earlier", f"{earliest.name} is still to do", 2)
        elif results and passed == len(results):
            self.lines.line("")
            but = f" but what you skipped: {', '.join(skipped)}" if skipped else ""
            self.lines.line(f"Everything has passed{but}.")

    def _next(self, upcoming: Exercise, file: str, result: ExerciseResult | None) -> None:
        begun = result is not None and result.verdict.is_wrong
        self.lines.line("")
        self.lines.line(f"{'Now' if begun else 'Next'}: {upcoming.name}, {upcoming.title}", 0, "bold")
        rows = [("edit", file)]
        name = self.curriculum.shortest_name(upcoming)
        rows += [("read", f"grader show {name}"), ("check", f"grader check {name}"), ("stuck?", f"grader hint {name}")]
        for label, text in rows:
            self._labelled(label, text, 2, is_path=label == "edit")


def _narrowed(rows: list[Row], width: int) -> list[Row]:
    """Two blocks of values that stand side by side, one below the other where they are wider than the screen."""
    middle = rows[0].text.find(RIGHT_BLOCK)
    if middle < 0 or max(len(row.text) for row in rows) <= width:
        return rows
    left, right = ([row.text[part].rstrip() for row in rows] for part in (slice(0, middle), slice(middle, None)))
    return [Row("", _whole_words(text, width), Kind.TABLE) for text in (*left, *right) if text]


def _whole_words(text: str, width: int) -> str:
    """As many words as fit: half a number would be another number."""
    return text if len(text) <= width else text[: width - 1].rpartition(" ")[0].rstrip() + " …"


def heading(result: ExerciseResult, exercise: Exercise, named: bool = True) -> Text:
    """Its name unless that stands above already, what became of it, and its points."""
    style = STYLES[result.verdict]
    points = f"{_points(result.points)} of {_points(exercise.points)} points"
    word = "passed, unchanged" if result.cached else str(result.verdict)
    sign = (f"{SIGNS[result.verdict]} ", style)
    name = (f"{result.exercise}  ", "bold") if named else ""
    return Text.assemble(sign, name, (word, style), (f"  {points}", "dim"))


def _way(test: TestResult) -> str:
    """Tests with the same words here, but for numbers, failed in the same way."""
    if test.mistake is not None:
        return test.mistake.name
    if test.failure is None:
        return test.name
    if test.failure.cause is not None:
        return f"{test.failure.cause.part} {test.failure.cause.function}"
    return f"{NUMBER.sub('0', test.failure.message)} {test.failure.place}"


def _points(number: float) -> str:
    return f"{round(number, 2):g}"


def count_of(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"
