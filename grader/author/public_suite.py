"""A suite's public part: the text without its hidden tests and what only they used."""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterable, Iterator, Mapping

from grader.course.stubs import without_statements
from grader.course.suite_text import is_hidden


def public_part(source: str, shared: Collection[str] = ()) -> str:
    """The suite as a learner gets it. Of what it imports from the `shared` modules, what is used stays."""
    source = _without_hidden_parameters(source)
    tree = ast.parse(source)
    source = without_statements(
        source, [node for node in tree.body if isinstance(node, ast.FunctionDef) and is_hidden(node)]
    )
    return _without_unused_imports(_without_unused_helpers(source, frozenset()), shared)


def public_shares(suites: Iterable[str], shared: Mapping[str, str]) -> dict[str, str]:
    """The shared modules by name, each without what neither the suites nor another shared module uses of it."""
    suites, parts = list(suites), dict(shared)
    while True:
        found = {}
        for name, text in parts.items():
            users = [*suites, *(other for stem, other in parts.items() if stem != name)]
            used = frozenset(item for user in users for item in _imported_from(user, name))
            part = _without_unused_imports(_without_unused_helpers(text, used), parts)
            if used:
                found[name] = part
        if found == parts:
            return found
        parts = found


def _without_unused_helpers(source: str, used: frozenset[str]) -> str:
    """The text without functions and constants that nothing in it uses, and nobody else."""
    while True:
        unused = [node for node in _unused_helpers(ast.parse(source)) if _helper_name(node) not in used]
        if not unused:
            return source.rstrip("\n") + "\n"
        source = without_statements(source, unused)


def _imported_from(source: str, module: str) -> Iterator[str]:
    """What a text takes from a module."""
    for node in ast.parse(source).body:
        if isinstance(node, ast.ImportFrom) and node.module == module:
            yield from (alias.name for alias in node.names)


def _without_unused_imports(source: str, modules: Collection[str]) -> str:
    """The text without names of these modules that it does not use: they may be gone from there."""
    tree, lines = ast.parse(source), source.splitlines(keepends=True)
    used = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name)}
    for node in reversed(tree.body):
        if isinstance(node, ast.ImportFrom) and node.module in modules:
            names = [alias for alias in node.names if (alias.asname or alias.name) in used]
            if len(names) < len(node.names):
                text = [ast.unparse(ast.ImportFrom(node.module, names, 0)) + "\n"] if names else []
                lines[node.lineno - 1 : node.end_lineno] = text
    return "".join(lines)


def _without_hidden_parameters(source: str) -> str:
    """Cut `pytest.param(…, marks=pytest.mark.hidden)` out of the lists of parameters, and what makes several of it."""
    data = source.encode()
    starts = [0]
    for line in source.splitlines(keepends=True):
        starts.append(starts[-1] + len(line.encode()))
    cuts = []
    for node in _hidden_parameters(ast.parse(source)):
        first = starts[node.lineno - 1] + node.col_offset
        last = starts[(node.end_lineno or node.lineno) - 1] + (node.end_col_offset or 0)
        cuts.append((first, last + len(re.match(rb"\s*,?\s*", data[last:])[0])))  # type: ignore[index]
    for first, last in sorted(cuts, reverse=True):
        data = data[:first] + data[last:]
    return data.decode()


def _hidden_parameters(node: ast.AST) -> Iterator[ast.expr]:
    """Parameters of hidden tests: one, or several that a `*(… for …)` makes."""
    for child in ast.iter_child_nodes(node):
        match child:
            case ast.Call() if _is_hidden_parameter(child):
                yield child
            case ast.Starred(value=ast.GeneratorExp(elt=made) | ast.ListComp(elt=made)) if _is_hidden_parameter(made):
                yield child
            case _:
                yield from _hidden_parameters(child)


def _is_hidden_parameter(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and any(
        k.arg == "marks" and "mark.hidden" in ast.unparse(k.value) for k in node.keywords
    )


def _unused_helpers(tree: ast.Module) -> list[ast.stmt]:
    """Functions, fixtures and constants that nothing in the text uses any more."""
    names = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}
    names |= {argument.arg for n in ast.walk(tree) if isinstance(n, ast.FunctionDef) for argument in n.args.args}
    names |= {n.value for n in ast.walk(tree) if isinstance(n, ast.Constant) and isinstance(n.value, str)}
    return [node for node in tree.body if (name := _helper_name(node)) and name not in names]


def _helper_name(node: ast.stmt) -> str:
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        automatic = any("autouse" in ast.unparse(item) for item in node.decorator_list)
        return "" if node.name.startswith("test_") or automatic else node.name
    if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
        return "" if node.targets[0].id == "pytestmark" else node.targets[0].id
    return ""
