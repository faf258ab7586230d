"""Answers of a class that are wrong in the same way and have no listed mistake: put together by what crossed.

Two belong together where they fail the same tests and the same crossed in each, but for rounding. Public tests count;
where none has failed, hidden ones do.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from grader.course.hypotheses import PREFIX
from grader.protocol.groups import Group, Shown
from grader.protocol.results import ExerciseResult, Failure, TestResult, Verdict
from grader.protocol.sketches import Sketch, sketches_match
from grader.score.journal import Item


@dataclass(frozen=True)
class Answer:
    """One student's wrong answer: the failures that no listed mistake explains, by test, and all that it fails.

    `guesses` are changes of the solution in one place, each with the number of these tests that it explains.
    `is_alone` says that there is no listed mistake beside it.
    """

    student: str
    exercise: str
    sketches: Mapping[str, Sketch]
    is_public: bool
    guesses: Mapping[str, int]
    failed: tuple[str, ...]
    is_alone: bool
    shown: Shown
    seed: int


def answer_of(item: Item) -> Answer | None:
    """The item as an answer to be put together with others; None where nothing of it is without a name.

    Judged on the reference's earlier parts, where it was: what an earlier part does wrong is a fault of its own.
    """
    run = item.carried if item.carried is not None and item.carried.tests else item.own
    wrong = [test for test in run.tests if test.verdict.is_wrong and test.sketch is not None]
    is_public = any(test.verdict.is_wrong and not test.hidden for test in run.tests)
    left = [test for test in wrong if test.hidden is not is_public and not _is_listed(test)]
    if not left:
        return None
    return Answer(
        student=item.student,
        exercise=item.exercise,
        sketches={test.name: test.sketch for test in left if test.sketch is not None},
        is_public=is_public,
        guesses=Counter(test.mistake.name for test in left if test.mistake is not None),
        failed=tuple(test.name for test in run.tests if test.verdict is not Verdict.PASSED),
        is_alone=not any(_is_listed(test) for test in run.tests),
        shown=_shown(left, item.own),
        seed=run.seed,
    )


def _is_listed(test: TestResult) -> bool:
    return test.mistake is not None and not test.mistake.name.startswith(PREFIX)


def _shown(left: list[TestResult], own: ExerciseResult) -> Shown:
    """The failure that is easiest to look at, with the details that were found on the student's own parts."""
    details = {test.name: test.failure for test in own.tests if test.failure is not None}
    found = [Shown(test.name, test.title, details.get(test.name, test.failure or Failure(""))) for test in left]

    def worth(shown: Shown) -> tuple[bool, bool]:
        return shown.failure.smallest is not None, shown.failure.wrong_line is not None

    return max(found, key=worth)  # of equals the first in the suite


# -- putting together ---------------------------------------------------------------------------------


def same_way(one: Answer, other: Answer) -> bool:
    """Whether both are wrong in the same way."""
    if one.exercise != other.exercise or one.sketches.keys() != other.sketches.keys():
        return False
    return all(sketches_match(sketch, other.sketches[name]) for name, sketch in one.sketches.items())


def put_together(answers: Iterable[Answer]) -> list[list[Answer]]:
    """The answers that are wrong in the same way, the most frequent way first.

    Whoever is like one of a group belongs to it: so their order does not matter, nor where rounding leads.
    """
    by_exact: dict[object, list[list[Answer]]] = defaultdict(list)
    for answer in answers:
        exact = (answer.exercise, tuple(sorted((name, sketch.exact) for name, sketch in answer.sketches.items())))
        alike = [group for group in by_exact[exact] if any(same_way(answer, other) for other in group)]
        others = [group for group in by_exact[exact] if group not in alike]
        by_exact[exact] = [*others, [answer, *(member for group in alike for member in group)]]
    groups = [sorted(group, key=lambda answer: answer.student) for held in by_exact.values() for group in held]
    return sorted(groups, key=lambda group: (-len(group), group[0].student))


def groups_of(
    answers: Iterable[Answer],
    short_names: Mapping[str, str],
    files: Mapping[tuple[str, str], bytes],
    rests_on: Mapping[str, str],
) -> tuple[Group, ...]:
    """The groups of the exercises that have a short name, by exercise in that order, the largest first.

    `files` has what each student handed in for each exercise.
    """
    by_exercise: dict[str, list[list[Answer]]] = defaultdict(list)
    for group in put_together(answer for answer in answers if answer.exercise in short_names):
        by_exercise[group[0].exercise].append(group)
    return tuple(
        _group(f"{short}-{number}", members, files, rests_on.get(exercise, ""))
        for exercise, short in short_names.items()
        for number, members in enumerate(by_exercise[exercise], 1)
    )


def _group(name: str, members: list[Answer], files: Mapping[tuple[str, str], bytes], rests_on: str) -> Group:
    def size(answer: Answer) -> tuple[bool, bool, int, str]:
        file = files.get((answer.student, answer.exercise), b"")
        return not file, not answer.is_alone, len(file), answer.student

    guesses = Counter(pair for answer in members for pair in answer.guesses.items())
    guess, guessed = min(guesses, key=lambda pair: (-pair[1], -guesses[pair], pair[0]), default=("", 0))
    smallest = min(members, key=size)
    return Group(
        name=name,
        exercise=smallest.exercise,
        members=tuple(answer.student for answer in members),
        sketches=dict(smallest.sketches),
        is_public=smallest.is_public,
        guess=guess,
        guessed=guessed,
        student=smallest.student,
        file=files.get((smallest.student, smallest.exercise), b""),
        is_alone=smallest.is_alone,
        failed=smallest.failed,
        shown=smallest.shown,
        rests_on=rests_on,
        seed=smallest.seed,
    )
