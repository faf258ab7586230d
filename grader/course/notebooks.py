"""Notebooks read: their code cells as one module, in which every line remembers its cell.

A notebook is data here: nothing in it is run. What is IPython's in a cell becomes Python, with a note; a cell that does
not parse stays as it is, for it costs itself alone.
"""

from __future__ import annotations

import importlib
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from grader.course.cells import BrokenCell, Cells, cell_and_line, parse_cells
from grader.course.file_kinds import foreign_kind
from grader.course.ipython_cells import Aside, Effort, python_cell
from grader.course.source import MAX_SOURCE_BYTES
from grader.course.visible import short_line
from grader.errors import GraderError

CHECK_MARK = "# This cell checks your work. Save the notebook first."
MAX_NOTEBOOK_BYTES = 64 * 2**20
MAX_CELLS = 5000
MAX_NOTES = 20
MAX_SHOWN = 60
MAX_NOTE = 300
CONFLICT = (b"\n<<<<<<< ", b"\n>>>>>>> ")
HALF_CHARACTER = re.compile("[\ud800-\udfff]")
SAVE_AGAIN = "open it in Jupyter, save it, and try again"
UPGRADE = "open it in Jupyter, which reads old notebooks, and save it"


class NotebookError(GraderError):
    """A file that is no notebook."""


@dataclass(frozen=True)
class Module:
    """The code cells as one module. `cells` gives the first line of each cell and its number, from 1."""

    source: str
    cells: Cells
    notes: tuple[str, ...]


@dataclass(frozen=True)
class CodeCell:
    """One code cell of a document: its number, its text, and how many line ends stand behind it in the module."""

    number: int
    text: str
    newlines: int = 2


def notebook_path(path: Path) -> Path:
    """The notebook beside an exercise's file."""
    return path.with_suffix(".ipynb")


def read_notebook(data: bytes, display_path: str) -> Module:
    """The module that a notebook's code cells make. Outputs are not looked at, and their size does not count."""
    document = _document(data, display_path)
    try:
        cells = [
            CodeCell(number, _source(cell), _newlines(cell))
            for number, cell in enumerate(document["cells"], 1)
            if cell["cell_type"] == "code"
        ]
    except (KeyError, TypeError) as error:
        said = f"{error} is missing" if isinstance(error, KeyError) else "a text was expected, or a list of lines"
        raise _no_notebook(display_path, f"its cells are not as the format has them ({said})") from None
    if sum(len(cell.text) for cell in cells) > MAX_SOURCE_BYTES:
        raise NotebookError(
            f"the cells of {display_path} hold more than 2 MB of text", "a solution is a few kilobytes of text"
        )
    if len(cells) > MAX_CELLS:
        raise NotebookError(f"{display_path} has more than {MAX_CELLS:,} cells of code", "leave out what is not needed")
    return module_of_cells(cell for cell in cells if cell.text.strip() and CHECK_MARK not in cell.text)


def module_of_cells(cells: Iterable[CodeCell], head: str = "") -> Module:
    """The module, with a note on whatever of it is not as its author wrote it. `head` are comments above the cells."""
    texts, places, notes = [head], [], []
    line, effort = 1 + head.count("\n"), Effort()
    for cell in cells:
        text = cell.text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
        if HALF_CHARACTER.search(text):
            notes.append(f"cell {abs(cell.number)} holds half a character (a lone surrogate), which is read as \ufffd")
            text = HALF_CHARACTER.sub("\ufffd", text)
        made = python_cell(text, effort)
        notes += [_aside_note(abs(cell.number), aside) for aside in made.asides]
        places.append((line, cell.number))
        texts.append(made.text + "\n" * cell.newlines)
        line += texts[-1].count("\n")
    source, found = "".join(texts), tuple(places)
    notes += [_broken_note(found, broken) for broken in parse_cells(source, found).broken]
    return Module(source, found, few(notes))


