"""The one rule for which file counts, where several are an exercise's: in the learner's tree, and in what is handed in.

A file that holds work beats one that does not: the untouched stub, an empty file, one that cannot be read. Of those
that hold work the newer one counts, by the order of the system that took them, then by time. Where neither tells, the
file in its chapter's folder, the later upload, the original of a copy, and the `.py` count.
"""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePosixPath

from grader.course.file_kinds import foreign_kind, is_wide_text
from grader.course.file_names import Meaning
from grader.course.notebooks import Module

EXERCISES = "exercises"
NOT_YET = "NotImplementedError"
DOES_NOTHING = re.compile(rb"(?:^|:)[ \t]*(?:raise\b|pass\b|\.\.\.)", re.MULTILINE)
SAME_TIME_SECONDS = 2.0  # archives keep times to two seconds; what was unpacked or cloned together is as far apart


@dataclass(frozen=True)
class Offer:
    """A file that may be the exercise's: where it lay, what its name says, and the module that it is.

    `attempt` is the place in the system's own order; larger is later. `problem` says why it cannot be read, `handed_in`
    when it came.
    """

    path: str
    meaning: Meaning
    source: bytes
    module: Module | None = None
    attempt: tuple[float, ...] = ()
    modified: float = 0.0
    problem: str = ""
    handed_in: float = 0.0


@dataclass(frozen=True)
class Choice:
    """The file that counts, and why each of the others does not."""

    best: Offer
    others: tuple[tuple[Offer, str], ...] = ()


def choose(offers: Iterable[Offer], stub: bytes) -> Choice:
    """Which of the offers counts. There is at least one."""
    offers = list(offers)
    if len(offers) == 1:
        return Choice(offers[0])
    lacks = {id(offer): what_it_lacks(offer, stub) for offer in offers}

    def standing(offer: Offer) -> tuple[bool, bool, tuple[float, ...]]:
        return not lacks[id(offer)], not offer.problem, offer.attempt

    top = max(standing(offer) for offer in offers)
    first = [offer for offer in offers if standing(offer) == top]
    newest = max(offer.modified for offer in first)
    best = max((offer for offer in first if newest - offer.modified <= SAME_TIME_SECONDS), key=_order_of_names)
    others = [(offer, _reason(offer, best, lacks[id(offer)])) for offer in offers if offer is not best]
    return Choice(best, tuple(others))


def what_it_lacks(offer: Offer, stub: bytes) -> str:
    """Why the file holds no work, as a sentence; nothing where it does."""
    if offer.problem:
        return offer.problem
    if not offer.source.strip():
        return "it is empty"
    if is_untouched(offer.source, stub):
        return "it is the stub as it was handed out"
    return _no_text(offer.source)


def _no_text(source: bytes) -> str:
    kind = foreign_kind(source)
    if kind and not is_wide_text(kind):
        return f"it is {kind}, whatever its name ends in: hand in the Python file itself"
    try:
        source.decode("utf-8")
    except UnicodeDecodeError:
        return "it is not UTF-8 text: save it as UTF-8 in your editor"
    return "it is no text" if b"\0" in source else ""


def _order_of_names(offer: Offer) -> tuple[bool, bool, int, int, bool, int, str]:
    meaning = offer.meaning
    in_exercises = EXERCISES in PurePosixPath(offer.path).parts  # and not in a folder of solutions beside it
    kind = meaning.suffix != ".ipynb"
    return meaning.placed, in_exercises, meaning.number, -meaning.copies, kind, -len(offer.path), offer.path


def _reason(offer: Offer, best: Offer, lacks: str) -> str:
    if lacks:
        return lacks if offer.problem else f"{lacks}; {best.path} counts"
    if offer.attempt < best.attempt or best.modified - offer.modified > SAME_TIME_SECONDS:
        return f"{best.path} is newer and counts"
    return f"{best.path} counts, and only one file can"


def is_untouched(source: bytes, stub: bytes) -> bool:
    """Whether this is the stub: the same but for blanks, comments and docstrings, or with all of it still to do."""
    if _bare(source) == _bare(stub):
        return True
    try:
        ours = _shape(stub)
        if ours.to_do and not DOES_NOTHING.search(source):
            return False  # found without parsing, for nearly all that is handed in
        theirs = ast.parse(source)
        if ours.to_do and ours.to_do <= _to_do(theirs):
            return True
        return ast.dump(_code(theirs)) == ours.code
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False


@dataclass(frozen=True)
class Shape:
    """A stub's code without docstrings, and the functions that it leaves to do."""

    code: str
    to_do: frozenset[str]


@functools.lru_cache(maxsize=256)
def _shape(stub: bytes) -> Shape:
    tree = ast.parse(stub)
    to_do = frozenset(_to_do(tree))
    return Shape(ast.dump(_code(tree)), to_do)


def _bare(text: bytes) -> bytes:
    lines = text.removeprefix(b"\xef\xbb\xbf").splitlines()
    return b"\n".join(line.rstrip() for line in lines if line.strip())


def _code(tree: ast.Module) -> ast.Module:
    """The tree without docstrings: an earlier edition of the kit may have had others."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            node.body = _without_docstring(node.body)
    return tree


def _to_do(tree: ast.Module) -> set[str]:
    """The functions that do nothing, or nothing but raise NotImplementedError; methods with their class.

    Of several of one name the last is meant: a notebook may hold the stub's cell and the work below.
    """
    found: dict[str, bool] = {}
    owners: list[ast.Module | ast.ClassDef] = [tree, *(node for node in tree.body if isinstance(node, ast.ClassDef))]
    for owner in owners:
        prefix = f"{owner.name}." if isinstance(owner, ast.ClassDef) else ""
        for node in owner.body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                found[prefix + node.name] = all(_is_nothing(item) for item in _without_docstring(node.body))
    return {name for name, to_do in found.items() if to_do}


def _without_docstring(body: list[ast.stmt]) -> list[ast.stmt]:
    first = body[0] if body else None
    is_text = (
        isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str)
    )
    return body[1:] if is_text else body


def _is_nothing(node: ast.stmt) -> bool:
    """`pass`, `...`, or a raised NotImplementedError."""
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Constant) and node.value.value is ...
    if not isinstance(node, ast.Raise):
        return isinstance(node, ast.Pass)
    what = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
    return isinstance(what, ast.Name) and what.id == NOT_YET
