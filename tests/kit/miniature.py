"""A miniature kit of one exercise, to try the judge and the commands on."""

from __future__ import annotations

from pathlib import Path

from grader.author.laws import sync
from grader.course.curriculum import load_curriculum
from grader.course.layout import Layout
from grader.course.source import first_problem
from grader.judge.client import Judge
from grader.judge.job_builder import build_job
from grader.judge.unreadable import unreadable_result
from grader.protocol.jobs import Job
from grader.protocol.results import Event, ExerciseResult, TestResult

SOLUTION = '''"""# Double and halve

Twice and half of each element.
"""

import torch
from jaxtyping import Float
from torch import Tensor


def double(x: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
    """Twice each element."""
    # TODO: multiply by two.
    return 2 * x


def halve(x: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
    """Half of each element."""
    # TODO: divide by two.
    return x / 2
'''

SUITE = '''"""Double and halve."""


def test_double(student, draw, expect):
    """Every element comes back twice as large."""
    x = draw.normal(3, 5)
    expect.close(student.double(x), x + x)


def test_halve(student, draw, expect):
    """Every element comes back half as large."""
    x = draw.normal(4, 2)
    expect.close(student.halve(x), x / 2)
'''

MISTAKES = """[[mistake]]
name = "squared"
find = "return 2 * x"
replace = "return x**2"
says = "The elements are squared; each is to be doubled."

[[mistake]]
name = "subtracted"
find = "return x / 2"
replace = "return x - 2"
says = "Two is subtracted; each element is to be halved."
"""

PROMISES = """[[promise]]
of = "double"
says = "Twice each element."
part = "idea"
tests = ["test_double"]
broken_by = ["squared"]

[[promise]]
of = "halve"
says = "Half of each element."
part = "idea"
tests = ["test_halve"]
broken_by = ["subtracted"]
"""

PREDICTIONS = """[[question]]
ask = "What does `double` make of `x`? Two numbers."
given = "x = torch.tensor([1.5, -1.0])"
code = "double(x).tolist()"
answer = "[3.0, -2.0]"
why = "The sign stays."
wrong = [{ answer = "[2.25, 1.0]", why = "That is each element squared." }]

[[question]]
ask = "What is the shape of `halve(x)` for an `x` of the shape `(2, 3)`?"
code = "tuple(halve(torch.ones(2, 3)).shape)"
answer = "(2, 3)"
why = "One value comes out for each that goes in."

[[question]]
ask = "Does `double` change the tensor that it is given?"
code = "(double(ones := torch.ones(2)), bool((ones != 1).any()))[1]"
answer = "False"
why = "It makes a new one."
"""

CHAPTER = """title = "A miniature"

[scale]
title = "Double and halve"
points = 10
time_limit = 2
memory_limit_mb = 512
hints = ["Which operator multiplies a tensor by a number?", "It is `*`."]
"""


SECOND = """
[twice]
title = "Four times"
points = 5
prerequisites = ["scale"]
hints = ["Call it twice."]
"""
SECOND_SOLUTION = '''"""# Four times

Twice, twice.
"""

from ch1_mini.scale import double
from jaxtyping import Float
from torch import Tensor


def quadruple(x: Float[Tensor, "n"]) -> Float[Tensor, "n"]:
    """Four times each element."""
    # TODO: double twice.
    return double(double(x))
'''
SECOND_SUITE = '''"""Four times."""


def test_quadruple(student, draw, expect):
    """Every element comes back four times as large."""
    x = draw.normal(6)
    expect.close(student.quadruple(x), 4 * x)
'''


class Kit:
    """A kit in a folder of its own. `write` puts a learner's file in place, `judge` says what becomes of it."""

    name = "ch1_mini/scale"

    def __init__(self, root: Path, judge: Judge) -> None:
        self.layout = Layout(root)
        self._judge = judge
        for path, text in (
            (self.layout.solution_file(self.name), SOLUTION),
            (self.layout.suite_file(self.name), SUITE),
            (self.layout.mistakes_file(self.name), MISTAKES),
            (self.layout.promises_file(self.name), PROMISES),
            (self.layout.predictions_file(self.name), PREDICTIONS),
            (self.layout.chapter_file("ch1_mini"), CHAPTER),
        ):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        self.sync()

    def add_second(self, more: str = "") -> None:
        """A second exercise, `ch1_mini/twice`, that needs the first, and `more` tables. What follows is `sync`."""
        self.layout.chapter_file("ch1_mini").write_text(CHAPTER + SECOND + more, encoding="utf-8")
        self.layout.solution_file("ch1_mini/twice").write_text(SECOND_SOLUTION, encoding="utf-8")
        self.layout.suite_file("ch1_mini/twice").write_text(SECOND_SUITE, encoding="utf-8")

    def sync(self) -> None:
        """Read the chapter anew and derive its stubs."""
        self.curriculum = load_curriculum(self.layout)
        sync(self.layout, self.curriculum)

    def define(self, names: str, exercise: str = name) -> None:
        """Let the stub define more: a suite may ask a learner's file for nothing else."""
        path = self.layout.solution_file(exercise)
        path.write_text(path.read_text(encoding="utf-8") + names, encoding="utf-8")

    @property
    def file(self) -> Path:
        return self.layout.exercise_file(self.name)

    def write(self, double: str, head: str = "") -> None:
        """A learner's file whose `double` has this body; `halve` is right."""
        body = "\n".join("    " + line for line in double.splitlines())
        text = f"import torch\n{head}\n\n\ndef double(x):\n{body}\n\n\ndef halve(x):\n    return x / 2\n"
        self.file.write_text(text, encoding="utf-8")

    def judge(self, seed: int = 1) -> ExerciseResult:
        """As `grader check` does it: look at the file first, then run the suite."""
        exercise = self.curriculum.get(self.name)
        display_path = self.layout.display_path(self.file)
        problem = first_problem(self.file, display_path, exercise)
        if problem is not None:
            return unreadable_result(exercise, problem, display_path, None, seed)
        return self.judge_job(build_job(self.layout, exercise, seed=seed))

    def judge_with(self, suite: str, text: str) -> ExerciseResult:
        """A learner's file by another suite than the kit's."""
        self.layout.suite_file(self.name).write_text(suite, encoding="utf-8")
        self.file.write_text(text, encoding="utf-8")
        return self.judge()

    def events_of(self, job: Job) -> list[tuple[int, Event]]:
        self._judge.submit(job)
        return list(self._judge.events())

    def judge_job(self, job: Job) -> ExerciseResult:
        return self._judge.judge(job)


def result_of(result: ExerciseResult, name: str) -> TestResult:
    return next(test for test in result.tests if test.name == name)
