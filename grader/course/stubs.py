"""A stub is its solution with the work taken out: derived, never written by hand."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from grader.course.curriculum import Exercise
from grader.course.layout import Layout
from grader.errors import GraderError

TODO = re.compile(r"\s*# TODO:")
RAISE = "raise NotImplementedError"


def handed_out_stub(layout: Layout, exercise: Exercise) -> str:
    """What the learner's file holds at first: the pristine file where the kit ships it, else what the solution gives.

    What a person marks is handed out as it is written.
    """
    pristine = layout.pristine_file(exercise.name, exercise.suffix)
    if pristine.exists():
        return pristine.read_text(encoding="utf-8")
    path = layout.solution_file(exercise.name, exercise.suffix)
    try:
        source = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise _missing(layout, exercise, path) from None
    return source if exercise.manually_graded else derive_stub(source)


def _missing(layout: Layout, exercise: Exercise, solution: Path) -> GraderError:
    if layout.solutions.is_dir():
        message = f"{layout.display_path(solution)} is missing"
        return GraderError(message, f"write the solution of {exercise.name} there")
    pristine = layout.pristine_file(exercise.name, exercise.suffix)
    return GraderError(f"{layout.display_path(pristine)} is missing", "get the kit's `tests` folder anew")


def derive_stub(source: str) -> str:
    """The stub of a solution.

    A function whose body holds `# TODO:` comments keeps its signature, its docstring and those comments and
    raises `NotImplementedError`. Everything else stays as it is, but for top-level helpers with a name that
    begins with an underscore: those are part of one way to do it, and only the work that was cut out used them.
    """
    lines = source.splitlines(keepends=True)
    tree = ast.parse(source)
    cuts: list[tuple[int, int, str]] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and (todo := _todo_lines(node, lines)):
            cuts.append(_cut_body(node, lines, todo))
    cuts += _cut_constants(tree, lines)
    kept = _apply(lines, cuts)
    return _without_orphans("".join(kept))


def learners_docstrings(source: str) -> dict[str, str]:
    """What a learner has to write, by name (`f`, `Class`, `Class.method`), with its docstring.

    `""` where a function or a class has none; a method without one is left out.
    """
    lines = source.splitlines(keepends=True)
    found = {}
    for node in ast.parse(source).body:
        if isinstance(node, ast.FunctionDef) and _todo_lines(node, lines):
            found[node.name] = ast.get_docstring(node) or ""
        if isinstance(node, ast.ClassDef):
            methods = [m for m in node.body if isinstance(m, ast.FunctionDef) and _todo_lines(m, lines)]
            found |= {node.name: ast.get_docstring(node) or ""} if methods else {}
            found |= {f"{node.name}.{m.name}": text for m in methods if (text := ast.get_docstring(m))}
    return found


def todo_texts(source: str) -> dict[str, str]:
    """The TODO comments of each function and method, as one text."""
    lines = source.splitlines(keepends=True)
    found = {}
    for prefix, node in _functions(ast.parse(source)):
        if todo := _todo_lines(node, lines):
            found[prefix + node.name] = " ".join(re.sub(r"\s*# ?(TODO: )?", "", text).strip() for text in todo)
    return found


def _functions(tree: ast.Module) -> Iterator[tuple[str, ast.FunctionDef]]:
    """The functions of the top and the methods of its classes, each with its prefix."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            yield "", node
        if isinstance(node, ast.ClassDef):
            yield from ((f"{node.name}.", inner) for inner in node.body if isinstance(inner, ast.FunctionDef))


def _todo_lines(node: ast.FunctionDef, lines: list[str]) -> list[str]:
    """The TODO comments of a function's own body, each with the comment lines that continue it."""
    inner = [
        (n.lineno, n.end_lineno or n.lineno)
        for n in ast.walk(node)
        if isinstance(n, ast.FunctionDef | ast.ClassDef) and n is not node
    ]
    found: list[str] = []
    continues = False
    for number in range(_body_start(node), (node.end_lineno or node.lineno) + 1):
        text = lines[number - 1]
        if any(first <= number <= last for first, last in inner):
            continue
        continues = bool(TODO.match(text)) or (continues and text.lstrip().startswith("#"))
        if continues:
            found.append(text)
    return found


def _body_start(node: ast.FunctionDef) -> int:
    """The line after the docstring, or the first after the signature."""
    first = node.body[0]
    if ast.get_docstring(node, clean=False) is not None:
        return (first.end_lineno or first.lineno) + 1
    header = max([node.lineno, *(n.end_lineno or 0 for n in ast.walk(node.args) if hasattr(n, "end_lineno"))])
    if node.returns is not None:
        header = max(header, node.returns.end_lineno or 0)
    return header + 1


def _cut_body(node: ast.FunctionDef, lines: list[str], todo: list[str]) -> tuple[int, int, str]:
    indent = " " * node.body[0].col_offset
    body = "".join(indent + text.strip() + "\n" for text in todo)
    start = _body_start(node)
    while lines[start - 1].strip().startswith(")") or not lines[start - 1].strip():
        start += 1
    return start, node.end_lineno or node.lineno, f"{body}{indent}{RAISE}\n"


def _cut_constants(tree: ast.Module, lines: list[str]) -> list[tuple[int, int, str]]:
    """A top-level constant whose line ends in `# TODO: …` becomes None, the comment stays."""
    cuts = []
    for node in tree.body:
        if not isinstance(node, ast.Assign | ast.AnnAssign):
            continue
        last = lines[(node.end_lineno or node.lineno) - 1]
        match = re.search(r"# TODO:.*", last[node.end_col_offset or 0 :])
        if match:
            target = node.targets[0] if isinstance(node, ast.Assign) else node.target
            text = f"{ast.unparse(target)} = None  {match[0]}\n"
            cuts.append((node.lineno, node.end_lineno or node.lineno, text))
    return cuts


def _apply(lines: list[str], cuts: list[tuple[int, int, str]]) -> list[str]:
    kept = list(lines)
    for first, last, text in sorted(cuts, reverse=True):
        kept[first - 1 : last] = [text]
    return kept


def _without_orphans(source: str) -> str:
    """Drop private top-level functions and constants that nothing left uses."""
    while True:
        tree = ast.parse(source)
        used = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}
        used |= {n.attr for n in ast.walk(tree) if isinstance(n, ast.Attribute)}
        orphans = [node for node in tree.body if (name := _private_name(node)) and name not in used]
        if not orphans:
            return source.rstrip("\n") + "\n"
        source = without_statements(source, orphans)


def _private_name(node: ast.stmt) -> str:
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return node.name if node.name.startswith("_") else ""
    if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
        return node.targets[0].id if node.targets[0].id.startswith("_") else ""
    return ""


def without_statements(source: str, nodes: list[ast.stmt]) -> str:
    """The text without these statements, their decorators and the comments right above them."""
    lines = source.splitlines(keepends=True)
    for node in sorted(nodes, key=lambda item: item.lineno, reverse=True):
        first = min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", []))])
        while first > 1 and lines[first - 2].lstrip().startswith("#"):
            first -= 1
        while first > 1 and not lines[first - 2].strip():
            first -= 1
        del lines[first - 1 : node.end_lineno]
    return "".join(lines)
