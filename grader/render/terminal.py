"""Results as a person reads them in a terminal, at 80 columns, with or without colour."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, TextIO

from rich.console import Console
from rich.text import Text

from grader.course.curriculum import Chapter, Curriculum, Exercise
from grader.protocol.results import (
    Event,
    ExerciseResult,
    Failure,
    Place,
    Progress,
    SuiteFinished,
    SuiteStarted,
    TestFinished,
    TestResult,
    Verdict,
)

if TYPE_CHECKING:
    from grader.learner.training import Step

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
PLAIN_SIGNS = {"✓": "+", "✗": "x", "·": ".", "…": "...", "−": "-", "×": "x", "√": "sqrt ", "→": "->"}
LABEL = 10
OUTPUT_LINES = 12
FULL_EXPLANATIONS = 3


def make_console(stream: TextIO | None = None, width: int | None = None) -> Console:
    """A console that never wraps a word of ours wrongly, guesses no highlights and honours NO_COLOR."""
    stream = stream or sys.stdout
    console = Console(file=stream, width=width, highlight=False, markup=False, emoji=False)
    if width is None and (not console.is_terminal or console.width > 100):
        console = Console(
            file=stream, width=min(console.width, 100) if console.is_terminal else 80,
            highlight=False, markup=False, emoji=False,
        )  # fmt: skip
    return console


class LiveLine:
    """One line about what is under way, on a terminal only; it is gone when something is printed."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream
        self.live = stream.isatty()
        self.total = 0
        self.done = 0

    def show(self, event: Event) -> None:
        """Follow the events of one suite."""
        if isinstance(event, SuiteStarted):
            self.total, self.done = event.tests, 0
            self._write(f"{event.exercise}: {self.total} tests")
        elif isinstance(event, TestFinished):
            self.done += 1
            self._write(f"{event.exercise}: {self.done} of {self.total} tests")
        elif isinstance(event, Progress):
            self._write(f"{event.exercise}: {event.text} ({100 * event.fraction:.0f} %)")
        elif isinstance(event, SuiteFinished):
            self.clear()

    def _write(self, text: str) -> None:
        if self.live:
            self.stream.write(f"\r\x1b[K{text[:79]}")
            self.stream.flush()

    def clear(self) -> None:
        if self.live:
            self.stream.write("\r\x1b[K")
            self.stream.flush()


