"""The chapters and their exercises, read from each chapter's `chapter.toml`."""

from __future__ import annotations

import difflib
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from grader.errors import ContentError, UsageError
from grader.house import House

NAME = re.compile(r"[a-z][a-z0-9_]*\Z")


class Ban(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Names that an exercise may not use, and what to use instead: a table of `bans.toml`."""

    names: tuple[str, ...]
    instead: str


class Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An exercise's table in `chapter.toml`. `bans` are names of sets in `bans.toml`."""

    title: str
    points: float = 10.0
    needs: tuple[str, ...] = ()
    hints: tuple[str, ...] = ()
    time_limit: float = 10.0
    memory_limit_mb: int = 2048
    bans: tuple[str, ...] = ()
    marked_by: str = "suite"
    minutes: int = 20


@dataclass(frozen=True)
class Exercise:
    """One exercise. `name` is `chapter/exercise`, `needs` are full names of earlier ones."""

    name: str
    title: str
    points: float
    needs: tuple[str, ...]
    hints: tuple[str, ...]
    time_limit: float
    memory_limit: int
    bans: tuple[Ban, ...]
    by_person: bool
    minutes: int

    @property
    def chapter(self) -> str:
        return self.name.split("/")[0]

    @property
    def short(self) -> str:
        return self.name.split("/")[1]

    @property
    def suffix(self) -> str:
        return ".md" if self.by_person else ".py"


@dataclass(frozen=True)
class Chapter:
    """A chapter and its exercises in the order in which they are done."""

    name: str
    title: str
    exercises: tuple[Exercise, ...]


@dataclass(frozen=True)
class Curriculum:
    """All chapters in order."""

    chapters: tuple[Chapter, ...]

    @property
    def exercises(self) -> tuple[Exercise, ...]:
        return tuple(exercise for chapter in self.chapters for exercise in chapter.exercises)

    def get(self, name: str) -> Exercise:
        """The exercise of this full name."""
        for exercise in self.exercises:
            if exercise.name == name:
                return exercise
        raise UsageError(f"there is no exercise {name!r}")

    def find(self, words: str) -> tuple[Exercise, ...]:
        """What a person means by an exercise, a chapter or a file. `did you mean` where it is nothing."""
        word = words.replace("\\", "/").rstrip("/")
        parts = [part for part in word.split("/") if part not in ("", ".", "exercises", "solutions")]
        last = re.sub(r"\.(py|md|ipynb)\Z", "", "/".join(parts[-2:]))
        for chapter in self.chapters:
            if last in (chapter.name, chapter.name.split("_")[0]):
                return chapter.exercises
        found = tuple(e for e in self.exercises if last in (e.name, e.short))
        if not found:
            found = tuple(e for e in self.exercises if last.split("/")[-1] == e.short and "/" not in word)
        if len({e.name for e in found}) > 1:
            choices = " or ".join(e.name for e in found)
            raise UsageError(f"{words!r} is the name of several exercises", f"say which: {choices}")
        if found:
            return found
        raise UsageError(f"there is no exercise or chapter {words!r}", self._did_you_mean(last))

    def _did_you_mean(self, word: str) -> str:
        names = [e.name for e in self.exercises] + [c.name for c in self.chapters]
        short = {e.short: e.name for e in self.exercises}
        close = difflib.get_close_matches(word, names, n=1, cutoff=0.5)
        close = close or [short[s] for s in difflib.get_close_matches(word.split("/")[-1], short, n=1, cutoff=0.5)]
        return f"did you mean {close[0]}?" if close else "`grader list` shows them all"

    def spoken(self, exercise: Exercise) -> str:
        """The shortest name that means just this exercise."""
        alone = sum(other.short == exercise.short for other in self.exercises) == 1
        return exercise.short if alone else exercise.name

    def needs_of(self, exercise: Exercise) -> tuple[Exercise, ...]:
        """Everything that the exercise rests on, directly or not, in the order of the course."""
        wanted, queue = set(), list(exercise.needs)
        while queue:
            name = queue.pop()
            if name not in wanted:
                wanted.add(name)
                queue.extend(self.get(name).needs)
        return tuple(e for e in self.exercises if e.name in wanted)


def load_curriculum(house: House) -> Curriculum:
    """Read every chapter. What is wrong in one is named with its file, its key and what was expected."""
    files = sorted(house.graded.glob("ch*/chapter.toml"), key=lambda path: _chapter_order(path.parent.name))
    sets = _read_bans(house)
    chapters: list[Chapter] = []
    for path in files:
        chapters.append(_read_chapter(house, path, {e.name for c in chapters for e in c.exercises}, sets))
    return Curriculum(tuple(chapters))


def _chapter_order(name: str) -> tuple[int, str]:
    digits = re.match(r"ch(\d+)", name)
    return (int(digits[1]) if digits else 0, name)


def _read_bans(house: House) -> dict[str, Ban]:
    """The sets of names that exercises may ban; a course without bans has no such file."""
    path, shown = house.bans_file, house.shown(house.bans_file)
    sets = {}
    for name, value in (read_toml(path, shown) if path.exists() else {}).items():
        try:
            sets[name] = msgspec.convert(value, Ban)
        except msgspec.ValidationError as error:
            raise ContentError(shown, f"[{name}]", str(error)) from None
    return sets


def _read_chapter(house: House, path: Path, earlier: set[str], sets: dict[str, Ban]) -> Chapter:
    shown, name = house.shown(path), path.parent.name
    document = read_toml(path, shown)
    title = document.pop("title", None)
    if not isinstance(title, str):
        raise ContentError(shown, "title", "the chapter's title, a string, was expected")
    exercises: list[Exercise] = []
    known = set(earlier)
    for key, table in document.items():
        exercises.append(_read_exercise(shown, name, key, table, known, sets))
        known.add(exercises[-1].name)
    return Chapter(name, title, tuple(exercises))


def _read_exercise(shown: str, chapter: str, key: str, value: Any, known: set[str], sets: dict[str, Ban]) -> Exercise:
    if not NAME.match(key) or not isinstance(value, dict):
        raise ContentError(shown, key, "a table named after the exercise was expected")
    try:
        table = msgspec.convert(value, Table)
    except msgspec.ValidationError as error:
        raise ContentError(shown, f"[{key}]", str(error)) from None
    needs = tuple(item if "/" in item else f"{chapter}/{item}" for item in table.needs)
    for item in needs:
        if item not in known:
            raise ContentError(shown, f"[{key}] needs", f"an earlier exercise was expected, not {item!r}")
    for item in table.bans:
        if item not in sets:
            close = difflib.get_close_matches(item, sets, n=1)
            hint = f"did you mean {close[0]}?" if close else None
            raise ContentError(shown, f"[{key}] bans", f"a set of bans.toml was expected, not {item!r}", hint)
    if table.marked_by not in ("suite", "person"):
        raise ContentError(shown, f"[{key}] marked_by", '"suite" or "person" was expected')
    if table.points <= 0 or table.time_limit <= 0:
        raise ContentError(shown, f"[{key}] points, time_limit", "numbers above 0 were expected")
    return Exercise(
        name=f"{chapter}/{key}",
        title=table.title,
        points=table.points,
        needs=needs,
        hints=table.hints,
        time_limit=table.time_limit,
        memory_limit=table.memory_limit_mb * 2**20,
        bans=tuple(sets[item] for item in table.bans),
        by_person=table.marked_by == "person",
        minutes=table.minutes,
    )


def read_toml(path: Path, shown: str) -> dict[str, Any]:
    """A TOML file as a dict, or an error that names the file and the line."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ContentError(shown, "file", "it is missing") from None
    except UnicodeDecodeError:
        raise ContentError(shown, "file", "UTF-8 text was expected") from None
    except tomllib.TOMLDecodeError as error:
        raise ContentError(shown, "file", f"valid TOML was expected: {error}") from None
