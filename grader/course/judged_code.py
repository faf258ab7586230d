"""Which statements of a file count when it is judged: not those that cannot run then, nor a notebook's scratch work."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from grader.course.cells import Definition
from grader.course.scopes import MODULE, Scopes

PLAIN_VALUES = ("device", "Generator", "manual_seed", "tensor", "randn", "rand", "arange", "zeros", "ones", "float")
ACTING_METHODS = ("__setattr__", "__setitem__", "__delattr__", "__dict__", "__iadd__", "__ior__", "__set__")
PLAIN_PARTS = (ast.Constant, ast.Tuple, ast.UnaryOp, ast.BinOp, ast.unaryop, ast.operator, ast.expr_context)
# What may be given a function that is banned, in a notebook's trials: it is shown, called or timed, and not kept.
SHOWING = {
    *("print", "help", "repr", "str", "type", "id", "isinstance", "callable", "map", "filter", "list", "tuple", "zip"),
    *("enumerate", "any", "all", "sum", "sorted", "max", "min", "partial", "timeit", "display"),
}
PASSING = (ast.Attribute, ast.Tuple, ast.List, ast.keyword, ast.Starred, ast.FormattedValue, ast.JoinedStr, ast.Compare)
MOST_AROUND = 20
ACTING = ("setattr", "exec", "eval", "delattr", "globals", "vars", "locals")


def dead_statements(body: list[ast.stmt]) -> set[ast.AST]:
    """Statements that cannot run when the file is judged, where it is not the main program."""
    nodes = list(ast.walk(ast.Module(body, [])))
    main = not any(_names(node, "__name__") for node in nodes)
    typing = not any(_names(node, "TYPE_CHECKING") for node in nodes)
    dead: set[ast.AST] = set()
    for node in nodes:
        if isinstance(node, ast.If | ast.While):
            truth = _truth(node.test, main, typing)
            if truth is False:
                dead |= set(node.body)
            elif truth is True and isinstance(node, ast.If):
                dead |= set(node.orelse)
    return dead


def _names(node: ast.AST, name: str) -> bool:
    """Whether something may give the name another value than it has by itself."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and not node.args:
        return node.func.id in ("globals", "locals", "vars")
    if isinstance(node, ast.Name):
        return node.id == name and not isinstance(node.ctx, ast.Load)
    if isinstance(node, ast.Attribute):
        return node.attr == name and not isinstance(node.ctx, ast.Load)
    if isinstance(node, ast.ImportFrom):
        taken = [alias for alias in node.names if (alias.asname or alias.name) == name]
        return bool(taken) and (node.module != "typing" or taken[0].name != name or bool(node.level))
    if isinstance(node, ast.Import):
        return any(
            (alias.asname or alias.name) in (name, "typing" if alias.name != "typing" else "") for alias in node.names
        )
    if isinstance(node, ast.alias):
        return False  # its statement was looked at
    if isinstance(node, ast.Constant):
        return node.value == name if isinstance(node.value, str) else False
    names = (getattr(node, "name", None), getattr(node, "arg", None), getattr(node, "rest", None))
    return name in names or (isinstance(node, ast.Global) and name in node.names)


def _truth(test: ast.expr, main: bool, typing: bool) -> bool | None:
    """What the condition is when the file is judged, where that is plain."""
    if isinstance(test, ast.Constant):
        return bool(test.value)
    if typing and isinstance(test, ast.Name) and test.id == "TYPE_CHECKING":
        return False
    if typing and isinstance(test, ast.Attribute) and test.attr == "TYPE_CHECKING":
        return False if isinstance(test.value, ast.Name) and test.value.id == "typing" else None
    if main and isinstance(test, ast.Compare) and len(test.ops) == 1:
        sides = (test.left, test.comparators[0])
        named = any(isinstance(side, ast.Name) and side.id == "__name__" for side in sides)
        if named and any(isinstance(side, ast.Constant) and side.value == "__main__" for side in sides):
            return {ast.Eq: False, ast.NotEq: True}.get(type(test.ops[0]))
    return None


