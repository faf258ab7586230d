"""The learner's kit: it judges and names mistakes without holding a solution, a hidden test or a mistake."""

from __future__ import annotations

import ast
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from miniature import MISTAKES, SOLUTION, SUITE, Kit
from running import PACKAGE, grader
from test_pytest import run as run_pytest
from test_reading_notebooks import document_of

from grader.author.public_suite import public_part
from grader.author.recordings import Take
from grader.author.release import COPIED_FILES
from grader.author.release import release as write_kit
from grader.course.curriculum import load_curriculum
from grader.course.layout import Layout
from grader.tester.recording import ValuePool, read_recording

HIDDEN = '''

def only_for_the_hidden_one(x):
    return x.abs().sum() + 12345.678


@pytest.mark.hidden
def test_zero_secretly(student, expect):
    """Zero stays zero."""
    x = torch.zeros(2)
    expect.close(student.double(x), x * only_for_the_hidden_one(x))


def test_with_the_reference(student, reference, draw, expect, figures):
    """The same as the reference."""
    x = draw.normal(2, 3)
    expect.close(student.double(x), reference.double(x))
    figures("It came to:", ["", ""], [["sum", student.double(torch.ones(1))[0]]])
'''
WORK = SOLUTION.replace("return 2 * x", "answer = x.mul(2.000)  # the secret way\n    return answer")


@pytest.fixture
def course_to_release(kit: Kit) -> Kit:
    kit.layout.suite_file(kit.name).write_text("import pytest\nimport torch\n\n\n" + SUITE + HIDDEN)
    kit.layout.solution_file(kit.name).write_text(WORK)
    kit.layout.mistakes_file(kit.name).write_text(
        MISTAKES.replace("return 2 * x", "x.mul(2.000)").replace("x**2", "x**2")
    )
    text = kit.layout.mistakes_file(kit.name).read_text().replace('replace = "return x**2"', 'replace = "x**2"')
    kit.layout.mistakes_file(kit.name).write_text(text)
    kit.layout.data.mkdir()
    (kit.layout.root / "docs").mkdir()
    shutil.copytree(PACKAGE / "docs" / "course", kit.layout.course_pages)
    for name in COPIED_FILES:
        shutil.copy(PACKAGE / name, kit.layout.root / name)
    return kit


@pytest.fixture
def released(course_to_release: Kit) -> Path:
    root = course_to_release.layout.root
    out = root / "out"
    done = grader(root, "release", "--out", str(out))
    assert done.returncode == 0, done.stderr
    assert "1 exercises and 3 public tests" in done.stdout
    assert done.stdout.endswith("2 of 2 mistakes fail a recorded test under each of its seeds\n")
    return out


def test_a_mistake_that_no_recorded_test_sees_is_told(course_to_release: Kit) -> None:
    unseen = 'name = "sooner"\nfind = "return answer"\nreplace = "return 1 * answer"\nsays = "It is the same."\n'
    path = course_to_release.layout.mistakes_file(course_to_release.name)
    path.write_text(path.read_text() + "\n[[mistake]]\n" + unseen)
    done = grader(course_to_release.layout.root, "release", "--out", "out")
    assert "2 of 3 mistakes fail a recorded test under each of its seeds\nThese do not" in done.stdout
    assert done.stdout.endswith("  ch1_mini/scale: sooner\n")


def test_what_the_references_pictures_show_goes_into_it(course_to_release: Kit) -> None:
    layout, out = course_to_release.layout, course_to_release.layout.root / "out"
    write_kit(layout, load_curriculum(layout), out, 1, lambda *_: None, lambda _, exercise: exercise.name.encode())
    assert Layout(out).picture_file("ch1_mini/scale").read_text() == "ch1_mini/scale"
    assert "/pictures/" in (out / ".gitignore").read_text().splitlines()


def run(kit: Path, *arguments: str) -> str:
    return grader(kit, *arguments, env={"PYTHONPATH": str(kit)}).stdout


def test_the_kit_judges_without_a_solution(released: Path) -> None:
    assert not (released / "solutions").exists()
    assert "· double  exercises/ch1_mini/scale.py:14" in run(released, "check")
    file = released / "exercises" / "ch1_mini" / "scale.py"
    file.write_text(WORK)
    shown = "✓ ch1_mini/scale  passed  10 of 10 points\n  It came to:\n    sum  2.000\n"
    assert run(released, "check").startswith(shown)


