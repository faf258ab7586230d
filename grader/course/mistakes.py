"""The mistakes file of an exercise: edits of the solution, each with the sentence that names it.

Beside the mistakes stand edits that change nothing which any test could see, each with the reason.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence
from typing import TypeVar

import msgspec

from grader.course.curriculum import read_toml
from grader.course.layout import Layout
from grader.course.mutants import Mistake, Mutant
from grader.errors import ContentError

Table = TypeVar("Table")


class Replacement(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`find` stands exactly once in the solution and becomes `replace`. Several lines are allowed."""

    find: str
    replace: str


class Edit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A mistake as it is written: one replacement, or several `edits` that belong together."""

    name: str
    says: str
    find: str | None = None
    replace: str | None = None
    edits: tuple[Replacement, ...] = ()

    def __post_init__(self) -> None:
        if self.edits and (self.find is not None or self.replace is not None):
            raise ValueError("either `find` and `replace` or `edits` was expected, not both")
        if not self.edits and (self.find is None or self.replace is None):
            raise ValueError("`find` and `replace` were expected, or `edits` with both in each")

    @property
    def replacements(self) -> tuple[Replacement, ...]:
        """What is changed, in either form."""
        if self.find is None or self.replace is None:
            return self.edits
        return (Replacement(self.find, self.replace),)


class Equivalent(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`find` stands exactly once in the solution; with `replace` in its place it does the same, `because` says why."""

    find: str
    replace: str
    because: str


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
    return _tables(layout, exercise, "mistake", Edit)


def load_equivalents(layout: Layout, exercise: str) -> dict[str, Equivalent]:
    """The solution with each of the edits that change nothing, as source text, and the edit."""
    path, solution = layout.mistakes_file(exercise), layout.solution_file(exercise)
    if not path.exists() or not solution.exists():
        return {}
    display_path = layout.display_path(path)
    source = solution.read_text(encoding="utf-8")
    found: dict[str, Equivalent] = {}
    for number, edit in enumerate(_tables(layout, exercise, "equivalent", Equivalent), 1):
        key = f"[[equivalent]] {number}"
        changed = mutated(display_path, key, source, (edit,))
        if not edit.because.strip():
            raise ContentError(display_path, f"{key}: because", "the reason why nothing changes was expected")
        if changed in found:
            raise ContentError(display_path, key, "each edit was expected once")
        found[changed] = edit
    return found


def _tables(layout: Layout, exercise: str, key: str, kind: type[Table]) -> tuple[Table, ...]:
    path = layout.mistakes_file(exercise)
    display_path = layout.display_path(path)
    tables = read_toml(path, display_path).get(key, [])
    try:
        return tuple(msgspec.convert(tables, list[kind]))  # type: ignore[valid-type] # it is the caller's
    except msgspec.ValidationError as error:
        raise ContentError(display_path, f"[[{key}]]", str(error)) from None


def _mutant(display_path: str, source: str, edit: Edit) -> Mutant:
    if not edit.says.strip():
        expected = "the sentence that tells the learner what is wrong, and why it matters, was expected; write it there"
        raise ContentError(display_path, f"{edit.name}: says", expected)
    return Mutant(Mistake(edit.name, edit.says), mutated(display_path, edit.name, source, edit.replacements))


def mutated(display_path: str, key: str, source: str, edits: Sequence[Replacement | Equivalent]) -> str:
    """The source with these edits in it. Each is of the source as it is, and no two of them meet."""
    places = sorted(((_place(display_path, key, source, edit), edit) for edit in edits), key=lambda pair: pair[0])
    changed, done = "", 0
    for start, edit in places:
        if start < done:
            raise ContentError(display_path, f"{key}: find", "edits of different places were expected, and two overlap")
        changed, done = changed + source[done:start] + edit.replace, start + len(edit.find)
    changed += source[done:]
    try:
        ast.parse(changed)
    except SyntaxError as error:
        raise ContentError(display_path, f"{key}: replace", f"valid Python was expected: {error}") from None
    return changed


def _place(display_path: str, key: str, source: str, edit: Replacement | Equivalent) -> int:
    count = source.count(edit.find)
    if count != 1:
        raise ContentError(
            display_path,
            f"{key}: find",
            f"text that stands exactly once in the solution was expected, and it stands there {count} times",
        )
    if edit.find == edit.replace:
        raise ContentError(display_path, f"{key}: replace", "something other than `find` was expected")
    return source.index(edit.find)
