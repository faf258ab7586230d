"""`grader try`: Python with the learner's own modules, in this process. Nothing is judged."""

from __future__ import annotations

import code
import contextlib
import importlib
import re
import sys
import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from grader.course.curriculum import Curriculum, Exercise
from grader.course.examples import Example, first_example
from grader.course.layout import Layout
from grader.course.stubs import handed_out_stub
from grader.errors import UsageError
from grader.learner.own_code import OwnCode

OF_THE_COURSE = re.compile(r"ch\d+_\w+(\.|\Z)")
RELOAD = "reload"


@dataclass(frozen=True)
class Setting:
    """What a session begins with: the file that counts, the lines that are run first, the example that is typed in.

    `is_notebook`: the file is one, and what is changed in it shows in the next session only.
    """

    exercise: Exercise
    file: str
    is_notebook: bool
    first_lines: tuple[str, ...]
    example: Example | None


@contextlib.contextmanager
def opened(layout: Layout, curriculum: Curriculum, exercise: Exercise) -> Iterator[Setting]:
    """Inside, `import` finds the learner's files, and notebooks in the place of those that do not count."""
    if exercise.manually_graded:
        raise UsageError(f"{exercise.name} is a text: there is nothing to try")
    stub = handed_out_stub(layout, exercise)
    with OwnCode(layout, curriculum) as own:
        source = own.open_to_import(exercise)
        lines = ["import torch"] if re.search(r"\btorch\b", stub) else []
        lines.append(f"from {exercise.name.replace('/', '.')} import *")
        yield Setting(exercise, source.display_path, source.module is not None, tuple(lines), first_example(stub))


def run_input(setting: Setting, text: str) -> int:
    """The text as a program, after the first lines. Returns the exit code; a program may exit with its own."""
    main = _main_module()
    try:
        for number, part in enumerate((*setting.first_lines, text)):
            name = "<stdin>" if number == len(setting.first_lines) else "<the first lines>"
            exec(compile(part, name, "exec"), vars(main))
    except Exception as error:
        trace = error.__traceback__
        traceback.print_exception(error.with_traceback(trace.tb_next if trace else None))
        return 1
    return 0


def has_ipython() -> bool:
    return importlib.util.find_spec("IPython") is not None


def talk_in_ipython(setting: Setting, banner: str) -> None:
    """IPython: a file that was saved counts at once, and the example stands at the first prompt."""
    ipython = importlib.import_module("IPython")
    config = importlib.import_module("traitlets.config").Config()
    config.TerminalInteractiveShell.banner1 = banner
    config.TerminalInteractiveShell.enable_tip = False
    lines = ["%load_ext autoreload", "%autoreload 2", *setting.first_lines]
    if setting.example is not None:
        lines.append(f"get_ipython().set_next_input({setting.example.typed!r})")
    config.InteractiveShellApp.exec_lines = lines
    ipython.start_ipython(argv=[], config=config)


def talk_in_python(setting: Setting, banner: str) -> None:
    """Python's own prompt: the example's lines stand at the first prompts, `reload()` reads files that were saved."""
    names = vars(_main_module())
    console = code.InteractiveConsole(names)
    names[RELOAD] = lambda: _run_anew(console, setting)
    with _prefilled((setting.example.typed if setting.example else "").splitlines()):
        for line in setting.first_lines:
            console.runsource(line)
        console.interact(banner, exitmsg="")


def _run_anew(console: code.InteractiveConsole, setting: Setting) -> None:
    """Forget the course's modules, and run the first lines again."""
    for name in [name for name in sys.modules if OF_THE_COURSE.match(name)]:
        del sys.modules[name]
    importlib.invalidate_caches()
    for line in setting.first_lines:
        console.runsource(line)


def _main_module() -> ModuleType:
    """A fresh `__main__`, as a program of its own has it."""
    main = sys.modules["__main__"] = ModuleType("__main__")
    return main


@contextlib.contextmanager
def _prefilled(lines: list[str]) -> Iterator[None]:
    """Each prompt begins with the next of the lines, where the terminal's lines can be edited."""
    try:
        readline: Any = importlib.import_module("readline")
    except ImportError:  # Windows
        yield
        return
    waiting = iter(lines)
    readline.set_startup_hook(lambda: readline.insert_text(next(waiting, "")))
    try:
        yield
    finally:
        readline.set_startup_hook(None)
