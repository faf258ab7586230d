"""Importing a notebook's module: its cells run one after another in one namespace, as their author ran them.

A cell that raises, does not parse, or does not come to an end costs what it would have defined and nothing else: the
next one runs. What only this place lacks (a library, Jupyter's `display`) costs the statement that asks for it.
"""

from __future__ import annotations
import __future__

import ast
import asyncio
import contextlib
import importlib.machinery
import importlib.util
import inspect
import selectors
import signal
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import CodeType, ModuleType

from grader.course.cells import Cells, CellText, cell_texts, parse_cell
from grader.protocol.messages import CellFailure
from grader.worker.exception_text import message_of
from grader.worker.own_time import OwnTime

MAX_FAILURES = 200
MAX_NAME = 80
MAX_MESSAGE = 500
JUPYTERS_OWN = ("display", "get_ipython")
SHARE_OF_TIME = 4  # a cell may take a fourth of what is left for all of them
LEAST_SECONDS = 0.2
LOOK_EVERY_SECONDS = 0.05
FUTURE = [getattr(__future__, name).compiler_flag for name in __future__.all_feature_names]


class TookTooLong(BaseException):
    """A cell that is stopped. No `except Exception` of the learner's catches it."""


@dataclass
class CellRun:
    """One import of modules by their cells: what failed, and the seconds that all cells may take; 0 for no limit.

    `absent` are names that this place lacks: those that a missing library would have brought, and Jupyter's own.
    """

    seconds: float = 0.0
    failures: list[CellFailure] = field(default_factory=list)
    absent: set[str] = field(default_factory=lambda: set(JUPYTERS_OWN))
    time: OwnTime = field(default_factory=OwnTime)
    is_timed: bool = False

    @contextlib.contextmanager
    def limited(self) -> Iterator[None]:
        """Stop what runs here for too long, asleep or at work. What a cell imports is within its time."""
        if not self.seconds or self.is_timed:
            yield
            return
        began = self.time.look()
        left = max(LEAST_SECONDS, (self.seconds - began) / SHARE_OF_TIME)

        def ring(*_: object) -> None:
            if self.time.look() - began >= left:
                signal.setitimer(signal.ITIMER_REAL, 0)
                raise TookTooLong(f"it took longer than {left:.1f} s, and was stopped")

        before = signal.signal(signal.SIGALRM, ring)
        self.is_timed = True
        signal.setitimer(signal.ITIMER_REAL, LOOK_EVERY_SECONDS, LOOK_EVERY_SECONDS)
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)
            self.is_timed = False

    def is_only_missing_here(self, node: ast.stmt, error: BaseException) -> bool:
        """Whether the statement fails for what its author had, and defines nothing that anything else needs."""
        if isinstance(node, ast.Import | ast.ImportFrom) and isinstance(error, ModuleNotFoundError):
            self.absent |= {(alias.asname or alias.name).partition(".")[0] for alias in node.names}
            return True
        return isinstance(node, ast.Expr) and isinstance(error, NameError) and error.name in self.absent


class LoopWithoutSockets(asyncio.SelectorEventLoop):
    """An event loop for a process that may open no socket, not even the pair by which other threads wake a loop.

    It looks for them itself, a hundred times a second.
    """

    def __init__(self) -> None:
        super().__init__(_BriefSelector())

    def _make_self_pipe(self) -> None:
        self._ssock = self._csock = None

    def _close_self_pipe(self) -> None:
        pass


class _BriefSelector(selectors.SelectSelector):
    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        return super().select(0.01 if timeout is None else min(timeout, 0.01))


class CellLoader(importlib.machinery.SourceFileLoader):
    """Loads one module by its cells. What went wrong is put down in `run`."""

    def __init__(self, name: str, path: str, cells: Cells, run: CellRun) -> None:
        super().__init__(name, path)
        self.cells = cells
        self.run = run
        self.flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT

    def exec_module(self, module: ModuleType) -> None:
        """Run every cell, whatever became of those before it."""
        source = Path(self.path).read_text(encoding="utf-8")
        for cell in cell_texts(source, self.cells):
            self._run_cell(cell, module)

    def _run_cell(self, cell: CellText, module: ModuleType) -> None:
        """Statement by statement, as IPython does: what the cell had defined before it raised stays."""
        line = cell.first
        try:
            with self.run.limited():
                for node in parse_cell(cell).body:
                    line = node.lineno
                    self._run_statement(node, cell, module)
        except BaseException as error:  # SystemExit, KeyboardInterrupt: a cell's own end, not the notebook's
            if isinstance(error, SyntaxError) and error.filename in (None, "<unknown>", self.path) and error.lineno:
                line = error.lineno
            self._put_down(cell, _line_in(error, self.path) or line, error)

    def _run_statement(self, node: ast.stmt, cell: CellText, module: ModuleType) -> None:
        try:
            self._execute(self._compiled(node), module)
        except Exception as error:
            if not self.run.is_only_missing_here(node, error):
                raise
            self._put_down(cell, node.lineno, error, went_on=True)

    def _compiled(self, node: ast.stmt) -> CodeType:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SyntaxWarning)
            code: CodeType = compile(ast.Module([node], []), self.path, "exec", self.flags, dont_inherit=True)
        for flag in FUTURE:  # `from __future__ import …` holds for all that follows, in later cells too
            self.flags |= code.co_flags & flag
        return code

    @staticmethod
    def _execute(code: CodeType, module: ModuleType) -> None:
        if code.co_flags & inspect.CO_COROUTINE:  # an `await` outside of any function
            with asyncio.Runner(loop_factory=LoopWithoutSockets) as runner:
                runner.run(eval(code, vars(module)))
        else:
            exec(code, vars(module))

    def _put_down(self, cell: CellText, line: int, error: BaseException, went_on: bool = False) -> None:
        if len(self.run.failures) < MAX_FAILURES:
            shown = Exception(error.msg) if isinstance(error, SyntaxError) and type(error.msg) is str else error
            text = message_of(shown)  # a syntax error's own text names the file and the line as well
            name = str(type(error).__name__)[:MAX_NAME]
            self.run.failures.append(CellFailure(self.name, cell.number, line, name, text[:MAX_MESSAGE], went_on))


class NotebookFinder:
    """Finds the earlier parts that were written as notebooks, so that `import` runs them by their cells."""

    def __init__(self, root: str, notebooks: Mapping[str, Cells], run: CellRun) -> None:
        self.root = root
        self.notebooks = notebooks
        self.run = run

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """The module's spec where it is a notebook's; all others are found as ever."""
        if name not in self.notebooks:
            return None
        file = str(Path(self.root, *name.split(".")).with_suffix(".py"))
        loader = CellLoader(name, file, self.notebooks[name], self.run)
        return importlib.util.spec_from_file_location(name, file, loader=loader)


def _line_in(error: BaseException, file: str) -> int | None:
    """The line of the cell, not of a function, on the way to an exception."""
    trace = error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        if code.co_filename == file and code.co_name == "<module>":
            return trace.tb_lineno
        trace = trace.tb_next
    return None
