"""`grader dev mutate` on a miniature: what dies, what survives, what is listed, and what the law says of the list."""

from __future__ import annotations

import json
import tomllib

import pytest
from miniature import CHAPTER, MISTAKES, SOLUTION, SUITE, Kit
from running import PACKAGE, grader

from grader.author import laws
from grader.author.survival import Fate, Killer, Trial, try_mutants
from grader.errors import GraderError

BOUND = SOLUTION.replace("return 2 * x", "return (2 * x).clamp(max=99)")  # which no input reaches
LISTED = """
[[equivalent]]
find = "clamp(max=99)"
replace = "clamp(max=100)"
because = "No input is so large."
"""


@pytest.fixture
def bound(kit: Kit) -> Kit:
    """A kit whose suite does not see the bound in `double`."""
    kit.layout.solution_file(kit.name).write_text(BOUND)
    kit.layout.mistakes_file(kit.name).write_text(MISTAKES.replace("return 2 * x", "return (2 * x).clamp(max=99)"))
    kit.sync()
    return kit


def tried(kit: Kit, sample: int | None = None) -> list[Trial]:
    return try_mutants(kit.layout, kit.curriculum, kit.curriculum.exercises, 1, 1, sample, lambda *_: None)


def mutate(kit: Kit, *options: str) -> tuple[int, str]:
    done = grader(kit.layout.root, "dev", "mutate", "--seed", "1", "--jobs", "1", *options)
    return done.returncode, done.stdout


def test_where_the_suite_sees_all_none_survives(kit: Kit) -> None:
    code, text = mutate(kit)
    rows = [" ".join(line.split()) for line in text.splitlines()]
    assert code == 0
    assert rows[0] == "exercise mutants killed hidden given listed survived percent"
    assert "ch1_mini/scale 10 10 0 0 0 0 100.0" in rows
    assert rows[-1] == "Every chapter has at least 97 %. Seed 1."


def test_a_survivor_comes_with_the_entry_that_lists_it(bound: Kit) -> None:
    code, text = mutate(bound)
    assert code == 1
    assert "solutions/ch1_mini/scale.py:14: survived (number)\n" in text
    assert "    -     return (2 * x).clamp(max=99)\n    +     return (2 * x).clamp(max=100)\n" in text
    assert text.endswith("✗ Below 97 %: ch1_mini. Seed 1.\n")
    path = bound.layout.mistakes_file(bound.name)
    entries = [line for line in text.splitlines() if line.startswith(("[[", "find", "replace", "because"))]
    path.write_text(path.read_text() + "\n" + "\n".join(entries).replace('because = ""', 'because = "Never so large."'))
    assert len(tomllib.loads(path.read_text())["equivalent"]) == text.count("survived (")
    assert laws.violations(bound.layout, bound.curriculum, list(bound.curriculum.exercises))[1:] == []
    code, text = mutate(bound, "--json")
    fates = [json.loads(line)["fate"] for line in text.splitlines()]
    assert code == 0
    assert fates.count("listed") == len(entries) // 4
    assert set(fates) == {"killed", "listed"}


def test_json_holds_what_the_page_says(kit: Kit) -> None:
    code, text = mutate(kit, "--json", "--sample", "2")
    lines = [json.loads(line) for line in text.splitlines()]
    page = (PACKAGE / "docs" / "json.md").read_text()
    described = page[page.index("# `grader dev mutate --json`, version 1") :]
    assert code == 0
    assert len(lines) == 2
    for field in lines[0]:
        assert f"`{field}`" in described
    assert (lines[0]["version"], lines[0]["seed"]) == (1, 1)


def test_who_noticed_is_told(kit: Kit) -> None:
    suite = kit.layout.suite_file(kit.name)
    suite.write_text("import pytest\n" + SUITE.replace("def test_halve", "@pytest.mark.hidden\ndef test_halve"))
    kit.layout.mistakes_file(kit.name).write_text(MISTAKES.replace("return x - 2", "return x / 3"))
    noticed = {trial.after.strip(): (trial.fate, trial.killer, trial.by) for trial in tried(kit)}
    assert noticed["return x / 3"] == (Fate.KILLED, Killer.MISTAKE, "subtracted")
    assert noticed["return x / 1"] == (Fate.KILLED, Killer.HIDDEN, "test_halve")
    assert noticed["return 3 * x"] == (Fate.KILLED, Killer.PUBLIC, "test_double")