class CheckReport:
    """Prints the results of `grader check` as they come, and what to do next at the end."""

    def __init__(self, console: Console, curriculum: Curriculum, verbose: bool = False) -> None:
        self.console = console
        self.curriculum = curriculum
        self.verbose = verbose
        self.plain = not _can_encode(console)

    # -- one exercise ---------------------------------------------------------------------------------

    def exercise(self, result: ExerciseResult) -> None:
        """One exercise: a heading, then only what a learner needs to act."""
        exercise = self.curriculum.get(result.exercise)
        self._heading(result, exercise)
        if result.problem is not None:
            self._failure(result.problem, indent=2)
        if result.verdict is Verdict.BLOCKED:
            names = ", ".join(result.blocked_by)
            self._line(f"needs {names}, which {'has' if len(result.blocked_by) == 1 else 'have'} not passed", 2)
        self._tests(result)
        self._notes(result)

    def _heading(self, result: ExerciseResult, exercise: Exercise) -> None:
        style = STYLES[result.verdict]
        points = f"{_points(result.points)} of {_points(exercise.points)} points"
        word = "passed, unchanged" if result.cached else str(result.verdict)
        sign = (f"{SIGNS[result.verdict]} ", style)
        self._print(Text.assemble(sign, (result.exercise, "bold"), (f"  {word}", style), (f"  {points}", "dim")))

    def _tests(self, result: ExerciseResult) -> None:
        wrong = [t for t in result.tests if t.verdict not in (Verdict.PASSED, Verdict.TODO)]
        todo = [t for t in result.tests if t.verdict is Verdict.TODO]
        passed = [t for t in result.tests if t.verdict is Verdict.PASSED]
        if self.verbose or (wrong and result.tests):
            for test in passed:
                self._test_line(test)
        self._wrong(wrong)
        if todo and result.verdict is not Verdict.TODO:
            self._line(f"{SIGNS[Verdict.TODO]} {_count(len(todo), 'test')} of what is still to do", 2, "yellow")
        elif todo:
            self._todo(result, passed, todo)

    def _todo(self, result: ExerciseResult, passed: list[TestResult], todo: list[TestResult]) -> None:
        if passed:
            self._line(f"{len(passed)} of {len(result.tests)} tests pass; the rest is still to do:", 2)
        places: dict[Place, str] = {}
        for test in todo:
            if test.failure is not None and test.failure.frames:
                frame = test.failure.frames[-1]
                places.setdefault(frame.place, frame.function)
        for place, function in sorted(places.items(), key=lambda item: (item[0].cell or 0, item[0].line or 0)):
            self._line(f"{SIGNS[Verdict.TODO]} {function}  {shown_place(place)}", 2, "yellow")

    def _test_line(self, test: TestResult) -> None:
        style = STYLES[test.verdict]
        word = "" if test.verdict in (Verdict.PASSED, Verdict.FAILED) else f" ({test.verdict})"
        text = Text.assemble((f"{SIGNS[test.verdict]} ", style), test.title, (word, style))
        self._print(text, 2)

    def _wrong(self, wrong: list[TestResult]) -> None:
        """What failed in the same way stands together: one explanation, and how many more there are."""
        groups: dict[str, list[TestResult]] = {}
        for test in wrong:
            groups.setdefault(_way(test), []).append(test)
        for number, tests in enumerate(groups.values()):
            shown = tests if self.verbose else tests[:1]
            for test in shown:
                self._test_line(test)
                self._explanation(test, brief=number >= FULL_EXPLANATIONS and not self.verbose)
            if len(tests) > len(shown):
                more = _count(len(tests) - len(shown), "more test")
                self._line(f"{SIGNS[Verdict.FAILED]} {more}, in the same way (-v shows them)", 2, "red")

    def _explanation(self, test: TestResult, brief: bool) -> None:
        if test.failure is None:
            return
        if test.mistake is not None:
            self._print(Text(test.mistake.says, style="bold"), 6)
        self._failure(test.failure, indent=6, brief=brief)
        if test.output.strip():
            self._output(test.output)

    def _failure(self, failure: Failure, indent: int, brief: bool = False) -> None:
        self._print(Text(failure.message), indent)
        if brief:
            return
        rows: list[tuple[str, str]] = []
        if failure.call is not None and failure.call.name:
            rows.append(("called", failure.call.name + _arguments(failure)))
        if failure.expected:
            rows.append(("wanted", failure.expected))
        if failure.actual:
            rows.append(("came", failure.actual))
        rows += _difference_rows(failure)
        rows += _smallest_rows(failure)
        if failure.place is not None and not failure.frames:
            rows.append(("in", shown_place(failure.place)))
        for label, text in rows:
            self._row(label, text, indent)
        self._frames(failure, indent)
        if failure.advice:
            self._row("next", failure.advice, indent)

    def _frames(self, failure: Failure, indent: int) -> None:
        for frame in failure.frames:
            where = shown_place(frame.place) + (f" in {frame.function}" if frame.function else "")
            self._row("at", where, indent)
            if frame.text:
                self._print(Text(frame.text, style="cyan"), indent + LABEL + 2)
        if failure.frames and failure.frames[-1].locals:
            shown = [(n, v) for n, v in failure.frames[-1].locals if n != "self"]
            self._row("there", "; ".join(f"{name} = {value}" for name, value in shown), indent)

    def _row(self, label: str, text: str, indent: int) -> None:
        self._print(Text(text), indent, Text(f"{label:<{LABEL}}", style="dim"))

    def _output(self, output: str) -> None:
        lines = printable(output).rstrip().splitlines()
        self._line("your code printed:", 6, "dim")
        for line in lines[:OUTPUT_LINES]:
            self._line(line[: self.console.width - 9], 8)
        if len(lines) > OUTPUT_LINES:
            self._line(f"… {len(lines) - OUTPUT_LINES} lines more", 8, "dim")

    def _notes(self, result: ExerciseResult) -> None:
        seen: list[str] = list(result.notes)
        for test in result.tests:
            seen += [note for note in test.notes if note not in seen]
        for note in seen:
            self._line(f"note: {note}", 2, "yellow")
        if result.verdict in (Verdict.FAILED, Verdict.TIMEOUT, Verdict.ERROR) and result.tests:
            self._line(f"the same inputs again: --seed {result.seed}", 2, "dim")

    def explanations(self, texts: dict[str, str]) -> None:
        """Why the answers of a `concepts` exercise are right, once they are."""
        for question, text in texts.items():
            self._row(question, text, 2)

    # -- the end --------------------------------------------------------------------------------------

    def end(self, found: Iterable[ExerciseResult], asked: set[str], upcoming: Exercise | None) -> None:
        """What became of the exercises asked for, and the next step."""
        found = list(found)
        results = [result for result in found if result.exercise in asked]
        passed = sum(result.verdict is Verdict.PASSED for result in results)
        if len(results) > 1:
            self._line("")
            points = sum(result.points for result in results)
            possible = sum(result.points_possible for result in results)
            self._line(f"{passed} of {len(results)} exercises passed, {_points(points)} of {_points(possible)} points")
        if any(result.tests and result.tier == "none" for result in found):
            self._line("")
            self._line("This code ran without a sandbox; `grader doctor` says what is missing.", 0, "dim")
        if upcoming is None:
            if results and passed == len(results):
                self._line("")
                self._line("Everything has passed.")
            return
        self._next(upcoming, next((r for r in found if r.exercise == upcoming.name), None))

    def _next(self, upcoming: Exercise, result: ExerciseResult | None) -> None:
        begun = result is not None and result.verdict in (Verdict.FAILED, Verdict.TIMEOUT)
        self._line("")
        self._line(f"{'Now' if begun else 'Next'}: {upcoming.name}, {upcoming.title}", 0, "bold")
        rows = [("edit", f"exercises/{upcoming.name}{upcoming.suffix}")]
        name = self.curriculum.shortest_name(upcoming)
        rows += [("read", f"grader show {name}"), ("check", f"grader check {name}"), ("stuck?", f"grader hint {name}")]
        for label, text in rows:
            self._row(label, text, 2)

    # -- lines ----------------------------------------------------------------------------------------

    def _line(self, text: str, indent: int = 0, style: str = "") -> None:
        self._print(Text(text, style=style), indent)

    def _print(self, text: Text, indent: int = 0, lead: Text | None = None) -> None:
        """Wrapped to the width, every line indented; `lead` stands before the first."""
        lead = lead or Text("")
        margin = indent + len(lead.plain)
        for number, line in enumerate(text.wrap(self.console, max(20, self.console.width - margin)) or [Text("")]):
            line.rstrip()
            start = Text(" " * indent) + lead if number == 0 else Text(" " * margin)
            whole = start + line if line.plain else Text("")
            if self.plain:
                whole.plain = _plain(whole.plain)
            self.console.print(whole, soft_wrap=True)