def test_pytest_alone_runs_the_suites_in_it(released: Path) -> None:
    done = run_pytest(released, package=released)
    assert done.returncode == 0 and "3 skipped" in done.stdout, done.stdout
    file = released / "exercises" / "ch1_mini" / "scale.py"
    file.write_text("def double(x):\n    return x * x\n\n\ndef halve(x):\n    return x / 2\n")
    done = run_pytest(released, package=released)
    assert "test_double - The elements are sq" in done.stdout
    assert "2 failed, 1 passed" in done.stdout


def test_notebooks_are_read_in_it(released: Path) -> None:
    cells = [
        "%matplotlib inline\nimport torch",
        "display(1)",
        "def double(x):\n    return 2 * x",
        "def halve(x):\n    return x / 2",
    ]
    (released / "exercises" / "ch1_mini" / "scale.ipynb").write_bytes(document_of(*cells))
    (exercise,) = json.loads(run(released, "check", "scale.ipynb", "--json"))["exercises"]
    assert (exercise["verdict"], len(exercise["notes"])) == ("passed", 2)


def test_a_mistake_is_still_named(released: Path) -> None:
    file = released / "exercises" / "ch1_mini" / "scale.py"
    file.write_text("def double(x):\n    return x * x\n\n\ndef halve(x):\n    return x / 2\n")
    (exercise,) = json.loads(run(released, "check", "scale", "--json"))["exercises"]
    assert [item["name"] for item in exercise["mistakes"]] == ["squared"]
    assert [test["verdict"] for test in exercise["tests"]] == ["failed", "passed", "failed"]


def test_what_is_not_a_listed_mistake_is_not_named(released: Path) -> None:
    file = released / "exercises" / "ch1_mini" / "scale.py"
    file.write_text("def double(x):\n    return None\n\n\ndef halve(x):\n    return x / 2\n")
    (exercise,) = json.loads(run(released, "check", "scale", "--json"))["exercises"]
    assert exercise["mistakes"] == []
    assert exercise["tests"][0]["verdict"] == "failed"


def test_reset_and_hints_work_in_it(released: Path) -> None:
    file = released / "exercises" / "ch1_mini" / "scale.py"
    file.write_text("x = 1\n")
    run(released, "reset", "scale", "--yes")
    assert "NotImplementedError" in file.read_text()
    assert "Hint 1 of 2" in run(released, "hint")


def test_the_pages_of_the_chapters_and_their_drawings_are_in_it(released: Path) -> None:
    here, there = PACKAGE / "docs" / "course", released / "docs" / "course"
    names = {path.name for path in here.iterdir()}
    assert {path.name for path in there.iterdir()} == names and "map.svg" in names
    assert all((there / name).read_bytes() == (here / name).read_bytes() for name in names)


def test_what_comes_out_can_be_predicted_in_it(released: Path) -> None:
    assert "before you code: grader predict scale" in run(released, "show")
    assert "2 of 3 right." in run(released, "predict", "--answers", "3 -2\n2 3\nyes")


def test_the_page_of_the_course_can_be_written_in_it(released: Path) -> None:
    (released / "exercises" / "ch1_mini" / "scale.py").write_text(SOLUTION)
    run(released, "check", "scale")
    assert "1 of 1 exercises passed." in run(released, "report")
    assert "passed at the first attempt" in (released / "report.html").read_text(encoding="utf-8")
    templates = {path.relative_to(released / "grader").as_posix() for path in (released / "grader").rglob("*.html")}
    assert templates == {f"render/pages/{name}.html" for name in ("course", "course_style", "style")}


def test_what_is_for_those_who_teach_is_not_in_it(released: Path) -> None:
    for name, kept in (("README.md", "grader reset one_hot"), ("Makefile", "check: $(VENV)/ready")):
        text = (released / name).read_text()
        assert kept in text
        gone = ("learner's kit", "make test", "grader score", "dev check", "ready-dev")
        assert not any(word in text for word in gone)
    links = re.findall(r"\]\(([^)]+)\)", (released / "README.md").read_text())
    assert links and all((released / link).exists() for link in links)
    listed = re.findall(r"^  (\w+)", run(released, "--help").partition("Commands:")[2], re.MULTILINE)
    assert not {"score", "release", "dev", "regrade", "similar", "export"} & set(listed), listed
    done = grader(released, "score", "class", "--out", "out", env={"PYTHONPATH": str(released)})
    assert done.returncode == 2
    assert "`score` is not part of a learner's kit" in done.stderr


