"""Notebooks: an exercise goes into cells and comes back to the byte, and every message names cell and line."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest
from miniature import SOLUTION, Kit
from running import PACKAGE, grader

from grader.curriculum import load_curriculum
from grader.house import House
from grader.notebook import NotebookError, read_notebook, split, write_notebook

HOUSE = House(PACKAGE)
EXERCISES = [e for e in load_curriculum(HOUSE).exercises if not e.by_person]


@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda exercise: exercise.name)
def test_the_code_comes_back_to_the_byte(exercise) -> None:
    source = HOUSE.solution_file(exercise.name).read_text()
    _, chunks = split(source)
    module = read_notebook(write_notebook(source, exercise).encode(), "x.ipynb")
    assert module.source == "".join(chunks)
    assert source.endswith(module.source)
    assert module.notes == ()


@pytest.fixture
def filled(kit: Kit) -> Path:
    """The miniature as a notebook, filled with the solution."""
    root = kit.house.root
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
    done = grader(kit.house.root, "check", "exercises/ch1_mini/scale.ipynb")
    assert done.returncode == 0, done.stdout
    assert grader(kit.house.root, "check").stdout.endswith("Everything has passed.\n")


def test_the_file_counts_once_it_is_no_stub(kit: Kit, filled: Path) -> None:
    kit.write("return 7 * x")
    assert grader(kit.house.root, "check", "scale").returncode == 1
    assert grader(kit.house.root, "check", "scale.ipynb").returncode == 0


def test_messages_name_cell_and_line(kit: Kit, filled: Path) -> None:
    edit(filled, 3, "def double(x):\n    y = x[0]\n    return y @ x")
    (exercise,) = json.loads(grader(kit.house.root, "check", "scale.ipynb", "--json").stdout)["exercises"]
    frame = exercise["tests"][0]["failure"]["frames"][-1]
    assert (frame["file"], frame["line"], frame["text"]) == (
        "exercises/ch1_mini/scale.ipynb cell 3",
        3,
        "return y @ x",
    )


def test_a_syntax_error_names_cell_and_line(kit: Kit, filled: Path) -> None:
    edit(filled, 3, "def double(x):\n    return (2 * x")
    (exercise,) = json.loads(grader(kit.house.root, "check", "scale.ipynb", "--json").stdout)["exercises"]
    assert "cell 3, line 2" in exercise["problem"]["message"]


def test_magics_and_shell_lines_are_set_aside_with_a_note(kit: Kit, filled: Path) -> None:
    edit(filled, 3, "%timeit 1\n!ls\ndef double(x):\n    return 2 * x\ndouble?")
    done = grader(kit.house.root, "check", "scale.ipynb")
    assert done.returncode == 0
    for words in ("cell 3, line 1: `%timeit 1`", "cell 3, line 2: `!ls`", "cell 3, line 5: `double?`"):
        assert f"note: {words} was set aside" in done.stdout


def test_a_percent_sign_in_python_is_python() -> None:
    source = 'x = 7\ny = """\n%s is not magic\n!nor this\n"""\nz = x \\\n  % 3\n'
    document = {"cells": [{"cell_type": "code", "source": source, "metadata": {}}]}
    module = read_notebook(json.dumps(document).encode(), "x.ipynb")
    assert module.source.startswith(source)
    assert module.notes == ()


@pytest.mark.parametrize("data", [b"", b"{}", b"[1]", b'{"cells": 3}', b'{"cells": [{}]}', b"\xff", b"[" * 100_000])
def test_what_is_no_notebook_is_told(data: bytes) -> None:
    with pytest.raises(NotebookError, match=r"x\.ipynb is not a notebook"):
        read_notebook(data, "x.ipynb")


def test_a_notebook_that_is_there_is_left_alone(kit: Kit, filled: Path) -> None:
    before = filled.read_text()
    assert "is there already" in grader(kit.house.root, "notebook", "scale").stdout
    assert filled.read_text() == before


def test_the_last_cell_checks_when_it_is_executed(kit: Kit, filled: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nbclient = pytest.importorskip("nbclient")
    nbformat = pytest.importorskip("nbformat")
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
