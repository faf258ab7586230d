"""pytest as the second way to work: real processes on a miniature kit, and what an editor's list is made of."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import subprocess
import sys
import tomllib
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from miniature import CHAPTER, SUITE, Kit
from running import PACKAGE

from grader.course.suite_text import cases_in, function_of
from grader.judge.client import Judge
from grader.learner.progress import ProgressStore

PLUGINS = ("-p", "grader.cli.pytest_plugin", "-p", "pytest_timeout", "-p", "xdist")
WRONG = 'def double(x):\n    print("hello")\n    return x * x\n\n\ndef halve(x):\n    return x / 2\n'
RIGHT = WRONG.replace("x * x", "2 * x")
HELD = WRONG.replace("return x * x", "breakpoint()\n    return 2 * x")
TWICE = "from ch1_mini.scale import double\n\n\ndef quadruple(x):\n    return double(double(x))\n"
EXPLORER = '''"""What an editor asks for: each test with its place and its docstring."""

import json
import sys


def pytest_collection_finish(session):
    items = [[item.nodeid, *item.location, item.obj.__doc__] for item in session.items]
    heavy = [name for name in ("torch", "numpy", "rich", "grader.judge.client") if name in sys.modules]
    with open("listed.json", "w") as file:
        json.dump({"items": items, "heavy": heavy}, file)
'''
PARAMETERS = '''

KINDS = ["a", "b"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("n", "more"), [(1, 2.5), pytest.param(3, None, marks=pytest.mark.hidden)], ids=str)
def test_kinds(student, expect, kind, n, more):
    """Kinds are told apart."""
    expect.true(kind == "a", "kind b is wrong here")


@pytest.mark.parametrize("n", list(range(2)))
def test_unread(student, expect, n):
    """A range is not read."""
    expect.true(n == 0, f"{n} is wrong here")
'''


def environment(package: Path = PACKAGE) -> dict[str, str]:
    """What a person's shell has, with this package to import: nothing of the pytest that runs this test."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    return {**kept, "PYTHONPATH": str(package), "COLUMNS": "80", "NO_COLOR": "1", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}


def run(root: Path, *arguments: str, package: Path = PACKAGE) -> subprocess.CompletedProcess[str]:
    """`pytest …` in the folder `root`."""
    return subprocess.run(
        [sys.executable, "-m", "pytest", *PLUGINS, *arguments],
        cwd=root, env=environment(package), capture_output=True, text=True, timeout=180, check=False,
    )  # fmt: skip


def outcomes(text: str) -> dict[str, str]:
    """Of `-v`: the outcome of each test."""
    return dict(re.findall(r"::(\S+) (PASSED|FAILED|SKIPPED|ERROR)", text))


@pytest.fixture(scope="session")
def judge() -> Judge:
    """Nothing is judged from this process: each pytest starts a judge of its own."""
    return Judge()


@pytest.fixture
def listed(course: Kit) -> Kit:
    """The course, whose first suite has parameters."""
    suite = course.layout.suite_file(course.name)
    suite.write_text("import pytest\n\n" + SUITE + PARAMETERS)
    (course.layout.root / "explorer.py").write_text(EXPLORER)
    return course


# -- listing --------------------------------------------------------------------------------------------


def test_an_editor_gets_each_test_with_its_place_and_its_sentence_and_nothing_heavy_is_imported(listed: Kit) -> None:
    done = run(listed.layout.root, "--collect-only", "-q", "tests/graded", "-p", "explorer")
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads((listed.layout.root / "listed.json").read_text())
    assert found["heavy"] == []
    file = "tests/graded/ch1_mini/test_scale.py"
    names = ["test_double", "test_halve", "test_kinds[1-2.5-a]", "test_kinds[1-2.5-b]", "test_kinds[3-None-a]"]
    names += ["test_kinds[3-None-b]", "test_unread"]
    ids = [f"{file}::{name}" for name in names] + ["tests/graded/ch1_mini/test_twice.py::test_quadruple"]
    assert [item[0] for item in found["items"]] == ids
    assert done.stdout.splitlines()[: len(ids)] == ids
    for node_id, path, line, domain, sentence in found["items"]:
        text = (listed.layout.root / path).read_text().splitlines()[line]
        assert text.startswith(f"def {function_of(domain)}("), node_id
        assert sentence
    assert found["items"][0][4] == "Every element comes back twice as large."
    assert found["items"][2][4] == "Kinds are told apart. [1-2.5-a]"


