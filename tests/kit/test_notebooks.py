"""Notebooks: an exercise goes into cells and comes back to the byte, and every message names cell and line."""

from __future__ import annotations

import ast
import importlib
import json
import os
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from miniature import SOLUTION, Kit
from running import PACKAGE, grader
from test_reading_notebooks import document_of

from grader.cli.check import asked_files
from grader.course.curriculum import Exercise, load_curriculum
from grader.course.layout import Layout
from grader.course.notebook_writing import split, write_notebook
from grader.course.notebooks import NotebookError, read_notebook
from grader.errors import UsageError
from grader.learner.tree import LearnerTree
from grader.protocol.results import ExerciseResult, Verdict
from grader.render.failure_view import cells_named

LAYOUT = Layout(PACKAGE)
EXERCISES = [e for e in load_curriculum(LAYOUT).exercises if not e.manually_graded]


@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda exercise: exercise.name)
def test_the_code_comes_back_to_the_byte(exercise: Exercise) -> None:
    source = LAYOUT.solution_file(exercise.name).read_text()
    _, chunks = split(source)
    module = read_notebook(write_notebook(source, exercise).encode(), "x.ipynb")
    assert module.source == "".join(chunks)
    assert source.endswith(module.source)
    assert module.notes == ()


@pytest.fixture
def filled(kit: Kit) -> Path:
    """The miniature as a notebook, filled with the solution."""
    root = kit.layout.root
    assert grader(root, "notebook", "--all").stdout == "wrote exercises/ch1_mini/scale.ipynb\n"
    path = kit.file.with_suffix(".ipynb")
    document = json.loads(path.read_text())
    for cell in document["cells"]:
        text = "".join(cell["source"])
        cell["source"] = text.replace(
            "raise NotImplementedError", "return 2 * x" if "def double" in text else "return x / 2"
        )
    path.write_text(json.dumps(document))
    return path


def edit(path: Path, number: int, text: str) -> None:
    document = json.loads(path.read_text())
    document["cells"][number - 1]["source"] = text.splitlines(keepends=True)
    path.write_text(json.dumps(document))


def test_a_solved_notebook_passes(kit: Kit, filled: Path) -> None:
    done = grader(kit.layout.root, "check", "exercises/ch1_mini/scale.ipynb")
    assert done.returncode == 0, done.stdout
    assert grader(kit.layout.root, "check").stdout.endswith("Everything has passed.\n")


def test_the_file_counts_once_it_is_no_stub(kit: Kit, filled: Path) -> None:
    kit.write("return 7 * x")
    assert grader(kit.layout.root, "check", "scale").returncode == 1
    assert grader(kit.layout.root, "check", "scale.ipynb").returncode == 0


def test_messages_name_cell_and_line(kit: Kit, filled: Path) -> None:
    edit(filled, 3, "def double(x):\n    y = x[0]\n    return y @ x")
    (exercise,) = json.loads(grader(kit.layout.root, "check", "scale.ipynb", "--json").stdout)["exercises"]
    frame = exercise["tests"][0]["failure"]["frames"][-1]
    assert frame["place"] == {"file": "exercises/ch1_mini/scale.ipynb", "line": 3, "cell": 3}
    assert frame["text"] == "return y @ x"


def checked(kit: Kit, *options: str) -> dict[str, Any]:
    """The result of the miniature's notebook, as JSON has it."""
    (exercise,) = json.loads(grader(kit.layout.root, "check", "scale.ipynb", "--json", *options).stdout)["exercises"]
    return dict(exercise)


def test_a_syntax_error_costs_its_cell_and_names_cell_and_line(kit: Kit, filled: Path) -> None:
    edit(filled, 3, "def double(x):\n    return (2 * x")
    exercise = checked(kit)
    assert (exercise["verdict"], exercise["points"], exercise["problem"]) == ("failed", 5, None)
    failure = exercise["tests"][0]["failure"]
    why = "cell 3, which defines it, is not Python: SyntaxError: '(' was never closed (line 2)."
    assert failure["message"] == f"`double` is not defined: {why}"
    assert failure["place"] == {"file": "exercises/ch1_mini/scale.ipynb", "line": 2, "cell": 3}
    assert failure["frames"][-1]["text"] == "return (2 * x"
    assert exercise["notes"] == ["cell 3, line 2: SyntaxError: '(' was never closed; the cell is left out"]


