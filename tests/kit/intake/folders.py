"""Folders as they are handed in: nested, a whole repository, an environment, the whole kit, and what systems leave."""

from __future__ import annotations

from intake.files import DOUBLE_ONLY, HALF, RIGHT, STUB, TWICE_STUB, At, Files, Link, Zeros, below, merged, notebook
from intake.hand_in import HandIn

IS_STUB, NO_FILE = "it is the stub as it was handed out", "it is no file of the course"
OLDER = At(99, HALF)  # newer than the work, so that it would count if it were looked at

REPOSITORY: Files = {
    ".git/HEAD": "ref: refs/heads/main\n",
    ".git/objects/ab/scale.py": OLDER,
    ".gitignore": "*.pyc\n",
    ".github/workflows/ci.yml": "on: push\n",
    ".vscode/settings.json": "{}",
    ".idea/scale.py": OLDER,
    "src/ch1_mini/scale.py": RIGHT,
    "src/ch1_mini/__init__.py": "",
    "README.md": "# Homework\n",
    "requirements.txt": "torch\n",
}
ENVIRONMENTS: Files = {
    ".venv/lib/python3.12/site-packages/scale.py": OLDER,
    "venv/lib/python3.12/site-packages/scale.py": OLDER,
    "venv/scale.py": OLDER,
    "env/pyvenv.cfg": "home = /usr\n",
    "env/lib/scale.py": OLDER,
    "my tools/pyvenv.cfg": "home = /usr\n",
    "my tools/lib/python3.12/scale.py": OLDER,
    "conda/conda-meta/history": "==> 2027-01-01 <==\n",
    "conda/lib/python3.12/site-packages/scale.py": OLDER,
    "node_modules/scale.py": OLDER,
    "__pycache__/scale.py": OLDER,
    ".ipynb_checkpoints/scale-checkpoint.ipynb": At(99, notebook(HALF)),
    ".ipynb_checkpoints/scale.ipynb": At(99, notebook(HALF)),
}
KIT: Files = {
    "Makefile": "check:\n",
    "README.md": "# The kit\n",
    "constraints.txt": "torch==2.13.0\n",
    "pyproject.toml": "[project]\n",
    "docs/json.md": "# JSON\n",
    "data/corpus.txt": "a b c\n",
    "grader/__main__.py": "from grader.cli.entry import main\n",
    "grader/course/scale.py": OLDER,
    "tests/graded/ch1_mini/test_scale.py": "def test_double(student): ...\n",
    "tests/graded/ch1_mini/chapter.toml": "title = 'Mini'\n",
    "tests/graded/pristine/ch1_mini/scale.py": At(99, STUB),
    "tests/graded/pristine/ch1_mini/twice.py": At(99, TWICE_STUB),
    "exercises/ch1_mini/scale.py": RIGHT,
    "exercises/ch1_mini/twice.py": TWICE_STUB,
    ".grader/progress.json": "{}",
}
IN_KIT = {"scale": "exercises/ch1_mini/scale.py", "twice": "exercises/ch1_mini/twice.py"}


def in_folder(folder: str, used: dict[str, str]) -> dict[str, str]:
    return {exercise: f"{folder}/{path}" for exercise, path in used.items()}


