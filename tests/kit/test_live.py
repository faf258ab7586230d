"""The line about what is under way: on a terminal it leaves nothing behind, elsewhere a line comes now and then."""

from __future__ import annotations

import io
import re

import pytest

from grader.protocol.results import (
    Event,
    ExerciseResult,
    Progress,
    SuiteFinished,
    SuiteStarted,
    TestFinished,
    TestResult,
    Verdict,
)
from grader.render.live import LiveLine
from grader.render.report import SuiteProgress

WIDTH = 40


class Screen:
    """As much of a terminal as one line needs: carriage return, line feed, cursor up, erase in line."""

    def __init__(self) -> None:
        self.rows = [""]
        self.row = self.column = 0

    def feed(self, text: str) -> None:
        for part in re.findall(r"\x1b\[[\d;?]*[a-zA-Z]|.|\n", text, re.DOTALL):
            if part == "\r":
                self.column = 0
            elif part == "\n":
                self.row, self.column = self.row + 1, 0
                self.rows += [""] * (self.row + 1 - len(self.rows))
            elif part.startswith("\x1b"):
                self._control(part)
            else:
                line = self.rows[self.row].ljust(self.column)
                self.rows[self.row] = line[: self.column] + part + line[self.column + 1 :]
                self.column += 1

    def _control(self, part: str) -> None:
        if part.endswith("A"):
            self.row -= int(part[2:-1] or 1)
        elif part.endswith("K"):
            self.rows[self.row] = ""

    @property
    def shown(self) -> list[str]:
        return [row.rstrip() for row in self.rows if row.strip()]


class FakeTerminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True

    def screen(self) -> Screen:
        screen = Screen()
        screen.feed(self.getvalue())
        return screen


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm")


def test_on_a_terminal_one_line_is_written_over() -> None:
    stream = FakeTerminal()
    with LiveLine(stream, every=50, width=WIDTH) as line:
        for done in range(1, 4):
            line.show(f"{done} of 3 judged, about 0:0{3 - done} left", done, 3)
            assert stream.screen().shown == [f"{done} of 3 judged, about 0:0{3 - done} left"]
    assert stream.screen().shown == []


def test_a_long_text_stays_on_one_line_of_the_terminal() -> None:
    stream = FakeTerminal()
    with LiveLine(stream, width=WIDTH) as line:
        line.show("ch6_training/train: step 100 of 2000, loss 1.234567, held out 1.3")
        (shown,) = stream.screen().shown
        assert len(shown) <= WIDTH
        assert shown.startswith("ch6_training/train: step 100 of 2000")


def test_what_is_printed_stands_where_the_line_was() -> None:
    stream = FakeTerminal()
    with LiveLine(stream, width=WIDTH) as line:
        line.show("softmax: 3 of 12 tests")
        line.clear()
        stream.write("softmax passed\n")
        line.show("masks: 1 of 9 tests")
        assert stream.screen().shown == ["softmax passed", "masks: 1 of 9 tests"]
    assert stream.screen().shown == ["softmax passed"]


def test_an_interruption_takes_the_line_away_and_gives_the_cursor_back() -> None:
    stream = FakeTerminal()
    with pytest.raises(KeyboardInterrupt), LiveLine(stream, width=WIDTH) as line:
        line.show("1 of 3 judged", 1, 3)
        raise KeyboardInterrupt
    assert stream.screen().shown == []
    assert stream.getvalue().rindex("\x1b[?25h") > stream.getvalue().rindex("\x1b[?25l")


def test_without_a_terminal_a_line_now_and_then_and_the_last() -> None:
    stream = io.StringIO()
    with LiveLine(stream, every=20, width=WIDTH) as line:
        for done in range(1, 46):
            line.show(f"{done} of 45 runs", done, 45)
    assert stream.getvalue() == "20 of 45 runs\n40 of 45 runs\n45 of 45 runs\n"


def test_without_a_terminal_steps_that_jump_are_not_missed() -> None:
    stream = io.StringIO()
    with LiveLine(stream, every=50) as line:
        for done in (49, 51, 99, 130):
            line.show(f"{done}", done, 200)
    assert stream.getvalue() == "51\n130\n"


def test_a_check_says_nothing_without_a_terminal() -> None:
    stream = io.StringIO()
    with LiveLine(stream) as line:
        line.show("softmax: 3 of 12 tests")
    assert stream.getvalue() == ""


def test_colour_that_is_forced_makes_no_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    stream = io.StringIO()
    with LiveLine(stream, every=1) as line:
        line.show("1 of 2", 1, 2)
    assert stream.getvalue() == "1 of 2\n"


def test_the_line_follows_the_events_of_a_suite() -> None:
    progress = SuiteProgress()
    passed = TestFinished("softmax", TestResult("test_a", "A.", Verdict.PASSED))
    events: list[Event] = [
        SuiteStarted("softmax", 2),
        passed,
        Progress("softmax", "step 10 of 100", 0.1),
        passed,
        SuiteFinished(ExerciseResult("softmax", Verdict.PASSED)),
    ]
    assert [progress.text(event) for event in events] == [
        "softmax: 2 tests",
        "softmax: 1 of 2 tests",
        "softmax: step 10 of 100 (10 %)",
        "softmax: 2 of 2 tests",
        None,
    ]
