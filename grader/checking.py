"""From exercises to jobs: what the judge is given, and what it should have imported beforehand."""

from __future__ import annotations

import ast
import secrets
from pathlib import Path

from grader.curriculum import Curriculum, Exercise
from grader.house import House
from grader.judge.jobs import Job
from grader.mistakes import load_twins


def make_job(
    house: House,
    exercise: Exercise,
    *,
    seed: int | None = None,
    root: Path | None = None,
    file: Path | None = None,
    diagnose: bool = True,
    fail_fast: bool = False,
) -> Job:
    """A job for one exercise. `root` is the tree to judge (`exercises` unless given), `file` a file in its place."""
    tree = root or house.exercises
    path = file or tree / (exercise.name + ".py")
    return Job(
        exercise=exercise.name,
        file=str(path),
        shown=house.shown(path),
        root=str(tree),
        suite=str(house.suite_file(exercise.name)),
        reference_file=str(house.solution_file(exercise.name)),
        reference_root=str(house.solutions),
        seed=secrets.randbits(48) if seed is None else seed,
        data=str(house.data),
        twins=load_twins(house, exercise.name) if diagnose else (),
        time_limit=exercise.time_limit,
        memory_limit=exercise.memory_limit,
        points=exercise.points,
        diagnose=diagnose,
        fail_fast=fail_fast,
    )


def modules_for(house: House, curriculum: Curriculum, exercises: list[Exercise]) -> tuple[str, ...]:
    """`torch` and `optim`, if any of the files that will run mention them."""
    wanted: set[str] = set()
    for exercise in exercises:
        for item in (exercise, *curriculum.needs_of(exercise)):
            for path in (house.suite_file(item.name), house.exercise_file(item.name), house.solution_file(item.name)):
                wanted |= _mentions(path)
    return tuple(name for name in ("torch", "optim") if name in wanted)


def _mentions(path: Path) -> set[str]:
    try:
        text = path.read_text(encoding="utf-8")
        tree = ast.parse(text)
    except (OSError, UnicodeDecodeError, SyntaxError, ValueError):
        return set()
    found = set()
    for node in ast.walk(tree):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom):
            names = [node.module or ""]
        if any(name.split(".")[0] == "torch" for name in names):
            found.add("torch")
    if "torch" in found and "optim" in text:
        found.add("optim")
    return found
