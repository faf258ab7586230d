"""The course handed in and scored: what is right earns every point, whole files or notebooks, alone with its needs."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from running import PACKAGE, grader

from grader.course.curriculum import Exercise, load_curriculum
from grader.course.layout import Layout
from grader.course.notebook_writing import write_notebook

LEFT_OUT = ("ch6_training/train",)  # it trains for half a minute, and the proof runs it under three seeds


@pytest.mark.timeout(400)
def test_the_solutions_handed_in_earn_every_point(tmp_path: Path) -> None:
    layout = Layout(PACKAGE)
    exercises = [item for item in load_curriculum(layout).graded if item.name not in LEFT_OUT]
    for exercise in exercises:
        source = layout.solution_file(exercise.name).read_text(encoding="utf-8")
        put(tmp_path / "class" / "files" / f"{exercise.name}.py", source)
        put(tmp_path / "class" / "notebooks" / f"{exercise.name}.ipynb", write_notebook(source, exercise))
    words = [word for exercise in exercises for word in ("--only", exercise.name)]
    done = grader(PACKAGE, "score", str(tmp_path / "class"), "--out", str(tmp_path / "out"), "--seed", "3", *words)
    assert done.returncode == 0, done.stderr
    with (tmp_path / "out" / "grades.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["student"] for row in rows] == ["files", "notebooks"]
    for row in rows:
        assert lost(row, exercises) == {}


def put(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def lost(row: dict[str, str], exercises: list[Exercise]) -> dict[str, str]:
    """The points of each exercise that did not earn all of them."""
    return {item.name: row[item.name] for item in exercises if float(row[item.name]) != item.points}