def test_where_no_cell_is_left_to_judge_the_syntax_error_is_the_files(kit: Kit, filled: Path) -> None:
    edit(filled, 3, "def double(x):\n    return (2 * x\n\ndef halve(x):\n    return x / 2")
    edit(filled, 4, "these are my notes")
    exercise = checked(kit)
    assert exercise["problem"]["message"] == "SyntaxError in cell 3, line 2: '(' was never closed."
    assert exercise["problem"]["place"] == {"file": "exercises/ch1_mini/scale.ipynb", "line": 2, "cell": 3}
    assert exercise["problem"]["frames"][0]["text"] == "    return (2 * x"
    assert len(exercise["notes"]) == 2


IMPORTS = "import torch\nfrom jaxtyping import Float\nfrom torch import Tensor"
RAISING = [
    ("display(torch.ones(2))", "NameError: name 'display' is not defined"),
    ("x = input('n? ')", "EOFError: EOF when reading a line"),
    ("from google.colab import drive", "ModuleNotFoundError: No module named 'google'"),
    ("assert torch.ones(1) == 3, 'no'", "AssertionError: no"),
    ("raise SystemExit(1)", "SystemExit: 1"),
    ("raise KeyboardInterrupt", "KeyboardInterrupt"),
    ("open('/etc/passwd').read()", "PermissionError: [Errno 13] Permission denied: '/etc/passwd'"),
    ("x = bytearray(2**40)", "MemoryError"),
]


@pytest.mark.parametrize(("text", "said"), RAISING, ids=[said for _, said in RAISING])
def test_a_cell_that_raises_costs_nothing_but_itself(kit: Kit, filled: Path, text: str, said: str) -> None:
    edit(filled, 2, f"{IMPORTS}\n{text}\nx = 1")
    exercise = checked(kit)
    assert (exercise["verdict"], exercise["points"]) == ("passed", 10)
    rest = (
        "this line alone did not run" if "display" in said or "google" in said else "the rest of the cell did not run"
    )
    assert exercise["notes"] == [f"cell 2, line 4: {said}; {rest}"]


def test_a_name_whose_cell_raised_is_told_with_the_cell(kit: Kit, filled: Path) -> None:
    edit(filled, 3, "show(1)\ndef double(x):\n    return 2 * x")
    exercise = checked(kit)
    assert (exercise["verdict"], exercise["points"]) == ("failed", 5)
    failure = exercise["tests"][0]["failure"]
    why = "cell 3, which defines it, raised NameError: name 'show' is not defined (line 1)."
    assert failure["message"] == f"`double` is not defined: {why}"
    assert failure["place"] == {"file": "exercises/ch1_mini/scale.ipynb", "line": 1, "cell": 3}


@pytest.mark.parametrize("forever", ["while True: pass", "__import__('time').sleep(1000)"])
def test_a_cell_that_does_not_end_costs_nothing_but_itself(kit: Kit, filled: Path, forever: str) -> None:
    edit(filled, 2, f"{IMPORTS}\n{forever}")
    exercise = checked(kit)
    assert (exercise["verdict"], exercise["points"]) == ("passed", 10)
    (note,) = exercise["notes"]
    assert re.fullmatch(
        r"cell 2, line 4: TookTooLong: it took longer than 0\.\d s, and was stopped; the rest of the cell did not run",
        note,
    )


def test_a_cell_that_takes_no_no_is_a_time_out_of_the_import(kit: Kit, filled: Path) -> None:
    edit(filled, 2, "import signal\nsignal.signal(signal.SIGALRM, signal.SIG_IGN)\nwhile True:\n    pass")
    exercise = checked(kit)
    assert exercise["verdict"] == "timeout"
    assert "could not be imported. No answer within 2 seconds" in exercise["problem"]["message"]
    assert exercise["problem"]["place"]["cell"] == 2


