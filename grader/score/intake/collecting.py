"""A class as it was handed in, read as data: who, with which files for which exercise, and what was left aside.

Submissions are regular files; no link is followed, nothing is unpacked to the disk, and nothing in it is run. What fits
no rule is told of, never dropped.
"""

from __future__ import annotations

import functools
import itertools
import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

from grader.course.curriculum import Curriculum, Exercise
from grader.course.layout import Layout
from grader.errors import UsageError
from grader.score.intake import gradescope
from grader.score.intake.assigning import Assigner, Handed
from grader.score.intake.blackboard import MAX_RECEIPT_BYTES, read_receipt
from grader.score.intake.entries import Entry, Kind, open_class
from grader.score.intake.names import as_a_file, printable, printable_name, printable_path
from grader.score.intake.people import Directory, Person
from grader.score.intake.submission import Aside, Intake, Submission
from grader.score.intake.systems import PLAIN, Owner, guess, partial_fits, reader_of
from grader.score.intake.walking import HandedFile

NOTHING_HANDED_IN = "nothing was handed in"
MOST_LISTED = 10
MOST_LOOKED_INTO = 20  # entries of a class that are looked through for students inside
# Folders of one student that hold the same exercise twice: chapters, versions, the kit's own.
NO_STUDENT = re.compile(
    r"ch\d+.*|exercises|solutions|tests?|old.*|new.*|backup.*|final.*|draft.*|archive.*|copy.*|v(?:ersion)?[-_ ]?\d+",
    re.IGNORECASE,
)


