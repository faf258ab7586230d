"""The list of who handed in what: where each row came from, and what a person should look at before a run."""

from __future__ import annotations

from pathlib import Path

from miniature import Kit
from running import grader

GOOD = "def double(x):\n    return x + x\n\n\ndef halve(x):\n    return x / 2\n"


def listed(course: Kit, people: Path) -> str:
    done = grader(course.layout.root, "score", str(people), "--dry-run", "--only", "scale")
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_numbered_row_says_which_entry_it_is(course: Kit, people: Path) -> None:
    for name in ("ada", "ADA"):
        (people / name).mkdir()
        (people / name / "scale.py").write_text(GOOD)
    text = listed(course, people)
    (numbered,) = [block for block in text.split("\n\n") if " (2)" in block]
    assert "\n  from: " in numbered


def test_what_holds_no_work_is_told_beside_its_name(course: Kit, people: Path) -> None:
    for name, text in (("ada", ""), ("ben", course.file.read_text()), ("cy", GOOD)):
        (people / name).mkdir()
        (people / name / "scale.py").write_text(text)
    text = listed(course, people)
    assert "ch1_mini/scale: scale.py, but it is empty" in text
    assert "ch1_mini/scale: scale.py, but it is the stub as it was handed out" in text
    assert "ch1_mini/scale: scale.py\n" in text + "\n"


def test_what_is_passed_over_is_named(course: Kit, people: Path) -> None:
    for path in ("scale.py", ".git/config", "venv/scale.py"):
        (people / "ada" / path).parent.mkdir(parents=True, exist_ok=True)
        (people / "ada" / path).write_text(GOOD)
    assert "  passed over: .git, venv" in listed(course, people)
