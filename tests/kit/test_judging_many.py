"""`grader dev judge` on many files: each is judged as one is, and what cannot be judged costs only itself."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from miniature import CHAPTER, SECOND, SUITE, Kit
from running import PACKAGE, grader
from test_reading_notebooks import document_of

from grader.author.answers import answers_in
from grader.author.judging import Judged
from grader.protocol.results import ExerciseResult, Failure, Verdict
from grader.render.judged import judged_line, judged_sums

RIGHT = "def double(x):\n    return x + x\n\n\ndef halve(x):\n    return 0.5 * x\n"
SQUARED = RIGHT.replace("x + x", "x * x")
LUCKY = RIGHT.replace("x + x", "x + x if x[0, 0] > 0 else x")
TWICE = "from ch1_mini.scale import double\n\n\ndef quadruple(x):\n    return double(double(x))\n"
HIDDEN = SUITE.replace("def test_halve", "@pytest.mark.hidden\ndef test_halve").replace(
    '"""Double and halve."""', '"""Double and halve."""\n\nimport pytest\n'
)
BANS = '[products]\nnames = ["torch.mul"]\ninstead = "use the operator"\n'


@pytest.fixture
def files(course: Kit) -> Path:
    """A tree of answers: right, wrong, banned, not Python, notebooks, and what stands at no exercise's place."""
    course.layout.suite_file(course.name).write_text(HIDDEN)
    course.layout.bans_file.write_text(BANS)
    essay = course.layout.chapter_file("ch1_mini").read_text().partition(SECOND)[2]
    course.layout.chapter_file("ch1_mini").write_text(CHAPTER + 'bans = ["products"]\n' + SECOND + essay)
    folder = course.layout.root / "answers"
    write(folder, "ch1_mini/scale/right.py", RIGHT)
    write(folder, "ch1_mini/scale/squared.py", SQUARED)
    write(folder, "ch1_mini/scale/banned.py", "import torch\n\n\n" + RIGHT.replace("0.5 * x", "torch.mul(x, 0.5)"))
    write(folder, "ch1_mini/scale/bytes.py", "\0")
    write(folder, "ch1_mini/scale/cells.ipynb", document_of(SQUARED).decode())
    write(folder, "ch1_mini/scale/cut short.ipynb", '{"cells": [')
    write(folder, "ch1_mini/twice/right.py", TWICE)
    write(folder, "ch1_mini/essay/essay.py", "x = 1\n")
    write(folder, "ch1_mini/scales/right.py", RIGHT)
    write(folder, "right.py", RIGHT)
    write(folder, "ch1_mini/scale/__pycache__/right.py", RIGHT)
    write(folder, "ch1_mini/scale/notes.txt", "no answer\n")
    os.symlink("nowhere", folder / "ch1_mini" / "scale" / "dangling.py")
    return folder


def write(folder: Path, name: str, text: str) -> None:
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text)


def judged(course: Kit, *arguments: str) -> tuple[int, dict[str, dict[str, Any]]]:
    """What `dev judge --json` says of each file, and its exit code."""
    done = grader(course.layout.root, "dev", "judge", *arguments, "--json")
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    return done.returncode, {line["file"]: line for line in lines}


def test_every_file_of_a_tree_has_its_line(course: Kit, files: Path) -> None:
    code, found = judged(course, "answers", "--seed", "3")
    assert code == 3  # some stand at no exercise's place
    assert {name: (line["exercise"], line["verdict"], line["points"]) for name, line in found.items()} == {
        "ch1_mini/scale/right.py": ("ch1_mini/scale", "passed", 10),
        "ch1_mini/scale/squared.py": ("ch1_mini/scale", "failed", 5),
        "ch1_mini/scale/banned.py": ("ch1_mini/scale", "failed", 0),
        "ch1_mini/scale/bytes.py": ("ch1_mini/scale", "failed", 0),
        "ch1_mini/scale/cells.ipynb": ("ch1_mini/scale", "failed", 5),
        "ch1_mini/scale/cut short.ipynb": ("ch1_mini/scale", "failed", 0),
        "ch1_mini/scale/dangling.py": ("ch1_mini/scale", "failed", 0),
        "ch1_mini/twice/right.py": ("ch1_mini/twice", "passed", 5),
        "ch1_mini/essay/essay.py": (None, "error", 0),
        "ch1_mini/scales/right.py": (None, "error", 0),
        "right.py": (None, "error", 0),
    }
    for name, said in {
        "ch1_mini/scale/banned.py": "torch.mul, used in line 9, does this exercise's own work.",
        "ch1_mini/scale/bytes.py": "ch1_mini/scale/bytes.py cannot be read as Python: it holds NUL bytes.",
        "ch1_mini/scale/cut short.ipynb": "ch1_mini/scale/cut short.ipynb is not a notebook: it is not JSON",
        "ch1_mini/scale/dangling.py": "ch1_mini/scale/dangling.py is missing.",
        "ch1_mini/essay/essay.py": "ch1_mini/essay/essay.py cannot be judged: a person marks ch1_mini/essay.",
        "right.py": "right.py stands at no exercise's place, which is <chapter>/<exercise>/<any name>.py.",
    }.items():
        assert found[name]["problem"]["message"].startswith(said)
        assert len(found[name]["runs"]) == 1


