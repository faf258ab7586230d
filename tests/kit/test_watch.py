"""`grader watch`, driven on terminals of three widths: each screen is compared with the one that was looked at.

`KIT_SCREENS=write pytest tests/kit/test_watch.py` writes the screens anew; look at them before they are kept.
"""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from miniature import SECOND_SOLUTION, SOLUTION, Kit
from terminal import Terminal

SCREENS = Path(__file__).parent / "screens"
SQUARED = "return x**2"


def compare(name: str, columns: int, screen: str) -> None:
    """The screen is the one that is kept under this name."""
    path = SCREENS / f"{name}-{columns}.txt"
    if os.environ.get("KIT_SCREENS") == "write":
        path.parent.mkdir(exist_ok=True)
        path.write_text(screen + "\n", encoding="utf-8")
    assert screen + "\n" == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("columns", [40, 80, 120])
def test_a_whole_session(course: Kit, columns: int) -> None:
    """Open, fail, hint, fix, next, broken syntax, an endless loop, skip, another size, quit."""
    second = course.layout.exercise_file("ch1_mini/twice")
    chapter = course.layout.chapter_file("ch1_mini")
    chapter.write_text(chapter.read_text().replace("points = 5\n", "points = 5\ntime_limit = 2\n"))
    with Terminal(course.layout.root, "watch", "--seed", "1", columns=columns) as terminal:
        compare("open", columns, terminal.until("todo", "q quit"))
        course.write(SQUARED)
        compare("fail", columns, terminal.until("The elements are squared", "failed"))
        terminal.press("h")
        compare("hint", columns, terminal.until("Hint 1 of 2"))
        terminal.press("s")
        compare("skip", columns, terminal.until("ch1_mini/twice", "todo"))
        terminal.press("p")
        terminal.until("ch1_mini/scale", "failed")
        course.file.write_text(SOLUTION)
        compare("fix", columns, terminal.until("passed"))
        terminal.press("n")
        compare("next", columns, terminal.until("ch1_mini/twice", "todo"))
        second.write_text("def quadruple(x)\n    return 4 * x\n")
        compare("syntax", columns, terminal.until("SyntaxError"))
        second.write_text("def quadruple(x):\n    while 1: pass\n")
        compare("endless", columns, terminal.until("timeout"))
        terminal.resize(columns + 20, 18)
        compare("resized", columns, terminal.until("timeout"))
        second.write_text(SECOND_SOLUTION)
        compare("last", columns, terminal.until("That was the last exercise"))
        terminal.press("q")
        assert terminal.ended() == 0
        assert terminal.raw.rstrip().endswith(b"\x1b[?1049l")


def test_a_newer_save_ends_the_check_of_an_older_one(kit: Kit) -> None:
    kit.write("while True:\n    pass")
    with Terminal(kit.layout.root, "watch") as terminal:
        terminal.until("of 2 tests")
        kit.file.write_text(SOLUTION)
        assert "timeout" not in terminal.until("passed")
    assert b"timeout" not in terminal.raw


def test_a_stopped_job_gives_the_terminal_back_and_goes_on(kit: Kit) -> None:
    with Terminal(kit.layout.root, "watch", in_a_shell=True, columns=200) as terminal:
        terminal.until("todo")
        terminal.press("\x1a")
        terminal.until("Stopped")
        assert terminal.raw.rindex(b"\x1b[?1049l") > terminal.raw.rindex(b"\x1b[?1049h")
        kit.file.write_text(SOLUTION)
        terminal.press("fg\r")
        terminal.until("passed")
        terminal.press("q")
        terminal.settled()
        assert terminal.raw.rindex(b"\x1b[?1049l") > terminal.raw.rindex(b"\x1b[?1049h")


def test_a_terminal_that_is_gone_ends_it(kit: Kit) -> None:
    with Terminal(kit.layout.root, "watch") as terminal:
        terminal.until("todo")
        os.kill(terminal.pid, signal.SIGHUP)
        assert terminal.ended() == 128 + signal.SIGHUP


def test_ctrl_c_ends_it_and_gives_the_terminal_back(kit: Kit) -> None:
    with Terminal(kit.layout.root, "watch") as terminal:
        terminal.until("todo")
        terminal.press("\x03")
        assert terminal.ended() == 130
        assert terminal.raw.rstrip().endswith(b"\x1b[?1049l")


def test_pages_are_shown_and_left(course: Kit) -> None:
    course.file.write_text(SOLUTION)
    with Terminal(course.layout.root, "watch", "scale") as terminal:
        terminal.until("passed")
        for key, words in {"b": "Twice and half", "l": "of 19 points", "r": "return 2 * x", "?": "all keys"}.items():
            terminal.press(key)
            terminal.until(words)
            terminal.press("\r")
            terminal.until("Next (n)", gone=words)
        terminal.press("a")
        terminal.until("1 of 2 exercises passed", "ch1_mini/twice")
        terminal.press("\x1b")
        terminal.until("Next (n)")


def test_the_file_that_is_saved_is_the_one_at_hand(course: Kit) -> None:
    course.file.write_text(SOLUTION)
    with Terminal(course.layout.root, "watch", "scale") as terminal:
        terminal.until("passed")
        course.layout.exercise_file("ch1_mini/twice").write_text(SECOND_SOLUTION)
        terminal.until("ch1_mini/twice  Four times", "passed")
        course.write(SQUARED)
        terminal.until("ch1_mini/scale  Double and halve", "squared")


def test_what_is_in_the_way_is_named_and_is_a_key_away(course: Kit) -> None:
    course.write(SQUARED)
    with Terminal(course.layout.root, "watch", "twice") as terminal:
        terminal.until("blocked", "It needs ch1_mini/scale", "The elements are squared")
        terminal.press("p")
        terminal.until("ch1_mini/scale  Double and halve", "failed")


def test_the_editor_has_the_screen_to_itself(kit: Kit, tmp_path: Path) -> None:
    editor = tmp_path / "an editor"
    editor.write_text(f"#!/bin/sh\necho edited > '{tmp_path}/seen'\necho \"$@\" >> '{tmp_path}/seen'\n")
    editor.chmod(0o755)
    with Terminal(kit.layout.root, "watch", EDITOR=f"'{editor}'", VISUAL="") as terminal:
        terminal.until("todo")
        terminal.press("e")
        terminal.until("todo", "q quit")
        while not (tmp_path / "seen").exists():
            terminal.settled()
    assert (tmp_path / "seen").read_text() == f"edited\n{kit.file}\n"


def test_colours_and_signs_are_left_out_where_there_are_none(kit: Kit) -> None:
    kit.write(SQUARED)
    with Terminal(kit.layout.root, "watch", NO_COLOR="1", PYTHONIOENCODING="ascii") as terminal:
        screen = terminal.until("x failed")
        assert screen.isascii()
    assert b"\x1b[3" not in terminal.raw  # no colour of any kind


def test_paths_are_links(kit: Kit) -> None:
    kit.write("raise KeyError(1)")
    with Terminal(kit.layout.root, "watch") as terminal:
        terminal.until("failed")
    assert f";file://{kit.file}".encode() in terminal.raw


def test_values_side_by_side_stand_below_each_other_where_it_is_narrow(kit: Kit) -> None:
    kit.write(SQUARED)
    with Terminal(kit.layout.root, "watch", "--seed", "1", columns=40, lines=40) as terminal:
        screen = terminal.until("failed", "wrong  ")
    rows = [line.split() for line in screen.splitlines() if "-2.694" in line or "1.814" in line]
    assert rows == [["-2.694", "1.627", "2.722", "…"], ["1.814", "0.6621", "1.853", "…"]]
