"""The class's roster: a CSV as a person keeps it or a gradebook exports it. Who is on it gets a row in any case."""

from __future__ import annotations

import csv
import re
from pathlib import Path
from types import MappingProxyType

from grader.errors import UsageError
from grader.score.cells import meant
from grader.score.intake.people import Person

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
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise UsageError(f"{path} is not UTF-8 text", "save it as CSV UTF-8") from None
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from None
    first = text.partition("\n")[0]
    delimiter = max(",;\t", key=first.count)  # spreadsheets write semicolons where the comma is for decimals
    rows = csv.reader(text.splitlines(), delimiter=delimiter)
    places = _places(path, [heading.strip().lower() for heading in next(rows, [])])
    people = [_person(row, places) for row in rows if any(cell.strip() for cell in row)]
    found = [person for person in people if person is not None]
    _check_unique(path, found)
    return tuple(found)


def _places(path: Path, headings: list[str]) -> dict[str, int]:
    places = {
        wanted: headings.index(heading)
        for wanted, known in HEADINGS.items()
        if (heading := next((heading for heading in known if heading in headings), None)) is not None
    }
    if not {"name", "first", "last", "id", "login", "email"} & places.keys():
        raise UsageError(f"{path} has no column of ids or names", "name the columns id, name, email, section")
    return places


def _person(row: list[str], places: dict[str, int]) -> Person | None:
    cells = {wanted: meant(row[place].strip()) if place < len(row) else "" for wanted, place in places.items()}
    id, login, email = (cells.get(wanted, "") for wanted in ("id", "login", "email"))
    id = re.sub(r"\AParticipant (?=\d+\Z)", "", id)  # as Moodle's grading sheet writes it
    name = cells.get("name") or " ".join(word for word in (cells.get("first"), cells.get("last")) if word)
    key = id or login or email or name
    if not key or NO_STUDENTS.match(name):
        return None
    return Person(key, name or key, name, id, login, email, cells.get("section", ""))


def _check_unique(path: Path, people: list[Person]) -> None:
    seen: set[str] = set()
    for person in people:
        if person.key in seen:
            raise UsageError(f"{path}: two rows are of {person.key!r}", "give each student one row, with an id")
        seen.add(person.key)
