"""An import by a wrong road: what was written, and the line to write."""

from __future__ import annotations

import ast
import shutil

import pytest
from miniature import Kit
from running import PACKAGE, grader

from grader.course.import_lines import Course, meant_import
from grader.judge.job_builder import build_job
from grader.protocol.results import ExerciseResult

RIGHT = "def double(x):\n    return x + x\n\n\ndef halve(x):\n    return 0.5 * x\n"
BODY = "\n\n\ndef quadruple(x):\n    return double(double(x))\n"


def judged(course: Kit, head: str, scale: str = RIGHT) -> ExerciseResult:
    course.file.write_text(scale)
    course.layout.exercise_file("ch1_mini/twice").write_text(head + BODY)
    return course.judge_job(build_job(course.layout, course.curriculum.get("ch1_mini/twice"), seed=1))


@pytest.mark.parametrize(
    "head",
    [
        "from ch1_mini.scale import double",
        "from .scale import double",
        "from . import scale\n\ndouble = scale.double",
        "import ch1_mini.scale as s\n\ndouble = s.double",
        "from ch1_mini.scale import *",
        "try:\n    from exercises.ch1_mini.scale import double\n"
        "except ImportError:\n    from ch1_mini.scale import double",
    ],
)
def test_roads_that_lead_there(course: Kit, head: str) -> None:
    assert judged(course, head).verdict == "passed"


FROM = "from ch1_mini.scale import double"


@pytest.mark.parametrize(
    ("written", "line"),
    [
        ("from exercises.ch1_mini.scale import double", FROM),
        ("from solutions.ch1_mini.scale import double", FROM),
        ("from scale import double", FROM),
        ("from exercises.scale import double", FROM),
        ("from ..ch1_mini.scale import double", FROM),
        ("from .scle import double", FROM),
        ("from ch1.scale import double", FROM),
        ("from ch1_mni.scale import double", FROM),
        ("from ch1_mini.scle import double", FROM),
        ("from double import double", FROM),
        ("from exercises.ch1_mini.scale import duble as double", FROM.replace("double", "double as double")),
        ("from ch1_mini import scle", "from ch1_mini import scale"),
        ("from ch1 import scale", "from ch1_mini import scale"),
        ("from exercises import scale", "from ch1_mini import scale"),
        ("import scale", "from ch1_mini import scale"),
        ("import exercises.ch1_mini.scale as s", "import ch1_mini.scale as s"),
    ],
)
def test_a_road_that_leads_nowhere_names_the_right_one(course: Kit, written: str, line: str) -> None:
    result = judged(course, written)
    assert result.verdict == "failed"
    assert result.problem is not None
    assert result.problem.message == (
        f"exercises/ch1_mini/twice.py could not be imported. `{written}` finds no part of the course."
    )
    assert result.problem.advice == f"Write `{line}`."


@pytest.mark.parametrize(
    ("head", "says", "advice"),
    [
        (
            "from ch1_mini.scale import duble",
            "`duble` is not defined in ch1_mini/scale.py.",
            "Did you mean `double`? Write `from ch1_mini.scale import double`.",
        ),
        (
            "from ch1_mini.scale import rotate",
            "`rotate` is not defined in ch1_mini/scale.py.",
            "It defines `double`, `halve`.",
        ),
        ("from ch1_mini.twice import quadruple", "ch1_mini/twice.py imports `quadruple` from itself.", "Remove"),
        ("import pandas as pd_", "This kit does not have `pandas`.", "The course needs no libraries but torch, numpy"),
        ("from einopss import rearrange", "This kit does not have `einopss`.", "The course needs"),
        ("from google.colab import drive", "This kit does not have `google.colab`.", "The course needs"),
        ("import tensorflow.keras", "This kit does not have `tensorflow.keras`.", "The course needs"),
        ("import nunpy", "There is no module `nunpy` here.", "Did you mean `numpy`?"),
        ("import torch.nn.functionl", "`torch` is there, but there is no module `torch.nn.functionl` in it.", "Look"),
        ("from torch import Tensr", "`torch` has no `Tensr`.", "Look for its name's spelling."),
        (
            "import importlib\nimportlib.import_module('exercises.ch1_mini.scale')",
            "`exercises` finds no part of the course.",
            "A part is imported by its chapter and its name",
        ),
    ],
)
def test_what_is_not_there_is_said(course: Kit, head: str, says: str, advice: str) -> None:
    result = judged(course, head)
    assert result.verdict == "failed"
    assert result.problem is not None
    assert result.problem.message == f"exercises/ch1_mini/twice.py could not be imported. {says}"
    assert result.problem.advice.startswith(advice)


