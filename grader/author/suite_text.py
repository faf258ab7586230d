"""What a suite's text says of its tests: their names, their sentences, and which are hidden."""

from __future__ import annotations

import ast
from dataclasses import dataclass


@dataclass(frozen=True)
class TestText:
    """One test function. `sentence` is the line that a learner sees."""

    __test__ = False

    name: str
    sentence: str
    hidden: bool


def tests_of(source: str) -> tuple[TestText, ...]:
    """The test functions of a suite, in its order."""
    return tuple(
        TestText(node.name, " ".join((ast.get_docstring(node) or "").split("\n\n")[0].split()), is_hidden(node))
        for node in ast.parse(source).body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    )


def is_hidden(node: ast.FunctionDef) -> bool:
    """Whether a function carries the marker of hidden tests; some of a public one's parameters may carry it, too."""
    return any(ast.unparse(decorator) == "pytest.mark.hidden" for decorator in node.decorator_list)
