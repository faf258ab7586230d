"""The class's roster: a CSV as a person keeps it or a gradebook exports it. Who is on it gets a row in any case."""

from __future__ import annotations

import re
from pathlib import Path
from types import MappingProxyType

from grader.course.visible import visible_line
from grader.errors import UsageError
from grader.score.intake.people import Person
from grader.score.intake.systems import BLIND
from grader.score.sheets import read_sheet

# By what is wanted, the headings under which it stands, in the order in which they are looked for.
HEADINGS: MappingProxyType[str, tuple[str, ...]] = MappingProxyType(
    {
        "id": (
            "id",
            "user id",
            "student id",
            "participant id",
            "identifier",
            "sid",
            "sis user id",
            "id number",
            "number",
        ),
        "login": ("login", "username", "user name", "sis login id", "login id", "user"),
        "email": ("email", "e-mail", "email address", "e-mail address", "mail"),
        "name": ("name", "student", "full name", "student name", "display name"),
        "first": ("first name", "given name", "first", "forename"),
        "last": ("last name", "surname", "family name", "last"),
        "section": ("section", "sections", "group", "class"),
    }
)
NO_STUDENTS = re.compile(r"\s*points possible|student, test\Z", re.IGNORECASE)  # rows of Canvas' own


def read_roster(path: Path) -> tuple[Person, ...]:
    """Everyone on the roster. Without an id, a login or an e-mail, the name is the identity."""
    sheet = read_sheet(path)
    columns = _columns(path, sheet.headings)
    people = [_person(row, columns) for _, row in sheet.rows]
    found = [person for person in people if person is not None]
    _check_unique(path, found)
    return tuple(found)


def _columns(path: Path, headings: tuple[str, ...]) -> dict[str, str]:
    """The headings under which what is wanted stands."""
    columns = {
        wanted: heading
        for wanted, known in HEADINGS.items()
        if (heading := next((heading for heading in known if heading in headings), None)) is not None
    }
    if not {"name", "first", "last", "id", "login", "email"} & columns.keys():
        raise UsageError(f"{path} has no column of ids or names", "name the columns id, name, email, section")
    return columns


def _person(row: dict[str, str], columns: dict[str, str]) -> Person | None:
    cells = {wanted: row[heading].strip() for wanted, heading in columns.items()}
    id, login, email, section = (visible_line(cells.get(word, "")) for word in ("id", "login", "email", "section"))
    name = cells.get("name") or " ".join(word for word in (cells.get("first"), cells.get("last")) if word)
    if blind := re.fullmatch(rf"{BLIND} (\d+)", id):  # as Moodle's grading sheet writes it
        id, name = blind[1], name or id
    key = id or login or email or name
    if not key or NO_STUDENTS.match(name):
        return None
    return Person(key, name or key, name, id, login, email, section)


def _check_unique(path: Path, people: list[Person]) -> None:
    seen: set[str] = set()
    for person in people:
        if person.key in seen:
            raise UsageError(f"{path}: two rows are of {person.key!r}", "give each student one row, with an id")
        seen.add(person.key)
