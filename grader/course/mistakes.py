"""Known mistakes: one-line edits of a solution, each with the sentence that names it."""

from __future__ import annotations

import ast

import msgspec

from grader.course.curriculum import read_toml
from grader.course.layout import House
from grader.errors import ContentError
from grader.protocol.jobs import Twin
from grader.protocol.results import Mistake


class Edit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`find` stands exactly once in the solution and becomes `replace`. Several lines are allowed."""

    name: str
    find: str
    replace: str
    says: str


def load_twins(house: House, exercise: str) -> tuple[Twin, ...]:
    """The solution with each of its known mistakes, as source text."""
    path, solution = house.mistakes_file(exercise), house.solution_file(exercise)
    if not path.exists() or not solution.exists():
        return ()
    shown = house.shown(path)
    source = solution.read_text(encoding="utf-8")
    twins = tuple(_twin(shown, source, edit) for edit in read_edits(house, exercise))
    names = [twin.mistake.name for twin in twins]
    for name in names:
        if names.count(name) > 1:
            raise ContentError(shown, name, "each mistake's name was expected once")
    return twins


def read_edits(house: House, exercise: str) -> tuple[Edit, ...]:
    """The edits as they are written in the mistakes file."""
    path = house.mistakes_file(exercise)
    shown = house.shown(path)
    tables = read_toml(path, shown).get("mistake", [])
    try:
        return tuple(msgspec.convert(tables, list[Edit]))
    except msgspec.ValidationError as error:
        raise ContentError(shown, "[[mistake]]", str(error)) from None


def _twin(shown: str, source: str, edit: Edit) -> Twin:
    count = source.count(edit.find)
    if count != 1:
        raise ContentError(
            shown,
            f"{edit.name}: find",
            f"text that stands exactly once in the solution was expected, and it stands there {count} times",
        )
    if edit.find == edit.replace:
        raise ContentError(shown, f"{edit.name}: replace", "something other than `find` was expected")
    changed = source.replace(edit.find, edit.replace)
    try:
        ast.parse(changed)
    except SyntaxError as error:
        raise ContentError(shown, f"{edit.name}: replace", f"valid Python was expected: {error}") from None
    return Twin(Mistake(edit.name, edit.says), changed)
