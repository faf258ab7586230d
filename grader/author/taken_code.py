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
SPACE = "\n\n"  # between what stands one above the other


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
        if isinstance(node, Definition) and _first_line(node) <= line <= (node.end_lineno or line):
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
    """As little of a definition as will do, with what must stand above it; else the whole of it."""
    above = [ast.unparse(node) for node in prelude]
    small = _small_edits(program, mine, wrong, above)
    if small is not None and all(program.source.count(edit.find) == 1 for edit in small):
        return small
    text = SPACE.join([*above, ast.unparse(wrong)])
    return [Replacement(_lines(program, _first_line(mine), mine.end_lineno or mine.lineno), text)]


def _small_edits(program: Program, mine: Definition, wrong: Definition, above: list[str]) -> list[Replacement] | None:
    """Edits of the head, where it differs or something goes above it, and of the body."""
    if mine.body[0].lineno <= mine.lineno or type(mine) is not type(wrong):
        return None
    body = (
        _class_edits(program, mine, wrong)
        if isinstance(mine, ast.ClassDef) and isinstance(wrong, ast.ClassDef)
        else _body_edit(program, mine.body, wrong.body)
    )
    if body is None:
        return None
    is_same = _head(mine) == _head(wrong)
    if not above and is_same:
        return body
    head, indent = _head_lines(program, mine), " " * mine.col_offset
    head = head.partition("\n")[0] if is_same else head
    new = head.removeprefix(indent) if is_same else _head(wrong)
    return [Replacement(head, _indented(SPACE.join([*above, new]), indent)), *body]


def _class_edits(program: Program, mine: ast.ClassDef, wrong: ast.ClassDef) -> list[Replacement] | None:
    """Edits of the methods. Those that only theirs has stand above the first one."""
    own, theirs = _methods(mine), _methods(wrong)
    rest, others = (
        [node for node in _code(item.body) if not isinstance(node, ast.FunctionDef)] for item in (mine, wrong)
    )
    if not own or len(rest) != len(others) or not all(map(_same, rest, others)):
        return None
    more = [ast.unparse(method) for name, method in theirs.items() if name not in own]
    found: list[Replacement] = []
    for number, (name, method) in enumerate(own.items()):
        edits = _small_edits(program, method, theirs.get(name, method), more if number == 0 else [])
        if edits is None:
            return None
        found += edits
    return found


def _methods(node: ast.ClassDef) -> dict[str, ast.FunctionDef]:
    return {item.name: item for item in node.body if isinstance(item, ast.FunctionDef)}


def _head(node: Definition) -> str:
    """Name, parameters and decorators, or bases, without annotations."""
    bare = _Cleaner().visit(ast.parse(ast.unparse(node))).body[0]
    bare.body = [ast.Pass()]
    return ast.unparse(ast.fix_missing_locations(bare)).removesuffix("\n    pass")


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
    text = _indented("\n".join(ast.unparse(node) for node in theirs), " " * ours[0].col_offset)
    return [Replacement(_lines(program, _first_line(ours[0]), ours[-1].end_lineno or ours[-1].lineno), text)]


def _head_lines(program: Program, node: Definition) -> str:
    """The lines of a definition before its body, without the comments that belong to that."""
    last = node.body[0].lineno - 1
    while program.lines[last - 1].strip().startswith("#") or not program.lines[last - 1].strip():
        last -= 1
    return _lines(program, _first_line(node), last)


def _first_line(node: ast.stmt) -> int:
    decorators = node.decorator_list if isinstance(node, Definition) else []
    return min([node.lineno, *(item.lineno for item in decorators)])


def _indented(text: str, indent: str) -> str:
    """The text moved to the right; what `ast.unparse` writes holds no string of several lines."""
    return "\n".join(indent + line if line else line for line in text.split("\n"))


def _lines(program: Program, first: int, last: int) -> str:
    """Whole lines of the text, without the last one's end."""
    return "".join(program.lines[first - 1 : last]).removesuffix("\n")