HAND_INS = (
    HandIn("one-folder", {"exercises/ch1_mini/scale.py": RIGHT}, "exercises/ch1_mini/scale.py"),
    HandIn("two-folders", {"hw/exercises/ch1_mini/scale.py": RIGHT}, "hw/exercises/ch1_mini/scale.py"),
    HandIn("three-folders", {"Ada/Homework 1/final/scale.py": RIGHT}, "Ada/Homework 1/final/scale.py"),
    HandIn("folder-of-its-own-name", {"scale.py/scale.py": RIGHT}, "scale.py/scale.py"),
    HandIn("chapter-in-other-case", {"Ch1_Mini/scale.py": RIGHT}, "Ch1_Mini/scale.py"),
    HandIn("chapters-folder-is-a-copy", {"ch1_mini (1)/scale.py": RIGHT}, "ch1_mini (1)/scale.py"),
    HandIn("another-chapters-folder", {"ch2_other/scale.py": RIGHT}, "ch2_other/scale.py",
           notes=("ch2_other/scale.py was read as ch1_mini/scale.py",), checks=False),
    HandIn("repository", REPOSITORY, "src/ch1_mini/scale.py",
           aside={"src/ch1_mini/__init__.py": NO_FILE, "README.md": NO_FILE, "requirements.txt": "it is no"},
           checks=False),
    HandIn("environments", merged(ENVIRONMENTS, {"work/scale.py": RIGHT}), "work/scale.py"),
    HandIn("only-an-environment", {"venv/pyvenv.cfg": "", "venv/lib/scale.py": RIGHT}, points=0.0,
           problem="nothing is in it"),
    HandIn("environment-is-the-hand-in", {"pyvenv.cfg": "home = /usr\n", "scale.py": RIGHT}, "scale.py",
           aside={"pyvenv.cfg": NO_FILE}, checks=False),
    HandIn("checkpoints", {"scale.ipynb": notebook(RIGHT), ".ipynb_checkpoints/scale-checkpoint.ipynb":
           At(9, notebook(HALF)), "scale-checkpoint.ipynb": notebook(DOUBLE_ONLY)}, "scale.ipynb",
           aside={"scale-checkpoint.ipynb": "scale.ipynb counts, and only one file can"}),
    HandIn("kit", KIT, IN_KIT, checks=False),
    HandIn("kit-in-a-folder", below("transformer-kit-main", KIT), in_folder("transformer-kit-main", IN_KIT),
           checks=False),
    HandIn("kit-in-two-folders", below("ada/kit", KIT), in_folder("ada/kit", IN_KIT), checks=False),
    HandIn("kit-beside-the-work",
           merged(below("kit", {**KIT, "exercises/ch1_mini/scale.py": STUB}), {"Homework.ipynb": notebook(RIGHT)}),
           {"scale": "Homework.ipynb", "twice": "kit/exercises/ch1_mini/twice.py"},
           aside={"kit/exercises/ch1_mini/scale.py": IS_STUB}, notes=("Homework.ipynb was read as",), checks=False),
    HandIn("kit-with-a-file-in-its-top", {**KIT, "exercises/ch1_mini/scale.py": STUB, "scale.ipynb": notebook(RIGHT)},
           {"scale": "scale.ipynb", "twice": "exercises/ch1_mini/twice.py"},
           aside={"exercises/ch1_mini/scale.py": IS_STUB}, checks=False),
    HandIn("kit-without-its-program", {name: text for name, text in KIT.items() if not name.startswith("grader/")},
           IN_KIT,
           checks=False),
    HandIn("folders-called-as-the-kits", {"tests/scale.py": RIGHT, "grader/notes.md": "x", "docs/plan.md": "x"},
           "tests/scale.py", aside={"grader/notes.md": NO_FILE, "docs/plan.md": NO_FILE}, checks=False),
    HandIn("two-trees-of-different-days",
           {"old/ch1_mini/scale.py": HALF, "new/ch1_mini/scale.py": At(30, RIGHT)}, "new/ch1_mini/scale.py",
           aside={"old/ch1_mini/scale.py": "is newer and counts"}),
    HandIn("left-by-systems", {"scale.py": RIGHT, ".DS_Store": b"\0", "._scale.py": b"\0\5\x16\7", "Thumbs.db": b"\0",
           "desktop.ini": "[x]", "Icon\r": "", "__MACOSX/._scale.py": b"\0\5"}, "scale.py"),
    HandIn("nothing-but-what-systems-leave", {".DS_Store": b"\0", "__MACOSX/._scale.py": b"\0\5"}, points=0.0,
           problem="nothing is in it"),
    HandIn("link-to-its-neighbour", {"real.py": RIGHT, "scale.py": Link("real.py")}, "real.py",
           aside={"scale.py": "it is a link"}, notes=("real.py was read as",), checks=False),
    HandIn("link-to-nowhere", {"scale.py": Link("gone.py"), "scale.ipynb": notebook(RIGHT)}, "scale.ipynb",
           aside={"scale.py": "it is a link"}, checks=False),
    HandIn("link-to-its-own-folder", {"scale.py": RIGHT, "again": Link(".")}, "scale.py",
           aside={"again": "it is a link"}, checks=False),
    HandIn("large-files-beside", {"scale.py": RIGHT, "model.pt": Zeros(34_000_000), "scratch.ipynb":
           notebook("x = 1\n" + "#" * 3_000_000)}, "scale.py",
           aside={"model.pt": NO_FILE, "scratch.ipynb": "hold more than 2 MB of text"}, checks=False),
    HandIn("large-notebook-of-another-name-alone", {"scratch.ipynb": notebook(RIGHT, "#" * 3_000_000)}, points=0.0,
           aside={"scratch.ipynb": "hold more than 2 MB of text"}, problem="scratch.ipynb", checks=False),
    HandIn("file-of-40-megabytes", {"scale.py": Zeros(40_000_000), "scale.ipynb": notebook(RIGHT)}, "scale.ipynb",
           aside={"scale.py": "it is larger than 2 MB"}, checks=False),
    HandIn("names-of-all-kinds", {"scale.py": RIGHT, "new\nline.txt": "x", "quo'te\".md": "x", "😀.md": "x",
           "\u202eyp.elacs": "x", "ü" * 120 + ".md": "x", "<b>.md": "x", "-rf.md": "x", "$(id).md": "x"}, "scale.py",
           aside={"new\\nline.txt": "it is no", "quo'te_.md": NO_FILE, "😀.md": NO_FILE, "\\u202eyp.elacs": NO_FILE,
                  "ü" * 120 + ".md": NO_FILE, "_b_.md": NO_FILE, "-rf.md": NO_FILE, "$(id).md": NO_FILE},
           checks=False),
    HandIn("long-path", {"/".join(["a folder of many words"] * 8) + "/scale.py": RIGHT},
           "/".join(["a folder of many words"] * 8) + "/scale.py"),
    HandIn("empty-folder", {}, points=0.0, problem="nothing is in it"),
)  # fmt: skip
