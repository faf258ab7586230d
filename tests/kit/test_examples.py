"""Every `>>>` in a solution's docstrings, and so in its stub's, gives what it says."""

from __future__ import annotations

import doctest
import importlib
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

SOLUTIONS = Path(__file__).resolve().parents[2] / "solutions"
FILES = sorted(path for path in SOLUTIONS.rglob("*.py") if ">>> " in path.read_text(encoding="utf-8"))


@pytest.fixture(scope="module", autouse=True)
def path_to_the_solutions() -> Iterator[None]:
    """They import one another from their own tree; nothing of it stays behind for other tests."""
    before = set(sys.modules)
    sys.path.insert(0, str(SOLUTIONS))
    yield
    sys.path.remove(str(SOLUTIONS))
    for name in [name for name in sys.modules if re.match(r"ch\d+_", name) and name not in before]:
        del sys.modules[name]


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_its_examples_are_true(path: Path) -> None:
    module = importlib.import_module(f"{path.parent.name}.{path.stem}")
    found = doctest.DocTestFinder().find(module, extraglobs={"torch": torch})
    said: list[str] = []
    runner = doctest.DocTestRunner()
    for test in found:
        runner.run(test, out=said.append)
    written = path.read_text(encoding="utf-8").count(">>> ")
    assert said == [], "".join(said)
    assert runner.tries == written, "an example stands where doctest does not look"
