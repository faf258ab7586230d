"""The kit's own tests of code that a stub gives, run on a copy of the solutions with a mutant in it.

They stand in `tests/kit/given`; KIT_SOLUTIONS tells them which tree to import from.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from grader.course.layout import Layout, file_in

VARIABLE = "KIT_SOLUTIONS"
SECONDS = 120.0
PASSED, FAILED, NOT_COLLECTED = 0, 1, 2  # as pytest ends


def given_tests_file(layout: Layout, exercise: str) -> Path:
    """The tests of what an exercise gives; most have none."""
    chapter, short = exercise.split("/")
    return layout.root / "tests" / "kit" / "given" / chapter / f"test_{short}.py"


def given_tests_pass(layout: Layout, exercise: str, source: str) -> bool:
    """Whether the tests of what the exercise gives pass with this text in the solution's place."""
    with tempfile.TemporaryDirectory(prefix="grader-given-") as folder:
        tree = Path(folder) / "solutions"
        shutil.copytree(layout.solutions, tree, ignore=shutil.ignore_patterns("__pycache__"))
        file_in(tree, exercise).write_text(source, encoding="utf-8")
        command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", "-p", "no:xdist"]
        try:
            done = subprocess.run(
                [*command, str(given_tests_file(layout, exercise))],
                cwd=layout.root,
                env={**os.environ, VARIABLE: str(tree), "PYTHONDONTWRITEBYTECODE": "1"},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return False
    return done.returncode == PASSED
