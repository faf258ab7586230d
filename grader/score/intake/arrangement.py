"""How a class lies: with a folder around it, with classes inside it, or named by systems only in part."""

from __future__ import annotations

import functools
import re
from collections import defaultdict
from dataclasses import replace

from grader.course.file_names import FileNames
from grader.score.intake.entries import Entry, Kind, why_nobodys
from grader.score.intake.names import shown_path
from grader.score.intake.owners import plain_owner, said
from grader.score.intake.systems import Owner, partial_fits
from grader.score.intake.walking import HandedFile

BESIDE = "it lies beside the students' folders and is no exercise's"
MOST_LOOKED_INTO = 20  # entries of a class that are looked through for students inside
# Folders of one student that hold the same exercise twice: chapters, versions, the kit's own.
NO_STUDENT = re.compile(
    r"ch\d+.*|exercises|solutions|tests?|old.*|new.*|backup.*|final.*|draft.*|archive.*|copy.*|v(?:ersion)?[-_ ]?\d+",
    re.IGNORECASE,
)


def unwrapped(candidates: list[Entry], names: FileNames) -> list[Entry]:
    """The students in the one folder of a class, where it is a folder around them, and what lies beside them in it."""
    students = [entry for entry in candidates if isinstance(plain_owner(entry, names), Owner)]
    inside = _students_inside(students[0], names) if len(students) == 1 else {}
    if not inside:
        return candidates
    found = [
        Entry(name, Kind.FOLDER, max(file.taken for file in files), functools.partial(list, files))
        for name, files in sorted(inside.items())
    ]
    beside = [
        Entry(file.path, Kind.OTHER, file.taken, list, why_nobodys(file.path) or file.problem or BESIDE)
        for file in students[0].files()
        if "/" not in file.path
    ]
    return [*found, *beside, *(entry for entry in candidates if entry not in students)]


def _students_inside(entry: Entry, names: FileNames) -> dict[str, list[HandedFile]]:
    """The files of each folder in an entry, where these are students: two of them hold the same exercise.

    Then all of its folders are: who named a file otherwise has a row as well.
    """
    if entry.kind is not Kind.FOLDER:
        return {}
    inside: dict[str, list[HandedFile]] = defaultdict(list)
    exercises: dict[str, set[str]] = defaultdict(set)
    for file in entry.files():
        folder, separator, rest = file.path.partition("/")
        if not separator:
            if names.meanings(file.path):
                return {}  # work beside the folders: it is a student's
            continue
        inside[folder].append(replace(file, path=rest))
        for meaning in names.meanings(rest):
            exercises[meaning.exercise.name].add(folder)
    holding = set().union(*exercises.values()) if exercises else set()
    if any(NO_STUDENT.fullmatch(folder) for folder in holding) or max(map(len, exercises.values()), default=0) < 2:
        return {}
    return inside


def folders_of_students(candidates: list[Entry], names: FileNames) -> list[str]:
    """What looks like a class of its own among the students."""
    if len(candidates) > MOST_LOOKED_INTO:
        return []
    found = {entry.name: _students_inside(entry, names) for entry in candidates}
    return [
        f"{shown_path(name)} looks like a folder of students ({shown_path(min(inside))} …): score it by itself"
        for name, inside in found.items()
        if inside
    ]


def other_systems(candidates: list[Entry]) -> list[str]:
    """Systems that would read some of the names: the rest may be strays."""
    fits = partial_fits(entry.name for entry in candidates)
    return [
        f"{said(system)} gives names like {count} of the {len(candidates)} entries: `--pattern {system}` reads those"
        for system, count in fits.items()
        if system != "classroom"  # whose names are read in any case
    ]
