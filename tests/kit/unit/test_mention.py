"""Which values a message gives."""

from __future__ import annotations

from typing import Any

import pytest

from grader.tester.mention import gives, words


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("the window must be at least 1, not 0", 0),
        ("got 7.", 7),
        ("got 7.0", 7),
        ("got [3, 4]", 4),
        ("got tensor(12)", 12),
        ("1,000 tokens", 1000),
        ("1_000 tokens", 1000),
        ("lr=-0.25", -0.25),
        ("p = 1.50", 1.5),
        ("1e-05", 1e-5),
        ("ids 0-3", 3),
        ("no '§' in the vocabulary", "§"),
        ("length 9", (4, 9)),
    ],
)
def test_a_value_is_found(text: str, value: Any) -> None:
    assert gives(text, value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("got 17", 7),
        ("got 7.5", 7),
        ("got 70", 7),
        ("the window is wrong", 0),
        ("got 4", -4),
        ("1,000 tokens", 1),
        ("length 8", (4, 9)),
    ],
)
def test_a_part_of_another_number_is_no_value(text: str, value: Any) -> None:
    assert not gives(text, value)


def test_words() -> None:
    assert words(7) == "7"
    assert words((7, 3)) == "7 or 3"
    assert words("a") == "'a'"
