"""Who a person is, and finding the one that somebody means: by id, e-mail or name, in any way to write a name."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from grader.course.visible import UNSEEN
from grader.errors import UsageError

NUMBER = " "  # behind a number in an index of words, none of which ends in a blank


@dataclass(frozen=True)
class Person:
    """`key` is the identity: the system's id where there is one, else the name. `label` is what tables and pages say.

    Two people have two keys and two labels, whatever they are called.
    """

    key: str
    label: str
    name: str = ""
    id: str = ""
    login: str = ""
    email: str = ""
    section: str = ""

    @property
    def ids(self) -> tuple[str, ...]:
        """What means this person alone."""
        return tuple(word for word in (self.id, self.email, self.login, self.key) if word)

    @property
    def names(self) -> tuple[str, ...]:
        """What others may be called as well."""
        local = self.email.partition("@")[0]
        return tuple(word for word in (self.label, self.name, local) if word)


def same_word(text: str) -> str:
    """A form in which two ways to write an id or a name are equal: accents, case, blanks, what nobody sees."""
    return " ".join(unicodedata.normalize("NFKC", UNSEEN.sub("", text)).casefold().split())


def letters_of(name: str) -> str:
    """The name as systems squeeze it: its letters and digits, parts in the order of the alphabet."""
    words = "".join(c if c.isalnum() else " " for c in same_word(name)).split()
    return "".join(sorted(words))


def squeezed(name: str) -> str:
    """Canvas' form of a name: last name first, nothing but letters and digits."""
    last, comma, first = same_word(name).partition(",")
    words = last + " " + first if comma else " ".join([*same_word(name).split()[-1:], *same_word(name).split()[:-1]])
    return "".join(c for c in words if c.isalnum())


def without_accents(name: str) -> str:
    """The name as somebody writes it whose keyboard has no accents."""
    letters = unicodedata.normalize("NFKD", same_word(name))
    return "".join(letter for letter in letters if not unicodedata.combining(letter))


def as_a_number(id: str) -> str:
    """The id as a spreadsheet leaves it: without zeros in front, or with `.0` behind."""
    found = re.fullmatch(r"0*(\d+)(?:\.0+)?", id.strip())
    return found[1] if found else ""


def _ways_to_write(name: str) -> list[str]:
    """Forms of a name, the most exact first."""
    return [form for make in (same_word, letters_of, squeezed, without_accents) if (form := make(name))]


def _index(words: Iterable[tuple[Person, Iterable[str]]]) -> dict[str, list[Person]]:
    """People by these words of theirs, and by the numbers that a spreadsheet makes of them."""
    found: dict[str, list[Person]] = defaultdict(list)
    for person, of_theirs in words:
        forms = [same_word(word) for word in of_theirs]
        forms += [number + NUMBER for word in of_theirs if (number := as_a_number(word))]
        for form in dict.fromkeys(forms):
            found[form].append(person)
    return found


class Directory:
    """The people of a class, by whatever they are meant with."""

    def __init__(self, people: Iterable[Person]) -> None:
        self.people = list(people)
        # What a system or a list gave first; the key of somebody without that is a name, which may be chosen.
        self.by_id = _index((person, person.ids[:-1]) for person in self.people)
        self.by_key = _index((person, person.ids[-1:]) for person in self.people)
        self.by_name: dict[str, list[Person]] = defaultdict(list)
        for person in self.people:
            for form in dict.fromkeys(form for word in person.names for form in _ways_to_write(word)):
                self.by_name[form].append(person)

    def meant(self, word: str) -> list[Person]:
        """Everyone whom the word may mean: those whose id it is, else those who are called so."""
        for index in (self.by_id, self.by_key):
            for form in (same_word(word), as_a_number(word) + NUMBER):
                if form in index:
                    return index[form]
        return self.called(word)

    def called(self, name: str) -> list[Person]:
        """Everyone who is called so. A name that somebody chose is nobody's id."""
        return next((self.by_name[form] for form in _ways_to_write(name) if form in self.by_name), [])

    def one(self, word: str, where: str) -> Person:
        """The one person whom a row means. `where` is the row, for the message."""
        found = self.meant(word)
        if len(found) == 1:
            return found[0]
        if found:
            ids = ", ".join(sorted(person.id or person.key for person in found))
            raise UsageError(f"{where}: several students are called {word.strip()!r}", f"give the id of one: {ids}")
        raise UsageError(f"{where}: nobody is called {word.strip()!r}", self._nearest(word))

    def _nearest(self, word: str) -> str:
        known = {same_word(name): name for person in self.people for name in (*person.ids, *person.names)}
        close = difflib.get_close_matches(same_word(word), known, n=1, cutoff=0.5)
        return f"did you mean {known[close[0]]!r}?" if close else "`grader score --dry-run` shows who handed in"
