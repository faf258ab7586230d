"""Fixtures of the kit's own tests; what they give is in `miniature`."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from miniature import Kit
from running import PACKAGE

from grader.judge.client import Judge


@pytest.fixture(scope="session")
def judge() -> Iterator[Judge]:
    """A judge that is started once for all tests of a process."""
    with Judge(("torch",)) as judge:
        yield judge


@pytest.fixture
def kit(tmp_path: Path, judge: Judge) -> Kit:
    """A kit of one exercise in a folder of its own."""
    return Kit(tmp_path, judge)


@pytest.fixture
def course(kit: Kit) -> Kit:
    """The miniature with a second exercise that needs the first, and one for a person."""
    reflection = '\n[essay]\ntitle = "An essay"\npoints = 4\nmarked_by = "person"\nhints = ["Write."]\n'
    kit.add_second(reflection)
    kit.layout.solution_file("ch1_mini/essay", ".md").write_text("# An essay\n")
    kit.sync()
    return kit


@pytest.fixture
def people(tmp_path: Path) -> Path:
    folder = tmp_path / "class"
    folder.mkdir()
    return folder


@pytest.fixture
def solved(tmp_path: Path) -> Path:
    """The course as a learner has it who solved every exercise, without the solutions."""
    shutil.copytree(PACKAGE / "solutions", tmp_path / "exercises", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(PACKAGE / "data", tmp_path / "data")
    shutil.copytree(PACKAGE / "tests" / "graded", tmp_path / "tests" / "graded")
    return tmp_path
