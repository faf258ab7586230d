"""How a class lies: with a folder around it, with classes inside it, or named by systems only in part."""

from __future__ import annotations

import re
import sys
from collections import defaultdict
from contextlib import suppress
from dataclasses import dataclass, replace

from grader.course.file_names import FileNames
from grader.course.passed_over import is_passed_over
from grader.judge.apart import Bounds, NotDone, apart
from grader.score.intake.archives import NO_FILE, is_archive_name
from grader.score.intake.entries import Entry, Kind, why_nobodys
from grader.score.intake.names import shown_path
from grader.score.intake.owners import plain_owner, said
from grader.score.intake.systems import Owner, partial_fits

BESIDE = "it lies beside the students' folders and is no exercise's"
MOST_LOOKED_INTO = 20  # entries of a class that are looked through for students inside, and folders in each
LOOKING = Bounds(processor_seconds=2, clock_seconds=20.0)  # for a look at what files are called
# Folders of one student that hold the same exercise twice: chapters, versions, the kit's own.
NO_STUDENT = re.compile(
    r"ch\d+.*|exercises|solutions|tests?|old.*|new.*|backup.*|final.*|draft.*|archive.*|copy.*|v(?:ersion)?[-_ ]?\d+",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Inside:
    """What lies in a folder of students: their folders and archives, and what is beside them with the reason."""

    students: tuple[str, ...] = ()
    beside: tuple[tuple[str, str], ...] = ()


def unwrapped(candidates: list[Entry], names: FileNames) -> list[Entry]:
    """The students in the one folder of a class, where it is a folder around them, and what lies beside them in it."""
    owned = [entry for entry in candidates if isinstance(plain_owner(entry, names), Owner)]
    inside = _students_inside(owned[0], names) if len(owned) == 1 else Inside()
    if not inside.students:
        return candidates
    around = owned[0]
    found = [around.child(name) for name in inside.students]
    beside = [replace(around.child(name), kind=Kind.OTHER, reason=reason) for name, reason in inside.beside]
    return [*found, *beside, *(entry for entry in candidates if entry is not around)]


def _students_inside(entry: Entry, names: FileNames, most: int = sys.maxsize) -> Inside:
    """What is in an entry, where there are students in it: two of its folders hold the same exercise.

    Then all of its folders are: who named a file otherwise has a row as well. No more than `most` are looked into.
    """
    if entry.kind is not Kind.FOLDER:
        return Inside()
    exercises: dict[str, set[str]] = defaultdict(set)
    students, beside = [], []
    for name, kind in entry.inside():
        is_folder = kind is Kind.FOLDER or (kind is Kind.FILE and is_archive_name(name))
        if is_folder and not is_passed_over(name):
            students.append(name)
            for exercise in _exercises_in(entry.child(name), names) if len(students) <= most else ():
                exercises[exercise].add(name)
        elif names.meanings(name):
            return Inside()  # work beside the folders: it is a student's
        else:
            beside.append((name, why_nobodys(name) or (NO_FILE if kind is Kind.OTHER else BESIDE)))
    holding = set().union(*exercises.values()) if exercises else set()
    if any(NO_STUDENT.fullmatch(name) for name in holding) or max(map(len, exercises.values()), default=0) < 2:
        return Inside()
    return Inside(tuple(students), tuple(beside))


def _exercises_in(entry: Entry, names: FileNames) -> tuple[str, ...]:
    """The exercises after which files in it are named; none where it cannot be read."""

    def found() -> tuple[str, ...]:
        meant = (meaning for file in entry.files() for meaning in names.meanings(file.path))
        return tuple(sorted({meaning.exercise.name for meaning in meant}))

    with suppress(NotDone):
        return apart(found, tuple[str, ...], LOOKING)
    return ()


def folders_of_students(candidates: list[Entry], names: FileNames) -> list[str]:
    """What looks like a class of its own among the students."""
    if len(candidates) > MOST_LOOKED_INTO:
        return []
    found = {entry.name: _students_inside(entry, names, MOST_LOOKED_INTO).students for entry in candidates}
    return [
        f"{shown_path(name)} looks like a folder of students ({shown_path(students[0])} …): score it by itself"
        for name, students in found.items()
        if students
    ]


def other_systems(candidates: list[Entry]) -> list[str]:
    """Systems that would read some of the names: the rest may be strays."""
    fits = partial_fits(entry.name for entry in candidates)
    return [
        f"{said(system)} gives names like {count} of the {len(candidates)} entries: `--pattern {system}` reads those"
        for system, count in fits.items()
        if system != "classroom"  # whose names are read in any case
    ]