def test_the_names_are_those_that_the_judge_gives_in_every_suite_of_the_course() -> None:
    graded = PACKAGE / "tests" / "graded"
    arguments = ["--collect-only", "-q", "-p", "no:cacheprovider", "--import-mode=importlib", "-o", "addopts="]
    command = [sys.executable, "-m", "pytest", *arguments, "tests/graded"]
    paths = os.pathsep.join([str(PACKAGE), str(graded)])
    done = subprocess.run(
        command, cwd=PACKAGE, env={**environment(), "PYTHONPATH": paths}, capture_output=True, text=True, check=False
    )
    collected: dict[str, list[str]] = {}
    for line in done.stdout.splitlines():
        file, mark, name = line.partition("::")
        if mark:
            collected.setdefault(file, []).append(name)
    assert len(collected) > 40, done.stdout[-2000:]
    read = {}
    for file, names in collected.items():
        listed = [test.name for test in cases_in((PACKAGE / file).read_text())]
        read[file] = [name for test in listed for name in ([test] if test in names else of_function(names, test))]
    assert read == collected
    unread = [f"{file}::{name}" for file, names in collected.items() for name in names]
    several = [test.name for file in collected for test in cases_in((PACKAGE / file).read_text())]
    assert len(several) > 0.95 * len(unread)  # nearly every case has a name of its own


def of_function(names: list[str], function: str) -> list[str]:
    return [name for name in names if "[" in name and function_of(name) == function]


def test_a_part_of_the_tests_is_chosen_by_name_and_by_marker(listed: Kit) -> None:
    root = listed.layout.root
    lines = run(root, "--collect-only", "-q", "tests/graded", "-k", "kinds and 5-a", "-m", "not hidden").stdout
    assert "test_kinds[1-2.5-a]" in lines and "1/8 tests collected" in lines
    one = run(root, "--collect-only", "-q", "tests/graded/ch1_mini/test_scale.py::test_kinds[3-None-b]").stdout
    assert one.startswith("tests/graded/ch1_mini/test_scale.py::test_kinds[3-None-b]\n\n1 test collected")


def passed(kit: Kit) -> set[str]:
    """What is remembered as passed."""
    return set(ProgressStore(kit.layout, kit.curriculum).state.passes)


# -- verdicts -------------------------------------------------------------------------------------------


def test_a_failure_says_what_the_report_says_and_nothing_of_the_kit(course: Kit) -> None:
    root = course.layout.root
    course.file.write_text(WRONG)
    done = run(root, "-v", "-ra", "tests/graded", "--junitxml", "found.xml")
    assert done.returncode == 1
    assert outcomes(done.stdout) == {"test_double": "FAILED", "test_halve": "PASSED", "test_quadruple": "SKIPPED"}
    said = done.stdout.partition(" test_double ____")[2].partition("short test summary")[0].splitlines()[1:]
    assert said[:2] == ["Every element comes back twice as large.", ""]
    assert said[2:4] == ["The elements are squared; each is to be doubled.", "The values are wrong."]
    assert said[4] == "called    double(x: tensor float64 (3, 5))"
    assert "defined   exercises/ch1_mini/scale.py:1" in said
    assert any(re.fullmatch(r"again     grader check ch1_mini/scale --seed \d+", line) for line in said)
    printed = next(number for number, line in enumerate(said) if "- Captured stdout call -" in line)
    assert said[printed + 1] == "hello"
    assert all(len(line) <= 80 for line in said[:printed])
    assert "Traceback" not in done.stdout and "grader/" not in done.stdout and "site-packages" not in done.stdout
    assert ".py:1: needs ch1_mini/scale, which has not passed: `grader check scale`" in done.stdout
    case, *others = ET.parse(root / "found.xml").iter("testcase")
    (failure,) = case.iter("failure")
    assert failure.get("message") == "The elements are squared; each is to be doubled."
    assert float(case.get("time", "nan")) < 60 and len(others) == 2

    again = run(root, "-v", "tests/graded", "--lf")
    assert outcomes(again.stdout) == {"test_double": "FAILED"}


