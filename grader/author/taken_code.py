"""What one learner's file does, as edits of the solution: functions and classes in place of the solution's own.

Comments, docstrings and prints do not come along, nor anything that the functions do not use.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from grader.author.trusted_code import distrusted
from grader.course.mistakes import Replacement
from grader.course.program import Program, read_program
from grader.course.stubs import derive_stub
from grader.errors import GraderError

Definition = ast.FunctionDef | ast.ClassDef


class NotTaken(GraderError):
    """The code cannot be brought into the solution. The message says why."""


@dataclass(frozen=True)
class Side:
    """A module: its text, and what stands at its top by the names that it binds. The last of a name counts."""

    program: Program
    bound: dict[str, ast.stmt]

    def definition(self, name: str) -> Definition | None:
        node = self.bound.get(name)
        return node if isinstance(node, Definition) else None


def owner_at(source: str, line: int) -> str:
    """The function or class at the top of a file in which a line lies, "" where there is none."""
    for node in ast.parse(source).body:
        first = min([node.lineno, *(item.lineno for item in getattr(node, "decorator_list", ()))])
        if isinstance(node, Definition) and first <= line <= (node.end_lineno or line):
            return node.name
    return ""


def taken_edits(solution: str, theirs: str, names: Iterable[str]) -> tuple[Replacement, ...]:
    """The edits that put their functions and classes of these names into the solution. None where they are the same."""
    ours, other = _side(read_program(solution)), _side(_cleaned(theirs))
    shared = set(_side(read_program(derive_stub(solution))).bound)
    edits: list[Replacement] = []
    brought: set[str] = set()  # what two of them use comes once
    for name in names:
        mine, wrong = ours.definition(name), other.definition(name)
        if mine is None or wrong is None:
            raise NotTaken(f"`{name}` is not defined at the top of both files")
        prelude = [node for key, node in _used(wrong, other, ours, shared) if key not in brought]
        brought |= {key for key, _ in _used(wrong, other, ours, shared)}
        for node in (*prelude, wrong):
            if reason := distrusted(node):
                raise NotTaken(reason)
        edits += _edits(ours.program, mine, wrong, prelude)
    return tuple(edits)


# -- reading ------------------------------------------------------------------------------------------


def _side(program: Program) -> Side:
    return Side(program, {name: node for node in program.tree.body for name in _bound_by(node)})


def _bound_by(node: ast.stmt) -> Iterator[str]:
    match node:
        case ast.FunctionDef() | ast.ClassDef():
            yield node.name
        case ast.Assign(targets=targets):
            yield from (item.id for target in targets for item in ast.walk(target) if isinstance(item, ast.Name))
        case ast.AnnAssign(target=ast.Name(id=name)):
            yield name
        case ast.Import(names=names) | ast.ImportFrom(names=names):
            yield from ((alias.asname or alias.name).partition(".")[0] for alias in names)


class _Cleaner(ast.NodeTransformer):
    """Takes out what does nothing: docstrings, prints, annotations of arguments and results."""

    def visit_Expr(self, node: ast.Expr) -> ast.stmt | None:
        is_print = isinstance(node.value, ast.Call) and ast.unparse(node.value.func) == "print"
        return None if is_print or isinstance(node.value, ast.Constant) else node

    def visit_arg(self, node: ast.arg) -> ast.arg:
        return ast.arg(node.arg)

    def generic_visit(self, node: ast.AST) -> ast.AST:
        super().generic_visit(node)
        if isinstance(node, ast.FunctionDef):
            node.returns = None
        if getattr(node, "body", None) == []:
            node.body = [ast.Pass()]  # type: ignore[attr-defined] # it has a body
        return node


def _cleaned(source: str) -> Program:
    tree = _Cleaner().visit(ast.parse(source))
    return read_program(ast.unparse(ast.fix_missing_locations(tree)) + "\n")


def _used(node: ast.AST, theirs: Side, ours: Side, shared: set[str]) -> list[tuple[str, ast.stmt]]:
    """What their code uses of its own file and the solution does not offer, each behind what it uses itself."""
    found: dict[str, ast.stmt] = {}

    def follow(item: ast.AST) -> None:
        for name in _loaded(item):
            held = theirs.bound.get(name)
            if held is None or name in found or name in shared or held is node:
                continue
            if name in ours.bound and _same(_alone(held, name), _alone(ours.bound[name], name)):
                continue
            found[name] = _alone(held, name)
            follow(held)
            found[name] = found.pop(name)  # behind what it uses

    follow(node)
    return list(found.items())


def _loaded(node: ast.AST) -> list[str]:
    return [item.id for item in ast.walk(node) if isinstance(item, ast.Name) and isinstance(item.ctx, ast.Load)]


def _alone(node: ast.stmt, name: str) -> ast.stmt:
    """Of an import the one name."""
    if not isinstance(node, ast.Import | ast.ImportFrom):
        return node
    names = [alias for alias in node.names if (alias.asname or alias.name).partition(".")[0] == name]
    return ast.Import(names) if isinstance(node, ast.Import) else ast.ImportFrom(node.module, names, node.level)


# -- editing ------------------------------------------------------------------------------------------


def _edits(program: Program, mine: Definition, wrong: Definition, prelude: list[ast.stmt]) -> list[Replacement]:
    """As little of a definition as will do. Where something must stand above it, the whole of it."""
    small = _small_edits(program, mine, wrong) if not prelude else None
    if small is not None and all(program.source.count(edit.find) == 1 for edit in small):
        return small
    text = "\n".join(ast.unparse(node) for node in (*prelude, wrong))
    return [Replacement(_lines(program, mine, mine), text)]


def _small_edits(program: Program, mine: Definition, wrong: Definition) -> list[Replacement] | None:
    """An edit of each function's body, where their heads are the same."""
    if _head(mine) != _head(wrong):
        return None
    if isinstance(mine, ast.FunctionDef):
        return _body_edit(program, mine.body, wrong.body)
    pairs = list(zip(_code(mine.body), _code(wrong.body), strict=False))
    if len(_code(mine.body)) != len(_code(wrong.body)):
        return None
    found: list[Replacement] = []
    for one, other in pairs:
        if _same(one, other):
            continue
        if not (isinstance(one, ast.FunctionDef) and isinstance(other, ast.FunctionDef) and _head(one) == _head(other)):
            return None
        found += _body_edit(program, one.body, other.body)
    return found


