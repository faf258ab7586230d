"""Right answers written in other ways than the solution: every one gets full marks.

The seed is the one that `make test` gives the proof, so that a run repeats itself.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from grader.course.curriculum import load_curriculum
from grader.course.layout import Layout
from grader.course.source import first_problem
from grader.judge.client import Judge
from grader.judge.job_builder import build_job, source_in
from grader.protocol.jobs import JudgeMode
from grader.protocol.results import Verdict

LAYOUT = Layout(Path(__file__).resolve().parents[2])
FOLDER = Path(__file__).parent / "right_answers"
SEED = 1
FILES = sorted(FOLDER.rglob("*.py"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(FOLDER).with_suffix("").as_posix())
def test_it_scores_everything(path: Path, judge: Judge) -> None:
    exercise = load_curriculum(LAYOUT).get(path.parent.relative_to(FOLDER).as_posix())
    assert first_problem(path, path.name, exercise) is None
    learner = source_in(LAYOUT, exercise, LAYOUT.solutions, path)
    mode = JudgeMode(diagnose=False)
    result = judge.judge(build_job(LAYOUT, exercise, learner=learner, seed=SEED, mode=mode))
    wrong = [(test.name, test.failure) for test in result.tests if test.verdict is not Verdict.PASSED]
    assert result.problem is None
    assert wrong == []
    assert result.points == exercise.points
