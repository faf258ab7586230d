"""What an exercise bans: sets of names in `bans.toml`, each written once."""

from __future__ import annotations

from pathlib import Path

import pytest

from grader.course.curriculum import Ban, Exercise, load_curriculum
from grader.course.layout import Layout
from grader.errors import ContentError

SETS = """[products]
names = ["torch.mul"]
instead = "use the operator"

[sums]
names = ["torch.add"]
instead = "add by hand"
"""
COURSE = load_curriculum(Layout(Path(__file__).resolve().parents[2]))


def scale(layout: Layout, bans: str, sets: str = SETS) -> Exercise:
    """The exercise of a course that consists of it alone, with these bans."""
    layout.bans_file.parent.mkdir(parents=True)
    layout.bans_file.write_text(sets)
    chapter = layout.chapter_file("ch1_mini")
    chapter.parent.mkdir()
    chapter.write_text(f'title = "a"\n[scale]\ntitle = "b"\nbans = {bans}\n')
    return load_curriculum(layout).get("ch1_mini/scale")


def test_the_names_of_sets_become_the_bans(tmp_path: Path) -> None:
    bans = scale(Layout(tmp_path), '["sums", "products"]').bans
    assert bans == (Ban(("torch.add",), "add by hand"), Ban(("torch.mul",), "use the operator"))


def test_an_unknown_set_is_named_with_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(ContentError) as caught:
        scale(Layout(tmp_path), '["product"]')
    assert caught.value.message == (
        "tests/graded/ch1_mini/chapter.toml: [scale] bans: a set of bans.toml was expected, not 'product'"
    )
    assert caught.value.hint == "did you mean products?"


def test_a_wrong_set_is_named_with_its_file(tmp_path: Path) -> None:
    with pytest.raises(ContentError, match=r"tests/graded/bans\.toml: \[sums\]: .*missing required field `instead`"):
        scale(Layout(tmp_path), "[]", '[sums]\nnames = ["torch.add"]\n')


def test_every_set_is_used_and_no_name_stands_in_two() -> None:
    used = {ban for exercise in COURSE.exercises for ban in exercise.bans}
    names = [name for ban in used for name in ban.names]
    file = Layout(Path(__file__).resolve().parents[2]).bans_file.read_text(encoding="utf-8")
    assert len(used) == file.count("\ninstead = ")
    assert len(names) == len(set(names))
