"""Which saves a watch notices: every way in which editors write a file, and nothing that is no work."""

from __future__ import annotations

import os
import select
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from miniature import SOLUTION, Kit

from grader.learner.saves import Saves

PATIENCE_SECONDS = 20.0


@pytest.fixture
def saves(kit: Kit) -> Iterator[Saves]:
    """A watch on the kit that has begun."""
    with Saves(kit.layout) as saves:
        while not saves.started:
            saves.read()
        yield saves


def noticed(saves: Saves) -> tuple[Path, ...]:
    """The next batch."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while select.select([saves.descriptor], [], [], max(0.0, deadline - time.monotonic()))[0]:
        if found := saves.read():
            return found
    return ()


def written(path: Path) -> None:
    path.write_text(SOLUTION)


def renamed(path: Path) -> None:
    """As editors do that never leave half a file."""
    temporary = path.with_name(f".{path.name}.tmp")
    temporary.write_text(SOLUTION)
    os.replace(temporary, path)


def moved_away_first(path: Path) -> None:
    """As vim does with a backup."""
    path.rename(path.with_name(path.name + "~"))
    path.with_name("4913").write_text("")
    path.with_name("4913").unlink()
    path.write_text(SOLUTION)


@pytest.mark.parametrize("save", [written, renamed, moved_away_first], ids=lambda save: save.__name__)
def test_a_save_is_noticed_whatever_way_it_is_made(kit: Kit, saves: Saves, save: object) -> None:
    assert callable(save)
    save(kit.file)
    assert noticed(saves) == (kit.file.resolve(),)


def test_a_notebook_and_a_new_file_are_noticed(kit: Kit, saves: Saves) -> None:
    path = kit.file.with_suffix(".ipynb")
    path.write_text("{}")
    assert noticed(saves) == (path.resolve(),)


def test_what_is_no_work_is_not_looked_at(kit: Kit, saves: Saves) -> None:
    for name in (".scale.py.swp", "scale.py~", ".#scale.py", "notes.doc", "__pycache__"):
        path = kit.file.with_name(name)
        path.mkdir() if name == "__pycache__" else path.write_text("x")
    (kit.file.with_name("__pycache__") / "scale.py").write_text("x")
    time.sleep(0.3)  # a batch of its own, so that only what follows could be in the next
    written(kit.file)
    assert noticed(saves) == (kit.file.resolve(),)


def test_what_was_saved_before_the_process_watched_is_found(kit: Kit) -> None:
    with Saves(kit.layout) as saves:
        kit.file.write_text(SOLUTION)
        assert noticed(saves) == (kit.file.resolve(),)


def test_nothing_is_left_running(kit: Kit) -> None:
    with Saves(kit.layout) as saves:
        assert not saves.is_over
    assert saves.process.returncode == 0
