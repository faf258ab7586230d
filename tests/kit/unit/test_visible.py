"""Texts whose every character can be seen."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from unseen import ALL_UNSEEN, HONEST, is_unseen

from grader.course.visible import short_line, visible, visible_line

ANY_TEXT = st.text(st.characters(exclude_categories=()) | st.sampled_from(ALL_UNSEEN + "👩❤1"))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\x1b[2J\r", r"a\x1b[2J\r"),
        ("\u202egnp\u2066", r"\u202egnp\u2066"),
        ("\U000e0041\ud800\x85", r"\U000e0041\ud800\x85"),
        ("one\r\ntwo\tthree\n", "one\ntwo\tthree\n"),
        ("a\u200db\ufe0f", r"a\u200db\ufe0f"),
        ("שלום عربى 山田　太郎 naïve e\u0301 \\x1b", "שלום عربى 山田　太郎 naïve e\u0301 \\x1b"),
        *((text, text) for text in HONEST),
    ],
)
def test_what_is_shown(text: str, shown: str) -> None:
    assert visible(text) == shown


def test_each_of_them_has_an_escape() -> None:
    assert len(ALL_UNSEEN) > 6000
    for character in ALL_UNSEEN:
        shown = visible(f"a{character}b")
        assert shown.startswith("a\\") and shown.isascii(), ascii(character)
        assert visible_line(f"a{character}b") == shown


def test_a_line_stays_one() -> None:
    assert visible_line("a\nb\tc\r\n") == r"a\nb\tc\r\n"
    assert short_line(" a\n\tb \x1b c", 80) == r"a b \x1b c"
    assert short_line("x" * 81, 80) == "x" * 79 + "…"


@given(ANY_TEXT)
def test_nothing_unseen_is_left_but_what_joins_pictures(text: str) -> None:
    for shown in (visible(text), visible_line(text)):
        assert all(not is_unseen(c) or c in "\u200c\u200d\ufe0e\ufe0f" for c in shown)
        assert visible(shown) == shown
        shown.encode()
    assert "\n" not in visible_line(text)
