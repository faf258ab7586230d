"""Verdicts on a machine that has far more to do than it can: each is the same as on one that has not."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from miniature import CHAPTER, Kit
from test_time_bounds import verdicts

from grader.judge.client import Judge
from grader.protocol.results import ExerciseResult

pytestmark = pytest.mark.skipif(
    not hasattr(os, "sched_setaffinity"), reason="processes cannot be kept on one core here, so none is crowded"
)

LIMIT = 0.5
OTHERS = 7
WORK = "import time\nend = time.process_time() + {seconds}\nwhile time.process_time() < end:\n    pass\nreturn 2 * x"

Crowded = Callable[[str], tuple[ExerciseResult, float]]


@pytest.fixture(scope="module")
def one_core() -> Iterator[int]:
    """Everything that is started from here stays on one core."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(before)})
    yield min(before)
    os.sched_setaffinity(0, before)


@pytest.fixture(scope="module")
def judge(one_core: int) -> Iterator[Judge]:
    with Judge(("torch",)) as judge:
        yield judge


@contextlib.contextmanager
def crowd() -> Iterator[None]:
    """Others who want the core all the time, each in a session of its own: some systems share out by session."""
    command = [sys.executable, "-c", "while True: pass"]
    others = [subprocess.Popen(command, start_new_session=True) for _ in range(OTHERS)]
    try:
        yield
    finally:
        for other in others:
            other.kill()
            other.wait()


@pytest.fixture
def crowded(tmp_path: Path, judge: Judge) -> Crowded:
    """Judges a `double` of this body while others are busy, and says how long it took."""
    kit = Kit(tmp_path, judge)
    kit.layout.chapter_file("ch1_mini").write_text(CHAPTER.replace("time_limit = 2", f"time_limit = {LIMIT}"))
    kit.sync()
    kit.write("return 2 * x")
    assert verdicts(kit.judge()) == {"passed": 2}  # and everything is started

    def judged(body: str) -> tuple[ExerciseResult, float]:
        kit.write(body)
        with crowd():
            started = time.monotonic()
            return kit.judge(), time.monotonic() - started

    return judged


def test_a_right_answer_has_its_time_although_it_waits_for_the_core(crowded: Crowded) -> None:
    result, _ = crowded(WORK.format(seconds=0.6 * LIMIT))
    assert verdicts(result) == {"passed": 2}
    assert max(test.seconds for test in result.tests) > 2 * LIMIT  # so much for the crowd


def test_one_that_works_for_too_long_is_stopped(crowded: Crowded) -> None:
    result, seconds = crowded(WORK.format(seconds=1000))
    assert verdicts(result) == {"passed": 1, "timeout": 1}
    assert seconds < 60


def test_one_that_sleeps_for_too_long_is_stopped(crowded: Crowded) -> None:
    result, seconds = crowded("import time\ntime.sleep(1000)")
    assert verdicts(result) == {"passed": 1, "timeout": 1}
    assert seconds < LIMIT * 30  # long before the last bound
