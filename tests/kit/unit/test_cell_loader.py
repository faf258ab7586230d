"""A notebook's module imported by its cells: each runs, whatever became of those before it."""

from __future__ import annotations

import inspect
import linecache
import signal
import sys
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest

from grader.course.cells import Cells
from grader.protocol.messages import CellFailure
from grader.worker import loading
from grader.worker.cell_loader import MAX_FAILURES, CellRun, NotebookFinder

Import = Callable[..., tuple[ModuleType, list[CellFailure]]]


def module_of(*texts: str) -> tuple[str, Cells]:
    """Cells as a module, numbered 2, 4, 6 …, two line ends behind each, as a notebook's reader has them."""
    source, places = "", []
    for number, text in enumerate(texts, 1):
        places.append((source.count("\n") + 1, 2 * number))
        source += text + "\n\n"
    return source, tuple(places)


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Import]:
    """Imports cells as `ch_cells.a`, with the cells of `before` as an earlier part. All is forgotten afterwards."""
    folder = tmp_path / "ch_cells"
    folder.mkdir()
    wrote = sys.dont_write_bytecode

    def imported(
        *texts: str, before: tuple[str, ...] = (), plain: bool = False, seconds: float = 0.0
    ) -> tuple[ModuleType, list[CellFailure]]:
        notebooks: dict[str, Cells] = {}
        for name, cells in (("a", texts), ("before", before)):
            source, places = module_of(*cells)
            (folder / f"{name}.py").write_text(source, encoding="utf-8")
            if cells and not (plain and name == "a"):
                notebooks[f"ch_cells.{name}"] = places
        path, run = folder / "a.py", CellRun(seconds)
        return loading.load_exercise("ch_cells.a", path, tmp_path, notebooks, run), run.failures

    yield imported
    sys.dont_write_bytecode = wrote
    loading.forget(tmp_path)
    sys.meta_path[:] = [finder for finder in sys.meta_path if not isinstance(finder, NotebookFinder)]


RAISING = [
    ("x = 1\nshow(x)\ny = 2", "NameError", "name 'show' is not defined", 2),
    ("x = 1\nz = display(x)\ny = 2", "NameError", "name 'display' is not defined", 2),
    ("x = 1\nfrom torch import nothing_of_the_kind\ny = 2", "ImportError", "cannot import name", 2),
    ("x = 1\nassert x == 2\ny = 2", "AssertionError", "", 2),
    ("x = 1\nassert x == 2, 'one\\ntwo'\ny = 2", "AssertionError", "one\ntwo", 2),
    ("x = 1\nraise SystemExit(3)\ny = 2", "SystemExit", "3", 2),
    ("x = 1\nraise KeyboardInterrupt\ny = 2", "KeyboardInterrupt", "", 2),
    ("x = 1\nfor i in range(3):\n    print(\n        1 / 0)\ny = 2", "ZeroDivisionError", "division by zero", 4),
    ("x = 1\ndef f():\n    return 1 / 0\n\nf()\ny = 2", "ZeroDivisionError", "division by zero", 5),
    ("x = 1\nexec('(')\ny = 2", "SyntaxError", "'(' was never closed", 2),
    ("x = 1\nreturn 3\ny = 2", "SyntaxError", "'return' outside function", 2),
    ("x = 1\ndef f(n):\n    return f(n)\nf(1)\ny = 2", "RecursionError", "maximum recursion", 4),
]


@pytest.mark.parametrize(("text", "kind", "message", "line"), RAISING, ids=[text for text, _, _, _ in RAISING])
def test_a_cell_that_raises_costs_the_rest_of_itself(
    run: Import, text: str, kind: str, message: str, line: int
) -> None:
    module, failures = run("first = 1", text, "last = 1")
    assert (module.first, module.x, module.last) == (1, 1, 1)
    assert not hasattr(module, "y")
    ((name, cell, found, type_, said),) = [(f.module, f.cell, f.line, f.type, f.message) for f in failures]
    assert (name, cell, found, type_) == ("ch_cells.a", 4, 2 + line, kind)
    assert said.startswith(message) and bool(said) == bool(message)


@pytest.mark.parametrize(
    ("lines", "failing"),
    [
        ("display(x)", [2]),
        ("get_ipython().config", [2]),
        ("from google.colab import drive\ndrive.mount('/content')", [2, 3]),
        ("import no_such_library as nsl\nnsl.set_theme()", [2, 3]),
        ("import no_such_library.part\nno_such_library.part.f()", [2, 3]),
    ],
)
def test_what_only_this_place_lacks_costs_its_own_line(run: Import, lines: str, failing: list[int]) -> None:
    module, failures = run("first = 1", f"x = 1\n{lines}\ny = 2")
    assert (module.x, module.y) == (1, 2)
    assert [(item.line, item.went_on) for item in failures] == [(2 + line, True) for line in failing]