def test_debugging_runs_the_cells_too(kit: Kit, filled: Path) -> None:
    edit(filled, 2, f"{IMPORTS}\ndisplay(1)\nx = 1")
    edit(filled, 4, "%%time\ndef halve(x):\n    return x / 3")
    exercise = checked(kit, "--debug")
    assert exercise["points"] == 5
    assert exercise["tests"][1]["failure"]["place"] == {"file": "exercises/ch1_mini/scale.ipynb", "line": 2, "cell": 4}
    said = "cell 2, line 4: NameError: name 'display' is not defined; this line alone did not run"
    assert exercise["notes"] == [said, "cell 4, line 1: `%%time` was set aside"]


FUNCTIONS = ("def double(x):\n    return x + x", "def halve(x):\n    return x / 2")


def test_an_earlier_part_that_is_a_notebook_is_run_by_its_cells(course: Kit) -> None:
    document = document_of("display(1)", *FUNCTIONS)
    course.layout.exercise_file("ch1_mini/scale").with_suffix(".ipynb").write_bytes(document)
    course.layout.exercise_file("ch1_mini/twice").write_text(
        "from ch1_mini.scale import double\n\n\ndef quadruple(x):\n    return double(double(x))\n"
    )
    done = json.loads(grader(course.layout.root, "check", "twice", "--json").stdout)["exercises"]
    assert [(item["exercise"], item["verdict"]) for item in done] == [
        ("ch1_mini/scale", "passed"),
        ("ch1_mini/twice", "passed"),
    ]
    said = "cell 1, line 1: NameError: name 'display' is not defined; this line alone did not run"
    stub = "exercises/ch1_mini/scale.py does not count: it is the stub as it was handed out"
    assert done[0]["notes"] == [said, f"{stub}; exercises/ch1_mini/scale.ipynb counts"]
    assert done[1]["notes"] == [f"exercises/ch1_mini/scale.ipynb, {said}"]


def test_of_a_function_that_is_defined_twice_the_last_counts(kit: Kit, filled: Path) -> None:
    edit(filled, 4, "def halve(x):\n    return x / 2\n\ndef double(x):\n    return x")
    exercise = checked(kit)
    assert exercise["points"] == 5
    assert exercise["notes"] == ["`double` is defined in cells 3 and 4; cell 4 counts"]


def test_a_script_that_a_notebook_was_saved_as_is_read_by_its_cells(kit: Kit) -> None:
    cells = ("get_ipython().run_line_magic('cd', '')\ndisplay(1)", *FUNCTIONS)
    kit.file.write_text("".join(f"# In[{n}]:\n\n\n{text}\n\n\n" for n, text in enumerate(cells, 1)))
    (exercise,) = json.loads(grader(kit.layout.root, "check", "scale", "--json").stdout)["exercises"]
    assert exercise["points"] == 10
    assert exercise["notes"] == [
        "cell 1, line 2: NameError: name 'display' is not defined; this line alone did not run",
        "cell 1, line 1: `get_ipython().run_line_magic('cd', '')` was set aside",
    ]
    kit.file.write_text(kit.file.read_text().replace("x / 2", "x / y"))
    (exercise,) = json.loads(grader(kit.layout.root, "check", "scale", "--json").stdout)["exercises"]
    assert exercise["tests"][1]["failure"]["frames"][-1]["place"] == {
        "file": "exercises/ch1_mini/scale.py",
        "line": 2,
        "cell": 3,
    }


def test_what_a_cell_has_seen_of_a_test_is_told_in_no_note(kit: Kit, filled: Path) -> None:
    """A cell that fails only in a later import of the file could tell what an earlier worker put down."""
    tells = f"{IMPORTS}\nimport os\nif os.path.exists('seen'):\n    raise ValueError(open('seen').read())"
    puts_down = "def double(x):\n    open('seen', 'w').write('told')\n    os._exit(1)"
    edit(filled, 2, tells)
    edit(filled, 3, puts_down)
    exercise = checked(kit)
    assert exercise["verdict"] == "failed"
    assert exercise["notes"] == []


