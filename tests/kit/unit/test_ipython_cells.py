"""A cell in Python: what IPython would make of each of its lines, and that every line stays where it was."""

from __future__ import annotations

import sys

import pytest

from grader.course.ipython_cells import Effort, PythonCell, python_cell


def read(text: str) -> PythonCell:
    return python_cell(text, Effort())


PYTHON = [
    "",
    "\n\n",
    "# why keepdim?",
    "x = 3 \\\n  % 3",
    "x = (3\n% 2)",
    'def f():\n    """What is it?"""',
    "'''is it?'''",
    "x = '''\n!ls\n%d lines\n%%time\nf?\n''' % 3",
    "x = 5  # !ls",
    "await f()\nasync with a as b:\n    pass",
    "if 1:\n\tx = 1",
    "\x0cx = 1",
    "s = '\u2028 %d' % 1",
    'def f():\n    """\n    >>> f()\n    1\n    """',
    "name = 'get_ipython'",
    "ip = get_ipython()",
    "if 'google.colab' in str(get_ipython()):\n    import x",
]
# The cell, the Python that it is read as, and of each thing of IPython's: its line, its text, what stands for it.
SPECIAL: list[tuple[str, str, list[tuple[int, str, str]]]] = [
    ("%cd", "pass  # %cd", [(1, "%cd", "")]),
    ("?f", "pass  # ?f", [(1, "?f", "")]),
    ("??", "pass  # ??", [(1, "??", "")]),
    ("f??\nx = 1", "pass  # f??\nx = 1", [(1, "f??", "")]),
    ("x.y[0]?", "pass  # x.y[0]?", [(1, "x.y[0]?", "")]),
    ("%%time?", "pass  # %%time?", [(1, "%%time?", "")]),
    ("!!ls", "pass  # !!ls", [(1, "!!ls", "")]),
    ("!ls # why?\nx = 1", "pass  # !ls # why?\nx = 1", [(1, "!ls # why?", "")]),
    ("!echo \"it's\nx = 1", "pass  # !echo \"it's\nx = 1", [(1, "!echo \"it's", "")]),
    ("!echo '''\nx = 1", "pass  # !echo '''\nx = 1", [(1, "!echo '''", "")]),
    ("%env X=(\nx = 1", "pass  # %env X=(\nx = 1", [(1, "%env X=(", "")]),
    ("!pip install a \\\n  b\nx = 1", "pass  # !pip install a b\n\nx = 1", [(1, "!pip install a b", "")]),
    ("if 1:\n    !ls\nx = 1", "if 1:\n    pass  # !ls\nx = 1", [(2, "!ls", "")]),
    (
        "def f():\n    %matplotlib inline\n    return 1",
        "def f():\n    pass  # %matplotlib inline\n    return 1",
        [(2, "%matplotlib inline", "")],
    ),
    (
        "x = '''\n!ls\n''' \n%matplotlib inline",
        "x = '''\n!ls\n''' \npass  # %matplotlib inline",
        [(4, "%matplotlib inline", "")],
    ),
    ("\n\n  \n%cd\nx = 1", "\n\n  \npass  # %cd\nx = 1", [(4, "%cd", "")]),
    ("\x0c%cd\nx = 1", "\x0cpass  # %cd\nx = 1", [(1, "%cd", "")]),
    ("s = '\u2028'\n!ls", "s = '\u2028'\npass  # !ls", [(2, "!ls", "")]),
    ("class A:\n\t!ls\n\tx = 1", "class A:\n\tpass  # !ls\n\tx = 1", [(2, "!ls", "")]),
    # assigned
    ("x = !ls", "x = []  # x = !ls", [(1, "x = !ls", "x = []")]),
    ("x = !!ls", "x = []  # x = !!ls", [(1, "x = !!ls", "x = []")]),
    ("x = !ls \\\n -l\ny = 1", "x = []  # x = !ls -l\n\ny = 1", [(1, "x = !ls -l", "x = []")]),
    ("x: list = !ls", "x: list = []  # x: list = !ls", [(1, "x: list = !ls", "x: list = []")]),
    ("d['é'] = !ls", "d['é'] = []  # d['é'] = !ls", [(1, "d['é'] = !ls", "d['é'] = []")]),
    ("x = %who", "x = None  # x = %who", [(1, "x = %who", "x = None")]),
    ("x = %timeit -o f()", "x = None  # x = %timeit -o f()", [(1, "x = %timeit -o f()", "x = None")]),
    ("x = %time f(1)", "x = (f(1))  # x = %time f(1)", [(1, "x = %time f(1)", "x = (f(1))")]),
    # statements that a magic runs, and those that it runs elsewhere
    ("%time y = f(x)", "y = f(x)  # %time y = f(x)", [(1, "%time y = f(x)", "y = f(x)")]),
    ("%time\nx = 1", "pass  # %time\nx = 1", [(1, "%time", "")]),
    ("%time y = (", "pass  # %time y = (", [(1, "%time y = (", "")]),
    ("%time !ls", "pass  # !ls  # %time !ls", [(1, "%time !ls", "pass  # !ls")]),
    ("%prun -s cumulative y = 1", "y = 1  # %prun -s cumulative y = 1", [(1, "%prun -s cumulative y = 1", "y = 1")]),
    ("%timeit -n 3 x = f()", "pass  # %timeit -n 3 x = f()", [(1, "%timeit -n 3 x = f()", "")]),
    (
        "if 1:\n    %time for i in a: b(i)\nc = 1",
        "if 1:\n    for i in a: b(i)  # %time for i in a: b(i)\nc = 1",
        [(2, "%time for i in a: b(i)", "for i in a: b(i)")],
    ),
    # cells under a magic
    ("%%time\nx = 1", "pass  # %%time\nx = 1", [(1, "%%time", "")]),
    ("\n%%time\n\n    x = 1", "\npass  # %%time\n\nx = 1", [(2, "%%time", "")]),
    ("# a\n\n%%time\nx = 1", "# a\n\npass  # %%time\nx = 1", [(3, "%%time", "")]),
    ("%%capture out\nx = 1", "out = None  # %%capture out\nx = 1", [(1, "%%capture out", "out = None")]),
    ("%%capture --no-stderr\nx = 1", "pass  # %%capture --no-stderr\nx = 1", [(1, "%%capture --no-stderr", "")]),
    (
        "%%time\n%%capture\nx = !ls\n%cd",
        "pass  # %%time\npass  # %%capture\nx = []  # x = !ls\npass  # %cd",
        [(1, "%%time", ""), (2, "%%capture", ""), (3, "x = !ls", "x = []"), (4, "%cd", "")],
    ),
    ("%%bash\nls\n\ndef f(): pass", "# %%bash\n# ls\n\n# def f(): pass", [(1, "%%bash", "")]),
    ("#@title A\n%%html\n<b>'''</b>", "#@title A\n# %%html\n# <b>'''</b>", [(2, "%%html", "")]),
    ("%%timeit\nx = 1", "# %%timeit\n# x = 1", [(1, "%%timeit", "")]),
    ("%%writefile a.py\nx = 1", "# %%writefile a.py\n# x = 1", [(1, "%%writefile a.py", "")]),
    ("%%unheard_of\nx = 1", "# %%unheard_of\n# x = 1", [(1, "%%unheard_of", "")]),
    ("%%!\nls", "# %%!\n# ls", [(1, "%%!", "")]),
    # prompts, margins, and calls without parentheses
    (">>> x = 1\n>>> if x:\n...     y = 2", "x = 1\nif x:\n    y = 2", []),
    ("In [1]: x = 1\n   ...: y = 2", "x = 1\ny = 2", []),
    ("In [12]: x: int", "x: int", []),
    ("    x = 1\n    y = 2", "x = 1\ny = 2", []),
    ("\tx = 1\n\tif x:\n\t\t!ls", "x = 1\nif x:\n\tpass  # !ls", [(3, "!ls", "")]),
    ("/f 1 2", "f(1, 2)", []),
    (",f a b", 'f("a", "b")', []),
    # the calls that a script has in their place
    (
        "get_ipython().run_line_magic('matplotlib', 'inline')\nx = 1",
        "pass  # get_ipython().run_line_magic('matplotlib', 'inline')\nx = 1",
        [(1, "get_ipython().run_line_magic('matplotlib', 'inline')", "")],
    ),
    (
        "a = 1; get_ipython().system('ls'); b = 2",
        "a = 1; pass; b = 2",
        [(1, "get_ipython().system('ls')", "")],
    ),
    (
        "x = get_ipython().getoutput('ls'); y = 1",
        "x = []; y = 1",
        [(1, "x = get_ipython().getoutput('ls')", "x = []")],
    ),
    (
        "get_ipython().system(\n    'ls'\n)\nx = 1",
        "pass  # get_ipython().system(\n\n\nx = 1",
        [(1, "get_ipython().system(\n    'ls'\n)", "")],
    ),
    (
        "get_ipython().magic('time x = 3')",
        "x = 3  # get_ipython().magic('time x = 3')",
        [(1, "get_ipython().magic('time x = 3')", "x = 3")],
    ),
    (
        "get_ipython().run_cell_magic('time', '', 'x = 1\\ny = 2\\n')",
        "pass  # %%time\nx = 1\ny = 2",
        [(1, "get_ipython().run_cell_magic('time', '', 'x = 1\\ny = 2\\n')", "")],
    ),
    (
        "if 1:\n    get_ipython().run_cell_magic('time', '', 'x = 1\\ny = 2\\n')",
        "if 1:\n    pass  # get_ipython().run_cell_magic('time', '', 'x = 1\\ny = 2\\n')",
        [(2, "get_ipython().run_cell_magic('time', '', 'x = 1\\ny = 2\\n')", "")],
    ),
    (
        "get_ipython().run_cell_magic('bash', '', 'ls')",
        "pass  # get_ipython().run_cell_magic('bash', '', 'ls')",
        [(1, "get_ipython().run_cell_magic('bash', '', 'ls')", "")],
    ),
    ("get_ipython().kernel.do_shutdown(True)", "pass  # get_ipython().kernel.do_shutdown(True)", [(1, "", "")]),
]
# What neither Python nor IPython reads: IPython has no such form either.
NEITHER = [
    "a = b = !ls",
    "x = 1; !ls",
    "x += !ls",
    "x = %%time f()",
    "x = %",
    "f(x)?",
    "(\n!ls\n)",
    "for i in a: !ls",
    "these are my notes",
    "def f(:\n    pass",
]


