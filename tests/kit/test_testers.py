"""A tester that goes on to the next file of its suite: it saves work and changes no verdict."""

from __future__ import annotations

import os
import signal
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from miniature import SOLUTION, Kit

from grader.judge.client import Judge
from grader.judge.job_builder import build_job, source_in
from grader.protocol.jobs import Job, JudgeMode, Limits
from grader.protocol.results import ExerciseResult, SuiteFinished, SuiteStarted, TestFinished, TestStarted
from grader.tester.session import MAX_FILES_OF_A_TESTER

WRONG = SOLUTION.replace("2 * x", "x**2")
PRINTS = SOLUTION.replace("    return 2 * x", "    print('one')\n    return 2 * x")
SETS_THE_DTYPE = SOLUTION.replace("    return 2 * x", "    torch.set_default_dtype(torch.float64)\n    return 2 * x")
MAKES_NOISE = SOLUTION.replace(
    "    return 2 * x",
    "    import random, warnings\n    random.seed(1)\n    torch.manual_seed(1)\n    torch.set_grad_enabled(False)\n"
    "    torch.set_grad_enabled(True)\n    warnings.simplefilter('error')\n    return 2 * x",
)
LEAVES_FILES = SOLUTION.replace("import torch\n", "import torch\nopen('left.txt', 'w').write('left')\n")
FINDS_FILES = SOLUTION.replace("import torch\n", "import os\nimport torch\nassert os.listdir('.') == []\n")
ENDS = "import os\nos._exit(0)\n"


@pytest.fixture
def forked(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Grows by one for each tester that is asked for."""
    asked: list[int] = []
    send = socket.send_fds

    def counted(sock: socket.socket, data: list[bytes], *more: Any) -> int:
        asked.append(len(asked))
        return send(sock, data, *more)

    monkeypatch.setattr(socket, "send_fds", counted)
    return asked


@pytest.fixture
def job_of(kit: Kit, tmp_path: Path) -> Callable[[str], Job]:
    def make(text: str) -> Job:
        root = tmp_path / f"work-{len(list(tmp_path.iterdir()))}"
        (root / "ch1_mini").mkdir(parents=True)
        (root / "ch1_mini" / "scale.py").write_text(text)
        exercise = kit.curriculum.get(kit.name)
        return build_job(kit.layout, exercise, seed=7, learner=source_in(kit.layout, exercise, root))

    return make


def results(judge: Judge, jobs: list[Job], parallel: int = 1) -> list[ExerciseResult]:
    judge.parallel = parallel
    tickets = [judge.submit(job) for job in jobs]
    found = dict(judge.as_completed())
    return [found[ticket] for ticket in tickets]


def without_times(result: ExerciseResult) -> ExerciseResult:
    tests = tuple(msgspec.structs.replace(test, seconds=0) for test in result.tests)
    return msgspec.structs.replace(result, seconds=0, tests=tests)


def test_every_file_fares_as_in_a_tester_of_its_own(judge: Judge, job_of: Callable[[str], Job]) -> None:
    texts = [SOLUTION, PRINTS, LEAVES_FILES, FINDS_FILES, MAKES_NOISE, SOLUTION, SETS_THE_DTYPE, WRONG, ENDS, SOLUTION]
    jobs = [job_of(text) for text in texts]
    alone = [without_times(judge.judge(job)) for job in jobs]
    for parallel in (1, 3):
        together = [without_times(result) for result in results(judge, jobs, parallel)]
        assert together == alone
    assert [str(result.verdict) for result in alone] == ["passed"] * 7 + ["failed"] * 2 + ["passed"]


def test_a_tester_goes_on_while_nothing_spoils_it(
    judge: Judge, job_of: Callable[[str], Job], forked: list[int]
) -> None:
    results(judge, [job_of(SOLUTION) for _ in range(4)])
    assert len(forked) == 1  # a mistake is looked for by running mutants; shared state was touched; a worker was lost
    results(judge, [job_of(text) for text in (SOLUTION, WRONG, SOLUTION, SETS_THE_DTYPE, SOLUTION, ENDS, SOLUTION)])
    assert len(forked) == 1 + 4


def test_what_mutants_did_is_known_the_second_time(
    judge: Judge, job_of: Callable[[str], Job], forked: list[int], tmp_path: Path
) -> None:
    memo = str(tmp_path / "memo")
    jobs = [msgspec.structs.replace(job_of(text), memo=memo) for text in (WRONG, WRONG, SOLUTION, WRONG, SOLUTION)]
    found = results(judge, jobs)
    assert len(forked) == 1 + 1
    assert [[str(test.verdict) for test in result.tests] for result in found[1:4:2]] == [["failed", "passed"]] * 2
    names = [[mistake.name for mistake in result.mistakes] for result in found]
    assert names == [["squared"], ["squared"], [], ["squared"], []]


def test_each_file_has_the_tests_that_it_is_to_have(
    judge: Judge, job_of: Callable[[str], Job], forked: list[int]
) -> None:
    wrong = job_of(WRONG)
    choices: list[tuple[str, ...]] = [("test_halve",), (), ("test_double",)]
    modes = [JudgeMode(diagnose=False, only=names) for names in choices]
    found = results(judge, [msgspec.structs.replace(wrong, mode=mode) for mode in modes])
    told = [{test.name: str(test.verdict) for test in result.tests} for result in found]
    failed, passed = {"test_double": "failed"}, {"test_halve": "passed"}
    assert told == [passed, failed | passed, failed]
    assert len(forked) == 1


def test_another_seed_or_suite_gets_a_fresh_one(judge: Judge, job_of: Callable[[str], Job], forked: list[int]) -> None:
    job = job_of(SOLUTION)
    results(
        judge,
        [job, msgspec.structs.replace(job, seed=8), msgspec.structs.replace(job, limits=Limits(memory_bytes=2**30))],
    )
    assert len(forked) == 3


def test_a_tester_does_not_live_for_ever(judge: Judge, job_of: Callable[[str], Job], forked: list[int]) -> None:
    results(judge, [job_of(SOLUTION) for _ in range(MAX_FILES_OF_A_TESTER + 1)])
    assert len(forked) == 2


def test_one_that_died_while_it_waited_is_replaced(job_of: Callable[[str], Job], forked: list[int]) -> None:
    with Judge(("torch",), keep_testers=True) as judge:
        assert results(judge, [job_of(SOLUTION)])[0].verdict == "passed"
        assert judge.server is not None
        tester, _spare_worker = children(judge.server.pid)  # in the order in which they were forked
        os.kill(tester, signal.SIGKILL)
        time.sleep(0.3)
        found = results(judge, [job_of(SOLUTION), job_of(SOLUTION)])
        assert [str(result.verdict) for result in found] == ["passed"] * 2
    assert len(forked) == 2


def children(pid: int) -> list[int]:
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def test_a_job_tells_of_each_test_before_it_and_after_it(judge: Judge, job_of: Callable[[str], Job]) -> None:
    judge.submit(job_of(SOLUTION))
    kinds = [type(event) for _, event in judge.events()]
    assert kinds == [SuiteStarted, TestStarted, TestFinished, TestStarted, TestFinished, SuiteFinished]
