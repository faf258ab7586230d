"""Python finds the learner's exercises by their names, in the kit's own environment and in no other."""

from __future__ import annotations

import os
import subprocess
import sysconfig
import venv
from pathlib import Path

import pytest
from miniature import Kit
from running import PACKAGE, grader

from grader.learner.import_path import FILE


@pytest.fixture
def python(course: Kit) -> Path:
    """The Python of an environment in the kit's folder. Both exercises are there, without torch."""
    venv.create(course.layout.root / ".venv", symlinks=True)
    course.file.write_text("def double(x):\n    return 2 * x\n")
    twice = course.layout.exercise_file("ch1_mini/twice")
    twice.write_text("from ch1_mini.scale import double\n\nprint(double(double(10)))\n")
    return course.layout.root / ".venv" / "bin" / "python"


def run(python: Path, *arguments: str, folder: Path | None = None) -> subprocess.CompletedProcess[str]:
    """With this program and what it needs in reach, as if they were installed there."""
    reach = os.pathsep.join([str(PACKAGE), sysconfig.get_path("purelib")])
    environment = {**os.environ, "PYTHONPATH": reach, "NO_COLOR": "1"}
    cwd = folder or python.parents[2]
    return subprocess.run([python, *arguments], cwd=cwd, env=environment, capture_output=True, text=True, check=False)


def test_after_a_check_the_exercises_are_found(python: Path) -> None:
    before = run(python, "-c", "import ch1_mini.scale")
    assert "No module named 'ch1_mini'" in before.stderr
    run(python, "-m", "grader", "check", "ch1_mini/essay")
    done = run(python, "-c", "import ch1_mini.scale; print(ch1_mini.scale.double(21))")
    assert (done.stdout, done.stderr) == ("42\n", "")
    by_path = run(python, "exercises/ch1_mini/twice.py")
    assert (by_path.stdout, by_path.stderr) == ("40\n", "")
    from_its_folder = run(python, "twice.py", folder=python.parents[2] / "exercises" / "ch1_mini")
    assert from_its_folder.stdout == "40\n"


def test_what_a_program_puts_on_its_path_goes_before(python: Path) -> None:
    """Where authors have the solutions on the path, these are meant."""
    run(python, "-m", "grader", "check", "ch1_mini/essay")
    program = "import sys; sys.path.insert(0, 'solutions'); import ch1_mini.essay_; print(ch1_mini.essay_.here)"
    (python.parents[2] / "solutions" / "ch1_mini" / "essay_.py").write_text("here = 'solutions'\n")
    (python.parents[2] / "exercises" / "ch1_mini" / "essay_.py").write_text("here = 'exercises'\n")
    assert run(python, "-c", program).stdout == "solutions\n"


def test_judging_processes_do_not_find_them_so(python: Path) -> None:
    run(python, "-m", "grader", "check", "ch1_mini/essay")
    assert "No module named 'ch1_mini'" in run(python, "-P", "-c", "import ch1_mini.scale").stderr


def test_no_other_environment_is_touched(kit: Kit) -> None:
    file = Path(sysconfig.get_path("purelib"), FILE)
    before = file.read_text() if file.exists() else ""
    grader(kit.layout.root, "check", "scale")
    after = file.read_text() if file.exists() else ""
    assert after == before
    assert str(kit.layout.root) not in after
