"""How lists, dicts, sets and texts differ, in a sentence."""

from __future__ import annotations

from typing import Any

import pytest

from grader.tester.item_shapes import of_items

WORDS = ["a", "boat", "cat", "dog", "eel"]


@pytest.mark.parametrize(
    ("wanted", "came", "sentence"),
    [
        ("A cat", "a Cat", "Only capital and small letters differ."),
        ("a cat", "a  cat\n", "Only spaces or line ends differ."),
        ("abcd", "dcba", "The text is in reverse order."),
        ("a cat sat", "a cat", "The end is missing: ' sat'."),
        ("a cat", "a cat!!", "There is too much at the end: '!!'."),
        ("a cat", "a cot", "The first 3 characters are right; then 'o' stands where 'a' was wanted."),
        ("xyz", "abc", None),
        (WORDS, WORDS[::-1], "The items are in reverse order."),
        (WORDS, ["boat", "a", *WORDS[2:]], "The items are the right ones, but in another order."),
        (WORDS, WORDS[:-1], "`eel` is missing."),
        (WORDS, [*WORDS, "fox", "gnu"], "`fox` and `gnu` are not wanted."),
        (WORDS, ["a", "boat", "cow", "dog", "eel"], "`cat` is missing; `cow` is not wanted."),
        ([3, 5, 9], [4, 6, 10], "Every item is 1 more than what was wanted."),
        ([1, 2, 3, 4], [1, 2, 8, 9], "3 and 4 are missing; 8 and 9 are not wanted."),
        (
            [[1], [2], [3]],
            [[1], [2], [4]],
            "Item 2 is the first that is wrong: [4] came, not [3]; the 2 before it are right.",
        ),
        ({"a": 1, "b": 2}, {"a": 1}, "`b` is missing."),
        ({"weight": 0}, {"weight": 0, "out_proj.bias": 0}, "`out_proj.bias` is not wanted."),
        ({"a": 1, "b": 2}, {"a": 1, "b": 3}, "For `b`, 3 came, not 2."),
        ({"a": 1, "b": 2, "c": 3}, {"a": 0, "b": 3, "c": 3}, "For `a`, 0 came, not 1; 1 more is wrong."),
        ({1, 2}, {2, 3}, "1 is missing; 3 is not wanted."),
        (["the cat"], ["The cat"], "Item 0 is the first that is wrong. Only capital and small letters differ."),
        ([(n, n) for n in range(8)], [(n, n + 1) for n in range(8)], None),  # sorted, by the test most likely
        ((1, 2), 7, None),
        ([1, object()], [1, 2], None),
        (list(range(5000)), list(range(4999)), None),
    ],
)
def test_what_is_said(wanted: Any, came: Any, sentence: str | None) -> None:
    assert of_items(wanted, came) == sentence
