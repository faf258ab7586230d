"""Judge one file in a fresh process and say nothing: what the benchmarks time.

.venv/bin/python benchmarks/judge_one.py plain|each|diagnosed EXERCISE [FILE]     # in a course's folder

`each` takes a worker for each test. Without a file it is the solution's.
"""

from __future__ import annotations

import sys
from pathlib import Path

from grader.course.curriculum import load_curriculum
from grader.course.layout import Layout
from grader.judge.client import Judge
from grader.judge.job_builder import build_job, source_in
from grader.judge.libraries import libraries_for
from grader.protocol.jobs import JudgeMode


def main(how: str, name: str, file: Path | None = None) -> None:
    layout = Layout(Path.cwd())
    curriculum = load_curriculum(layout)
    exercise = curriculum.get(name)
    earlier = layout.solutions if layout.solutions.exists() else layout.exercises
    mode = JudgeMode(diagnose=how == "diagnosed", worker_per_test=how == "each")
    job = build_job(layout, exercise, seed=1, learner=source_in(layout, exercise, earlier, file), mode=mode)
    with Judge(libraries_for(layout, curriculum, [exercise])) as judge:
        judge.judge(job)


if __name__ == "__main__":
    how, name, *files = sys.argv[1:]
    main(how, name, *map(Path, files))
