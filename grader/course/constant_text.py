"""Texts that stand in a program in parts: joined, cut or turned round, as far as that is cheap to follow."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable

MAX_TEXT = 200  # no name of a library is longer
METHODS: dict[str, Callable[..., str]] = {
    "strip": str.strip,
    "lower": str.lower,
    "lstrip": str.lstrip,
    "rstrip": str.rstrip,
    "replace": str.replace,
    "removeprefix": str.removeprefix,
    "removesuffix": str.removesuffix,
}


def constant_texts(children_first: Iterable[ast.AST]) -> dict[ast.AST, str]:
    """The text of each expression that is one by itself. What a part of it holds is looked at once."""
    found: dict[ast.AST, str] = {}
    for node in children_first:
        text = _text(node, found)
        if text is not None and len(text) <= MAX_TEXT:
            found[node] = text
    return found


def _text(node: ast.AST, known: dict[ast.AST, str]) -> str | None:
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else None
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return _joined([node.left, node.right], known)
    if isinstance(node, ast.JoinedStr):
        return _joined(node.values, known)
    if isinstance(node, ast.FormattedValue):
        return known.get(node.value) if node.conversion == -1 and node.format_spec is None else None
    if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Slice):
        return _cut(node.value, node.slice, known)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        return _called(node, node.func, known)
    return None


def _joined(parts: list[ast.expr], known: dict[ast.AST, str], between: str = "") -> str | None:
    if len(parts) > MAX_TEXT or any(part not in known for part in parts):
        return None
    return between.join(known[part] for part in parts)


def _cut(value: ast.expr, cut: ast.Slice, known: dict[ast.AST, str]) -> str | None:
    bounds: list[int | None] = []
    for bound in (cut.lower, cut.upper, cut.step):
        try:
            bounds.append(None if bound is None else _number(bound))
        except ValueError:
            return None
    if value not in known or bounds[2] == 0:
        return None
    return known[value][bounds[0] : bounds[1] : bounds[2]]


def _number(node: ast.expr) -> int:
    negative = isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub)
    inner = node.operand if isinstance(node, ast.UnaryOp) else node
    if not isinstance(inner, ast.Constant) or type(inner.value) is not int or (inner is not node and not negative):
        raise ValueError
    return -inner.value if negative else inner.value


def _called(node: ast.Call, func: ast.Attribute, known: dict[ast.AST, str]) -> str | None:
    text = known.get(func.value)
    if text is None or node.keywords:
        return None
    if func.attr == "join" and len(node.args) == 1 and isinstance(node.args[0], ast.List | ast.Tuple):
        return _joined(node.args[0].elts, known, text)
    method = METHODS.get(func.attr)
    arguments = [known.get(argument) for argument in node.args]
    if method is None or None in arguments:
        return None
    try:
        return method(text, *arguments)
    except (TypeError, ValueError):
        return None
