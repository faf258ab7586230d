"""`grader update`: a newer kit takes the old one's place, the learner's work stays, and a kill does no harm."""

from __future__ import annotations

import io
import os
import shutil
import signal
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest
from miniature import SOLUTION, SUITE, Kit
from running import PACKAGE, grader

from grader.author.public_tree import write_public_tree
from grader.author.release import COPIED_FILES
from grader.course.curriculum import load_curriculum
from grader.course.exchange import exchange
from grader.course.layout import Layout
from grader.course.released import about
from grader.errors import UsageError
from grader.learner.progress import ProgressStore
from grader.learner.update import Updated, update
from grader.render.terminal import make_console
from grader.render.update import print_updated

NEW_TEST = (
    '\n\ndef test_twice_of_zero(student, expect):\n    """Zero stays zero."""\n    expect.equal(student.double(0), 0)\n'
)
SOLVED = "def double(x):\n    return 2 * x\n\n\ndef halve(x):\n    return x / 2\n"


def lay_kit(kit: Kit, folder: Path, released: str) -> Layout:
    """A learner's kit as `grader release` lays it out, but for the recordings and most of the program."""
    layout = Layout(folder)
    write_public_tree(kit.layout, layout, kit.curriculum.exercises)
    for chapter in kit.curriculum.chapters:
        target = layout.chapter_file(chapter.name)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(kit.layout.chapter_file(chapter.name), target)
    for name, text in (("grader/__main__.py", f"# {released}\n"), ("README.md", f"# Released {released}\n")):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)
    (folder / "kit.json").write_text(f'{{"released": "{released}"}}')
    return layout


class Two:
    """A kit that a learner has, and a newer one of which stub and suite of the first exercise are others."""

    def __init__(self, kit: Kit, folder: Path) -> None:
        self.kit = kit
        self.old = lay_kit(kit, folder / "mine", "2026-01-01T00:00:00+00:00")
        (self.old.root / "grader" / "gone.py").touch()
        solution, suite = kit.layout.solution_file(kit.name), kit.layout.suite_file(kit.name)
        solution.write_text(SOLUTION.replace("Twice each element.", "Each element, doubled."))
        suite.write_text(SUITE.replace("x + x", "2 * x") + NEW_TEST)
        second = kit.layout.solution_file("ch1_mini/twice")
        second.write_text(second.read_text().replace("Four times each", "Fourfold each"))
        self.new = lay_kit(kit, folder / "newer", "2026-02-01T00:00:00+00:00")

    @property
    def file(self) -> Path:
        return self.old.exercise_file(self.kit.name)

    def update(self, source: Path | None = None, older: bool = False) -> Updated | None:
        store = ProgressStore(self.old, load_curriculum(self.old))
        return update(self.old, store, source or self.new.root, older)

    def is_new(self) -> bool:
        """Whether every file of the kit is the newer one's."""
        files = [path.relative_to(self.new.root) for path in self.new.root.rglob("*") if path.is_file()]
        kits = [path for path in files if path.parts[0] != "exercises"]
        assert len(kits) > 8
        return all((self.old.root / path).read_bytes() == (self.new.root / path).read_bytes() for path in kits)


@pytest.fixture
def two(course: Kit, tmp_path: Path) -> Two:
    return Two(course, tmp_path / "kits")


def test_work_and_progress_stay_and_the_rest_is_the_newer_kits(two: Two) -> None:
    two.file.write_text(SOLVED)
    notebook = two.file.with_suffix(".ipynb")
    notebook.write_text("{}")
    (two.old.root / "data").mkdir()
    (two.old.root / "data" / "mine.txt").write_text("mine")
    store = ProgressStore(two.old, load_curriculum(two.old))
    store.skip(store.curriculum.get("ch1_mini/twice"))
    done = two.update()
    assert done is not None
    assert two.is_new()
    assert (two.file.read_text(), notebook.read_text()) == (SOLVED, "{}")
    assert (two.old.root / "data" / "mine.txt").read_text() == "mine"
    assert not (two.old.root / "grader" / "gone.py").exists()
    assert ProgressStore(two.old, load_curriculum(two.old)).is_skipped(store.curriculum.get("ch1_mini/twice"))
    assert "Fourfold each" in two.old.exercise_file("ch1_mini/twice").read_text()  # nobody had touched that one
    assert done.replaced_stubs == ("ch1_mini/twice",)
    aside = two.file.with_name("scale.new-stub.py.txt")
    assert aside.read_text() == two.new.pristine_file(two.kit.name).read_text()
    assert not list((two.old.root / ".grader").glob("update*"))


