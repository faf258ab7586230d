"""What learners leave in their code that only a person at the keyboard has: a breakpoint, a question, a display."""

from __future__ import annotations

import json

import pytest
from miniature import Kit
from running import grader


@pytest.mark.parametrize(
    ("line", "advice"),
    [
        ("breakpoint()", "`grader check --debug`"),
        ("n = input('n? ')", "take what you need as an argument"),
        ("display(x)", "Use `print`"),
        ("undefined(x)", ""),
    ],
)
def test_what_to_do_about_it_is_said(kit: Kit, line: str, advice: str) -> None:
    kit.file.write_text(f"def double(x):\n    {line}\n    return 2 * x\n\n\ndef halve(x):\n    return x / 2\n")
    done = grader(kit.layout.root, "check", "scale", "--json")
    (exercise,) = json.loads(done.stdout)["exercises"]
    failure = exercise["tests"][0]["failure"]
    assert advice in failure["advice"] and bool(advice) == bool(failure["advice"]), failure
