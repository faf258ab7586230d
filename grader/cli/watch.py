"""`grader watch`: one screen that checks the file at hand whenever it is saved."""

from __future__ import annotations

import contextlib
import os
import select
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import click

from grader.cli.check import check_once
from grader.cli.course import Course, one_exercise, open_course
from grader.cli.echo import echo
from grader.cli.keys import Keys
from grader.cli.numbers import SEED
from grader.course.brief import brief_of
from grader.course.curriculum import Exercise, graded
from grader.errors import UsageError
from grader.learner.checking import Checker, Options
from grader.learner.history import summaries
from grader.learner.progress import ProgressStore, upcoming_exercise
from grader.learner.saves import Saves
from grader.learner.skipping import skip_exercise, unskip_exercise
from grader.learner.watch_state import (
    Brief,
    Everything,
    Hints,
    KeyHelp,
    Listing,
    Page,
    Solution,
    Tests,
    WatchState,
)
from grader.protocol.results import Event, Verdict
from grader.render.messages import waiting_text
from grader.render.screen import Screen
from grader.render.terminal import make_console
from grader.render.watch import KEYS, WatchView

PULSE_SECONDS = 0.02
EDITORS = "nano", "vim", "vi", "emacs"
WITH_LINE = frozenset(("nano", "vim", "vi", "nvim", "emacs", "micro", "kak"))  # they take `+12 FILE`


class LeftOff(Exception):
    """The run under way is not wanted any more."""


@click.command()
@click.argument("name", required=False, metavar="[EXERCISE]")
@click.option("--seed", type=SEED, help="Use these inputs in each run.")
def watch(name: str | None, seed: int | None) -> None:
    """Check the exercise at hand whenever you save it. Press ? there for the keys."""
    course = open_course()
    store = ProgressStore(course.layout, course.curriculum)
    exercise = one_exercise(course.curriculum, name) if name else None
    watch_course(course, store, exercise, seed)


def watch_course(course: Course, store: ProgressStore, exercise: Exercise | None, seed: int | None) -> None:
    """Watch on a screen, or in lines where there is no terminal for one."""
    options = Options(list(course.curriculum.exercises), seed=seed)
    at_hand = exercise or upcoming_exercise(course.curriculum, store, ()) or course.curriculum.graded[-1]
    console = make_console()
    with Checker(course.layout, course.curriculum, store, options) as checker, Saves(course.layout) as saves:
        if not console.is_terminal or console.is_dumb_terminal or not sys.stdin.isatty():
            options.exercises[:] = [at_hand]
            _watch_in_lines(checker, saves)
        else:
            Watch(checker, saves, at_hand).run()


def _watch_in_lines(checker: Checker, saves: Saves) -> None:
    """A report after each save, one below the other, until Ctrl-C or until nothing can be noticed any more."""
    while not saves.is_over:
        check_once(checker, True, False, False)
        echo(waiting_text())
        while not (saved := saves.read()) and not saves.is_over:
            select.select([saves.descriptor], [], [])
        checker.progress.look_again()
        found = [e for path in saved for e in graded(checker.progress.tree.exercises_at(path))]
        checker.options.exercises[:] = found[:1] or checker.options.exercises
        checker.start_anew()


