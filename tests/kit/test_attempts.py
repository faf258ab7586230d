"""What is remembered of a learner's work: attempts with their texts, in a file that outlives kills and damage."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from miniature import SOLUTION, Kit
from running import PACKAGE, grader

from grader.course.mutants import Mistake
from grader.judge.client import Judge
from grader.learner.attempts import Attempt, digest_of, summary_of
from grader.learner.checking import Checker, Options
from grader.learner.database import Database, NotWritten
from grader.learner.progress import ProgressStore
from grader.protocol.results import Verdict

BEGAN = datetime(2026, 3, 1, 12, tzinfo=UTC)


def store_of(kit: Kit) -> ProgressStore:
    return ProgressStore(kit.layout, kit.curriculum)


def attempt(kit: Kit, text: str, verdict: Verdict = Verdict.FAILED, minutes: int = 0, passed: int = 1) -> Attempt:
    at = BEGAN + timedelta(minutes=minutes)
    mistakes = (Mistake("squared", "The elements are squared."),)
    digest = digest_of(text.encode())
    return Attempt(kit.name, at, 0.5, verdict, passed, 2, 5.0, 10.0, mistakes, 7, "why", digest, "exercises/a.py")


def record(store: ProgressStore, *attempts: tuple[Attempt, str]) -> None:
    for item, text in attempts:
        store.record(item, text.encode())


@pytest.fixture
def check(kit: Kit, judge: Judge) -> Callable[[], tuple[Attempt, ...]]:
    """`grader check` in this process, with the judge that all tests share. Gives the attempts after it."""

    def once() -> tuple[Attempt, ...]:
        store, exercise = store_of(kit), kit.curriculum.get(kit.name)
        with Checker(kit.layout, kit.curriculum, store, Options([exercise])) as checker:
            checker.judge = judge
            list(checker.check_these([exercise]))
        store.save()
        return store_of(kit).attempts_of(exercise)

    return once


# -- what a check leaves ------------------------------------------------------------------------------


def test_each_version_that_is_checked_is_an_attempt_with_its_text(
    kit: Kit, check: Callable[[], tuple[Attempt, ...]]
) -> None:
    assert check() == ()  # the stub as it was handed out
    kit.write("return x ** 2")
    wrong = kit.file.read_text()
    check()
    (first,) = check()  # the same again is no other attempt
    kit.file.write_text("def double(x:\n")
    _, second = check()
    kit.file.write_text(SOLUTION)
    check()
    _, _, third = check()  # the pass is remembered: nothing ran
    assert [item.verdict for item in (first, second, third)] == ["failed", "failed", "passed"]
    assert ((first.passed, first.tests), (third.passed, third.tests)) == ((1, 2), (2, 2))
    assert [item.name for item in first.mistakes] == ["squared"]
    assert (first.points, third.points, third.points_possible) == (5, 10, 10)
    assert "Every element comes back twice as large." in first.failure
    assert second.failure and not third.failure
    assert first.file == "exercises/ch1_mini/scale.py"
    assert timedelta() < datetime.now(UTC) - first.at < timedelta(minutes=5)
    assert 0 < first.seconds < 60
    texts = [store_of(kit).text_of(item) for item in (first, second, third)]
    assert texts == [wrong, "def double(x:\n", SOLUTION]


def test_a_run_for_a_debugger_is_no_attempt_and_a_notebook_is_one(
    kit: Kit, check: Callable[[], tuple[Attempt, ...]]
) -> None:
    kit.write("return x ** 2")
    grader(kit.layout.root, "check", "scale", "--debug")
    assert store_of(kit).all_attempts() == ()
    cell: dict[str, object] = {
        "cell_type": "code",
        "metadata": {},
        "outputs": [],
        "execution_count": None,
        "source": "double = 3",
    }
    document = {"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 4}
    kit.file.with_suffix(".ipynb").write_text(json.dumps(document))
    kit.file.unlink()
    (found,) = check()
    assert found.file.endswith(".ipynb")
    assert "double = 3" in (store_of(kit).text_of(found) or "")


def test_a_summary_ends_with_the_first_pass(kit: Kit) -> None:
    passed = attempt(kit, "b", Verdict.PASSED, minutes=42)
    later = [attempt(kit, "c", minutes=90), attempt(kit, "d", Verdict.PASSED, minutes=99)]
    found = summary_of([attempt(kit, "a"), passed, *later])
    assert found is not None
    assert (found.attempts, found.until_passed) == (2, timedelta(minutes=42, seconds=0.5))
    assert summary_of([]) is None
    still = summary_of([attempt(kit, "a"), attempt(kit, "b", minutes=5)])
    assert still is not None and (still.attempts, still.until_passed) == (2, None)


def test_what_came_out_differently_is_another_attempt(kit: Kit) -> None:
    store = store_of(kit)
    record(store, (attempt(kit, "a"), "a"), (attempt(kit, "a"), "a"), (attempt(kit, "a", passed=2), "a"))
    assert [item.passed for item in store.all_attempts()] == [1, 2]
    with sqlite3.connect(store.path) as connection:
        assert connection.execute("SELECT count(*) FROM sources").fetchone() == (1,)


# -- the file -----------------------------------------------------------------------------------------


def test_two_runs_at_once_both_write_all_they_have(kit: Kit, tmp_path: Path) -> None:
    code = (
        "import sys; sys.path[:0] = ['tests/kit']\n"
        "from pathlib import Path; from grader.course.curriculum import load_curriculum\n"
        "from grader.course.layout import Layout; from grader.learner.progress import ProgressStore\n"
        "from test_attempts import attempt\n"
        "class Kit: name = 'ch1_mini/scale'\n"
        "layout = Layout(Path(sys.argv[1])); store = ProgressStore(layout, load_curriculum(layout))\n"
        "for number in range(20): store.record(attempt(Kit, f'{sys.argv[2]} {number}'), b'x')\n"
    )
    env = {**os.environ, "PYTHONPATH": str(PACKAGE)}
    command = [sys.executable, "-c", code, str(kit.layout.root)]
    runs = [subprocess.Popen([*command, name], cwd=PACKAGE, env=env) for name in ("one", "other")]
    assert [run.wait(60) for run in runs] == [0, 0]
    assert len(store_of(kit).all_attempts()) == 40


def test_a_kill_in_the_middle_of_a_write_costs_that_write_alone(kit: Kit) -> None:
    store = store_of(kit)
    record(store, (attempt(kit, "a"), "a"))
    code = (
        "import sys, time; from pathlib import Path; from grader.learner.database import Database\n"
        "def work(connection):\n"
        "    connection.execute('PRAGMA cache_size = 1')\n"
        "    connection.execute('DELETE FROM attempts')\n"
        "    for number in range(300):\n"
        "        row = (str(number), bytes(5000))\n"
        "        connection.execute('INSERT INTO sources VALUES (?, ?)', row)\n"
        "    print('half', flush=True); time.sleep(60)\n"
        "Database(Path(sys.argv[1])).write(work)\n"
    )
    command = [sys.executable, "-c", code, str(store.path)]
    run = subprocess.Popen(command, cwd=PACKAGE, stdout=subprocess.PIPE, text=True)
    assert run.stdout is not None and run.stdout.readline() == "half\n"
    assert store.path.with_name("progress.sqlite-journal").stat().st_size > 0
    run.send_signal(signal.SIGKILL)
    run.wait()
    run.stdout.close()
    assert [item.digest for item in store_of(kit).all_attempts()] == [digest_of(b"a")]
    record(store, (attempt(kit, "b"), "b"))
    assert len(store_of(kit).all_attempts()) == 2


@pytest.mark.parametrize("damage", ["no database", "damaged in its middle", "of a later version"])
def test_a_file_that_cannot_be_read_is_set_aside_not_lost(kit: Kit, damage: str) -> None:
    store = store_of(kit)
    record(store, *((attempt(kit, f"{number}"), os.urandom(3000).hex()) for number in range(30)))
    if damage == "no database":
        store.path.write_text("{ not a database }" * 500)
    elif damage == "of a later version":
        with sqlite3.connect(store.path) as connection:
            connection.execute("PRAGMA user_version = 99")
    else:
        data = store.path.read_bytes()
        store.path.write_bytes(data[:4096] + bytes(len(data) - 4096))
    before = store.path.read_bytes()
    again = store_of(kit)
    record(again, (attempt(kit, "new"), "new"))
    assert [item.digest for item in store_of(kit).all_attempts()] == [digest_of(b"new")]
    assert store.path.with_name("progress.unreadable1.sqlite").read_bytes() == before


def test_where_nothing_can_be_written_a_run_remembers_until_its_end(kit: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    before = store_of(kit)
    record(before, (attempt(kit, "a"), "a"))
    before.skip(kit.curriculum.get(kit.name))

    def full(*_: object) -> None:
        raise NotWritten("attempt to write a readonly database")

    monkeypatch.setattr(Database, "write", full)
    store = store_of(kit)
    exercise = kit.curriculum.get(kit.name)
    store.unskip(exercise)
    store.remember(exercise, 10, 2, 1, "none")
    store.save()
    assert (store.is_skipped(exercise), store.has_passed(exercise)) == (False, True)
    monkeypatch.undo()
    assert store_of(kit).is_skipped(exercise)
    store.save()
    assert (store_of(kit).is_skipped(exercise), store_of(kit).has_passed(exercise)) == (False, True)


@pytest.mark.skipif(shutil.which("unshare") is None or os.geteuid() != 0, reason="a read-only disk takes a mount")
def test_a_disk_that_is_read_only_is_read_and_no_fault(kit: Kit) -> None:
    store_of(kit).skip(kit.curriculum.get(kit.name))
    script = f"mount --bind {kit.layout.root} {kit.layout.root} && mount -o remount,bind,ro {kit.layout.root} && "
    script += f"cd {kit.layout.root} && {sys.executable} -m grader hint scale && {sys.executable} -m grader list"
    env = {**os.environ, "PYTHONPATH": str(PACKAGE), "XDG_STATE_HOME": "/proc/nowhere"}
    done = subprocess.run(["unshare", "-m", "sh", "-c", script], env=env, capture_output=True, text=True, check=False)
    if "unshare" in done.stderr or "mount" in done.stderr:
        pytest.skip("this place allows no mounts")
    assert done.returncode == 0, done.stderr
    assert "Hint 1 of 2" in done.stdout
    assert "skipped" in done.stdout


def test_what_an_older_version_noted_is_taken_over_once(kit: Kit) -> None:
    store, exercise = store_of(kit), kit.curriculum.get(kit.name)
    noted = {"fingerprint": store.fingerprint(exercise), "points": 10, "tests": 2, "seed": 1, "tier": "none"}
    old = {"version": 1, "passes": {kit.name: noted}, "hints": {kit.name: 1}}
    kit.layout.state.mkdir()
    (kit.layout.state / "state.json").write_text(json.dumps(old))
    taken = store_of(kit)
    assert taken.has_passed(exercise)
    taken.forget(exercise)
    assert taken.next_hint(exercise) == 2
    taken.save()
    again = store_of(kit)
    assert (again.has_passed(exercise), again.next_hint(exercise)) == (False, 2)


def test_looking_again_sees_what_another_run_has_noted(kit: Kit) -> None:
    one, other = store_of(kit), store_of(kit)
    exercise = kit.curriculum.get(kit.name)
    other.skip(exercise)
    assert not one.is_skipped(exercise)
    one.look_again()
    assert one.is_skipped(exercise)


def test_to_list_makes_no_file_where_there_is_nothing_to_note(kit: Kit) -> None:
    began = time.time()
    assert grader(kit.layout.root, "list").returncode == 0
    assert not kit.layout.state.exists() or kit.layout.state.stat().st_mtime < began