def test_what_is_to_do_is_skipped_and_points_to_its_line(course: Kit) -> None:
    done = run(course.layout.root, "-ra", "tests/graded/ch1_mini/test_scale.py")
    assert done.returncode == 0
    stub = course.file.read_text().splitlines()
    for name in ("double", "halve"):
        (line,) = re.findall(rf"SKIPPED \[1\] exercises/ch1_mini/scale.py:(\d+): still to do: {name}", done.stdout)
        assert "NotImplementedError" in stub[int(line) - 1]


def test_the_first_failure_ends_a_run_that_is_to_stop_there(course: Kit) -> None:
    course.file.write_text(WRONG)
    done = run(course.layout.root, "-v", "-x", "tests/graded")
    assert outcomes(done.stdout) == {"test_double": "FAILED"}
    assert "The elements are squared" in done.stdout


def test_with_two_workers_each_takes_whole_exercises_and_a_pass_is_remembered(course: Kit) -> None:
    root = course.layout.root
    course.file.write_text(RIGHT)
    course.layout.exercise_file("ch1_mini/twice").write_text(TWICE)
    done = run(root, "-v", "-n", "2", "tests/graded")
    found = re.findall(r"\[(gw\d)\].* PASSED \S+::(\w+)", done.stdout)
    assert sorted(name for _, name in found) == ["test_double", "test_halve", "test_quadruple"], done.stdout
    workers = {name: worker for worker, name in found}
    assert workers["test_double"] == workers["test_halve"]
    assert passed(course) == {"ch1_mini/scale", "ch1_mini/twice"}


def test_a_part_of_the_tests_is_judged_alone_and_no_pass_of_the_exercise(listed: Kit) -> None:
    listed.file.write_text(RIGHT)
    done = run(listed.layout.root, "-v", "tests/graded/ch1_mini/test_scale.py", "-k", "double or kinds or unread")
    right = dict.fromkeys(["test_double", "test_kinds[1-2.5-a]", "test_kinds[3-None-a]"], "PASSED")
    wrong = dict.fromkeys(["test_kinds[1-2.5-b]", "test_kinds[3-None-b]", "test_unread"], "FAILED")
    assert outcomes(done.stdout) == {**right, **wrong}
    assert "A range is not read. [1]" in done.stdout and "1 is wrong here" in done.stdout
    assert "A range is not read. [0]" not in done.stdout
    assert passed(listed) == set()


def test_the_kits_fault_is_an_error_and_a_file_that_does_not_parse_is_told_of_once(course: Kit) -> None:
    suite = course.layout.suite_file(course.name)
    suite.write_text(suite.read_text() + '\n\ndef test_broken(student):\n    """Broken."""\n    1 / 0\n')
    course.file.write_text(RIGHT)
    done = run(course.layout.root, "-v", "tests/graded/ch1_mini/test_scale.py")
    assert outcomes(done.stdout) == {"test_double": "PASSED", "test_halve": "PASSED", "test_broken": "ERROR"}
    assert "This is the kit's own fault, not your code's." in done.stdout
    assert "ZeroDivisionError" in done.stdout and "Traceback" not in done.stdout and "grader/" not in done.stdout
    course.file.write_text("def double(x:\n")
    done = run(course.layout.root, "-v", "tests/graded/ch1_mini/test_scale.py")
    assert set(outcomes(done.stdout).values()) == {"FAILED"}
    assert done.stdout.count("at        exercises/ch1_mini/scale.py:1") == 1
    assert "Traceback" not in done.stdout and "grader/" not in done.stdout


# -- time -----------------------------------------------------------------------------------------------


def test_an_endless_loop_ends_as_the_judge_says_within_what_pytest_timeout_allows(course: Kit) -> None:
    course.file.write_text(WRONG.replace("return x * x", "while True: pass"))
    done = run(course.layout.root, "-v", "--timeout", "100", "tests/graded/ch1_mini/test_scale.py")
    assert outcomes(done.stdout) == {"test_double": "FAILED", "test_halve": "PASSED"}
    assert "No answer within 2 seconds. It was in double." in done.stdout
    assert "pytest-timeout." not in done.stdout


