"""What a suite's text says of its tests: their names, their sentences, where they stand, and which are hidden."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from grader.course.plain_values import PlainValues
from grader.course.suite_cases import HIDDEN, cases_of


@dataclass(frozen=True)
class TestText:
    """One test function. `sentence` is the line that a learner sees, `line` that of its `def`."""

    __test__ = False

    name: str
    sentence: str
    hidden: bool
    line: int = 0


def tests_of(source: str) -> tuple[TestText, ...]:
    """The test functions of a suite, in its order."""
    return tuple(_text(node) for node in _functions(ast.parse(source)))


def cases_in(source: str) -> tuple[TestText, ...]:
    """What a test runner lists: each test, and each case of a parametrised one under its own name.

    Where the cases are not to be read from the text, the function stands for all of them.
    """
    tree = ast.parse(source)
    values = PlainValues(tree)
    found = []
    for node in _functions(tree):
        whole, cases = _text(node), cases_of(node, values)
        if cases is None:
            found.append(whole)
            continue
        for case in cases:
            name, sentence = f"{node.name}[{case.id}]", f"{whole.sentence} [{case.id}]"
            found.append(TestText(name, sentence, whole.hidden or case.hidden, whole.line))
    return tuple(found)


def function_of(name: str) -> str:
    """The name of a test without that of its case."""
    return name.partition("[")[0]


def is_hidden(node: ast.FunctionDef) -> bool:
    """Whether a function carries the marker of hidden tests; some of a public one's parameters may carry it, too."""
    return any(ast.unparse(decorator) == HIDDEN for decorator in node.decorator_list)


def _functions(tree: ast.Module) -> Iterator[ast.FunctionDef]:
    return (node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"))


def _text(node: ast.FunctionDef) -> TestText:
    sentence = " ".join((ast.get_docstring(node) or "").split("\n\n")[0].split())
    return TestText(node.name, sentence, is_hidden(node), node.lineno)
