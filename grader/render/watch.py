"""The one screen of a watch: what is at hand, its tests, the first failure or the page that was asked for, the keys."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.text import Text

from grader.course.curriculum import Curriculum
from grader.learner.watch_state import (
    Brief,
    Everything,
    Hints,
    KeyHelp,
    Listing,
    Running,
    Solution,
    Tests,
    WatchState,
)
from grader.protocol.results import ExerciseResult, Verdict
from grader.render.brief import print_brief, print_hints
from grader.render.listing import print_list
from grader.render.report import SIGNS, STYLES, CheckReport, count_of, heading
from grader.render.terminal import Lines

BETWEEN_KEYS = "  "
LEAST_BODY = 3
LEFT_OUT = "…"


@dataclass(frozen=True)
class Key:
    """A key, the word for it in the line of keys, and what it does."""

    key: str
    word: str
    does: str


# In the order in which they stand in the line. Where it is narrow, the last ones before `?` are left out.
KEYS = (
    Key("h", "hint", "one more hint"),
    Key("b", "brief", "the brief of the exercise"),
    Key("e", "edit", "open the file in $EDITOR"),
    Key("n", "next", "the next exercise"),
    Key("p", "back", "the one before"),
    Key("v", "all tests", "every test and every detail"),
    Key("l", "list", "the whole course, with what has passed"),
    Key("s", "skip", "skip this exercise: later ones use the course's own code for it"),
    Key("a", "check all", "check every exercise of the course"),
    Key("r", "solution", "the reference solution, once yours has passed"),
)
LAST_KEYS = (Key("?", "keys", "all keys"), Key("q", "quit", "end the watch"))


@dataclass(frozen=True)
class _Drawn:
    """A page as it was drawn last: for which width, of which parts of the state."""

    width: int
    parts: tuple[object, ...]
    lines: list[str]


class WatchView:
    """Turns states into lines of a screen. `like` is the console whose colours and characters are to be used."""

    def __init__(self, like: Console, curriculum: Curriculum, home: Path, keys: Sequence[Key] = KEYS) -> None:
        self.like = like
        self.curriculum = curriculum
        self.home = home
        self.keys = (*keys, *LAST_KEYS)
        self.drawn: _Drawn | None = None

    def lines(self, state: WatchState, width: int, height: int) -> list[str]:
        """The screen, in as many lines as there are: head, page, foot."""
        head = self._drawn(width, lambda console: self._head(console, state))
        foot = self._drawn(width, lambda console: self._foot(console, state))
        body = self._body(state, width)
        room = max(LEAST_BODY, height - len(head) - len(foot))
        shown = self._cut(body, state.top, room, width)
        whole = head + shown + [""] * (room - len(shown)) + foot
        return whole if len(whole) <= height else [*whole[: height - 1], foot[-1]]

    def most_lines(self, state: WatchState, width: int) -> int:
        """How many lines the page has: no one scrolls further."""
        return len(self._body(state, width))

    def _body(self, state: WatchState, width: int) -> list[str]:
        """The page in full, drawn anew only where it is another one: each test that ends shows the screen again."""
        results = state.results if isinstance(state.page, Everything) else ()
        parts = (state.exercise, state.page, results, state.shown, state.in_the_way)
        before = self.drawn
        if before is None or before.width != width or any(a is not b for a, b in zip(before.parts, parts, strict=True)):
            self.drawn = _Drawn(width, parts, self._drawn(width, lambda console: self._page(console, state)))
        assert self.drawn is not None
        return self.drawn.lines

    def _cut(self, body: list[str], top: int, room: int, width: int) -> list[str]:
        """As much of the page as there is room for, from the line `top` on; a line says how much is left out."""
        top = min(top, max(0, len(body) - room))
        if len(body) - top <= room:
            return body[top:]
        left = len(body) - top - room + 1
        note = f"{LEFT_OUT} {count_of(left, 'line')} more (space or ↓)"
        return [*body[top : top + room - 1], *self._drawn(width, lambda console: _line(console, Text(note, "dim")))]

    def _drawn(self, width: int, draw: Callable[[Console], None]) -> list[str]:
        """What is printed on a console of this width, with the real one's colours and encoding, as lines."""
        stream = io.TextIOWrapper(io.BytesIO(), encoding=self.like.encoding, errors="replace", newline="")
        console = Console(
            file=stream, width=width, force_terminal=True, color_system="auto" if self.like.color_system else None,
            no_color=self.like.no_color, highlight=False, markup=False, emoji=False, legacy_windows=False,
        )  # fmt: skip
        draw(console)
        stream.flush()
        assert isinstance(stream.buffer, io.BytesIO)
        return stream.buffer.getvalue().decode(self.like.encoding).removesuffix("\n").split("\n")

    # -- head -----------------------------------------------------------------------------------------

    def _head(self, console: Console, state: WatchState) -> None:
        _line(console, Text.assemble((state.exercise.name, "bold"), f"  {state.exercise.title}"))
        _line(console, self._status(state, console.width))
        if state.is_running and state.running is not None:
            under_way = state.running.progress or state.running.current
            _line(console, Text(f"· {under_way}" if under_way else "", "dim"))
        else:
            _line(console, Text(""))

    def _status(self, state: WatchState, width: int) -> Text:
        """How far the run is, or what it came to."""
        if state.running is not None:
            return _strip(state.running, width, state.running.exercise == state.exercise.name)
        if state.is_running:
            return Text("checking …", "dim")
        if state.shown is None:
            return Text("not checked yet", "dim")
        text = heading(state.shown, state.exercise, named=False)
        passed = sum(test.verdict is Verdict.PASSED for test in state.shown.tests)
        if passed < len(state.shown.tests) and state.shown.verdict is not Verdict.TODO:
            text.append(f"  {passed} of {count_of(len(state.shown.tests), 'test')} pass", "dim")
        return text

    # -- the page -------------------------------------------------------------------------------------

    def _page(self, console: Console, state: WatchState) -> None:
        page = state.page
        if isinstance(page, Hints):
            print_hints(console, state.exercise, page.count)
        elif isinstance(page, Brief):
            print_brief(console, state.exercise, page.text)
        elif isinstance(page, Listing):
            print_list(console, self.curriculum, page.states, page.attempts)
        elif isinstance(page, Solution):
            _print_code(console, page.text)
        elif isinstance(page, KeyHelp):
            self._print_keys(console)
        elif isinstance(page, Everything):
            self._print_all(console, state.results)
        else:
            self._print_tests(console, state, page)

    def _print_tests(self, console: Console, state: WatchState, page: Tests) -> None:
        report = CheckReport(console, self.curriculum, page.details, more="v", home=self.home)
        if state.in_the_way is not None:
            report.exercise(state.in_the_way)
        elif state.shown is not None:
            report.body(state.shown)

    def _print_keys(self, console: Console) -> None:
        lines = Lines(console)
        for key in self.keys:
            lines.text(Text(key.does), 2, Text(f"{key.key:<4}", "bold"))
        lines.line("")
        lines.text(Text("The arrow keys scroll by a line, space by a page. Enter goes back to the tests."), 2)

    def _print_all(self, console: Console, results: Sequence[ExerciseResult]) -> None:
        for result in results:
            _line(console, heading(result, self.curriculum.get(result.exercise)))

    # -- foot -----------------------------------------------------------------------------------------

    def _foot(self, console: Console, state: WatchState) -> None:
        _line(console, Text(""))
        Lines(console).line(state.notice or self._next(state))
        _line(console, self._line_of_keys(console.width))

    def _next(self, state: WatchState) -> str:
        """The one thing to do now."""
        result = state.shown
        if isinstance(state.page, Everything):
            passed = sum(item.verdict is Verdict.PASSED for item in state.results)
            return f"{passed} of {len(self.curriculum.graded)} exercises passed"
        if state.in_the_way is not None:
            return f"It needs {state.in_the_way.exercise}: p goes there, s skips it."
        if result is None or result.verdict is Verdict.BLOCKED:
            return ""
        if result.verdict is Verdict.PASSED:
            after = self.curriculum.following(state.exercise)
            return f"Next (n): {after.name}, {after.title}" if after is not None else "That was the last exercise."
        if result.verdict is Verdict.TODO:
            return f"Edit exercises/{state.exercise.name}{state.exercise.suffix} and save it (b: what it is about)."
        return "Mend it and save. Stuck? Press h."

    def _line_of_keys(self, width: int) -> Text:
        """As many keys as fit; `?` and `q` always."""
        first, last = self.keys[: -len(LAST_KEYS)], LAST_KEYS
        while first and _width((*first, *last)) > width:
            first = first[:-1]
        text = Text()
        for number, key in enumerate((*first, *last)):
            text.append(BETWEEN_KEYS if number else "").append(key.key, "bold").append(f" {key.word}", "dim")
        return text


def _strip(running: Running, width: int, is_at_hand: bool) -> Text:
    """A sign for each test, and the count; where they do not fit, the count alone."""
    total = len(running.tests)
    count = f"{len(running.done)} of {count_of(total, 'test')}"
    if not is_at_hand:
        return Text(f"{running.exercise} first: {count}")
    text = Text()
    if total + len(count) + 2 <= width:
        for test in running.done:
            text.append(SIGNS[test.verdict], STYLES[test.verdict])
        text.append("." * (total - len(running.done)), "dim").append("  ")
    return text.append(count)


def _width(keys: Sequence[Key]) -> int:
    return sum(len(f"{key.key} {key.word}") for key in keys) + len(BETWEEN_KEYS) * (len(keys) - 1)


def _line(console: Console, text: Text) -> None:
    """One line, cut to the width of the console."""
    Lines(console).cut(text)


def _print_code(console: Console, source: str) -> None:
    from rich.syntax import Syntax  # heavy: pygments comes with it

    console.print(Syntax(source, "python", theme="ansi_dark", background_color="default", word_wrap=True))