def test_every_module_of_it_can_be_imported_and_is_listed(released: Path) -> None:
    modules = {p.relative_to(released).with_suffix("").as_posix() for p in (released / "grader").rglob("*.py")}
    assert {"grader/cli/learner", "grader/render/report", "grader/learner/checking"} <= modules
    assert not any("author" in name or "score" in name for name in modules)
    assert not modules & {"grader/cli/instructor", "grader/render/html", "grader/render/scoring", "grader/render/plain"}
    names = [name.removesuffix("/__init__").replace("/", ".") for name in modules if "__main__" not in name]
    code = "import importlib, sys\nfor name in sys.argv[1:]: importlib.import_module(name)"
    done = subprocess.run(
        [sys.executable, "-c", code, *names], cwd=released, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    page = (released / "docs" / "architecture.md").read_text(encoding="utf-8")
    folders = re.split(r"^### (grader\S*)$", page, flags=re.MULTILINE)
    listed = {
        f"{folder}/{name}"
        for folder, text in zip(folders[1::2], folders[2::2], strict=True)
        for name in re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE)
    }
    assert listed == {name for name in modules if not name.endswith("__init__")}


def test_nothing_secret_is_in_it(released: Path) -> None:
    for path in released.rglob("*"):
        if path.is_file():
            data = path.read_bytes()
            for secret in (b"the secret way", b"12345.678", b"test_zero_secretly", b"x.mul(2.000)"):
                assert secret not in data, path


def test_a_kit_that_gives_a_solution_away_is_not_written(kit: Kit) -> None:
    line = "answer = x.mul(2.000)  # the secret way"
    kit.layout.solution_file(kit.name).write_text(WORK)
    kit.layout.mistakes_file(kit.name).unlink()
    suite = kit.layout.suite_file(kit.name)
    suite.write_text(
        suite.read_text().replace("    expect.close(student.double", f"    {line}\n    expect.close(student.double")
    )
    kit.layout.data.mkdir()
    out = kit.layout.root / "out"
    done = grader(kit.layout.root, "release", "--out", str(out))
    assert done.returncode == 3
    assert "the kit would give away what it must not" in done.stderr
    assert line in done.stderr
    assert not out.exists()


