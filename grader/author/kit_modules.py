"""Which modules of the grader a learner's kit has: all but the rooms left out, and whatever rests on those."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from pathlib import Path

LEFT_OUT_ROOMS = ("author", "score")


def kit_modules(package: Path) -> list[Path]:
    """The kit's modules, by path. A page or a command of a room that is left out imports it, and so is left out too."""
    imports = {path: set(_imported(path)) for path in sorted(package.rglob("*.py")) if "__pycache__" not in path.parts}
    names = {path: _name(package, path) for path in imports}
    gone = {path for path in imports if path.relative_to(package).parts[0] in LEFT_OUT_ROOMS}
    while more := {path for path in imports if path not in gone and imports[path] & {names[item] for item in gone}}:
        gone |= more
    return [path for path in imports if path not in gone]


def files_beside(modules: Iterable[Path]) -> list[Path]:
    """What is no module and lies in a folder of these: the templates that they read, say."""
    folders = sorted({path.parent for path in modules})
    return [path for folder in folders for path in sorted(folder.iterdir()) if path.is_file() and path.suffix != ".py"]


def _name(package: Path, path: Path) -> str:
    """The name that an import statement gives a module."""
    parts = path.relative_to(package.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _imported(path: Path) -> Iterator[str]:
    """Every module that this one imports, wherever the statement stands: of `from a import b` both a and a.b."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
