"""One notebook in every way to run it: `check`, `score`, a fresh Jupyter kernel, and the script that it is saved as.

All give the same points. The kernel is the judge of the others: what its functions return there is compared here.
"""

from __future__ import annotations

import csv
import html
import importlib
import json
import re
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from miniature import Kit
from running import grader
from test_reading_notebooks import document_of

from grader.judge.client import Judge

DOUBLE, HALVE = "def double(x):\n    return x + x  # is it?", "def halve(x):\n    return x / 2"
ASKED = """import json
def _asked(function, expected):
    try:
        return bool((function(torch.tensor([1.5, -2.0])) == torch.tensor(expected)).all())
    except Exception:
        return False
import torch
print("ASKED", json.dumps([
    _asked(lambda x: double(x), [3.0, -4.0]), _asked(lambda x: halve(x), [0.75, -1.0])]))"""


@dataclass(frozen=True)
class Case:
    """A notebook's cells, and the points of 10 that they are worth. `plain` cells are Python as a whole file, too."""

    cells: tuple[str, ...]
    points: int
    plain: bool = False


CASES = {
    "plain": Case(("import torch", DOUBLE, HALVE), 10, plain=True),
    "wrong_at_last": Case(("import torch", DOUBLE, HALVE, "def double(x):\n    return x"), 5, plain=True),
    "in_another_order": Case(("def double(x):\n    return two * x", HALVE, "two = 3", "two = 2"), 10, plain=True),
    "ipythons": Case(
        (
            "%matplotlib inline\nimport torch",
            "!echo one \\\n  two\nfiles = !ls\nhome = %pwd",
            "%%time\ndef double(x):\n    return 3 * x",
            "# a remark?\nif files == 7:\n    !ls\ndouble?",
            DOUBLE,
            "%time half = 0.5\n%timeit -n1 -r1 half",
            "    def halve(x):\n        return x * half",
            ">>> y = halve(torch.ones(1))\n>>> z = double(y)",
            "%%bash\ndef double(x):",
        ),
        10,
    ),
    "raising": Case(
        (
            "import torch\nimport no_such_library\nmissing = 1",
            "display(torch.ones(2))\nundefined",
            f"{DOUBLE}\nassert double(1) == 3\ndef double(x):\n    return x",
            "raise SystemExit",
            "return 3",
            HALVE,
            "these are my notes",
            "def halve(x):\n    return (x",
        ),
        10,
    ),
    "lost": Case((DOUBLE, f"1 / 0\n{HALVE}"), 5),
    "lost_with_its_syntax": Case((f"{DOUBLE}\n\nx = (", HALVE), 5),
    "elsewhere": Case((f"%%timeit -n1 -r1\n{DOUBLE}", f"%%capture out\n{HALVE}", "out.show()"), 5),
    "with_options": Case(
        (
            "%%prun -q\ndef double(x):\n    return k * x",
            "%prun -q k = 2",
            "from __future__ import annotations",
            "def halve(x: Nobody) -> Knows:\n    return x / 2",
        ),
        10,
    ),
    "awaiting": Case(
        (
            "import asyncio\nasync def two():\n    await asyncio.sleep(0)\n    return 2",
            "k = await two()\ndef double(x):\n    return k * x",
            HALVE,
        ),
        10,
    ),
}


def script_of(cells: tuple[str, ...]) -> str:
    """As nbconvert writes it: IPython's transformer on each cell, under a marker."""
    head = "#!/usr/bin/env python\n# coding: utf-8\n\n"
    manager = importlib.import_module("IPython.core.inputtransformer2").TransformerManager()
    texts = [manager.transform_cell(cell).rstrip("\n") for cell in cells]
    return head + "".join(f"# In[{number}]:\n\n\n{text}\n\n\n" for number, text in enumerate(texts, 1))


def files_of(case: Case) -> dict[str, tuple[str, bytes]]:
    """The files that a student may hand in: each way's name, the file's suffix, its bytes."""
    files = {
        "notebook": (".ipynb", document_of("# T", *case.cells)),
        "script": (".py", script_of(case.cells).encode()),
    }
    if case.plain:
        files["joined"] = (".py", "\n\n\n".join(case.cells).encode())
    return files


@pytest.fixture(scope="module")
def mini(tmp_path_factory: pytest.TempPathFactory, judge: Judge) -> Kit:
    return Kit(tmp_path_factory.mktemp("kit"), judge)


@pytest.fixture(scope="module")
def scored(mini: Kit, tmp_path_factory: pytest.TempPathFactory) -> dict[str, float]:
    """The points of every case in every way, from one class."""
    people, out = tmp_path_factory.mktemp("class"), tmp_path_factory.mktemp("results")
    for name, case in CASES.items():
        for way, (suffix, data) in files_of(case).items():
            folder = people / f"{name}-{way}"
            folder.mkdir()
            (folder / f"scale{suffix}").write_bytes(data)
    done = grader(mini.layout.root, "score", str(people), "--out", str(out), "--pattern", "plain")
    assert done.returncode == 0, done.stderr
    with (out / "grades.csv").open(newline="") as file:
        return {row["student"]: float(row["ch1_mini/scale"]) for row in csv.DictReader(file)}