def test_a_folder_that_is_not_empty_is_left_alone(kit: Kit, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("keep")
    assert grader(kit.layout.root, "release", "--out", str(tmp_path / "mine")).returncode == 2
    assert (tmp_path / "mine" / "notes.txt").read_text() == "keep"


def test_the_public_part_drops_what_only_hidden_tests_used() -> None:
    text = public_part("import pytest\nimport torch\n" + SUITE + HIDDEN)
    assert "secretly" not in text
    assert "only_for_the_hidden_one" not in text
    assert "def test_with_the_reference" in text
    assert "def test_double" in text


def test_hidden_parameters_go_one_by_one_and_several_at_once() -> None:
    hidden = "marks=pytest.mark.hidden"
    source = f"""import pytest

MORE = [5, 6]


@pytest.mark.parametrize("n", [1, pytest.param(2, {hidden}), 3, *(pytest.param(n, {hidden}) for n in MORE)])
def test_n(student, n):
    pass
"""
    text = public_part(source)
    assert "hidden" not in text
    assert "MORE" not in text
    (marked,) = [node for node in ast.parse(text).body if isinstance(node, ast.FunctionDef)]
    assert ast.unparse(marked.decorator_list[0]) == "pytest.mark.parametrize('n', [1, 3])"


# -- all or nothing -----------------------------------------------------------------------------------


def recordings(kit: Path) -> dict[str, bytes]:
    folder = kit / "tests" / "graded" / "recordings"
    return {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_second_release_of_the_same_course_keeps_every_recording(course_to_release: Kit) -> None:
    root, file = course_to_release.layout.root, course_to_release.layout.suite_file("ch1_mini/scale")
    grader(root, "release", "--out", "one")
    grader(root, "release", "--out", "two")
    assert recordings(root / "one") == recordings(root / "two") != {}
    file.write_text(file.read_text().replace("draw.normal(4, 2)", "draw.normal(4, 3)"))
    assert grader(root, "release", "--out", "three").returncode == 0
    assert recordings(root / "three") != recordings(root / "one")
    assert len(list((course_to_release.layout.state / "recordings").iterdir())) == 1


@pytest.mark.parametrize("before", ["nothing", "an empty folder"])
def test_a_release_that_fails_leaves_nothing(course_to_release: Kit, before: str) -> None:
    root, file = course_to_release.layout.root, course_to_release.layout.suite_file("ch1_mini/scale")
    if before != "nothing":
        (root / "out").mkdir()
    file.write_text(file.read_text() + "\n\ndef broken(:\n")
    names = {path.name for path in root.iterdir()} | {".grader"}
    done = grader(root, "release", "--out", str(root / "out"))
    assert done.returncode == 3
    assert {path.name for path in root.iterdir()} | {".grader"} == names
    assert before == "nothing" or not list((root / "out").iterdir())


def test_what_a_killed_release_left_is_taken_away(course_to_release: Kit) -> None:
    root = course_to_release.layout.root
    (root / ".out.partial" / "exercises").mkdir(parents=True)
    (root / ".out.partial" / "exercises" / "old.py").touch()
    assert grader(root, "release", "--out", "out").returncode == 0
    assert not list((root / "out").rglob("old.py"))
    assert not list(root.glob(".out*"))


def test_a_folder_with_something_in_it_is_left_as_it_is(course_to_release: Kit) -> None:
    root = course_to_release.layout.root
    (root / "out").mkdir()
    (root / "out" / "mine.txt").write_text("mine")
    done = grader(root, "release", "--out", "out")
    assert done.returncode == 2
    assert "is not empty" in done.stderr
    assert [path.name for path in (root / "out").iterdir()] == ["mine.txt"]


def test_the_workflow_puts_torch_into_the_environment_that_is_used(released: Path) -> None:
    text = (released / ".github" / "workflows" / "check.yml").read_text()
    pinned = re.search(r"^torch==(\S+)$", (PACKAGE / "constraints.txt").read_text(), re.MULTILINE)
    assert pinned is not None
    steps = re.findall(r"- run: (.+)", text)
    assert steps[0].startswith("python -m venv .venv")
    assert steps[1].startswith(f".venv/bin/python -m pip install torch=={pinned[1]} --index-url ")
    assert steps[2] == "make check"
    assert "test -d $(VENV) ||" in (released / "Makefile").read_text()


def test_a_release_goes_on_where_one_was_killed(course_to_release: Kit) -> None:
    """A take that was recorded is not recorded again."""
    root = course_to_release.layout.root
    assert grader(root, "release", "--out", "one").returncode == 0
    (shelf,) = (course_to_release.layout.state / "recordings").iterdir()
    takes = msgspec.msgpack.decode(shelf.read_bytes(), type=list[Take])
    shelf.write_bytes(msgspec.msgpack.encode(takes[:2]))
    assert grader(root, "release", "--out", "two").returncode == 0
    seeds = [
        (root / kit / "tests/graded/recordings/ch1_mini/scale.seeds").read_text().split() for kit in ("one", "two")
    ]
    assert seeds[0][:2] == seeds[1][:2]
    assert seeds[0][2] != seeds[1][2]


def test_a_recording_holds_the_values_that_its_mutants_returned(released: Path) -> None:
    path = released / "tests/graded/recordings/ch1_mini/scale.rec"
    (seed, *others) = map(int, path.with_suffix(".seeds").read_text().split())
    take = read_recording(path).take(seed)
    assert take is not None
    assert others
    tests = [*take.right.values(), *(test for mutant in take.mutants for test in mutant.failed.values())]
    numbers = [entry.value for test in tests for entry in test.entries]
    assert set(numbers) == set(range(len(take.values)))
    assert len(set(take.values)) == len(take.values)


def test_a_value_that_comes_again_is_not_kept_again() -> None:
    """Most mutants return mostly the same; a kit would be three times as large otherwise."""
    pool = ValuePool()
    assert [pool.number(value) for value in (b"three", b"five", b"three")] == [0, 1, 0]
    assert pool.values == (b"three", b"five")


def test_a_shelf_that_cannot_be_read_is_filled_anew(course_to_release: Kit) -> None:
    root = course_to_release.layout.root
    assert grader(root, "release", "--out", "one").returncode == 0
    (shelf,) = (course_to_release.layout.state / "recordings").iterdir()
    shelf.write_bytes(b"\x93\x01")
    assert grader(root, "release", "--out", "two").returncode == 0
    assert len(recordings(root / "two")) == 2
