"""`grader watch`: one screen that checks the file at hand whenever it is saved."""

from __future__ import annotations

import contextlib
import select
import subprocess
import sys
from collections.abc import Callable, Generator, Iterable
from pathlib import Path

import click

from grader.cli.check import check_once
from grader.cli.course import Course, one_exercise, open_course
from grader.cli.display import Display
from grader.cli.echo import echo
from grader.cli.editor import editor_command
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
from grader.render.terminal import make_console
from grader.render.watch import KEYS, WatchView

PULSE_SECONDS = 0.02


class LeftOff(Exception):
    """The run under way is not wanted any more."""


@click.command()
@click.argument("name", required=False, metavar="[EXERCISE]")
@click.option("--seed", type=SEED, help="Use the inputs of this seed in each run.")
def watch(name: str | None, seed: int | None) -> None:
    """Check the current exercise whenever you save it.

    It is one screen: `?` shows the keys, `q` ends it. Without a terminal, it prints a report after each save.
    """
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
        found = exercises_of(checker, saved)
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
        keys = [key for key in KEYS if key.key != "r" or self.layout.solutions.is_dir()]
        self.display = Display(WatchView(make_console(), self.curriculum, self.layout.work or self.layout.root, keys))
        self.wanted: Callable[[], Generator[Event]] | None = None
        self.over = False
        self.actions: dict[str, Callable[[], None]] = {
            "h": self._hint, "b": self._brief, "l": self._list, "r": self._solution, "e": self._edit,
            "v": lambda: self._turn(Tests(details=True)), "?": lambda: self._turn(KeyHelp()),
            "back": lambda: self._turn(Tests()), "a": self._check_all, "s": self._skip, "q": self._quit,
            "n": lambda: self._go(1), "p": lambda: self._go(-1),
            "up": lambda: self._scroll(-1), "down": lambda: self._scroll(1),
            "page up": lambda: self._scroll(-self.display.half_a_screen()),
            "page down": lambda: self._scroll(self.display.half_a_screen()),
        }  # fmt: skip

    def run(self) -> None:
        """Until `q`, Ctrl-C, or the terminal's end."""
        with self.display:
            self.checker.on_pulse(lambda: self._look(0), PULSE_SECONDS)
            self._want_this()
            while not self.over:
                self.display.show(self.state)
                if self.wanted is not None:
                    self._check(self.wanted)
                else:
                    self._look(None)

    # -- runs -----------------------------------------------------------------------------------------

    def _want_this(self) -> None:
        """Have the exercise at hand checked, and before it the earlier ones that it needs."""
        exercise = self.state.exercise
        self.wanted = lambda: self.checker.check_these([exercise])

    def _check(self, events: Callable[[], Generator[Event]]) -> None:
        """One run, to its end or until something else is wanted."""
        self.wanted = None
        self.checker.start_anew()
        self.state = self.state.begun(self.state.exercise)
        self.display.show(self.state)
        try:
            with contextlib.closing(events()) as found:
                for event in found:
                    self.state = self.state.with_event(event)
                    self.display.show(self.state)
                    self._look(0)
        except LeftOff:
            pass
        finally:
            self.state = self.state.ended(self.state.notice)
            self.checker.progress.save()

    def _leave_off(self) -> None:
        if self.state.is_running:
            raise LeftOff

    def _turn_to(self, exercise: Exercise) -> None:
        """Have another exercise at hand, and check it."""
        self.state = WatchState(exercise, is_running=self.state.is_running)
        self._want_this()
        self._leave_off()

    # -- what comes from outside ----------------------------------------------------------------------

    def _look(self, seconds: float | None) -> None:
        """Wait so long for keys, saves and signals, for ever with None, and do what they ask for."""
        news = self.display.news(self.saves.descriptor, seconds)
        if news.goes_on:
            self._want_this()
            self._leave_off()
        if news.others:
            self._saved(self.saves.read())
        for key in news.keys:
            self.actions.get(key, _nothing)()
        if news.anything:
            self.display.show(self.state)

    def _saved(self, paths: tuple[Path, ...]) -> None:
        """A save is a reason to check again, and what was saved is what is at hand."""
        if not paths:
            return
        self.checker.progress.look_again()
        exercises = exercises_of(self.checker, paths)
        if exercises and self.state.exercise not in exercises:
            self._turn_to(exercises[0])
        self._want_this()
        self._leave_off()

    # -- keys -----------------------------------------------------------------------------------------

    def _turn(self, page: Page) -> None:
        self.state = self.state.turned_to(page)

    def _tell(self, notice: str) -> None:
        self.state = self.state.told(notice)

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

    def _solution(self) -> None:
        path = self.layout.solution_file(self.state.exercise.name)
        shown = self.state.shown
        if not path.is_file():
            self._tell("There are no solutions in this kit.")
        elif shown is None or shown.verdict is not Verdict.PASSED:
            self._tell("The solution is shown once yours has passed.")
        else:
            self._turn(Solution(path.read_text(encoding="utf-8")))

    def _check_all(self) -> None:
        self._turn(Everything())
        if isinstance(self.state.page, Everything):
            self.wanted = lambda: self.checker.check_these(self.curriculum.exercises)
            self._leave_off()

    def _go(self, by: int) -> None:
        """To the exercise after this one, or to the one before; from one that needs another part, to that part."""
        if by < 0 and self.state.in_the_way is not None:
            self._turn_to(self.curriculum.get(self.state.in_the_way.exercise))
        elif (other := self.curriculum.following(self.state.exercise, by)) is not None:
            self._turn_to(other)
        else:
            self._tell("This is the last exercise." if by > 0 else "This is the first exercise.")

    def _skip(self) -> None:
        """Go on without the exercise that is at hand, or without the part that is in its way; or take it up again."""
        in_the_way = self.state.in_the_way
        exercise = self.state.exercise if in_the_way is None else self.curriculum.get(in_the_way.exercise)
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
        source = self.checker.workspace.source(self.state.exercise)
        path = (self.layout.work or self.layout.root) / source.display_path
        command = editor_command(path, self.state.first_line(source.display_path))
        if not command:
            self._tell("No editor was found: set EDITOR, or open the file in your own editor.")
            return
        with self.display.given_back():
            try:
                subprocess.run(command, check=False)
            except OSError as error:
                self._tell(f"{command[0]} could not be started: {error.strerror}.")

    def _quit(self) -> None:
        self.over, self.wanted = True, None
        self._leave_off()

    def _scroll(self, lines: int) -> None:
        self.state = self.state.scrolled(min(lines, self.display.last_top(self.state) - self.state.top))


def exercises_of(checker: Checker, paths: Iterable[Path]) -> tuple[Exercise, ...]:
    """The exercises that a suite marks and to which these files may belong."""
    return graded(exercise for path in paths for exercise in checker.progress.tree.exercises_at(path))


def _nothing() -> None:
    """What a key does that means nothing."""
