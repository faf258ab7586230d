"""Right answers written in other ways than the solution: every one gets full marks."""

from __future__ import annotations

from pathlib import Path

import pytest
from answer_files import answers, judged, name_of

from grader.judge.client import Judge
from grader.protocol.jobs import JudgeMode
from grader.protocol.results import Verdict


@pytest.mark.parametrize("path", answers("right_answers"), ids=name_of)
def test_it_scores_everything(path: Path, judge: Judge) -> None:
    result = judged(path, judge, JudgeMode(diagnose=False))
    wrong = [(test.name, test.failure) for test in result.tests if test.verdict is not Verdict.PASSED]
    assert wrong == []
    assert result.points == result.points_possible
