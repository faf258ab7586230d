"""Whose unfinished part it is: `todo` is the exercise's own stub, `blocked` an earlier one's, all else a failure."""

from __future__ import annotations

from pathlib import Path

import pytest
from miniature import Kit, result_of
from running import grader

from grader.judge.job_builder import build_job
from grader.protocol.results import ExerciseResult, TestResult

RIGHT = "def double(x):\n    return x + x\n\n\ndef halve(x):\n    return 0.5 * x\n"
TO_DO = RIGHT.replace("return x + x", "raise NotImplementedError")
TWICE = "from ch1_mini.scale import double\n\n\ndef quadruple(x):\n    return double(double(x))\n"


HELPER = "def helper(x):\n    raise NotImplementedError\n"
LAYER = "class Layer:\n    def __call__(self, x):\n        raise NotImplementedError\n"


def judged(kit: Kit, body: str, head: str = "") -> TestResult:
    kit.write(body, head)
    return result_of(kit.judge(), "test_double")


@pytest.mark.parametrize(
    ("head", "body", "who"),
    [
        ("", "raise NotImplementedError", "double"),
        ("", "raise NotImplementedError('the rest of it')", "double"),
        ("", "if x.ndim:\n    raise NotImplementedError\nreturn x", "double"),
        ("", "raise (\n    NotImplementedError(\n        'over lines'))", "double"),
        (HELPER, "return helper(x)", "helper"),
        (HELPER, "try:\n    return helper(x)\nexcept ValueError:\n    pass", "helper"),
        (HELPER, "try:\n    return helper(x)\nexcept Exception:\n    raise", "helper"),
        (LAYER, "return Layer()(x)", "Layer.__call__"),
    ],
)  # fmt: skip
def test_a_stub_of_the_exercise_itself_is_to_do(kit: Kit, head: str, body: str, who: str) -> None:
    test = judged(kit, body, head)
    assert test.verdict == "todo"
    assert test.failure is not None and test.failure.message == f"`{who}` is still to do."


@pytest.mark.parametrize(
    ("head", "body", "says", "advice"),
    [
        ("", "return x.to('meta').to('cpu')", "`double` raised NotImplementedError: Cannot copy out of", "A library"),
        ("", "return x.to_sparse().lgamma()", "Could not run 'aten::lgamma' with arguments from the", "A library"),
        (
            "", "try:\n    return 2 * x.to('meta').to('cpu')\nexcept NotImplementedError as error:\n"
            "    raise NotImplementedError('no copy') from error", "`double` raised NotImplementedError: no copy", "",
        ),
        ("class Later(NotImplementedError):\n    pass\n", "raise Later('on')", "`double` raised Later: on", ""),
        ("def stuck(x):\n    return float(x.to('meta').sum())\n", "return stuck(x)", "raised", ""),
    ],
)  # fmt: skip
def test_what_a_library_or_a_handler_raises_is_a_failure(
    kit: Kit, head: str, body: str, says: str, advice: str
) -> None:
    test = judged(kit, body, head)
    assert test.verdict == "failed"
    assert test.failure is not None and says in test.failure.message
    assert test.failure.advice.startswith(advice)
    assert len(test.failure.message) < 200


ATTENTION = "class Attention(torch.nn.Module):\n{}\n"


@pytest.mark.parametrize(
    ("methods", "message", "advice"),
    [
        (
            "    def foward(self, x):\n        return 2 * x",
            "`Attention` has no `forward`; it defines `foward` (line 3).",
            "Rename `foward` to `forward`.",
        ),
        (
            "    def attend(self, x):\n        return 2 * x",
            "`Attention` has no `forward`; it defines `attend`.",
            "A module that is called runs its `forward`: give the class one.",
        ),
        (
            "    def __init__(self):\n        super().__init__()\n\n        def forward(x):\n            return x",
            "`Attention` has no `forward`, which is what runs when a module is called.",
            "`forward` stands inside of `__init__` (line 6): move it to the left.",
        ),
        (
            "    size = 1\n\n\ndef forward(self, x):\n    return x",
            "`Attention` has no `forward`, which is what runs when a module is called.",
            "`forward` stands outside of the class (line 6): move it to the right.",
        ),
        ("    pass", "`Attention` has no `forward`, which is what runs when a module is called.", "A module that"),
    ],
)
def test_a_module_without_forward_is_told_what_it_has(kit: Kit, methods: str, message: str, advice: str) -> None:
    test = judged(kit, "return Attention()(x)", ATTENTION.format(methods))
    assert test.verdict == "failed"
    assert test.failure is not None and test.failure.message == message
    assert test.failure.advice.startswith(advice)


# -- an earlier part --------------------------------------------------------------------------------------


def twice(course: Kit, scale: str, text: str = TWICE) -> ExerciseResult:
    course.file.write_text(scale)
    course.layout.exercise_file("ch1_mini/twice").write_text(text)
    return course.judge_job(build_job(course.layout, course.curriculum.get("ch1_mini/twice"), seed=1))


