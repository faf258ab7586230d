"""What is left behind: in code what only a person at the keyboard has, such as a breakpoint; in a folder nothing."""

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


def test_a_breakpoint_without_a_debugger_is_called_one(kit: Kit) -> None:
    kit.write("breakpoint()\nreturn 2 * x")
    done = grader(kit.layout.root, "check", "scale")
    assert "`double` stopped at a breakpoint: breakpoint() needs `grader check" in done.stdout
    assert "BdbQuit" not in done.stdout


WRITES = """
[[mistake]]
name = "written-down"
find = "return 2 * x"
replace = '''open("None.new", "w").close()
    return 2 * x + 1'''
says = "One is added."
"""


def test_a_mistake_that_is_tried_leaves_nothing_in_the_folder(kit: Kit) -> None:
    """A mistake of the list may write a file: not where somebody works."""
    mistakes = kit.layout.mistakes_file(kit.name)
    mistakes.write_text(mistakes.read_text() + WRITES)
    kit.write("return 2 * x + 1")
    done = grader(kit.layout.root, "check", "scale")
    assert "One is added." in done.stdout
    assert not list(kit.layout.root.rglob("*.new"))
