"""The import that a learner meant: from one that names no part of the course, the line that does."""

from __future__ import annotations

import ast
import difflib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

TREES = ("exercises", "solutions")
LIKELY = 0.8  # a single word may be the name of a library, so it must be close to that of an exercise
POSSIBLE = 0.6

NamesOf = Callable[[str], Sequence[str]]


@dataclass(frozen=True)
class Course:
    """The exercises' full names, and the one in whose file the import stands. `names_of` has what a part defines."""

    exercises: tuple[str, ...]
    own: str
    names_of: NamesOf

    def locate(self, parts: Sequence[str]) -> str | None:
        """The exercise that is meant by the words between the dots; None where it is none of the course."""
        words = list(parts)
        while words and words[0] in TREES:
            words = words[1:]
        if not words or (len(words) == 1 and parts[0] not in TREES):
            return self._by_short_name(words, LIKELY)
        chapter = self.chapter(words[-2]) if len(words) > 1 else None
        if chapter is None:
            return self._by_short_name(words, LIKELY)
        inside = {name.split("/")[1]: name for name in self.exercises if name.startswith(f"{chapter}/")}
        close = difflib.get_close_matches(words[-1], inside, n=1, cutoff=POSSIBLE)
        return inside[close[0]] if close else self._by_short_name(words, LIKELY)

    def chapter(self, word: str) -> str | None:
        """`ch3_attention` for `ch3`, or for a name that is nearly right."""
        chapters = list(dict.fromkeys(name.split("/")[0] for name in self.exercises))
        numbered = [name for name in chapters if word == name.split("_")[0]]
        close = difflib.get_close_matches(word, chapters, n=1, cutoff=LIKELY)
        found = numbered or close
        return found[0] if found else None

    def defining(self, names: Sequence[str]) -> str | None:
        """The only part that defines all of these."""
        found = [name for name in self.exercises if name != self.own and set(names) <= set(self.names_of(name))]
        return found[0] if len(found) == 1 else None

    def _by_short_name(self, words: Sequence[str], cutoff: float) -> str | None:
        """An exercise by its name alone: of several, the one in the same chapter, else the first."""
        if not words:
            return None
        own_chapter = self.own.split("/")[0]
        order = sorted(self.exercises, key=lambda name: not name.startswith(f"{own_chapter}/"))
        by_name = {name.split("/")[1]: name for name in reversed(order)}
        close = difflib.get_close_matches(words[-1], by_name, n=1, cutoff=cutoff)
        return by_name[close[0]] if close else None


def meant_import(node: ast.Import | ast.ImportFrom, course: Course, tree: ast.AST) -> str | None:
    """The statement to write in place of this one; None where it does not look like a part of the course."""
    return _from_meant(node, course) if isinstance(node, ast.ImportFrom) else _plain_meant(node, course, tree)


def _from_meant(node: ast.ImportFrom, course: Course) -> str | None:
    parts = node.module.split(".") if node.module else []
    if node.level == 1 and parts:
        parts = [course.own.split("/")[0], *parts]
    inside = [part for part in parts if part not in TREES]
    chapter = course.chapter(inside[0]) if len(inside) == 1 else None
    if chapter is not None or not inside:  # `from ch3 import softmax`, `from exercises import …`: names of exercises
        lines = _modules_meant(node, course, chapter)
        if lines is not None:
            return lines
    exercise = course.locate(parts) or course.defining([item.name for item in node.names])
    if exercise is None:
        return None
    names = [_alias(nearest(item.name, course.names_of(exercise)) or item.name, item.asname) for item in node.names]
    return f"from {exercise.replace('/', '.')} import {', '.join(names)}"


def _modules_meant(node: ast.ImportFrom, course: Course, chapter: str | None) -> str | None:
    lines = []
    for item in node.names:
        exercise = course.locate([chapter or course.own.split("/")[0], item.name])
        if exercise is None:
            return None
        owner, short = exercise.split("/")
        lines.append(f"from {owner} import {_alias(short, item.asname)}")
    return "; ".join(lines)


def _plain_meant(node: ast.Import, course: Course, tree: ast.AST) -> str | None:
    lines = []
    for item in node.names:
        exercise = course.locate(item.name.split("."))
        if exercise is None:
            continue
        chapter, short = exercise.split("/")
        if item.asname:
            lines.append(f"import {chapter}.{short} as {item.asname}")
        elif short in course.names_of(exercise) and not _is_used_as_module(tree, item.name.split(".")[-1]):
            lines.append(f"from {chapter}.{short} import {short}")
        else:
            lines.append(f"from {chapter} import {short}")
    return "; ".join(lines) or None


def _is_used_as_module(tree: ast.AST, name: str) -> bool:
    """Whether `softmax.something` stands anywhere, or `….softmax.something`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            owner = node.value
            if isinstance(owner, ast.Name) and owner.id == name:
                return True
            if isinstance(owner, ast.Attribute) and owner.attr == name:
                return True
    return False


def nearest(word: str, names: Sequence[str]) -> str | None:
    """The name that was most likely meant."""
    close = difflib.get_close_matches(word, names, n=1, cutoff=POSSIBLE)
    return close[0] if close else None


def _alias(name: str, other: str | None) -> str:
    return name if other is None else f"{name} as {other}"
