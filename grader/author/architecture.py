"""The list of modules in `docs/architecture.md`, made from the first line of each module's docstring."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from itertools import groupby
from pathlib import Path

from grader.course.layout import Layout
from grader.errors import GraderError

PACKAGE = Path(__file__).parents[1]
BEGIN = "<!-- The list of modules is written by `grader dev sync` from their docstrings. -->\n"
END = "<!-- The end of the list. -->\n"


def architecture_file(layout: Layout) -> Path:
    """The page with the list."""
    return layout.root / "docs" / "architecture.md"


def is_own_repository(layout: Layout) -> bool:
    """Whether this layout is the one that the running grader is part of; a kit elsewhere has no list to keep."""
    return (layout.root / "grader").resolve() == PACKAGE.resolve() and architecture_file(layout).exists()


def with_modules(text: str, package: Path, modules: Iterable[Path]) -> str:
    """The page's text with the list of these modules between its marks."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        hint = f"put them where the list belongs: {BEGIN.strip()} and {END.strip()}"
        raise GraderError("docs/architecture.md has no marks around its list of modules", hint)
    return before + begin + _tables(package, modules) + "\n" + end + after


def derived_architecture(layout: Layout) -> str:
    """The page as it is to be."""
    return with_modules(architecture_file(layout).read_text(encoding="utf-8"), PACKAGE, all_modules(PACKAGE))


def all_modules(package: Path) -> list[Path]:
    """Every module under a package."""
    return [path for path in sorted(package.rglob("*.py")) if "__pycache__" not in path.parts]


def _tables(package: Path, modules: Iterable[Path]) -> str:
    """A heading for each folder with its own docstring's line, and a table of its modules."""
    by_folder = sorted(modules, key=lambda path: (path.parent, path.name))
    return "".join(
        _table(package, folder, list(group)) for folder, group in groupby(by_folder, lambda path: path.parent)
    )


def _table(package: Path, folder: Path, modules: list[Path]) -> str:
    name = folder.relative_to(package.parent).as_posix()
    rows = [f"| `{path.stem}` | {first_line(path)} |\n" for path in modules if path.stem != "__init__"]
    table = ["\n| module | its one concern |\n|---|---|\n", *rows] if rows else []
    return "".join([f"\n### {name}\n\n{first_line(folder / '__init__.py')}\n", *table])


def first_line(path: Path) -> str:
    """The first line of a module's docstring, as it can stand in a table."""
    docstring = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    line = docstring.partition("\n")[0]
    if not line:
        raise GraderError(f"{path} has no docstring", "its first line says what the module's one concern is")
    return line.replace("|", "\\|")
