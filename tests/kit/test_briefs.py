"""Each brief begins with the question that it answers, and with what goes wrong without it."""

from __future__ import annotations

import ast
import math
import re
from pathlib import Path

import pytest
import torch
from running import PACKAGE

SOLUTIONS = PACKAGE / "solutions"
BRIEFS = sorted(SOLUTIONS.glob("ch*/*.py"))
LONGEST_LEAD = 420  # characters


def paragraphs(path: Path) -> list[str]:
    text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    return [" ".join(paragraph.split()) for paragraph in text.split("\n\n")]


@pytest.mark.parametrize("path", BRIEFS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_brief_begins_with_its_question_and_what_goes_wrong_without_it(path: Path) -> None:
    title, lead, *rest = paragraphs(path)
    assert title.startswith("# ") and rest
    found = re.fullmatch(r"\*\*([A-Z][^*]+\?)\*\* (.+[.])", lead)
    assert found, f"no question in bold, with a sentence after it: {lead}"
    question, wrong = found.groups()
    assert question.count("?") == 1
    assert 1 <= len(re.findall(r"[.:](?= [A-Z`]|$)", wrong)) <= 3
    assert len(lead) <= LONGEST_LEAD


def lead_of(exercise: str) -> str:
    return paragraphs(SOLUTIONS / f"{exercise}.py")[1]


def thousands(number: float) -> str:
    return f"{number:,.0f}"


LLAMA2 = 2 * 80 * 128 * 2 * 4096  # keys and values, layers, numbers of a head, bytes, tokens
GPT1 = 116.5e6
FIGURES = [
    ("ch1_tokens/bag_of_words", [f"{math.dist([0, 1], [1, 0]):.1f} apart", f"{math.dist([9, 0], [1, 0]):.0f} apart"]),
    ("ch1_tokens/byte_pairs", [f"{len(b'transformer')} tokens"]),
    ("ch2_embeddings/one_hot", ["√2", "50,257"]),
    ("ch2_embeddings/embedding", [f"{32 * 512 * 50_257 / 1e6:.0f} million"]),
    ("ch2_embeddings/toy_lm", ["28 characters", f"{28**8 / 1e9:.0f} billion"]),
    ("ch3_attention/grouped_query", [f"{64 * LLAMA2 / 1e9:.1f} GB", f"8 keep {8 * LLAMA2 / 1e9:.1f} GB"]),
    ("ch3_attention/sparse", [f"{100_000**2 / 1e9:.0f} billion", f"{100_000 * 512 / 1e6:.0f} million"]),
    ("ch4_blocks/normalization", [thousands(1.5**24)]),
    ("ch6_training/cost", [f"{4 * GPT1 / 1e9:.2f} GB", f"{16 * GPT1 / 1e9:.2f} GB"]),
    ("ch7_inference/kv_cache", [thousands(sum(range(1, 1001)))]),
    ("ch7_inference/online_softmax", [f"{32_768**2 / 1e9:.2f} billion", f"{4 * 32_768**2 / 1e9:.1f} GB"]),
    ("ch7_inference/sampling", [f"{100 * 0.98**100:.0f} %"]),
]


@pytest.mark.parametrize(("exercise", "figures"), FIGURES, ids=[exercise for exercise, _ in FIGURES])
def test_the_figures_of_a_brief_are_right(exercise: str, figures: list[str]) -> None:
    for figure in figures:
        assert figure in lead_of(exercise)


def test_the_course_text_has_as_many_characters_as_the_brief_says() -> None:
    text = (PACKAGE / "data" / "language.txt").read_text(encoding="utf-8")
    assert len(set(text)) == 28
    seen = {text[i : i + 8] for i in range(len(text) - 7)}
    assert len(seen) < 28**8 / 1e6  # "nearly all of them never occur"


def test_unscaled_scores_saturate_as_the_brief_says() -> None:
    draws = torch.Generator().manual_seed(0)
    q, k = torch.randn(20_000, 1, 64, generator=draws), torch.randn(20_000, 16, 64, generator=draws)
    scores = (q * k).sum(-1)
    assert scores.std().item() == pytest.approx(8, abs=0.05)
    largest = [torch.softmax(x, -1).max(-1).values.mean().item() for x in (scores, scores / 8)]
    said = re.findall(r"\b0\.\d\d", lead_of("ch3_attention/scaled_dot_product"))
    assert [f"{value:.2f}" for value in largest] == said
    assert said == ["0.84", "0.24"]
