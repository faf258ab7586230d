"""Importing one exercise and what it needs from a tree of chapters."""

from __future__ import annotations

import importlib.machinery
import importlib.util
import sys
from collections.abc import Mapping
from pathlib import Path
from types import CodeType, ModuleType

from grader.course.cells import Cells
from grader.worker.cell_loader import CellLoader, CellRun, NotebookFinder


def load_exercise(
    name: str,
    path: str | Path,
    root: str | Path,
    notebooks: Mapping[str, Cells] | None = None,
    run: CellRun | None = None,
) -> ModuleType:
    """Import the file as `ch2_embeddings.one_hot`, so that it finds its earlier parts under `root`.

    `notebooks` has the cells of modules that were made of a notebook's; `run` gathers those that fail.
    """
    notebooks, run = notebooks or {}, run or CellRun()
    find_in(root, root, notebooks, run)
    if name in notebooks:
        return _load(name, path, CellLoader(name, str(path), notebooks[name], run))
    return load_source(name, path)


def find_in(
    root: str | Path, cells_root: str | Path, notebooks: Mapping[str, Cells], run: CellRun | None = None
) -> None:
    """Let `import` find the chapters of `root`, and the notebooks by their cells, which stand under `cells_root`."""
    sys.dont_write_bytecode = True
    if str(root) not in sys.path:
        sys.path.insert(0, str(root))
    sys.meta_path[:] = [finder for finder in sys.meta_path if not isinstance(finder, NotebookFinder)]
    if notebooks:
        sys.meta_path.insert(0, NotebookFinder(str(cells_root), notebooks, run or CellRun()))


def load_source(name: str, path: str | Path) -> ModuleType:
    """Run a source file as the module `name` and leave it in `sys.modules`, as an import does."""
    return _load(name, path, importlib.machinery.SourceFileLoader(name, str(path)))


def run_code(name: str, path: str | Path, code: CodeType) -> ModuleType:
    """Run code that was compiled from this file before, in the same way."""
    return _load(name, path, CompiledLoader(name, str(path), code))


class CompiledLoader(importlib.machinery.SourceFileLoader):
    """Loads a file that need not be read and compiled again."""

    def __init__(self, name: str, path: str, code: CodeType) -> None:
        super().__init__(name, path)
        self.code = code

    def get_code(self, fullname: str) -> CodeType:
        return self.code


def _load(name: str, path: str | Path, loader: importlib.machinery.SourceFileLoader) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, path, loader=loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    loader.exec_module(module)
    return module


def forget(root: str | Path) -> None:
    """Drop the modules that were imported from `root`, and `root` from the search path."""
    root = str(root)
    for name, module in list(sys.modules.items()):
        origin = getattr(module, "__file__", None) or ""
        if any(place.startswith(root + "/") for place in (origin, *_folders(module))):
            del sys.modules[name]
    while root in sys.path:
        sys.path.remove(root)


def _folders(module: object) -> list[str]:
    """A package's folders; some of torch's modules only look like packages."""
    try:
        return [str(part) for part in getattr(module, "__path__", [])]
    except TypeError:
        return []
