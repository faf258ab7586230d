"""Programs that differ from one in a single place: where a suite is blind, such a mutant passes it.

Texts stay as they are: docstrings with their examples, messages, annotations, imports. So does what only another
device would show (`device=`), what only says that lengths agree (`strict=`), and how a picture looks.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from grader.course.mutators import MUTATORS, is_text, is_unseen
from grader.course.program import Change, Program, read_program
from grader.course.stubs import derive_stub


@dataclass(frozen=True)
class Mutant:
    """A change that leaves valid Python, and the text that it makes. `given` code is in the stub, too."""

    change: Change
    source: str
    given: bool


def mutants_of(source: str) -> list[Mutant]:
    """Every mutant once, in the order of their places."""
    program = read_program(source)
    given = _given(program)
    found = [Mutant(change, text, given(change.start)) for text, change in changes(program).items()]
    return [mutant for mutant in found if _is_python(mutant.source)]


def changes(program: Program) -> dict[str, Change]:
    """Each text that one change makes, whether or not it is Python."""
    found: dict[str, Change] = {}
    for node, parent in _changeable(program.tree, program.tree):
        for mutator in MUTATORS:
            for change in mutator(program, node, parent):
                found.setdefault(change.applied(program.source), change)
    found.pop(program.source, None)
    return dict(sorted(found.items(), key=lambda item: item[1].start))


def _changeable(node: ast.AST, parent: ast.AST) -> Iterator[tuple[ast.AST, ast.AST]]:
    """All nodes in which something may be changed, each with the one that holds it."""
    yield node, parent
    for child in _children(node):
        yield from _changeable(child, node)


def _children(node: ast.AST) -> Iterator[ast.AST]:
    match node:
        case ast.Import() | ast.ImportFrom() | ast.JoinedStr() | ast.Raise():
            return
        case ast.FunctionDef():
            yield from _children(node.args)
            yield from node.body
        case ast.ClassDef():
            yield from node.body
        case ast.arguments():
            yield from node.defaults
            yield from (default for default in node.kw_defaults if default is not None)
        case ast.AnnAssign():
            if node.value is not None:
                yield node.value
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant()):
            return  # a negative number is one place
        case ast.Call():
            yield from (child for child in ast.iter_child_nodes(node) if not is_unseen(child))
        case _:
            yield from (child for child in ast.iter_child_nodes(node) if not is_text(child))


def _given(program: Program) -> Callable[[int], bool]:
    """Whether a place lies in what the stub holds in the same words: code that it gives, and every signature."""
    kept = {(path, ast.dump(node)) for path, node in _units(ast.parse(derive_stub(program.source)).body)}
    spans = []
    for path, node in _units(program.tree.body):
        start, stop = program.span(node)
        if isinstance(node, ast.FunctionDef) and node.decorator_list:
            start = program.span(node.decorator_list[0])[0] - 1
        if (path, ast.dump(node)) not in kept:
            stop = program.span(node.body[0])[0] if isinstance(node, ast.FunctionDef) else start
        spans.append((start, stop))
    return lambda place: any(start <= place < stop for start, stop in spans)


def _units(body: list[ast.stmt], path: str = "") -> Iterator[tuple[str, ast.stmt]]:
    """The statements of a module, and in place of its classes what stands in them."""
    for node in body:
        if isinstance(node, ast.ClassDef):
            yield from _units(node.body, f"{path}{node.name}.")
        else:
            yield path, node


def _is_python(source: str) -> bool:
    try:
        ast.parse(source)
    except (SyntaxError, ValueError):
        return False
    return True
