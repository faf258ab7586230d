"""A syntax tree as data, without a place in any text: what one version of Python wrote, every later one reads."""

from __future__ import annotations

import ast
from typing import Any

import msgspec

from grader.errors import GraderError

KIND, LISTS = "", ("type_params",)  # a list that a tree of an older Python has not, and a later one asks for


def pack_tree(tree: ast.AST) -> bytes:
    """The tree as bytes. Lines and columns stay behind, and so does what is empty."""
    return msgspec.msgpack.encode(_packed(tree))


def unpack_tree(data: bytes) -> ast.Module:
    """The tree that `pack_tree` was given; all of it stands in line 1."""
    try:
        tree = _unpacked(msgspec.msgpack.decode(data))
    except (msgspec.DecodeError, AttributeError, KeyError, TypeError, ValueError) as error:
        raise GraderError(f"a packed syntax tree cannot be read: {error}") from None
    if not isinstance(tree, ast.Module):
        raise GraderError("a packed syntax tree cannot be read: it is not that of a module")
    return ast.fix_missing_locations(tree)


def _packed(value: Any) -> Any:
    if isinstance(value, ast.AST):
        fields = {name: _packed(item) for name, item in ast.iter_fields(value) if item is not None}
        return {KIND: type(value).__name__, **fields}
    if isinstance(value, list):
        return [_packed(item) for item in value]
    if isinstance(value, str | bool | bytes) or (isinstance(value, int) and -(2**63) <= value < 2**63):
        return value
    return {KIND: type(value).__name__, "value": repr(value)}  # a float, say: repr gives every bit back


def _unpacked(value: Any) -> Any:
    if isinstance(value, list):
        return [_unpacked(item) for item in value]
    if not isinstance(value, dict):
        return value
    kind = value[KIND]
    if kind in ("int", "float", "complex", "ellipsis"):
        return ast.literal_eval(value["value"].replace("Ellipsis", "...").replace("inf", "1e999"))
    node: Any = getattr(ast, kind)
    if not (isinstance(node, type) and issubclass(node, ast.AST)):
        raise ValueError(f"{kind!r} is no kind of a node")
    empty: dict[str, Any] = {name: [] if name in LISTS else None for name in node._fields}
    return node(**empty | {name: _unpacked(item) for name, item in value.items() if name in node._fields})
