"""`grader picture` and `from grader import picture`: files and cells, and what is said where nothing can be drawn."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from running import PACKAGE, grader
from test_reading_notebooks import document_of

from grader.cli import inline
from grader.course.curriculum import load_curriculum
from grader.course.layout import Layout
from grader.learner.pictures.making import own_pictures, pictures_of, recorded_pictures
from grader.learner.pictures.quiet import apart
from grader.learner.pictures.studio import CannotDraw

SOFTMAX = "ch3_attention/softmax"


def write(kit: Path, exercise: str, text: str) -> None:
    (kit / "exercises" / f"{exercise}.py").write_text(text)


def test_pictures_are_written_as_files_and_told(solved: Path) -> None:
    done = grader(solved, "picture", "softmax", "--narrow")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("How do scores become weights?\n")
    assert "wrote pictures/temperatures.png" in done.stdout
    png = (solved / "pictures" / "temperatures.png").read_bytes()
    assert int.from_bytes(png[16:20], "big") == 390
    assert (solved / "pictures" / "temperatures.svg").read_text().startswith("<svg ")


def test_one_form_in_another_folder_and_no_viewer(solved: Path) -> None:
    done = grader(
        solved, "picture", "masks", "--format", "svg", "--out", "mine", "--show",
        env={"DISPLAY": "", "WAYLAND_DISPLAY": "", "PATH": "/nowhere"},
    )  # fmt: skip
    assert [path.name for path in (solved / "mine").iterdir()] == ["masks.svg"]
    if sys.platform.startswith("linux"):
        assert "Open mine/masks.svg yourself" in done.stderr


def test_the_list_needs_no_heavy_library(solved: Path) -> None:
    code = (
        "import sys\nfrom grader.cli.entry import run\nassert run(['picture']) == 0\n"
        "assert not {'torch', 'numpy', 'matplotlib'} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=solved, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "geometry\n    The embedding table before and after training\n" in done.stdout
    done = grader(solved, "picture", "adamw")
    assert done.returncode == 2
    assert "adamw has no picture" in done.stderr


def drawn(kit: Path, exercise: str) -> None:
    layout = Layout(kit)
    curriculum = load_curriculum(layout)
    own_pictures(layout, curriculum, curriculum.get(exercise))


def test_a_stub_is_named(solved: Path) -> None:
    shutil.copy(PACKAGE / "exercises" / f"{SOFTMAX}.py", solved / "exercises" / f"{SOFTMAX}.py")
    done = grader(solved, "picture", "softmax")
    assert done.returncode == 2
    assert "ch3_attention/softmax is still to do" in done.stderr
    assert not (solved / "pictures").exists()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("def softmax(x, dim):\n    return x / 'two'\n", "exercises/ch3_attention/softmax.py, line 2: TypeError: "),
        ("def softmax(x, dim):\nreturn x\n", "exercises/ch3_attention/softmax.py, line 2: IndentationError: "),
        ("def softmax(x, dim):\n    pass\n", "`softmax(scores / 0.3, dim=-1)` gave None; the picture needs"),
        ("def softmax(x, dim):\n    return x[:2]\n", "gave numbers of shape (2,); the picture needs (6,)"),
        ("def softmin(x, dim):\n    return x\n", "ch3_attention/softmax defines no `softmax`"),
        ("softmax = 3\n", "no picture can be made of what ch3_attention/softmax gave: TypeError"),
    ],
)
def test_what_is_wrong_with_the_learners_code_is_said_in_one_line(solved: Path, text: str, said: str) -> None:
    write(solved, SOFTMAX, text)
    with pytest.raises(CannotDraw) as error:
        drawn(solved, SOFTMAX)
    assert said in error.value.message
    assert "\n" not in error.value.message
    assert error.value.exit_code == 1


def test_in_a_notebook_the_cell_is_told(solved: Path) -> None:
    (solved / "exercises" / f"{SOFTMAX}.py").unlink()
    path = solved / "exercises" / f"{SOFTMAX}.ipynb"
    path.write_bytes(document_of("import torch", "def softmax(x, dim):\n    y = x\n    raise ValueError(y.ndim)"))
    with pytest.raises(CannotDraw, match=r"softmax\.ipynb, cell 2, line 3: ValueError: 1"):
        drawn(solved, SOFTMAX)


def test_a_kit_without_solutions_shows_the_recorded_reference(solved: Path) -> None:
    layout = Layout(solved)
    curriculum = load_curriculum(layout)
    exercise = curriculum.get(SOFTMAX)
    (pair,) = pictures_of(layout, curriculum, exercise)
    assert pair.reference is None
    layout.picture_file(SOFTMAX).parent.mkdir(parents=True)
    layout.picture_file(SOFTMAX).write_bytes(recorded_pictures(Layout(PACKAGE), exercise))
    (pair,) = pictures_of(layout, curriculum, exercise)
    assert pair.is_same
    write(solved, SOFTMAX, "def softmax(x, dim):\n    return x / x.sum()\n")
    (pair,) = pictures_of(layout, curriculum, exercise)
    assert pair.reference is not None and not pair.is_same


def test_the_callers_modules_and_paths_stay_as_they_were(monkeypatch: pytest.MonkeyPatch, solved: Path) -> None:
    monkeypatch.setitem(sys.modules, "ch3_attention.softmax", sys)
    path = list(sys.path)
    drawn(solved, SOFTMAX)
    assert sys.modules["ch3_attention.softmax"] is sys
    assert sys.path == path
    with apart():
        assert "ch3_attention.softmax" not in sys.modules


def test_a_notebook_shows_it_below_the_cell(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], solved: Path
) -> None:
    from grader import picture

    shown: list[str] = []
    monkeypatch.setattr(inline, "display", lambda svg: shown.append(svg.data))
    monkeypatch.chdir(solved)
    picture("softmax")
    assert len(shown) == 1 and shown[0].startswith("<svg ")
    write(solved, SOFTMAX, "def softmax(x, dim):\n    return 1 / 0\n")
    picture("softmax")
    assert len(shown) == 1
    assert "softmax.py, line 2: ZeroDivisionError: division by zero" in capsys.readouterr().err


def test_recordings_hold_numbers_and_words_alone(solved: Path) -> None:
    layout = Layout(PACKAGE)
    recorded = recorded_pictures(layout, load_curriculum(layout).get("ch3_attention/masks"))
    (plain,) = msgspec.json.decode(recorded)
    assert set(plain) == {"name", "exercise", "title", "question", "sentence", "panels"}
    assert len(recorded) < 4000