def test_what_changed_is_said_of_what_was_begun(two: Two) -> None:
    two.file.write_text(SOLVED)
    done = two.update()
    assert done is not None
    (change,) = done.changes
    assert (change.exercise, change.new_stub) == (two.kit.name, "exercises/ch1_mini/scale.new-stub.py.txt")
    assert change.tests.new == ("Zero stays zero.",)
    assert change.tests.changed == ("Every element comes back twice as large.",)
    assert change.tests.gone == ()
    stream = io.StringIO()
    print_updated(make_console(stream, 80), done)
    text = stream.getvalue()
    for line in (
        "This kit is now the one released 2026-02-01 00:00 UTC.\n",
        "  new test: Zero stays zero.\n",
        '    -     """Twice each element."""\n    +     """Each element, doubled."""\n',
        "  Your file is as it was; the new stub lies beside it:\n  exercises/ch1_mini/scale.new-stub.py.txt\n",
        "New stubs, where you had not begun: ch1_mini/twice\n",
    ):
        assert line in text, text


def test_nothing_is_said_where_nothing_was_begun(two: Two) -> None:
    done = two.update()
    assert done is not None and done.changes == ()
    assert set(done.replaced_stubs) == {"ch1_mini/scale", "ch1_mini/twice"}
    assert not list(two.old.exercises.rglob("*.txt"))
    assert "Each element, doubled." in two.file.read_text()


def test_the_same_kit_and_an_older_one_change_nothing(two: Two) -> None:
    two.update()
    assert two.update() is None
    (two.new.root / "kit.json").write_text('{"released": "2025-01-01T00:00:00+00:00"}')
    (two.new.root / "README.md").write_text("older")
    with pytest.raises(UsageError, match="is an older kit, released 2025-01-01"):
        two.update()
    assert "older" not in (two.old.root / "README.md").read_text()
    assert two.update(older=True) is not None
    assert two.is_new()


def test_a_new_exercise_comes_and_a_removed_file_stays_removed(two: Two) -> None:
    two.old.pristine_file("ch1_mini/twice").unlink()
    two.old.exercise_file("ch1_mini/twice").unlink()
    two.file.unlink()
    done = two.update()
    assert done is not None and done.new_exercises == ("ch1_mini/twice",)
    assert two.old.exercise_file("ch1_mini/twice").exists()
    assert not two.file.exists()


# -- archives -----------------------------------------------------------------------------------------


def packed(two: Two, kind: str, top: str = "transformer-kit/") -> Path:
    path = two.new.root.with_suffix(kind)
    files = [item for item in sorted(two.new.root.rglob("*")) if item.is_file()]
    if kind == ".zip":
        with zipfile.ZipFile(path, "w") as archive:
            for file in files:
                archive.write(file, top + file.relative_to(two.new.root).as_posix())
    else:
        with tarfile.open(path, "w:gz") as tar:
            for file in files:
                tar.add(file, top + file.relative_to(two.new.root).as_posix())
    return path


@pytest.mark.parametrize("kind", [".zip", ".tar.gz"])
@pytest.mark.parametrize("top", ["", "./", "transformer-kit/"])
def test_an_archive_is_as_good_as_a_folder(two: Two, kind: str, top: str) -> None:
    assert two.update(packed(two, kind, top)) is not None
    assert two.is_new()


@pytest.mark.parametrize("name", ["../out.txt", "/tmp/out-of-a-kit.txt", "kit/../../out.txt", "C:\\out.txt"])
@pytest.mark.parametrize("kind", [".zip", ".tar.gz"])
def test_an_archive_that_leads_out_of_its_folder_changes_nothing(two: Two, name: str, kind: str) -> None:
    path = two.new.root.with_suffix(kind)
    if kind == ".zip":
        packed(two, kind)
        with zipfile.ZipFile(path, "a") as archive:
            archive.writestr(name, "out")
    else:
        with tarfile.open(path, "w:gz") as tar:
            tar.add(two.new.root, "kit")
            member = tarfile.TarInfo(name)
            tar.addfile(member, io.BytesIO())
    before = (two.old.root / "README.md").read_text()
    with pytest.raises(UsageError, match="leads out of it"):
        two.update(path)
    assert (two.old.root / "README.md").read_text() == before
    assert not list(two.old.root.parent.rglob("out*.txt"))


