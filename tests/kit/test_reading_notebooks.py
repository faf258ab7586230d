"""A notebook's document read: whatever its bytes are, its cells keep their lines, or a sentence says why not."""

from __future__ import annotations

import json
import re
import time
from typing import Any

import pytest

from grader.course.cells import Cells, bindings, parse_cells
from grader.course.notebook_scripts import module_of_script
from grader.course.notebooks import MAX_NOTES, NotebookError, read_notebook


def document_of(*cells: Any, **more: Any) -> bytes:
    """A notebook of code cells: texts, or whole cells."""
    made = [cell if isinstance(cell, dict) else {"cell_type": "code", "metadata": {}, "source": cell} for cell in cells]
    return json.dumps({"cells": made, "metadata": {}, "nbformat": 4, "nbformat_minor": 5, **more}).encode()


# -- what is no notebook --------------------------------------------------------------------------------------

NO_NOTEBOOKS = {
    b"": "it is empty",
    b" \n": "it is empty",
    b"{}": "it has no cells",
    b"[1]": "it holds no object with cells",
    b'{"cells": 3}': "it has no cells",
    b'{"cells": [{}]}': "its cells are not as the format has them ('cell_type' is missing)",
    b'{"cells": [{"cell_type": "code", "source": [1]}]}': "its cells are not as the format has them",
    b'{"cells": [{"cell_type": "code"': "it is not JSON (line 1, column 32: Expecting ',' delimiter)",
    b"\xff": "it is not UTF-8 text (byte 1)",
    b"[" * 100_000: "it is nested too deep to be read",
    b'{"cells": [], "nbformat": ' + b"9" * 10_000 + b"}": "it holds a number that is too long to be read",
}


@pytest.mark.parametrize(("data", "why"), NO_NOTEBOOKS.items(), ids=NO_NOTEBOOKS.values())
def test_what_is_no_notebook_is_told(data: bytes, why: str) -> None:
    with pytest.raises(NotebookError, match=re.escape(f"x.ipynb is not a notebook: {why}")) as raised:
        read_notebook(data, "x.ipynb")
    assert raised.value.hint == "open it in Jupyter, save it, and try again"


def test_a_version_that_nobody_knows_is_refused() -> None:
    for version in (5, "4", None):
        with pytest.raises(NotebookError, match=r"x\.ipynb is in a notebook format that is not known here"):
            read_notebook(document_of("x = 1", nbformat=version), "x.ipynb")


# -- old formats ----------------------------------------------------------------------------------------------

OLD_CELLS: list[dict[str, Any]] = [
    {"cell_type": "markdown", "metadata": {}, "source": "# T"},
    {"cell_type": "code", "metadata": {}, "language": "python", "outputs": [], "input": "x = 1\n!ls"},
]


@pytest.mark.parametrize("version", [2, 3])
def test_old_formats_are_upgraded(version: int) -> None:
    old = {"metadata": {"name": "x"}, "nbformat": version, "nbformat_minor": 0, "worksheets": [{"cells": OLD_CELLS}]}
    module = read_notebook(json.dumps(old).encode(), "x.ipynb")
    assert module.source.startswith("x = 1\npass  # !ls\n")
    assert module.cells == ((1, 2),)
    assert module.notes == ("cell 2, line 2: `!ls` was set aside",)


@pytest.mark.parametrize("version", [1, 2, 3, 0, -4])
def test_an_old_notebook_that_is_none_is_refused_with_what_to_do(version: int) -> None:
    for worksheets in (3, [3], [{"cells": [{"cell_type": "code"}]}]):
        data = json.dumps({"nbformat": version, "worksheets": worksheets}).encode()
        with pytest.raises(NotebookError, match=r"x\.ipynb is in the old notebook format -?\d and") as raised:
            read_notebook(data, "x.ipynb")
        assert "open it in Jupyter" in (raised.value.hint or "")


# -- cells and their lines --------------------------------------------------------------------------------------

