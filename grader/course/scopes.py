"""Which variable a name in a syntax tree stands for: that of a function, of a class, or the module's.

Everything here takes one walk over the tree with a stack of its own, so that no nesting is too deep.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

MAX_CLIMB = 100  # scopes looked through for one name; Python itself allows no more blocks than that inside one another
Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
Comprehension = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp
Variable = tuple[int, str]  # the number of its scope, and its name
MODULE = 0
SHARED = (ast.expr_context, ast.operator, ast.boolop, ast.unaryop, ast.cmpop)  # one object stands in many places


@dataclass(eq=False)
class Scope:
    """A scope: the node that opens it, the number of the one around it, its names and where each of them is bound."""

    node: ast.AST
    parent: int
    bound: dict[str, list[ast.AST]] = field(default_factory=dict)
    elsewhere: dict[str, bool] = field(default_factory=dict)  # declared: True for `global`, False for `nonlocal`

    @property
    def is_class(self) -> bool:
        return isinstance(self.node, ast.ClassDef)


class Scopes:
    """All nodes as the walk met them, each with its parent and the number of its scope. `dead` ones are left out."""

    def __init__(self, body: list[ast.stmt], dead: Collection[ast.AST] = ()) -> None:
        self.scopes = [Scope(ast.Module(body, []), -1)]
        self.nodes: list[ast.AST] = []
        self.scope_of: dict[ast.AST, int] = {}
        self.inner: dict[ast.AST, int] = {}  # of a function or a class, the scope that it opens
        self.parents: dict[ast.AST, tuple[ast.AST, str]] = {}
        self._walk(body, dead)

    def variable(self, node: ast.AST, name: str) -> Variable:
        """The variable for which the name stands where the node is."""
        start = self.scope_of[node]
        scope = start
        for _ in range(MAX_CLIMB):
            here = self.scopes[scope]
            if here.elsewhere.get(name):
                return MODULE, name
            if name in here.bound and name not in here.elsewhere and (scope == start or not here.is_class):
                return scope, name
            if here.parent < 0:
                break
            scope = here.parent
        return MODULE, name

    def bindings(self, variable: Variable) -> list[ast.AST]:
        """The nodes that bind the variable; none for what is nobody's in this file."""
        return self.scopes[variable[0]].bound.get(variable[1], [])

    def function_around(self, node: ast.AST) -> ast.AST | None:
        """The function in whose body the node stands, if any."""
        scope = self.scope_of[node]
        for _ in range(MAX_CLIMB):
            here = self.scopes[scope]
            if isinstance(here.node, Function):
                return here.node
            if here.parent < 0:
                break
            scope = here.parent
        return None

    def _walk(self, body: list[ast.stmt], dead: Collection[ast.AST]) -> None:
        waiting: list[tuple[ast.AST, int]] = [(node, MODULE) for node in reversed(body) if node not in dead]
        while waiting:
            node, scope = waiting.pop()
            self.nodes.append(node)
            self.scope_of[node] = scope
            self._bind(node, scope)
            inner = self._open(node, scope)
            children = []
            for part, child in _children(node):
                if child in dead:
                    continue
                self.parents[child] = (node, part)
                children.append(
                    (
                        child,
                        inner
                        if part in ("body", "elt", "key", "generators")
                        or (part == "value" and isinstance(node, ast.DictComp))
                        else scope,
                    )
                )
                if isinstance(child, ast.arguments):
                    self._bind_arguments(child, inner)
            waiting += reversed(children)
        self._bind_declared()

    def _open(self, node: ast.AST, scope: int) -> int:
        """The number of the scope that the node opens, or of the one that it stands in."""
        if not isinstance(node, Function | ast.ClassDef | Comprehension):
            return scope
        self.scopes.append(Scope(node, scope))
        self.inner[node] = len(self.scopes) - 1
        return len(self.scopes) - 1

    def _bind(self, node: ast.AST, scope: int) -> None:
        for name in _bound_names(node):
            where = scope
            if isinstance(self.parents.get(node, (None,))[0], ast.NamedExpr):
                where = self._out_of_comprehensions(scope)
            self.scopes[where].bound.setdefault(name, []).append(node)
        if isinstance(node, ast.Global | ast.Nonlocal):
            self.scopes[scope].elsewhere |= dict.fromkeys(node.names, isinstance(node, ast.Global))

    def _bind_arguments(self, arguments: ast.arguments, scope: int) -> None:
        for argument in parameters(arguments):
            self.scopes[scope].bound.setdefault(argument.arg, []).append(argument)

    def _bind_declared(self) -> None:
        """What a scope binds for another one, by `global` or `nonlocal`, is bound there too."""
        for scope in self.scopes[1:]:
            for name, is_global in scope.elsewhere.items():
                owner = MODULE if is_global else self._outer(scope.parent, name)
                self.scopes[owner].bound.setdefault(name, []).extend(scope.bound.get(name, []))

    def _outer(self, scope: int, name: str) -> int:
        for _ in range(MAX_CLIMB):
            here = self.scopes[scope]
            if here.parent < 0 or (name in here.bound and name not in here.elsewhere and not here.is_class):
                return scope
            scope = here.parent
        return MODULE

    def _out_of_comprehensions(self, scope: int) -> int:
        while isinstance(self.scopes[scope].node, Comprehension):
            scope = self.scopes[scope].parent
        return scope


def function_name(node: ast.AST) -> str:
    """What a function is called by its own definition."""
    return node.name if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) else "<lambda>"


def parameters(arguments: ast.arguments) -> Iterator[ast.arg]:
    """All parameters, those for the rest included."""
    yield from (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)
    yield from (argument for argument in (arguments.vararg, arguments.kwarg) if argument is not None)


def _children(node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    for part, value in ast.iter_fields(node):
        if isinstance(value, ast.AST) and not isinstance(value, SHARED):
            yield part, value
        elif isinstance(value, list):
            yield from ((part, item) for item in value if isinstance(item, ast.AST) and not isinstance(item, SHARED))


def _bound_names(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store | ast.Del):
        yield node.id
    elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield node.name
    elif isinstance(node, ast.Import | ast.ImportFrom):
        for alias in node.names:
            yield alias.asname or (alias.name.split(".")[0] if isinstance(node, ast.Import) else alias.name)
    elif isinstance(node, ast.ExceptHandler | ast.MatchAs | ast.MatchStar) and node.name:
        yield node.name
    elif isinstance(node, ast.MatchMapping) and node.rest:
        yield node.rest