def test_a_line_says_what_failed_and_which_mistake_it_is(course: Kit, files: Path) -> None:
    for name in ("squared.py", "cells.ipynb"):
        code, found = judged(course, "scale", f"answers/ch1_mini/scale/{name}", "--seed", "3")
        (line,) = found.values()
        says = {"name": "squared", "says": "The elements are squared; each is to be doubled."}
        (failed,) = line["failed"]
        assert (code, line["seed"], line["mistakes"]) == (1, 3, [says])
        assert failed["name"] == "test_double" and failed["title"] == "Every element comes back twice as large."
        assert (failed["verdict"], failed["hidden"], failed["mistake"]) == ("failed", False, says)
        assert failed["message"] == "The values are wrong."
        assert failed["expected"] == failed["actual"] == "tensor float64 (3, 5)"


def test_hidden_tests_count_and_are_marked(course: Kit, files: Path) -> None:
    write(files, "ch1_mini/scale/right.py", RIGHT.replace("0.5 *", "0.25 *"))
    _, found = judged(course, "answers/ch1_mini/scale", "--seed", "3")
    assert [(test["name"], test["hidden"]) for test in found["right.py"]["failed"]] == [("test_halve", True)]


def test_the_folder_of_a_chapter_or_of_an_exercise_will_do(course: Kit, files: Path) -> None:
    names = {answer.name: answer.exercise for answer in answers_in(files / "ch1_mini", course.curriculum)}
    assert names["twice/right.py"] == course.curriculum.get("ch1_mini/twice")
    names = {answer.name: answer.exercise for answer in answers_in(files / "ch1_mini" / "scale", course.curriculum)}
    assert names["right.py"] == course.curriculum.get("ch1_mini/scale") and "notes.txt" not in names
    (files / "ch1_mini" / "scale").rename(files / "scale")  # out of its chapter's folder
    names = {answer.name: answer.exercise for answer in answers_in(files / "scale", course.curriculum)}
    assert names["right.py"] == course.curriculum.get("ch1_mini/scale")
    assert {answer.name: answer.exercise for answer in answers_in(files, course.curriculum)}["scale/right.py"] is None


def test_a_name_that_is_no_text_costs_only_itself(course: Kit, files: Path) -> None:
    name = os.fsencode(files / "ch1_mini" / "twice") + b"/\xff.py"
    try:
        with open(name, "w") as file:
            file.write(TWICE)
    except OSError:
        pytest.skip("this file system takes no such name")
    code, found = judged(course, "answers/ch1_mini/twice", "--seed", "3")
    assert code == 3
    assert {file: line["verdict"] for file, line in found.items()} == {"right.py": "passed", "\ufffd.py": "error"}


# -- seeds ------------------------------------------------------------------------------------------------


def test_a_verdict_that_depends_on_the_seed_is_told(course: Kit) -> None:
    folder = course.layout.root / "answers"
    write(folder, "ch1_mini/scale/right.py", RIGHT)
    write(folder, "ch1_mini/scale/lucky.py", LUCKY)
    code, found = judged(course, "answers", "--seed", "1", "--seeds", "8", "--workers", "2")
    lucky, right = found["ch1_mini/scale/lucky.py"], found["ch1_mini/scale/right.py"]
    assert (code, right["stable"], lucky["stable"]) == (1, True, False)
    assert [run["seed"] for run in lucky["runs"]] == list(range(1, 9))
    worst = next(run for run in lucky["runs"] if run["verdict"] == "failed")
    assert (lucky["seed"], lucky["verdict"], lucky["points"]) == (worst["seed"], "failed", 5)
    assert worst["failed"] == ["test_double"] and {run["points"] for run in lucky["runs"]} == {5, 10}
    again = grader(course.layout.root, "dev", "judge", "scale", "answers/ch1_mini/scale/lucky.py", "--seed", "1",
                   "--seeds", "8")  # fmt: skip
    assert again.returncode == 1
    assert "1 file: 1 unstable" in again.stdout and "seeds 1 to 8" in again.stdout
    assert "✗ unstable: answers/ch1_mini/scale/lucky.py\n" in again.stdout
    assert f"    failed with 5 under {worst['seed']}" in again.stdout


