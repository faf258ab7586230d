"""Answers to exercises in other hands than the solution's: complete files in the folders of their exercises."""

from __future__ import annotations

from pathlib import Path

from grader.course.curriculum import load_curriculum
from grader.course.layout import Layout
from grader.course.source import first_problem
from grader.judge.client import Judge
from grader.judge.job_builder import build_job, source_in
from grader.protocol.jobs import JudgeMode
from grader.protocol.results import ExerciseResult

LAYOUT = Layout(Path(__file__).resolve().parents[2])
CURRICULUM = load_curriculum(LAYOUT)
SEED = 1  # the one that `make test` gives the proof, so that a run repeats itself


def answers(kind: str) -> list[Path]:
    """The files of `right_answers`, or of `wrong_answers`."""
    return sorted((Path(__file__).parent / kind).rglob("*.py"))


def name_of(path: Path) -> str:
    """`ch3_attention/softmax/log_sum_exp`, which says the exercise and what is particular."""
    return "/".join(path.with_suffix("").parts[-3:])


def judged(path: Path, judge: Judge, mode: JudgeMode) -> ExerciseResult:
    """What the suite says of a file in which nothing keeps it from being run."""
    exercise = CURRICULUM.get(name_of(path).rpartition("/")[0])
    assert first_problem(path, path.name, exercise) is None
    learner = source_in(LAYOUT, exercise, LAYOUT.solutions, path)
    result = judge.judge(build_job(LAYOUT, exercise, learner=learner, seed=SEED, mode=mode))
    assert result.problem is None
    return result
