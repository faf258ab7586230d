"""The chapters and their exercises, read from each chapter's `chapter.toml`."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from grader.course.layout import Layout
from grader.errors import ContentError, UsageError

# All tests together: the references need a fortieth of this at most, so a right answer may be far slower than they are.
TESTS_IN_TOTAL = 6
LEAST_TOTAL_SECONDS = 60.0
ALIKE = 0.65  # `gtp` is `gpt`; `nothing` is not `train`
EXERCISE_NAME = re.compile(r"[a-z][a-z0-9_]*\Z")


class Ban(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Names that an exercise may not use, and what to use instead: a table of `bans.toml`."""

    names: tuple[str, ...]
    instead: str


class Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An exercise's table in `chapter.toml`. `bans` are names of sets in `bans.toml`.

    `total_time_limit` is what all tests may take together, where the usual measure does not fit.
    """

    title: str
    points: float = 10.0
    prerequisites: tuple[str, ...] = ()
    hints: tuple[str, ...] = ()
    time_limit: float = 10.0
    total_time_limit: float | None = None
    memory_limit_mb: int = 2048
    bans: tuple[str, ...] = ()
    marked_by: str = "suite"
    minutes: int = 20


@dataclass(frozen=True)
class Exercise:
    """One exercise. `name` is `chapter/exercise`, `prerequisites` are full names of earlier ones."""

    name: str
    title: str
    points: float
    prerequisites: tuple[str, ...]
    hints: tuple[str, ...]
    time_limit: float
    memory_limit: int
    bans: tuple[Ban, ...]
    manually_graded: bool
    minutes: int
    total_time_limit: float = LEAST_TOTAL_SECONDS

    @property
    def chapter(self) -> str:
        return self.name.split("/")[0]

    @property
    def short(self) -> str:
        return self.name.split("/")[1]

    @property
    def suffix(self) -> str:
        return ".md" if self.manually_graded else ".py"


@dataclass(frozen=True)
class Chapter:
    """A chapter and its exercises in the order in which they are done."""

    name: str
    title: str
    exercises: tuple[Exercise, ...]


@dataclass(frozen=True)
class Curriculum:
    """All chapters in order. `here` is the one in whose folder a person works: a name that several share means its."""

    chapters: tuple[Chapter, ...]
    here: str = ""

    @property
    def exercises(self) -> tuple[Exercise, ...]:
        return tuple(exercise for chapter in self.chapters for exercise in chapter.exercises)

    @property
    def graded(self) -> tuple[Exercise, ...]:
        """The exercises that a suite marks; a person marks the others."""
        return graded(self.exercises)

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
        last = re.sub(r"\.(py|md|ipynb)\Z", "", "/".join(parts[-2:]), flags=re.IGNORECASE)
        for chapter in self.chapters:
            if last in (chapter.name, chapter.name.split("_")[0]):
                return chapter.exercises
        found = tuple(e for e in self.exercises if last in (e.name, e.short))
        if not found:
            found = tuple(e for e in self.exercises if last.split("/")[-1] == e.short and "/" not in word)
        if len(found) > 1:
            found = tuple(e for e in found if e.chapter == self.here) or found
        if len({e.name for e in found}) > 1:
            choices = " or ".join(e.name for e in found)
            raise UsageError(f"{words!r} is the name of several exercises", f"say which: {choices}")
        if found:
            return found
        raise UsageError(f"there is no exercise or chapter {words!r}", self._did_you_mean(last))

    def find_all(self, words: Iterable[str]) -> tuple[Exercise, ...]:
        """What a person means by several of these."""
        return tuple(exercise for word in words for exercise in self.find(word))

    def next_exercise(self, has_passed: Callable[[Exercise], bool], after: Exercise | None = None) -> Exercise | None:
        """The first of the graded exercises that has not passed: the one to work on. `after`: of those behind it."""
        begin = 0 if after is None else self.exercises.index(after) + 1
        return next((exercise for exercise in graded(self.exercises[begin:]) if not has_passed(exercise)), None)

    def following(self, exercise: Exercise, by: int = 1) -> Exercise | None:
        """The graded exercise so many places after this one in the course, or before it."""
        graded = [item for item in self.exercises if not item.manually_graded or item == exercise]
        place = graded.index(exercise) + by
        return graded[place] if 0 <= place < len(graded) else None

    def _did_you_mean(self, word: str) -> str:
        begin = [e.name for e in self.exercises if len(word) > 1 and e.short.startswith(word)]
        names = [e.name for e in self.exercises] + [c.name for c in self.chapters]
        short = {e.short: e.name for e in self.exercises}
        close = begin if len(begin) == 1 else difflib.get_close_matches(word, names, n=1, cutoff=ALIKE)
        close = close or [short[s] for s in difflib.get_close_matches(word.split("/")[-1], short, n=1, cutoff=ALIKE)]
        return f"did you mean {close[0]}?" if close else "`grader list` shows them all"

    def shortest_name(self, exercise: Exercise) -> str:
        """The shortest name that means just this exercise."""
        alone = sum(other.short == exercise.short for other in self.exercises) == 1
        return exercise.short if alone else exercise.name

    def needed_by(self, exercise: Exercise) -> frozenset[str]:
        """The names of all parts that the exercise rests on."""
        return frozenset(item.name for item in self.prerequisites_of(exercise))

    def prerequisites_of(self, exercise: Exercise) -> tuple[Exercise, ...]:
        """Everything that the exercise rests on, directly or not, in the order of the course."""
        found, queue = set(), list(exercise.prerequisites)
        while queue:
            name = queue.pop()
            if name not in found:
                found.add(name)
                queue.extend(self.get(name).prerequisites)
        return tuple(e for e in self.exercises if e.name in found)


def graded(exercises: Iterable[Exercise]) -> tuple[Exercise, ...]:
    """Those of them that a suite marks."""
    return tuple(exercise for exercise in exercises if not exercise.manually_graded)


def load_curriculum(layout: Layout) -> Curriculum:
    """Read every chapter. What is wrong in one is named with its file, its key and what was expected."""
    files = sorted(layout.graded.glob("ch*/chapter.toml"), key=lambda path: _chapter_order(path.parent.name))
    sets = _read_bans(layout)
    chapters: list[Chapter] = []
    for path in files:
        chapters.append(_read_chapter(layout, path, {e.name for c in chapters for e in c.exercises}, sets))
    return Curriculum(tuple(chapters))


def _chapter_order(name: str) -> tuple[int, str]:
    digits = re.match(r"ch(\d+)", name)
    return (int(digits[1]) if digits else 0, name)


def _read_bans(layout: Layout) -> dict[str, Ban]:
    """The sets of names that exercises may ban; a course without bans has no such file."""
    path, display_path = layout.bans_file, layout.display_path(layout.bans_file)
    sets = {}
    for name, value in (read_toml(path, display_path) if path.exists() else {}).items():
        try:
            sets[name] = msgspec.convert(value, Ban)
        except msgspec.ValidationError as error:
            raise ContentError(display_path, f"[{name}]", str(error)) from None
    return sets


def _read_chapter(layout: Layout, path: Path, earlier: set[str], sets: dict[str, Ban]) -> Chapter:
    display_path, name = layout.display_path(path), path.parent.name
    document = read_toml(path, display_path)
    title = document.pop("title", None)
    if not isinstance(title, str):
        raise ContentError(display_path, "title", "the chapter's title, a string, was expected")
    exercises: list[Exercise] = []
    known = set(earlier)
    for key, table in document.items():
        exercises.append(_read_exercise(display_path, name, key, table, known, sets))
        known.add(exercises[-1].name)
    return Chapter(name, title, tuple(exercises))


def _read_exercise(
    display_path: str, chapter: str, key: str, value: Any, known: set[str], sets: dict[str, Ban]
) -> Exercise:
    if not EXERCISE_NAME.match(key) or not isinstance(value, dict):
        raise ContentError(display_path, key, "a table named after the exercise was expected")
    try:
        table = msgspec.convert(value, Table)
    except msgspec.ValidationError as error:
        raise ContentError(display_path, f"[{key}]", str(error)) from None
    prerequisites = tuple(item if "/" in item else f"{chapter}/{item}" for item in table.prerequisites)
    for item in prerequisites:
        if item not in known:
            raise ContentError(
                display_path, f"[{key}] prerequisites", f"an earlier exercise was expected, not {item!r}"
            )
    for item in table.bans:
        if item not in sets:
            close = difflib.get_close_matches(item, sets, n=1)
            hint = f"did you mean {close[0]}?" if close else None
            raise ContentError(display_path, f"[{key}] bans", f"a set of bans.toml was expected, not {item!r}", hint)
    if table.marked_by not in ("suite", "person"):
        raise ContentError(display_path, f"[{key}] marked_by", '"suite" or "person" was expected')
    if table.points <= 0 or table.time_limit <= 0:
        raise ContentError(display_path, f"[{key}] points, time_limit", "numbers above 0 were expected")
    total = table.total_time_limit
    if total is not None and total < table.time_limit:
        raise ContentError(
            display_path, f"[{key}] total_time_limit", f"a number of at least {table.time_limit:g} was expected"
        )
    return Exercise(
        name=f"{chapter}/{key}",
        title=table.title,
        points=table.points,
        prerequisites=prerequisites,
        hints=table.hints,
        time_limit=table.time_limit,
        memory_limit=table.memory_limit_mb * 2**20,
        bans=tuple(sets[item] for item in table.bans),
        manually_graded=table.marked_by == "person",
        minutes=table.minutes,
        total_time_limit=total or max(LEAST_TOTAL_SECONDS, TESTS_IN_TOTAL * table.time_limit),
    )


def read_toml(path: Path, display_path: str) -> dict[str, Any]:
    """A TOML file as a dict, or an error that names the file and the line."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ContentError(display_path, "file", "it is missing") from None
    except UnicodeDecodeError:
        raise ContentError(display_path, "file", "UTF-8 text was expected") from None
    except tomllib.TOMLDecodeError as error:
        raise ContentError(display_path, "file", f"valid TOML was expected: {error}") from None
