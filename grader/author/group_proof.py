"""The edits of a solution that are wrong as a group of answers is: where they may come from, and the judge's proof."""

from __future__ import annotations

import contextlib
import functools
import itertools
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from grader.author.taken_code import owner_at, taken_edits
from grader.course.curriculum import Curriculum, Exercise
from grader.course.hypotheses import replacement_of
from grader.course.layout import Layout
from grader.course.mistakes import Replacement, mutated
from grader.course.stubs import learners_docstrings
from grader.course.temporary import TemporaryFolder
from grader.errors import ContentError, UsageError
from grader.judge.apart import NotDone, apart
from grader.judge.client import Judge
from grader.judge.job_builder import build_job, source_in
from grader.judge.libraries import libraries_for
from grader.protocol.groups import Group
from grader.protocol.jobs import JudgeMode
from grader.protocol.results import ExerciseResult, TestResult
from grader.protocol.sketches import sketches_match

MOST_PIECES, MOST_TRIED = 8, 24
MOST_TOLD = 6  # reasons
FEWEST_ALIKE = 2  # tests, where a listed mistake is beside the group's and changes others
BY_HAND = "nothing was written; write the entry by hand, as CONTRIBUTING.md says under Mistakes"


@dataclass(frozen=True)
class Candidate:
    """Edits of the solution that may do what a group's answers do, and where they come from."""

    origin: str
    edits: tuple[Replacement, ...]
    is_theirs: bool = True


@dataclass(frozen=True)
class Proved:
    """A candidate that is wrong as the group is, and the group's tests in which it is."""

    candidate: Candidate
    tests: tuple[str, ...]


def prove_group(layout: Layout, curriculum: Curriculum, exercise: Exercise, group: Group) -> Proved:
    """The first candidate that fails the group's tests in the same way, and no other public test.

    A mistake that is alone in nobody's file is proved by the tests that the other one does not touch.
    """
    solution = layout.solution_file(exercise.name).read_text(encoding="utf-8")
    found, reasons = _candidates(solution, group)
    waiting = deque(found)
    with TemporaryFolder() as folder, Judge(libraries_for(layout, curriculum, [exercise])) as judge:
        bench = Bench(judge, layout, exercise, solution, group.seed, folder)
        tried: set[tuple[Replacement, ...]] = set()
        while waiting and len(tried) < MOST_TRIED:
            candidate = waiting.popleft()
            if candidate.edits in tried:
                continue
            tried.add(candidate.edits)
            verdict = bench.compare(candidate, group)
            if isinstance(verdict, Proved):
                return verdict
            reasons.append(f"{candidate.origin}: {verdict.reason}")
            if verdict.does_more:
                waiting.extendleft(reversed(_pieces(candidate)))
    told = list(dict.fromkeys(reasons))
    more = [f"and {len(told) - MOST_TOLD} more"] if len(told) > MOST_TOLD else []
    lines = "".join(f"\n  {reason}" for reason in [*told[:MOST_TOLD], *more])
    raise UsageError(f"no edit of the solution was found that is wrong as {group.name} is:{lines}", BY_HAND)


# -- where the edits may come from --------------------------------------------------------------------


def _candidates(solution: str, group: Group) -> tuple[list[Candidate], list[str]]:
    """What may do the same, the smallest first, and why other code cannot be tried."""
    found, reasons = [], []
    guess = replacement_of(solution, group.guess) if group.guess else None
    if guess is not None:
        found.append(Candidate("the solution changed in one place", (Replacement(*guess),), is_theirs=False))
    theirs = group.file.decode("utf-8-sig", "replace")
    if not theirs.strip():
        return found, [f"the file of {group.student} is not kept in the results"]
    for names in _owners(solution, theirs, group):
        origin = f"{', '.join(f'`{name}`' for name in names)} of {group.student}"
        taking = functools.partial(taken_edits, solution, theirs, names)
        try:
            edits = apart(taking, tuple[Replacement, ...])
        except NotDone as reason:
            reasons.append(f"{origin}: {reason}")
            continue
        if edits:
            found.append(Candidate(origin, edits))
    return found, reasons