def training_progress(stream: TextIO) -> Callable[[Step], None]:
    """Step, loss, floor and time left: a line that is written over, or now and then a line where it cannot be."""
    live = stream.isatty()

    def report(step: Step) -> None:
        left = "" if math.isnan(step.seconds_left) else f"  {step.seconds_left / 60:.1f} min left"
        text = f"step {step.step} of {step.steps}  loss {step.loss:.3f}  floor {step.floor:.3f}{left}"
        if live:
            stream.write(f"\r\x1b[K{text}" + ("\n" if step.step == step.steps else ""))
        elif step.step % 100 == 0 or step.step == step.steps:
            stream.write(text + "\n")
        stream.flush()

    return report


def print_list(console: Console, curriculum: Curriculum, state: dict[str, str]) -> None:
    """The chapters with each exercise's state and points."""
    for chapter in curriculum.chapters:
        _print_chapter(console, chapter, state)
    total = sum(e.points for e in curriculum.exercises)
    done = sum(e.points for e in curriculum.exercises if state.get(e.name) == "passed")
    console.print(Text(f"{done:g} of {total:g} points"))


def _print_chapter(console: Console, chapter: Chapter, state: dict[str, str]) -> None:
    done = sum(state.get(e.name) == "passed" for e in chapter.exercises)
    heading = Text.assemble((chapter.name, "bold"), f"  {chapter.title}  ")
    console.print(heading.append(f"{done} of {len(chapter.exercises)}", style="dim"))
    for exercise in chapter.exercises:
        word = state.get(exercise.name, "")
        style = {"passed": "green", "changed": "yellow"}.get(word, "")
        sign = {"passed": "✓", "changed": "~"}.get(word, " ")
        room = console.width - 42
        title = exercise.title if len(exercise.title) <= room else exercise.title[: room - 1] + "…"
        middle = f"{exercise.short:<20}{title:<{room}}{exercise.points:>5g}  "
        console.print(Text.assemble((f"  {sign} ", style), middle, (word, style)))
    console.print(Text(""))


