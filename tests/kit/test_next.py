"""Where a learner goes on, and what a stub is before anyone worked on it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from miniature import Kit

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
