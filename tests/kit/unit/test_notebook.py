"""What a notebook's cells left undone, in words: from the file's cells and from what a worker claims of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from grader.course.notebooks import MAX_NOTE, MAX_NOTES, CodeCell, module_of_cells
from grader.protocol.jobs import Job, LearnerSource
from grader.protocol.messages import CellFailure
from grader.protocol.results import Frame, Place
from grader.tester.notebook import Notebook, notebook_of, with_failures
from unit.fakes import job

MODULE, BEFORE = "ch1_mini.scale", "ch1_mini.first"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "ch1_mini" / "scale.py"
    path.parent.mkdir()
    return path


def job_of(file: Path, *texts: str) -> Job:
    """A job whose file has these cells, numbered from 1, beside an earlier part of two cells."""
    module = module_of_cells(CodeCell(number, text) for number, text in enumerate(texts, 1))
    file.write_text(module.source, encoding="utf-8")
    notebooks = {"ch1_mini/scale": module.cells, "ch1_mini/first": ((1, 1), (5, 3))}
    return job(learner=LearnerSource(str(file), str(file.parents[1]), "exercises/ch1_mini/scale.ipynb", notebooks))


def read(file: Path, *texts: str, failures: tuple[CellFailure, ...] = ()) -> Notebook:
    return with_failures(notebook_of(job_of(file, *texts)), failures)


def failed(cell: int, line: int, module: str = MODULE, type: str = "NameError", message: str = "no x") -> CellFailure:
    return CellFailure(module, cell, line, type, message)


# -- notes --------------------------------------------------------------------------------------------------


def test_a_cell_that_raised_is_told_with_its_line(file: Path) -> None:
    found = read(file, "x = 1", "y = 2\ndisplay(y)", failures=(failed(2, 4), failed(3, 6, BEFORE, "E", "")))
    assert found.notes() == (
        "cell 2, line 2: NameError: no x; the rest of the cell did not run",
        "exercises/ch1_mini/first.ipynb, cell 3, line 2: E; the rest of the cell did not run",
    )


def test_a_cell_that_does_not_parse_was_told_by_its_reader(file: Path) -> None:
    assert read(file, "x = (", failures=(failed(1, 1, type="SyntaxError"),)).notes() == ()
    assert read(file, "return 3", failures=(failed(1, 1, type="SyntaxError"),)).notes() != ()


TWICE = [
    (("def f(): ...", "x = 1", "def f(): ..."), ["`f` is defined in cells 1 and 3; cell 3 counts"]),
    (("def f(): ...", "f = jit(f)"), ["`f` is defined in cells 1 and 2; cell 2 counts"]),
    (("class A: ...", "class A: ...", "class A: ..."), ["`A` is defined in cells 1, 2 and 3; cell 3 counts"]),
    (("f = lambda x: x", "if 1:\n    def f(x): ..."), ["`f` is defined in cells 1 and 2; cell 2 counts"]),
    (("def f(): ...", "from torch import f"), ["`f` is defined in cells 1 and 2; cell 2 counts"]),
    (("def f(): ...", "async def f(): ..."), ["`f` is defined in cells 1 and 2; cell 2 counts"]),
    (("def f(): ...\ndef f(): ...",), []),
    (("x = 1", "x = 2", "import torch", "import torch", "for x in y: ..."), []),
    (("def f():\n    def g(): ...", "def g(): ...", "class A:\n    def f(self): ..."), []),
    (("def f(): ...", "def f(:"), []),
    (("def f(): ...", "%%timeit\ndef f(): ..."), []),
    (("def f(): ...", "x: f"), []),
]


@pytest.mark.parametrize(("texts", "notes"), TWICE, ids=[" / ".join(texts) for texts, _ in TWICE])
def test_of_two_definitions_the_last_counts(file: Path, texts: tuple[str, ...], notes: list[str]) -> None:
    assert list(read(file, *texts).notes()) == notes


def test_a_definition_that_was_not_reached_counts_for_nothing(file: Path) -> None:
    texts = ("def f(): ...", "1 / 0\ndef f(): ...")
    assert [note.split(":")[0] for note in read(file, *texts, failures=(failed(2, 3),)).notes()] == ["cell 2, line 1"]
    later = ("def f(): ...", "def f(): ...\n1 / 0")
    assert "`f` is defined in cells 1 and 2; cell 2 counts" in read(file, *later, failures=(failed(2, 4),)).notes()


def test_notes_are_bounded_and_plain(file: Path) -> None:
    texts = ["1 / 0"] * 60
    claimed = tuple(failed(n, 2 * n - 1, message="\x1b[2J\n" + "x" * 10**5, type="T" * 10**4) for n in range(1, 61))
    notes = read(file, *texts, failures=claimed).notes()
    assert len(notes) == MAX_NOTES and notes[-1] == "and 41 more"
    assert all(len(note) <= MAX_NOTE and note.isprintable() for note in notes)


def test_what_a_worker_claims_is_held_against_the_cells(file: Path) -> None:
    texts = ("x = 1", "y = 1\nz = 2")
    claims = (
        failed(2, 10**9),
        failed(2, 3, message="again"),
        failed(7, 1),
        failed(-1, 1),
        failed(1, -5),
        failed(1, 1, "os"),
        failed(1, 1, "ch1_mini/first"),
    )
    found = read(file, *texts, failures=claims)
    assert [(item.module, item.cell, item.line, item.message) for item in found.failures][1:] == [
        (MODULE, 1, 1, "no x"),
        ("ch1_mini/first", 1, 1, "no x"),
    ]
    assert found.failures[0].cell == 2 and found.failures[0].message == "no x"


def test_a_file_that_is_no_notebook_has_nothing_to_say(file: Path) -> None:
    file.write_text("def f(): ...\ndef f(): ...\n")
    plain = notebook_of(job(learner=LearnerSource(str(file), str(file.parents[1]), "scale.py")))
    assert plain.notes() == () and plain.why_missing("f") is None
    gone = notebook_of(job(learner=LearnerSource("/nowhere.py", "/", "a.ipynb", {"ch1_mini/scale": ((1, 1),)})))
    assert gone.notes() == () and gone.why_missing("f") is None


# -- names that are missing -----------------------------------------------------------------------------------

MISSING = [
    (
        ("x = 1", "display(x)\ndef f(): ..."),
        (failed(2, 3),),
        "cell 2, which defines it, raised NameError: no x (line 1)",
        3,
    ),
    (("def f(\n    x:",), (), "cell 1, which defines it, is not Python: SyntaxError: '(' was never closed (line 1)", 1),
    (("notes", "class f(A):\n    x = ("), (), "cell 2, which defines it, is not Python: SyntaxError", 4),
    (("f = lambda x: (",), (), "cell 1, which defines it, is not Python: SyntaxError", 1),
    (("", "%%timeit\ndef f(): ..."), (), "cell 2, which defines it, was set aside: `%%timeit`", 3),
    (("1 / 0\nf = 3", "1 / 0\ndef f(): ..."), (failed(1, 1), failed(2, 4)), "cell 2, which defines it, raised", 4),
    (("1 / 0\ndef f(): ...", "def f(x:"), (failed(1, 1),), "cell 2, which defines it, is not Python", 4),
]


@pytest.mark.parametrize(("texts", "failures", "said", "line"), MISSING, ids=[said for _, _, said, _ in MISSING])
def test_why_a_name_is_missing(
    file: Path, texts: tuple[str, ...], failures: tuple[CellFailure, ...], said: str, line: int
) -> None:
    found = read(file, *texts, failures=failures).why_missing("f")
    assert found is not None and found.message.startswith(f"`f` is not defined: {said}")
    place = Place(str(file), line)
    shown = file.read_text().split("\n")[line - 1].strip()
    assert (found.place, found.frames) == (place, (Frame(place, "", shown),))


NOT_ITS_FAULT = [
    (("display(1)\ng = 1",), (failed(1, 1),)),
    (("display(1)\n# f = 1\nprint('f = 1')",), (failed(1, 1),)),
    (("def g(f=(",), ()),
    (("%%bash\nf() { ls; }",), ()),
    (("def f(): ...",), (failed(1, 1, "ch1_mini.first"),)),
]


@pytest.mark.parametrize(("texts", "failures"), NOT_ITS_FAULT, ids=[texts[0] for texts, _ in NOT_ITS_FAULT])
def test_a_cell_that_does_not_define_the_name_is_not_blamed(
    file: Path, texts: tuple[str, ...], failures: tuple[CellFailure, ...]
) -> None:
    assert read(file, *texts, failures=failures).why_missing("f") is None