@pytest.mark.parametrize("text", PYTHON)
def test_python_is_left_alone(text: str) -> None:
    assert read(text) == PythonCell(text, ())


@pytest.mark.parametrize(("text", "code", "asides"), SPECIAL, ids=[text for text, _, _ in SPECIAL])
def test_what_is_ipythons_becomes_python(text: str, code: str, asides: list[tuple[int, str, str]]) -> None:
    made = read(text)
    assert made.text == code
    compile(made.text, "cell", "exec")
    assert [(item.line, item.code) for item in made.asides] == [(line, stands) for line, _, stands in asides]
    assert [item.text for item in made.asides] == [said or text for _, said, _ in asides]
    if "run_cell_magic" not in text:
        assert made.text.count("\n") == text.count("\n")


@pytest.mark.parametrize("text", NEITHER)
def test_what_nobody_reads_is_left_as_it_is(text: str) -> None:
    made = read(text)
    assert made.asides == () and made.text == text
    with pytest.raises(SyntaxError):
        compile(made.text, "cell", "exec")


def test_a_cell_that_was_set_aside_is_told_as_a_whole() -> None:
    assert [item.whole for item in read("%%bash\nls").asides] == [True]
    assert [item.whole for item in read("%%time\n!ls").asides] == [False, False]


def test_the_line_of_a_mistake_is_that_of_the_author() -> None:
    made = read("!pip install \\\n  a\n%cd\n\nx = (1")
    with pytest.raises(SyntaxError) as raised:
        compile(made.text, "cell", "exec")
    assert raised.value.lineno == 5


def test_magics_in_magics_come_to_an_end() -> None:
    assert read("%%time\n" * 3000 + "x = 1").text.count("\n") == 3000
    assert read("%time " * 3000 + "x = 1").text.startswith("pass")
    assert read("In [1]: " * 3000 + "x").text.count("\n") == 0


def test_the_effort_is_bounded() -> None:
    text = "!ls\n" * 400 + "x = 1\n" * 4000
    effort = Effort(characters=10 * len(text))
    made = python_cell(text, effort)
    assert made.text.count("\n") == text.count("\n")
    assert effort.characters < 0 and not effort.spend(1)


def test_plain_python_needs_no_ipython(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "IPython.core.inputtransformer2", None)
    assert read("x = 1\n# f?").text == "x = 1\n# f?"
    with pytest.raises(ImportError):
        read("!ls")
