"""What a file takes out of other parts: an earlier one may use what a later one bans."""

from __future__ import annotations

from pathlib import Path

import pytest
from answer_files import CURRICULUM, LAYOUT

from grader.course.borrowing import Others, Part
from grader.course.cells import names_written
from grader.course.source import SourceProblem, problem_in
from grader.score.intake.collecting import collect
from grader.score.work import Workshop, make_work

EXERCISE = CURRICULUM.get("ch3_attention/self_attention")
NEEDED = "ch3_attention/scaled_dot_product"
HELPER = """from torch.nn import functional as F


def helper(q, k, v):
    return F.scaled_dot_product_attention(q, k, v)
"""
PROMISED = "\n\ndef scaled_dot_product(q, k, v, mask=None):\n    return q, k\n"
PARTS = {
    "ch2_embeddings/toy_lm": HELPER,
    NEEDED: HELPER + PROMISED,
    "ch3_attention/masks": "from ch2_embeddings.toy_lm import helper as causal\n",
    "ch2_embeddings/embedding": "def look_up(table, ids):\n    return table[ids]\n",
    "ch4_blocks/broken": "def (:\n",
}


def part(name: str) -> Part | None:
    stub = frozenset({"scaled_dot_product"}) if name == NEEDED else frozenset({"ToyLM"})
    return Part(PARTS[name], None, stub) if name in PARTS else None


def problem(text: str) -> SourceProblem | None:
    others = Others(CURRICULUM.needed_by(EXERCISE), part)
    return problem_in(text.encode(), "a.py", EXERCISE, None, others)


@pytest.mark.parametrize(
    "text",
    [
        "from ch2_embeddings.toy_lm import helper",
        "from ch2_embeddings.toy_lm import helper as attend",
        "from ch2_embeddings.toy_lm import *\n\ny = helper",
        "import ch2_embeddings.toy_lm\n\ny = ch2_embeddings.toy_lm.helper",
        "import ch2_embeddings.toy_lm as t\n\ny = t.helper",
        "import ch2_embeddings.toy_lm as t\n\nf = [t]",
        "from ch2_embeddings import toy_lm\n\ny = toy_lm.helper",
        "from ch3_attention.scaled_dot_product import helper",
        "from .scaled_dot_product import helper",
        "from . import scaled_dot_product as s\n\ny = s.helper",
        "from ch3_attention.scaled_dot_product import scaled_dot_product, helper",
        "from ch3_attention.masks import causal",
        "def f():\n    from ch2_embeddings.toy_lm import helper\n    return helper",
    ],
)
def test_a_helper_of_another_part_is_looked_at(text: str) -> None:
    found = problem(text)
    assert found is not None
    assert "taken from ch" in found.subject
    assert "stands in a file that uses torch.nn.functional.scaled_dot_product_attention" in found.predicate
    assert found.advice.startswith("Write what you need in this exercise's own file. Instead, ")
    assert found.line


@pytest.mark.parametrize(
    "text",
    [
        "from ch3_attention.scaled_dot_product import scaled_dot_product",
        "from .scaled_dot_product import scaled_dot_product as attend",
        "from ch3_attention.scaled_dot_product import *\n\ny = scaled_dot_product",
        "import ch3_attention.scaled_dot_product as s\n\ny = s.scaled_dot_product(1, 2, 3)",
        "from ch2_embeddings.embedding import look_up, anything",
        "from ch2_embeddings import embedding\n\ny = [embedding]",
        "from ch4_blocks.broken import x",
        "from ch5_models.not_handed_in import x",
        "import ch1_tokens\nimport numpy as np",
    ],
)
def test_what_a_stub_defines_and_what_bans_nothing_is_free(text: str) -> None:
    assert problem(text) is None


def test_a_circle_of_parts_comes_to_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(PARTS, "ch3_attention/masks", "from ch2_embeddings.embedding import a\n")
    monkeypatch.setitem(PARTS, "ch2_embeddings/embedding", "from ch3_attention.masks import a\n")
    assert problem("from ch3_attention.masks import causal") is None


def test_every_solution_takes_what_stubs_define() -> None:
    def solution(name: str) -> Part | None:
        path = LAYOUT.solution_file(name)
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        return Part(text, None, frozenset(names_written(text))) if text else None

    for exercise in CURRICULUM.graded:
        text = LAYOUT.solution_file(exercise.name).read_bytes()
        assert problem_in(text, "a.py", exercise, None, Others(CURRICULUM.needed_by(exercise), solution)) is None


def test_it_is_looked_at_in_what_is_handed_in(tmp_path: Path) -> None:
    for path, text in (
        ("ch2_embeddings/toy_lm.py", f"{HELPER}\n\nclass ToyLM:\n    pass\n"),
        ("ch3_attention/self_attention.py", "from ch2_embeddings.toy_lm import helper\n"),
    ):
        file = tmp_path / "eve" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    (eve,) = collect(tmp_path, LAYOUT, CURRICULUM, pattern="plain").submissions
    workshop = Workshop(LAYOUT, CURRICULUM)
    try:
        prepared = workshop.prepare(make_work(LAYOUT, CURRICULUM, eve, EXERCISE, 1, "none", carried=False))
    finally:
        workshop.close()
    assert prepared.result is not None and prepared.result.problem is not None
    assert prepared.result.problem.message.startswith("`helper`, taken from ch2_embeddings/toy_lm in line 1, stands in")
