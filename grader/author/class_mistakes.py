"""From a group of a class's answers to an entry of the mistakes file, judged before it is written."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from grader.author.group_proof import prove_group
from grader.author.mistake_entry import with_entry
from grader.course.curriculum import Curriculum, Exercise
from grader.course.files import write_atomically
from grader.course.grounds import grounds
from grader.course.hypotheses import PREFIX
from grader.course.layout import Layout
from grader.course.mistakes import Edit, Replacement, read_edits
from grader.errors import UsageError
from grader.protocol.groups import GROUPS, Group, read_groups

NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*\Z")
MOST_GROUPS_NAMED = 20


@dataclass(frozen=True)
class Written:
    """An entry that was written: to which file, for which group, where its edits come from.

    `tests` are those of the group that it fails in the same way.
    """

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
    proved = prove_group(layout, curriculum, exercise, group)
    edit = _edit(chosen, says, proved.candidate.edits)
    data = path.read_bytes() if path.exists() else b""
    write_atomically(path, with_entry(data, edit))
    return Written(path, group, edit, proved.candidate.origin, proved.tests)


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
