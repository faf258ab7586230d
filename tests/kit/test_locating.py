"""What is said of a wrong answer that is on no list: in what way its value is wrong, and at which line it begins."""

from __future__ import annotations

import msgspec
import pytest
from miniature import Kit, result_of

from grader.author.recordings import Take, joined
from grader.judge.job_builder import build_job, source_in
from grader.protocol.jobs import RecordedReference, RecordMode
from grader.protocol.results import Failure, Place, Recorded, Verdict

SOLUTION = '''"""# Mix

Rows shared out by their products.
"""

import torch
from jaxtyping import Float
from torch import Tensor


def mix(x: Float[Tensor, "rows dim"], y: Float[Tensor, "cols dim"]) -> Float[Tensor, "rows dim"]:
    """Each row of x shares out its weight over the rows of y."""
    # TODO: products, divided; the softmax; the sum.
    scores = x @ y.T / x.shape[-1] ** 0.5
    return torch.softmax(scores, dim=-1) @ y
'''
SUITE = '''"""Mix."""

import pytest


def test_mix(student, reference, draw, expect):
    """Each row is a mixture."""
    x, y = draw.normal(3, 8), draw.normal(5, 8)
    expect.close(student.mix(x, y), reference.mix(x, y))


@pytest.mark.hidden
def test_more(student, reference, draw, expect):
    """So is each of other rows."""
    x, y = draw.normal(4, 6), draw.normal(7, 6)
    expect.close(student.mix(x, y), reference.mix(x, y))
'''
OTHER_WAY = """import torch


def mix(x, y):
    small = x / 8**0.25
    products = small @ (y / 8**0.25).t()
    weights = {weights}
    mixed = weights @ y
    return mixed{ending}
"""
WRONG = "products.softmax(1) ** 1.5"


def failure_of(kit: Kit, text: str, test: str = "test_mix") -> Failure:
    kit.layout.solution_file(kit.name).write_text(SOLUTION, encoding="utf-8")
    kit.layout.mistakes_file(kit.name).unlink(missing_ok=True)
    found = result_of(kit.judge_with(SUITE, text), test)
    assert found.verdict is Verdict.FAILED
    assert found.failure is not None
    return found.failure


def test_the_line_at_which_it_goes_wrong(kit: Kit) -> None:
    line = failure_of(kit, OTHER_WAY.format(weights=WRONG, ending="")).wrong_line
    assert line is not None
    file = "exercises/ch1_mini/scale.py"
    assert (line.place, line.right_before) == (Place(file, 7), Place(file, 6))
    assert line.text == f"weights = {WRONG}"


def test_in_what_way_the_value_is_wrong(kit: Kit) -> None:
    failure = failure_of(kit, OTHER_WAY.format(weights="products.softmax(1)", ending=" * 8**0.5"))
    assert failure.message == "Every value is 2.828 times what was wanted; 2.828 is √8, and 8 is dim."
    assert failure.wrong_line is not None
    assert failure.wrong_line.text == "return mixed * 8**0.5"


def test_a_hidden_test_is_not_run_again(kit: Kit) -> None:
    failure = failure_of(kit, OTHER_WAY.format(weights=WRONG, ending=""), "test_more")
    assert failure.wrong_line is None


def in_a_learners_kit(kit: Kit, text: str) -> Failure:
    """The failure of `test_mix` where there is no solution, but what was written down of it."""
    failure_of(kit, text)
    exercise = kit.curriculum.get(kit.name)
    right = source_in(kit.layout, exercise, kit.layout.solutions)
    job = build_job(kit.layout, exercise, learner=right, seed=5, mode=RecordMode())
    events = [event for _, event in kit.events_of(job)]
    (take,) = (event.take for event in events if isinstance(event, Recorded))
    recording = kit.layout.root / "mix.recording"
    recording.write_bytes(joined(kit.name, [Take(5, take)]))
    stub = str(kit.layout.pristine_file(kit.name))
    job = build_job(kit.layout, exercise, seed=5)
    job = msgspec.structs.replace(job, reference=RecordedReference(str(recording), stub))
    failure = result_of(kit.judge_job(job), "test_mix").failure
    assert failure is not None
    return failure


@pytest.mark.parametrize("weights", [WRONG, "(products * products).softmax(1)"])
def test_a_learners_kit_knows_the_line_as_well(kit: Kit, weights: str) -> None:
    text = OTHER_WAY.format(weights=weights, ending="")
    known = failure_of(kit, text).wrong_line
    assert known is not None
    assert in_a_learners_kit(kit, text).wrong_line == msgspec.structs.replace(known, in_any_order=True)


def test_a_learners_kit_says_no_line_where_none_is_wrong_before_the_last(kit: Kit) -> None:
    text = OTHER_WAY.format(weights="products.softmax(1)", ending=".flip(0)")
    line = in_a_learners_kit(kit, text).wrong_line
    assert line is None


PARTS = """

def turned(x: Float[Tensor, "rows dim"]) -> Float[Tensor, "dim rows"]:
    \"\"\"Twice the rows, as columns.\"\"\"
    # TODO: exchange the axes, double.
    return 2 * x.T
"""
TESTED = """

def test_turned(student, reference, draw, expect):
    \"\"\"Twice the rows, as columns.\"\"\"
    x = draw.normal(4, 6)
    expect.close(student.turned(x), reference.turned(x))
"""
ON_A_PART = """import torch


def turned(x):
    return x.T.clone(){doubled}


def mix(x, y):
    small = x / 8**0.5
    columns = turned(y)
    products = small @ columns
    weights = products.softmax(-1){power}
    return weights @ y
"""


def test_no_line_is_told_after_a_call_that_is_wrong_by_itself(kit: Kit) -> None:
    """What it gives is another value of the reference's: the lines after it are not to blame."""
    kit.layout.mistakes_file(kit.name).unlink(missing_ok=True)
    with_parts = SOLUTION.replace("x @ y.T", "x @ turned(y)") + PARTS
    kit.layout.solution_file(kit.name).write_text(with_parts, encoding="utf-8")
    kit.sync()
    wrong_part = kit.judge_with(SUITE + TESTED, ON_A_PART.format(doubled="", power=""))
    wrong_later = kit.judge_with(SUITE + TESTED, ON_A_PART.format(doubled=" * 2", power=" ** 1.5"))
    for result, has_line in ((wrong_part, False), (wrong_later, True)):
        failure = result_of(result, "test_mix").failure
        assert failure is not None
        assert (failure.wrong_line is not None) is has_line, failure


def test_code_that_follows_its_own_lines_costs_itself_that_answer(kit: Kit) -> None:
    """It may take the look away; nothing else comes of it."""
    text = OTHER_WAY.format(weights=WRONG, ending="")
    blinded = text.replace("    small", "    import sys; sys.settrace(None)\n    small")
    assert failure_of(kit, blinded).wrong_line is None
