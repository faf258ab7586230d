"""What a student may see of their results, and what the class shows as a whole. Computed here, rendered elsewhere."""

from __future__ import annotations

import statistics
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from grader.course.curriculum import Curriculum
from grader.course.hypotheses import PREFIX, edit_of
from grader.protocol.groups import Group
from grader.protocol.results import ExerciseResult, Failure, TestResult, Verdict, worst
from grader.score.exhaustion import why_not_run
from grader.score.intake.submission import Submission
from grader.score.journal import Item
from grader.score.marks import Mark, StudentMarks

MOST_FILES_NAMED = 20
MOST_ALONE = 3  # groups of one student that are shown of an exercise


@dataclass(frozen=True)
class TestView:
    """A test as its student sees it. Of a hidden one nothing but its name, its sentence and its verdict is kept."""

    __test__ = False

    name: str
    title: str
    verdict: str
    hidden: bool
    earned: float
    possible: float
    failure: Failure | None = None
    mistake: str = ""
    output: str = ""


@dataclass(frozen=True)
class ExerciseView:
    """An exercise as its student sees it, with both numbers where it was judged twice.

    `not_run` says why it was not judged on the student's own earlier parts, where that was left out.
    """

    name: str
    title: str
    verdict: str
    mark: Mark
    problem: Failure | None
    tests: tuple[TestView, ...]
    mistakes: tuple[str, ...]
    notes: tuple[str, ...]
    not_run: str = ""


