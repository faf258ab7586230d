"""Where a learner goes on, and what a stub is before anyone worked on it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from miniature import Kit
from running import grader

from grader.course.curriculum import Exercise
from grader.course.stubs import handed_out_stub
from grader.errors import GraderError
from grader.learner.progress import ProgressStore, upcoming_exercise
from grader.protocol.results import ExerciseResult, Verdict


@pytest.fixture
def upcoming(course: Kit) -> Callable[..., str | None]:
    """The name of the exercise to go on with, after a run with these verdicts."""
    memory = ProgressStore(course.layout, course.curriculum)

    def ask(*, remembered: str = "", **verdicts: Verdict) -> str | None:
        if remembered:
            memory.remember(course.curriculum.get(f"ch1_mini/{remembered}"), 10, 2, 1, "none")
        results = [ExerciseResult(f"ch1_mini/{name}", verdict) for name, verdict in verdicts.items()]
        found = upcoming_exercise(course.curriculum, memory, results)
        return found.short if found else None

    return ask


def test_the_next_one_is_the_first_that_has_not_passed(upcoming: Callable[..., str | None]) -> None:
    assert upcoming() == "scale"
    assert upcoming(scale=Verdict.PASSED) == "twice"
    assert upcoming(remembered="scale") == "twice"


def test_what_went_wrong_in_this_run_comes_first(upcoming: Callable[..., str | None]) -> None:
    assert upcoming(twice=Verdict.FAILED) == "twice"
    assert upcoming(twice=Verdict.TODO, scale=Verdict.TIMEOUT) == "scale"
    assert upcoming(scale=Verdict.FAILED, twice=Verdict.BLOCKED) == "scale"


@pytest.fixture
def long(kit: Kit) -> Kit:
    """The miniature with a second exercise, and a third that needs neither."""
    kit.add_second('\n[third]\ntitle = "Six times"\npoints = 3\nhints = ["Six."]\n')
    solution = '"""# Six times"""\n\n\ndef sixfold(x: int) -> int:\n    # TODO: multiply.\n    return 6 * x\n'
    kit.layout.solution_file("ch1_mini/third").write_text(solution)
    suite = 'def test_it(student, expect):\n    """It is six times x."""\n    expect.equal(student.sixfold(2), 12)\n'
    kit.layout.suite_file("ch1_mini/third").write_text(suite)
    kit.sync()
    return kit


def test_after_one_that_was_named_the_next_comes_behind_it(long: Kit) -> None:
    first, second, third = long.curriculum.exercises
    memory = ProgressStore(long.layout, long.curriculum)

    def ask(after: Exercise, **verdicts: Verdict) -> Exercise | None:
        results = [ExerciseResult(f"ch1_mini/{name}", verdict) for name, verdict in verdicts.items()]
        return upcoming_exercise(long.curriculum, memory, results, after)

    assert ask(second, twice=Verdict.PASSED) is third
    assert ask(third, third=Verdict.PASSED) is first
    assert ask(third, scale=Verdict.PASSED, third=Verdict.PASSED) is second
    assert ask(third, twice=Verdict.FAILED, third=Verdict.PASSED) is second


def test_what_is_to_do_before_the_next_one_is_told(long: Kit) -> None:
    """A learner who leaves something out goes on, and is not sent back."""
    long.add_second(
        '\n[third]\ntitle = "Six times"\npoints = 3\nhints = ["Six."]\n\n[last]\ntitle = "It"\n'
        'points = 3\nhints = ["Six."]\n'
    )
    long.layout.exercise_file("ch1_mini/third").write_text("def sixfold(x):\n    return 6 * x\n")
    done = grader(long.layout.root, "check", "third")
    assert "\nNext: ch1_mini/last, It\n" in done.stdout
    assert done.stdout.endswith("\n  earlier   ch1_mini/scale is still to do\n")


def test_what_a_person_marks_is_never_the_next(upcoming: Callable[..., str | None]) -> None:
    assert upcoming(scale=Verdict.PASSED, twice=Verdict.PASSED) is None


def test_graded_is_what_a_suite_marks(course: Kit) -> None:
    assert [exercise.short for exercise in course.curriculum.exercises] == ["scale", "twice", "essay"]
    assert [exercise.short for exercise in course.curriculum.graded] == ["scale", "twice"]


# -- the stub as it was handed out --------------------------------------------------------------------


def scale(kit: Kit) -> Exercise:
    return kit.curriculum.get(kit.name)


def test_a_stub_comes_from_the_solution(kit: Kit) -> None:
    text = handed_out_stub(kit.layout, scale(kit))
    assert "raise NotImplementedError" in text
    assert "return 2 * x" not in text


def test_an_essay_is_handed_out_as_it_is(course: Kit) -> None:
    assert handed_out_stub(course.layout, course.curriculum.get("ch1_mini/essay")) == "# An essay\n"


def test_the_pristine_file_goes_before_the_solution(kit: Kit) -> None:
    path = kit.layout.pristine_file(kit.name)
    path.parent.mkdir(parents=True)
    path.write_text("x = 1\n")
    assert handed_out_stub(kit.layout, scale(kit)) == "x = 1\n"


def test_an_author_is_told_which_solution_is_missing(kit: Kit) -> None:
    kit.layout.solution_file(kit.name).unlink()
    with pytest.raises(GraderError, match=r"^solutions/ch1_mini/scale\.py is missing$") as told:
        handed_out_stub(kit.layout, scale(kit))
    assert told.value.hint == "write the solution of ch1_mini/scale there"


def test_a_learner_is_told_which_file_of_the_kit_is_missing(kit: Kit) -> None:
    kit.layout.solutions.rename(kit.layout.root / "elsewhere")
    with pytest.raises(GraderError, match=r"^tests/graded/pristine/ch1_mini/scale\.py is missing$"):
        handed_out_stub(kit.layout, scale(kit))
