"""What a node stands for by itself, and what else is to be known of it before any value flows."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any

from grader.course.name_flow import Flow
from grader.course.name_uses import Sort
from grader.course.reachable import BEHIND_ANYTHING, GETTERS, Kind, Value, leads_out, root
from grader.course.scopes import FUNCTIONS, MODULE, Variable, function_name, parameters


def _imported(flow: Flow, node: ast.Import) -> None:
    for alias in node.names:
        top = alias.name.split(".")[0]
        flow.into[alias] = flow.places(node, alias.asname or top)
        if alias.asname:
            flow.path(alias, alias.name)
        else:
            probe = ast.alias(alias.name)  # the parts are used, the name is the first one's
            flow.tree.scope_of[probe] = flow.tree.scope_of[node]
            probe.lineno, probe.col_offset = alias.lineno, alias.col_offset
            flow.path(probe, alias.name)
            flow.add(alias, root(top))


def _imported_from(flow: Flow, node: ast.ImportFrom) -> None:
    module = f"{'.' if node.level else ''}{node.module or ''}"
    for alias in node.names:
        if alias.name == "*":
            probe = ast.alias(module)
            probe.lineno, probe.col_offset = node.lineno, node.col_offset
            flow.path(probe, module)
            continue
        flow.into[alias] = flow.places(node, alias.asname or alias.name)
        flow.path(alias, f"{module}.{alias.name}")


def _name(flow: Flow, node: ast.Name) -> None:
    if not isinstance(node.ctx, ast.Load):
        return
    variable = flow.tree.variable(node, node.id)
    flow.read(variable, node)
    if (variable[0] == MODULE or flow.tree.scopes[variable[0]].is_class) and _may_be_unbound(flow, variable, node):
        flow.builtin(node, node.id)


def _attribute(flow: Flow, node: ast.Attribute) -> None:
    if not isinstance(node.ctx, ast.Load):
        if node.attr in BEHIND_ANYTHING:
            flow.say(Sort.BEHIND, node.attr, node)
        return
    flow.read(("attribute", node.attr), node)
    if leads_out(node.attr, node.value):
        flow.say(Sort.BEHIND, node.attr, node)
    elif node.attr == "__class__" and getattr(node.value, "id", "") not in ("self", "cls"):
        flow.add(node, Value(Kind.TYPE, "type"))


def _call(flow: Flow, node: ast.Call) -> None:
    """`x.__getattribute__("softmax")` of anything, and annotations that are asked for as code."""
    if any(keyword.arg == "eval_str" for keyword in node.keywords):
        flow.say(Sort.BEHIND, "eval_str", node)
    if isinstance(node.func, ast.Attribute) and node.func.attr in GETTERS and node.args:
        flow.got(node, node.func.value if len(node.args) == 1 else node.args[0], node.args[-1])


def _function(flow: Flow, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) -> None:
    name = function_name(node)
    value, scope, taken = Value(Kind.FUNCTION, name), flow.tree.inner[node], node.args
    places = [*taken.posonlyargs, *taken.args]
    for place, parameter in enumerate(places):
        flow.read(("argument", name, place), (scope, parameter.arg))
    for parameter in parameters(taken):
        flow.read(("argument", name, parameter.arg), (scope, parameter.arg))
        flow.read(("argument", name, None), (scope, parameter.arg))
    for rest in (taken.vararg, taken.kwarg):
        if rest is not None:
            flow.read(("rest", name), (scope, rest.arg))
    pairs = [*zip(places[len(places) - len(taken.defaults) :], taken.defaults, strict=True)]
    pairs += [(item, given) for item, given in zip(taken.kwonlyargs, taken.kw_defaults, strict=True) if given]
    for parameter, given in pairs:
        flow.into[given].append((scope, parameter.arg))
    if isinstance(node, ast.Lambda):
        flow.add(node, value)
        return
    flow.name(node, node.name, value)
    if node.decorator_list:  # a property is what it returns
        flow.read(("returned", name), flow.tree.variable(node, node.name))
        flow.read(("returned", name), ("attribute", node.name))


def _own_class(flow: Flow, node: ast.ClassDef) -> None:
    flow.name(node, node.name, Value(Kind.CLASS, node=node))


def _match(flow: Flow, node: ast.Match) -> None:
    """Every case looks at the subject; what a pattern asks for by name is an attribute."""

    def one(value: Value) -> None:
        for case in node.cases:
            flow.add(case.pattern, value)

    flow.when(node.subject, one)
    waiting: list[ast.AST] = [case.pattern for case in node.cases]
    while waiting:
        pattern = waiting.pop()
        waiting += [child for child in ast.iter_child_nodes(pattern) if isinstance(child, ast.pattern)]
        for part in pattern.kwd_attrs if isinstance(pattern, ast.MatchClass) else ():
            if leads_out(part):
                flow.say(Sort.BEHIND, part, pattern)
            flow.ask(node.subject, part, pattern)


def _may_be_unbound(flow: Flow, variable: Variable, node: ast.Name) -> bool:
    """Whether a name may be Python's or a star's: bound nowhere, not yet, not surely, or not any more."""
    if variable not in flow.first_bound:
        flow.first_bound[variable] = _first_bound(flow, variable)
    first = flow.first_bound[variable]
    if first is None:
        return True
    return first >= _position(node) and (variable[0] != MODULE or flow.tree.function_around(node) is None)


def _first_bound(flow: Flow, variable: Variable) -> tuple[int, int] | None:
    """Where the variable is bound first; None where it may be bound nowhere."""
    bound = flow.tree.bindings(variable)
    if not bound or any(isinstance(getattr(item, "ctx", None), ast.Del) for item in bound):
        return None
    if flow.tree.scopes[variable[0]].is_class:
        return min(_position(item) for item in bound)
    sure = [item for item in bound if _is_sure(flow, item)]
    if not sure or max(_position(item) for item in sure) < flow.last_star:
        return None
    return min(_position(item) for item in bound)


def _position(node: ast.AST) -> tuple[int, int]:
    return getattr(node, "lineno", 0), getattr(node, "col_offset", 0)


def _is_sure(flow: Flow, item: ast.AST) -> bool:
    """Whether what binds a name stands at the top of the file, in no branch or loop."""
    parent, _ = flow.tree.parents.get(item, (None, ""))
    return parent is None or (isinstance(parent, ast.Assign) and parent not in flow.tree.parents)


SEEDS: dict[type, Callable[[Flow, Any], None]] = {  # each takes its own kind of node
    ast.Import: _imported,
    ast.ImportFrom: _imported_from,
    ast.Name: _name,
    ast.Attribute: _attribute,
    ast.Call: _call,
    **dict.fromkeys((*FUNCTIONS, ast.Lambda), _function),
    ast.ClassDef: _own_class,
    ast.Match: _match,
}
