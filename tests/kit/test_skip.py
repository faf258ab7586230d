"""`grader skip`: later exercises rest on the course's own part, and what stands for it in a kit tells no answer."""

from __future__ import annotations

import ast
import json
import shutil
import subprocess
import sys
import zlib
from pathlib import Path

import msgspec
import pytest
from miniature import SECOND_SOLUTION, Kit
from running import PACKAGE, grader

from grader.author.leaks import secrets_in
from grader.author.plain_code import local_names, plain_code, same_work
from grader.author.release import COPIED_FILES
from grader.course.curriculum import load_curriculum
from grader.course.layout import Layout
from grader.course.skipped_parts import is_needed, scrambled, stand_in_text, stand_in_tree
from grader.course.tree_data import pack_tree, unpack_tree
from grader.errors import GraderError
from grader.judge.client import Judge
from grader.learner.checking import Checker, Options
from grader.learner.own_code import OwnCode
from grader.learner.progress import ProgressStore, upcoming_exercise
from grader.learner.skipping import skip_exercise, unskip_exercise
from grader.protocol.results import ExerciseResult, Verdict

RIGHT = SECOND_SOLUTION
WRONG_DOUBLE = "def double(x):\n    return x + 1\n\n\ndef halve(x):\n    return x / 2\n"


class Learner:
    """A learner in a course, with the judge that all tests share."""

    def __init__(self, kit: Kit, judge: Judge) -> None:
        self.kit, self.judge = kit, judge
        self.store = ProgressStore(kit.layout, kit.curriculum)
        self.scale, self.twice = kit.curriculum.graded

    def skip(self) -> None:
        skip_exercise(self.kit.layout, self.kit.curriculum, self.store, self.scale)

    def check(self, *names: str) -> dict[str, ExerciseResult]:
        """`grader check`, with these names or without."""
        exercises = [self.kit.curriculum.get(f"ch1_mini/{name}") for name in names]
        self.store.look_again()
        with Checker(self.kit.layout, self.kit.curriculum, self.store, Options(exercises)) as checker:
            checker.judge = self.judge
            list(checker.check_these(exercises) if names else checker.check_next())
            self.store.save()
            return {name.split("/")[1]: result for name, result in checker.results.items()}

    def write_second(self, text: str) -> None:
        self.kit.layout.exercise_file("ch1_mini/twice").write_text(text)


@pytest.fixture
def learner(course: Kit, judge: Judge) -> Learner:
    return Learner(course, judge)


def test_later_ones_are_judged_on_the_courses_part_and_a_note_says_so(learner: Learner) -> None:
    learner.write_second(RIGHT)
    assert learner.check("twice")["twice"].verdict is Verdict.BLOCKED
    learner.skip()
    found = learner.check()
    assert list(found) == ["twice"]
    assert found["twice"].verdict is Verdict.PASSED
    assert "the course's own part stands in for ch1_mini/scale, which was skipped" in found["twice"].notes
    assert learner.store.states() == {
        "ch1_mini/twice": "passed",
        "ch1_mini/scale": "skipped",
        "ch1_mini/essay": "by a person",
    }
    assert upcoming_exercise(learner.kit.curriculum, learner.store, ()) is None


def test_a_pass_on_a_part_that_stood_in_counts_no_longer_once_it_does_not(learner: Learner) -> None:
    learner.write_second(RIGHT)
    learner.skip()
    assert learner.check()["twice"].verdict is Verdict.PASSED
    assert learner.check("twice")["twice"].cached
    unskip_exercise(learner.store, learner.scale)
    assert not learner.store.has_passed(learner.twice)
    assert learner.check("twice")["twice"].verdict is Verdict.BLOCKED


