"""A solution's syntax tree without what only a reader needs: docstrings, annotations, the names of what is local.

What is left does the same work, instruction by instruction: `same_work` proves it.
"""

from __future__ import annotations

import ast
import dis
import symtable
from collections.abc import Collection, Iterator
from types import CodeType

from grader.course.scopes import MODULE, Scopes, Variable, parameters
from grader.course.stubs import derive_stub
from grader.errors import GraderError

Function = ast.FunctionDef | ast.AsyncFunctionDef
NAMED = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.ExceptHandler, ast.MatchAs, ast.MatchStar)


def plain_code(source: str, name: str) -> ast.Module:
    """The tree of a solution without its prose. What its stub names keeps its name, parameters included."""
    plain = _Undressed().visit(ast.parse(source))
    assert isinstance(plain, ast.Module)
    ast.fix_missing_locations(plain)
    before = compile(plain, "solution", "exec", dont_inherit=True)
    _Renamed(plain, kept=_top_names(ast.parse(derive_stub(source)))).rename()
    if not same_work(before, compile(plain, "solution", "exec", dont_inherit=True)):
        raise GraderError(f"a stand-in for {name} would not do what its solution does", "please report it")
    return plain


def same_work(one: CodeType, other: CodeType) -> bool:
    """Whether two pieces of code differ in the names of variables alone."""
    if [step.opname for step in dis.get_instructions(one)] != [step.opname for step in dis.get_instructions(other)]:
        return False
    if len(set(one.co_varnames)) != len(set(other.co_varnames)) or len(one.co_names) != len(other.co_names):
        return False
    for mine, theirs in zip(one.co_consts, other.co_consts, strict=True):
        if isinstance(mine, CodeType) and isinstance(theirs, CodeType):
            if not same_work(mine, theirs):
                return False
        elif repr(mine) != repr(theirs) and not _are_names(mine, theirs):
            return False
    return True


def local_names(source: str) -> set[str]:
    """The variables of a text's functions that are nothing else anywhere in it: no parameter, no import, not its top's.

    As Python's own tables have them, so that what renames them is checked by another road.
    """
    local: set[str] = set()
    others: set[str] = set()
    waiting = [symtable.symtable(source, "solution", "exec")]
    while waiting:
        table = waiting.pop()
        waiting += table.get_children()
        for symbol in (item for item in table.get_symbols() if not item.is_free()):
            is_variable = isinstance(table, symtable.Function) and symbol.is_local()
            is_open = symbol.is_parameter() or symbol.is_imported() or not is_variable
            (others if is_open else local).add(symbol.get_name())
    return {name for name in local - others if not name.startswith(("__", "."))}


def _are_names(mine: object, theirs: object) -> bool:
    """The qualified names of functions are constants of the code around them, as are the names of keywords."""
    return isinstance(mine, str) and isinstance(theirs, str) and mine.count(".") == theirs.count(".")


class _Undressed(ast.NodeTransformer):
    """Takes docstrings and annotations out. A class's fields keep theirs: `dataclass` looks at them."""

    def visit_Module(self, node: ast.Module) -> ast.AST:
        return self._body(node)

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        fields = [inner for inner in node.body if isinstance(inner, ast.AnnAssign)]
        self._body(node, fields)
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        node.returns = None
        for argument in parameters(node.args):
            argument.annotation = None
        return self._body(node)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST | None:
        if node.value is None:
            return ast.copy_location(ast.Pass(), node)
        return ast.copy_location(ast.Assign([node.target], node.value), node)

    def _body(self, node: ast.Module | ast.ClassDef | ast.FunctionDef, left: Collection[ast.AST] = ()) -> ast.AST:
        if ast.get_docstring(node, clean=False) is not None:
            node.body = node.body[1:] or [ast.Pass()]
        node.body = [item if item in left else self.visit(item) for item in node.body]
        return node


class _Renamed:
    """Gives every variable that no other file can know a name without a meaning."""

    def __init__(self, tree: ast.Module, kept: Collection[str]) -> None:
        self.scopes = Scopes(tree.body)
        self.kept = kept
        self.keywords = {node.arg for node in ast.walk(tree) if isinstance(node, ast.keyword) and node.arg}
        self.names: dict[Variable, str] = {}
        self.taken = {text for node in ast.walk(tree) for text in _texts(node)}
        self.open = {  # functions that other files may call, whose parameters are part of what the stub says
            node
            for node in ast.walk(tree)
            if isinstance(node, Function) and not isinstance(self._owner(node), Function | ast.Lambda)
        }

    def rename(self) -> None:
        """In place."""
        for node in self.scopes.nodes:
            if isinstance(node, Function | ast.Lambda):
                for argument in parameters(node.args):
                    argument.arg = self._name((self.scopes.inner[node], argument.arg), argument.arg)
        for node in self.scopes.nodes:
            if isinstance(node, ast.Name):
                node.id = self._name(self.scopes.variable(node, node.id), node.id)
            elif isinstance(node, ast.Global | ast.Nonlocal):
                node.names = [self._name(self.scopes.variable(node, name), name) for name in node.names]
            elif isinstance(node, NAMED) and node.name:
                node.name = self._name(self.scopes.variable(node, node.name), node.name)

    def _name(self, variable: Variable, name: str) -> str:
        if not self._is_local(variable, name):
            return name
        if variable not in self.names:
            number = len(self.names)
            while f"_{number}" in self.taken:
                number += 1
            self.names[variable] = f"_{number}"
            self.taken.add(f"_{number}")
        return self.names[variable]

    def _is_local(self, variable: Variable, name: str) -> bool:
        """Whether no other file can ask for it by its name."""
        bound, scope = self.scopes.bindings(variable), self.scopes.scopes[variable[0]]
        if not bound or name.startswith("__") or scope.is_class:
            return False
        if any(isinstance(node, ast.Import | ast.ImportFrom | ast.MatchMapping) for node in bound):
            return False
        if variable[0] == MODULE:
            return name not in self.kept
        is_parameter = any(isinstance(node, ast.arg) for node in bound)
        return not is_parameter or (scope.node not in self.open and name not in self.keywords)

    def _owner(self, node: ast.AST) -> ast.AST:
        return self.scopes.scopes[self.scopes.scope_of[node]].node


def _texts(node: ast.AST) -> Iterator[str]:
    for _, value in ast.iter_fields(node):
        if isinstance(value, str):
            yield value


def _top_names(stub: ast.Module) -> set[str]:
    """What a stub binds at its top, blocks included."""
    return set(Scopes(stub.body).scopes[MODULE].bound)
