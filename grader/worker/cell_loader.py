"""Importing a notebook's module: its cells run one after another in one namespace, as their author ran them.

A cell that raises, or does not parse, costs what it would have defined and nothing else: the next one runs.
"""

from __future__ import annotations
import __future__

import ast
import asyncio
import importlib.machinery
import importlib.util
import inspect
import selectors
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import CodeType, ModuleType

from grader.course.cells import Cells, CellText, cell_texts, parse_cell
from grader.protocol.messages import CellFailure
from grader.worker.exception_text import message_of

MAX_FAILURES = 40
MAX_NAME = 80
MAX_MESSAGE = 500
FUTURE = [getattr(__future__, name).compiler_flag for name in __future__.all_feature_names]


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
    """Loads one module by its cells. What went wrong is put down in `failures`."""

    def __init__(self, name: str, path: str, cells: Cells, failures: list[CellFailure]) -> None:
        super().__init__(name, path)
        self.cells = cells
        self.failures = failures
        self.flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT

    def exec_module(self, module: ModuleType) -> None:
        """Run every cell, whatever became of those before it."""
        source = Path(self.path).read_text(encoding="utf-8")
        for cell in cell_texts(source, self.cells):
            self._run(cell, module)

    def _run(self, cell: CellText, module: ModuleType) -> None:
        """Statement by statement, as IPython does: what the cell had defined before it raised stays."""
        line = cell.first
        try:
            for node in parse_cell(cell).body:
                line = node.lineno
                self._execute(self._compiled(node), module)
        except BaseException as error:  # SystemExit, KeyboardInterrupt: a cell's own end, not the notebook's
            if isinstance(error, SyntaxError) and error.filename in (None, "<unknown>", self.path) and error.lineno:
                line = error.lineno
            self._put_down(cell, _line_in(error, self.path) or line, error)

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

    def _put_down(self, cell: CellText, line: int, error: BaseException) -> None:
        if len(self.failures) < MAX_FAILURES:
            shown = Exception(error.msg) if isinstance(error, SyntaxError) and type(error.msg) is str else error
            text = message_of(shown)  # a syntax error's own text names the file and the line as well
            name = str(type(error).__name__)[:MAX_NAME]
            self.failures.append(CellFailure(self.name, cell.number, line, name, text[:MAX_MESSAGE]))


class NotebookFinder:
    """Finds the earlier parts that were written as notebooks, so that `import` runs them by their cells."""

    def __init__(self, root: str, notebooks: Mapping[str, Cells], failures: list[CellFailure]) -> None:
        self.root = root
        self.notebooks = notebooks
        self.failures = failures

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """The module's spec where it is a notebook's; all others are found as ever."""
        if name not in self.notebooks:
            return None
        file = str(Path(self.root, *name.split(".")).with_suffix(".py"))
        loader = CellLoader(name, file, self.notebooks[name], self.failures)
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
