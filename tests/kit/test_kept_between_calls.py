"""Code that keeps something between calls fails other tests than alone: it is looked at alone, and named by that."""

from __future__ import annotations

from miniature import Kit

from grader.protocol.results import TestResult
from grader.tester.suite import PASSES_ALONE

SOLUTION = '''"""# Shift

A vector, shifted to begin at zero.
"""

from jaxtyping import Float
from torch import Tensor


def shift(x: Float[Tensor, "n"]) -> Float[Tensor, "n"]:
    """Each element less the first one."""
    # TODO: subtract the first element.
    return x - x[0]
'''
MISTAKES = """[[mistake]]
name = "first-of-the-first-call"
find = "return x - x[0]"
replace = "shift.first = vars(shift).get('first', x[0])\\n    return x - shift.first"
says = "The first element is kept from the first call."
"""
SUITE = '''"""Shift."""

import pytest


@pytest.mark.parametrize("n", [3, 5, 4, 6])
def test_shift(student, draw, expect, n):
    """The first element becomes zero."""
    x = draw.normal(n)
    expect.close(student.shift(x), x - x[0])


def test_a_second_call(student, draw, expect):
    """So it does in each call."""
    x, y = draw.normal(4), draw.normal(5)
    student.shift(x)
    expect.close(student.shift(y), y - y[0])
'''
ANSWER = """kept = []


def shift(x):
    kept.append({kept})
    return x - kept[0]
"""


def failed(kit: Kit, kept: str, mistakes: str = MISTAKES) -> list[TestResult]:
    kit.layout.solution_file(kit.name).write_text(SOLUTION, encoding="utf-8")
    kit.layout.mistakes_file(kit.name).write_text(mistakes, encoding="utf-8")
    result = kit.judge_with(SUITE, ANSWER.format(kept=kept))
    return [test for test in result.tests if test.failure is not None]


def test_it_is_named_for_all_that_it_spoils(kit: Kit) -> None:
    found = failed(kit, "x[0]")
    assert len(found) == 4  # the first test to run has passed
    assert {test.mistake.name for test in found if test.mistake} == {"first-of-the-first-call"}
    assert all(test.mistake for test in found)


def test_without_a_name_it_is_said_that_the_tests_pass_alone(kit: Kit) -> None:
    facts = {test.name: test.failure.facts for test in failed(kit, "x[0]", "") if test.failure is not None}
    alone = [name for name, found in facts.items() if PASSES_ALONE in found]
    assert len(alone) == 3
    assert "test_a_second_call" not in alone


def test_what_keeps_nothing_is_told_nothing_of_it(kit: Kit) -> None:
    for test in failed(kit, "kept.clear() or x[-1]", ""):
        assert test.failure is not None
        assert PASSES_ALONE not in test.failure.facts
