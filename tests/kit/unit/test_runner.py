"""One test run by pytest's own steps, with a bell that rings in the middle of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from _pytest.runner import runtestprotocol
from miniature import Kit

from grader.judge.job_builder import build_job
from grader.protocol.results import SuiteFinished, Verdict
from grader.tester import runner
from grader.tester.failures import MutantTimeout
from grader.tester.process import judge_here


@pytest.mark.parametrize("rings_at", range(3, 7))
def test_a_bell_between_two_steps_of_pytest_leaves_nothing_behind(
    kit: Kit, monkeypatch: pytest.MonkeyPatch, rings_at: int
) -> None:
    """pytest had not put the test's fixtures away; the next test was then refused, and the file had no result.

    The first two runs are the learner's; from the third on, mutants are run.
    """
    runs = 0

    def ringing(item: pytest.Function, **options: Any) -> Any:
        nonlocal runs
        runs += 1
        if runs == rings_at:
            item._initrequest()
            item.session._setupstate.setup(item)
            raise MutantTimeout
        return runtestprotocol(item, **options)

    monkeypatch.setattr(runner, "runtestprotocol", ringing)
    monkeypatch.chdir(Path(__file__).parent)
    kit.write("return x * x")
    end = judge_here(build_job(kit.layout, kit.curriculum.get(kit.name), seed=1))[-1]
    assert isinstance(end, SuiteFinished)
    assert (end.result.verdict, end.result.problem) == (Verdict.FAILED, None)
    assert [str(test.verdict) for test in end.result.tests] == ["failed", "passed"]
    assert [mistake.name for mistake in end.result.mistakes] == ["squared"]
