"""Two listed mistakes in one file: each is named, also where no test shows the second one alone."""

from __future__ import annotations

from miniature import Kit

SOLUTION = '''"""# Line

A line, and one beside it.
"""

from jaxtyping import Float
from torch import Tensor


def line(x: Float[Tensor, "n"], beside: bool = False) -> Float[Tensor, "n"]:
    """Twice each element; `beside` adds one."""
    # TODO: the line.
    y = 2 * x
    if beside:
        y = y + 1
    return y
'''
MISTAKES = """[[mistake]]
name = "tripled"
find = "2 * x"
replace = "3 * x"
says = "The elements are tripled."

[[mistake]]
name = "below"
find = "y + 1"
replace = "y - 1"
says = "The line runs below."

[[mistake]]
name = "far"
find = "y + 1"
replace = "y + 2"
says = "The line runs too far away."
"""
SUITE = '''"""Line."""

import pytest


@pytest.mark.parametrize("n", [3, 5])
def test_line(student, draw, expect, n):
    """Every element comes back twice as large."""
    x = draw.normal(n)
    expect.close(student.line(x), 2 * x)


@pytest.mark.parametrize("n", [3, 5])
def test_beside(student, draw, expect, n):
    """The line beside it is one above."""
    x = draw.normal(n)
    expect.close(student.line(x, beside=True), 2 * x + 1)
'''


def named(kit: Kit, slope: str, shift: str) -> dict[str, str | None]:
    kit.layout.solution_file(kit.name).write_text(SOLUTION, encoding="utf-8")
    kit.layout.mistakes_file(kit.name).write_text(MISTAKES, encoding="utf-8")
    text = f"def line(x, beside=False):\n    return {slope} * x + ({shift} if beside else 0)\n"
    result = kit.judge_with(SUITE, text)
    failed = [test for test in result.tests if test.failure is not None]
    return {test.name: None if test.mistake is None else test.mistake.name for test in failed}


def test_each_is_named_for_the_tests_that_it_explains(kit: Kit) -> None:
    first = {"test_line[3]": "tripled", "test_line[5]": "tripled"}
    assert named(kit, "3", "-1") == {**first, "test_beside[3]": "below", "test_beside[5]": "below"}
    assert named(kit, "3", "2") == {**first, "test_beside[3]": "far", "test_beside[5]": "far"}


def test_a_second_fault_that_is_on_no_list_gets_no_name(kit: Kit) -> None:
    found = named(kit, "3", "0.3")
    assert found["test_line[3]"] == found["test_line[5]"] == "tripled"
    assert found["test_beside[3]"] is found["test_beside[5]"] is None
