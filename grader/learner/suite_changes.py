"""What changed from one version of a suite to the next: its tests, by the sentences that a learner sees."""

from __future__ import annotations

import ast
from dataclasses import dataclass


@dataclass(frozen=True)
class SuiteChanges:
    """The sentences of tests that are new, that test otherwise than before, or that are gone."""

    new: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()


def suite_changes(before: str, after: str) -> SuiteChanges:
    """Without a look at layout, comments and docstrings."""
    old, new = _tests(before), _tests(after)
    return SuiteChanges(
        tuple(title for name, (title, _) in new.items() if name not in old),
        tuple(title for name, (title, body) in new.items() if name in old and old[name][1] != body),
        tuple(title for name, (title, _) in old.items() if name not in new),
    )


def _tests(source: str) -> dict[str, tuple[str, str]]:
    """By its name, each test's sentence, and what it does. A suite that cannot be parsed has none."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return {}
    found = {}
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            docstring = ast.get_docstring(node)
            body = node.body if docstring is None else node.body[1:]
            does = [ast.dump(item) for item in (node.args, *node.decorator_list, *body)]
            title = " ".join((docstring or node.name).split("\n\n")[0].split())
            found[node.name] = (title, "\n".join(does))
    return found
