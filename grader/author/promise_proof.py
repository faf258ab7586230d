"""The law of the two-way contract, as far as runs show it: shares of the points, and what each mistake breaks."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

import msgspec

from grader.course.promises import Part, Promises
from grader.protocol.results import ExerciseResult, TestResult

LEAST_IDEA, MOST_EDGE = 0.60, 0.25


class Shares(msgspec.Struct, frozen=True):
    """The part of the points that the idea carries, and that which lies at the edge."""

    idea: float
    edge: float


def shares(promises: Promises, tests: Iterable[TestResult]) -> Shares:
    """The shares of an exercise's points by the part of each test."""
    weights: dict[Part | None, float] = defaultdict(float)
    for test in tests:
        weights[promises.part_of(function_of(test.name))] += test.points
    total = sum(weights.values()) or 1.0
    return Shares(weights[Part.IDEA] / total, weights[Part.EDGE] / total)


def function_of(name: str) -> str:
    """`test_f` of `test_f[3]`."""
    return name.split("[", 1)[0]


def uneven_shares(where: str, found: Shares) -> Iterator[str]:
    """What is wrong with the shares."""
    if found.idea < LEAST_IDEA:
        yield f"{where} the idea carries {found.idea:.0%} of the points; at least {LEAST_IDEA:.0%} are wanted"
    if found.edge > MOST_EDGE:
        yield f"{where} the edge carries {found.edge:.0%} of the points; at most {MOST_EDGE:.0%} are wanted"


def unbroken_promises(promises: Promises, runs: Mapping[str, ExerciseResult]) -> Iterator[str]:
    """Mistakes that do not break, in any public test, the promise that they stand for. `runs` are by mistake."""
    for promise in promises.promise:
        for name in promise.broken_by:
            if name in runs and not failed_in_public(runs[name]) & set(promise.tests):
                yield f"the mistake {name} fails no public test of the promise “{promise.words}”"


def failed_in_public(result: ExerciseResult) -> set[str]:
    """The functions of the public tests that a run failed."""
    return {function_of(test.name) for test in result.tests if test.verdict.is_wrong and not test.hidden}
