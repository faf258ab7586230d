"""A file of code as cells where it has any: what it is, its first bytes tell, whatever its name ends in."""

from __future__ import annotations

import ast

from grader.course.cells import Definition
from grader.course.notebook_scripts import module_of_script
from grader.course.notebooks import Module, read_notebook
from grader.course.source import MAX_SOURCE_BYTES

BLANK = b" \t\r\n"
KEYS_OF_NOTEBOOKS = (b'"cells"', b'"worksheets"')


def read_module(data: bytes, suffix: str, display_path: str) -> Module | None:
    """The cells of a notebook, or of the Python file that one was saved as. None where the file is the module itself.

    A notebook may have been renamed to `.py`, and a Python file to `.ipynb`.
    """
    if suffix not in (".py", ".ipynb"):
        return None
    is_json = data.removeprefix(b"\xef\xbb\xbf").lstrip(BLANK).startswith(b"{")
    if is_json and any(key in data for key in KEYS_OF_NOTEBOOKS):
        return read_notebook(data, display_path)
    if suffix == ".py" or _is_code(data):
        return module_of_script(data)
    return read_notebook(data, display_path)


def _is_code(data: bytes) -> bool:
    """Whether this is a Python module that defines something."""
    if len(data) > MAX_SOURCE_BYTES:
        return False
    try:
        tree = ast.parse(data.decode("utf-8-sig"))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return any(isinstance(node, Definition) for node in tree.body)
