"""Which part is at fault: a failed test once more, with a right function where the learner's is called."""

from __future__ import annotations

import msgspec
from miniature import Kit, result_of

from grader.judge.job_builder import build_job
from grader.protocol.jobs import Job
from grader.protocol.results import Cause

PARTS = '''

def quadruple(x: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
    """Four times each element."""
    return double(double(x))


class Layer(torch.nn.Module):
    """Twice, then a weight."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.ones(3))

    def forward(self, x: Float[Tensor, "rows 3"]) -> Float[Tensor, "rows 3"]:
        """Twice, weighted."""
        return double(x * self.weight)
'''
SUITE = '''"""Double and what rests on it."""

import pytest


def test_double(student, draw, expect):
    """Every element comes back twice as large."""
    x = draw.normal(3, 5)
    expect.close(student.double(x), x + x)


def test_quadruple(student, draw, expect):
    """Every element comes back four times as large."""
    x = draw.normal(6)
    expect.close(student.quadruple(x), 4 * x)


def test_layer(student, draw, expect):
    """The layer doubles."""
    x = draw.normal(4, 3)
    expect.close(student.Layer()(x), 2 * x)


def test_gradient(student, draw, expect):
    """Each weight gets the sum of its column, twice."""
    x = draw.normal(4, 3)
    layer = student.Layer()
    layer(x).sum().backward()
    expect.close(layer.gradients()["weight"], 2 * x.sum(0), dtype=False)


@pytest.mark.hidden
def test_more(student, draw, expect):
    """Every element of a matrix comes back four times as large."""
    x = draw.normal(6, 2)
    expect.close(student.quadruple(x), 4 * x)
'''
ANSWER = """import torch


def double(x):
    return {double}


def halve(x):
    return x / 2


def quadruple(x):
    return {quadruple}


class Layer(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.ones(3))

    def forward(self, x):
        return double(x * self.weight)
"""
WRONG = "x * 2.5 - 0.125"


def causes_of(kit: Kit, double: str = WRONG, quadruple: str = "double(double(x))") -> dict[str, Cause | None]:
    kit.define(PARTS)
    kit.sync()
    kit.layout.mistakes_file(kit.name).unlink()
    result = kit.judge_with(SUITE, ANSWER.format(double=double, quadruple=quadruple))
    return {test.name: test.failure.cause for test in result.tests if test.failure is not None}


def test_the_function_that_others_call(kit: Kit) -> None:
    found = causes_of(kit)
    at_fault = Cause("double", passing=4, failing=4)
    assert found == {
        "test_double": None,
        "test_quadruple": at_fault,
        "test_layer": at_fault,
        "test_gradient": at_fault,
        "test_more": None,  # a hidden test is not run again
    }


def test_a_fault_of_its_own_is_not_the_other_functions(kit: Kit) -> None:
    assert causes_of(kit, double="2 * x", quadruple="double(x) + 0.25") == {"test_quadruple": None, "test_more": None}


def test_two_faults_leave_each_its_own(kit: Kit) -> None:
    found = causes_of(kit, quadruple="double(x) + 0.25")
    assert found["test_quadruple"] is None
    assert found["test_layer"] == Cause("double", passing=3, failing=4)


def test_nothing_is_kept_of_what_code_does_with_the_function_that_stands_in(kit: Kit) -> None:
    """It may ask it whatever it likes, and say what came."""
    told = 'exec(\'if type(double).__name__ == chr(83) + "tandIn": print("KEPT", double(x))\')'
    quadruple = f"({told}, double(double(x)))[1]"
    kit.define(PARTS)
    kit.sync()
    kit.layout.mistakes_file(kit.name).unlink()
    result = kit.judge_with(SUITE, ANSWER.format(double=WRONG, quadruple=quadruple))
    failure = result_of(result, "test_quadruple").failure
    assert failure is not None and failure.cause is not None  # it was called in that way
    assert b"KEPT" not in msgspec.json.encode(result)


def test_an_earlier_part(kit: Kit) -> None:
    """The learner's own earlier parts may be at fault though their own tests pass."""
    kit.add_second()
    kit.sync()
    kit.write(WRONG.join(("return ", "")))
    twice = kit.layout.exercise_file("ch1_mini/twice")
    twice.write_text("from ch1_mini.scale import double\n\n\ndef quadruple(x):\n    return double(double(x))\n")
    result = kit.judge_job(second(kit))
    failure = result_of(result, "test_quadruple").failure
    assert failure is not None
    assert failure.cause == Cause("double", "ch1_mini/scale", passing=1, failing=1)


def second(kit: Kit) -> Job:
    return build_job(kit.layout, kit.curriculum.get("ch1_mini/twice"), seed=1)