def printable(text: str) -> str:
    """The learner's text without control characters, which could rewrite the screen."""
    return "".join(c if c.isprintable() or c in "\n\t" else "�" for c in text)


def _way(test: TestResult) -> str:
    """Tests with the same words here failed in the same way."""
    if test.mistake is not None:
        return test.mistake.name
    return f"{test.failure.message} {test.failure.place}" if test.failure is not None else test.name


def shown_place(place: Place) -> str:
    """`exercises/ch3_attention/softmax.py:12`, or `….ipynb cell 3:2`."""
    cell = "" if place.cell is None else f" cell {place.cell}"
    return f"{place.file}{cell}" + ("" if place.line is None else f":{place.line}")


def _arguments(failure: Failure) -> str:
    assert failure.call is not None
    if not failure.call.arguments:
        return ""
    return "(" + ", ".join(f"{name}: {value}" for name, value in failure.call.arguments) + ")"


def _difference_rows(failure: Failure) -> list[tuple[str, str]]:
    found = failure.difference
    if found is None:
        return []
    where = f" at {list(found.worst_index)}" if found.worst_index else ""
    text = (
        f"{found.wrong} of {found.total} values; worst{where}: wanted {found.worst_expected}, came {found.worst_actual}"
    )
    if found.total == 1:
        text = f"wanted {found.worst_expected}, came {found.worst_actual}"
    rows = [("wrong", text)]
    if found.total > 1 and found.largest is not None and found.mean is not None:
        rows.append(("off by", f"at most {found.largest:.4g}, on average {found.mean:.4g}"))
    return rows


def _smallest_rows(failure: Failure) -> list[tuple[str, str]]:
    case = failure.smallest
    if case is None:
        return []
    rows = [("by hand", f"{case.call} with")]
    rows += [("", f"{name} = {value}") for name, value in case.arguments]
    return [*rows, ("", f"wanted {case.expected}"), ("", f"came   {case.actual}")]


def _points(number: float) -> str:
    return f"{round(number, 2):g}"


def _count(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"


def _can_encode(console: Console) -> bool:
    try:
        "✓✗·…√".encode(console.encoding)
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def _plain(text: str) -> str:
    for sign, ascii_sign in PLAIN_SIGNS.items():
        text = text.replace(sign, ascii_sign)
    return text
