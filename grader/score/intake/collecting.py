"""A class as it was handed in, read as data: who, with which files for which exercise, and what was left aside.

Submissions are regular files; no link is followed, nothing is unpacked to the disk, and nothing in it is run. What fits
no rule is told of, never dropped.
"""

from __future__ import annotations

import itertools
import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from grader.course.curriculum import Curriculum, Exercise
from grader.course.layout import Layout
from grader.course.visible import visible_line
from grader.errors import UsageError
from grader.judge.apart import NotDone, apart
from grader.score.intake import gradescope
from grader.score.intake.arrangement import folders_of_students, other_systems, unwrapped
from grader.score.intake.assigning import Assigner, Handed
from grader.score.intake.entries import HIDDEN, Entry, open_class
from grader.score.intake.names import as_a_file, shown_name, shown_path
from grader.score.intake.owners import Pile, piles_of
from grader.score.intake.people import Directory, Person
from grader.score.intake.submission import Aside, Intake, Submission
from grader.score.intake.systems import ARCHIVE_OR_WORK, PLAIN, SYSTEMS, Owner, guess

NOTHING_HANDED_IN = "nothing was handed in"
HAND_IN_LESS = "hand in the files of the course alone, as they are"
NOBODY = Person("", "")  # until it is known whose a submission is
MOST_LISTED = 10
MAY_BE_WORK = re.compile(rf"(?:.*{ARCHIVE_OR_WORK}|\.?[^.]*)", re.DOTALL | re.IGNORECASE)


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
            candidates = unwrapped(candidates, assigner.names)
            entries = [*entries, *(entry for entry in candidates if entry.reason)]
            candidates = [entry for entry in candidates if not entry.reason]
            hints = [*other_systems(candidates), *folders_of_students(candidates, assigner.names)]
        piles, left = piles_of(entries, candidates, system, assigner.names)
        aside = [Aside(shown_path(entry.name), entry.reason) for entry in entries if entry.reason] + left
        hints += _named_for_nobody([item for item in aside if item.reason == HIDDEN or item in left])
        if system == "gradescope":
            aside = [item for item in aside if item.name != gradescope.METADATA]  # it was read
        if not piles and not roster:
            raise _nobody(path, aside)
        assigner.get_ready()
        found = [_read(key, pile, assigner) for key, pile in piles.items()]
    matched, warnings = _with_roster(found, roster, names_are_ids=system not in SYSTEMS or system == PLAIN)
    people = _labelled([submission.person for submission in matched])
    named = [replace(submission, person=people[submission.key]) for submission in matched]
    return Intake(system, tuple(sorted(named, key=lambda item: item.student)), tuple(aside), (*hints, *warnings))


def _nobody(path: Path, aside: list[Aside]) -> UsageError:
    listed = "".join(f"\n  {item.name}: {item.reason}" for item in aside[:MOST_LISTED])
    hint = "with --pattern you say how the entries are named (docs/scoring.md)"
    return UsageError(f"no submission was found in {path}{listed}", hint)


def _named_for_nobody(aside: list[Aside]) -> list[str]:
    """Entries that may be somebody's work and have no row, because of their names alone. Other documents are not."""
    aside = [item for item in aside if MAY_BE_WORK.fullmatch(item.name)]
    names = ", ".join(item.name for item in aside[:MOST_LISTED]) + (", …" if len(aside) > MOST_LISTED else "")
    if not aside:
        return []
    count = "1 entry has" if len(aside) == 1 else f"{len(aside)} entries have"
    return [f"{count} no row, because the name says no student: {names}; rename what is somebody's work"]


# -- what is in them ----------------------------------------------------------------------------------


def _read(key: str, pile: Pile, assigner: Assigner) -> Submission:
    """One student's work, read in a process of its own: what cannot be read costs this student alone."""
    identity = pile.login or key
    person = Person(
        _key(identity),
        shown_name(pile.name),
        pile.name,  # as it is: of two that print alike the printable one keeps its name
        visible_line(pile.id),
        visible_line(pile.login),
        visible_line(pile.email),
    )
    sources = tuple(shown_path(entry.name) for entry, _ in pile.parts)
    try:
        found = apart(lambda: _contents(pile, assigner), Submission)
    except NotDone as reason:
        found = Submission(NOBODY, notes=tuple(pile.notes), problem=f"{reason}: {HAND_IN_LESS}")
    return replace(found, person=person, sources=sources)


def _contents(pile: Pile, assigner: Assigner) -> Submission:
    """What is in a student's entries."""
    found = [(entry, owner, file) for entry, owner in pile.parts for file in entry.files()]
    several = len(pile.parts) > 1
    handed: list[Handed] = []
    for entry, owner, file in found:
        named = replace(file, path=_shown(file.path, entry, owner, several), problem=owner.unread or file.problem)
        handed.append(Handed(named, owner.attempt, owner.submitted or file.taken))
    submission = Submission(
        NOBODY,
        notes=tuple(pile.notes),
        submitted=max((item.handed_in for item in handed), default=0.0),
    )
    return assigner.assign(submission, handed)


def _key(identity: str) -> str:
    """The identity as it is; escaped where it cannot be printed, and where it could be such an escape."""
    is_plain = identity.isprintable() and "\\" not in identity
    return identity if is_plain else identity.encode("unicode_escape").decode()


