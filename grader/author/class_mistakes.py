"""From a group of a class's answers to an entry of the mistakes file, judged before it is written."""

from __future__ import annotations

import contextlib
import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from grader.author.mistake_entry import with_entry
from grader.author.taken_code import owner_at, taken_edits
from grader.course.curriculum import Curriculum, Exercise
from grader.course.files import write_atomically
from grader.course.grounds import grounds
from grader.course.hypotheses import PREFIX, replacement_of
from grader.course.layout import Layout
from grader.course.mistakes import Edit, Replacement, mutated, read_edits
from grader.course.stubs import learners_docstrings
from grader.course.temporary import TemporaryFolder
from grader.errors import GraderError, UsageError
from grader.judge.apart import NotDone, apart
from grader.judge.client import Judge
from grader.judge.job_builder import build_job, source_in
from grader.judge.libraries import libraries_for
from grader.protocol.groups import GROUPS, Group, read_groups
from grader.protocol.jobs import JudgeMode
from grader.protocol.results import ExerciseResult
from grader.protocol.sketches import sketches_match

NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*\Z")
MOST_GROUPS_NAMED = 20
BY_HAND = "nothing was written; write the entry by hand, as CONTRIBUTING.md says under Mistakes"


@dataclass(frozen=True)
class Candidate:
    """Edits of the solution that may do what a group's answers do, and where they come from."""

    origin: str
    edits: tuple[Replacement, ...]


@dataclass(frozen=True)
class Written:
    """An entry that was written: to which file, whose mistake it is, where its edits come from, what it fails."""

    path: Path
    group: Group
    edit: Edit
    origin: str
    tests: tuple[str, ...]


def list_mistake(
    layout: Layout, curriculum: Curriculum, results: Path, word: str, says: str = "", name: str = ""
) -> Written:
    """Put a group's mistake on the list of its exercise. Nothing is written where that cannot be proved."""
    group = _group(results, word)
    exercise = _exercise(layout, curriculum, group, results)
    chosen = _name(layout, exercise, name)
    path = layout.mistakes_file(exercise.name)
    with TemporaryFolder() as folder:
        candidate, failed = _proved(layout, curriculum, exercise, group, folder)
    edit = _edit(chosen, says, candidate.edits)
    data = path.read_bytes() if path.exists() else b""
    write_atomically(path, with_entry(data, edit))
    return Written(path, group, edit, candidate.origin, failed)


def _edit(name: str, says: str, edits: tuple[Replacement, ...]) -> Edit:
    if len(edits) == 1:
        return Edit(name, says, edits[0].find, edits[0].replace)
    return Edit(name, says, edits=edits)


# -- what is asked for --------------------------------------------------------------------------------


def _group(results: Path, word: str) -> Group:
    if not results.is_dir():
        raise UsageError(f"there is no folder {results}", "--from is the --out of a `grader score`")
    groups = read_groups(results / GROUPS)
    found = [group for group in groups if group.name == word]
    if found:
        return found[0]
    named = [f"{group.name} ({len(group.members)})" for group in groups[:MOST_GROUPS_NAMED]]
    more = f" and {len(groups) - len(named)} more" if len(groups) > len(named) else ""
    hint = f"there are: {', '.join(named)}{more}" if named else "every wrong answer there has a name, or none was read"
    raise UsageError(f"there is no group {word!r} in {results}", hint)


def _exercise(layout: Layout, curriculum: Curriculum, group: Group, results: Path) -> Exercise:
    """The group's exercise, as it was when the class was judged."""
    if group.exercise not in {exercise.name for exercise in curriculum.graded}:
        raise UsageError(f"this course has no exercise {group.exercise}, which {group.name} in {results} is of")
    if grounds(layout, group.exercise) != group.rests_on:
        message = f"the solution or the suite of {group.exercise} is not the one that {results} was judged by"
        raise UsageError(message, "run `grader score` once more with the same --out, and look at its groups")
    if not group.is_public:
        message = f"{group.name} fails hidden tests alone; a mistake is listed where a public test fails it"
        raise UsageError(message, "add a public test of the same promise, score the class again, and list it then")
    return curriculum.get(group.exercise)


def _name(layout: Layout, exercise: Exercise, wanted: str) -> str:
    """The entry's name: as it was asked for, or one that is free."""
    path = layout.mistakes_file(exercise.name)
    taken = {edit.name for edit in read_edits(layout, exercise.name)} if path.exists() else set()
    if not wanted:
        return next(name for name in map("from-class-{}".format, range(1, len(taken) + 2)) if name not in taken)
    if wanted in taken:
        raise UsageError(f"--name: {layout.display_path(path)} has a mistake {wanted} already", "give another name")
    if not NAME.match(wanted) or wanted.startswith(PREFIX):
        raise UsageError(f"--name: {wanted!r} is no name of a mistake", "small letters, digits and hyphens: no-scale")
    return wanted


