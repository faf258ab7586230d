"""What a node does with the values of its parts: each kind of parent has a step."""

from __future__ import annotations

import ast

from grader.course.name_calls import IMPORTERS
from grader.course.name_flow import Flow, Step
from grader.course.name_uses import Sort
from grader.course.reachable import Kind, Value
from grader.course.scopes import function_name

CALLERS = {"map", "filter", "partial", "reduce", "call", "starmap", "apply", "vmap", "checkpoint"}


def matched(flow: Flow, pattern: ast.AST, value: Value) -> None:
    """What a pattern is compared with goes into its parts, and into the names that it captures."""
    name = getattr(pattern, "name", None) or getattr(pattern, "rest", None)
    if name is not None and isinstance(pattern, ast.MatchMapping) and value.kind is Kind.NAMESPACE:
        flow.lose(value, pattern)
    elif name is not None:
        flow.name(pattern, name, value)
    if isinstance(pattern, ast.MatchAs) and pattern.pattern is not None:
        flow.add(pattern.pattern, value)
    elif isinstance(pattern, ast.MatchClass):
        for part, child in zip(pattern.kwd_attrs, pattern.kwd_patterns, strict=True):
            flow.member(child, value, part)
    elif isinstance(pattern, ast.MatchMapping) and value.kind is Kind.NAMESPACE:
        for key, child in zip(pattern.keys, pattern.patterns, strict=True):
            flow.entry(child, value, key)
    elif isinstance(pattern, ast.MatchOr | ast.MatchSequence | ast.MatchMapping):
        for child in pattern.patterns:
            flow.add(child, value)
            flow.add(child, value.outside())


def _attribute(flow: Flow, parent: ast.AST, part: str, node: ast.AST, value: Value) -> None:
    if isinstance(parent, ast.Attribute) and isinstance(parent.ctx, ast.Load):
        flow.member(parent, value, parent.attr)


def _subscript(flow: Flow, parent: ast.AST, part: str, node: ast.AST, value: Value) -> None:
    if not isinstance(parent, ast.Subscript) or part != "value":
        return
    if value.boxed:
        flow.add(parent, value)
        flow.add(parent, value.outside())
    elif value.kind is Kind.NAMESPACE:
        flow.entry(parent, value, parent.slice)
    elif value.kind is Kind.TYPE:
        flow.add(parent, value)


def _call(flow: Flow, parent: ast.AST, part: str, node: ast.AST, value: Value) -> None:
    if isinstance(parent, ast.Call):
        flow.called(parent, value) if part == "func" else _argument(flow, parent, value)


def _argument(flow: Flow, call: ast.Call, value: Value) -> None:
    if value.is_module or value.kind is Kind.NAMESPACE:
        flow.handed.append((call, value))
    elif value.kind is Kind.OTHER and value.name in IMPORTERS:
        flow.say(Sort.BEHIND, value.name, call)
    elif value.kind is Kind.COMPUTED and _last_name(call.func) in CALLERS:
        flow.called_unknown.append((value.node, call))


def _last_name(node: ast.AST) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _keyword(flow: Flow, parent: ast.AST, part: str, node: ast.AST, value: Value) -> None:
    call, _ = flow.tree.parents[parent]
    if isinstance(call, ast.Call) and value.kind is Kind.NAMESPACE and getattr(parent, "arg", "") is None:
        flow.lose(value, call)
    elif isinstance(call, ast.Call):
        _argument(flow, call, value)
    elif value.is_module:  # of a class, for its metaclass or its base
        flow.has_hidden_module = True


def _assigned(flow: Flow, parent: ast.AST, part: str, node: ast.AST, value: Value) -> None:
    if part != "value" or not isinstance(parent, ast.Assign | ast.AnnAssign | ast.AugAssign | ast.NamedExpr):
        return
    targets = parent.targets if isinstance(parent, ast.Assign) else [parent.target]
    for target in targets:
        flow.bind(target, value)
    if isinstance(parent, ast.NamedExpr):
        flow.add(parent, value)


def _iterated(flow: Flow, parent: ast.AST, part: str, node: ast.AST, value: Value) -> None:
    if part == "iter" and isinstance(parent, ast.For | ast.AsyncFor | ast.comprehension) and value.boxed:
        flow.bind(parent.target, value)
        flow.bind(parent.target, value.outside())


def _entered(flow: Flow, parent: ast.AST, part: str, node: ast.AST, value: Value) -> None:
    if isinstance(parent, ast.withitem) and parent.optional_vars is not None:
        flow.bind(parent.optional_vars, value)


def _boxed(flow: Flow, parent: ast.AST, part: str, node: ast.AST, value: Value) -> None:
    if value.kind is Kind.NAMESPACE and isinstance(parent, ast.Dict | ast.ListComp | ast.GeneratorExp):
        flow.lose(value, parent)
    elif not (isinstance(parent, ast.Tuple | ast.List) and isinstance(parent.ctx, ast.Store)) and part != "generators":
        flow.add(parent, value.inside())


def _kept(flow: Flow, parent: ast.AST, part: str, node: ast.AST, value: Value) -> None:
    """A default or an annotation can be asked for by whoever has the function."""
    if value.is_module:
        flow.has_hidden_module = True


def _same(flow: Flow, parent: ast.AST, part: str, node: ast.AST, value: Value) -> None:
    if part != "test":
        flow.add(parent, value)


def _operated(flow: Flow, parent: ast.AST, part: str, node: ast.AST, value: Value) -> None:
    if value.boxed:
        flow.add(parent, value)
    elif value.kind is Kind.NAMESPACE:
        flow.lose(value, parent)


def _returned(flow: Flow, parent: ast.AST, part: str, node: ast.AST, value: Value) -> None:
    function = parent if isinstance(parent, ast.Lambda) else flow.tree.function_around(parent)
    if function is None or (isinstance(parent, ast.Lambda) and part != "body"):
        return
    name = function_name(function)
    flow.put(("returned", name), value)
    if isinstance(parent, ast.Yield):
        flow.put(("returned", name), value.inside())


STEPS: dict[type, Step] = {
    ast.Attribute: _attribute,
    ast.Subscript: _subscript,
    ast.Call: _call,
    ast.keyword: _keyword,
    **dict.fromkeys((ast.Assign, ast.AnnAssign, ast.AugAssign, ast.NamedExpr), _assigned),
    **dict.fromkeys((ast.For, ast.AsyncFor, ast.comprehension), _iterated),
    ast.withitem: _entered,
    **dict.fromkeys((ast.Tuple, ast.List, ast.Set, ast.Dict, ast.ListComp, ast.SetComp, ast.DictComp), _boxed),
    ast.GeneratorExp: _boxed,
    **dict.fromkeys((ast.IfExp, ast.BoolOp, ast.Await, ast.Starred), _same),
    ast.BinOp: _operated,
    **dict.fromkeys((ast.arguments, ast.arg), _kept),
    **dict.fromkeys((ast.Return, ast.Yield, ast.YieldFrom, ast.Lambda), _returned),
}
