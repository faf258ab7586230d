"""`grader dev new`: the first lines of an exercise, which already run and pass."""

from __future__ import annotations

import re
from pathlib import Path

from grader.course.curriculum import EXERCISE_NAME, Curriculum
from grader.course.files import write_atomically
from grader.course.layout import Layout
from grader.errors import UsageError

SOLUTION = '''"""# {title}

The idea in a few sentences.

| name | shape |
|---|---|
| `x` | any shape |

By hand: `{name}` of `[1, 2]` is `[2, 4]`.

Source: the paper and its section.
"""

import torch
from jaxtyping import Float
from torch import Tensor


def {name}(x: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
    """Twice each element.

    >>> {name}(torch.tensor([1.0, 2.0]))
    tensor([2., 4.])
    """
    # TODO: multiply every element by two.
    return 2 * x
'''

SUITE = '''"""{title}."""


def test_each_element_is_doubled(student, draw, expect):
    """Every element comes back twice as large."""
    x = draw.normal(3, 5)
    expect.close(student.{name}(x), x + x)
'''

MISTAKES = """[[mistake]]
name = "squared"
find = "return 2 * x"
replace = "return x**2"
says = "The elements are squared; each is to be doubled."
"""

PROMISES = """[[promise]]
of = "{name}"
says = "Twice each element."
part = "idea"
tests = ["test_each_element_is_doubled"]
broken_by = ["squared"]
"""

PREDICTIONS = """[[question]]
ask = "What does `{name}(torch.tensor([1.5, -1.0]))` return? Two numbers."
code = "{name}(torch.tensor([1.5, -1.0])).tolist()"
answer = "[3.0, -2.0]"
why = "Every element is doubled, and its sign stays."

[[question]]
ask = "`x` has the shape `(2, 0, 3)`. What is the shape of `{name}(x)`?"
code = "tuple({name}(torch.ones(2, 0, 3)).shape)"
answer = "(2, 0, 3)"
why = "One value comes out for each that goes in, also where there is none."

[[question]]
ask = "What does `{name}(torch.tensor([3.0]))` return? One number."
code = "{name}(torch.tensor([3.0])).item()"
answer = "6.0"
why = "Twice three is six."
wrong = [{{ answer = "9.0", why = "That is three squared; each element is to be doubled." }}]
"""

TABLE = """
[{name}]
title = "{title}"
points = 10
prerequisites = []
hints = ["Which operator multiplies a tensor by a number?"]
"""


def scaffold(layout: Layout, curriculum: Curriculum, name: str, title: str | None) -> list[Path]:
    """Write solution, suite, mistakes, promises, predictions and table. Nothing that exists is overwritten."""
    match = re.fullmatch(r"(ch\d+_[a-z0-9_]+)/([a-z][a-z0-9_]*)", name)
    if match is None or not EXERCISE_NAME.match(match[2]):
        raise UsageError(f"{name!r} is not of the form ch3_attention/softmax")
    if any(exercise.name == name for exercise in curriculum.exercises):
        raise UsageError(f"{name} is there already")
    chapter, short = match[1], match[2]
    words = title or short.replace("_", " ").capitalize()
    files = {
        layout.solution_file(name): SOLUTION,
        layout.suite_file(name): SUITE,
        layout.mistakes_file(name): MISTAKES,
        layout.promises_file(name): PROMISES,
        layout.predictions_file(name): PREDICTIONS,
    }
    for path in files:
        if path.exists():
            raise UsageError(f"{layout.display_path(path)} is there already")
    for path, template in files.items():
        write_atomically(path, template.format(name=short, title=words))
    table = layout.chapter_file(chapter)
    before = table.read_text(encoding="utf-8") if table.exists() else f'title = "{chapter}"\n'
    write_atomically(table, before.rstrip("\n") + "\n" + TABLE.format(name=short, title=words))
    return [*files, table]