WRITTEN: list[tuple[list[Any], str, Cells]] = [
    ([["x = 1\n", "y = 2"]], "x = 1\ny = 2\n\n", ((1, 1),)),
    (["x = 1\r\ny = 2\r\n"], "x = 1\ny = 2\n\n\n", ((1, 1),)),
    (["x = 1\ry = 2"], "x = 1\ny = 2\n\n", ((1, 1),)),
    (["\ufeffx = 1"], "x = 1\n\n", ((1, 1),)),
    (["x = 1", "", " \n", "y = 2"], "x = 1\n\ny = 2\n\n", ((1, 1), (3, 4))),
    (["x = 1\n\n", "y = 2"], "x = 1\n\n\n\ny = 2\n\n", ((1, 1), (5, 2))),
    (["\n\nx = 1", "%cd\n"], "\n\nx = 1\n\npass  # %cd\n\n\n", ((1, 1), (5, 2))),
    (
        [{"cell_type": "markdown", "source": "# T"}, {"cell_type": "raw", "source": "("}, "x = 1"],
        "x = 1\n\n",
        ((1, 3),),
    ),
    (
        ["x = 1", {"cell_type": "code", "source": "y = 2", "metadata": {"grader": {"newlines": 3}}}, "z = 3"],
        "x = 1\n\ny = 2\n\n\nz = 3\n\n",
        ((1, 1), (3, 2), (6, 3)),
    ),
    (["s = '\x0c\u2028'\n", "y = 2"], "s = '\x0c\u2028'\n\n\ny = 2\n\n", ((1, 1), (4, 2))),
    ([], "", ()),
]


@pytest.mark.parametrize(("cells", "source", "places"), WRITTEN, ids=[repr(source) for _, source, _ in WRITTEN])
def test_cells_keep_their_lines(cells: list[Any], source: str, places: Cells) -> None:
    module = read_notebook(document_of(*cells), "x.ipynb")
    assert (module.source, module.cells) == (source, places)
    assert module.notes == (("cell 2, line 1: `%cd` was set aside",) if "%cd" in source else ())


def test_a_notebook_may_begin_with_a_byte_order_mark() -> None:
    assert read_notebook(b"\xef\xbb\xbf" + document_of("x = 1"), "x.ipynb").source == "x = 1\n\n"


def test_half_a_character_is_read_as_a_sign_that_it_is_none() -> None:
    module = read_notebook(document_of("x = '\ud83d'", "y = 1"), "x.ipynb")
    assert module.source == "x = '\ufffd'\n\ny = 1\n\n"
    assert module.notes == ("cell 1 holds half a character (a lone surrogate), which is read as \ufffd",)
    assert read_notebook(document_of("x = '\ud83d\ude00'"), "x.ipynb").source == "x = '\U0001f600'\n\n"


@pytest.mark.parametrize("broken", ["x = (", "x\0 = 1", "'''", "notes are here", "(" * 5000, "if 1:\n\tx = 1\n  y = 2"])
def test_a_cell_that_does_not_parse_is_noted_and_the_others_stand(broken: str) -> None:
    module = read_notebook(document_of("x = 1", broken, "y = 2"), "x.ipynb")
    (note,) = module.notes
    assert note.startswith("cell 2, line ") and note.endswith("; the cell is left out")
    parsed = parse_cells(module.source, module.cells)
    assert [(name, node.lineno) for name, node in bindings(parsed.tree)] == [("x", 1), ("y", module.cells[2][0])]
    assert [item.cell.number for item in parsed.broken] == [2]


# -- bounds -----------------------------------------------------------------------------------------------------


def test_pictures_do_not_count_and_the_source_is_bounded() -> None:
    picture = {"output_type": "display_data", "metadata": {}, "data": {"image/png": "A" * 3 * 2**20}}
    cell = {"cell_type": "code", "metadata": {}, "outputs": [picture], "execution_count": 1, "source": "x = 1"}
    assert read_notebook(document_of(cell), "x.ipynb").source == "x = 1\n\n"
    with pytest.raises(NotebookError, match=r"the cells of x\.ipynb hold more than 2 MB of text"):
        read_notebook(document_of("x = 1\n" * 400_000), "x.ipynb")
    with pytest.raises(NotebookError, match=r"x\.ipynb has more than 5,000 cells of code"):
        read_notebook(document_of(*["x"] * 5001), "x.ipynb")
    with pytest.raises(NotebookError, match=r"x\.ipynb is larger than 64 MB"):
        read_notebook(b" " * (64 * 2**20 + 1), "x.ipynb")


