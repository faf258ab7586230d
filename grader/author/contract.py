"""The two-way contract of an exercise as a person reads it: each promise with its tests and its mistakes."""

from __future__ import annotations

from dataclasses import dataclass

from grader.course.curriculum import Exercise
from grader.course.layout import Layout
from grader.course.mistakes import read_edits
from grader.course.promises import Part, read_promises
from grader.course.suite_text import TestText, tests_of
from grader.errors import GraderError


@dataclass(frozen=True)
class PromiseView:
    """A promise with the sentences of its tests and of the mistakes that break it."""

    of: str
    says: str
    part: Part
    tests: tuple[TestText, ...]
    broken_by: tuple[str, ...]


@dataclass(frozen=True)
class ContractView:
    """The promises of one exercise, in the order of its table."""

    exercise: str
    title: str
    promises: tuple[PromiseView, ...]


def contract_of(layout: Layout, exercise: Exercise) -> ContractView:
    """The contract of an exercise that has one."""
    promises = read_promises(layout, exercise.name)
    if promises is None:
        raise GraderError(f"{layout.display_path(layout.promises_file(exercise.name))} is missing")
    tests = {test.name: test for test in tests_of(layout.suite_file(exercise.name).read_text(encoding="utf-8"))}
    says = {edit.name: edit.says for edit in read_edits(layout, exercise.name)}
    views = tuple(
        PromiseView(
            of=promise.of,
            says=promise.words,
            part=promise.part,
            tests=tuple(tests[name] for name in promise.tests if name in tests),
            broken_by=tuple(says[name] for name in promise.broken_by if name in says),
        )
        for promise in promises.promise
    )
    return ContractView(exercise.name, exercise.title, views)
