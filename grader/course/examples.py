"""The first `>>>` example of a file's docstrings: the lines to type, and what comes."""

from __future__ import annotations

import ast
import doctest
from dataclasses import dataclass


@dataclass(frozen=True)
class Example:
    """What is typed, without the prompts, up to the first line that shows something, and what that shows."""

    typed: str
    shown: str


def first_example(source: str) -> Example | None:
    """That of the first function or class with one, in the order of the file."""
    owners = (ast.ClassDef, ast.FunctionDef)
    nodes = [node for node in ast.walk(ast.parse(source)) if isinstance(node, owners)]
    for node in sorted(nodes, key=lambda node: node.lineno):
        if (found := _of_docstring(ast.get_docstring(node) or "")) is not None:
            return found
    return None


def _of_docstring(text: str) -> Example | None:
    typed = ""
    for example in doctest.DocTestParser().get_examples(text):
        typed += example.source
        if example.want:
            return Example(typed.rstrip("\n"), example.want.rstrip("\n"))
    return Example(typed.rstrip("\n"), "") if typed else None