def test_notes_are_few_and_short() -> None:
    module = read_notebook(document_of(*[f"!echo {n} {'x' * 500}\n%cd \x1b[2J" for n in range(50)]), "x.ipynb")
    assert len(module.notes) == MAX_NOTES and module.notes[-1] == "and 81 more"
    assert all(len(note) < 120 and note.isprintable() for note in module.notes)


def test_cells_of_nothing_but_magics_are_read_in_bounded_time() -> None:
    """Each special line means to read its cell again."""
    started = time.process_time()
    module = read_notebook(document_of(*["!ls\n" * 20_000 + "x" * 20] * 5), "x.ipynb")
    assert time.process_time() - started < 30
    assert len(module.notes) == 5 and all(note.endswith("the cell is left out") for note in module.notes)


# -- scripts ----------------------------------------------------------------------------------------------------

SCRIPT = """#!/usr/bin/env python
# coding: utf-8

# # A title

# In[1]:


get_ipython().run_line_magic('matplotlib', 'inline')
import torch


# Some text.

# In[3]:


get_ipython().run_cell_magic('time', '', 'def double(x):\\n    return 2 * x\\n')


# In[4]:


x = (
"""


def test_the_script_that_nbconvert_writes_is_cells_again() -> None:
    module = module_of_script(SCRIPT.encode())
    assert module is not None
    lines = module.source.split("\n")
    assert [(lines[start - 1], number) for start, number in module.cells] == [
        ("pass  # get_ipython().run_line_magic('matplotlib', 'inline')", -1),
        ("pass  # %%time", -3),
        ("x = (", -4),
    ]
    assert lines[:8] == SCRIPT.split("\n")[:8]
    assert module.notes == (
        "cell 1, line 1: `get_ipython().run_line_magic('matplotlib', 'inline')` was set aside",
        "cell 3, line 1: `get_ipython().run_cell_magic('time', '', 'def double(x):\\n …` was set aside",
        "cell 4, line 1: SyntaxError: '(' was never closed; the cell is left out",
    )
    parsed = parse_cells(module.source, module.cells)
    assert [name for name, _ in bindings(parsed.tree)] == ["torch", "double"]


@pytest.mark.parametrize(
    ("labels", "numbers"),
    [
        (("1", "2"), [-1, -2]),
        ((" ", " "), [-1, -2]),
        (("7", "3"), [-7, -3]),
        (("7", "7"), [-1, -2]),
        (("0", "3"), [-1, -2]),
        (("*", "3"), [-1, -2]),
    ],
)
def test_its_cells_have_the_numbers_of_their_markers(labels: tuple[str, ...], numbers: list[int]) -> None:
    text = "".join(f"# In[{label}]:\n\n\nx = {n}\n\n\n" for n, label in enumerate(labels))
    module = module_of_script(text.replace("\n", "\r\n").encode())
    assert module is not None and [number for _, number in module.cells] == numbers
    assert [start for start, _ in module.cells] == [4, 10]


def test_code_above_the_first_marker_counts() -> None:
    module = module_of_script(b"import os\n\n# In[1]:\n\n\nx = 1\n")
    assert module is not None and module.cells == ((1, -1),)
    assert [name for name, _ in bindings(parse_cells(module.source, module.cells).tree)] == ["os", "x"]


def test_a_script_without_markers_is_one_cell() -> None:
    colab = '# -*- coding: utf-8 -*-\n"""a.ipynb\n\nAutomatically generated by Colab.\n"""\n\n!pip install a\nx = 1\n'
    module = module_of_script(colab.encode())
    assert module is not None and module.cells == ((1, -1),)
    assert module.source == colab.replace("!pip install a", "pass  # !pip install a")
    plain = module_of_script(b"x = 1\nget_ipython().run_line_magic('cd', '')\ny = 2\n")
    assert plain is not None and plain.source.startswith("x = 1\npass  # get_ipython()")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x = 1\n",
        "# %%\nx = 1\n\n# %% [markdown]\n# T\n",
        '"""The shell: get_ipython() is its name."""\n',
        "# In[1] we see\nx = 1\n",
        "    # In[1]:\n",
        "x = (\n",
        "# In[1]:\n" * 5001,
    ],
)
def test_an_ordinary_file_is_no_script_of_cells(text: str) -> None:
    assert module_of_script(text.encode()) is None


def test_bytes_that_are_no_text_are_no_script() -> None:
    assert module_of_script(b"# In[1]:\n\xff") is None