def _head(node: Definition) -> str:
    """Name, parameters and decorators, or bases, without annotations."""
    bare = _Cleaner().visit(ast.parse(ast.unparse(node))).body[0]
    bare.body = [ast.Pass()]
    return ast.dump(bare)


def _code(body: list[ast.stmt]) -> list[ast.stmt]:
    """The statements without a docstring."""
    return [node for node in body if not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))]


def _same(one: ast.stmt, other: ast.stmt) -> bool:
    cleaned = (_Cleaner().visit(ast.parse(ast.unparse(node))) for node in (one, other))
    return len({ast.dump(node) for node in cleaned}) == 1


def _body_edit(program: Program, mine: list[ast.stmt], wrong: list[ast.stmt]) -> list[Replacement]:
    """From the first statement that differs to the last."""
    ours, theirs = _code(mine), _code(wrong)
    while len(ours) > 1 and len(theirs) > 1 and _same(ours[0], theirs[0]):
        ours, theirs = ours[1:], theirs[1:]
    while len(ours) > 1 and len(theirs) > 1 and _same(ours[-1], theirs[-1]):
        ours, theirs = ours[:-1], theirs[:-1]
    if len(ours) == len(theirs) == 1 and _same(ours[0], theirs[0]):
        return []
    indent = " " * ours[0].col_offset
    text = "\n".join(indent + line for node in theirs for line in ast.unparse(node).split("\n"))
    return [Replacement(_lines(program, ours[0], ours[-1]), text)]


def _lines(program: Program, first: ast.stmt, last: ast.stmt) -> str:
    """The whole lines from one statement to another."""
    start = min([first.lineno, *(item.lineno for item in getattr(first, "decorator_list", ()))])
    return "".join(program.lines[start - 1 : last.end_lineno]).removesuffix("\n")