def test_pytest_timeout_ends_the_test_that_takes_too_long_and_no_other(course: Kit) -> None:
    course.layout.chapter_file("ch1_mini").write_text(CHAPTER.replace("time_limit = 2", "time_limit = 100"))
    course.file.write_text("import time\n\n\n" + WRONG.replace("return x * x", "time.sleep(60)"))
    done = run(course.layout.root, "-v", "--timeout", "6", "tests/graded/ch1_mini/test_scale.py")
    assert outcomes(done.stdout) == {"test_double": "FAILED", "test_halve": "PASSED"}
    assert "Timeout (>6.0s) from pytest-timeout." in done.stdout
    assert "Traceback" not in done.stdout and "grader/" not in done.stdout


# -- the debugger ---------------------------------------------------------------------------------------


def at_a_terminal(root: Path, answers: list[str], *arguments: str) -> str:
    """What is shown at a terminal where each prompt of the debugger gets the next answer."""
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(root)
        os.execve(sys.executable, [sys.executable, "-m", "pytest", *PLUGINS, *arguments], environment())
    shown = b""
    with os.fdopen(terminal, "r+b", buffering=0) as stream:
        while select.select([stream], [], [], 120)[0]:
            try:
                part = stream.read(4096)
            except OSError:  # the other end is closed
                break
            if not part:
                break
            shown += part
            if shown.endswith(b"(Pdb) ") and answers:
                stream.write(answers.pop(0).encode() + b"\n")
                shown += b"\n"
    os.waitpid(child, 0)
    assert answers == [], shown.decode()
    return shown.decode().replace("\r\n", "\n")


def test_a_breakpoint_is_a_prompt_at_the_terminal(course: Kit) -> None:
    course.file.write_text(HELD)
    shown = at_a_terminal(course.layout.root, ["p tuple(x.shape)", "c"], "--debugger", "tests/graded", "-k", "scale")
    assert "(3, 5)" in shown
    assert "2 passed" in shown and "warning" not in shown


def test_an_editors_debugger_needs_no_option_and_quitting_ends_the_run(course: Kit) -> None:
    course.file.write_text(HELD)
    (course.layout.root / "pydevd.py").write_text("")  # by this module an editor's debugger is known
    shown = at_a_terminal(course.layout.root, ["q"], "-v", "-p", "pydevd", "tests/graded", "-k", "scale")
    assert "Quitting debugger" in shown and "test_halve" not in shown


def test_a_debugger_and_several_workers_do_not_go_together(course: Kit) -> None:
    done = run(course.layout.root, "--debugger", "-n", "2", "tests/graded")
    assert done.returncode == 4
    assert "ERROR: --debugger needs the terminal for itself: leave out -n" in done.stderr


# -- the registration -----------------------------------------------------------------------------------


def test_the_package_registers_the_plugin(course: Kit, tmp_path_factory: pytest.TempPathFactory) -> None:
    project = tomllib.loads((PACKAGE / "pyproject.toml").read_text())["project"]
    ((name, module),) = project["entry-points"]["pytest11"].items()
    assert name == module == "grader.cli.pytest_plugin"
    site = tmp_path_factory.mktemp("site")
    (site / "transformer_kit-9.dist-info").mkdir()
    (site / "transformer_kit-9.dist-info" / "METADATA").write_text("Name: transformer-kit\nVersion: 9\n")
    (site / "transformer_kit-9.dist-info" / "entry_points.txt").write_text(f"[pytest11]\n{name} = {module}\n")
    paths = {"PYTHONPATH": os.pathsep.join([str(site), str(PACKAGE)])}
    env = {key: value for key, value in environment().items() if key != "PYTEST_DISABLE_PLUGIN_AUTOLOAD"} | paths
    (course.layout.root / "tests" / "test_mine.py").write_text("def test_mine():\n    assert 1 + 1 == 2\n")
    command = [sys.executable, "-m", "pytest", "-p", "no:hypothesispytest", "--collect-only", "-q", "tests"]
    done = subprocess.run(command, cwd=course.layout.root, env=env, capture_output=True, text=True, check=False)
    assert "test_scale.py::test_double" in done.stdout and "tests/test_mine.py::test_mine" in done.stdout
    assert "4 tests collected" in done.stdout


def test_the_plugin_brings_nothing_along_where_it_has_nothing_to_do() -> None:
    code = (
        "import pytest, sys\nbefore = set(sys.modules)\nimport grader.cli.pytest_plugin\n"
        "print(sorted(set(sys.modules) - before))"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, env=environment(), capture_output=True, text=True, check=True)
    assert done.stdout == "['grader', 'grader.cli', 'grader.cli.pytest_plugin']\n"