def test_only_names_that_are_meant_for_others_are_listed(course: Kit) -> None:
    """Neither what Python gives every module nor what begins with an underscore, nor libraries among the values."""
    scale = '"""Double."""\n__all__ = ["double"]\n_factor = 2\n' + RIGHT
    result = judged(course, "import math\nn = 3\nfrom ch1_mini.scale import rotate", scale)
    assert result.problem is not None
    assert result.problem.advice == "It defines `double`, `halve`."
    assert result.problem.frames[-1].locals == (("n", "3"),)
    result = judged(course, "from ch1_mini.scale import rotate", "_factor = 2\n")
    assert result.problem is not None
    assert result.problem.advice == "It defines nothing that another file needs."


def test_a_misspelt_attribute_of_a_part_is_said(course: Kit) -> None:
    (test,) = judged(course, "import ch1_mini.scale as s\n\n\ndef double(x):\n    return s.duble(x)").tests
    assert test.failure is not None
    assert test.failure.message == "`duble` is not defined in ch1_mini/scale.py."
    assert "Did you mean `double`?" in test.failure.advice


def test_an_import_inside_of_a_function_is_told_as_well(course: Kit) -> None:
    (test,) = judged(
        course, "def double(x):\n    from solutions.ch1_mini.scale import double\n    return double(x)"
    ).tests
    assert test.failure is not None
    assert test.failure.advice == f"Write `{FROM}`."


def test_two_files_that_import_each_other(course: Kit) -> None:
    result = judged(course, FROM, "from ch1_mini.twice import quadruple\n" + RIGHT)
    assert (result.verdict, result.problem is not None) == ("failed", True)
    assert result.problem is not None
    assert "ch1_mini/scale.py and ch1_mini/twice.py import each other, so `quadruple`" in result.problem.message


def test_a_part_whose_file_is_gone(course: Kit) -> None:
    course.layout.exercise_file("ch1_mini/twice").write_text(FROM + BODY)
    course.file.unlink()
    result = course.judge_job(build_job(course.layout, course.curriculum.get("ch1_mini/twice"), seed=1))
    assert result.problem is not None
    assert "ch1_mini/scale.py is a part of the course, but its file is not here." in result.problem.message


def test_the_kits_own_folder_is_no_road(course: Kit) -> None:
    """Where the kit is on the search path, as an editable install puts it there, a learner's check took a road that
    leads nowhere when the same file is scored."""
    course.file.write_text(RIGHT)
    course.layout.exercise_file("ch1_mini/twice").write_text("from exercises.ch1_mini.scale import double" + BODY)
    shutil.copytree(PACKAGE / "grader", course.layout.root / "grader", ignore=shutil.ignore_patterns("__pycache__"))
    done = grader(course.layout.root, "check", "twice", env={"PYTHONPATH": str(course.layout.root)})
    assert done.returncode == 1
    assert "Write `from ch1_mini.scale import double`." in " ".join(done.stdout.split())


# -- the line, without a kit around it --------------------------------------------------------------------

NAMES = {
    "ch2_words/embedding": ("Embedding",),
    "ch3_attention/softmax": ("softmax",),
    "ch3_attention/masks": ("causal_mask", "padding_mask"),
    "ch5_models/concepts": (),
    "ch7_use/concepts": (),
}


def line_for(written: str, own: str = "ch4_blocks/blocks", more: str = "") -> str | None:
    tree = ast.parse(written + "\n" + more)
    node = tree.body[0]
    assert isinstance(node, ast.Import | ast.ImportFrom)
    return meant_import(node, Course(tuple(NAMES), own, lambda name: NAMES[name]), tree)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("import softmax", "from ch3_attention.softmax import softmax"),
        ("from softmax import softmax as s", "from ch3_attention.softmax import softmax as s"),
        ("from exercises.ch3_attention.masks import casual_mask", "from ch3_attention.masks import causal_mask"),
        ("from ...ch3.softmax import softmax", "from ch3_attention.softmax import softmax"),
        (
            "from attention import padding_mask, causal_mask",
            "from ch3_attention.masks import padding_mask, causal_mask",
        ),
        ("import concepts", "from ch5_models import concepts"),
        ("import numpy", None),
        ("from transformers import BertModel", None),
        ("import tokenizers, pandas", None),
        ("import embeddings", "from ch2_words import embedding"),
    ],
)
def test_the_line_that_was_meant(written: str, expected: str | None) -> None:
    assert line_for(written) == expected


def test_a_module_that_is_used_as_one_stays_one() -> None:
    assert line_for("import softmax", more="y = softmax.softmax(x)") == "from ch3_attention import softmax"


def test_of_two_of_one_name_the_nearer_one_is_meant() -> None:
    assert line_for("import concepts", own="ch7_use/other") == "from ch7_use import concepts"
