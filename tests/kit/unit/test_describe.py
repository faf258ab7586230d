"""Values in a few words, without calling what they bring with them."""

from __future__ import annotations

import collections
import pathlib
import tracemalloc
from typing import Any

import numpy as np
import pytest
import torch

from grader.protocol.describe import MAX_DESCRIPTION, describe, describe_result, shorten
from grader.protocol.wire import Unsendable


class Liar:
    """Answers nothing without a fuss."""

    def __repr__(self) -> str:
        raise RuntimeError("asked")

    __str__ = __repr__


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "None"),
        (True, "True"),
        (3, "3"),
        (2.5, "2.5"),
        ("a\nb", r"'a\nb'"),
        (b"a", "b'a'"),
        (1 + 2j, "(1+2j)"),
        ([], "[]"),
        ([1, "a", None], "[1, 'a', None]"),
        ((1, 2), "(1, 2)"),
        ({1}, "{1}"),
        (list(range(9)), "list of 9 items"),
        (["a" * 40, "b" * 40], "list of 2 items"),
        ({"a": 1}, "{'a': 1}"),
        (collections.Counter("aa"), "{'a': 2}"),
        ({i: i for i in range(5)}, "dict of 5 entries"),
        ({"a" * 40: "b" * 40}, "dict of 1 entries"),
        (np.float32(1.5), "np.float32(1.5)"),
        (np.ones((2, 3)), "array float64 (2, 3)"),
        (torch.ones(2, 3), "tensor float32 (2, 3)"),
        (torch.tensor(2), "tensor int64 2"),
        (torch.empty(2, device="meta"), "tensor float32 (2,) on meta"),
        (torch.empty((), device="meta"), "tensor float32 () on meta"),
        (torch.nn.Parameter(torch.tensor(1.0)), "tensor float32 ()"),
        (torch.float16, "torch.float16"),
        (torch.Generator(), "a torch.Generator"),
        (pathlib.PurePosixPath("a/b"), "PurePosixPath('a/b')"),
        (Unsendable("a thing"), "a thing"),
        (Liar(), "an object of type Liar"),
        ([Liar()], "[an object of type Liar]"),
        (len, "an object of type builtin_function_or_method"),
    ],
    ids=lambda item: type(item).__name__,
)
def test_a_value_in_a_few_words(value: Any, text: str) -> None:
    assert describe(value) == text


def test_a_subclass_of_a_list_is_not_asked() -> None:
    class Shouts(list[int]):
        def __len__(self) -> int:
            raise RuntimeError("asked")

    assert describe(Shouts()) == "an object of type Shouts"


def test_a_description_stays_short_whatever_it_is_of() -> None:
    for value in ("a" * 1000, 10**400, ["a" * 1000], {"a" * 1000: 1}, [[["x" * 50]] * 8] * 8, b"\n" * 1000):
        assert len(describe(value)) <= MAX_DESCRIPTION and "\n" not in describe(value)


@pytest.mark.parametrize("value", [b"\x00" * 10**7, "\x00" * 10**7])
def test_what_is_not_shown_of_a_long_text_is_not_written_out(value: bytes | str) -> None:
    tracemalloc.start()
    try:
        assert describe(value) == shorten(repr(value[:200]))
        assert tracemalloc.get_traced_memory()[1] < 10**5
    finally:
        tracemalloc.stop()


def test_the_parts_of_a_small_tuple_are_described_one_by_one() -> None:
    assert describe_result((torch.ones(2), torch.ones(3))) == "(tensor float32 (2,), tensor float32 (3,))"
    assert describe_result(tuple(range(9))) == "tuple of 9 items"
    assert describe_result(()) == "()"
    assert describe_result([1]) == "[1]"


def test_long_text_is_cut_in_the_middle() -> None:
    assert shorten("abc", 3) == "abc"
    assert shorten("abcdefg", 5) == "ab…fg"
    assert shorten("a\r\nb") == "a\\r\\nb"