def _shown(path: str, entry: Entry, owner: Owner, several: bool) -> str:
    """The path as the student knows it, with its entry where they have several, as it can be printed."""
    if path == entry.name:  # a single file, for which the system has a longer name
        return shown_path(owner.file or path)
    return shown_path(f"{owner.file or entry.name}/{path}" if several else path)


# -- who they are -------------------------------------------------------------------------------------


def _labelled(people: list[Person]) -> dict[str, Person]:
    """Each with a label of its own: those of one name get their id behind it, or a number."""
    count = Counter(as_a_file(shown_name(person.name)) for person in people)
    found: dict[str, Person] = {}
    taken: set[str] = set()
    for person in sorted(people, key=_precedence):
        plain = shown_name(person.name)
        if count[as_a_file(plain)] > 1 and person.id:
            plain = shown_name(f"{plain} ({person.id})")
        numbered = (f"{plain} ({number})" for number in itertools.count(2))
        label = next(label for label in itertools.chain([plain], numbered) if as_a_file(label) not in taken)
        taken.add(as_a_file(label))
        found[person.key] = replace(person, label=label)
    return found


def _precedence(person: Person) -> tuple[bool, bool, str, str]:
    """Of those whose names are one to a disk or a reader, who keeps it: what prints as it is, and has no apostrophe."""
    return shown_name(person.name) != person.name, person.name.startswith("'"), person.name, person.key


def _with_roster(
    found: list[Submission], roster: tuple[Person, ...], names_are_ids: bool
) -> tuple[list[Submission], list[str]]:
    """The submissions with what the roster knows of their people, and a row for those who handed in nothing.

    Where a teacher named the entries, `names_are_ids`: a name may be an id. Elsewhere people choose their own names.
    """
    if not roster:
        return found, []
    directory = Directory(roster)
    rows: dict[str, list[_Fitting]] = defaultdict(list)
    unknown: dict[str, tuple[Submission, list[Person]]] = {}
    for submission in found:
        meant, by_id = _rows_of(submission.person, directory, names_are_ids)
        if len(meant) == 1:
            rows[meant[0].key].append(_Fitting(submission, by_id))
        else:
            unknown[submission.key] = (submission, meant)
    if not names_are_ids:
        people = [submission for submission, _ in unknown.values()]
        for key, meant_row in _by_names_that_are_ids(people, rows.keys(), directory, len(found)).items():
            rows[meant_row].append(_Fitting(unknown.pop(key)[0], False))
    result = [submission for submission, _ in unknown.values()]
    warnings = [_unknown_text(submission, meant) for submission, meant in unknown.values()]
    for row in roster:
        of_row, warning = _row_with(row, rows.get(row.key, []), names_are_ids)
        result += of_row
        warnings += warning
    return result, warnings


def _by_names_that_are_ids(
    unknown: list[Submission], taken: Collection[str], directory: Directory, of: int
) -> dict[str, str]:
    """The rows of those who fit none: where a system shows most people by their number or e-mail, names are ids."""
    meant = {submission.key: directory.meant(submission.person.name) for submission in unknown}
    rows = {key: people[0].key for key, people in meant.items() if len(people) == 1}
    claimed = Counter(rows.values())
    fitting = {key: row for key, row in rows.items() if claimed[row] == 1 and row not in taken}
    return fitting if 2 * len(fitting) > of else {}


def _unknown_text(submission: Submission, meant: list[Person]) -> str:
    if not meant:
        return f"{submission.student} is not on the roster"
    several = ", ".join(row.key for row in meant)
    return f"{submission.student} may be any of several on the roster: {several}"


@dataclass(frozen=True)
class _Fitting:
    """A submission that fits a row of the roster, by an id or by the name alone."""

    submission: Submission
    by_id: bool


def _row_with(row: Person, fitting: list[_Fitting], names_are_ids: bool) -> tuple[list[Submission], list[str]]:
    """The row with what fits it. Of several hand-ins one that has its id counts, else none: a person has to decide."""
    sure = [item for item in fitting if item.by_id]
    chosen = sure if len(sure) == 1 and not names_are_ids else fitting
    named = ", ".join(item.submission.person.id or item.submission.student for item in fitting)
    several = [f"several hand-ins fit {row.name or row.key} of the roster: {named}"] if len(fitting) > 1 else []
    if len(chosen) == 1:
        counts = chosen[0].submission
        others = [item.submission for item in fitting if item is not chosen[0]]
        return [replace(counts, person=_merged(counts.person, row)), *others], [
            f"{warning}; {counts.person.id or counts.student} counts, by its id" for warning in several
        ]
    problem = f"several hand-ins fit: {named}" if fitting else NOTHING_HANDED_IN
    kept = Submission(replace(row, name=row.name or row.key), problem=problem)
    return [kept, *(item.submission for item in fitting)], several


def _rows_of(person: Person, directory: Directory, names_are_ids: bool) -> tuple[list[Person], bool]:
    """The row that is the person's, and whether an id says so; several where their name is that of several."""
    several: list[Person] = []
    for word in person.ids if names_are_ids else (person.id, person.email, person.login):
        meant = directory.meant(word) if word else []
        if len(meant) == 1:
            return meant, True
        several = several or meant
    meant = directory.meant(person.name) if names_are_ids else directory.called(person.name)
    return (meant, False) if len(meant) == 1 else (several or meant, False)


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
