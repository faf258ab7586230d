"""A function in a process of its own: its result comes back, and whatever else happens in there costs that process."""

from __future__ import annotations

import os
import re
import signal
import sys
import time
from collections.abc import Callable
from typing import Any

import pytest

from grader.errors import UsageError
from grader.judge.apart import Bounds, NotDone, apart

SMALL = Bounds(processor_seconds=1, clock_seconds=4, memory_bytes=2**28, result_bytes=2**20)


def works_in_c() -> bool:
    return re.match(r"(a+)+$", "a" * 60 + "b") is None


def swallows_everything() -> None:
    while True:
        try:
            time.sleep(100)
        except BaseException:
            continue


def refuses() -> None:
    raise UsageError("the list has no names")


@pytest.mark.parametrize(
    ("function", "reason"),
    [
        (works_in_c, "it took more than 1 s of the processor to read"),
        (swallows_everything, "it took more than 4 s to read"),
        (lambda: bytearray(2**30), "it took more than 256 MB of memory to read"),
        (lambda: "x" * 2**21, "more than 1 MB were found in it"),
        (lambda: os.abort(), "it took more than 256 MB of memory to read"),
        (lambda: os.kill(os.getpid(), signal.SIGSEGV), "it could not be read: the process that tried ended at once"),
        (lambda: os._exit(3), "it could not be read: the process that tried ended at once"),
        (lambda: sys.exit(), "the grader could not read it, for a reason that it does not know (SystemExit)"),
        (lambda: 1 // 0, "the grader could not read it, for a reason that it does not know (ZeroDivisionError)"),
        (lambda: "\ud800", "the grader could not read it, for a reason that it does not know (UnicodeEncodeError)"),
        (refuses, "the list has no names"),
    ],
    ids=["C", "sleep", "memory", "result", "abort", "crash", "exit", "sys.exit", "raises", "no text", "refuses"],
)
def test_what_goes_wrong_is_said(function: Callable[[], Any], reason: str) -> None:
    with pytest.raises(NotDone) as caught:
        apart(function, Any, SMALL)
    assert str(caught.value) == reason


def test_what_the_function_returns_comes_back_as_its_kind() -> None:
    assert apart(lambda: (1, "a", b"b"), tuple[int, str, bytes]) == (1, "a", b"b")
    assert apart(lambda: None, int | None) is None


def test_nothing_that_the_function_does_is_seen_here() -> None:
    seen: list[int] = []
    apart(lambda: seen.append(1), None, SMALL)
    assert seen == []


def test_it_writes_no_file(tmp_path: Any) -> None:
    with pytest.raises(NotDone):
        apart(lambda: (tmp_path / "a").write_text("x" * 10), int, SMALL)