def test_an_earlier_part_that_is_to_do_blocks(course: Kit) -> None:
    result = twice(course, TO_DO)
    (test,) = result.tests
    assert (result.verdict, result.blocked_by, result.points) == ("blocked", ("ch1_mini/scale",), 0)
    assert test.verdict == "blocked" and test.failure is not None
    assert test.failure.message == (
        "`double` of ch1_mini/scale.py, an earlier part, is still to do (or was not handed in); "
        "`quadruple` rests on it."
    )
    assert test.failure.place is not None and test.failure.place.file == "exercises/ch1_mini/scale.py"


def test_an_own_stub_goes_before_an_earlier_one(course: Kit) -> None:
    suite = course.layout.suite_file("ch1_mini/twice")
    suite.write_text(suite.read_text() + '\n\ndef test_more(student):\n    """More."""\n    student.more()\n')
    more = "\n\ndef more():\n    raise NotImplementedError\n"
    course.define(more, "ch1_mini/twice")
    result = twice(course, TO_DO, TWICE + more)
    assert (result.verdict, [str(test.verdict) for test in result.tests]) == ("todo", ["blocked", "todo"])


@pytest.mark.parametrize(
    ("scale", "says"),
    [
        ("raise NotImplementedError\n", "ch1_mini/scale.py, an earlier part, is still to do (or was not handed in)."),
        ("def double(x:\n", "because ch1_mini/scale.py, an earlier part, could not be. SyntaxError"),
        ("1 / 0\n", "because ch1_mini/scale.py, an earlier part, could not be. ZeroDivisionError"),
        ("import oops\n", "because ch1_mini/scale.py, an earlier part, could not be. This kit does not have `oops`."),
    ],
)
def test_an_earlier_part_that_cannot_be_imported_blocks(course: Kit, scale: str, says: str) -> None:
    result = twice(course, scale)
    assert (result.verdict, result.blocked_by) == ("blocked", ("ch1_mini/scale",))
    assert result.problem is not None and says in result.problem.message


def test_what_an_earlier_part_raises_for_what_it_is_given_is_a_failure(course: Kit) -> None:
    result = twice(course, RIGHT.replace("return x + x", "raise ValueError('no')"))
    assert (result.verdict, result.blocked_by) == ("failed", ())


def test_an_own_file_at_whose_top_it_is_raised_is_to_do(course: Kit) -> None:
    result = twice(course, RIGHT, "raise NotImplementedError\n")
    assert result.verdict == "todo"
    assert result.problem is not None
    assert result.problem.message.endswith("could not be imported. Line 1 says that the rest is still to do.")


def test_a_claim_about_a_file_outside_of_the_tree_is_no_stub(kit: Kit, tmp_path: Path) -> None:
    """The worker says where a frame stands; only what really stands there counts."""
    outside = tmp_path / "stub.py"
    outside.write_text("def double(x):\n    raise NotImplementedError\n")
    text = outside.read_text().replace("def double", "def inner")
    test = judged(kit, "names = {}\nexec(compile(TEXT, FILE, 'exec'), names)\nreturn names['inner'](x)",
                  f"TEXT, FILE = {text!r}, {str(outside)!r}")  # fmt: skip
    assert test.verdict == "failed"


def test_a_file_that_stands_elsewhere_is_the_exercises_own(course: Kit, tmp_path: Path) -> None:
    """Beside right earlier parts, as an author judges it: its lines count as the learner's, though no tree holds it."""
    file = tmp_path / "elsewhere" / "mine.py"
    file.parent.mkdir()
    file.write_text(TWICE.replace("return double(double(x))", "raise NotImplementedError"))
    done = grader(course.layout.root, "dev", "judge", "twice", str(file))
    assert "ch1_mini/twice: todo, 0 of 5" in done.stdout
    file.write_text(TWICE.replace("return double(double(x))", "raise ValueError('no')"))
    assert "mine.py:5 in quadruple" in grader(course.layout.root, "dev", "judge", "twice", str(file)).stdout


# -- what is shown of it ----------------------------------------------------------------------------------


def test_a_class_sees_which_part_is_missing(course: Kit, people: Path) -> None:
    (people / "ada").mkdir()
    (people / "ada" / "twice.py").write_text(TWICE)
    out = course.layout.root / "results"
    options = ("--seed", "5", "--no-carry-forward", "--pattern", "plain")
    done = grader(course.layout.root, "score", str(people), "--out", str(out), *options)
    assert done.returncode == 0, done.stderr
    page = (out / "feedback" / "ada.html").read_text()
    assert '<span class="blocked">- blocked</span>' in page
    assert "<code>double</code> of ch1_mini/scale.py, an earlier part, is still to do (or was not handed in)" in page
    assert 'type="blocked"' in (out / "junit.xml").read_text()
    assert "an earlier part, is still to do" in (out / "gradescope" / "ada" / "results.json").read_text()


def test_a_learner_sees_which_part_is_missing(course: Kit) -> None:
    """A part that the exercise itself does not name: it is imported all the same."""
    course.layout.exercise_file("ch1_mini/twice").write_text(TO_DO.replace("halve", "quadruple"))
    course.file.write_text("from ch1_mini.twice import double\n\n\ndef halve(x):\n    return x / 2\n")
    done = grader(course.layout.root, "check", "scale")
    assert done.returncode == 1
    said = " ".join(done.stdout.split())
    assert "- Every element comes back twice as large. (blocked)" in said
    assert "`double` of ch1_mini/twice.py, an earlier part, is still to do" in said