def test_one_that_is_named_is_judged_and_once_it_passes_no_longer_skipped(learner: Learner) -> None:
    learner.skip()
    learner.kit.file.write_text(WRONG_DOUBLE)
    learner.write_second(RIGHT)
    found = learner.check("scale", "twice")
    assert (found["scale"].verdict, found["twice"].verdict) == (Verdict.FAILED, Verdict.PASSED)
    assert found["scale"].tests[0].failure is not None and found["scale"].tests[0].failure.place is not None
    assert found["scale"].tests[0].failure.place.file == "exercises/ch1_mini/scale.py"
    assert learner.store.is_skipped(learner.scale)
    learner.kit.write("return 2 * x")
    found = learner.check("scale", "twice")
    assert [item.verdict for item in found.values()] == [Verdict.PASSED, Verdict.PASSED]
    assert not learner.store.is_skipped(learner.scale)
    assert not any("stands in" in note for note in found["twice"].notes)


def test_a_notebook_of_a_skipped_part_is_judged_by_its_cells_and_not_imported_by_others(learner: Learner) -> None:
    cell: dict[str, object] = {
        "cell_type": "code",
        "metadata": {},
        "outputs": [],
        "execution_count": None,
        "source": WRONG_DOUBLE,
    }
    document = {"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 4}
    learner.kit.file.with_suffix(".ipynb").write_text(json.dumps(document))
    learner.write_second(RIGHT)
    learner.skip()
    found = learner.check("scale", "twice")
    assert (found["scale"].verdict, found["twice"].verdict) == (Verdict.FAILED, Verdict.PASSED)


def test_what_goes_wrong_through_a_stand_in_shows_none_of_its_lines(learner: Learner) -> None:
    learner.write_second(RIGHT.replace("return double(double(x))", "return double(double(None))"))
    learner.skip()
    result = learner.check("twice")["twice"]
    (test,) = result.tests
    assert test.verdict is Verdict.FAILED and test.failure is not None
    assert [frame.text for frame in test.failure.frames] == ["return double(double(None))"]
    assert "2 * x" not in str(result)


def test_a_wrong_answer_on_a_stand_in_is_not_blamed_on_it(learner: Learner) -> None:
    learner.write_second(RIGHT.replace("double(double(x))", "double(double(double(x)))"))
    learner.skip()
    (test,) = learner.check("twice")["twice"].tests
    assert test.failure is not None
    assert test.failure.cause is None
    assert test.failure.wrong_line is None or "twice" in test.failure.wrong_line.place.file


def test_what_passed_or_is_for_a_person_or_has_nothing_to_stand_in_is_not_skipped(learner: Learner) -> None:
    kit = learner.kit
    with pytest.raises(GraderError, match="is not skipped"):
        unskip_exercise(learner.store, learner.scale)
    with pytest.raises(GraderError, match="marked by a person"):
        skip_exercise(kit.layout, kit.curriculum, learner.store, kit.curriculum.exercises[2])
    kit.write("return 2 * x")
    learner.check("scale")
    with pytest.raises(GraderError, match="has passed: there is nothing to skip"):
        learner.skip()
    kit.file.write_text(WRONG_DOUBLE)
    learner.store.look_again()
    kit.layout.solution_file(kit.name).unlink()
    with pytest.raises(GraderError, match="cannot be skipped: ch1_mini/twice needs it"):
        learner.skip()
    skip_exercise(kit.layout, kit.curriculum, learner.store, learner.twice)  # nothing rests on it
    assert learner.store.is_skipped(learner.twice)


def test_ones_own_code_runs_on_the_stand_in(learner: Learner) -> None:
    learner.write_second(RIGHT)
    learner.skip()
    forget_modules()
    with OwnCode(learner.kit.layout, learner.kit.curriculum) as own:
        assert own.module("ch1_mini/twice").quadruple(3) == 12
        with pytest.raises(NotImplementedError):
            own.module("ch1_mini/scale").double(3)
    forget_modules()


def forget_modules() -> None:
    """Another test of this process may have imported the exercises of another folder."""
    for name in [name for name in sys.modules if name.startswith("ch1_mini")]:
        del sys.modules[name]


# -- the form of a stand-in ---------------------------------------------------------------------------

TELLING = '''"""A brief that is long enough to tell."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Settings:
    """What there is to set, in so many words."""

    width: int
    depth: int = 2


def shown(values, *, first: int = 0) -> list:
    """The docstring of the function says much."""
    # TODO: this is a stub's line.
    gathered = []  # a comment that explains the way
    for position, value in enumerate(values, start=first):
        def stepped(amount, scale=3):
            nonlocal gathered
            gathered = [*gathered, amount * scale]
        try:
            stepped(value + position)
        except TypeError as complaint:
            raise ValueError(f"{value!r} is none") from complaint
    pairs = {key: [element for element in (key, key)] for key in gathered}
    largest = max(pairs, key=lambda candidate: pairs[candidate], default=None)
    return [largest, *_helping(gathered)]


def _helping(things):
    return [thing for thing in things if (halved := thing / 2) > 1.5e0 and halved != float("inf")]
'''


def test_a_stand_in_has_no_prose_no_annotations_and_no_local_names() -> None:
    tree = unpack_tree(pack_tree(plain_code(TELLING, "mini")))
    text = ast.unparse(tree)
    for gone in ("brief", "docstring", "in so many words", "comment", "TODO", "-> list", "_helping", "int = 0"):
        assert gone not in text, gone
    local = {"gathered", "position", "value", "stepped", "complaint", "pairs", "element", "largest", "halved", "thing"}
    assert local <= local_names(TELLING)
    words = set(text.replace("(", " ").replace(",", " ").replace("[", " ").split())
    assert not words & (local | {"candidate", "amount", "scale", "key"}) - {"key=lambda"}
    assert "def shown(values, *, first=0)" in text
    assert "width: int" in text
    for source in (TELLING, text):
        space: dict[str, object] = {"__name__": __name__}
        exec(compile(source, "x", "exec"), space)
        shown = space["shown"]
        assert callable(shown)
        assert shown([1, 2, 3], first=5) == [30, 18, 24, 30]
        with pytest.raises(ValueError, match="'a' is none"):
            shown(["a"])


def test_code_that_would_do_something_else_is_noticed() -> None:
    def code(text: str) -> object:
        return compile(text, "x", "exec")

    pairs = [("def f(a):\n    return a + 1", "def f(a):\n    return a + 2"), ("a = b", "a = b.c"), ("x = 1", "x = -y")]
    for one, other in pairs:
        assert not same_work(code(one), code(other))  # type: ignore[arg-type]
    assert same_work(code("def f(a):\n    b = a\n    return b"), code("def f(a):\n    _0 = a\n    return _0"))  # type: ignore[arg-type]


def test_every_part_of_the_course_that_another_needs_can_be_stood_in() -> None:
    layout = Layout(PACKAGE)
    curriculum = load_curriculum(layout)
    needed = [exercise for exercise in curriculum.graded if is_needed(curriculum, exercise)]
    assert len(needed) > 20
    for exercise in needed:
        source = layout.solution_file(exercise.name).read_text(encoding="utf-8")
        tree = plain_code(source, exercise.name)
        names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
        assert not names & local_names(source), exercise.name
        assert ast.dump(unpack_tree(pack_tree(tree))) == ast.dump(tree)


@pytest.mark.parametrize("version", ["3.12", "3.13", "3.14"])
def test_a_later_python_reads_what_this_one_wrote(version: str, tmp_path: Path) -> None:
    python = _python(version)
    if python is None:
        pytest.skip(f"there is no Python {version} here")
    data = msgspec.msgpack.decode(pack_tree(plain_code(TELLING, "mini")))
    (tmp_path / "tree").write_text(repr(data))
    fake = "DecodeError = ValueError\n\n\nclass msgpack:\n    decode = staticmethod(eval)\n"
    (tmp_path / "msgspec.py").write_text(fake)  # that Python need not have the library
    script = (
        "import sys; from grader.course.tree_data import unpack_tree\n"
        "space = {'__name__': 'sys'}\n"
        "exec(compile(unpack_tree(open('tree').read()), 'x', 'exec'), space)\n"
        "print(space['shown']([1, 2, 3], first=5), space['Settings'](3))\n"
    )
    env = {"PYTHONPATH": f"{tmp_path}:{PACKAGE}", "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run([python, "-c", script], cwd=tmp_path, env=env, capture_output=True, text=True, check=False)
    assert done.stdout == "[30, 18, 24, 30] Settings(width=3, depth=2)\n", done.stderr


def _python(version: str) -> str | None:
    found = [str(path) for path in sorted(Path.home().glob(f".pyenv/versions/{version}*/bin/python"))]
    return found[0] if found else shutil.which(f"python{version}")


def test_a_damaged_stand_in_is_told(tmp_path: Path) -> None:
    assert scrambled("a/b", scrambled("a/b", b"text")) == b"text"
    with pytest.raises(GraderError, match="the stand-in of a/b is damaged"):
        stand_in_tree("a/b", b"no such thing")


# -- a kit that was released --------------------------------------------------------------------------


@pytest.fixture
def to_release(course: Kit) -> Kit:
    course.layout.data.mkdir()
    (course.layout.root / "docs").mkdir()
    for name in COPIED_FILES:
        shutil.copy(PACKAGE / name, course.layout.root / name)
    return course


def test_a_learners_kit_skips_on_a_stand_in_and_says_so(to_release: Kit) -> None:
    root = to_release.layout.root
    assert grader(root, "release", "--out", "out").returncode == 0
    kit = Layout(root / "out")
    assert [path.name for path in (kit.graded / "standins").rglob("*.bin")] == ["scale.bin"]

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return grader(kit.root, *arguments, env={"PYTHONPATH": str(kit.root)})

    kit.exercise_file("ch1_mini/twice").write_text(RIGHT)
    skipped = run("skip", "scale")
    assert skipped.stdout.startswith("ch1_mini/scale is skipped. It gives no points")
    assert "Next: ch1_mini/twice" in skipped.stdout
    checked = run("check")
    assert "✓ ch1_mini/twice  passed" in checked.stdout
    assert checked.stdout.endswith("Everything has passed but what you skipped: ch1_mini/scale.\n")
    assert "note: the course's own part stands in for ch1_mini/scale" in checked.stdout
    assert "return" not in stand_in_text(kit, to_release.curriculum.get("ch1_mini/scale"))
    undone = run("skip", "--undo", "scale")
    assert undone.stdout.startswith("ch1_mini/scale is no longer skipped.")


def test_a_kit_without_stand_ins_says_so(to_release: Kit) -> None:
    root = to_release.layout.root
    assert grader(root, "release", "--out", "out", "--without-stand-ins").returncode == 0
    assert not (root / "out" / "tests" / "graded" / "standins").exists()
    done = grader(root / "out", "skip", "scale", env={"PYTHONPATH": str(root / "out")})
    assert done.returncode == 2
    assert "this kit has no course code for it" in done.stderr


def test_a_stand_in_that_tells_something_is_a_leak(to_release: Kit, tmp_path: Path) -> None:
    layout, kit = to_release.layout, Layout(tmp_path / "kit")
    exercise = to_release.curriculum.get("ch1_mini/scale")
    text = layout.solution_file(exercise.name).read_text().replace("return 2 * x", "answer = x + x\n    return answer")
    layout.solution_file(exercise.name).write_text(text)
    shutil.copytree(layout.graded, kit.graded)
    path = kit.stand_in_file(exercise.name)
    path.parent.mkdir(parents=True)
    path.write_bytes(scrambled(exercise.name, zlib.compress(pack_tree(ast.parse(text)))))
    found = [item for item in secrets_in(layout, kit, [exercise]) if "standins" in item]
    assert any("answer   (a local name" in item for item in found)
    assert any("Twice and half of each element." in item for item in found)
