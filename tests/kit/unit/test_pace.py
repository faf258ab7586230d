"""The estimate of what is left. It is said late rather than wrong.

What is promised: once it is shown, it stays within a factor of three of the truth, as long as the items of an exercise
take about the same time, but for one in twenty (one, in a small class), which may take any time at all.
"""

from __future__ import annotations

import random
from collections import Counter

import pytest

from grader.judge.pace import LEAST_ITEMS, Pace

FACTOR = 3.0


def estimates(sequence: list[tuple[str, float]], workers: int = 1, overhead: float = 0.0) -> list[tuple[float, float]]:
    """What is said after each item, where something is said, with what the rest then really takes."""
    pace, elapsed, found = Pace(), 0.0, []
    for number, (exercise, seconds) in enumerate(sequence, 1):
        pace.add(exercise, seconds)
        elapsed += (seconds + overhead) / workers
        rest = sequence[number:]
        said = pace.left(Counter(name for name, _ in rest), elapsed)
        if said is not None and rest:
            found.append((said, sum(one + overhead for _, one in rest) / workers))
    return found


def check(sequence: list[tuple[str, float]], least: int, **options: float) -> None:
    found = estimates(sequence, **options)  # type: ignore[arg-type]  # numbers, all of them
    assert len(found) >= least
    for said, real in found:
        assert real / FACTOR <= said <= real * FACTOR, (said, real)


def test_a_slow_first_item_says_nothing_of_the_rest() -> None:
    check([("a", 100.0), *[("a", 0.1)] * 99], 90)
    check([("a", 0.1), ("a", 1000.0), *[("a", 0.1)] * 99], 90)


def test_a_slow_item_in_the_middle_moves_nothing() -> None:
    sequence = [("a", 1.0)] * 30 + [("a", 500.0)] + [("a", 1.0)] * 30
    found = estimates(sequence)
    before, after = found[24][0], found[26][0]  # around the slow one
    assert after < 20 * before  # the clock went on meanwhile, the kind of work did not change
    assert all(said < 120 for said, _ in found)


def test_slow_and_quick_items_in_turn() -> None:
    check([("a", 0.2), ("a", 20.0)] * 40, 60)


def test_a_slow_exercise_that_comes_last_is_known_from_the_first_students() -> None:
    pilots = [item for _ in range(3) for item in [("quick", 0.2), ("middle", 3.0), ("slow", 60.0)]]
    rest = [("quick", 0.2)] * 50 + [("middle", 3.0)] * 50 + [("slow", 60.0)] * 50
    check(pilots + rest, 140)


@pytest.mark.parametrize("seed", range(20))
def test_one_in_twenty_hangs(seed: int) -> None:
    """Of each exercise, at any place. An item that is yet to hang is no part of the truth: nobody can know of it."""
    rng = random.Random(seed)
    sequence = [(name, rng.uniform(0.7, 1.4) * size) for name, size in (("a", 0.5), ("b", 5.0)) for _ in range(100)]
    sequence = sequence[:3] + sequence[100:103] + sequence[3:100] + sequence[103:]
    pace, elapsed = Pace(), 0.0
    shown, of_its_kind = 0, Counter[str]()
    for number, (exercise, seconds) in enumerate(sequence, 1):
        of_its_kind[exercise] += 1
        spent = seconds * 40 if of_its_kind[exercise] % 20 == seed else seconds
        pace.add(exercise, spent)
        elapsed += spent
        rest = sequence[number:]
        said, real = pace.left(Counter(name for name, _ in rest), elapsed), sum(one for _, one in rest)
        if said is not None and rest and number > 20:
            shown += 1
            assert real / FACTOR <= said <= real * FACTOR, (number, said, real)
    assert shown > 150


@pytest.mark.parametrize("workers", [1, 2, 16])
@pytest.mark.parametrize("overhead", [0.0, 0.5])
def test_workers_and_what_is_done_between_items_need_not_be_known(workers: int, overhead: float) -> None:
    check([("a", 1.0)] * 400, 100, workers=workers, overhead=overhead)


def test_nothing_is_said_while_little_is_known() -> None:
    pace = Pace()
    assert pace.left({"a": 10}, 100.0) is None
    for _ in range(LEAST_ITEMS - 1):
        pace.add("a", 10.0)
    assert pace.left({"a": 10}, 40.0) is None  # few items
    pace.add("a", 10.0)
    assert pace.left({"a": 10}, 50.0) == pytest.approx(100.0)
    assert pace.left({"a": 10}, 1.0) is None  # little time
    assert pace.left({"a": 10, "b": 2}, 50.0) is None  # some of what is left is of another kind
    assert pace.left({"a": 19, "b": 1}, 50.0) == pytest.approx(200.0)
    pace.add("b", 7000.0)  # one item is no figure
    assert pace.left({"b": 100}, 7050.0) is None


def test_items_without_a_run_take_no_time() -> None:
    pace = Pace()
    for _ in range(20):
        pace.add("a", 0.0)
    assert pace.left({"a": 5}, 100.0) is None
