"""Wrong answers that are on no list: what no edit of the solution makes. A learner's own tests fail every one."""

from __future__ import annotations

import ast
import os
from pathlib import Path

import pytest
from answer_files import answers, judged, name_of

from grader.judge.client import Judge
from grader.protocol.jobs import JudgeMode
from grader.protocol.results import Verdict

WRONG = answers("wrong_answers")
EVERY = 1 if os.environ.get("KIT_SLOW") else 10


@pytest.mark.parametrize("path", WRONG[::EVERY], ids=name_of)
def test_it_is_failed(path: Path, judge: Judge) -> None:
    """That the kit stumbles over it would be an error, and that a part of it is to do no failure."""
    result = judged(path, judge, JudgeMode(diagnose=False, spare_long_tests=True))
    failed = [test for test in result.tests if test.verdict is not Verdict.PASSED]
    assert result.verdict in (Verdict.FAILED, Verdict.TIMEOUT), [(t.name, t.verdict, t.failure) for t in failed]
    assert not all(test.hidden for test in failed)


def test_each_says_what_is_wrong_with_it() -> None:
    silent = [name_of(path) for path in WRONG if not ast.get_docstring(ast.parse(path.read_bytes()))]
    assert silent == []
