"""The laws that need no run: stubs equal their derivation, needs point backward, nothing is an orphan."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from grader.course.concepts import answers_file, derive_answers
from grader.course.curriculum import Curriculum, Exercise
from grader.course.files import write_atomically
from grader.course.imports import imported
from grader.course.layout import House
from grader.course.mistakes import load_twins
from grader.course.stubs import derive_stub
from grader.errors import GraderError


def derived_text(house: House, exercise: Exercise) -> str:
    """What the learner's file is to hold at first."""
    path = house.solution_file(exercise.name, exercise.suffix)
    try:
        source = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise GraderError(f"{house.shown(path)} is missing", f"write the solution of {exercise.name} there") from None
    return source if exercise.by_person else derive_stub(source)


def sync(house: House, curriculum: Curriculum) -> list[Path]:
    """Write every stub anew from its solution, and the marks of every `concepts`. Returns the files that changed."""
    changed = []
    for exercise in curriculum.exercises:
        path = house.exercise_file(exercise.name, exercise.suffix)
        text = derived_text(house, exercise)
        texts = {path: text}
        if exercise.short == "concepts":
            texts[answers_file(house.suite_file(exercise.name))] = derived_answers(house, exercise)
        for path, text in texts.items():
            if not path.exists() or path.read_text(encoding="utf-8") != text:
                write_atomically(path, text)
                changed.append(path)
    return changed


def derived_answers(house: House, exercise: Exercise) -> str:
    """What marks the questions of a `concepts` exercise."""
    path = house.solution_file(exercise.name)
    return derive_answers(exercise.chapter, house.shown(path), path.read_text(encoding="utf-8"))


def violations(house: House, curriculum: Curriculum, exercises: list[Exercise]) -> list[str]:
    """Every broken law, as a sentence that says what to do. Orphans are looked for among all exercises."""
    found = [text for exercise in exercises for text in _of_exercise(house, curriculum, exercise)]
    return found + list(_orphans(house, curriculum))


def _of_exercise(house: House, curriculum: Curriculum, exercise: Exercise) -> Iterator[str]:
    solution = house.solution_file(exercise.name, exercise.suffix)
    if not solution.exists():
        yield f"{exercise.name}: {house.shown(solution)} is missing; write the solution there"
        return
    if not exercise.hints:
        yield f"{exercise.name}: it has no hints; add `hints` to its table in chapter.toml"
    yield from _stub(house, exercise)
    if exercise.by_person:
        return
    yield from _needs(house, curriculum, exercise)
    suite = house.suite_file(exercise.name)
    if not suite.exists():
        yield f"{exercise.name}: {house.shown(suite)} is missing; write the suite there"
        return
    yield from _suite(house.shown(suite), suite.read_text(encoding="utf-8"))
    if exercise.short == "concepts":
        yield from _answers(house, exercise)
    yield from _mistakes(house, exercise)


def _stub(house: House, exercise: Exercise) -> Iterator[str]:
    path = house.exercise_file(exercise.name, exercise.suffix)
    shown = house.shown(path)
    if not path.exists():
        yield f"{exercise.name}: {shown} is missing; `grader dev sync` writes it"
    elif path.read_text(encoding="utf-8") != derived_text(house, exercise):
        yield f"{exercise.name}: {shown} is not what its solution gives; `grader dev sync` writes it anew"


def _needs(house: House, curriculum: Curriculum, exercise: Exercise) -> Iterator[str]:
    """A submission is laid out with what its exercise needs, and with nothing else of the course."""
    known = {item.name for item in curriculum.exercises}
    there = {exercise.name, *(item.name for item in curriculum.needs_of(exercise))}
    source = house.solution_file(exercise.name).read_bytes()
    for name in sorted({*imported(source, exercise.chapter)} & known - there):
        yield f"{exercise.name}: its solution imports {name}, which is not among its `needs` in chapter.toml"


def _answers(house: House, exercise: Exercise) -> Iterator[str]:
    path = answers_file(house.suite_file(exercise.name))
    try:
        wanted = derived_answers(house, exercise)
    except GraderError as error:
        yield f"{exercise.name}: {error.message}"
        return
    if not path.exists() or path.read_text(encoding="utf-8") != wanted:
        yield f"{exercise.name}: {house.shown(path)} is not what the solution gives; `grader dev sync` writes it anew"


def _suite(shown: str, source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Assert):
            yield f"{shown}:{node.lineno}: a bare assert says nothing to a learner; use `expect`"
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_") and not ast.get_docstring(node):
            yield f"{shown}:{node.lineno}: {node.name} has no docstring; it is the line that the learner sees"


def _mistakes(house: House, exercise: Exercise) -> Iterator[str]:
    try:
        count = len(load_twins(house, exercise.name))
    except GraderError as error:
        yield f"{exercise.name}: {error.message}"
        return
    least = 0 if exercise.short == "concepts" else 8 if exercise.chapter[:3] not in ("ch1", "ch2") else 6
    if count < least:
        shown = house.shown(house.mistakes_file(exercise.name))
        yield f"{exercise.name}: {count} known mistakes; at least {least} are wanted in {shown}"


def _orphans(house: House, curriculum: Curriculum) -> Iterator[str]:
    names = {exercise.name for exercise in curriculum.exercises}
    for tree in (house.exercises, house.solutions):
        for path in sorted(tree.rglob("*")):
            name = path.relative_to(tree).with_suffix("").as_posix()
            if path.suffix in (".py", ".md") and "__pycache__" not in path.parts and name not in names:
                yield f"{house.shown(path)}: it belongs to no exercise in any chapter.toml"
    for path in sorted(house.graded.glob("ch*/test_*.py")):
        if f"{path.parent.name}/{path.stem.removeprefix('test_')}" not in names:
            yield f"{house.shown(path)}: it belongs to no exercise in any chapter.toml"
    for path in sorted(house.graded.glob("ch*/*.answers.json")):
        if f"{path.parent.name}/{path.name.removesuffix('.answers.json')}" not in names:
            yield f"{house.shown(path)}: it belongs to no exercise in any chapter.toml"
    for path in sorted((house.graded / "mistakes").rglob("*.toml")):
        if path.relative_to(house.graded / "mistakes").with_suffix("").as_posix() not in names:
            yield f"{house.shown(path)}: it belongs to no exercise in any chapter.toml"
