"""Files that workers may read are read once before, so that no time of reading tells who read what."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from grader.score import access_times
from grader.score.access_times import settle, settle_once_an_hour

DAY = 86_400


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    if os.statvfs(tmp_path).f_flag & getattr(os, "ST_NOATIME", 0):
        pytest.skip("this disk keeps no times of reading")
    (tmp_path / "folder").mkdir()
    for name, read, written in (
        ("never", 1000, 2000),
        ("folder/long-ago", time.time() - 2 * DAY, time.time() - 3 * DAY),
    ):
        (tmp_path / name).write_text("x")
        os.utime(tmp_path / name, (read, written))
    (tmp_path / "link").symlink_to("folder")
    os.mkfifo(tmp_path / "pipe")
    return tmp_path


def test_after_it_no_reader_leaves_a_trace(tree: Path) -> None:
    assert settle([str(tree)]) >= 2
    for path in (tree / "never", tree / "folder/long-ago"):
        before = path.stat().st_atime
        assert time.time() - before < 60
        path.read_text()
        assert path.stat().st_atime == before
    assert settle([str(tree), str(tree / "folder"), str(tree / "absent")]) <= 2


def test_it_is_done_once_an_hour(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[list[str]] = []
    monkeypatch.setattr(access_times, "settle", lambda trees: done.append(list(trees)))
    for trees in (["a", "b"], ["b", "a"], ["a"]):
        settle_once_an_hour(trees, tree)
    assert done == [["a", "b"], ["a"]]
    stamps = list(tree.glob("settled-*"))
    assert len(stamps) == 2
    for path in stamps:
        os.utime(path, (time.time() - 2 * 3600,) * 2)
    settle_once_an_hour(["a"], tree)
    assert done == [["a", "b"], ["a"], ["a"]]


def test_what_has_no_such_times_is_passed_over() -> None:
    assert settle(["/proc/cpuinfo", "/dev/zero", "/sys/devices/system/cpu"]) == 0
