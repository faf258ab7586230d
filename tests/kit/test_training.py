"""`grader train`: the learner's own loop, with progress, on a device that is there."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from running import PACKAGE, grader


@pytest.fixture
def solved(tmp_path: Path) -> Path:
    """The kit with every exercise solved."""
    shutil.copytree(PACKAGE / "solutions", tmp_path / "exercises", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(PACKAGE / "data", tmp_path / "data")
    shutil.copytree(PACKAGE / "tests" / "graded", tmp_path / "tests" / "graded")
    return tmp_path


def test_training_shows_its_progress_and_goes_on_from_a_checkpoint(solved: Path) -> None:
    done = grader(solved, "train", "--steps", "12", "--checkpoint", "run.pt")
    assert done.returncode == 0, done.stderr
    assert "step 12 of 12  loss " in done.stderr
    assert "floor 0.502" in done.stderr
    assert "held-out text: " in done.stdout
    assert (solved / "losses.png").read_bytes().startswith(b"\x89PNG")
    assert grader(solved, "train", "--steps", "12", "--checkpoint", "run.pt").stderr == ""


def test_a_device_that_is_not_there_is_told(solved: Path) -> None:
    done = grader(solved, "train", "--device", "abacus")
    assert done.returncode == 2
    assert "there is no device 'abacus' here" in done.stderr
    assert "cpu" in done.stderr


def test_stubs_cannot_be_trained(solved: Path) -> None:
    shutil.copy(PACKAGE / "exercises" / "ch6_training" / "train.py", solved / "exercises" / "ch6_training" / "train.py")
    done = grader(solved, "train")
    assert done.returncode == 2
    assert "still to do" in done.stderr


def test_what_torch_has_not_implemented_is_not_called_a_stub(solved: Path) -> None:
    gpt = solved / "exercises" / "ch5_models" / "gpt.py"
    gpt.write_text(gpt.read_text().replace("def forward(", "def foward("))
    done = grader(solved, "train", "--steps", "12")
    assert "still to do" not in done.stderr
    assert 'is missing the required "forward" function' in done.stderr