@dataclass(frozen=True)
class StudentView:
    """All that goes to one student."""

    student: str
    marks: StudentMarks
    exercises: tuple[ExerciseView, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class TestFigures:
    """A test over the class: the share that passed, and how well it tells strong work from weak (−1 to 1)."""

    exercise: str
    name: str
    title: str
    hidden: bool
    difficulty: float
    discrimination: float | None


@dataclass(frozen=True)
class GroupView:
    """A group as the instructor sees it. `before` and `after` are lines of the solution, where it is a guess."""

    group: Group
    before: str = ""
    after: str = ""


@dataclass(frozen=True)
class GroupsView:
    """The groups of one exercise. `folded` are those of one student that are counted and not shown."""

    exercise: str
    groups: tuple[GroupView, ...]
    folded: int


@dataclass(frozen=True)
class ClassView:
    """The class as a whole."""

    students: int
    possible: float
    mean: float
    median: float
    histogram: tuple[tuple[str, int], ...]
    tests: tuple[TestFigures, ...]
    mistakes: tuple[tuple[str, str, str, int], ...]
    groups: tuple[GroupsView, ...]
    marks: tuple[StudentMarks, ...]


def student_views(
    curriculum: Curriculum, items: Iterable[Item], marks: list[StudentMarks], submissions: list[Submission]
) -> list[StudentView]:
    """One view for each student, exercises in the order of the course."""
    order = {exercise.name: number for number, exercise in enumerate(curriculum.exercises)}
    handed_in = {submission.student: submission for submission in submissions}
    by_student: dict[str, list[Item]] = defaultdict(list)
    for item in items:
        by_student[item.student].append(item)
    return [
        StudentView(
            student=found.student,
            marks=found,
            exercises=tuple(
                _exercise_view(curriculum, item, found, handed_in[found.student])
                for item in sorted(by_student[found.student], key=lambda item: order[item.exercise])
            ),
            notes=_notes(handed_in[found.student]),
        )
        for found in marks
    ]


def _notes(submission: Submission) -> tuple[str, ...]:
    """What the student should know of what they handed in: above all, which of their files do not count."""
    shown = [f"{item.name} does not count: {item.reason}" for item in submission.aside[:MOST_FILES_NAMED]]
    more = len(submission.aside) - len(shown)
    problem = [f"nothing counts: {submission.problem}"] if submission.problem else []
    return (*problem, *submission.notes, *shown, *([f"{more} more files do not count"] if more else []))


def _exercise_view(curriculum: Curriculum, item: Item, marks: StudentMarks, submission: Submission) -> ExerciseView:
    own, result = item.own, item.counted
    not_run = why_not_run(own)
    module = submission.modules.get(item.exercise)
    mark = next(mark for mark in marks.marks if mark.exercise == item.exercise)
    total = sum(test.points for test in result.tests) or 1.0
    details = {test.name: test for test in own.tests}
    worth = result.points_possible / total
    tests = tuple(_test_view(test, worth, details.get(test.name), not_run) for test in result.tests)
    return ExerciseView(
        name=item.exercise,
        title=curriculum.get(item.exercise).title,
        verdict=_shown_verdict(result, tests),
        mark=mark,
        problem=own.problem if result.verdict is not Verdict.PASSED and not not_run else None,
        tests=tests,
        mistakes=tuple(dict.fromkeys(test.mistake for test in tests if test.mistake)),
        notes=tuple(dict.fromkeys([*own.notes, *(module.notes if module is not None else ())])),
        not_run=not_run,
    )


def _shown_verdict(result: ExerciseResult, tests: tuple[TestView, ...]) -> str:
    """The exercise's verdict as its shown tests make it: by the kind of a hidden failure code could tell more.

    A fault of the grader's own is told in any case.
    """
    if result.verdict in (Verdict.PASSED, Verdict.ERROR) or not any(test.hidden for test in tests):
        return str(result.verdict)
    shown = worst(Verdict(test.verdict) for test in tests)
    return str(result.verdict if shown is Verdict.PASSED else shown)


def _test_view(test: TestResult, worth: float, own: TestResult | None, not_run: str) -> TestView:
    """`own` is the test's run on the student's own earlier parts: what it found is shown, and what was printed in it.

    Nothing of a run on the reference's parts is, but its verdict and the mistake: that code could read them, and
    its values, its exceptions and its prints could quote them.
    """
    possible = test.points * worth
    earned = possible if test.verdict is Verdict.PASSED else 0.0
    basis = TestView(test.name, test.title, str(test.verdict), test.hidden, round(earned, 4), round(possible, 4))
    if test.hidden:  # whether it passed is all that may be told: by the kind of a failure code could tell more
        passed = test.verdict is Verdict.PASSED
        return replace(basis, verdict=str(Verdict.PASSED if passed else Verdict.FAILED))
    failure = own.failure if own is not None else None
    if not_run:
        failure = Failure(f"{not_run} On the reference's it does not pass; more is not shown of that run.")
    return replace(
        basis,
        failure=failure if test.verdict is not Verdict.PASSED else None,
        mistake=test.mistake.says if test.mistake else "",
        output=own.output if own is not None else "",
    )


# -- the class ----------------------------------------------------------------------------------------


def class_view(
    items: list[Item], marks: list[StudentMarks], groups: Iterable[Group], solutions: Mapping[str, str]
) -> ClassView:
    """Distribution, test figures, the named mistakes by frequency, and the groups of what has no name."""
    totals = [found.total for found in marks]
    possible = max((found.possible for found in marks), default=0.0)
    return ClassView(
        students=len(marks),
        possible=possible,
        mean=statistics.fmean(totals) if totals else 0.0,
        median=statistics.median(totals) if totals else 0.0,
        histogram=_histogram(totals, possible),
        tests=tuple(_figures(items)),
        mistakes=_mistakes(items),
        groups=tuple(groups_views(groups, solutions)),
        marks=tuple(marks),
    )


def _histogram(totals: list[float], possible: float) -> tuple[tuple[str, int], ...]:
    """Ten bins of equal width; full marks fall into the last."""
    counts = [0] * 10
    for total in totals if possible else ():
        counts[min(9, int(10 * total / possible))] += 1
    return tuple((f"{10 * n}–{10 * n + 10} %", count) for n, count in enumerate(counts))


def _figures(items: list[Item]) -> Iterable[TestFigures]:
    by_exercise: dict[str, list[ExerciseResult]] = defaultdict(list)
    for item in items:
        if item.counted.tests:
            by_exercise[item.exercise].append(item.counted)
    for exercise, results in by_exercise.items():
        for place, test in enumerate(results[0].tests):
            rows = [r for r in results if len(r.tests) > place and r.tests[place].name == test.name]
            passed = [float(r.tests[place].verdict is Verdict.PASSED) for r in rows]
            rest = [sum(t.points for t in r.tests if t.verdict is Verdict.PASSED and t.name != test.name) for r in rows]
            yield TestFigures(
                exercise, test.name, test.title, test.hidden, statistics.fmean(passed), correlation(passed, rest)
            )


def correlation(a: list[float], b: list[float]) -> float | None:
    """Pearson's correlation, None where one side does not vary: the corrected item-total correlation of a test."""
    if len(set(a)) < 2 or len(set(b)) < 2:
        return None
    return round(statistics.correlation(a, b), 3)


def _mistakes(items: list[Item]) -> tuple[tuple[str, str, str, int], ...]:
    """The listed ones. A guess names nothing: it stands with its group."""
    count: Counter[tuple[str, str, str]] = Counter()
    for item in items:
        named = (mistake for mistake in item.counted.mistakes if not mistake.name.startswith(PREFIX))
        count.update((item.exercise, mistake.name, mistake.says) for mistake in named)
    return tuple((*key, number) for key, number in sorted(count.items(), key=lambda item: (-item[1], item[0])))


def groups_views(groups: Iterable[Group], solutions: Mapping[str, str]) -> Iterable[GroupsView]:
    """The groups by exercise, in their order. Of those of one student the first few are shown."""
    by_exercise: dict[str, list[Group]] = defaultdict(list)
    for group in groups:
        by_exercise[group.exercise].append(group)
    for exercise, found in by_exercise.items():
        several = [group for group in found if len(group.members) > 1]
        alone = found[len(several) :]
        shown = [*several, *alone[:MOST_ALONE]]
        views = tuple(_group_view(group, solutions.get(exercise, "")) for group in shown)
        yield GroupsView(exercise, views, len(found) - len(shown))


def _group_view(group: Group, solution: str) -> GroupView:
    edit = edit_of(solution, group.guess) if group.guess and solution else None
    return GroupView(group, *edit) if edit is not None else GroupView(group)