def test_magics_and_shell_lines_are_set_aside_with_a_note(kit: Kit, filled: Path) -> None:
    edit(filled, 3, "%timeit 1\n!ls\ndef double(x):\n    return 2 * x\ndouble?")
    done = grader(kit.layout.root, "check", "scale.ipynb")
    assert done.returncode == 0
    for words in ("cell 3, line 1: `%timeit 1`", "cell 3, line 2: `!ls`", "cell 3, line 5: `double?`"):
        assert done.stdout.count(f"note: {words} was set aside") == 1


def test_a_percent_sign_in_python_is_python() -> None:
    source = 'x = 7\ny = """\n%s is not magic\n!nor this\n"""\nz = x \\\n  % 3\n'
    document = {"cells": [{"cell_type": "code", "source": source, "metadata": {}}]}
    module = read_notebook(json.dumps(document).encode(), "x.ipynb")
    assert module.source.startswith(source)
    assert module.notes == ()


def test_a_notebook_that_is_there_is_left_alone(kit: Kit, filled: Path) -> None:
    before = filled.read_text()
    assert "is there already" in grader(kit.layout.root, "notebook", "scale").stdout
    assert filled.read_text() == before


def test_the_last_cell_checks_when_it_is_executed(kit: Kit, filled: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nbclient, nbformat = importlib.import_module("nbclient"), importlib.import_module("nbformat")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(PACKAGE), os.environ.get("PYTHONPATH", "")]))
    monkeypatch.setenv("NO_COLOR", "1")
    notebook = nbformat.read(filled, as_version=4)
    client = nbclient.NotebookClient(
        notebook, timeout=120, kernel_name="python3", resources={"metadata": {"path": str(filled.parent)}}
    )
    client.execute()
    printed = "".join(output.get("text", "") for output in notebook.cells[-1].outputs)
    assert "✓ ch1_mini/scale  passed" in re.sub(r"\x1b\[\d*m", "", printed)


def test_the_brief_is_the_first_cell(kit: Kit) -> None:
    exercise = kit.curriculum.get(kit.name)
    document = json.loads(write_notebook(SOLUTION, exercise))
    assert document["cells"][0]["cell_type"] == "markdown"
    assert "".join(document["cells"][0]["source"]).startswith("# Double and halve")


# -- the whole course ---------------------------------------------------------------------------------


def code_cells(document: str) -> dict[str, dict[str, Any]]:
    """The code cells, each under the name that it defines first."""
    found: dict[str, dict[str, Any]] = {}
    for cell in json.loads(document)["cells"]:
        if cell["cell_type"] == "code":
            name = re.search(r"^(?:class |def |(?=\w+ ?(:.*)?= ))(?P<name>\w+)", "".join(cell["source"]), re.MULTILINE)
            found[name["name"] if name else "".join(cell["source"])] = cell
    return found


def filled_in(stub: str, solution: str) -> str:
    """The stub's notebook with the solution's text in its cells; helpers come in new cells, as a learner adds them."""
    document, old, new = json.loads(stub), code_cells(stub), code_cells(solution)
    assert [name for name in new if name in old] == list(old), "the stub's cells stand in another order"
    made = [{**old.get(name, {**cell, "metadata": {}}), "source": cell["source"]} for name, cell in new.items()]
    document["cells"] = [cell for cell in document["cells"] if cell["cell_type"] != "code"] + made
    return json.dumps(document)


