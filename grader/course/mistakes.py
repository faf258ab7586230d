"""The mistakes file of an exercise: edits of the solution, each with the sentence that names it."""

from __future__ import annotations

import ast

import msgspec

from grader.course.curriculum import read_toml
from grader.course.layout import Layout
from grader.course.mutants import Mistake, Mutant
from grader.errors import ContentError


class Edit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`find` stands exactly once in the solution and becomes `replace`. Several lines are allowed."""

    name: str
    find: str
    replace: str
    says: str


def load_mutants(layout: Layout, exercise: str) -> tuple[Mutant, ...]:
    """The solution with each of its known mistakes, as source text."""
    path, solution = layout.mistakes_file(exercise), layout.solution_file(exercise)
    if not path.exists() or not solution.exists():
        return ()
    display_path = layout.display_path(path)
    source = solution.read_text(encoding="utf-8")
    mutants = tuple(_mutant(display_path, source, edit) for edit in read_edits(layout, exercise))
    names = [mutant.mistake.name for mutant in mutants]
    for name in names:
        if names.count(name) > 1:
            raise ContentError(display_path, name, "each mistake's name was expected once")
    return mutants


def read_edits(layout: Layout, exercise: str) -> tuple[Edit, ...]:
    """The edits as they are written in the mistakes file."""
    path = layout.mistakes_file(exercise)
    display_path = layout.display_path(path)
    tables = read_toml(path, display_path).get("mistake", [])
    try:
        return tuple(msgspec.convert(tables, list[Edit]))
    except msgspec.ValidationError as error:
        raise ContentError(display_path, "[[mistake]]", str(error)) from None


def _mutant(display_path: str, source: str, edit: Edit) -> Mutant:
    count = source.count(edit.find)
    if count != 1:
        raise ContentError(
            display_path,
            f"{edit.name}: find",
            f"text that stands exactly once in the solution was expected, and it stands there {count} times",
        )
    if edit.find == edit.replace:
        raise ContentError(display_path, f"{edit.name}: replace", "something other than `find` was expected")
    changed = source.replace(edit.find, edit.replace)
    try:
        ast.parse(changed)
    except SyntaxError as error:
        raise ContentError(display_path, f"{edit.name}: replace", f"valid Python was expected: {error}") from None
    return Mutant(Mistake(edit.name, edit.says), changed)