@pytest.mark.parametrize(
    "forever",
    [
        "while True:\n    pass",
        "import time\ntime.sleep(1000)",
        "while True:\n    try:\n        1\n    except Exception:\n        pass",
    ],
)
def test_a_cell_that_does_not_end_costs_itself_alone(run: Import, forever: str) -> None:
    module, failures = run("first = 1", f"x = 1\n{forever}\ny = 2", "last = 1", "while True:\n    pass", seconds=1.0)
    assert (module.first, module.x, module.last) == (1, 1, 1) and not hasattr(module, "y")
    assert [(item.cell, item.type, item.went_on) for item in failures] == [
        (4, "TookTooLong", False),
        (8, "TookTooLong", False),
    ]


def test_a_cell_that_does_not_parse_costs_itself_alone(run: Import) -> None:
    module, failures = run("first = 1", "x = 1\ny = (", "these are notes", "z = '''", "last = 1")
    assert (module.first, module.last) == (1, 1) and not hasattr(module, "x")
    told = [(item.cell, item.line, item.type, item.message.split(" (")[0]) for item in failures]
    assert told == [
        (4, 4, "SyntaxError", "'(' was never closed"),
        (6, 6, "SyntaxError", "invalid syntax"),
        (8, 8, "SyntaxError", "unterminated triple-quoted string literal"),
    ]


def test_no_alarm_rings_after_the_cells(run: Import) -> None:
    run("x = 1", "y = 2", seconds=0.4)
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def test_cells_share_one_namespace_and_the_last_definition_counts(run: Import) -> None:
    module, failures = run("def f():\n    return g() + n", "n = 1\ndef g():\n    return 1", "n = 5")
    assert failures == [] and module.f() == 6


def test_an_earlier_part_is_run_by_its_cells_too(run: Import) -> None:
    before = ("display(1)", "X = 4", "import ch_cells.nothing", "Y = 5")
    for plain in (False, True):
        module, failures = run("from ch_cells.before import X, Y\nZ = X + Y", before=before, plain=plain)
        assert module.Z == 9
        assert [(item.module, item.cell) for item in failures] == [("ch_cells.before", 2), ("ch_cells.before", 6)]
        del sys.modules["ch_cells.before"]


def test_what_an_earlier_part_lacks_costs_the_cell_that_imports_it(run: Import) -> None:
    module, failures = run("from ch_cells.before import X", "y = 1", before=("show(1)\nX = 4",))
    assert module.y == 1
    assert [(item.module, item.cell, item.type) for item in failures] == [
        ("ch_cells.before", 2, "NameError"),
        ("ch_cells.a", 2, "ImportError"),
    ]


def test_future_imports_hold_for_all_later_cells(run: Import) -> None:
    def annotation(module: ModuleType, name: str) -> object:
        return getattr(module, name).__annotations__["x"]

    texts = [
        "def f(x: int): ...",
        "y = 1\nfrom __future__ import annotations\ndef g(x: int): ...",
        "def h(x: int): ...",
    ]
    module, failures = run(*texts)
    assert failures == []
    assert [annotation(module, name) for name in "fgh"] == [int, "int", "int"]


def test_await_works_outside_of_functions(run: Import) -> None:
    text = "import asyncio\nasync def f():\n    await asyncio.sleep(0)\n    return 3\nx = await f()\n"
    text += "assert await asyncio.to_thread(lambda: 7) == 7\n"
    module, failures = run(text + "import json\nawait f()", "z = x + 1", "await g()")
    assert (module.x, module.z, module.json.__name__) == (3, 4, "json")
    assert [(item.cell, item.type) for item in failures] == [(6, "NameError")]


def test_source_and_tracebacks_are_those_of_the_file(run: Import) -> None:
    module, _ = run("x = 1\n", "(", "def f():\n    return 1 / 0\n")
    assert inspect.getsource(module.f) == "def f():\n    return 1 / 0\n"
    linecache.checkcache()
    with pytest.raises(ZeroDivisionError) as raised:
        module.f()
    assert traceback.extract_tb(raised.value.__traceback__)[-1].line == "return 1 / 0"
    assert (module.__name__, module.f.__module__) == ("ch_cells.a", "ch_cells.a")


def test_exceptions_that_lie_about_themselves_are_bounded(run: Import) -> None:
    lies = [
        "class E(Exception):\n    def __str__(self):\n        raise ValueError\nraise E",
        "raise ValueError('x' * 10**6)",
        "raise ValueError('\\ud800')",
        "raise type('N' * 10**4, (Exception,), {})",
        "raise SyntaxError(['no', 'text'])",
        "raise SyntaxError('no', ('other.py', 10**9, 1, ''))",
    ]
    _, failures = run(*lies)
    assert [item.cell for item in failures] == [2, 4, 6, 8, 10, 12]
    assert all(len(item.message) <= 500 and len(item.type) <= 80 for item in failures)
    assert failures[0].message == "(its message could not be read)"
    for item in failures:
        item.message.encode()


def test_failures_are_counted_up_to_a_bound(run: Import) -> None:
    module, failures = run(*["1 / 0"] * (MAX_FAILURES + 5), "x = 1")
    assert len(failures) == MAX_FAILURES and module.x == 1
