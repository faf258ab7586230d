"""Whose each entry of a class is: the entries and receipts of each person, and what is nobody's."""

from __future__ import annotations

import functools
from contextlib import suppress
from dataclasses import dataclass, field, replace

from grader.course.file_names import FileNames
from grader.course.visible import visible_line
from grader.errors import UsageError
from grader.judge.apart import NotDone, apart
from grader.score.intake import gradescope
from grader.score.intake.archives import Refused
from grader.score.intake.blackboard import MAX_RECEIPT_BYTES, Receipt, read_receipt
from grader.score.intake.entries import Entry, Kind
from grader.score.intake.names import shown_path
from grader.score.intake.submission import Aside
from grader.score.intake.systems import PLAIN, Owner, reader_of

ANOTHERS_ID = "its id is that of somebody with another name"


@dataclass
class Pile:
    """Everything of one person, as it is put together. `parts` are entries, each with what its name says."""

    name: str
    id: str = ""
    login: str = ""
    email: str = ""
    parts: list[tuple[Entry, Owner]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def piles_of(
    entries: list[Entry], candidates: list[Entry], system: str, names: FileNames
) -> tuple[dict[str, Pile], list[Aside]]:
    """The entries by the identity of their owner, and those that are nobody's."""
    read = reader_of(system, [entry.name for entry in candidates])
    metadata = _metadata(entries) if system == "gradescope" else {}
    piles: dict[str, Pile] = {}
    aside: list[Aside] = []
    for entry in candidates:
        owner = plain_owner(entry, names) if system == PLAIN else read(entry.name)
        if isinstance(owner, str) or owner is None:
            aside.append(Aside(shown_path(entry.name), owner or f"its name is not one that {said(system)} gives"))
        elif owner.is_receipt:
            _take_receipt(piles.setdefault(owner.id, Pile(owner.name, owner.id)), entry)
        elif submitted := metadata.get(owner.id):
            _to_submitters(piles, entry, owner, submitted)
        else:
            pile = piles.setdefault(owner.id or owner.name, Pile(owner.name, owner.id))
            if pile.parts and pile.parts[0][1].name != owner.name:
                aside.append(Aside(shown_path(entry.name), ANOTHERS_ID))
                continue
            pile.parts.append((entry, owner))
            pile.notes += [note for note in owner.notes if note not in pile.notes]
    return piles, aside


def said(system: str) -> str:
    known = {"canvas": "Canvas", "moodle": "Moodle", "gradescope": "Gradescope", "blackboard": "Blackboard"}
    return known.get(system, "Google Classroom" if system == "classroom" else "--pattern")


def plain_owner(entry: Entry, names: FileNames) -> Owner | str:
    """Whose an entry is that a person named, or why it is nobody's."""
    if entry.kind is not Kind.FILE:
        return Owner(entry.name)
    if found := names.of_a_person(entry.name):
        return Owner(found[0], "", found[1])
    if names.meanings(entry.name):
        return "it is named after an exercise, not after a student: put it into a folder with the student's name"
    owner = reader_of(PLAIN, ())(entry.name)
    if not isinstance(owner, Owner) or not owner.file:
        return "it is no folder, no archive and no .py or .ipynb file"
    return owner


def _metadata(entries: list[Entry]) -> dict[str, gradescope.Submitted]:
    for entry in entries:
        if entry.name == gradescope.METADATA:
            read = functools.partial(gradescope.read_metadata, _text_of(entry, gradescope.MAX_METADATA_BYTES))
            try:
                return apart(read, dict[str, gradescope.Submitted])
            except NotDone as reason:
                raise UsageError(str(reason), "export the submissions anew") from None
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
            pile.notes.append(f"handed in together with {', '.join(visible_line(other) for other in others)}")


def _take_receipt(pile: Pile, entry: Entry) -> None:
    text, receipt = _text_of(entry, MAX_RECEIPT_BYTES), None
    with suppress(NotDone):  # a student's comment is in it, too
        receipt = apart(lambda: read_receipt(text), Receipt | None)
    if receipt is not None:
        pile.name, pile.id, pile.login = receipt.name, receipt.user, receipt.user


def _text_of(entry: Entry, most: int) -> bytes:
    """The beginning of what a system wrote; nothing where a folder has the name of it, or it cannot be read."""
    if entry.kind is not Kind.FILE:
        return b""
    try:
        return b"".join(file.read(most) for file in entry.files())
    except (OSError, Refused):
        return b""
