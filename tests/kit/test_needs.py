"""What a file rests on is found out of its text, and laid out for it wherever it is judged."""

from __future__ import annotations

from pathlib import Path

import pytest
from miniature import Kit
from running import grader
from test_scoring import RIGHT, TWICE, hand_in, score

from grader.course.imports import imported, uses
from grader.learner.progress import ProgressStore

THIRD = '\n[thrice]\ntitle = "Three times"\nhints = ["Add."]\n'
THIRD_SOLUTION = '''"""# Three times"""

import torch


def triple(x: torch.Tensor) -> torch.Tensor:
    """Three times."""
    # TODO: add.
    return x + x + x
'''
THIRD_SUITE = (
    '"""Three times."""\n\n\ndef test_triple(student, draw, expect):\n    """It is three times as large."""\n'
    "    x = draw.normal(3)\n    expect.close(student.triple(x), 3 * x)\n"
)
BY_DOUBLE = "from ch1_mini.scale import double\n\n\ndef triple(x):\n    return double(x) + x\n"


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("from ch3_attention.softmax import softmax", "ch3_attention/softmax"),
        ("    from ch3_attention.softmax import softmax as s  # later", "ch3_attention/softmax"),
        ("import ch3_attention.softmax as s", "ch3_attention/softmax"),
        ("import math, ch3_attention.softmax", "ch3_attention/softmax"),
        ("from ch3_attention import masks, softmax", "ch3_attention/softmax"),
        ("from ch3_attention import (\n    masks,  # both\n    softmax as s,\n)", "ch3_attention/softmax"),
        ("from ch3_attention import masks, \\\n    softmax", "ch3_attention/softmax"),
        ("from .softmax import softmax", "ch3_attention/softmax"),
        ("from . import softmax", "ch3_attention/softmax"),
        ("x = 1; y = 2\r\nfrom ch3_attention.softmax import *\r\n", "ch3_attention/softmax"),
    ],
)
def test_an_import_is_found_however_it_is_written(source: str, expected: str) -> None:
    assert expected in set(imported(source.encode(), "ch3_attention"))


def test_words_are_no_imports() -> None:
    source = b"important = 'from here'\n# from ch3_attention.softmax import softmax\nfromage = 1\n"
    assert set(imported(source, "ch3_attention")) == set()


def with_third(kit: Kit) -> None:
    chapter = kit.layout.chapter_file("ch1_mini")
    chapter.write_text(chapter.read_text() + THIRD)
    kit.layout.solution_file("ch1_mini/thrice").write_text(THIRD_SOLUTION)
    kit.layout.suite_file("ch1_mini/thrice").write_text(THIRD_SUITE)
    kit.sync()


def test_a_part_that_the_reference_does_not_use_is_there_when_scored(course: Kit, people: Path) -> None:
    with_third(course)
    hand_in(people, "ada", scale=RIGHT, twice=TWICE, thrice=BY_DOUBLE)
    hand_in(people, "ben", scale=RIGHT.replace("x + x", "x"), thrice=BY_DOUBLE)
    hand_in(people, "cy", thrice=BY_DOUBLE)
    rows, _ = score(course, people)
    assert [row["ch1_mini/thrice"] for row in rows] == ["10", "0", "0"]


def test_the_reference_stands_in_for_what_is_needed_and_for_nothing_else(course: Kit, people: Path) -> None:
    """Who imports an exercise that is not needed would be given its solution."""
    with_third(course)
    answer = "from ch1_mini.thrice import triple\n\n\ndef quadruple(x):\n    return triple(x) + x\n"
    hand_in(people, "eve", scale=RIGHT.replace("x + x", "x"), twice=answer)
    rows, _ = score(course, people)
    assert rows[0]["ch1_mini/twice"] == "0"


def test_a_remembered_pass_ends_when_what_it_imports_changes(kit: Kit) -> None:
    with_third(kit)
    root = kit.layout.root
    kit.file.write_text(RIGHT)
    kit.layout.exercise_file("ch1_mini/thrice").write_text(BY_DOUBLE)
    assert "thrice" in grader(root, "check", "thrice").stdout
    assert "unchanged" in grader(root, "check", "thrice").stdout
    kit.file.write_text(RIGHT.replace("x + x", "x"))
    done = grader(root, "check", "thrice")
    assert done.returncode == 1, done.stdout


@pytest.mark.parametrize(
    ("twice", "rests"),
    [
        ("from ch1_mini.scale import double\n\n\ndef quadruple(x):\n    return double(double(x))\n", True),
        ("import importlib\n\nscale = importlib.import_module('ch1_mini.scale')\n", True),
        ("def quadruple(x):\n    return 4 * x  # not ch1_mini.scale\n", False),
    ],
)
def test_a_pass_rests_on_what_the_file_uses_not_on_all_that_it_might(kit: Kit, twice: str, rests: bool) -> None:
    kit.add_second()
    kit.sync()
    kit.layout.exercise_file("ch1_mini/twice").write_text(twice)
    exercise = kit.curriculum.get("ch1_mini/twice")
    before = ProgressStore(kit.layout, kit.curriculum).fingerprint(exercise)
    kit.file.write_text(RIGHT)
    assert (ProgressStore(kit.layout, kit.curriculum).fingerprint(exercise) != before) is rests


def test_a_pass_rests_on_what_its_suite_asks_for(kit: Kit) -> None:
    kit.add_second()
    kit.sync()
    kit.layout.exercise_file("ch1_mini/twice").write_text("def quadruple(x):\n    return 4 * x\n")
    suite = kit.layout.suite_file("ch1_mini/twice")
    suite.write_text(suite.read_text() + "\n\nSCALE = 'ch1_mini.scale'\n")
    exercise = kit.curriculum.get("ch1_mini/twice")
    before = ProgressStore(kit.layout, kit.curriculum).fingerprint(exercise)
    kit.file.write_text(RIGHT)
    assert ProgressStore(kit.layout, kit.curriculum).fingerprint(exercise) != before


def test_a_part_of_a_part_counts_as_well(kit: Kit) -> None:
    kit.add_second()
    with_third(kit)
    names = {"ch1_mini/thrice": ["ch1_mini/twice"], "ch1_mini/twice": ["ch1_mini/scale", "torch"]}
    found = uses(kit.curriculum, kit.curriculum.get("ch1_mini/thrice"), lambda item: names.get(item.name, []))
    assert [item.short for item in found] == ["scale", "twice"]


def test_a_need_that_is_not_declared_is_told(kit: Kit) -> None:
    with_third(kit)
    path = kit.layout.solution_file("ch1_mini/thrice")
    path.write_text(THIRD_SOLUTION.replace("import torch\n", "import torch\nfrom ch1_mini.scale import double\n"))
    done = grader(kit.layout.root, "dev", "check", "thrice", "--seeds", "1")
    assert "ch1_mini/thrice: its solution imports ch1_mini/scale, which is not among its `prerequisites`" in done.stdout