class Scratch:
    """The statements of a notebook's cells that no definition needs: trials, comparisons, prints."""

    def __init__(self, tree: Scopes, body: list[ast.stmt]) -> None:
        self.tree = tree
        self.statement: dict[ast.AST, ast.AST] = {node: node for node in body}
        self.loads: dict[ast.AST, set[str]] = {node: set() for node in body}
        self.binds: dict[ast.AST, set[str]] = {node: set() for node in body}
        self.touches: dict[ast.AST, set[str]] = {node: set() for node in body}
        self.acting: set[ast.AST] = set()
        self.defined = {node.name for node in body if isinstance(node, Definition)}
        self.given: set[ast.AST] = set()  # definitions that give names outside of them something
        self.owners: set[str] = set()  # names whose attributes a definition asks for
        for node in tree.nodes:
            if node in tree.parents:
                self.statement[node] = self.statement[tree.parents[node][0]]
            self._look_at(node, self.statement[node])
        self.live = self._live(body)
        self.keeping = self._keeping(body)

    def is_scratch(self, node: ast.AST, kinds: tuple[str, ...]) -> bool:
        """Whether a use of a banned name is nobody's. `kinds` are beginnings of names for which it may be kept."""
        statement = self._trial_around(node)
        if statement is None or isinstance(statement, ast.Import | ast.ImportFrom):
            return False
        names = self.binds[statement]
        parent, part = self.tree.parents.get(node, (None, ""))
        if not isinstance(parent, ast.Call) or part != "func":  # handed on, or another name for it
            return not names and not self.loads[statement] & self.keeping and self._is_shown(node)
        is_class = isinstance(node, ast.Attribute | ast.Name) and _last(node)[:1].isupper()
        if not names:
            return not is_class or not self.loads[statement] & self.keeping
        return not is_class or not any(name.lower().startswith(kinds) for name in names)

    def is_trial(self, node: ast.AST) -> bool:
        """Whether a use of a module that may do anything is nobody's: of what it gives no definition has something."""
        statement = self._trial_around(node)
        return statement is not None and not self.loads[statement] & self.keeping

    def _trial_around(self, node: ast.AST) -> ast.AST | None:
        """The statement in which the node stands, if no definition is or needs it."""
        statement = self.statement.get(node)
        if isinstance(statement, Definition) or statement in self.live or self.tree.function_around(node) is not None:
            return None
        return statement

    def _is_shown(self, node: ast.AST) -> bool:
        """Whether a value is handed on to nothing but what shows it, or a function of the file."""
        for _ in range(MOST_AROUND):
            parent, part = self.tree.parents.get(node, (None, ""))
            if isinstance(parent, ast.Call) and part != "func":
                called = parent.func.id if isinstance(parent.func, ast.Name) else ""
                return called in SHOWING or called in self.defined
            if parent is None or not isinstance(parent, PASSING):
                return parent is None or isinstance(parent, ast.stmt)
            node = parent
        return False

    def _look_at(self, node: ast.AST, statement: ast.AST) -> None:
        if isinstance(node, ast.Name):
            if self.tree.variable(node, node.id)[0] == MODULE:
                (self.loads if isinstance(node.ctx, ast.Load) else self.binds)[statement].add(node.id)
            if node.id in ACTING:
                self.acting.add(statement)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            self.acting.add(statement)
        elif isinstance(node, ast.Attribute | ast.Subscript) and not isinstance(node.ctx, ast.Load):
            self.touches[statement] |= set(_first_name(node))
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            self.touches[statement] |= set(_first_name(node.func))
        if isinstance(node, ast.Global) and isinstance(statement, Definition):
            self.binds[statement] |= set(node.names)
            self.given.add(statement)
        if isinstance(node, ast.Attribute) and isinstance(statement, Definition):
            self.owners |= set(_first_name(node))
        if isinstance(node, ast.Attribute) and node.attr in ACTING_METHODS:
            self.acting.add(statement)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            self.binds[statement].add(node.name)

    def _live(self, body: list[ast.stmt]) -> set[ast.AST]:
        """The statements from which a definition has something, directly or not."""
        imported = {
            name
            for name, bound in self.tree.scopes[MODULE].bound.items()
            if all(isinstance(item, ast.Import | ast.ImportFrom) for item in bound)
        }
        users: dict[str, list[ast.AST]] = {}
        for node in body:
            for name in {*self.binds[node], *(self.touches[node] - imported)}:
                users.setdefault(name, []).append(node)
        live: set[ast.AST] = set()
        statement: ast.AST
        waiting: list[ast.AST] = [node for node in body if isinstance(node, Definition) or node in self.acting]
        while waiting:
            statement = waiting.pop()
            if statement in live:
                continue
            live.add(statement)
            names = self.loads[statement] | (self.binds[statement] if isinstance(statement, Definition) else set())
            for name in names:
                waiting += users.pop(name, [])
        return live

    def _keeping(self, body: list[ast.stmt]) -> set[str]:
        """Names by which a definition may find what was put there: of its boxes, of other names for them, of what fills
        them. What a function is called by alone, and a name for a number or a device, keeps nothing.
        """
        used = set().union(*(self.loads[node] for node in body if isinstance(node, Definition)))
        found = {name for node in body if _may_keep(node) for name in self.binds[node]} & used
        found |= {name for node in body if isinstance(node, Definition) for name in self.binds[node]} & self.owners
        found |= set().union(*(self.binds[node] for node in self.given))
        waiting = [node for node in body if self.binds[node] and not isinstance(node, ast.Import | ast.ImportFrom)]
        while more := [node for node in waiting if self.loads[node] & found and not self.binds[node] <= found]:
            found |= set().union(*(self.binds[node] for node in more))
        return found


def _may_keep(node: ast.AST) -> bool:
    if isinstance(node, Definition | ast.Import | ast.ImportFrom):
        return False
    value = getattr(node, "value", None)
    if isinstance(value, ast.Call) and isinstance(value.func, ast.Attribute):
        of_torch = isinstance(value.func.value, ast.Name) and value.func.value.id == "torch"
        return not (of_torch and value.func.attr in PLAIN_VALUES)
    return not isinstance(value, ast.expr) or not all(isinstance(part, PLAIN_PARTS) for part in ast.walk(value))


def _first_name(node: ast.AST) -> Iterator[str]:
    for _ in range(20):
        if isinstance(node, ast.Name):
            yield node.id
        if not isinstance(node, ast.Attribute | ast.Subscript):
            return
        node = node.value


def _last(node: ast.Attribute | ast.Name) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id
