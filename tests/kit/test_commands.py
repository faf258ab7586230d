"""The command line on a miniature kit: verdicts, exit codes, what is remembered, what is asked."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from miniature import Kit
from running import PACKAGE, grader

SOLVED = "return 2 * x"


@pytest.fixture
def two(kit: Kit) -> Kit:
    """The miniature with a second exercise that needs the first."""
    kit.add_second()
    kit.sync()
    return kit


def test_check_ends_with_the_next_exercise_and_how_to_start(kit: Kit) -> None:
    done = grader(kit.layout.root, "check")
    assert done.returncode == 1
    assert done.stdout == (
        "· ch1_mini/scale  todo  0 of 10 points\n"
        "  · double  exercises/ch1_mini/scale.py:14\n"
        "  · halve  exercises/ch1_mini/scale.py:20\n"
        "\n"
        "Next: ch1_mini/scale, Double and halve\n"
        "  edit      exercises/ch1_mini/scale.py\n"
        "  read      grader show scale\n"
        "  check     grader check scale\n"
        "  stuck?    grader hint scale\n"
    )


def test_a_failure_names_the_mistake_and_shows_what_came(kit: Kit) -> None:
    kit.write("return x * x")
    done = grader(kit.layout.root, "check", "scale", "--seed", "7")
    assert done.returncode == 1
    lines = done.stdout.splitlines()
    assert lines[0] == "✗ ch1_mini/scale  failed  5 of 10 points"
    assert lines[1] == "  ✗ Every element comes back twice as large."
    assert lines[2] == "      The elements are squared; each is to be doubled."
    assert lines[3] == "      The values are wrong."
    assert lines[4] == "      called    double(x: tensor float64 (3, 5))"
    assert lines[5].split() == ["expected", "[0:3,", "0:4]", "actual"]
    assert all(len(line.split()) == 8 for line in lines[6:9])
    assert lines[9].startswith("      wrong     15 of 15 values; the largest difference is ")
    assert "  ✓ 1 other test passes (-v lists them)" in lines
    assert "      defined   exercises/ch1_mini/scale.py:5" in lines
    assert "  the same inputs again: --seed 7" in lines
    assert all(len(line) <= 80 for line in lines)


def test_what_is_on_no_list_is_compared_with_changes_in_one_place(kit: Kit) -> None:
    kit.write("return 3 * x")
    (exercise,) = json.loads(grader(kit.layout.root, "check", "scale", "--json").stdout)["exercises"]
    (guess,) = exercise["mistakes"]
    assert guess["name"].startswith("one-place-")
    assert guess["says"].startswith("Here your code behaves like a right one but for one place in `double`: ")


def test_what_nothing_explains_has_no_name(kit: Kit) -> None:
    kit.write("return 2 * x + x.flip(0)")
    done = grader(kit.layout.root, "check", "scale", "--json")
    (exercise,) = json.loads(done.stdout)["exercises"]
    assert exercise["verdict"] == "failed"
    assert exercise["mistakes"] == []


def test_two_mistakes_are_both_named(kit: Kit) -> None:
    kit.file.write_text("def double(x):\n    return x * x\n\n\ndef halve(x):\n    return x - 2\n")
    (exercise,) = json.loads(grader(kit.layout.root, "check", "scale", "--json").stdout)["exercises"]
    assert sorted(item["name"] for item in exercise["mistakes"]) == ["squared", "subtracted"]


def test_a_pass_is_remembered_until_something_changes(kit: Kit) -> None:
    kit.write(SOLVED)
    root = kit.layout.root
    first, second = grader(root, "check", "scale"), grader(root, "check", "scale")
    assert (first.returncode, second.returncode) == (0, 0)
    assert first.stdout.startswith("✓ ch1_mini/scale  passed  10 of 10 points\n")
    assert second.stdout.startswith("✓ ch1_mini/scale  passed, unchanged  10 of 10 points\n")
    assert "unchanged" not in grader(root, "check", "scale", "--no-cache").stdout
    suite = kit.layout.suite_file(kit.name)
    suite.write_text(suite.read_text() + "\n")
    assert "unchanged" not in grader(root, "check", "scale").stdout
    kit.write("return x")
    assert grader(root, "check", "scale").returncode == 1


def test_a_given_seed_runs_what_passed(two: Kit) -> None:
    """That was asked for; what it needs is not run again."""
    root = two.layout.root
    two.write(SOLVED)
    twice = two.layout.solution_file("ch1_mini/twice").read_text()
    two.layout.exercise_file("ch1_mini/twice").write_text(twice)
    assert "unchanged" not in grader(root, "check", "twice").stdout
    document = json.loads(grader(root, "check", "twice", "--seed", "7", "--json").stdout)
    ran = {item["exercise"]: (item["cached"], item["seed"] == 7) for item in document["exercises"]}
    assert ran == {"ch1_mini/scale": (True, False), "ch1_mini/twice": (False, True)}
    assert "unchanged" in grader(root, "check", "twice").stdout


def test_an_exercise_is_blocked_by_one_that_is_to_do(two: Kit) -> None:
    done = grader(two.layout.root, "check", "twice")
    assert done.returncode == 1
    assert done.stdout.startswith(
        "- ch1_mini/twice  blocked  0 of 5 points\n  needs ch1_mini/scale, which has not passed\n"
    )
    assert "Next: ch1_mini/scale" in done.stdout


def test_an_earlier_failure_is_reported_first(two: Kit) -> None:
    two.write("return x * x")
    done = grader(two.layout.root, "check", "twice")
    assert done.stdout.index("ch1_mini/scale  failed") < done.stdout.index("ch1_mini/twice  blocked")
    assert "Now: ch1_mini/scale" in done.stdout


def test_what_is_wrong_in_an_earlier_one_is_told_in_short(two: Kit) -> None:
    """It was shown whole by its own check, and is again."""
    two.write("return x * x")
    start = (
        "✗ ch1_mini/scale  failed  5 of 10 points\n"
        "  The elements are squared; each is to be doubled.\n"
        "  details   grader check scale\n"
        "- ch1_mini/twice  blocked  0 of 5 points\n"
        "  needs ch1_mini/scale, which has not passed\n"
    )
    assert grader(two.layout.root, "check", "twice").stdout.startswith(start)
    assert "The values are wrong." in grader(two.layout.root, "check", "twice", "-v").stdout
    two.file.write_text("def double(x):\n    return 2 * (x\n")
    done = grader(two.layout.root, "check", "twice")
    assert "\n  SyntaxError in line 2: '(' was never closed.\n" in done.stdout
    assert "\n  details   grader check scale\n" in done.stdout


def test_later_exercises_use_the_learners_own_earlier_work(two: Kit) -> None:
    two.write(SOLVED)
    source = two.layout.solution_file("ch1_mini/twice").read_text()
    two.layout.exercise_file("ch1_mini/twice").write_text(source)
    done = grader(two.layout.root, "check", "--all")
    assert done.returncode == 0
    assert "2 of 2 exercises passed, 15 of 15 points" in done.stdout


def test_a_change_of_what_it_needs_runs_it_again(two: Kit) -> None:
    two.write(SOLVED)
    source = two.layout.solution_file("ch1_mini/twice").read_text()
    two.layout.exercise_file("ch1_mini/twice").write_text(source)
    grader(two.layout.root, "check", "--all")
    two.write("y = 2 * x\nreturn y")
    done = grader(two.layout.root, "check", "--all")
    assert "unchanged" not in done.stdout


def test_did_you_mean(kit: Kit) -> None:
    done = grader(kit.layout.root, "check", "scael")
    assert done.returncode == 2
    assert done.stderr == "error: there is no exercise or chapter 'scael'\n\nhint: did you mean ch1_mini/scale?\n"


@pytest.mark.parametrize("word", ["scale", "ch1_mini/scale", "exercises/ch1_mini/scale.py", "ch1_mini", "ch1"])
def test_an_exercise_has_many_names(kit: Kit, word: str) -> None:
    kit.write(SOLVED)
    assert grader(kit.layout.root, "check", word).returncode == 0


def test_outside_a_kit(tmp_path: Path) -> None:
    done = grader(tmp_path, "check")
    assert done.returncode == 2
    assert "no kit here" in done.stderr


def test_hints_come_one_by_one(kit: Kit) -> None:
    root = kit.layout.root
    first = grader(root, "hint", "scale").stdout
    assert first.startswith("Hint 1 of 2\n  Which operator multiplies")
    assert "Hint 2 of 2\n  It is `*`." in grader(root, "hint", "scale").stdout
    assert "That was the last hint." in grader(root, "hint").stdout


def test_show_is_the_brief(kit: Kit) -> None:
    text = grader(kit.layout.root, "show", "scale").stdout
    assert "Double and halve" in text
    assert "10 points, about 20 minutes" in text


def test_list_shows_what_passed_and_what_changed(kit: Kit) -> None:
    kit.write(SOLVED)
    root = kit.layout.root
    grader(root, "check")
    assert "✓ scale" in grader(root, "list").stdout
    kit.write("return x")
    text = grader(root, "list").stdout
    assert "~ scale" in text
    assert "changed" in text


def test_reset_asks_and_keeps_a_backup(kit: Kit) -> None:
    kit.write("return 5 * x")
    mine = kit.file.read_text()
    root = kit.layout.root
    assert grader(root, "reset", "scale", stdin="n\n").returncode == 130
    assert kit.file.read_text() == mine
    assert grader(root, "reset", "scale", stdin="y\n").returncode == 0
    assert "NotImplementedError" in kit.file.read_text()
    assert (kit.file.parent / "scale.backup1.py.txt").read_text() == mine
    kit.write("return 6 * x")
    grader(root, "reset", "scale", "--yes")
    assert (kit.file.parent / "scale.backup1.py.txt").read_text() == mine
    assert (kit.file.parent / "scale.backup2.py.txt").exists()


def test_json_holds_what_the_page_says(kit: Kit) -> None:
    kit.write("return x * x")
    document = json.loads(grader(kit.layout.root, "check", "scale", "--json", "--seed", "3").stdout)
    assert (document["version"], document["seed"], document["next"]) == (2, 3, "ch1_mini/scale")
    described = (PACKAGE / "docs" / "json.md").read_text()

    def fields(value: object) -> set[str]:
        if isinstance(value, dict):
            return set(value) | {name for item in value.values() for name in fields(item)}
        return {name for item in value for name in fields(item)} if isinstance(value, list) else set()

    assert {name for name in fields(document) if f"`{name}`" not in described} == set()


def test_the_same_seed_gives_the_same_inputs(kit: Kit) -> None:
    kit.write("return x * x")

    def differences(seed: str) -> object:
        document = json.loads(grader(kit.layout.root, "check", "scale", "--json", "--seed", seed).stdout)
        return [test["failure"] for test in document["exercises"][0]["tests"]]

    assert differences("11") == differences("11")
    assert differences("11") != differences("12")


def test_debug_runs_in_one_process(kit: Kit) -> None:
    kit.write("import os\nprint('pid', os.getpid(), os.getppid())\nreturn 2 * x")
    done = grader(kit.layout.root, "check", "scale", "--debug")
    assert done.returncode == 0
    assert "pid " in done.stdout


def test_breakpoints_work_under_debug(kit: Kit) -> None:
    kit.write("breakpoint()\nreturn 2 * x")
    done = grader(kit.layout.root, "check", "scale", "--debug", stdin="p x.shape\nc\n")
    assert "torch.Size([3, 5])" in done.stdout


@pytest.mark.parametrize("where", ["in a function", "at the top"])
def test_leaving_the_debugger_ends_the_run(kit: Kit, where: str) -> None:
    """As Ctrl-C does: nothing is said of a test, and nothing remembered."""
    if where == "at the top":
        kit.write("return 2 * x", head="breakpoint()")
    else:
        kit.write("breakpoint()\nreturn 2 * x")
    done = grader(kit.layout.root, "check", "scale", "--debug", stdin="q\n")
    assert done.returncode == 130
    assert "(Pdb)" in done.stdout
    assert "scale  failed" not in done.stdout and "Next" not in done.stdout
    assert done.stderr.strip() == ""


@pytest.mark.parametrize("double", ["return x * x", "raise ValueError(''.join({*'abcdefgh'}))"], ids=["power", "set"])
def test_spawned_processes_judge_the_same(kit: Kit, double: str) -> None:
    """The order of a set, too: a verdict that rests on it would otherwise be another in each run."""
    kit.write(double)
    forked = json.loads(grader(kit.layout.root, "check", "scale", "--json", "--seed", "5").stdout)
    spawned = json.loads(grader(kit.layout.root, "check", "scale", "--json", "--seed", "5", "--spawn").stdout)

    def verdicts(document: dict[str, Any]) -> object:
        return [(t["name"], t["verdict"], t["failure"], t["mistake"]) for t in document["exercises"][0]["tests"]]

    assert verdicts(forked) == verdicts(spawned)


def test_a_spawned_worker_that_dies_is_replaced(kit: Kit) -> None:
    kit.write("import os\nos._exit(3)")
    (exercise,) = json.loads(grader(kit.layout.root, "check", "scale", "--json", "--spawn").stdout)["exercises"]
    assert [test["verdict"] for test in exercise["tests"]] == ["failed", "passed"]
    assert "exit status 3" in exercise["tests"][0]["failure"]["message"]


def test_a_suite_that_fails_whatever_the_answer_is_the_kits_fault(kit: Kit) -> None:
    suite = kit.layout.suite_file(kit.name)
    suite.write_text(suite.read_text() + '\n\ndef test_broken(student, draw, expect):\n    """Broken."""\n    1 / 0\n')
    kit.write(SOLVED)
    done = grader(kit.layout.root, "check", "scale")
    assert done.returncode == 3
    assert "The test itself failed, whatever the answer: ZeroDivisionError" in done.stdout


def test_the_command_line_never_imports_torch() -> None:
    code = (
        "import sys; from grader.cli.entry import run; run(['list']); run(['hint']); run(['check', '--help']);"
        "sys.exit(any(name in sys.modules for name in ('torch', 'numpy', 'pytest', 'matplotlib')))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=PACKAGE, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_output_is_readable_without_unicode(kit: Kit) -> None:
    kit.write("return x * x")
    done = grader(kit.layout.root, "check", "scale", env={"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"})
    assert done.stdout.startswith("x ch1_mini/scale  failed")


def test_a_state_file_that_is_broken_is_set_aside(kit: Kit) -> None:
    kit.write(SOLVED)
    state = kit.layout.state / "state.json"
    state.parent.mkdir()
    state.write_text("{")
    assert grader(kit.layout.root, "check", "scale").returncode == 0
    assert (kit.layout.state / "state.unreadable.json").read_text() == "{"
