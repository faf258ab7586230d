"""The cases of a parametrised test, under the names that pytest gives them, as far as the suite's text shows them."""

from __future__ import annotations

import ast
import itertools
from dataclasses import dataclass
from typing import Any

from grader.course.plain_values import NotPlain, PlainValues

PARAMETRIZE, PARAM = "pytest.mark.parametrize", "pytest.param"
HIDDEN = "pytest.mark.hidden"


@dataclass(frozen=True)
class Case:
    """One case: `id` is what stands between the brackets of its name."""

    id: str
    hidden: bool = False


def cases_of(function: ast.FunctionDef, values: PlainValues) -> tuple[Case, ...] | None:
    """Its cases in pytest's order. None where it has no parameters, or where they are not to be read from the text."""
    calls = [call for item in reversed(function.decorator_list) if (call := _parametrize(item, values)) is not None]
    if not calls:
        return None
    try:
        sets = [_cases(call, values) for call in calls]
    except NotPlain:
        return None
    joined = [
        Case("-".join(case.id for case in chosen), any(case.hidden for case in chosen))
        for chosen in itertools.product(*sets)
    ]
    return tuple(joined) if len({case.id for case in joined}) == len(joined) else None


def _parametrize(decorator: ast.expr, values: PlainValues) -> ast.Call | None:
    found = values.expression(decorator)
    return found if isinstance(found, ast.Call) and ast.unparse(found.func) == PARAMETRIZE else None


def _cases(call: ast.Call, values: PlainValues) -> list[Case]:
    """The cases of one decorator."""
    if len(call.args) != 2 or any(keyword.arg != "ids" for keyword in call.keywords):
        raise NotPlain
    names = values.of(call.args[0])
    names = [name.strip() for name in names.split(",")] if isinstance(names, str) else list(names)
    ids = call.keywords[0].value if call.keywords else None
    by_str = isinstance(ids, ast.Name) and ids.id == "str"
    given = values.of(ids) if ids is not None and not by_str else None
    found = []
    for number, node in enumerate(_rows(call.args[1], values)):
        own, hidden, id_ = _row(node, names, values)
        if id_ is None:
            id_ = given[number] if given is not None else _id(own, names, number, by_str)
        if not isinstance(id_, str):
            raise NotPlain
        found.append(Case(_escaped(id_), hidden))
    return found


def _rows(node: ast.expr, values: PlainValues) -> list[Any]:
    """The rows of a list: as they are written, or as values where the list is worked out."""
    written = values.expression(node)
    return list(written.elts if isinstance(written, ast.List | ast.Tuple) else values.of(written))


def _row(row: Any, names: list[str], values: PlainValues) -> tuple[list[Any], bool, str | None]:
    """A case's values, whether it is hidden, and the name that it was given."""
    hidden, id_ = False, None
    written = values.expression(row) if isinstance(row, ast.expr) else row
    if isinstance(written, ast.Call) and ast.unparse(written.func) == PARAM:
        for keyword in written.keywords:
            hidden = hidden or (keyword.arg == "marks" and HIDDEN in ast.unparse(keyword.value))
            id_ = values.of(keyword.value) if keyword.arg == "id" else id_
        own = [values.of(node) for node in written.args]
    else:
        value = values.of(written) if isinstance(written, ast.expr) else written
        own = [value] if len(names) == 1 else list(value)
    if len(own) != len(names):
        raise NotPlain
    return own, hidden, id_


def _id(own: list[Any], names: list[str], number: int, by_str: bool) -> str:
    """The name that pytest makes of a case's values."""
    parts = []
    for value, name in zip(own, names, strict=True):
        if by_str or value is None or isinstance(value, str | int | float | complex):
            parts.append(str(value))
        else:
            parts.append(f"{name}{number}")
    return "-".join(parts)


def _escaped(text: str) -> str:
    return text.encode("unicode_escape").decode("ascii")