def test_what_never_ends_is_killed(kit: Kit) -> None:
    slow = "i = 0\n    while i < 1:\n        i += 1\n    return 2 * x"
    kit.layout.solution_file(kit.name).write_text(SOLUTION.replace("return 2 * x", slow))
    kit.layout.mistakes_file(kit.name).write_text("")
    kit.layout.chapter_file("ch1_mini").write_text(CHAPTER.replace("time_limit = 2", "time_limit = 0.5"))
    kit.sync()
    ended = {trial.after.strip(): trial.fate for trial in tried(kit)}
    assert ended["pass"] is Fate.KILLED
    assert ended["i -= 1"] is Fate.KILLED
    assert ended["i += 2"] is Fate.SURVIVED


def test_a_sample_is_drawn_by_the_seed(kit: Kit) -> None:
    first = tried(kit, 3)
    assert first == tried(kit, 3)
    assert len(first) == 3
    assert set(first) < set(tried(kit))


def test_a_solution_that_fails_is_told(kit: Kit) -> None:
    kit.layout.solution_file(kit.name).write_text(SOLUTION.replace("2 * x", "3 * x"))
    with pytest.raises(GraderError, match="the solution of ch1_mini/scale is failed"):
        tried(kit)


# -- given code ---------------------------------------------------------------------------------------

GIVEN = '''

def triple(x: Float[Tensor, "n"]) -> Float[Tensor, "n"]:
    """Three times each element."""
    return 3 * x
'''
GIVEN_TEST = """import os
import sys

import torch

sys.path.insert(0, os.environ["KIT_SOLUTIONS"])

from ch1_mini.scale import triple


def test_triple():
    assert triple(torch.full((1,), 2.0)).item() == 2 * {three}
"""


def test_what_the_stub_gives_has_tests_of_its_own(kit: Kit) -> None:
    kit.layout.solution_file(kit.name).write_text(SOLUTION + GIVEN)
    kit.sync()
    trials = [trial for trial in tried(kit) if trial.given]
    assert {trial.fate for trial in trials} == {Fate.SURVIVED}
    tests = kit.layout.root / "tests" / "kit" / "given" / "ch1_mini" / "test_scale.py"
    tests.parent.mkdir(parents=True)
    tests.write_text(GIVEN_TEST.format(three=3))
    told = {(trial.fate, trial.killer, trial.by) for trial in tried(kit) if trial.given}
    assert told == {(Fate.KILLED, Killer.GIVEN, "tests/kit/given/ch1_mini/test_scale.py")}
    tests.write_text(GIVEN_TEST.format(three=4))
    with pytest.raises(GraderError, match=r"test_scale\.py fails on the solution itself"):
        tried(kit)


# -- the law ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("listed", "told"),
    [
        (LISTED, ""),
        (LISTED.replace("clamp(max=99)", "return"), "[[equivalent]] 1: find: text that stands exactly once"),
        (LISTED.replace("clamp(max=100)", "clamp(max=99)"), "replace: something other than `find`"),
        (LISTED.replace("clamp(max=100)", "clamp(max="), "replace: valid Python was expected"),
        (LISTED.replace("clamp(max=100)", "clamp(max=101)"), "no mutant is made by the [[equivalent]]"),
        (LISTED.replace("No input is so large.", " "), "because: the reason why nothing changes was expected"),
        (LISTED.replace("because", "reason"), "[[equivalent]]: Object "),
        (LISTED + LISTED, "[[equivalent]] 2: each edit was expected once"),
    ],
)
def test_what_is_listed_as_equivalent_is_looked_at(bound: Kit, listed: str, told: str) -> None:
    path = bound.layout.mistakes_file(bound.name)
    path.write_text(path.read_text() + listed)
    found = laws.violations(bound.layout, bound.curriculum, list(bound.curriculum.exercises))
    about = [text for text in found if "known mistakes; at least" not in text]
    assert len(about) == bool(told)
    assert told in "".join(about)