# -- where the edits may come from --------------------------------------------------------------------


def _candidates(solution: str, group: Group) -> Iterator[Candidate | str]:
    """What may do the same, the smallest first; a sentence says why something may not."""
    guess = replacement_of(solution, group.guess) if group.guess else None
    if guess is not None:
        yield Candidate("the solution changed in one place", (Replacement(*guess),))
    if not group.file.strip():
        yield f"the file of {group.student} is not kept in the results"
        return
    for names in _owners(solution, group):
        origin = f"{', '.join(f'`{name}`' for name in names)} of {group.student}"
        try:
            taking = functools.partial(taken_edits, solution, group.file, names)
            edits = apart(taking, tuple[Replacement, ...])
        except NotDone as reason:
            yield f"{origin}: {reason}"
            continue
        if edits:
            yield Candidate(origin, edits)


def _owners(solution: str, group: Group) -> list[tuple[str, ...]]:
    """Where the fault may lie: where it was seen, then each part that a learner writes, then all of them together."""
    failure = group.shown.failure
    parts = list(dict.fromkeys(name.partition(".")[0] for name in learners_docstrings(solution)))
    seen = []
    if failure.wrong_line is not None and failure.wrong_line.place.cell is None and failure.wrong_line.place.line:
        line = failure.wrong_line.place.line
        with contextlib.suppress(NotDone):
            seen.append(apart(lambda: owner_at(group.file, line), str))
    if failure.call is not None:
        seen.append(failure.call.name.partition(".")[0])
    alone: list[tuple[str, ...]] = [(name,) for name in dict.fromkeys([*seen, *parts]) if name in parts]
    return [*alone, tuple(parts)] if len(parts) > 1 else alone


# -- the proof ----------------------------------------------------------------------------------------


def _proved(
    layout: Layout, curriculum: Curriculum, exercise: Exercise, group: Group, folder: Path
) -> tuple[Candidate, tuple[str, ...]]:
    """The first candidate that is wrong as the group is, and the public tests that it fails."""
    solution = layout.solution_file(exercise.name).read_text(encoding="utf-8")
    display_path = layout.display_path(layout.mistakes_file(exercise.name))
    reasons: list[str] = []
    with Judge(libraries_for(layout, curriculum, [exercise])) as judge:
        for number, candidate in enumerate(_candidates(solution, group)):
            if isinstance(candidate, str):
                reasons.append(candidate)
                continue
            try:
                source = mutated(display_path, candidate.origin, solution, candidate.edits)
            except GraderError as error:
                reasons.append(f"{candidate.origin}: {error.message}")
                continue
            result = _judged(judge, layout, exercise, source, group.seed, folder / str(number))
            reason = _why_not(result, group)
            if not reason:
                return candidate, tuple(test.name for test in result.tests if test.verdict.is_wrong and not test.hidden)
            reasons.append(f"{candidate.origin}: {reason}")
    lines = "".join(f"\n  {reason}" for reason in dict.fromkeys(reasons))
    raise UsageError(f"no edit of the solution was found that is wrong as {group.name} is:{lines}", BY_HAND)


def _judged(judge: Judge, layout: Layout, exercise: Exercise, source: str, seed: int, folder: Path) -> ExerciseResult:
    """The mutant as a file that was handed in, with the solutions as its earlier parts."""
    folder.mkdir()
    path = folder / f"{exercise.short}.py"
    path.write_text(source, encoding="utf-8")
    mode = JudgeMode(diagnose=False, shrink=False, sketch=True)
    learner = source_in(layout, exercise, layout.solutions, path)
    return judge.judge(build_job(layout, exercise, learner=learner, seed=seed, mode=mode, mutants=()))


def _why_not(result: ExerciseResult, group: Group) -> str:
    """In what the mutant is not wrong as the group is; empty where it is."""
    if result.problem is not None:
        return result.problem.message
    wrong = {test.name: test for test in result.tests if test.verdict.is_wrong and not test.hidden}
    if not wrong:
        return "it passes every public test"
    for name, sketch in group.sketches.items():
        if name not in wrong:
            return f"it passes {name}, which they fail"
        found = wrong[name].sketch
        if found is None or not sketches_match(found, sketch):
            return f"it fails {name} in another way than they do"
    more = [name for name in wrong if name not in group.failed]
    return f"it fails {more[0]} as well, which they pass" if more else ""
