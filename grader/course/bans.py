"""What an exercise bans, looked for in a file: ready-made names that do its work, and ways by which any may come."""

from __future__ import annotations

import ast
import fnmatch
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from grader.course.curriculum import Ban
from grader.course.judged_code import Scratch, dead_statements
from grader.course.name_uses import Sort, Use, Wanted
from grader.course.used_names import uses

MAX_SHOWN = 80
METHODS = "torch.Tensor."
WRITE_IT_OUT = "Write the name out, as in `torch.relu`, so that a reader sees what is used."
# Of each sort that cannot be decided: what is said before its place, what after it, and what to do instead.
UNDECIDED = {
    Sort.COMPUTED: ("A name of {}, computed", ", could be one that this exercise bans.", WRITE_IT_OUT),
    Sort.COMPUTED_METHOD: ("{}, called by a computed name", ", could be one that this exercise bans.", WRITE_IT_OUT),
    Sort.HANDED_ON: ("{}, handed on as a value", ", could be asked for what this exercise bans.", WRITE_IT_OUT),
    Sort.BEHIND: (
        "{}, used",
        ", can reach what this exercise bans, and nobody can see beforehand whether it does.",
        "Write the code itself out, with plain imports and names.",
    ),
    Sort.UNKNOWN: (
        "{}, used",
        ", is of a module that nobody has looked through: it may do what this exercise bans.",
        'Take it out, or put what needs it under `if __name__ == "__main__":`.',
    ),
    Sort.TANGLED: (
        "What {} stands for",
        " has too many meanings to be looked through for what this exercise bans.",
        "Give each function and module one plain name.",
    ),
}


@dataclass(frozen=True)
class BannedUse:
    """Something that an exercise does not allow, in two halves of a sentence with the line's place between them."""

    subject: str
    predicate: str
    line: int
    advice: str


def banned_use(tree: ast.Module, bans: tuple[Ban, ...], is_notebook: bool = False) -> BannedUse | None:
    """The first use that the bans do not allow: one that is sure before one that cannot be decided."""
    if not bans:
        return None
    scopes, found = uses(tree.body, dead_statements(tree.body), _wanted([name for ban in bans for name in ban.names]))
    if is_notebook:
        scratch, words = Scratch(scopes, tree.body), _beginnings(bans)
        found = [use for use in found if not _is_nobodys(use, scratch, words)]
    found.sort(key=lambda use: _place(use.node))
    for ban in bans:
        wanted = _wanted(ban.names)
        for use in found:
            if _is_banned(use, wanted):
                does = ", does this exercise's own work."
                return BannedUse(f"{use.name}, used", does, _place(use.node)[0], f"Instead, {ban.instead}.")
    return next(_undecided(found, any(_wanted(ban.names).methods for ban in bans)), None)


def _is_nobodys(use: Use, scratch: Scratch, words: tuple[str, ...]) -> bool:
    if use.sort is Sort.UNKNOWN:
        return scratch.is_trial(use.node)
    return use.sort is not Sort.BEHIND and scratch.is_scratch(use.node, words)


def banned_uses(tree: ast.Module, names: tuple[str, ...]) -> Iterator[tuple[str, int]]:
    """Each use of a banned name, however it is reached, with its line; then what cannot be decided."""
    wanted = _wanted(names)
    _, found = uses(tree.body, dead_statements(tree.body), wanted)
    yield from ((use.name, _place(use.node)[0]) for use in found if _is_banned(use, wanted))
    yield from ((use.subject, use.line) for use in _undecided(found, bool(wanted.methods)))


def _wanted(names: Iterable[str]) -> Wanted:
    """Any part of a dotted name of the library that fits the last part of a banned one is that one.

    The library has most of its functions under several names, private ones too, and these end alike.
    """
    patterns = [name.rpartition(".")[2] for name in names]
    methods = frozenset(name.removeprefix(METHODS) for name in names if name.startswith(METHODS))
    return Wanted(re.compile("|".join(fnmatch.translate(pattern) for pattern in patterns)), methods)


def _beginnings(bans: tuple[Ban, ...]) -> tuple[str, ...]:
    """How names begin for which a banned layer may be kept: `gelu = nn.GELU()`."""
    patterns = [name.rpartition(".")[2] for ban in bans for name in ban.names]
    return tuple({pattern.strip("*_").lower() for pattern in patterns} - {""})


def _is_banned(use: Use, wanted: Wanted) -> bool:
    if use.sort is Sort.METHOD:
        return use.part in wanted.methods
    return use.sort is Sort.NAME and wanted.parts.match(use.part) is not None


def _undecided(found: list[Use], methods: bool) -> Iterator[BannedUse]:
    for use in found:
        if use.sort in UNDECIDED and (methods or use.sort is not Sort.COMPUTED_METHOD):
            subject, predicate, advice = UNDECIDED[use.sort]
            yield BannedUse(subject.format(use.name[:MAX_SHOWN]), predicate, _place(use.node)[0], advice)


def _place(node: ast.AST) -> tuple[int, int]:
    return getattr(node, "lineno", 0), getattr(node, "col_offset", 0)
