"""A hash of everything that the verdict on an exercise rests on: what passed counts as long as it is the same."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Collection, Iterator
from pathlib import Path

from grader.course.curriculum import Curriculum, Exercise
from grader.course.imports import imported, quoted, uses
from grader.course.layout import Layout
from grader.judge.code_hash import judging_code_hash
from grader.learner.tree import LearnerTree


def fingerprint_of(
    layout: Layout, curriculum: Curriculum, tree: LearnerTree, exercise: Exercise, skipped: Collection[str]
) -> str:
    """Of the learner's file, its suite, its table, the grader, and all other files that it rests on.

    Of a part that was `skipped` it is the stand-in's that counts.
    """
    read = functools.cache(_read)

    def imports(item: Exercise) -> Iterator[str]:
        """By every file that may be its own: whichever counts, what it imports is found."""
        texts = [(found.meaning.suffix, read(found.path) or b"") for found in tree.files_of(item)]
        for kind, text in texts:
            is_notebook = kind == ".ipynb"
            lines = text.replace(b'"', b"\n").replace(b"\\n", b"\n") if is_notebook else text
            yield from imported(lines, item.chapter)
            yield from quoted(text)

    digest = hashlib.sha256(judging_code_hash().encode())
    digest.update(repr(exercise).encode())
    solution = layout.solution_file(exercise.name, exercise.suffix)
    for path in (*_in_order_of_time(tree, exercise), *layout.suite_files(exercise.name), solution):
        digest.update(_hash(read(path)))
    suite = [read(path) or b"" for path in layout.suite_files(exercise.name)]
    for part in uses(curriculum, exercise, imports, suite):
        digest.update(part.name.encode())
        if part.name in skipped:
            digest.update(b"\0skipped")
        for path in _in_order_of_time(tree, part):
            digest.update(_hash(read(path)))
    return digest.hexdigest()


def _in_order_of_time(tree: LearnerTree, exercise: Exercise) -> list[Path]:
    """The files that may be the exercise's: which of them counts may be a question of which is newer."""
    found = [item.path for item in tree.files_of(exercise)]
    return found if len(found) < 2 else sorted(found, key=_saved)


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None


def _saved(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def _hash(data: bytes | None) -> bytes:
    return hashlib.sha256(b"\0missing" if data is None else data).digest()