def checked(kit: Kit, suffix: str, data: bytes) -> dict[str, Any]:
    path = kit.file.with_suffix(suffix)
    before = kit.file.read_bytes()
    try:
        path.write_bytes(data)
        done = grader(kit.layout.root, "check", f"scale{suffix}", "--json", "--no-cache")
        (exercise,) = json.loads(done.stdout)["exercises"]
        return dict(exercise)
    finally:
        path.unlink()
        kit.file.write_bytes(before)


def points_in_a_kernel(case: Case, folder: Path) -> int:
    """Executed cell by cell in a fresh kernel, errors and all; then its functions are asked."""
    nbclient, nbformat = importlib.import_module("nbclient"), importlib.import_module("nbformat")
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in (*case.cells, ASKED)])
    resources = {"metadata": {"path": str(folder)}}
    nbclient.NotebookClient(
        notebook, timeout=120, kernel_name="python3", allow_errors=True, resources=resources
    ).execute()
    printed = "".join(output.get("text", "") for output in notebook.cells[-1].outputs)
    answers: list[bool] = json.loads(printed.partition("ASKED ")[2])
    return 5 * sum(answers)


@pytest.mark.parametrize("name", CASES)
def test_every_way_gives_the_same_points(name: str, mini: Kit, scored: dict[str, float], tmp_path: Path) -> None:
    case = CASES[name]
    found: dict[str, float] = {"kernel": points_in_a_kernel(case, tmp_path)}
    for way, (suffix, data) in files_of(case).items():
        found[f"check {way}"] = checked(mini, suffix, data)["points"]
        found[f"score {way}"] = scored[f"{name}-{way}"]
    assert found == dict.fromkeys(found, case.points)


def test_notes_reach_every_reader_once(mini: Kit, tmp_path: Path) -> None:
    data = document_of(*CASES["raising"].cells, "!ls", DOUBLE)
    notes = checked(mini, ".ipynb", data)["notes"]
    assert [note.split(":")[0] for note in notes] == [
        "cell 1, line 2",
        "cell 2, line 1",
        "cell 2, line 2",
        "cell 3, line 3",
        "cell 4, line 1",
        "cell 5, line 1",
        "`double` is defined in cells 3 and 10; cell 10 counts",
        "cell 9, line 1",
        "cell 7, line 1",
        "cell 8, line 2",
    ]
    people, out = tmp_path / "class", tmp_path / "results"
    (people / "ada").mkdir(parents=True)
    (people / "ada" / "scale.ipynb").write_bytes(data)
    assert grader(mini.layout.root, "score", str(people), "--out", str(out), "--pattern", "plain").returncode == 0
    output = json.loads((out / "gradescope" / "ada" / "results.json").read_text())["output"]
    assert output.split("\n") == [f"ch1_mini/scale: {note}" for note in notes]
    page = html.unescape(re.sub("</?code>", "`", (out / "feedback" / "ada.html").read_text()))
    assert [page.count(f">{note}<") for note in notes] == [1] * len(notes)


def test_pictures_in_outputs_cost_nothing(mini: Kit, tmp_path: Path) -> None:
    """A notebook of 3 MB whose source is small, alone and in an archive; one that is far too large is refused."""

    def with_picture(size: int) -> bytes:
        picture = {"output_type": "display_data", "metadata": {}, "data": {"image/png": "A" * size}}
        cell = {"cell_type": "code", "metadata": {}, "execution_count": 1, "outputs": [picture], "source": DOUBLE}
        return document_of(cell, HALVE)

    data = with_picture(3 * 2**20)
    assert checked(mini, ".ipynb", data)["points"] == 10
    people, out = tmp_path / "class", tmp_path / "results"
    for name, size in (("ada", 3 * 2**20), ("ben", 33 * 2**20)):
        (people / name).mkdir(parents=True)
        (people / name / "scale.ipynb").write_bytes(with_picture(size))
    with zipfile.ZipFile(people / "cy.zip", "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("scale.ipynb", data)
    done = grader(mini.layout.root, "score", str(people), "--out", str(out), "--pattern", "plain")
    assert done.returncode == 0, done.stderr
    with (out / "grades.csv").open(newline="") as file:
        assert [row["ch1_mini/scale"] for row in csv.DictReader(file)] == ["10", "0", "10"]
    results = json.loads((out / "gradescope" / "ben" / "results.json").read_text())
    assert "larger than 32 MB" in json.dumps(results)
