"""Two runs at once never meet, and a run that was killed leaves nothing that the next one does not take away."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from miniature import SOLUTION, Kit
from running import PACKAGE, grader

from grader.course.layout import Layout
from grader.course.locks import lock
from grader.course.temporary import LOCK, PREFIX, TemporaryFolder, tidy_up
from grader.learner.progress import ProgressStore

SLOW = "import time\n\n\ndef double(x):\n    time.sleep(1)\n    return 2 * x\n\n\ndef halve(x):\n    return x / 2\n"


def begin(root: Path, *arguments: str, temporary: Path | None = None) -> subprocess.Popen[str]:
    env = {**os.environ, "PYTHONPATH": str(PACKAGE), "NO_COLOR": "1"}
    if temporary is not None:
        env["TMPDIR"] = str(temporary)
    return subprocess.Popen(
        [sys.executable, "-m", "grader", *arguments],
        cwd=root, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip


def as_notebook(text: str) -> str:
    cell: dict[str, object] = {
        "cell_type": "code",
        "metadata": {},
        "outputs": [],
        "execution_count": None,
        "source": text,
    }
    return json.dumps({"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 4})


def test_checks_beside_one_another_all_pass(course: Kit) -> None:
    """Notebooks make each run lay out a copy of the tree: each has its own."""
    course.file.with_suffix(".ipynb").write_text(as_notebook(SOLUTION))
    runs = [begin(course.layout.root, "check", name, "--no-cache") for name in ("scale", "scale.ipynb", "scale")]
    ended = [(run.communicate(timeout=120), run.returncode) for run in runs]
    assert [code for _, code in ended] == [0, 0, 0], ended


def test_what_two_runs_have_found_out_is_all_remembered(course: Kit) -> None:
    one, other = (ProgressStore(course.layout, course.curriculum) for _ in range(2))
    scale, twice = course.curriculum.graded
    one.remember(scale, 10, 2, 5, "none")
    other.remember(twice, 5, 1, 5, "none")
    other.next_hint(scale)
    one.save()
    other.save()
    held = ProgressStore(course.layout, course.curriculum).state
    assert set(held.passes) == {scale.name, twice.name}
    assert held.hints == {scale.name: 1}
    one.forget(scale)
    one.save()
    assert set(ProgressStore(course.layout, course.curriculum).state.passes) == {twice.name}


def test_a_second_score_on_the_same_results_says_that_the_first_is_at_work(course: Kit, people: Path) -> None:
    (people / "ada").mkdir()
    (people / "ada" / "scale.py").write_text(SLOW)
    out = course.layout.root / "results"
    first = begin(course.layout.root, "score", str(people), "--out", str(out), "--only", "scale")
    try:
        wait_for(lambda: (out / "journal.sqlite").exists())
        second = grader(course.layout.root, "score", str(people), "--out", str(out), "--only", "scale")
        assert second.returncode == 2
        assert f"another run is at work on {out}" in second.stderr
        assert grader(course.layout.root, "regrade", str(people), "--out", str(out), "--preview").returncode == 2
        assert first.wait(60) == 0
    finally:
        first.kill()
    assert grader(course.layout.root, "score", str(people), "--out", str(out), "--only", "scale").returncode == 0


def wait_for(happened: Callable[[], bool], seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < end
        time.sleep(0.05)


@pytest.mark.parametrize("command", ["check", "score"])
def test_what_a_killed_run_left_is_gone_after_the_next(course: Kit, people: Path, command: str) -> None:
    temporary = people.parent / "temporary"
    temporary.mkdir()
    course.file.with_suffix(".ipynb").write_text(as_notebook(SLOW))
    (people / "ada").mkdir()
    (people / "ada" / "scale.py").write_text(SLOW)
    words = ["check", "scale"] if command == "check" else ["score", str(people), "--only", "scale", "--out", "results"]
    run = begin(course.layout.root, *words, temporary=temporary)
    try:
        wait_for(lambda: len(list(temporary.glob(f"{PREFIX}*"))) >= 2)  # the command's and the server's
        pids = [*_below(run.pid), run.pid]
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
    finally:
        run.kill()
        run.wait()
    wait_for(lambda: not [pid for pid in pids[:-1] if Path(f"/proc/{pid}/cwd").exists()])
    assert list(temporary.iterdir())
    env = {"TMPDIR": str(temporary)}
    assert grader(course.layout.root, *words, env=env).returncode == 0
    assert not list(temporary.iterdir())


def _below(pid: int) -> Iterator[int]:
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        if int(fields[1]) == pid:
            yield from _below(int(path.parent.name))
            yield int(path.parent.name)


def test_folders_of_runs_at_work_and_of_others_are_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    elsewhere = tmp_path / "mine"
    elsewhere.mkdir()
    (tmp_path / f"{PREFIX}link").symlink_to(elsewhere)
    (tmp_path / f"{PREFIX}other").mkdir()  # no lock: nobody knows whose it is
    dead = tmp_path / f"{PREFIX}dead"
    (dead / "deep" / "deeper").mkdir(parents=True)
    (dead / LOCK).touch()
    with TemporaryFolder() as at_work:
        tidy_up()
        assert at_work.is_dir()
        assert not dead.exists()
        assert elsewhere.is_dir() and (tmp_path / f"{PREFIX}other").is_dir()
    assert not at_work.exists()


def test_a_disk_without_locks_is_worked_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(37, "No locks available")

    monkeypatch.setattr(fcntl, "flock", refuse)
    with lock(tmp_path / "lock", wait=False) as alone:
        assert alone
    with TemporaryFolder() as folder:
        assert folder.is_dir()


# -- a kit that cannot be written to --------------------------------------------------------------------


def test_a_copy_of_the_exercises_is_checked_with_the_kit_that_the_program_is_part_of(tmp_path: Path) -> None:
    work = tmp_path / "my exercises" / "ärm[1]"
    (work / "exercises" / "ch3_attention").mkdir(parents=True)
    solution = (PACKAGE / "solutions" / "ch3_attention" / "softmax.py").read_text()
    (work / "exercises" / "ch3_attention" / "softmax.py").write_text(solution)
    done = grader(work, "check", "softmax")
    assert done.returncode == 0, done.stdout + done.stderr
    assert (work / ".grader" / "progress.sqlite").exists()
    layout = Layout.find(work)
    assert (layout.root, layout.work) == (PACKAGE, work)


def test_a_kit_that_is_read_only_remembers_elsewhere(course: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path) != course.layout.root)
    monkeypatch.setenv("XDG_STATE_HOME", str(course.layout.root.parent / "state"))
    store = ProgressStore(course.layout, course.curriculum)
    store.next_hint(course.curriculum.graded[0])
    store.save()
    assert store.path.is_relative_to(course.layout.root.parent / "state")
    assert ProgressStore(course.layout, course.curriculum).next_hint(course.curriculum.graded[0]) == 2


def test_a_state_that_cannot_be_written_is_no_fault(course: Kit) -> None:
    course.layout.state.parent.mkdir(exist_ok=True)
    course.layout.state.write_text("a file where a folder is to be")
    course.write("return 2 * x")
    assert grader(course.layout.root, "hint", "scale").returncode == 0
    assert grader(course.layout.root, "check", "scale").returncode in (0, 1)
