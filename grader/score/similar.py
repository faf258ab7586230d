"""Which submissions are alike: winnowed fingerprints of tokens, the stub's own lines taken out (copydetect)."""

from __future__ import annotations

import importlib
import io
import itertools
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from grader.course.curriculum import Curriculum, Exercise
from grader.course.layout import Layout
from grader.course.stubs import handed_out_stub
from grader.errors import UsageError
from grader.judge.apart import Bounds, NotDone, apart
from grader.score.intake.collecting import collect
from grader.score.intake.submission import Submission

TOKENS_IN_A_FINGERPRINT = 25
WINNOWING_WINDOW = 5
MIN_TOKENS = 60
COMPARING = Bounds(processor_seconds=5, clock_seconds=60)  # for one file; a usual one takes milliseconds


@dataclass(frozen=True)
class Pair:
    """Two students' files for one exercise: the share of each that stands in the other, and what is alike."""

    exercise: str
    first: str
    second: str
    first_share: float
    second_share: float
    tokens: int
    first_parts: tuple[tuple[str, bool], ...]
    second_parts: tuple[tuple[str, bool], ...]


@dataclass(frozen=True)
class Likeness:
    """The pairs, the most alike first, and the files that were not compared with any other, for they cost too much."""

    pairs: tuple[Pair, ...]
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True)
class Entry:
    """One file to compare. Files of an earlier year are compared with this year's, not with one another."""

    student: str
    earlier: bool
    print: Any


def similar_pairs(
    layout: Layout, curriculum: Curriculum, folder: Path, archive: Path | None, pattern: str | None, least: float
) -> Likeness:
    """Every pair above `least`."""
    library = _library()
    this_year = collect(folder, layout, curriculum, pattern=pattern).submissions
    before = collect(archive, layout, curriculum, pattern=pattern).submissions if archive is not None else ()
    found: list[Pair] = []
    left_out: list[str] = []
    for exercise in curriculum.graded:
        found += _of_exercise(library, layout, exercise, this_year, before, least, left_out)
    return Likeness(tuple(sorted(found, key=lambda pair: -max(pair.first_share, pair.second_share))), tuple(left_out))


def _library() -> Any:
    try:
        return importlib.import_module("copydetect")
    except ImportError:
        hint = "python -m pip install -c constraints.txt -e '.[similar]'"
        raise UsageError("`grader similar` needs the package copydetect", hint) from None


def _of_exercise(
    library: Any,
    layout: Layout,
    exercise: Exercise,
    this_year: Iterable[Submission],
    before: Iterable[Submission],
    least: float,
    left_out: list[str],
) -> list[Pair]:
    stub = _print(library, handed_out_stub(layout, exercise), ())
    own_lines = stub.hashes if stub is not None else ()
    entries: list[Entry] = []
    for earlier, group in ((False, this_year), (True, before)):
        for submission in group:
            text = submission.files.get(exercise.name, b"").decode("utf-8", "replace")
            if not text:
                continue
            if not _is_cheap(library, text, own_lines):
                left_out.append(f"{submission.student}, {exercise.name}")
            elif found := _print(library, text, own_lines):
                entries.append(Entry(submission.student, earlier, found))
    pairs = []
    for a, b in itertools.combinations(entries, 2):
        if (a.earlier and b.earlier) or a.student == b.student:
            continue
        pair = _compare(library, exercise.name, a, b)
        if pair is not None and max(pair.first_share, pair.second_share) >= least:
            pairs.append(pair)
    return pairs


def _is_cheap(library: Any, text: str, boilerplate: Any) -> bool:
    """Whether a file can be compared in a short time: with itself it is as alike as can be."""

    def compare() -> bool:
        found = _print(library, text, boilerplate)
        return found is None or bool(library.compare_files(found, found))

    try:
        return apart(compare, bool, COMPARING)
    except NotDone:
        return False


def _print(library: Any, text: str, boilerplate: Any) -> Any:
    """The fingerprint, or None of a text too short to tell anything."""
    try:
        found = library.CodeFingerprint(
            "x.py", TOKENS_IN_A_FINGERPRINT, WINNOWING_WINDOW, list(boilerplate), True, None, io.StringIO(text)
        )
    except (ValueError, IndexError):
        return None
    return found if len(found.filtered_code) >= MIN_TOKENS and len(found.hashes) else None


def _compare(library: Any, exercise: str, a: Entry, b: Entry) -> Pair | None:
    tokens, shares, slices = library.compare_files(a.print, b.print)
    if not tokens:
        return None
    return Pair(
        exercise=exercise,
        first=_label(a),
        second=_label(b),
        first_share=round(float(shares[0]), 4),
        second_share=round(float(shares[1]), 4),
        tokens=int(tokens),
        first_parts=_parts(a.print.raw_code, slices[0]),
        second_parts=_parts(b.print.raw_code, slices[1]),
    )


def _label(entry: Entry) -> str:
    return f"{entry.student} (earlier)" if entry.earlier else entry.student


def _parts(text: str, slices: Any) -> tuple[tuple[str, bool], ...]:
    """The text cut where likeness begins and ends."""
    parts: list[tuple[str, bool]] = []
    position = 0
    for start, end in zip(slices[0], slices[1], strict=True):
        start, end = max(int(start), position), max(int(end), position)
        parts += [(text[position:start], False), (text[start:end], True)]
        position = end
    return tuple((part, alike) for part, alike in [*parts, (text[position:], False)] if part)
