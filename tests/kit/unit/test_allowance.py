"""What counts as a test's time: work and idleness of the worker, not its waiting for a core."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from grader.tester.allowance import LAST_BOUND_FACTOR, Allowance, Overused, TimedOut, Usage, usage_of

STEP = 0.02


class Machine:
    """A worker whose time is made here. The tester looks at it at each step while it waits."""

    def __init__(self, seconds: float = 10.0, is_known: bool = True, delayed: float | None = None) -> None:
        self.now = self.worked = self.own_delay = 0.0
        self.delayed = delayed
        self.threads = 1
        self.is_idle = True
        self.is_known = is_known
        self.looks: list[float] = []
        self.allowance = Allowance(seconds, self.usage, self.look, lambda: self.now, lambda: self.own_delay)

    def usage(self) -> Usage | None:
        delays = None if self.delayed is None else {str(n): self.delayed for n in range(self.threads)}
        return Usage(self.worked, self.is_idle, delays) if self.is_known else None

    def look(self) -> str:
        self.looks.append(self.now)
        return ""

    def pass_time(self, seconds: float, share: float, is_idle: bool) -> None:
        """The worker has this share of a core for so long."""
        self.is_idle = is_idle
        for _ in range(round(seconds / STEP)):
            self.now += STEP
            self.worked += share * STEP
            self.allowance.check()

    def works(self, seconds: float) -> None:
        self.pass_time(seconds, 1.0, is_idle=False)

    def waits_for_a_core(self, seconds: float) -> None:
        if self.delayed is None:
            self.pass_time(seconds, 0.0, is_idle=False)
            return
        for _ in range(round(seconds / STEP)):
            self.delayed += STEP
            self.pass_time(STEP, 0.0, is_idle=False)

    def sleeps(self, seconds: float) -> None:
        self.pass_time(seconds, 0.0, is_idle=True)

    def ask(self) -> None:
        self.allowance.wait_anew()
        self.allowance.check()


def test_work_counts() -> None:
    machine = Machine()
    machine.works(9.9)
    with pytest.raises(TimedOut):
        machine.works(0.2)
    assert machine.allowance.used() == pytest.approx(10, abs=0.1)


def test_sleep_counts() -> None:
    machine = Machine()
    machine.sleeps(9.9)
    with pytest.raises(TimedOut):
        machine.sleeps(0.3)
    assert machine.allowance.used() == pytest.approx(10, abs=0.1)


def test_each_may_be_as_long_as_the_limit_and_both_are_used() -> None:
    machine = Machine()
    machine.works(9.5)
    machine.sleeps(9.5)
    assert machine.allowance.used() == pytest.approx(19, abs=0.1)


@pytest.mark.parametrize("others", [4, 9, 19])
def test_a_core_that_is_shared_with_many_takes_no_longer(others: int) -> None:
    """The worker has a slice of 10 ms in every so many, and never goes to sleep."""
    machine = Machine()
    machine.pass_time((others + 1) * 9.9, 1 / (others + 1), is_idle=False)
    assert machine.allowance.used() == pytest.approx(9.9, abs=0.1)
    with pytest.raises(TimedOut):
        machine.pass_time((others + 1) * 0.2, 1 / (others + 1), is_idle=False)


def test_sleep_counts_on_a_busy_machine_too() -> None:
    machine = Machine()
    for _ in range(9):
        machine.waits_for_a_core(5)
        machine.sleeps(1.1)
    with pytest.raises(TimedOut):
        machine.sleeps(1)


def test_waiting_for_a_core_has_a_last_bound() -> None:
    machine = Machine()
    with pytest.raises(TimedOut):
        machine.waits_for_a_core(LAST_BOUND_FACTOR * 10 + 1)
    assert machine.now == pytest.approx(LAST_BOUND_FACTOR * 10, abs=0.1)
    assert machine.allowance.used() == 10  # of what all tests may use it costs one limit


def test_what_the_tester_does_is_not_the_workers_idleness() -> None:
    """The worker has nothing to do between two questions."""
    machine = Machine()
    for _ in range(20):
        machine.ask()
        machine.works(0.1)
        machine.is_idle = True
        machine.now += 5.0  # the test compares, say
    machine.ask()
    assert machine.allowance.idle == 0
    assert machine.allowance.used() == pytest.approx(2)


def test_one_that_has_answered_a_moment_ago_was_not_idle() -> None:
    """The tester itself is kept waiting for a core: it looks late, and finds a worker that is done."""
    machine = Machine()
    for _ in range(100):
        machine.ask()
        machine.is_idle = False
        machine.now, machine.worked = machine.now + 0.3, machine.worked + 0.05
        machine.is_idle = True
        machine.allowance.check()
    assert machine.allowance.idle == 0


def test_work_between_two_looks_at_a_sleeper_is_work() -> None:
    machine = Machine()
    machine.pass_time(15, 0.4, is_idle=True)
    assert machine.allowance.idle == pytest.approx(9, rel=0.01)
    assert machine.allowance.used() == pytest.approx(15, rel=0.01)


@pytest.mark.parametrize("others", [0, 4])
def test_one_that_works_whenever_it_is_looked_at_is_seen_to_idle(others: int) -> None:
    """A fifth of the time it works, always at the looks: the delays tell that it did not want the rest."""
    machine = Machine(delayed=0.0)
    with pytest.raises(TimedOut):
        for _ in range(140):
            machine.pass_time(0.1, 0.2, is_idle=False)
            machine.waits_for_a_core(0.1 * others)
    assert machine.now == pytest.approx(12.5 * (1 + others), rel=0.05)


def test_a_wait_that_is_counted_when_it_is_over_is_no_idleness() -> None:
    """A slice of 3 ms comes after 77 ms each, and the next wait has begun by the time that it is looked at."""
    machine = Machine(delayed=0.0)
    for _ in range(1000):
        machine.pass_time(0.06, 0.0, is_idle=False)
        machine.delayed = (machine.delayed or 0.0) + 0.077
        machine.pass_time(0.02, 0.15, is_idle=False)
    assert machine.allowance.idle < 0.1
    assert machine.allowance.used() == pytest.approx(3, abs=0.1)


def test_threads_that_took_turns_and_ended_hide_no_sleep() -> None:
    """Each of a thousand has waited for a moment, one after another, while the first one slept."""
    machine = Machine(delayed=0.0)
    machine.allowance.usage = lambda: Usage(0.0, False, {"0": 0.0, str(round(machine.now * 50)): 0.02})
    with pytest.raises(TimedOut):
        machine.pass_time(11, 0.0, is_idle=False)
    assert machine.allowance.idle == pytest.approx(10, abs=0.1)


def test_threads_that_wait_for_one_another_hide_no_sleep() -> None:
    """Sixty-four are woken at once, and each waits a moment for its turn."""
    machine = Machine(delayed=0.0)
    machine.threads = 64
    with pytest.raises(TimedOut):
        for _ in range(130):
            machine.delayed = (machine.delayed or 0.0) + 0.01
            machine.pass_time(0.1, 0.1, is_idle=False)
    assert machine.now < 13


def test_one_that_calls_back_all_the_time_is_waited_for_in_between() -> None:
    machine = Machine(delayed=0.0)
    with pytest.raises(TimedOut):
        for _ in range(1000):
            machine.ask()
            machine.is_idle = True
            machine.now += 0.015
            machine.allowance.answered()
    assert machine.now < 11


def test_what_this_process_waited_for_a_core_is_not_the_workers_idleness() -> None:
    machine = Machine(delayed=0.0)
    for _ in range(100):
        machine.ask()
        machine.now, machine.own_delay, machine.worked = (
            machine.now + 0.3,
            machine.own_delay + 0.25,
            machine.worked + 0.05,
        )
        machine.allowance.check()
    assert machine.allowance.idle == pytest.approx(0, abs=1e-6)


def test_quick_answers_are_looked_at_now_and_then() -> None:
    machine = Machine()
    asked = 0

    def usage() -> Usage:
        nonlocal asked
        asked += 1
        return Usage(0.0, True)

    machine.allowance.usage = usage
    for _ in range(1000):
        machine.ask()
        machine.now += 0.0005
        machine.allowance.check()
    assert 0 < asked < 30


@pytest.mark.parametrize("is_idle", [True, False])
def test_where_the_system_says_nothing_the_clock_counts(is_idle: bool) -> None:
    machine = Machine(is_known=False)
    machine.pass_time(9.9, 0.0, is_idle)
    assert machine.allowance.used() == pytest.approx(9.9)
    with pytest.raises(TimedOut):
        machine.pass_time(0.2, 0.0, is_idle)


def test_a_worker_that_is_gone_is_not_waited_for_longer_than_its_limit() -> None:
    machine = Machine()
    machine.works(5)
    machine.is_known = False
    with pytest.raises(TimedOut):
        machine.waits_for_a_core(5.1)


def test_other_things_are_looked_at_now_and_then() -> None:
    machine = Machine()
    machine.works(1)
    assert 8 <= len(machine.looks) <= 10
    machine.allowance.overuse = lambda: "Too many threads."
    with pytest.raises(Overused, match="Too many threads"):
        machine.works(0.2)


# -- what the system says ---------------------------------------------------------------------------------

needs_proc = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="no /proc here")
THREADS = """
import threading, time
threading.Thread(target={work}, daemon=True).start()
print("ready", flush=True)
time.sleep(60)
"""
SPIN = "lambda: exec('while True: pass')"
NAP = "lambda: time.sleep(60)"
PROGRAMS = {
    "asleep": ("import time\nprint('ready', flush=True)\ntime.sleep(60)", True),
    "at work": ("print('ready', flush=True)\nwhile True: pass", False),
    "stopped": ("import os, signal\nprint('ready', flush=True)\nos.kill(os.getpid(), signal.SIGSTOP)", True),
    "a thread at work": (THREADS.format(work=SPIN), False),
    "a thread asleep": (THREADS.format(work=NAP), True),
}


@pytest.fixture
def started() -> Iterator[list[subprocess.Popen[str]]]:
    found: list[subprocess.Popen[str]] = []
    yield found
    for process in found:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


def start(started: list[subprocess.Popen[str]], program: str) -> int:
    process = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    started.append(process)
    assert process.stdout is not None and process.stdout.readline() == "ready\n"
    time.sleep(0.2)
    return process.pid


@needs_proc
@pytest.mark.parametrize("name", PROGRAMS)
def test_a_process_is_idle_when_none_of_its_threads_works(started: list[subprocess.Popen[str]], name: str) -> None:
    program, is_idle = PROGRAMS[name]
    pid = start(started, program)
    before = usage_of(pid)
    time.sleep(0.3)
    looks = [usage_of(pid) for _ in range(20)]
    assert before is not None and looks[-1] is not None
    assert {look.is_idle for look in looks if look is not None} == {is_idle}
    assert (looks[-1].processor_seconds > before.processor_seconds) is not is_idle


@needs_proc
def test_a_name_that_a_process_gives_itself_is_passed_over(started: list[subprocess.Popen[str]]) -> None:
    """It may hold a bracket, or bytes that are no text."""
    rename = "open('/proc/self/comm', 'wb').write(b') R 1 \\xff')\n"
    pid = start(started, rename + PROGRAMS["asleep"][0])
    found = usage_of(pid)
    assert found is not None and found.is_idle and found.processor_seconds < 10


@needs_proc
def test_a_process_that_is_gone_is_not_known(started: list[subprocess.Popen[str]]) -> None:
    pid = start(started, PROGRAMS["asleep"][0])
    started[0].kill()
    started[0].wait()
    assert usage_of(pid) is None


@needs_proc
@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="no process can be kept on one core here")
def test_one_that_waits_for_a_core_is_not_idle(started: list[subprocess.Popen[str]]) -> None:
    """Eight processes on one core: seven of them have none at any moment."""
    core = min(os.sched_getaffinity(0))
    pids = [start(started, f"import os\nos.sched_setaffinity(0, [{core}])\n{PROGRAMS['at work'][0]}") for _ in range(8)]
    looks = [usage_of(pid) for _ in range(5) for pid in pids]
    assert all(look is not None and not look.is_idle for look in looks)
