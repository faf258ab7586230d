"""The line about what is under way: on a terminal it leaves nothing behind, elsewhere a line comes now and then."""

from __future__ import annotations

import io
import re

import pytest

from grader.protocol.results import (
    Event,
    ExerciseResult,
    PlannedTest,
    Progress,
    SuiteFinished,
    SuiteStarted,
    TestFinished,
    TestResult,
    Verdict,
)
from grader.render.live import LiveLine
from grader.render.report import SuiteProgress
from grader.render.scoring import advance_text
from grader.score.scoring import Advance

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
    with LiveLine(stream, every=5, width=WIDTH) as line:
        for done in range(1, 4):
            line.show(f"{done} of 3 judged; ada: softmax")
            assert stream.screen().shown == [f"{done} of 3 judged; ada: softmax"]
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
        line.show("1 of 3 judged")
        raise KeyboardInterrupt
    assert stream.screen().shown == []
    assert stream.getvalue().rindex("\x1b[?25h") > stream.getvalue().rindex("\x1b[?25l")


class Clock:
    """Stands still unless it is moved on."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_without_a_terminal_a_line_every_few_seconds_from_the_first_on() -> None:
    stream, clock = io.StringIO(), Clock()
    with LiveLine(stream, every=5, width=WIDTH, clock=clock) as line:
        for done in range(24):
            line.show(f"{done} of 24 runs")
            clock.now += 1
    assert stream.getvalue() == "0 of 24 runs\n5 of 24 runs\n10 of 24 runs\n15 of 24 runs\n20 of 24 runs\n"


def test_without_a_terminal_some_lines_are_said_at_once() -> None:
    stream, clock = io.StringIO(), Clock()
    with LiveLine(stream, every=5, clock=clock) as line:
        line.show("reading")
        line.show("starting", at_once=True)
        line.show("1 of 2")
        clock.now += 4.9
        line.show("still 1 of 2")
        line.show("2 of 2", at_once=True)
    assert stream.getvalue() == "reading\nstarting\n2 of 2\n"


def test_a_check_says_nothing_without_a_terminal() -> None:
    stream = io.StringIO()
    with LiveLine(stream) as line:
        line.show("softmax: 3 of 12 tests")
    assert stream.getvalue() == ""


def test_colour_that_is_forced_makes_no_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    stream = io.StringIO()
    with LiveLine(stream, every=1) as line:
        line.show("1 of 2")
    assert stream.getvalue() == "1 of 2\n"


def test_the_line_follows_the_events_of_a_suite() -> None:
    progress = SuiteProgress()
    passed = TestFinished("softmax", TestResult("test_a", "A.", Verdict.PASSED))
    events: list[Event] = [
        SuiteStarted("softmax", (PlannedTest("test_a", "A."), PlannedTest("test_b", "B."))),
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


# -- what the line of a scoring run says ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("advance", "text"),
    [
        (Advance("starting the judge", 3, 40), "starting the judge …"),
        (Advance(done=0, total=40), "0 of 40 judged"),
        (Advance(done=0, total=40, running=(("ada", "ch1/a"),)), "0 of 40 judged; ada: ch1/a"),
        (Advance("", 7, 40, (("ada", "ch1/a"),), 2.0), "7 of 40 judged, about 5 s left; ada: ch1/a"),
        (Advance(done=7, total=40, seconds_left=58.0), "7 of 40 judged, about 60 s left"),
        (Advance(done=7, total=40, seconds_left=200.0), "7 of 40 judged, about 3 min left"),
        (Advance(done=7, total=40, seconds_left=9000.0), "7 of 40 judged, about 2.5 h left"),
        (Advance(done=40, total=40, seconds_left=0.0), "40 of 40 judged"),
        (
            Advance(done=7, total=40, running=tuple((name, "ch1/a") for name in "abcde")),
            "7 of 40 judged; a: ch1/a, b: ch1/a, c: ch1/a, 2 more",
        ),
    ],
)  # fmt: skip
def test_a_scoring_run_says_whose_work_runs_and_what_is_known_of_the_rest(advance: Advance, text: str) -> None:
    assert advance_text(advance) == text


def test_a_patient_line_waits_where_there_is_no_terminal() -> None:
    stream, now = io.StringIO(), [0.0]
    with LiveLine(stream, every=5, width=WIDTH, clock=lambda: now[0], is_patient=True) as line:
        for second in range(12):
            now[0] = float(second)
            line.show(f"second {second}")
    assert stream.getvalue().splitlines() == ["second 5", "second 10"]