def test_a_link_in_an_archive_is_refused_and_one_in_a_folder_not_followed(two: Two, tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("not a part of any kit")
    (two.new.root / "docs").mkdir()
    (two.new.root / "docs" / "page.md").symlink_to(secret)
    tar_path, zip_path = two.new.root.with_suffix(".tar.gz"), two.new.root.with_suffix(".zip")
    with tarfile.open(tar_path, "w:gz") as tar:
        tar.add(two.new.root, "kit")
    with zipfile.ZipFile(zip_path, "w") as archive:
        info = zipfile.ZipInfo("kit/docs/page.md")
        info.external_attr = 0o120777 << 16
        archive.writestr(info, str(secret))
    for path, words in ((tar_path, "that is no file"), (zip_path, "has a link in it")):
        with pytest.raises(UsageError, match=words):
            two.update(path)
    assert two.update() is not None
    assert not (two.old.root / "docs").exists()


def test_what_is_no_kit_is_refused(two: Two, tmp_path: Path) -> None:
    (tmp_path / "text.zip").write_text("no archive")
    (tmp_path / "empty").mkdir()
    cut = packed(two, ".tar.gz")
    cut.write_bytes(cut.read_bytes()[:-200])
    for source, words in (
        (tmp_path / "nowhere", "there is no"),
        (tmp_path / "text.zip", "is no kit: a folder, a .zip or a .tar.gz was expected"),
        (tmp_path / "empty", "is no learner's kit"),
        (cut, "cannot be read"),
    ):
        with pytest.raises(UsageError, match=words):
            two.update(source)
    (two.new.root / "solutions").mkdir()
    (two.new.root / "solutions" / "a.py").touch()
    with pytest.raises(UsageError, match="is the course with its solutions"):
        two.update()
    done = grader(two.kit.layout.root, "update", str(two.new.root))
    assert done.returncode == 2
    assert "this is the course with its solutions" in done.stderr


# -- a kill -------------------------------------------------------------------------------------------

KILLED = """
import os, signal, sys
from pathlib import Path
from grader.course.curriculum import load_curriculum
from grader.course.layout import Layout
from grader.learner.progress import ProgressStore
from grader.learner.update import update

steps = 0
def look(event, arguments):
    global steps
    if event in ("os.rename", "ctypes.dlopen"):
        steps += 1
        if steps == int(sys.argv[3]):
            os.kill(os.getpid(), signal.SIGKILL)
layout = Layout(Path(sys.argv[1]))
progress = ProgressStore(layout, load_curriculum(layout))
sys.addaudithook(look)
update(layout, progress, Path(sys.argv[2]), False)
print(steps)
"""


def test_wherever_a_run_is_killed_the_next_one_does_the_rest(two: Two, tmp_path: Path) -> None:
    """Before each of its last steps: the stubs, the other files, the program, the suites, what says which kit it is."""
    two.file.write_text(SOLVED)
    pristine = tmp_path / "before"
    shutil.copytree(two.old.root, pristine)

    def killed_at(step: int) -> subprocess.CompletedProcess[str]:
        shutil.rmtree(two.old.root)
        shutil.copytree(pristine, two.old.root)
        env = {**os.environ, "PYTHONPATH": str(PACKAGE)}
        command = [sys.executable, "-c", KILLED, str(two.old.root), str(two.new.root), str(step)]
        return subprocess.run(command, env=env, capture_output=True, text=True, check=False)

    steps = int(killed_at(0).stdout)
    assert steps > 12 and two.is_new()
    for step in (1, *range(steps - 5, steps + 1)):
        assert killed_at(step).returncode == -signal.SIGKILL
        assert (two.old.graded / "pristine").is_dir() and (two.old.root / "grader" / "__main__.py").is_file()
        assert not two.is_new()
        assert two.update() is not None, step
        assert two.is_new(), step
        assert two.file.read_text() == SOLVED
        assert "Fourfold" in two.old.exercise_file("ch1_mini/twice").read_text()
        assert two.file.with_name("scale.new-stub.py.txt").exists()


def test_folders_change_places_with_the_systems_call_and_without(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_text(name)
    for expected in ("other", "one"):
        exchange(tmp_path / "one", tmp_path / "other")
        assert (tmp_path / "one" / "file").read_text() == expected
        monkeypatch.setattr("grader.course.exchange._exchanged", lambda *_: False)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["one", "other"]


# -- the program itself -------------------------------------------------------------------------------


def test_a_released_kit_updates_itself_while_it_runs(course: Kit, tmp_path: Path) -> None:
    """The new program raises wherever it is imported: the old one must have all that it needs."""
    root = course.layout.root
    course.layout.data.mkdir()
    (root / "docs").mkdir()
    for name in COPIED_FILES:
        shutil.copy(PACKAGE / name, root / name)
    assert grader(root, "release", "--out", "out").returncode == 0
    mine, newer = root / "out", tmp_path / "newer"
    shutil.copytree(mine, newer)
    assert about(mine).released
    (newer / "kit.json").write_text('{"released": "2999-01-01T00:00:00+00:00"}')
    for path in (newer / "grader").rglob("*.py"):
        path.write_text("raise SystemExit('the new program was imported')\n")
    (mine / "exercises/ch1_mini/scale.py").write_text(SOLVED)
    suite = newer / "tests/graded/ch1_mini/test_scale.py"
    suite.write_text(suite.read_text() + NEW_TEST)
    done = grader(mine, "update", str(newer), env={"PYTHONPATH": str(mine)})
    assert done.returncode == 0, done.stderr
    assert "new test: Zero stays zero." in done.stdout
    assert about(mine).released.startswith("2999")
    again = grader(mine, "list", env={"PYTHONPATH": str(mine)})
    assert "the new program was imported" in again.stderr
