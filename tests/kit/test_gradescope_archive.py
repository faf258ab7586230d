"""Gradescope's autograder archive, run as Gradescope runs it: whatever happens, there is a `results.json`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
from miniature import SOLUTION, Kit
from running import PACKAGE, grader

SQUARED = "def double(x):\n    return x * x\n\n\ndef halve(x):\n    return x / 2\n"


class Autograder:
    """The archive unpacked under a root of its own, in which `/autograder` lies."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.submission = root / "submission"
        self.results = root / "results" / "results.json"

    def run(self, **env: str) -> dict[str, Any]:
        done = subprocess.run(
            ["bash", str(self.root / "source" / "run_autograder")],
            env={**os.environ, "PYTHONPATH": str(PACKAGE), **env},
            cwd="/",
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        document: dict[str, Any] = json.loads(self.results.read_text())
        return document


@pytest.fixture
def autograder(kit: Kit, tmp_path: Path) -> Autograder:
    for name in ("pyproject.toml", "constraints.txt", "README.md"):
        (kit.layout.root / name).write_bytes((PACKAGE / name).read_bytes())
    archive = tmp_path / "autograder.zip"
    done = grader(kit.layout.root, "export", "gradescope", "--out", str(archive), "--only", "scale", "--seed", "11")
    assert done.returncode == 0, done.stderr
    root = tmp_path / "autograder"
    with zipfile.ZipFile(archive) as opened:
        opened.extractall(root / "source")
    for name in ("run_autograder", "setup.sh"):
        script = root / "source" / name
        script.write_text(script.read_text().replace("/autograder/", f"{root}/"))
    binaries = root / "venv" / "bin"
    binaries.mkdir(parents=True)
    (binaries / "python").symlink_to(sys.executable)
    (binaries / "grader").write_text(f'#!/bin/sh\nexec {sys.executable} -m grader "$@"\n')
    (binaries / "grader").chmod(0o755)
    found = Autograder(root)
    found.submission.mkdir()
    return found


@pytest.mark.parametrize(("text", "score"), [(SOLUTION, 10), (SQUARED, 5)])
def test_a_submission_is_judged(autograder: Autograder, text: str, score: int) -> None:
    (autograder.submission / "scale.py").write_text(text)
    (autograder.submission / "notes.pdf").write_bytes(b"%PDF")
    document = autograder.run()
    assert document["score"] == score
    assert len(document["tests"]) == 2


def test_file_names_of_another_system_are_no_class(autograder: Autograder) -> None:
    """A student may hand in what they got from Canvas: it is still one student's."""
    (autograder.submission / "lovelaceada_12345_678901_scale.py").write_text(SOLUTION)
    assert autograder.run()["score"] in (0, 10)


def test_an_empty_submission_has_results(autograder: Autograder) -> None:
    document = autograder.run()
    assert document["score"] == 0
    assert "nothing is in it" in json.dumps(document)


def test_without_a_sandbox_the_student_is_told_that_it_is_not_their_fault(autograder: Autograder) -> None:
    (autograder.submission / "scale.py").write_text(SOLUTION)
    binary = autograder.root / "venv" / "bin" / "grader"
    no_sandbox = "import grader.worker.sandbox.detection as d; d.detect = lambda: 'none'"
    run = "import sys; from grader.cli.entry import run; sys.exit(run(sys.argv[1:]))"
    binary.write_text(f'#!/bin/sh\nexec {sys.executable} -c "{no_sandbox}; {run}" "$@"\n')
    document = autograder.run()
    assert document["score"] == 0
    assert "This is not your fault" in document["output"]
    (test,) = document["tests"]
    assert test["visibility"] == "hidden"
    assert "no sandbox works on this machine" in test["output"]


@pytest.mark.parametrize("broken", ["grader", "python"])
def test_a_broken_installation_has_results(autograder: Autograder, broken: str) -> None:
    (autograder.submission / "scale.py").write_text(SOLUTION)
    (autograder.root / "venv" / "bin" / "grader").unlink()
    if broken == "python":
        (autograder.root / "venv" / "bin" / "python").unlink()
    document = autograder.run()
    assert document["score"] == 0
    assert "This is not your fault" in document["output"]


def test_a_suite_that_fails_has_results(autograder: Autograder) -> None:
    (autograder.submission / "scale.py").write_text(SOLUTION)
    suite = autograder.root / "source" / "kit" / "tests" / "graded" / "ch1_mini" / "test_scale.py"
    suite.write_text(suite.read_text() + "\nraise KeyError('the suite is wrong')\n")
    assert "suite is wrong" in json.dumps(autograder.run())


def test_the_whole_class_has_one_seed(autograder: Autograder) -> None:
    assert "--seed 11 " in (autograder.root / "source" / "run_autograder").read_text()


def test_the_set_up_brings_a_python_that_the_image_lacks(autograder: Autograder) -> None:
    """The default image's Python is 3.10: uv brings 3.11, and torch goes into the environment that is used."""
    text = (autograder.root / "source" / "setup.sh").read_text()
    assert "uv venv --python 3.11 " in text
    lines = [line for line in text.splitlines() if "pip install --python" in line]
    assert len(lines) == 2
    assert all(f"{autograder.root}/venv/bin/python" in line for line in lines)
    assert "torch==" in lines[0] and "/whl/cpu" in lines[0]
    for script in ("setup.sh", "run_autograder"):
        subprocess.run(["bash", "-n", str(autograder.root / "source" / script)], check=True)