class Watch:
    """The loop: a run of the checker whenever one is wanted; between its events, and when it waits, keys and saves.

    All is done in one thread, for the checker forks. What is pressed during a run is looked at between two events.
    """

    def __init__(self, checker: Checker, saves: Saves, exercise: Exercise) -> None:
        self.checker = checker
        self.saves = saves
        self.layout = checker.layout
        self.curriculum = checker.curriculum
        self.state = WatchState(exercise)
        self.screen = Screen(sys.stdout)
        self.keys = Keys(sys.stdin.fileno())
        has_solutions = self.layout.solutions.is_dir()
        keys = [key for key in KEYS if key.key != "r" or has_solutions]
        self.view = WatchView(make_console(), self.curriculum, self.layout.work or self.layout.root, keys)
        self.wanted: Callable[[], Generator[Event]] | None = None
        self.over = False
        self.shown: tuple[list[str], tuple[int, int]] | None = None
        self.actions: dict[str, Callable[[], None]] = {
            "h": self._hint, "b": self._brief, "l": self._list, "v": self._details, "?": self._help,
            "r": self._solution, "e": self._edit, "a": self._check_all, "s": self._skip, "q": self._quit,
            "n": lambda: self._go(1), "p": lambda: self._go(-1), "back": lambda: self._turn(Tests()),
            "up": lambda: self._scroll(-1), "down": lambda: self._scroll(1),
            "page up": lambda: self._scroll(-self._half_a_screen()),
            "page down": lambda: self._scroll(self._half_a_screen()),
        }  # fmt: skip

    def run(self) -> None:
        """Until `q`, Ctrl-C, or the terminal's end."""
        with self._signals(), self.screen, self.keys:
            self.checker.on_pulse(self._look, PULSE_SECONDS)
            self._want_this()
            while not self.over:
                self._show()
                if self.wanted is not None:
                    self._check(self.wanted)
                else:
                    self._look(None)

    # -- runs -----------------------------------------------------------------------------------------

    def _want_this(self) -> None:
        """Have the exercise at hand checked, and before it the earlier ones that it needs."""
        exercise = self.state.exercise
        self.wanted = lambda: self.checker.check_these([exercise])

    def _check_all(self) -> None:
        self.state = self.state.turned_to(Everything())
        if isinstance(self.state.page, Everything):
            self.wanted = lambda: self.checker.check_these(self.curriculum.exercises)
            self._leave_off()

    def _check(self, events: Callable[[], Generator[Event]]) -> None:
        """One run, to its end or until something else is wanted."""
        self.wanted = None
        self.checker.start_anew()
        self.state = self.state.begun(self.state.exercise)
        try:
            self._show()
            with contextlib.closing(events()) as found:
                for event in found:
                    self.state = self.state.with_event(event)
                    self._show()
                    self._look(0)
            self.state = self.state.ended(self.state.notice)
        except LeftOff:
            self.state = self.state.ended(self.state.notice)
        finally:
            self.checker.progress.save()

    def _leave_off(self) -> None:
        if self.state.is_running:
            raise LeftOff

    # -- what comes from outside ----------------------------------------------------------------------

    def _look(self, seconds: float | None = 0) -> None:
        """Wait so long for keys and saves, for ever with None, and do what they ask for."""
        ready = select.select([self.keys.descriptor, self.saves.descriptor, self.wake], [], [], seconds)[0]
        if self.wake in ready:
            self._woken(os.read(self.wake, 64))
        if self.saves.descriptor in ready:
            self._saved(self.saves.read())
        if self.keys.descriptor in ready:
            for key in self.keys.read():
                self.actions.get(key, _nothing)()
        if ready:
            self._show()

    def _saved(self, paths: tuple[Path, ...]) -> None:
        """A save is a reason to check again, and what was saved is what is at hand."""
        if not paths:
            return
        self.checker.progress.look_again()
        exercises = [e for path in paths for e in graded(self.checker.progress.tree.exercises_at(path))]
        if exercises and self.state.exercise not in exercises:
            self.state = WatchState(exercises[0], is_running=self.state.is_running)
        self._want_this()
        self._leave_off()

    def _woken(self, numbers: bytes) -> None:
        """Signals: the window has another size, or the job goes on after Ctrl-Z."""
        self.shown = None
        if signal.SIGCONT in numbers:
            self._want_this()
            self._leave_off()

    # -- keys -----------------------------------------------------------------------------------------

    def _turn(self, page: Page) -> None:
        self.state = self.state.turned_to(page)

    def _hint(self) -> None:
        progress = self.checker.progress
        count = progress.next_hint(self.state.exercise)
        progress.save()
        self._turn(Hints(count))

    def _brief(self) -> None:
        self._turn(Brief(brief_of(self.layout, self.state.exercise)))

    def _list(self) -> None:
        progress = self.checker.progress
        self._turn(Listing(progress.states(), summaries(progress)))

    def _details(self) -> None:
        self._turn(Tests(details=True))

    def _help(self) -> None:
        self._turn(KeyHelp())

    def _solution(self) -> None:
        path = self.layout.solution_file(self.state.exercise.name)
        shown = self.state.shown
        if not path.is_file():
            self._tell("There are no solutions in this kit.")
        elif shown is None or shown.verdict is not Verdict.PASSED:
            self._tell("The solution is shown once yours has passed.")
        else:
            self._turn(Solution(path.read_text(encoding="utf-8")))

    def _go(self, by: int) -> None:
        """To the exercise after this one, or to the one before; from a part that needs another, to that one."""
        if by < 0 and self.state.in_the_way is not None:
            other = self.curriculum.get(self.state.in_the_way.exercise)
        else:
            found = self.curriculum.following(self.state.exercise, by)
            if found is None:
                self._tell("This is the last exercise." if by > 0 else "This is the first exercise.")
                return
            other = found
        self.state = WatchState(other, is_running=self.state.is_running)
        self._want_this()
        self._leave_off()

    def _skip(self) -> None:
        """Go on without the exercise that is at hand, or without the part that is in its way."""
        exercise = self.state.exercise
        if self.state.in_the_way is not None:
            exercise = self.curriculum.get(self.state.in_the_way.exercise)
        progress = self.checker.progress
        try:
            if progress.is_skipped(exercise):
                unskip_exercise(progress, exercise)
            else:
                skip_exercise(self.layout, self.curriculum, progress, exercise)
        except UsageError as error:
            self._tell(f"{error.message}.")
            return
        if exercise == self.state.exercise and progress.is_skipped(exercise):
            self._go(1)
        self._want_this()
        self._leave_off()

    def _edit(self) -> None:
        """The file in the editor; the screen is the editor's until it ends."""
        editor = os.environ.get("VISUAL") or os.environ.get("EDITOR") or next(filter(shutil.which, EDITORS), "")
        if not editor:
            self._tell("No editor is known here: set EDITOR, or open the file in your own.")
            return
        source = self.checker.workspace.source(self.state.exercise)
        path = (self.layout.work or self.layout.root) / source.display_path
        command = shlex.split(editor)
        line = self.state.first_line(source.display_path)
        if line and Path(command[0]).name in WITH_LINE:
            command.append(f"+{line}")
        with self._given_back():
            try:
                subprocess.run([*command, str(path)], check=False)
            except OSError as error:
                self._tell(f"{editor} could not be started: {error.strerror}.")

    def _quit(self) -> None:
        self.over = True
        self.wanted = None
        self._leave_off()

    def _tell(self, notice: str) -> None:
        self.state = self.state.told(notice)

    # -- the screen -----------------------------------------------------------------------------------

    def _show(self) -> None:
        """Write the screen where it is not what stands there."""
        size = self.screen.size
        lines = self.view.lines(self.state, *size)
        if (lines, size) != self.shown:
            self.screen.show(lines)
            self.shown = lines, size

    def _scroll(self, lines: int) -> None:
        width, height = self.screen.size
        most = max(0, self.view.most_lines(self.state, width) - height // 2)
        self.state = self.state.scrolled(min(lines, most - self.state.top))

    def _half_a_screen(self) -> int:
        return max(1, self.screen.size[1] // 2)

    @contextlib.contextmanager
    def _given_back(self) -> Iterator[None]:
        """The terminal as it was before the watch, for as long as somebody else has it."""
        self.keys.__exit__()
        self.screen.__exit__()
        try:
            yield
        finally:
            self.screen.__enter__()
            self.keys.__enter__()
            self.shown = None

    @contextlib.contextmanager
    def _signals(self) -> Iterator[None]:
        """A change of the window's size and a job that goes on wake the loop; Ctrl-Z gives the terminal back first."""
        self.wake, told = os.pipe()
        os.set_blocking(told, False)
        before_fd = signal.set_wakeup_fd(told, warn_on_full_buffer=False)
        handlers: dict[int, Any] = {signal.SIGWINCH: _nothing, signal.SIGCONT: _nothing, signal.SIGTSTP: self._stop}
        before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
            signal.set_wakeup_fd(before_fd)
            os.close(told)
            os.close(self.wake)

    def _stop(self, number: int, _: FrameType | None) -> None:
        with self._given_back():
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)
            signal.signal(number, self._stop)


def _nothing(*_: object) -> None:
    pass
