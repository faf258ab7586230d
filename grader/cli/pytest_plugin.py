"""What the package registers with pytest: it takes over the suites of a kit's `tests/graded`, and nothing else.

Every pytest run of an environment imports this module. It brings nothing along that pytest has not.
"""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import pytest

GRADED = ("tests", "graded")


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("grader", "the graded suites of a course")
    text = "Run your code of the course in this process, so that breakpoint() works."
    group.addoption("--debugger", action="store_true", help=text)


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("debugger") and config.getoption("numprocesses", None):
        raise pytest.UsageError("--debugger needs the terminal for itself: leave out -n")


@pytest.hookimpl(tryfirst=True)
def pytest_pycollect_makemodule(module_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """A graded suite is read here; every other file is pytest's own."""
    if not _is_suite(module_path):
        return None
    found: pytest.Collector | None = importlib.import_module("grader.cli.pytest_suites").suite_file(module_path, parent)
    return found


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """`-n` hands out whole files where all are graded suites: the tests of an exercise are judged together."""
    if config.getvalue("dist") != "load" or not all(_lies_in_graded(config, word) for word in config.args):
        return None
    return importlib.import_module("xdist.scheduler").LoadFileScheduling(config, log)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    reports = [report for found in terminalreporter.stats.values() for report in found]
    if any(("sandbox", "none") in getattr(report, "user_properties", ()) for report in reports):
        terminalreporter.line("Some code ran without a sandbox; `grader doctor` says what is missing.")


def _is_suite(path: Path) -> bool:
    chapter = path.parent
    is_there = chapter.parts[-3:-1] == GRADED and path.name.startswith("test_")
    return is_there and (chapter / "chapter.toml").is_file()


def _lies_in_graded(config: pytest.Config, word: str) -> bool:
    parts = Path(config.invocation_params.dir, word.partition("::")[0]).resolve().parts
    return any(parts[at : at + 2] == GRADED for at in range(len(parts)))
