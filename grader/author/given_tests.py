"""The kit's own tests of code that a stub gives, run on a copy of the solutions with a mutant in it.

They stand in `tests/kit/given`. KIT_SOLUTIONS tells them which tree to import from.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from grader.course.layout import Layout, file_in
from grader.errors import GraderError

RUNNER = Path(__file__).with_name("given_runner.py")
PASSED = 0  # as pytest ends
SECONDS = 60.0


def given_tests_file(layout: Layout, exercise: str) -> Path:
    """The tests of what an exercise gives; most have none."""
    chapter, short = exercise.split("/")
    return layout.root / "tests" / "kit" / "given" / chapter / f"test_{short}.py"


class GivenTests:
    """Use it as a context: the process that runs the tests ends with it."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout

    def __enter__(self) -> GivenTests:
        self.process = subprocess.Popen(
            [sys.executable, "-I", str(RUNNER)],
            cwd=self.layout.root,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.communicate()

    def pass_with(self, exercise: str, source: str) -> bool:
        """Whether the tests of what the exercise gives pass with this text in the solution's place."""
        with tempfile.TemporaryDirectory(prefix="grader-given-") as folder:
            tree = Path(folder) / "solutions"
            shutil.copytree(self.layout.solutions, tree, ignore=shutil.ignore_patterns("__pycache__"))
            file_in(tree, exercise).write_text(source, encoding="utf-8")
            tests = given_tests_file(self.layout, exercise)
            return self._ask({"tests": str(tests), "solutions": str(tree), "seconds": SECONDS}) == PASSED

    def _ask(self, question: dict[str, str | float]) -> int:
        assert self.process.stdin is not None and self.process.stdout is not None
        with contextlib.suppress(BrokenPipeError):  # the missing answer tells it
            self.process.stdin.write(json.dumps(question) + "\n")
            self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            raise GraderError("the process that runs the tests of given code has ended", f"`python {RUNNER}` says why")
        return int(answer)
