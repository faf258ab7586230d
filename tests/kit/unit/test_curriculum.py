"""What a person means by a name: an exercise, a chapter, a file; and what is said where it means none, or several."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from grader.course.curriculum import load_curriculum
from grader.course.layout import Layout
from grader.errors import UsageError

LAYOUT = Layout(Path(__file__).resolve().parents[3])
CURRICULUM = load_curriculum(LAYOUT)


@pytest.mark.parametrize(
    ("word", "hint"),
    [
        ("sofmax", "did you mean ch3_attention/softmax?"),
        ("gtp", "did you mean ch5_models/gpt?"),
        ("one-hot", "did you mean ch2_embeddings/one_hot?"),
        ("decode", "did you mean ch4_blocks/decoder_block?"),
        ("kv", "did you mean ch7_inference/kv_cache?"),
        ("ch3_atention/softmax", "did you mean ch3_attention/softmax?"),
        ("attention", "did you mean ch3_attention?"),
        ("nothing", "`grader list` shows them all"),
        ("everything", "`grader list` shows them all"),
        ("hello", "`grader list` shows them all"),
        ("next", "`grader list` shows them all"),
        ("ch9", "`grader list` shows them all"),
        ("s", "`grader list` shows them all"),
    ],
)
def test_only_what_is_close_is_suggested(word: str, hint: str) -> None:
    with pytest.raises(UsageError) as told:
        CURRICULUM.find(word)
    assert told.value.hint == hint


def test_a_name_of_several_means_the_one_of_the_chapter_around() -> None:
    there = replace(CURRICULUM, here=LAYOUT.chapter_of(LAYOUT.exercises / "ch5_models"))
    assert [exercise.name for exercise in there.find("concepts")] == ["ch5_models/concepts"]
    assert [exercise.name for exercise in there.find("softmax")] == ["ch3_attention/softmax"]


@pytest.mark.parametrize("folder", [LAYOUT.root, LAYOUT.exercises, LAYOUT.exercises / "ch2_embeddings"])
def test_elsewhere_the_refusal_says_the_full_names(folder: Path) -> None:
    there = replace(CURRICULUM, here=LAYOUT.chapter_of(folder))
    with pytest.raises(UsageError, match="'concepts' is the name of several exercises") as told:
        there.find("concepts")
    assert told.value.hint == "say which: ch1_tokens/concepts or ch5_models/concepts or ch7_inference/concepts"