@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda exercise: exercise.name)
def test_each_cell_of_the_stub_has_its_solution(exercise: Exercise) -> None:
    """Filled cell by cell, a stub's notebook is the solution's module."""
    stub = write_notebook(LAYOUT.exercise_file(exercise.name).read_text(), exercise)
    solution = write_notebook(LAYOUT.solution_file(exercise.name).read_text(), exercise)
    module = read_notebook(filled_in(stub, solution).encode(), "x.ipynb")
    expected = read_notebook(solution.encode(), "x.ipynb")
    assert ast.dump(ast.parse(module.source)) == ast.dump(ast.parse(expected.source))


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.skipif(not os.environ.get("KIT_SLOW"), reason="the whole course: KIT_SLOW=1 runs it")
def test_the_whole_course_is_solved_by_cells(tmp_path: Path) -> None:
    """Every stub becomes a notebook, its cells are filled, and `grader check` finds nothing missing."""
    for name in ("solutions", "exercises", "tests", "data"):
        shutil.copytree(PACKAGE / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__", "kit"))
    assert grader(tmp_path, "notebook", "--all").returncode == 0
    for exercise in EXERCISES:
        path = tmp_path / "exercises" / f"{exercise.name}.ipynb"
        solution = write_notebook(LAYOUT.solution_file(exercise.name).read_text(), exercise)
        path.write_text(filled_in(path.read_text(), solution))
    done = grader(tmp_path, "check", "--all", "--json")
    results = json.loads(done.stdout)["exercises"]
    told = {item["exercise"]: item["verdict"] for item in results if item["points"] != item["points_possible"]}
    assert told == {}
    assert len(results) == len(EXERCISES)
    assert done.returncode == 0


# -- which file is asked for --------------------------------------------------------------------------


def test_a_file_that_is_named_is_judged_whichever_counts(kit: Kit, filled: Path) -> None:
    kit.write("return 7 * x")
    os.utime(filled, (2e9, 2e9))
    root = kit.layout.root
    assert grader(root, "check", "scale").returncode == 0  # the notebook is newer
    assert grader(root, "check", "scale.py").returncode == 1
    assert grader(root, "check", "exercises/ch1_mini/scale.py").returncode == 1
    assert grader(root, "check", str(kit.file)).returncode == 1
    assert grader(kit.file.parent, "check", "scale.ipynb").returncode == 0


def test_a_copy_may_be_named(kit: Kit, filled: Path) -> None:
    copy = filled.with_name("Copy of scale.ipynb")
    filled.rename(copy)
    assert grader(kit.layout.root, "check", f"exercises/ch1_mini/{copy.name}").returncode == 0


def test_a_reset_puts_a_solved_notebook_aside(kit: Kit, filled: Path) -> None:
    """Else the next check would judge it, and pass."""
    solved = filled.read_bytes()
    asked = grader(kit.layout.root, "reset", "scale", stdin="n\n")
    assert asked.returncode == 130
    assert (
        "Put the stub of ch1_mini/scale back? exercises/ch1_mini/scale.ipynb will be kept as a backup." in asked.stdout
    )
    assert filled.read_bytes() == solved
    done = grader(kit.layout.root, "reset", "scale", "--yes")
    backup = "exercises/ch1_mini/scale.backup1.ipynb.txt"
    assert done.stdout == f"exercises/ch1_mini/scale.py is the stub again.\nYour scale.ipynb is kept as {backup}.\n"
    assert not filled.exists()
    assert (kit.layout.root / backup).read_bytes() == solved
    assert grader(kit.layout.root, "check", "scale").stdout.startswith("· ch1_mini/scale  todo")


def test_a_reset_leaves_a_notebook_without_work_alone(kit: Kit) -> None:
    grader(kit.layout.root, "notebook", "scale")
    done = grader(kit.layout.root, "reset", "scale", stdin="y\n")
    assert done.stdout.startswith("Put the stub of ch1_mini/scale back? [y/N]: ")
    assert done.stdout.endswith("exercises/ch1_mini/scale.py is the stub again.\n")
    assert kit.file.with_suffix(".ipynb").exists()


def test_how_the_cells_begin_that_are_spoken_of_is_said(kit: Kit, filled: Path) -> None:
    """A person finds them so: Jupyter's numbers are those of runs."""
    edit(filled, 3, "\ndef double(x):\n    return undefined * x")
    lines = grader(kit.layout.root, "check", "scale").stdout.splitlines()
    assert any("exercises/ch1_mini/scale.ipynb cell 3:3" in line for line in lines)
    begin = [line for line in lines if "begins:" in line]
    assert begin == ["  cell 3 begins: def double(x):"]
    assert lines[lines.index(begin[0]) + 1] == "  Cells are counted from the top, those with text as well."
    kit.write("return undefined * x")
    assert "begins:" not in grader(kit.layout.root, "check", "scale.py").stdout


@pytest.mark.parametrize(
    ("note", "cells"),
    [
        ("`f` is defined in cells 3, 5 and 7; cell 7 counts", {3, 5, 7}),
        ("cell 5, line 2: it raised", {5}),
        ("exercises/a.ipynb, cell 3, line 2: it raised", {3}),
        ("exercises/b.ipynb, cell 3, line 2: it raised", set()),
        ("cell 4 is a text", set()),
        ("nothing", set()),
    ],
)
def test_a_cell_is_spoken_of_by_its_number(note: str, cells: set[int]) -> None:
    known = ((3, "a"), (5, "b"), (7, "c"))
    result = ExerciseResult("ch1/a", Verdict.FAILED, notes=(note,), file="exercises/a.ipynb", cells=known)
    assert cells_named(result) == cells


def test_a_notebook_that_is_not_there_is_told(kit: Kit) -> None:
    kit.write("return 2 * x")
    done = grader(kit.layout.root, "check", "scale.ipynb")
    assert done.returncode == 2
    assert "there is no scale.ipynb" in done.stderr and "grader notebook scale" in done.stderr


@pytest.mark.parametrize(
    "name", ["exercises/ch1_mini/scale.ipynb", "ch1_mini/scale.ipynb", "scale.IPYNB", "./scale.ipynb"]
)
def test_however_it_is_named_nothing_else_is_judged(kit: Kit, name: str) -> None:
    kit.write("return 2 * x")
    with pytest.raises(UsageError, match=r"^there is no ") as told:
        asked_files(LearnerTree(kit.layout, kit.curriculum), (name,))
    assert told.value.hint == "`grader notebook scale` writes one"


def test_a_file_that_is_gone_is_not_replaced_by_the_notebook(kit: Kit, filled: Path) -> None:
    kit.file.unlink()
    with pytest.raises(UsageError, match=r"^there is no scale\.py$") as told:
        asked_files(LearnerTree(kit.layout, kit.curriculum), ("scale.py",))
    assert told.value.hint == "there is exercises/ch1_mini/scale.ipynb: `grader check scale`"
    filled.unlink()
    with pytest.raises(UsageError) as told:
        asked_files(LearnerTree(kit.layout, kit.curriculum), ("scale.py",))
    assert told.value.hint == "`grader reset scale` writes the stub"


def test_a_file_of_another_folder_is_not_taken_for_the_learners_own(kit: Kit) -> None:
    other = kit.layout.solution_file(kit.name)
    with pytest.raises(UsageError, match=r"solutions/ch1_mini/scale\.py is not in .*exercises$"):
        asked_files(LearnerTree(kit.layout, kit.curriculum), (str(other),))


def test_which_file_was_judged_is_said_where_there_are_two(kit: Kit, filled: Path) -> None:
    root = kit.layout.root
    assert "\n  judged: exercises/ch1_mini/scale.ipynb\n" in grader(root, "check", "scale").stdout
    kit.write("return 2 * x")
    assert "\n  judged: exercises/ch1_mini/scale.py\n" in grader(root, "check", "scale.py").stdout
    filled.unlink()
    (exercise,) = json.loads(grader(root, "check", "scale", "--json").stdout)["exercises"]
    assert (exercise["file"], exercise["beside"]) == ("exercises/ch1_mini/scale.py", [])
    assert "judged" not in grader(root, "check", "scale").stdout


def test_the_next_step_names_the_file_that_counts(kit: Kit, filled: Path) -> None:
    edit(filled, 3, "def double(x):\n    return 3 * x")
    assert "edit      exercises/ch1_mini/scale.ipynb" in grader(kit.layout.root, "check", "scale").stdout


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b'{"cells": [\n<<<<<<< HEAD\n1\n=======\n2\n>>>>>>> theirs\n]}', "holds the marks of a merge conflict"),
        (b"%PDF-1.7", "it is a PDF"),
        (b"<!DOCTYPE html><html>", "it is a web page"),
        ('{"cells": []}'.encode("utf-16"), "it is text in UTF-16"),
        (b"PK\x03\x04", "it is a Word document or a zip archive"),
    ],
)
def test_what_stands_in_a_notebooks_place_is_called_what_it_is(data: bytes, said: str) -> None:
    with pytest.raises(NotebookError) as caught:
        read_notebook(data, "x.ipynb")
    assert said in caught.value.message
