"""What a file takes out of other parts of the course, where that could be what its own exercise bans.

An earlier part may use what a later one bans. So of a part that the exercise needs, only what its stub defines may be
taken without a look; of whatever else is taken, the file that it stands in is looked at as well.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from grader.course.bans import BannedUse, banned_use
from grader.course.cells import Cells, bindings, names_written, parse_cells
from grader.course.curriculum import Exercise

EVERYTHING = "*"


@dataclass(frozen=True)
class Part:
    """The learner's file of another part: its text, the cells of a notebook, and the names that its stub defines."""

    source: str
    cells: Cells | None
    stub_names: frozenset[str]


def part_of(source: bytes, cells: Cells | None, stub: str) -> Part:
    """The part of a learner's file, and of what was handed out for it."""
    return Part(source.decode("utf-8-sig", "replace"), cells, frozenset(names_written(stub)))


@dataclass(frozen=True)
class Others:
    """The other parts beside a file: those that its exercise needs, and how to get at any of them by its name."""

    needed: frozenset[str]
    part: Callable[[str], Part | None]


@dataclass(frozen=True)
class Taken:
    """A name that a file takes out of a part, `*` for any, with its line."""

    part: str
    name: str
    line: int


def borrowed_use(tree: ast.Module, exercise: Exercise, others: Others) -> BannedUse | None:
    """The first name taken out of a part in whose file something is that the exercise bans."""
    for taken, used in _Borrowing(exercise, others).uses(tree, exercise.chapter):
        what = "The module" if taken.name == EVERYTHING else f"`{taken.name}`"
        return BannedUse(
            f"{what}, taken from {taken.part}",
            f", stands in a file that uses {used.subject.removesuffix(', used')}, which this exercise does not allow.",
            taken.line,
            f"Write what you need in this exercise's own file. {used.advice}",
        )
    return None


class _Borrowing:
    """Looks into each part once, however many names are taken out of it."""

    def __init__(self, exercise: Exercise, others: Others) -> None:
        self.exercise = exercise
        self.others = others
        self.seen = {exercise.name}

    def uses(self, tree: ast.Module, chapter: str) -> Iterator[tuple[Taken, BannedUse]]:
        """What is taken by this tree, directly or through what it takes, with the banned use behind it."""
        for taken in _taken(tree, chapter, self.others.part):
            part = self.others.part(taken.part)
            if part is None or taken.part in self.seen or self._is_promised(taken, part):
                continue
            self.seen.add(taken.part)
            below = _parsed(part)
            if below is None:
                continue
            used = banned_use(below, self.exercise.bans, part.cells is not None)
            if used is not None:
                yield taken, used
            yield from ((taken, deeper) for _, deeper in self.uses(below, taken.part.partition("/")[0]))

    def _is_promised(self, taken: Taken, part: Part) -> bool:
        return taken.part in self.others.needed and taken.name in part.stub_names


def _parsed(part: Part) -> ast.Module | None:
    """The part's tree; None of one that does not run anyway."""
    if part.cells is not None:
        return parse_cells(part.source, part.cells).tree
    try:
        return ast.parse(part.source)
    except (SyntaxError, ValueError):
        return None


def _taken(tree: ast.Module, chapter: str, parts: Callable[[str], Part | None]) -> Iterator[Taken]:
    """Every name that comes out of a part: by name, through a module that was imported, or with a star."""
    modules: dict[str, str] = {}
    nodes = list(ast.walk(tree))
    for node in nodes:
        if isinstance(node, ast.ImportFrom):
            owner = _module(node, chapter)
            for alias in node.names:
                if parts(owner) is not None:
                    yield from _by_name(tree, owner, alias.name, node.lineno, parts)
                elif parts(inner := f"{owner}/{alias.name}") is not None:
                    modules[alias.asname or alias.name] = inner
        elif isinstance(node, ast.Import):
            for alias in node.names:
                if parts(alias.name.replace(".", "/")) is not None:
                    modules[alias.asname or alias.name] = alias.name.replace(".", "/")
    yield from _through_modules(nodes, modules)


def _module(node: ast.ImportFrom, chapter: str) -> str:
    """The part or the chapter that is imported from; a relative import is one from the chapter."""
    inside = [chapter] if node.level else []
    return "/".join([*inside, *((node.module or "").split(".") if node.module else [])])


def _by_name(
    tree: ast.Module, owner: str, name: str, line: int, parts: Callable[[str], Part | None]
) -> Iterator[Taken]:
    if name != EVERYTHING:
        yield Taken(owner, name, line)
        return
    part = parts(owner)
    below = _parsed(part) if part is not None else None
    defined = {bound for bound, _ in bindings(below)} if below is not None else set()
    read = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    yield from (Taken(owner, found, line) for found in sorted(defined & read))


def _through_modules(nodes: list[ast.AST], modules: dict[str, str]) -> Iterator[Taken]:
    """`toy_lm.f`, and any use of the module itself as a value, which may be asked for anything."""
    owners: set[int] = set()
    for node in nodes:
        if isinstance(node, ast.Attribute) and (owner := _dotted(node.value)) in modules:
            owners |= {id(inner) for inner in ast.walk(node.value)}
            yield Taken(modules[owner], node.attr, node.lineno)
    firsts = {name.partition(".")[0]: part for name, part in modules.items()}
    for node in nodes:
        if isinstance(node, ast.Name) and node.id in firsts and id(node) not in owners:
            yield Taken(firsts[node.id], EVERYTHING, node.lineno)


def _dotted(node: ast.AST) -> str:
    """`a.b` of two names with a dot between them, or a name: a module is called in no other way."""
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        return f"{node.value.id}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""
