"""An exercise as a notebook: its brief, its code in cells, and a cell that checks."""

from __future__ import annotations

import ast
import importlib
from typing import Any

from grader.course.curriculum import Exercise
from grader.course.notebooks import CHECK_MARK
from grader.errors import UsageError


def write_notebook(source: str, exercise: Exercise) -> str:
    """An exercise's text as a notebook: the brief, its code in cells, and a cell that checks."""
    jupytext, nbformat = _needed("jupytext"), _needed("nbformat")
    brief, chunks = split(source)
    parts = ["# %% [markdown]", *("# " + line if line else "#" for line in brief.splitlines())]
    for chunk in chunks:
        parts += ["# %%", *chunk.rstrip("\n").splitlines()]
    notebook = jupytext.reads("\n".join(parts) + "\n", fmt="py:percent")
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    for cell, chunk in zip(code, chunks, strict=True):
        cell.source = chunk.rstrip("\n")
        cell.metadata["grader"] = {"newlines": len(chunk) - len(chunk.rstrip("\n"))}
    notebook.cells.append(_check_cell(exercise, nbformat))
    for number, cell in enumerate(notebook.cells):
        cell["id"] = f"cell-{number}"
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    nbformat.validate(notebook)
    return str(nbformat.writes(notebook)) + "\n"


def _needed(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError:
        hint = "python -m pip install -c constraints.txt -e '.[notebook]'"
        raise UsageError(f"writing notebooks needs the package {name}", hint) from None


def _check_cell(exercise: Exercise, nbformat: Any) -> Any:
    code = (
        f"{CHECK_MARK}\nimport subprocess, sys\n\n"
        f'done = subprocess.run([sys.executable, "-m", "grader", "check", "{exercise.short}.ipynb"],\n'
        f"                      capture_output=True, text=True)\nprint(done.stdout + done.stderr)"
    )
    return nbformat.v4.new_code_cell(code, metadata={"tags": ["grader"]})


def split(source: str) -> tuple[str, list[str]]:
    """The brief, and the code in chunks that together are the rest of the text to the byte."""
    tree = ast.parse(source)
    lines = source.splitlines(keepends=True)
    body = list(tree.body)
    start = 0
    if ast.get_docstring(tree) is not None:
        start = body.pop(0).end_lineno or 0
    while start < len(lines) and not lines[start].strip():
        start += 1
    bounds = [start]
    for before, node in zip([None, *body], body, strict=False):
        first = min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", []))]) - 1
        while first > start and lines[first - 1].lstrip().startswith("#"):
            first -= 1
        alone = isinstance(node, ast.FunctionDef | ast.ClassDef) or isinstance(before, ast.FunctionDef | ast.ClassDef)
        if alone and first > bounds[-1]:
            bounds.append(first)
    chunks = ["".join(lines[a:b]) for a, b in zip(bounds, [*bounds[1:], len(lines)], strict=True)]
    return ast.get_docstring(tree) or "", [chunk for chunk in chunks if chunk]
