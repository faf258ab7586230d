"""A kit in a folder whose name means something elsewhere: to pytest, a shell, a pattern, a page, another alphabet."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from miniature import Kit
from running import PACKAGE, grader

from grader.judge.client import Judge
from grader.judge.job_builder import build_job
from grader.protocol.results import SuiteFinished
from grader.tester.process import judge_here
from grader.tester.worker_connection import unescaped

TWICE = "from ch1_mini.scale import double\n\n\ndef quadruple(x):\n    return double(double(x))\n"
NAMES = ('-br[v1] 50% of $HOME::x #1 ~ it\'s "q" a?b* x\\y;a&b Übung наука 练习', "venv", f"{'d' * 130}/{'e' * 130}")


@pytest.fixture(params=NAMES, ids=lambda name: name[:30])
def named(request: pytest.FixtureRequest, tmp_path: Path, judge: Judge) -> Kit:
    """A kit of two exercises that are done, in a folder of this name."""
    kit = Kit(tmp_path / request.param, judge)
    kit.add_second()
    kit.sync()
    shutil.copyfile(kit.layout.solution_file(kit.name), kit.file)
    kit.layout.exercise_file("ch1_mini/twice").write_text(TWICE)
    return kit


@pytest.mark.parametrize("options", [(), ("--debug",), ("--spawn",)], ids=["plain", "debug", "spawn"])
def test_check(named: Kit, options: tuple[str, ...]) -> None:
    done = grader(named.layout.root, "check", "--no-cache", *options)
    more = [line for line in done.stderr.splitlines() if not line.endswith(" tests")]  # progress, where it is slow
    assert (done.returncode, more) == (0, [])
    assert "2 of 2 exercises passed" in done.stdout


def test_score(named: Kit) -> None:
    people, out = named.layout.root / "class [1]", named.layout.root / "out #1% ?"
    (people / "ada [x]%").mkdir(parents=True)
    shutil.copyfile(named.file, people / "ada [x]%" / "scale.py")
    done = grader(named.layout.root, "score", str(people), "--out", str(out), "--only", "scale", "--pattern", "plain")
    assert done.returncode == 0, done.stderr
    assert "on average 10.0 of 10 points" in done.stdout
    assert (out / "feedback" / "ada [x]%.html").exists()
    assert 'href="feedback/ada%20%5Bx%5D%25.html"' in (out / "class.html").read_text()


def test_dev_check(named: Kit) -> None:
    named.sync()
    done = grader(named.layout.root, "dev", "check", "scale", "--seeds", "1")
    row = next(line for line in done.stdout.splitlines() if line.startswith("ch1_mini/scale"))
    assert row.split()[1:5] == ["2", "2", "2", "0"]  # mistakes, caught, named, named wrongly
    assert "the solution" not in done.stdout and "the stub" not in done.stdout


def test_release(named: Kit) -> None:
    root = named.layout.root
    for name in ("Makefile", "README.md", "constraints.txt", "pyproject.toml", "docs/json.md"):
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_text("x\n")
    shutil.copyfile(PACKAGE / "docs" / "architecture.md", root / "docs" / "architecture.md")
    (root / "data").mkdir()
    done = grader(root, "release", "--out", str(root / "kit [2]"))
    assert done.returncode == 0, done.stderr
    kit = root / "kit [2]"
    shutil.copyfile(named.file, kit / "exercises" / "ch1_mini" / "scale.py")
    command = [sys.executable, "-m", "grader", "check", "scale"]
    checked = subprocess.run(
        command, cwd=kit, capture_output=True, text=True, check=False, env={**os.environ, "PYTHONPATH": str(kit)}
    )
    assert checked.returncode == 0, checked.stderr
    assert "ch1_mini/scale  passed" in checked.stdout


def test_the_place_of_an_endless_loop_is_found(named: Kit) -> None:
    """The system writes letters beyond ASCII as escapes; such a file was then taken for none of the learner's."""
    named.write("while True:\n    pass")
    (wrong,) = (test for test in named.judge().tests if test.verdict == "timeout")
    assert wrong.failure is not None and wrong.failure.place is not None
    assert wrong.failure.place.file == "exercises/ch1_mini/scale.py"
    assert "It was in double." in wrong.failure.message


def test_a_stub_is_to_do(named: Kit) -> None:
    named.write("raise NotImplementedError")
    assert named.judge().verdict == "todo"


def test_under_debug_the_working_folder_stays(kit: Kit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    kit.write("import os\nassert os.getcwd() == " + repr(str(tmp_path)) + "\nreturn 2 * x")
    end = judge_here(build_job(kit.layout, kit.curriculum.get(kit.name), seed=1))[-1]
    assert isinstance(end, SuiteFinished) and end.result.verdict == "passed"
    assert Path.cwd() == tmp_path


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("/kit/\\xdcbung/a.py", "/kit/Übung/a.py"),
        ("/\\u043d\\U0001f600.py", "/н😀.py"),
        ("/x\\y\\x4.py", "/x\\y\\x4.py"),
        ("\\Uffffffff", "\ufffd"),
    ],
)
def test_letters_that_were_written_as_escapes(written: str, name: str) -> None:
    assert unescaped(written) == name
