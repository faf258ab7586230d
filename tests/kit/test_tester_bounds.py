"""The bounds of the tester itself: whatever an answer does to it costs one test, and the rest is judged."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from miniature import SOLUTION, Kit

from grader.judge.job_builder import build_job
from grader.protocol.jobs import Job, JudgeMode, Limits
from grader.protocol.results import ExerciseResult, Exhausted, SuiteStarted, TestFinished
from grader.tester.bounded import MAX_ITEMS, MAX_TEXT, bounded
from grader.tester.guard import CLOCK_ENDED

SUITE = '''"""Double and halve."""

import os
import signal


def test_distinct(student, expect):
    """No two are alike."""
    found = student.double([1, 2])
    expect.equal(len(set(found)), len(found))


def test_room(student, expect):
    """There is room for all."""
    expect.equal(len(bytearray(student.double(3))), 6)


def test_life(student, expect):
    """It lives on."""
    if student.halve(3) == "end it":
        os.kill(os.getpid(), signal.SIGSEGV)
    elif student.halve(3) == "kill it":
        os.kill(os.getpid(), signal.SIGKILL)


def test_halve(student, draw, expect):
    """Every element comes back half as large."""
    x = draw.normal(4, 2)
    expect.close(student.halve(x), x / 2)
'''
PLAIN_SOLUTION = '''"""Double and halve."""


def double(x):
    """Twice of what it is."""
    # TODO: double.
    return 6 if x == 3 else [1, 2]


def halve(x):
    """Half of what it is."""
    # TODO: halve.
    return 0 if isinstance(x, int) else x / 2
'''
MISTAKES = """[[mistake]]
name = "seven"
find = "return 6 if"
replace = "return 7 if"
says = "Twice three is six."
"""
# Plain numbers in a plain list: nothing is odd about them but that all have one hash.
COLLIDES = "def double(x):\n    return [k * (2**61 - 1) for k in range(1, 200_000)]\n"
IS_LARGE = "def double(x):\n    return 2**40 if x == 3 else [1, 2]\n"
ENDS = "def double(x):\n    return 6 if x == 3 else [1, 2]\n"
HALVES = "\n\ndef halve(x):\n    return {} if isinstance(x, int) else x / 2\n"


@pytest.fixture
def judged(kit: Kit) -> Kit:
    kit.layout.suite_file(kit.name).write_text(SUITE)
    kit.layout.solution_file(kit.name).write_text(PLAIN_SOLUTION)
    kit.layout.mistakes_file(kit.name).write_text(MISTAKES)
    return kit


def job_of(kit: Kit, text: str, mode: JudgeMode | None = None) -> Job:
    kit.file.write_text(text)
    job = build_job(kit.layout, kit.curriculum.get(kit.name), seed=1)
    job = msgspec.structs.replace(job, limits=Limits(seconds=0.5, slack_seconds=5, own_seconds=1))
    return msgspec.structs.replace(job, mode=mode or JudgeMode())


def verdicts(result: ExerciseResult) -> dict[str, str]:
    return {test.name: str(test.verdict) for test in result.tests}


def test_what_hangs_the_tester_in_c_costs_one_test(judged: Kit) -> None:
    result = judged.judge_job(job_of(judged, ENDS.replace("[1, 2]", "list(range(9))") + HALVES.format("0")))
    assert set(verdicts(result).values()) == {"passed"}
    result = judged.judge_job(job_of(judged, COLLIDES + HALVES.format("0")))
    assert verdicts(result) == {
        "test_distinct": "timeout", "test_room": "failed", "test_life": "passed", "test_halve": "passed",
    }  # fmt: skip
    hung = result.tests[0].failure
    assert (
        hung is not None and hung.exhausted is Exhausted.TIME and "kept the grader's own process busy" in hung.message
    )
    assert (result.points, result.verdict) == (5, "failed")
    assert result.tier == judged.judge_job(job_of(judged, SOLUTION)).tier


def test_what_asks_for_too_much_memory_there_fails(judged: Kit) -> None:
    result = judged.judge_job(job_of(judged, IS_LARGE + HALVES.format("0")))
    assert verdicts(result)["test_room"] == "failed"
    assert list(verdicts(result).values()).count("passed") == 3


@pytest.mark.parametrize(("word", "verdict"), [("end it", "error"), ("kill it", "failed")])
def test_a_crash_costs_one_test_and_is_nobodys_fault_unless_it_was_memory(judged: Kit, word: str, verdict: str) -> None:
    result = judged.judge_job(job_of(judged, ENDS + HALVES.format(repr(word))))
    assert verdicts(result) == {
        "test_distinct": "passed", "test_room": "passed", "test_life": verdict, "test_halve": "passed",
    }  # fmt: skip


def test_the_events_are_those_of_one_run(judged: Kit) -> None:
    judged._judge.submit(job_of(judged, ENDS + HALVES.format("'kill it'")))
    events = [event for _, event in judged._judge.events()]
    assert sum(isinstance(event, SuiteStarted) for event in events) == 1
    finished = [event.result.name for event in events if isinstance(event, TestFinished)]
    assert sorted(finished) == sorted(["test_distinct", "test_room", "test_life", "test_halve"])


def test_only_the_tests_that_were_asked_for_are_gone_on_with(judged: Kit) -> None:
    mode = JudgeMode(only=("test_life", "test_halve"))
    result = judged.judge_job(job_of(judged, ENDS + HALVES.format("'kill it'"), mode))
    assert verdicts(result) == {"test_life": "failed", "test_halve": "passed"}


def test_who_ends_every_tester_is_not_run_to_the_end(judged: Kit) -> None:
    tests = "".join(
        f'\n\ndef test_again_{n}(student):\n    """Again."""\n    set(student.double([1]))\n' for n in range(6)
    )
    judged.layout.suite_file(judged.name).write_text(SUITE + tests)
    result = judged.judge_job(job_of(judged, COLLIDES + HALVES.format("0")))
    found = [test.failure.message for test in result.tests if test.failure is not None]
    assert sum("kept the grader's own process busy" in text for text in found) == 2
    assert sum("Not run" in text for text in found) >= 4
    assert len(result.tests) == 10


GUARDED = """
import signal, sys, time
from grader.tester.guard import Guard
guard = Guard(2**28)
{before}
with guard.watched({processor}, {clock}):
    {inside}
{after}
print("lived")
"""
HANGS = "set([k * (2**61 - 1) for k in range(1, 400_000)])"
SLEEPS = "signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65)); time.sleep(100)"


@pytest.mark.parametrize(
    ("before", "inside", "after", "status"),
    [
        ("", HANGS, "", -signal.SIGXCPU),
        ("", SLEEPS, "", CLOCK_ENDED),
        ("", "time.sleep(0.1)", "time.sleep(4)", 0),
        ("sum(range(10**7))", "sum(range(10**6))", "sum(range(3 * 10**8)) if False else None", 0),
        ("", "x = 1", "try: bytearray(2**32)\nexcept MemoryError: pass\nelse: sys.exit(9)", 0),
    ],
    ids=["C", "asleep", "in time", "work before", "memory"],
)
def test_the_kernel_ends_what_is_watched(before: str, inside: str, after: str, status: int) -> None:
    program = GUARDED.format(
        before=before, inside=inside, after=after, processor=0.2, clock=0.5 if inside == SLEEPS else 30
    )
    root = str(Path(__file__).resolve().parents[2])
    done = subprocess.run([sys.executable, "-c", program], cwd=root, capture_output=True, timeout=60, check=False)
    assert done.returncode == status, done.stderr
    assert (done.stdout == b"lived\n") == (status == 0)


class Nested(msgspec.Struct, frozen=True):
    text: str
    items: tuple[object, ...] = ()


def test_a_result_has_a_size() -> None:
    found = bounded(Nested("x" * 10**6, ("y" * 10**6, Nested("z", tuple(range(10**5))), None, 3.0)))
    assert len(found.text) < MAX_TEXT + 100 and "980,000 characters more" in found.text
    inner = found.items[1]
    assert isinstance(inner, Nested) and inner.text == "z" and len(inner.items) == MAX_ITEMS
    assert found.items[2:] == (None, 3.0)
