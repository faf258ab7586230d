"""`grader try`: Python with the learner's own code, on a terminal and without one."""

from __future__ import annotations

import os
import pty
import re
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from miniature import Kit
from running import PACKAGE, grader

from grader.course.examples import Example, first_example
from grader.course.notebook_writing import write_notebook
from grader.learner.own_code import OwnCode

EXAMPLE = (
    '    """Twice each element.\n\n    >>> n = 20\n    >>> double(n + 1)\n    42\n    >>> double(0)\n    0\n    """'
)
CONTROL = re.compile(r"\x1b(\[[0-?]*[ -/]*[@-~]|\][^\x07]*\x07|[=>])")


@pytest.fixture
def told(kit: Kit) -> Kit:
    """The miniature, with an example in its docstring."""
    path = kit.layout.solution_file(kit.name)
    path.write_text(path.read_text().replace('    """Twice each element."""', EXAMPLE))
    kit.sync()
    return kit


# -- the example --------------------------------------------------------------------------------------


def test_the_first_example_goes_up_to_what_it_shows() -> None:
    assert first_example(f"def double(x):\n{EXAMPLE}\n") == Example("n = 20\ndouble(n + 1)", "42")


def test_the_first_example_of_the_file_counts_wherever_it_stands() -> None:
    method = 'class A:\n    def f(self):\n        """\n        >>> 1\n        1\n        """\n'
    assert first_example(f'{method}def g():\n    """\n    >>> 2\n    2\n    """\n') == Example("1", "1")


def test_a_file_may_have_no_example() -> None:
    assert first_example('def f():\n    """Nothing."""\n') is None


# -- without a terminal -------------------------------------------------------------------------------


def test_a_program_on_standard_input_has_the_exercises_names(kit: Kit) -> None:
    kit.write("return 2 * x")
    done = grader(kit.layout.root, "try", "scale", stdin="print(double(21), halve(torch.ones(1)).item(), __name__)\n")
    assert (done.stdout, done.stderr, done.returncode) == ("42 0.5 __main__\n", "", 0)


def test_a_stub_raises_as_python_does(kit: Kit) -> None:
    done = grader(kit.layout.root, "try", stdin="x = 1\ndouble(x)\n")
    lines = done.stderr.splitlines()
    assert lines[:2] == ["Traceback (most recent call last):", '  File "<stdin>", line 2, in <module>']
    assert lines[2] == f'  File "{kit.file}", line 14, in double'
    assert lines[-1] == "NotImplementedError"
    assert done.returncode == 1


@pytest.mark.parametrize(
    ("program", "code", "said"),
    [("raise SystemExit(4)", 4, ""), ("import sys; sys.exit('no more')", 1, "no more\n"), ("exit()", 0, "")],
)
def test_a_program_ends_with_its_own_code(kit: Kit, program: str, code: int, said: str) -> None:
    done = grader(kit.layout.root, "try", "scale", stdin=program)
    assert (done.returncode, done.stderr) == (code, said)


def test_a_file_that_does_not_parse_is_told_as_python_tells_it(kit: Kit) -> None:
    kit.file.write_text("def double(x):\n    return 2 * (x\n")
    done = grader(kit.layout.root, "try", "scale", stdin="double(1)")
    assert f'File "{kit.file}", line 2' in done.stderr
    assert "SyntaxError: '(' was never closed" in done.stderr
    assert done.returncode == 1


def test_a_notebook_that_counts_is_what_is_tried(course: Kit) -> None:
    """Also by a later part, which is a file: it is imported from the learner's own folder."""
    solved = course.layout.solution_file(course.name).read_text()
    course.file.with_suffix(".ipynb").write_text(write_notebook(solved, course.curriculum.get(course.name)))
    twice = course.layout.exercise_file("ch1_mini/twice")
    twice.write_text(course.layout.solution_file("ch1_mini/twice").read_text())
    program = "import ch1_mini.twice; print(quadruple(3), ch1_mini.twice.__file__)"
    done = grader(course.layout.root, "try", "twice", stdin=program)
    assert done.stdout == f"12 {twice}\n"