def _owners(solution: str, theirs: str, group: Group) -> Iterator[tuple[str, ...]]:
    """Where the fault may lie: where it was seen, then each part that a learner writes, then all of them together."""
    failure = group.shown.failure
    parts = list(dict.fromkeys(name.partition(".")[0] for name in learners_docstrings(solution)))
    place = failure.wrong_line.place if failure.wrong_line is not None else None
    seen = []
    if place is not None and place.cell is None and place.line is not None:
        with contextlib.suppress(NotDone):
            seen.append(apart(functools.partial(owner_at, theirs, place.line), str))
    if failure.call is not None:
        seen.append(failure.call.name.partition(".")[0])
    yield from ((name,) for name in dict.fromkeys([*seen, *parts]) if name in parts)
    if len(parts) > 1:
        yield tuple(parts)


def _pieces(candidate: Candidate) -> list[Candidate]:
    """Fewer of its edits: it holds another fault beside the group's. One alone, or all but one."""
    edits = candidate.edits
    if not 1 < len(edits) <= MOST_PIECES:
        return []
    sizes = (1, len(edits) - 1)
    some = dict.fromkeys(found for size in sizes for found in itertools.combinations(edits, size))
    origin = candidate.origin if candidate.origin.startswith("a part") else f"a part of {candidate.origin}"
    return [Candidate(origin, edits) for edits in some]


# -- the proof ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Unlike:
    """Why a mutant is not wrong as a group is. `does_more`: it is, but fails other tests as well."""

    reason: str
    does_more: bool = False


class Bench:
    """Judges mutants of one solution, each as a file that was handed in, with the solutions as its earlier parts."""

    def __init__(
        self, judge: Judge, layout: Layout, exercise: Exercise, solution: str, seed: int, folder: Path
    ) -> None:
        self.judge = judge
        self.layout = layout
        self.exercise = exercise
        self.solution = solution
        self.seed = seed
        self.file = folder / f"{exercise.short}.py"

    def compare(self, candidate: Candidate, group: Group) -> Proved | Unlike:
        """Whether the mutant is wrong as the group is."""
        if candidate.is_theirs and self.judge.tier == "none":
            return Unlike("no sandbox works on this machine, and their code is not to be trusted")
        try:
            source = mutated("the edit", group.name, self.solution, candidate.edits)
        except ContentError as error:
            return Unlike(error.message)
        result = self._judged(source)
        wrong = {test.name: test for test in result.tests if test.verdict.is_wrong and not test.hidden}
        unlike = _unlike(result, wrong, group)
        return unlike if unlike is not None else Proved(candidate, tuple(_alike(wrong, group)))

    def _judged(self, source: str) -> ExerciseResult:
        self.file.write_text(source, encoding="utf-8")
        mode = JudgeMode(diagnose=False, shrink=False, sketch=True)
        learner = source_in(self.layout, self.exercise, self.layout.solutions, self.file)
        return self.judge.judge(
            build_job(self.layout, self.exercise, learner=learner, seed=self.seed, mode=mode, mutants=())
        )


def _unlike(result: ExerciseResult, wrong: dict[str, TestResult], group: Group) -> Unlike | None:
    """Why the mutant is not like the group. Where a listed mistake is beside the group's, most of its tests will do."""
    if result.problem is not None:
        return Unlike(result.problem.message)
    if not wrong:
        return Unlike("it passes every public test")
    alike = _alike(wrong, group)
    differing = [name for name in group.sketches if name not in alike]
    if differing and (group.is_alone or len(alike) < max(FEWEST_ALIKE, len(differing))):
        name = differing[0]
        return Unlike(f"it fails {name} in another way than they do" if name in wrong else f"it passes {name}")
    more = [name for name in wrong if name not in group.sketches]
    if not more:
        return None
    why = "for a mistake that is listed already" if more[0] in group.failed else "which they pass"
    return Unlike(f"it fails {more[0]} as well, {why}", does_more=True)


def _alike(wrong: dict[str, TestResult], group: Group) -> list[str]:
    """The group's tests in which the same crossed."""
    found = {name: test.sketch for name, test in wrong.items() if test.sketch is not None}
    return [name for name, sketch in group.sketches.items() if name in found and sketches_match(found[name], sketch)]