# -- for people -------------------------------------------------------------------------------------------


def test_a_line_for_each_file_and_the_sums(course: Kit) -> None:
    folder = course.layout.root / "answers"
    write(folder, "ch1_mini/scale/right.py", RIGHT)
    write(folder, "ch1_mini/scale/squared.py", SQUARED)
    done = grader(course.layout.root, "dev", "judge", "answers", "--seed", "3", "--workers", "1")
    assert done.returncode == 1
    first, second, why, sums = done.stdout.splitlines()
    assert first.split()[:4] == ["passed", "10", "of", "10"] and first.endswith(" s  ch1_mini/scale/right.py")
    assert second.split()[:4] == ["failed", "5", "of", "10"] and why == "          named: squared"
    assert sums == "2 files: 1 passed, 1 failed; 1 with a named mistake; seed 3"
    assert done.stderr == "2 of 2 runs; ch1_mini/scale/squared.py\n"


def test_everything_passed_is_zero(course: Kit) -> None:
    write(course.layout.root / "answers", "ch1_mini/twice/right.py", TWICE)
    done = grader(course.layout.root, "dev", "judge", "answers")
    assert (done.returncode, done.stdout.splitlines()[-1].partition(";")[0]) == (0, "1 file: 1 passed")


def result(verdict: Verdict, points: float = 0.0, seed: int = 1, **fields: Any) -> ExerciseResult:
    return ExerciseResult("ch1_mini/scale", verdict, points=points, points_possible=10, seed=seed, **fields)


def test_lines_are_no_longer_than_a_terminal_is_wide() -> None:
    problem = Failure("Much is wrong\nwith it. " * 20)
    lines = judged_line(Judged(f"{'far/' * 40}a\n.py", (result(Verdict.FAILED, problem=problem),))).splitlines()
    assert [len(line) for line in lines] == [80, 80]
    assert lines[0].endswith("far/a .py") and lines[1].startswith("          Much is wrong with it. ")


def test_the_sums_say_what_could_not_be_judged() -> None:
    lost = Judged("a.py", (result(Verdict.PASSED, 10), result(Verdict.ERROR, seed=2, problem=Failure("It was lost."))))
    text = judged_sums([lost, Judged("b.py", (result(Verdict.PASSED, 10),))], [1, 2])
    assert text.splitlines() == [
        "2 files: 1 unstable, 1 passed; 0 with a named mistake; seeds 1 to 2",
        "✗ unstable: a.py",
        "    passed with 10 under 1",
        "    error with 0 under 2",
        "✗ not judged: It was lost.",
    ]


# -- how it is used ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["nowhere"], "there is no folder nowhere"),
        (["exercises/ch1_mini/scale.py"], "there is no folder exercises/ch1_mini/scale.py"),
        (["data"], "no Python file and no notebook lies in "),
        (["scale", "nowhere.py"], "there is no file nowhere.py"),
        (["essay", "exercises/ch1_mini/scale.py"], "a person marks ch1_mini/essay; there is no suite to ask"),
        (["scales", "exercises/ch1_mini/scale.py"], "there is no exercise or chapter 'scales'"),
        ([], "Missing argument"),
    ],
)
def test_wrong_use_is_told(course: Kit, words: list[str], said: str) -> None:
    course.layout.data.mkdir()
    done = grader(course.layout.root, "dev", "judge", *words)
    assert done.returncode == 2
    assert said in done.stderr and "Traceback" not in done.stderr


def test_the_page_says_what_every_field_is(course: Kit, files: Path) -> None:
    _, found = judged(course, "answers", "--seed", "3")
    page = (PACKAGE / "docs" / "json.md").read_text()
    described = page.partition("# `grader dev judge --json`, version 1\n")[2].partition("\n# ")[0]

    def fields(value: Any) -> set[str]:
        if isinstance(value, dict):
            return set(value) | {name for key, item in value.items() if key != "problem" for name in fields(item)}
        return {name for item in value for name in fields(item)} if isinstance(value, list) else set()

    assert {line["version"] for line in found.values()} == {1}
    assert {name for line in found.values() for name in fields(line) if f"`{name}`" not in described} == set()
    tables = [row.split("|")[1] for row in described.splitlines() if row.startswith("| `")]
    told = {name for cell in tables for name in cell.replace("`", "").replace(",", " ").split()}
    assert told - {name for line in found.values() for name in fields(line)} == set()
