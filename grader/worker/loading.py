"""Importing one exercise and what it needs from a tree of chapters."""

from __future__ import annotations

import importlib.machinery
import importlib.util
import sys
from pathlib import Path
from types import ModuleType


def load_exercise(name: str, path: str | Path, root: str | Path) -> ModuleType:
    """Import the file as `ch2_embeddings.one_hot`, so that it finds its earlier parts under `root`."""
    sys.dont_write_bytecode = True
    root = str(root)
    if root not in sys.path:
        sys.path.insert(0, root)
    return load_source(name, path)


def load_source(name: str, path: str | Path) -> ModuleType:
    """Run a source file as the module `name` and leave it in `sys.modules`, as an import does."""
    loader = importlib.machinery.SourceFileLoader(name, str(path))
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
