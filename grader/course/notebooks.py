"""Notebooks: an exercise as cells, and cells as a module again.

A notebook is read as data. Only its code cells count; IPython's own lines (`%magic`, `!shell`, `help?`) are set aside
with a note, and every line of the module remembers its cell.
"""

from __future__ import annotations

import ast
import importlib
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from grader.course.cells import Cells
from grader.course.curriculum import Exercise
from grader.errors import GraderError, UsageError

CHECK_MARK = "# This cell checks your work. Save the notebook first."
NOT_PYTHON = re.compile(r"\s*(%|!|\?)|.*[^\s#]\?{1,2}\s*\Z")
OTHER_LANGUAGE = re.compile(r"%%(bash|sh|script|html|javascript|js|latex|markdown|svg|perl|ruby|writefile|cmd)\b")


class NotebookError(GraderError):
    """A file that is no notebook."""


@dataclass(frozen=True)
class Module:
    """The code cells as one module. `cells` gives the first line of each cell and its number, from 1."""

    source: str
    cells: Cells
    notes: tuple[str, ...]


# -- writing ------------------------------------------------------------------------------------------


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


# -- reading ------------------------------------------------------------------------------------------


def read_notebook(data: bytes, display_path: str) -> Module:
    """The module that a notebook's code cells make. Outputs are not looked at."""
    try:
        document = json.loads(data.decode("utf-8-sig"))
        cells = document["cells"]
        codes = [(n, _source(cell), cell) for n, cell in enumerate(cells, 1) if cell["cell_type"] == "code"]
    except (UnicodeDecodeError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise NotebookError(f"{display_path} is not a notebook: {type(error).__name__}: {error}") from None
    source, places, notes = "", [], []
    for number, text, cell in codes:
        if CHECK_MARK in text:
            continue
        if any("\ud800" <= character <= "\udfff" for character in text):
            raise NotebookError(
                f"{display_path} is not a notebook: cell {number} holds half a character (a lone surrogate)"
            )
        code, aside = _python_lines(text)
        notes += [f"cell {number}, line {line}: `{words[:60]}` was set aside" for line, words in aside]
        places.append((source.count("\n") + 1, number))
        source += code + "\n" * _newlines(cell)
    return Module(source, tuple(places), tuple(notes))


def _source(cell: dict[str, Any]) -> str:
    source = cell["source"]
    return source if isinstance(source, str) else "".join(source)


def _newlines(cell: dict[str, Any]) -> int:
    """How many line ends stood behind the cell in the text it came from; two for a cell of the learner's."""
    try:
        count = cell["metadata"]["grader"]["newlines"]
    except (KeyError, TypeError):
        return 2
    return count if type(count) is int and 1 <= count <= 10 else 2


def _python_lines(text: str) -> tuple[str, list[tuple[int, str]]]:
    """The cell with what only IPython understands turned into comments, line for line."""
    if _parses(text):
        return text, []
    lines = text.split("\n")
    if OTHER_LANGUAGE.match(lines[0]):
        return "\n".join("# " + line for line in lines), [(1, lines[0])]
    aside = []
    for number, line in enumerate(lines):
        if NOT_PYTHON.match(line):
            aside.append((number + 1, line.strip()))
            margin = line[: len(line) - len(line.lstrip())]
            lines[number] = f"{margin}pass  # {line.strip()}"
    return "\n".join(lines), aside


def _parses(text: str) -> bool:
    try:
        ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


def notebook_path(path: Path) -> Path:
    """The notebook beside an exercise's file."""
    return path.with_suffix(".ipynb")
