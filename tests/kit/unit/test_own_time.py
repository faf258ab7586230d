"""The time that a process counts of itself: work and sleep, not its waiting for a core."""

from __future__ import annotations

import pytest

from grader.worker.own_time import OwnTime

LOOK = 0.05


class Machine:
    """A process whose time is made here, and that looks at it now and then."""

    def __init__(self) -> None:
        self.now = self.worked = 0.0
        self.sleeps = 7
        self.own = OwnTime(lambda: self.now, lambda: (self.worked, self.sleeps))

    def pass_time(self, seconds: float, share: float, sleeps: bool = False) -> float:
        for _ in range(round(seconds / LOOK)):
            self.now += LOOK
            self.worked += share * LOOK
            self.sleeps += sleeps
            self.own.look()
        return self.own.look()


def test_work_counts() -> None:
    assert Machine().pass_time(3, 1.0) == pytest.approx(3)


def test_sleep_counts_by_the_clock() -> None:
    assert Machine().pass_time(3, 0.0, sleeps=True) == pytest.approx(3)
    assert Machine().pass_time(3, 0.5, sleeps=True) == pytest.approx(3)


def test_several_threads_at_work_count_each() -> None:
    assert Machine().pass_time(3, 2.0, sleeps=True) == pytest.approx(6)


def test_waiting_for_a_core_does_not_count() -> None:
    assert Machine().pass_time(16, 1 / 8) == pytest.approx(2)


def test_where_the_system_counts_no_sleep_the_clock_has_a_last_word() -> None:
    assert Machine().pass_time(60, 0.0) == pytest.approx(2)


def test_the_process_itself_is_measured() -> None:
    own = OwnTime()
    before = own.look()
    total = sum(range(2_000_000))
    assert total and own.look() > before
