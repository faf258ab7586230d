"""Values that stand in a module's text for all to see: read from the syntax tree, nothing is run."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

DTYPES = frozenset(
    "float16 float32 float64 bfloat16 int8 int16 int32 int64 uint8 bool complex64 complex128".split()  # noqa: SIM905
)
OPERATORS: MappingProxyType[type, Callable[[Any, Any], Any]] = MappingProxyType(
    {ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Pow: operator.pow}
)


class NotPlain(Exception):
    """The value is not to be seen without running the module."""


@dataclass(frozen=True)
class Named:
    """Something whose value is unknown, but not how it is written: a dtype, say."""

    text: str

    def __repr__(self) -> str:
        return self.text


class PlainValues:
    """The values of expressions in one module. Its constants are the names that are bound once, at its top."""

    def __init__(self, tree: ast.Module) -> None:
        bound: dict[str, list[ast.expr]] = {}
        for node in tree.body:
            if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
                bound.setdefault(node.targets[0].id, []).append(node.value)
        self.constants = {name: values[0] for name, values in bound.items() if len(values) == 1}

    def expression(self, node: ast.expr) -> ast.expr:
        """What a name stands for, as it is written; any other expression is itself."""
        while isinstance(node, ast.Name) and node.id in self.constants:
            node = self.constants[node.id]
        return node

    def of(self, node: ast.expr) -> Any:
        """The value, or `NotPlain`."""
        match self.expression(node):
            case ast.Constant(value=value):
                return value
            case ast.List(elts=elements):
                return list(self._all(elements))
            case ast.Tuple(elts=elements):
                return tuple(self._all(elements))
            case ast.Dict(keys=keys, values=values):
                return dict(zip(self._keys(keys), self._all(values), strict=True))
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return self._applied(lambda value, _: -value, operand, operand)
            case ast.BinOp(left=left, op=op, right=right) if type(op) in OPERATORS:
                return self._applied(OPERATORS[type(op)], left, right)
            case ast.Attribute(value=ast.Name(id="torch"), attr=name) if name in DTYPES:
                return Named(f"torch.{name}")
            case ast.Call(func=ast.Name(id="list"), args=[made]):
                table = self.expression(made)  # of which the keys are enough
                if isinstance(table, ast.Dict):
                    return self._keys(table.keys)
                return self._applied(lambda value, _: list(value), made, made)
            case ast.Subscript(value=value, slice=ast.Slice(lower=lower, upper=upper, step=None)):
                part = slice(*(None if bound is None else self.of(bound) for bound in (lower, upper)))
                return self._applied(lambda value, _: value[part], value, value)
        raise NotPlain

    def _all(self, nodes: Iterable[ast.expr]) -> Iterator[Any]:
        return (self.of(node) for node in nodes)

    def _keys(self, nodes: Iterable[ast.expr | None]) -> list[Any]:
        found = list(nodes)
        if None in found:
            raise NotPlain
        return list(self._all(node for node in found if node is not None))

    def _applied(self, do: Callable[[Any, Any], Any], left: ast.expr, right: ast.expr) -> Any:
        try:
            return do(self.of(left), self.of(right))
        except (TypeError, ValueError, ArithmeticError):
            raise NotPlain from None
