"""What a learner's names promise, read from source text: kinds of results, and where each name stands."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from grader.course.cells import Definition
from grader.protocol.describe import describe_result
from grader.protocol.wire import loaded_torch

ARRAY_KINDS = {
    "Float": "a floating-point",
    "Int": "an integer",
    "Real": "a real",
    "Bool": "a boolean",
    "Shaped": "a",
}


@dataclass(frozen=True)
class Contract:
    """What calls of `f` and `Class.method` promise: the annotation of the result, the parameters, their shapes.

    `names` are those that the stub defines at its top, None where nothing is known of it.
    """

    returns: dict[str, ast.expr] = field(default_factory=dict)
    parameters: dict[str, tuple[str, ...]] = field(default_factory=dict)
    shapes: dict[str, dict[str, str]] = field(default_factory=dict)
    names: frozenset[str] | None = None

    def defines(self, name: str) -> bool:
        """Whether a suite may ask the learner's file for it."""
        return self.names is None or name in self.names

    def parameters_of(self, name: str) -> tuple[str, ...]:
        """The parameters of a function, or of what makes a class's objects."""
        return self.parameters.get(name) or self.parameters.get(f"{name}.__init__") or ()

    def complaint(self, name: str, value: Any) -> str | None:
        """What was expected, `a tensor` say, where the result is of another kind. None when it is right."""
        annotation = self.returns.get(name)
        return None if annotation is None else _mismatch(annotation, value)


def parsed(file: str) -> ast.Module | None:
    """The syntax tree of a source file, which is not run. None where it cannot be read or parsed."""
    try:
        return ast.parse(Path(file).read_text(encoding="utf-8"))
    except (OSError, SyntaxError, ValueError, MemoryError, RecursionError):  # the last two: nested too deep
        return None


def read_contract(file: str) -> Contract:
    """The contract of a source file. One that cannot be read or parsed promises nothing."""
    tree = parsed(file)
    contract = Contract(names=None if tree is None else _public(tree))
    for node in tree.body if tree is not None else ():
        _add(contract, node, "")
        if isinstance(node, ast.ClassDef):
            for inner in node.body:
                _add(contract, inner, node.name + ".")
    return contract


def _public(tree: ast.Module) -> frozenset[str]:
    return frozenset(name for name in defined_names(tree) if not name.startswith("_"))


def defined_names(tree: ast.Module) -> tuple[str, ...]:
    """What a module defines at its top, in its order, names that it imports left out."""
    found: dict[str, None] = {}
    for node in tree.body:
        if isinstance(node, Definition):
            found[node.name] = None
        targets = node.targets if isinstance(node, ast.Assign) else []
        if isinstance(node, ast.AnnAssign):
            targets = [node.target]
        found.update((target.id, None) for target in targets if isinstance(target, ast.Name))
    return tuple(found)


def _add(contract: Contract, node: ast.stmt, prefix: str) -> None:
    if not isinstance(node, ast.FunctionDef):
        return
    arguments = [*node.args.posonlyargs, *node.args.args]
    if prefix and not any(_name(item) == "staticmethod" for item in node.decorator_list):
        arguments = arguments[1:]
    contract.parameters[prefix + node.name] = tuple(argument.arg for argument in arguments)
    contract.shapes[prefix + node.name] = {
        argument.arg: shape
        for argument in [*arguments, *node.args.kwonlyargs]
        if argument.annotation is not None and (shape := shape_of(argument.annotation))
    }
    if node.returns is not None:
        contract.returns[prefix + node.name] = node.returns


def shape_of(annotation: ast.expr) -> str | None:
    """`"batch seq"` of `Float[Tensor, "batch seq"]`."""
    if isinstance(annotation, ast.Subscript) and isinstance(annotation.slice, ast.Tuple):
        last = annotation.slice.elts[-1]
        if _name(annotation.value) in ARRAY_KINDS and isinstance(last, ast.Constant) and isinstance(last.value, str):
            return last.value
    return None


def _name(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _mismatch(annotation: ast.expr, value: Any) -> str | None:
    """What was expected, when `value` is not of the annotated kind; None when it is, or it is not known."""
    if isinstance(annotation, ast.Constant) and annotation.value is None:
        return None if value is None else "None"
    if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
        return None
    if isinstance(annotation, ast.BinOp):
        sides = [_mismatch(annotation.left, value), _mismatch(annotation.right, value)]
        return None if None in sides else " or ".join(side for side in sides if side)
    if isinstance(annotation, ast.Subscript):
        outer = _name(annotation.value)
        if outer in ARRAY_KINDS and isinstance(annotation.slice, ast.Tuple):
            return _array_mismatch(outer, _name(annotation.slice.elts[0]), value)
        if outer == "tuple" and isinstance(annotation.slice, ast.Tuple):
            return _tuple_mismatch(annotation.slice.elts, value)
        return _plain_mismatch(outer, value)
    return _plain_mismatch(_name(annotation), value)


def _tuple_mismatch(parts: list[ast.expr], value: Any) -> str | None:
    if any(isinstance(part, ast.Constant) and part.value is Ellipsis for part in parts):
        return None if type(value) in (tuple, list) else "a tuple"
    if type(value) not in (tuple, list) or len(value) != len(parts):
        return f"a tuple of {len(parts)} values"
    for place, (part, item) in enumerate(zip(parts, value, strict=True)):
        expected = _mismatch(part, item)
        if expected is not None:
            return f"{expected} at place {place} of the tuple"
    return None


def _array_mismatch(kind: str, holder: str, value: Any) -> str | None:
    torch = loaded_torch()
    words = ARRAY_KINDS[kind]
    if holder == "Tensor" and torch is not None:
        if not isinstance(value, torch.Tensor):
            return f"{words} tensor"
        kinds = "c" * value.is_complex() or "f" * value.is_floating_point() or "b" * (value.dtype == torch.bool) or "i"
    elif holder == "ndarray":
        if not isinstance(value, np.ndarray):
            return f"{words} NumPy array"
        kinds = value.dtype.kind
    else:
        return None
    fits = {"Float": "fc", "Int": "iu", "Real": "fiu", "Bool": "b"}
    right = kind == "Shaped" or kinds in fits[kind]
    return None if right else f"{words} {'tensor' if holder == 'Tensor' else 'NumPy array'}"


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)


PLAIN: dict[str, tuple[str, Callable[[Any], bool]]] = {
    "float": ("a number", _is_number),
    "int": ("a whole number", lambda v: isinstance(v, int | np.integer) and not isinstance(v, bool)),
    "bool": ("True or False", lambda v: isinstance(v, bool | np.bool_)),
    "str": ("a string", lambda v: isinstance(v, str)),
    "list": ("a list", lambda v: isinstance(v, list)),
    "dict": ("a dict", lambda v: isinstance(v, dict)),
    "Counter": ("a Counter", lambda v: isinstance(v, Counter)),
    "tuple": ("a tuple", lambda v: isinstance(v, tuple)),
    "ndarray": ("a NumPy array", lambda v: isinstance(v, np.ndarray)),
}


def _plain_mismatch(name: str, value: Any) -> str | None:
    torch = loaded_torch()
    if name == "Tensor" and torch is not None:
        return None if isinstance(value, torch.Tensor) else "a tensor"
    words, fits = PLAIN.get(name, ("", lambda v: True))
    return None if fits(value) else words


def complaint_text(expected: str, value: Any) -> str:
    """The sentence for a result of the wrong kind."""
    return f"expected {expected}, got {describe_result(value)}"