@dataclass
class Pile:
    """Everything of one person, as it is put together. `parts` are entries, each with what its name says."""

    name: str
    id: str = ""
    login: str = ""
    email: str = ""
    parts: list[tuple[Entry, Owner]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def collect(
    path: Path,
    layout: Layout,
    curriculum: Curriculum,
    *,
    asked: Iterable[Exercise] = (),
    pattern: str | None = None,
    roster: tuple[Person, ...] = (),
    out: Path | None = None,
) -> Intake:
    """Everyone's work under `path`. `pattern` is a system's name or a regular expression; guessed unless given."""
    assigner = Assigner(layout, curriculum, tuple(asked) or curriculum.exercises)
    with open_class(path, out, pattern) as entries:
        candidates = [entry for entry in entries if not entry.reason]
        system = pattern or guess(entry.name for entry in candidates)
        hints: list[str] = []
        if pattern is None and system == PLAIN:
            candidates = _unwrapped(candidates, assigner)
            hints = [*_other_systems(candidates), *_folders_of_students(candidates, assigner)]
        piles, left = _piles(entries, candidates, system, assigner)
        aside = [Aside(printable_path(entry.name), entry.reason) for entry in entries if entry.reason] + left
        if system == "gradescope":
            aside = [item for item in aside if item.name != gradescope.METADATA]  # it was read
        if not piles and not roster:
            raise _nobody(path, aside)
        found = [_read(key, pile, assigner) for key, pile in piles.items()]
    matched, warnings = _with_roster(found, roster)
    people = _labelled([submission.person for submission in matched])
    named = [replace(submission, person=people[submission.key]) for submission in matched]
    return Intake(system, tuple(sorted(named, key=lambda item: item.student)), tuple(aside), (*hints, *warnings))


def _nobody(path: Path, aside: list[Aside]) -> UsageError:
    listed = "".join(f"\n  {item.name}: {item.reason}" for item in aside[:MOST_LISTED])
    hint = "with --pattern you say how the entries are named (docs/scoring.md)"
    return UsageError(f"no submission was found in {path}{listed}", hint)


# -- a class inside a folder --------------------------------------------------------------------------


def _unwrapped(candidates: list[Entry], assigner: Assigner) -> list[Entry]:
    """The students in the one folder of a class, where it is a folder around them."""
    students = [entry for entry in candidates if isinstance(_plain_owner(entry, assigner), Owner)]
    inside = _students_inside(students[0], assigner) if len(students) == 1 else {}
    if not inside:
        return candidates
    found = [
        Entry(name, Kind.FOLDER, max(file.taken for file in files), functools.partial(list, files))
        for name, files in sorted(inside.items())
    ]
    return [*found, *(entry for entry in candidates if entry not in students)]


def _students_inside(entry: Entry, assigner: Assigner) -> dict[str, list[HandedFile]]:
    """The files of each folder in an entry, where these are students: two of them hold the same exercise."""
    if entry.kind is not Kind.FOLDER:
        return {}
    inside: dict[str, list[HandedFile]] = defaultdict(list)
    exercises: dict[str, set[str]] = defaultdict(set)
    for file in entry.files():
        folder, separator, rest = file.path.partition("/")
        if not separator:
            if assigner.names.meanings(file.path):
                return {}  # work beside the folders: it is a student's
            continue
        inside[folder].append(replace(file, path=rest))
        for meaning in assigner.names.meanings(rest):
            exercises[meaning.exercise.name].add(folder)
    holding = set().union(*exercises.values()) if exercises else set()
    if any(NO_STUDENT.fullmatch(folder) for folder in holding) or max(map(len, exercises.values()), default=0) < 2:
        return {}
    return {folder: files for folder, files in inside.items() if folder in holding}


def _folders_of_students(candidates: list[Entry], assigner: Assigner) -> list[str]:
    """What looks like a class of its own among the students."""
    if len(candidates) > MOST_LOOKED_INTO:
        return []
    found = {entry.name: _students_inside(entry, assigner) for entry in candidates}
    return [
        f"{printable_path(name)} looks like a folder of students ({printable_path(min(inside))} …): score it by itself"
        for name, inside in found.items()
        if inside
    ]


def _other_systems(candidates: list[Entry]) -> list[str]:
    """Systems that would read some of the names: the rest may be strays."""
    fits = partial_fits(entry.name for entry in candidates)
    return [
        f"{_said(system)} gives names like {count} of the {len(candidates)} entries: `--pattern {system}` reads those"
        for system, count in fits.items()
        if system != "classroom"  # whose names are read in any case
    ]


# -- whose each entry is ------------------------------------------------------------------------------


def _piles(
    entries: list[Entry], candidates: list[Entry], system: str, assigner: Assigner
) -> tuple[dict[str, Pile], list[Aside]]:
    """The entries by the identity of their owner, and those that are nobody's."""
    read = reader_of(system, [entry.name for entry in candidates])
    metadata = _metadata(entries) if system == "gradescope" else {}
    piles: dict[str, Pile] = {}
    aside: list[Aside] = []
    for entry in candidates:
        owner = _plain_owner(entry, assigner) if system == PLAIN else read(entry.name)
        if isinstance(owner, str) or owner is None:
            aside.append(Aside(printable_path(entry.name), owner or f"its name is not one that {_said(system)} gives"))
        elif owner.is_receipt:
            _take_receipt(piles.setdefault(owner.id, Pile(owner.name, owner.id)), entry)
        elif submitted := metadata.get(owner.id):
            _to_submitters(piles, entry, owner, submitted)
        else:
            pile = piles.setdefault(owner.id or owner.name, Pile(owner.name, owner.id))
            pile.parts.append((entry, owner))
            pile.notes += [note for note in owner.notes if note not in pile.notes]
    return piles, aside


def _said(system: str) -> str:
    known = {"canvas": "Canvas", "moodle": "Moodle", "gradescope": "Gradescope", "blackboard": "Blackboard"}
    return known.get(system, "Google Classroom" if system == "classroom" else "--pattern")


def _plain_owner(entry: Entry, assigner: Assigner) -> Owner | str:
    """Whose an entry is that a person named, or why it is nobody's."""
    if entry.kind is not Kind.FILE:
        return Owner(entry.name)
    if found := assigner.names.of_a_person(entry.name):
        return Owner(found[0], "", found[1])
    if assigner.names.meanings(entry.name):
        return "it is named after an exercise, not after a student: put it into a folder with the student's name"
    owner = reader_of(PLAIN, ())(entry.name)
    if owner is None or not owner.file:
        return "it is no folder, no archive and no .py or .ipynb file"
    return owner


def _metadata(entries: list[Entry]) -> dict[str, gradescope.Submitted]:
    for entry in entries:
        if entry.name == gradescope.METADATA:
            (file,) = entry.files()
            return gradescope.read_metadata(file.read(file.size))
    return {}


def _to_submitters(piles: dict[str, Pile], entry: Entry, owner: Owner, submitted: gradescope.Submitted) -> None:
    """All who handed a submission in get it: each has a row."""
    people = submitted.submitters or (gradescope.Submitter(owner.name, "", ""),)
    for person in people:
        key = person.sid or person.email or person.name or owner.name
        pile = piles.setdefault(key, Pile(person.name or key, person.sid, "", person.email))
        pile.parts.append((entry, replace(owner, attempt=(submitted.created,), submitted=submitted.created)))
        others = [other.name or other.email for other in people if other is not person]
        if others:
            pile.notes.append(f"handed in together with {', '.join(printable(other) for other in others)}")


def _take_receipt(pile: Pile, entry: Entry) -> None:
    (file,) = entry.files()
    receipt = read_receipt(file.read(MAX_RECEIPT_BYTES))
    if receipt is not None:
        pile.name, pile.id, pile.login = receipt.name, receipt.user, receipt.user


# -- what is in them ----------------------------------------------------------------------------------


def _read(key: str, pile: Pile, assigner: Assigner) -> Submission:
    found = [(entry, owner, file) for entry, owner in pile.parts for file in entry.files()]
    several = len(pile.parts) > 1
    handed: list[Handed] = []
    for entry, owner, file in found:
        named = replace(file, path=_shown(file.path, entry, owner, several), problem=owner.unread or file.problem)
        handed.append(Handed(named, owner.attempt, owner.submitted or file.taken))
    identity = pile.login or key
    person = Person(
        identity if identity.isprintable() else identity.encode("unicode_escape").decode(),
        printable_name(pile.name),
        pile.name,  # as it is: of two that print alike the printable one keeps its name
        printable(pile.id),
        printable(pile.login),
        printable(pile.email),
    )
    submission = Submission(
        person,
        sources=tuple(printable_path(entry.name) for entry, _ in pile.parts),
        notes=tuple(pile.notes),
        submitted=max((item.handed_in for item in handed), default=0.0),
    )
    return assigner.assign(submission, handed)


def _shown(path: str, entry: Entry, owner: Owner, several: bool) -> str:
    """The path as the student knows it, with its entry where they have several, as it can be printed."""
    if path == entry.name:  # a single file, for which the system has a longer name
        return printable_path(owner.file or path)
    return printable_path(f"{owner.file or entry.name}/{path}" if several else path)


# -- who they are -------------------------------------------------------------------------------------


def _labelled(people: list[Person]) -> dict[str, Person]:
    """Each with a label of its own: those of one name get their id behind it, or a number."""
    count = Counter(as_a_file(printable_name(person.name)) for person in people)
    found: dict[str, Person] = {}
    taken: set[str] = set()
    for person in sorted(
        people, key=lambda person: (printable_name(person.name) != person.name, person.name, person.key)
    ):
        plain = printable_name(person.name)
        if count[as_a_file(plain)] > 1 and person.id:
            plain = printable_name(f"{plain} ({person.id})")
        numbered = (f"{plain} ({number})" for number in itertools.count(2))
        label = next(label for label in itertools.chain([plain], numbered) if as_a_file(label) not in taken)
        taken.add(as_a_file(label))
        found[person.key] = replace(person, label=label)
    return found


def _with_roster(found: list[Submission], roster: tuple[Person, ...]) -> tuple[list[Submission], list[str]]:
    """The submissions with what the roster knows of their people, and a row for those who handed in nothing."""
    if not roster:
        return found, []
    directory = Directory(roster)
    rows: dict[str, list[Submission]] = defaultdict(list)
    result, warnings = [], []
    for submission in found:
        meant = _rows_of(submission.person, directory)
        if len(meant) == 1:
            rows[meant[0].key].append(submission)
            continue
        several = ", ".join(row.key for row in meant)
        warnings.append(
            f"{submission.student} may be any of several on the roster: {several}"
            if meant
            else f"{submission.student} is not on the roster"
        )
        result.append(submission)
    for row in roster:
        fitting = rows.get(row.key, [])
        if not fitting:
            result.append(Submission(replace(row, name=row.name or row.key), problem=NOTHING_HANDED_IN))
        elif len(fitting) == 1:
            result.append(replace(fitting[0], person=_merged(fitting[0].person, row)))
        else:
            named = ", ".join(submission.person.id or submission.student for submission in fitting)
            warnings.append(f"several hand-ins fit {row.name or row.key} of the roster: {named}")
            result += fitting
    return result, warnings


def _rows_of(person: Person, directory: Directory) -> list[Person]:
    """The row that is the person's; several where their name is that of several, none where they are not on it."""
    several: list[Person] = []
    for word in (*person.ids, person.name):
        meant = directory.meant(word)
        if len(meant) == 1:
            return meant
        several = several or meant
    return several


def _merged(person: Person, row: Person) -> Person:
    """The person with what the roster knows better. The identity stays."""
    return replace(
        person,
        name=row.name or person.name,
        id=row.id or person.id,
        login=row.login or person.login,
        email=row.email or person.email,
        section=row.section,
    )
