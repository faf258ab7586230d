"""What is in a file: texts of other systems, notebooks of other tools, and what is no text at all."""

from __future__ import annotations

import json
from typing import Any

from intake.files import DOUBLE_ONLY, HALF, NONE, RIGHT, STUB, notebook
from intake.hand_in import HandIn

IMAGE = "iVBORw0KGgo" * 270_000  # a picture of 3 MB among the outputs


def changed(**changes: Any) -> str:
    """A right notebook in which these keys are others."""
    return json.dumps({**json.loads(notebook(RIGHT)), **changes})


def cell(source: Any, **more: Any) -> dict[str, Any]:
    return {"cell_type": "code", "source": source, **more}


def old_notebook() -> str:
    """Format 3, as IPython saved it before 2014."""
    code = {"cell_type": "code", "collapsed": False, "input": RIGHT.splitlines(keepends=True), "language": "python",
            "metadata": {}, "outputs": []}  # fmt: skip
    return json.dumps({"metadata": {"name": ""}, "nbformat": 3, "nbformat_minor": 0,
                       "worksheets": [{"cells": [code], "metadata": {}}]})  # fmt: skip


def code(name: str, content: str | bytes, points: float = 10.0) -> HandIn:
    return HandIn(name, {"scale.py": content}, "scale.py", points)


def book(name: str, content: str | bytes, points: float = 10.0) -> HandIn:
    return HandIn(name, {"scale.ipynb": content}, "scale.ipynb", points)


def unread(name: str, file: str, content: str | bytes, words: str) -> HandIn:
    return HandIn(name, {file: content}, points=0.0, aside={file: words}, problem=words)


HAND_INS = (
    code("right", RIGHT),
    code("half-right", HALF, 5.0),
    code("half-done", DOUBLE_ONLY, 5.0),
    code("wrong", NONE, 0.0),
    code("untouched", STUB, 0.0),
    code("windows-line-ends", RIGHT.replace("\n", "\r\n")),
    code("old-mac-line-ends", RIGHT.replace("\n", "\r")),
    code("mixed-line-ends", RIGHT.replace("\n\n\n", "\r\n\n\r\n")),
    code("byte-order-mark", "\ufeff" + RIGHT),
    code("no-line-end-at-the-end", RIGHT.rstrip()),
    code("tabs", RIGHT.replace("    ", "\t")),
    code("form-feed", "\f" + RIGHT),
    code("accents", "# déjà vu, 你好, 😀\n" + RIGHT),
    code("does-not-parse", RIGHT.replace("(x):", "(x:"), 0.0),
    code("conflict-marks", "<<<<<<< HEAD\n" + RIGHT + "=======\n" + HALF + ">>>>>>> main\n", 0.0),
    code("a-script-of-a-notebook", "#!/usr/bin/env python\n# coding: utf-8\n\n# In[1]:\n\n\n" + RIGHT
         + "\n\n# In[2]:\n\n\nget_ipython().system('pip install torch')\n"),
    code("is-a-notebook", notebook(RIGHT)),
    code("empty", "", 0.0),
    HandIn("notebook-is-a-file", {"scale.ipynb": RIGHT}, "scale.ipynb"),
    HandIn("ends-in-both", {"scale.ipynb.py": RIGHT}, "scale.ipynb.py",
           notes=("scale.ipynb.py was read as ch1_mini/scale",)),
    HandIn("ends-in-both-and-is-a-notebook", {"scale.py.ipynb": notebook(RIGHT)}, "scale.py.ipynb",
           notes=("scale.py.ipynb was read as ch1_mini/scale",)),
    code("zeros", bytes(500), 0.0),
    code("a-zero-in-the-text", RIGHT.encode().replace(b"return", b"\0return", 1), 0.0),
    code("utf-16", RIGHT.encode("utf-16"), 0.0),
    code("utf-16-without-a-mark", RIGHT.encode("utf-16-le"), 0.0),
    code("latin-1", b"# d\xe9j\xe0 vu\n" + RIGHT.encode(), 0.0),
    code("declares-latin-1", "# -*- coding: latin-1 -*-\n" + RIGHT, 0.0),
    code("archive-called-file", b"PK\3\4\x14\0\0\0\x08\0" + bytes(range(200, 250)), 0.0),
    book("notebook", notebook("import math", RIGHT)),
    book("notebook-of-strings", changed(cells=[cell(RIGHT, metadata={}, outputs=[])])),
    book("notebook-without-outputs", changed(cells=[cell(RIGHT)])),
    book("notebook-without-metadata", json.dumps({"cells": [cell(RIGHT)]})),
    book("notebook-of-format-3", old_notebook()),
    book("notebook-of-minor-99", changed(nbformat_minor=99)),
    book("notebook-with-a-byte-order-mark", "\ufeff" + notebook(RIGHT)),
    book("notebook-with-windows-line-ends", notebook(RIGHT.replace("\n", "\r\n"))),
    book("notebook-of-3-megabytes", changed(cells=[cell("show()", outputs=[{"data": IMAGE}]), cell(RIGHT)])),
    book("notebook-of-the-stub-and-the-work-below", notebook(STUB, RIGHT)),
    book("notebook-with-a-failing-cell", notebook("display(plot)", RIGHT, "assert False")),
    unread("half-a-notebook", "scale.ipynb", notebook(RIGHT)[:300], "is not a notebook: it is not JSON"),
    unread("empty-notebook", "scale.ipynb", "", "it is not a notebook: it is empty; open it in Jupyter, save it"),
    unread("page-called-notebook", "scale.ipynb", "<!DOCTYPE html><html><body>Sign in</body></html>",
           "is not a notebook: it is a web page"),
    unread("notebook-of-zeros", "scale.ipynb", bytes(500), "is not a notebook"),
    unread("notebook-of-format-5", "scale.ipynb", changed(nbformat=5), "in a notebook format that is not known here"),
    unread("json-called-notebook", "scale.ipynb", '{"a": 1}', "is not a notebook: it has no cells"),
)  # fmt: skip
