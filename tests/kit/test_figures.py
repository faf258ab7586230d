"""What an exercise's own code came to is shown once it has passed: small tables that its suite makes."""

from __future__ import annotations

import json

import pytest
from miniature import SUITE, Kit
from running import grader

from grader.protocol.results import Figures
from grader.render.figure_table import table_lines

LOSSES = Figures("Losses:", ("run", "healthy", "broken"), (("frozen", 2.68251, 2.8), ("dim_2", 2.5, float("inf"))))


@pytest.fixture
def measured(kit: Kit) -> Kit:
    """The miniature, whose suite shows figures."""
    shown = (
        '\n\ndef test_figures(student, figures):\n    """It is measured."""\n'
        "    rows = [[name, student.double(torch.tensor([n]))[0]] for name, n in (('one', 1.0), ('ten', 10.0))]\n"
        '    figures("What it came to:", ["value", "twice"], rows)\n'
    )
    kit.layout.suite_file(kit.name).write_text(f"import torch\n\n{SUITE}{shown}")
    return kit


def test_they_are_shown_after_a_pass(measured: Kit) -> None:
    measured.write("return 2 * x")
    done = grader(measured.layout.root, "check", "scale")
    assert done.stdout.startswith(
        "✓ ch1_mini/scale  passed  10 of 10 points\n"
        "  What it came to:\n"
        "    value   twice\n"
        "    one     2.000\n"
        "    ten    20.000\n"
    )


def test_they_are_not_shown_of_what_fails(measured: Kit) -> None:
    """Nor are those of the mistakes that are tried in its place."""
    measured.write("return x * x")
    done = grader(measured.layout.root, "check", "scale", "--json")
    (exercise,) = json.loads(done.stdout)["exercises"]
    assert exercise["figures"] == []
    assert exercise["verdict"] == "failed"


def test_json_has_them_as_they_were_measured(measured: Kit) -> None:
    measured.write("return 2 * x")
    (exercise,) = json.loads(grader(measured.layout.root, "check", "scale", "--json").stdout)["exercises"]
    table = {"title": "What it came to:", "columns": ["value", "twice"], "rows": [["one", 2.0], ["ten", 20.0]]}
    assert exercise["figures"] == [table]


def test_numbers_stand_under_their_names() -> None:
    assert table_lines(LOSSES, 40) == [
        "run     healthy  broken",
        "frozen    2.683   2.800",
        "dim_2     2.500     inf",
    ]


def test_a_narrow_terminal_has_a_line_for_each_row() -> None:
    assert table_lines(LOSSES, 20) == ["frozen: healthy 2.683, broken 2.800", "dim_2: healthy 2.500, broken inf"]


def test_columns_may_have_no_names() -> None:
    figures = Figures("Loss:", ("", ""), (("loss", 0.5), ("floor", 0.25)))
    assert table_lines(figures, 40) == ["loss   0.500", "floor  0.250"]
