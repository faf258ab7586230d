"""Two changes of one text at once."""

from __future__ import annotations

import pytest

from grader.course.joined_edits import Edit, edit_between, joined

BASE = "scores = q @ k / root\nweights = scores.softmax(-1)\nreturn weights @ v\n"


@pytest.mark.parametrize(
    ("find", "replace"),
    [(" / root", ""), ("softmax(-1)", "softmax(-2)"), ("return", "return 2 *"), ("scores = q", "q")],
)
def test_the_edit_makes_the_change(find: str, replace: str) -> None:
    changed = BASE.replace(find, replace, 1)
    edit = edit_between(BASE, changed)
    assert BASE[: edit.start] + edit.text + BASE[edit.stop :] == changed
    assert edit.stop - edit.start <= len(find)


def test_no_change_is_an_empty_edit() -> None:
    assert edit_between(BASE, BASE) == Edit(len(BASE), len(BASE), "")


def test_what_is_repeated() -> None:
    assert joined("aaaa b", "aaa b", "aaaa c") == "aaa c"


def test_both() -> None:
    unscaled, other_axis = BASE.replace(" / root", ""), BASE.replace("-1", "-2")
    both = BASE.replace(" / root", "").replace("-1", "-2")
    assert joined(BASE, unscaled, other_axis) == joined(BASE, other_axis, unscaled) == both


@pytest.mark.parametrize("other", [" / root / root", " * root", " / d"])
def test_changes_of_the_same_place_are_not_joined(other: str) -> None:
    assert joined(BASE, BASE.replace(" / root", ""), BASE.replace(" / root", other)) is None
