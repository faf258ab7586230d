"""The conditions on numbers: which side of the bound passes, and what a failure says was expected."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from grader.protocol.results import Failure
from grader.tester.expect import Expect
from grader.tester.failures import SuiteFailure
from grader.tester.peer import Peer
from grader.tester.proxies import Student
from unit.fakes import local_peer

BOUNDS: dict[str, tuple[float, ...]] = {"less": (2,), "greater": (2,), "between": (1, 2)}


def told(condition: str, value: Any, message: str = "It is elsewhere.") -> str:
    """The failure's sentence; "" where the condition holds."""
    peer, _ = local_peer()
    try:
        getattr(Expect(peer), condition)(value, *BOUNDS[condition], message)
    except SuiteFailure as caught:
        return caught.failure.message
    return ""


def test_less_takes_what_is_below_the_bound() -> None:
    assert told("less", 1.9) == ""
    assert told("less", 2) == "It is elsewhere. It is 2; it ought to be less than 2."


def test_greater_takes_what_is_above_the_bound() -> None:
    assert told("greater", 2.1) == ""
    assert told("greater", 1.9) == "It is elsewhere. It is 1.9; it ought to be greater than 2."


def test_between_takes_its_own_bounds() -> None:
    assert told("between", 1) == told("between", 1.5) == told("between", 2) == ""
    assert told("between", 0.9) == "It is elsewhere. It is 0.9; it ought to be 1 to 2."
    assert told("between", 2.1, "The loss came to") == "The loss came to 2.1; it ought to be 1 to 2."


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf"), "2", None, [1.0, 2.0]], ids=repr)
@pytest.mark.parametrize("condition", BOUNDS)
def test_no_bound_passes_what_is_no_finite_number(condition: str, value: Any) -> None:
    """An infinite loss is greater than any bound, and yet it is not what a test hopes for."""
    number = f"{value:g}; it ought to be" if isinstance(value, float) else "no number."
    assert told(condition, value).startswith(f"It is elsewhere. It is {number}")


def failure_of(check: Any, peer: Peer) -> Failure:
    """What a test says of what came from this peer."""
    with pytest.raises(SuiteFailure) as caught:
        check(Student(peer), Expect(peer))
    return caught.value.failure


def test_a_wrong_dtype_is_told_beside_the_sentence_of_a_test() -> None:
    peer, _ = local_peer(double=lambda x: (2 * x).float())
    x = torch.tensor([1.0, 2.0], dtype=torch.float64)
    found = failure_of(lambda student, expect: expect.close(student.double(x), 2 * x, "The rows are wrong."), peer)
    assert found.message == "The rows are wrong. The dtype is float32, not float64."


def test_the_call_is_that_of_the_first_wrong_number() -> None:
    peer, _ = local_peer(rate=lambda step: 0.5 if step == 2 else float(step))
    rates = [0.0, 1.0, 2.0, 3.0]
    found = failure_of(lambda student, expect: expect.close([student.rate(n) for n in range(4)], rates), peer)
    assert found.call is not None and found.call.arguments == (("argument 1", "2"),)


def test_places_are_those_of_the_result_or_of_what_was_taken_of_it() -> None:
    peer, _ = local_peer(rows=lambda n: torch.arange(n).float().reshape(-1, 1))
    whole = failure_of(lambda student, expect: expect.close(student.rows(9), torch.zeros(9, 1)), peer)
    part = failure_of(lambda student, expect: expect.close(student.rows(9)[4:], torch.zeros(5, 1)), peer)
    assert whole.difference is not None and whole.difference.of_result
    assert part.difference is not None and not part.difference.of_result
    assert part.difference.worst_index == (4, 0)


def test_of_rows_that_were_worked_out_no_number_is_laid_to_a_call() -> None:
    peer, _ = local_peer(rate=lambda step: float(step))
    found = failure_of(
        lambda student, expect: expect.close([student.rate(n) + 1 for n in range(4)], [0.0, 1.0, 2.0, 3.0]), peer
    )
    assert found.call is not None and found.call.arguments == (("argument 1", "3"),)
