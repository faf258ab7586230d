"""What the house promises of its own code: only `render` formats, only `cli` prints, nothing is imported unasked."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator

import click
import pytest
from running import PACKAGE

from grader.cli.entry import COMMANDS, cli
from grader.cli.lazy import Unread

GRADER = PACKAGE / "grader"
FORMATTING = ("rich", "jinja2", "markupsafe", "xml")  # libraries that give results a form
HEAVY = (
    "matplotlib",
    "safetensors",
    "torch",
    "numpy.random",
    "jaxtyping",
    "rich.markdown",
    "rich.syntax",
)  # may be imported inside a function
SPEAKING = {
    "grader/author/make_data.py",  # a script of its own, run by hand
    "grader/score/gradescope_fault.py",  # a script of its own, for where the kit does not run
    "grader/worker/sandbox/canary.py",  # a process of its own, whose standard output is its report
}


# What the list of all commands may import: nothing that takes long.
CHEAP = (
    "cli",
    "cli.echo",
    "cli.entry",
    "cli.lazy",
    "course",
    "course.visible",
    "errors",
    "render",
    "render.substitutes",
)


def modules(*rooms: str) -> Iterator[tuple[str, ast.Module]]:
    """The modules of these rooms, or of all, by path."""
    for folder in [GRADER / room for room in rooms] or [GRADER]:
        for path in sorted(folder.rglob("*.py")):
            yield path.relative_to(PACKAGE).as_posix(), ast.parse(path.read_text(encoding="utf-8"))


def imported(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def called(tree: ast.AST) -> Iterator[str]:
    return (ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call))


def room(path: str) -> str:
    return path.split("/")[1]


def begins_with(name: str, packages: tuple[str, ...]) -> bool:
    return any(name == package or name.startswith(package + ".") for package in packages)


def test_only_render_uses_what_gives_results_a_form() -> None:
    found = [
        (path, name)
        for path, tree in modules()
        for name in (*imported(tree), *called(tree))
        if room(path) != "render" and (begins_with(name, FORMATTING) or name in ("csv.writer", "csv.DictWriter"))
    ]
    assert found == []


def test_only_the_command_line_prints() -> None:
    speaking = ("print", "click.echo", "echo", "sys.stdout.write", "sys.stderr.write")
    found = {path for path, tree in modules() if room(path) != "cli" and set(called(tree)) & set(speaking)}
    assert found - SPEAKING == set()
    assert [path for path, tree in modules() if room(path) != "cli" and "click" in set(imported(tree))] == []


def test_only_the_command_line_uses_render() -> None:
    rooms = {room(path) for path, tree in modules() for name in imported(tree) if name.startswith("grader.render")}
    assert rooms == {"cli", "render"}


def test_modules_import_at_their_top() -> None:
    """But for libraries that take long, and for commands, which the lazy group imports by name."""
    inside = [
        (path, name)
        for path, tree in modules()
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef)
        for name in imported(function)
        if not begins_with(name, HEAVY)
    ]
    assert inside == []


@pytest.mark.parametrize("name", sorted(name for lines in COMMANDS.values() for name in lines))
def test_a_commands_line_in_the_list_is_its_own_first_line(name: str) -> None:
    unread = cli.commands[name]
    assert isinstance(unread, Unread)
    command = unread.read()
    assert command.name == name
    assert unread.help == (command.help or "").partition("\n\n")[0]


def test_every_command_of_a_module_is_in_the_list() -> None:
    for module, lines in COMMANDS.items():
        tree = ast.parse((GRADER / "cli" / f"{module}.py").read_text(encoding="utf-8"))
        groups = ("click.command", "click.group")
        made = [n for n in tree.body if isinstance(n, ast.FunctionDef) and set(called(n)) & set(groups)]
        assert len(made) == len(lines), module


def test_the_list_of_commands_imports_none() -> None:
    code = (
        "import sys; from grader.cli.entry import run; run(['--help']); run(['nosuch']);"
        "print(sorted(name for name in sys.modules if name.startswith('grader')))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=PACKAGE, capture_output=True, text=True, check=False)
    assert done.stdout.splitlines()[-1] == str(["grader", *(f"grader.{name}" for name in CHEAP)])
    assert "Check your work" in done.stdout


def test_a_command_that_is_not_here_is_hidden_and_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Unread, "is_here", lambda self: self.module != "instructor")
    context = click.Context(cli)
    assert "score" not in cli.list_commands(context)
    assert "check" in cli.list_commands(context)
    with pytest.raises(click.UsageError, match="`score` is not part of a learner's kit"):
        cli.get_command(context, "score")
