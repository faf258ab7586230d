"""`grader list` and `grader history`: attempts, times, what was skipped, and the change that made an exercise pass."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta

import pytest
from miniature import Kit
from rich.console import Console
from running import grader

from grader.course.mutants import Mistake
from grader.learner.attempts import Attempt, digest_of
from grader.learner.history import history_of, summaries
from grader.learner.progress import ProgressStore
from grader.protocol.results import Verdict
from grader.render.history import lasting, print_history
from grader.render.listing import print_list
from grader.render.terminal import make_console

WRONG = "def double(x):\n    return x ** 2\n"
RIGHT = "def double(x):\n    return 2 * x  # as it is to be, said in so many words that the line is long\n"


def attempt(exercise: str, text: str, verdict: Verdict, minutes: float, mistakes: tuple[Mistake, ...] = ()) -> Attempt:
    at = datetime(2026, 3, 1, 12, tzinfo=UTC) + timedelta(minutes=minutes)
    passed = 2 if verdict is Verdict.PASSED else 1
    digest = digest_of(text.encode())
    return Attempt(exercise, at, 0.2, verdict, passed, 2, 5.0 * passed, 10, mistakes, 3, "It failed.", digest, "a.py")


@pytest.fixture
def store(course: Kit) -> ProgressStore:
    """A learner who passed `scale` at the third attempt, changed it again, and skipped `twice`."""
    store = ProgressStore(course.layout, course.curriculum)
    squared = (Mistake("squared", "The elements are squared; each is to be doubled."),)
    for text, verdict, minutes, mistakes in (
        ("x = 1\n", Verdict.TODO, 0, ()),
        (WRONG, Verdict.FAILED, 30, squared),
        (RIGHT, Verdict.PASSED, 65, ()),
        ("later\n", Verdict.FAILED, 90, ()),
        (RIGHT, Verdict.PASSED, 95, ()),
    ):
        store.record(attempt("ch1_mini/scale", text, verdict, minutes, mistakes), text.encode())
    scale, twice = course.curriculum.graded
    store.remember(scale, 10, 2, 1, "none")
    store.skip(twice)
    return store


def shown_list(store: ProgressStore, width: int) -> str:
    stream = io.StringIO()
    print_list(make_console(stream, width), store.curriculum, store.states(), summaries(store))
    return stream.getvalue()


def shown_history(store: ProgressStore, width: int, name: str = "ch1_mini/scale") -> str:
    stream = io.StringIO()
    print_history(make_console(stream, width), history_of(store, store.curriculum.get(name)), "scale")
    return stream.getvalue()


def test_the_list_says_what_each_costs_and_what_it_took(store: ProgressStore) -> None:
    assert shown_list(store, 80).splitlines() == [
        "ch1_mini  A miniature  1 of 3",
        "  ✓ scale               Double and halve                         10 pts   20 min",
        "    passed at attempt 3, 1 h 5 min after the first",
        "  - twice               Four times                                5 pts   20 min",
        "    skipped",
        "    essay               An essay                                  4 pts   20 min",
        "    by a person",
        "",
        "10 of 19 points",
        "Skipped: twice. `grader skip --undo twice` ends the skipping.",
    ]


def test_nothing_is_cut_at_forty_columns(store: ProgressStore) -> None:
    text = shown_list(store, 40)
    assert max(map(len, text.splitlines())) <= 40
    assert (
        "  ✓ scale  10 pts 20 min\n    Double and halve\n    passed at attempt 3, 1 h 5 min after\n    the first"
        in text
    )


def test_a_pass_that_holds_no_longer_is_said_to_be_changed(store: ProgressStore, course: Kit) -> None:
    course.write("return x")
    store.look_again()
    assert "    changed since it passed; passed at attempt 3" in shown_list(store, 80)


def test_the_history_shows_each_attempt_and_the_change_that_made_it_pass(store: ProgressStore) -> None:
    text = shown_history(store, 80)
    lines = text.splitlines()
    assert lines[0] == "ch1_mini/scale  Double and halve"
    assert [line[:3].strip() for line in lines if line[:3].strip().isdigit()] == ["1", "2", "3", "4", "5"]
    assert "failed  1 of 2 tests, 5 of 10 points\n     squared: The elements are squared;" in text
    assert "todo  1 of 2 tests, 5 of 10 points\n     It failed.\n" in text
    assert "What changed from attempt 2 to attempt 3, which passed:\n" in text
    assert "    def double(x):\n  -     return x ** 2\n  +     return 2 * x  # as it is to be" in text
    assert "\x1b" not in text
    assert max(map(len, shown_history(store, 40).splitlines())) <= 40


def test_lines_that_were_changed_are_coloured_where_there_is_colour(store: ProgressStore) -> None:
    stream = io.StringIO()
    console = Console(file=stream, width=80, force_terminal=True, color_system="standard", no_color=False)
    print_history(console, history_of(store, store.curriculum.get("ch1_mini/scale")), "scale")
    assert "\x1b[31m" in stream.getvalue() and "\x1b[32m" in stream.getvalue()


def test_where_there_is_nothing_to_compare_it_says_so(store: ProgressStore) -> None:
    assert shown_history(store, 80, "ch1_mini/twice").startswith("ch1_mini/twice: no attempt yet.")
    for verdict, minutes in ((Verdict.FAILED, 0), (Verdict.PASSED, 9)):
        store.record(attempt("ch1_mini/twice", RIGHT, verdict, minutes), RIGHT.encode())
    assert "nothing in this file; another part that it uses was changed" in shown_history(store, 80, "ch1_mini/twice")


def test_the_command_shows_it(store: ProgressStore, course: Kit) -> None:
    done = grader(course.layout.root, "history", "scale")
    assert done.returncode == 0, done.stderr
    assert "which passed:" in done.stdout
    assert grader(course.layout.root, "history", "ch1").returncode == 2


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "under 1 min"), (61, "1 min"), (3599, "59 min"), (3900, "1 h 5 min"), (90000, "1 day"), (400000, "4 days")],
)
def test_how_long_it_took_is_said_as_people_say_it(seconds: int, text: str) -> None:
    assert lasting(timedelta(seconds=seconds)) == text