def few(notes: list[str]) -> tuple[str, ...]:
    """No more notes than a reader reads, each on one line and no longer than a line or two."""
    kept = [short_line(note, MAX_NOTE) for note in dict.fromkeys(notes)]
    return tuple(kept if len(kept) <= MAX_NOTES else [*kept[: MAX_NOTES - 1], f"and {len(kept) - MAX_NOTES + 1} more"])


def _aside_note(number: int, aside: Aside) -> str:
    start = f"cell {number}, line {aside.line}: `{short_line(aside.text, MAX_SHOWN)}`"
    if aside.code:
        return f"{start} is read as `{short_line(aside.code, MAX_SHOWN)}`"
    return f"{start} was set aside" + (", with all that follows in the cell" if aside.whole else "")


def _broken_note(cells: Cells, broken: BrokenCell) -> str:
    number, line = cell_and_line(cells, broken.line)
    return f"cell {number}, line {line}: {broken.error}; the cell is left out"


# -- the document -------------------------------------------------------------------------------------


def _document(data: bytes, display_path: str) -> dict[str, Any]:
    """The notebook's JSON, in format 4. An older one is brought to it by nbformat."""
    if len(data) > MAX_NOTEBOOK_BYTES:
        raise NotebookError(
            f"{display_path} is larger than {MAX_NOTEBOOK_BYTES // 2**20} MB", "clear its outputs and save it"
        )
    if not data.strip():
        raise _no_notebook(display_path, "it is empty")
    if kind := foreign_kind(data):
        raise NotebookError(f"{display_path} is not a notebook: it is {kind}", "hand in the .ipynb file itself")
    if all(mark in data for mark in CONFLICT):
        text = f"{display_path} holds the marks of a merge conflict (<<<<<<<)"
        raise NotebookError(text, "settle the conflict in your version control, and save the notebook")
    try:
        text = data.decode("utf-8-sig")
        document = json.loads(text)
    except json.JSONDecodeError as error:
        said = f"it is not JSON (line {error.lineno}, column {error.colno}: {error.msg})"
        raise _no_notebook(display_path, said) from None
    except UnicodeDecodeError as error:
        raise _no_notebook(display_path, f"it is not UTF-8 text (byte {error.start + 1:,})") from None
    except RecursionError:
        raise _no_notebook(display_path, "it is nested too deep to be read") from None
    except ValueError:  # the only other thing that Python does not read
        raise _no_notebook(display_path, "it holds a number that is too long to be read") from None
    except MemoryError:
        raise NotebookError(f"{display_path} takes too much memory to read", "clear its outputs and save it") from None
    if not isinstance(document, dict):
        raise _no_notebook(display_path, "it holds no object with cells")
    version = document.get("nbformat", 3 if "worksheets" in document else 4)
    if type(version) is not int or version > 4:
        raise NotebookError(f"{display_path} is in a notebook format that is not known here", "save it in format 4")
    if version < 4:
        return _upgraded(text, version, display_path)
    if not isinstance(document.get("cells"), list):
        raise _no_notebook(display_path, "it has no cells")
    return document


def _upgraded(text: str, version: int, display_path: str) -> dict[str, Any]:
    """A notebook of IPython's early years. nbformat takes a while to import, and few need it."""
    try:
        reader = importlib.import_module("nbformat.reader")
        converter = importlib.import_module("nbformat.converter")
        document: dict[str, Any] = converter.convert(reader.reads(text), 4)
        if isinstance(document.get("cells"), list):
            return document
    except Exception:  # of a document that is not what it says anything may be raised
        pass
    raise NotebookError(f"{display_path} is in the old notebook format {version} and could not be read", UPGRADE)


def _no_notebook(display_path: str, why: str) -> NotebookError:
    return NotebookError(f"{display_path} is not a notebook: {short_line(why, MAX_NOTE)}", SAVE_AGAIN)


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