def test_the_cells_of_a_notebook_run_one_after_another(kit: Kit) -> None:
    """One that raises costs itself alone, here as in a check."""
    solved = kit.layout.solution_file(kit.name).read_text()
    broken = solved.replace("def halve", "1 / 0\n\n\ndef halve")
    kit.file.with_suffix(".ipynb").write_text(write_notebook(broken, kit.curriculum.get(kit.name)))
    before = list(sys.path), list(sys.meta_path)
    try:
        with OwnCode(kit.layout, kit.curriculum) as own:
            assert own.module(kit.name).double(4) == 8
    finally:
        sys.path[:], sys.meta_path[:] = before
        sys.modules.pop("ch1_mini.scale", None)


def test_a_text_cannot_be_tried(course: Kit) -> None:
    done = grader(course.layout.root, "try", "essay")
    assert done.returncode == 2
    assert done.stderr == "error: ch1_mini/essay is a text: there is nothing to try\n"


# -- on a terminal ------------------------------------------------------------------------------------


class Terminal:
    """A command on a terminal of its own: what it has shown since the last `shown`, and what is typed."""

    def __init__(self, screen: int, process: subprocess.Popen[bytes]) -> None:
        self.screen = screen
        self.process = process
        self.text = ""

    def type(self, text: str) -> None:
        os.write(self.screen, text.encode())

    def shown(self, wanted: str, seconds: float = 60) -> str:
        """All that was shown up to the text that is waited for."""
        end = time.monotonic() + seconds
        while wanted not in (seen := CONTROL.sub("", self.text).replace("\r", "")):
            assert time.monotonic() < end, f"{wanted!r} is not in {seen!r}"
            if select.select([self.screen], [], [], 0.2)[0]:
                self.text += os.read(self.screen, 65536).decode(errors="replace")
                if "\x1b[6n" in self.text:  # a prompt that asks where the cursor is
                    self.text = self.text.replace("\x1b[6n", "")
                    self.type("\x1b[1;1R")
        self.text = ""
        return seen

    def ended(self, seconds: float = 60) -> int | None:
        """The exit code. What is written until then is read: a terminal that nobody reads holds the program up."""
        end = time.monotonic() + seconds
        while self.process.poll() is None and time.monotonic() < end:
            if select.select([self.screen], [], [], 0.2)[0]:
                with suppress(OSError):
                    os.read(self.screen, 65536)
        return self.process.poll()


@contextmanager
def on_a_terminal(kit: Kit, *arguments: str) -> Iterator[Terminal]:
    screen, far = pty.openpty()
    environment = {**os.environ, "PYTHONPATH": str(PACKAGE), "IPYTHONDIR": str(kit.layout.root / "ipython")}
    command = [sys.executable, "-m", "grader", "try", *arguments]
    process = subprocess.Popen(
        command, cwd=kit.layout.root, stdin=far, stdout=far, stderr=far, start_new_session=True,
        env={**environment, "TERM": "xterm", "NO_COLOR": "1", "COLUMNS": "80"},
    )  # fmt: skip
    os.close(far)
    try:
        yield Terminal(screen, process)
    finally:
        process.kill()
        process.wait()
        os.close(screen)


def edited(path: Path, text: str) -> None:
    path.write_text(text)
    os.utime(path, (time.time() + 10, time.time() + 10))  # a later time, however coarse the clock of the disk


def test_ipython_has_the_example_typed_in_and_sees_edits(told: Kit) -> None:
    told.write("return 2 * x")
    with on_a_terminal(told, "scale") as terminal:
        start = terminal.shown("double(n + 1)")
        assert "ch1_mini/scale: your code in exercises/ch1_mini/scale.py\n" in start
        assert "A right answer gives:\n  42\n" in start
        terminal.type("\r")
        terminal.shown("Out[1]: 42")
        terminal.shown("In [2]:")
        edited(told.file, "def double(x):\n    return 3 * x\n")
        terminal.type("double(1000)\r")
        terminal.shown("Out[2]: 3000")


def test_pythons_own_prompt_has_it_line_by_line(told: Kit) -> None:
    told.write("return 2 * x")
    with on_a_terminal(told, "scale", "--plain") as terminal:
        start = terminal.shown(">>> n = 20")
        assert "After an edit, save the file and enter reload()." in start
        terminal.type("\r")
        terminal.shown(">>> double(n + 1)")
        terminal.type("\r")
        terminal.shown("\n42\n>>> ")
        edited(told.file, "def double(x):\n    return 3 * x\n")
        terminal.type("reload()\r")
        terminal.shown("\n>>> ")
        terminal.type("double(1000)\r")
        terminal.shown("\n3000\n>>> ")
        terminal.type("\x04")
        assert terminal.ended() == 0
