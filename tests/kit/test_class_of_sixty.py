"""Thirty who attack and thirty who do not, in one class: sixty rows, and the honest ones are as they are alone."""

from __future__ import annotations

import csv
import os
import re
import resource
from pathlib import Path

import pytest
from running import PACKAGE, grader

from grader.course.curriculum import load_curriculum
from grader.course.layout import Layout
from grader.protocol.jobs import Limits

LAYOUT = Layout(PACKAGE)
EXERCISE = load_curriculum(LAYOUT).get("ch2_embeddings/one_hot")
ATTACKS = Path(__file__).parent / "attacks"
HANDED_IN = ("sleeps", "busy_loop")  # whose waiting is the longest come first


def hostile() -> dict[str, str]:
    """Attacks on this exercise that need no file beside them."""
    texts = {path.stem: path.read_text() for path in sorted(ATTACKS.glob("*.py"))}
    alone = {
        name: text
        for name, text in texts.items()
        if f"# attacks: {EXERCISE.name}" in text and not re.search(r"tricks|right_|@[A-Z]+@", text)
    }
    return dict(sorted(alone.items(), key=lambda item: item[0] not in HANDED_IN)[:30])


def score(people: Path, out: Path) -> tuple[dict[str, dict[str, str]], float, str]:
    """The rows by student, the processor seconds of the command and all below it, and what was said."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = grader(LAYOUT.root, "score", str(people), "--out", str(out), "--seed", "7", "--only", "one_hot",
                  "--pattern", "plain", "--workers", "2", timeout=3000)  # fmt: skip
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert done.returncode == 0, done.stderr
    with (out / "grades.csv").open(newline="", encoding="utf-8") as file:
        rows = {row["student"]: row for row in csv.DictReader(file)}
    return rows, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, done.stdout


@pytest.mark.slow
@pytest.mark.timeout(4000)
@pytest.mark.skipif(not os.environ.get("KIT_SLOW"), reason="the full proof: KIT_SLOW=1 runs it")
def test_thirty_attacks_change_nothing_for_thirty_others(tmp_path: Path) -> None:
    right = LAYOUT.solution_file(EXERCISE.name).read_text(encoding="utf-8")
    for number in range(30):
        text = right if number % 3 else right.replace("1.0", "2.0", 1)
        for folder in ("alone", "together"):
            path = tmp_path / folder / f"honest{number:02}" / "one_hot.py"
            path.parent.mkdir(parents=True)
            path.write_text(f"{text}\n# {number}\n")
    attacks = hostile()
    assert len(attacks) == 30
    for name, text in attacks.items():
        path = tmp_path / "together" / name / "one_hot.py"
        path.parent.mkdir()
        path.write_text(text)
    alone, seconds_alone, _ = score(tmp_path / "alone", tmp_path / "alone-out")
    rows, seconds, said = score(tmp_path / "together", tmp_path / "together-out")
    assert len(rows) == 60 and len(alone) == 30
    assert {name: rows[name] for name in alone} == alone
    assert "not judged" not in said
    print(f"honest alone {seconds_alone:.0f} s of the processor, with thirty attacks {seconds:.0f} s")
    assert seconds - seconds_alone < 30 * Limits().total_seconds
