"""Submissions as they lie on a disk, read as data: regular files only, no links, no path outside, with caps.

A class may come as folders, archives, single files or notebooks named by student, or as a learning-management system
exports it. Nothing is unpacked to the disk and nothing in it is run.
"""

from __future__ import annotations

import itertools
import os
import re
import stat
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from grader.course.curriculum import Curriculum
from grader.course.notebook_scripts import module_of_script
from grader.course.notebooks import Module, NotebookError, read_notebook
from grader.errors import UsageError
from grader.score.archives import (
    ARCHIVES,
    MAX_SUBMISSION_BYTES,
    MAX_SUBMITTED_FILES,
    WORK_SUFFIXES,
    Budget,
    Refused,
    check_size,
    largest,
    printable,
    printable_name,
    read_archive,
)

MAX_FOLDER_DEPTH = 64

PATTERNS = {
    # lastfirst_12345_678901_softmax-2.py, with LATE_ after the name where it was late
    "canvas": r"(?P<student>[^_/]+)_(?:LATE_)?\d+_\d+_(?P<file>.+)",
    # Ada Lovelace_12345_assignsubmission_file_/softmax.py, or …_file_softmax.py
    "moodle": r"(?P<student>[^_/]+)_\d+_assignsubmission_file_?(?P<file>.*)",
    # assignment_123_export/submission_4567/…, the names in submission_metadata.yml
    "gradescope": r"submission_(?P<student>\d+)(?P<file>)",
    "plain": r"(?P<student>[^/]+?)(?P<file>(?:\.(?:zip|tar|tgz|tar\.gz|tar\.bz2|tar\.xz|py|ipynb))?)",
}


@dataclass(frozen=True)
class Submission:
    """One student's work: `files` maps exercises to the bytes of their file, `problem` says why there are none.

    Of an exercise that was handed in as a notebook, `modules` has the code with its cells.
    """

    student: str
    files: dict[str, bytes] = field(default_factory=dict)
    modules: dict[str, Module] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    problem: str = ""
    submitted: float = 0.0


def collect(folder: Path, curriculum: Curriculum, pattern: str | None = None) -> list[Submission]:
    """Every submission under `folder`, by student's name. `pattern` is a system's name or a regular expression."""
    if not folder.is_dir():
        raise UsageError(f"{folder} is not a folder", "give the folder that holds one entry for each student")
    entries = sorted(p for p in folder.iterdir() if not p.name.startswith("."))
    rule = _rule(pattern or _guess([p.name for p in entries]))
    people = _gradescope_names(folder)
    found: dict[str, list[Path]] = {}
    for path in entries:
        match = rule.fullmatch(path.name)
        if match is not None and match["student"]:
            student = people.get(match["student"], match["student"])
            found.setdefault(student, []).append(path)
    if not found:
        raise UsageError(
            f"no submission was found in {folder}", "with --pattern you say how the entries are named (docs/scoring.md)"
        )
    names = _told_apart(sorted(found))
    return [_read(names[student], paths, curriculum, rule) for student, paths in sorted(found.items())]


def _rule(pattern: str) -> re.Pattern[str]:
    try:
        rule = re.compile(PATTERNS.get(pattern, pattern))
    except re.error as error:
        raise UsageError(f"--pattern is no regular expression: {error}") from None
    if "student" not in rule.groupindex:
        known = ", ".join(PATTERNS)
        raise UsageError("--pattern has no group (?P<student>…)", f"or name one of: {known}")
    return rule


def _guess(names: list[str]) -> str:
    """The first system whose pattern fits nearly all names."""
    for name, pattern in PATTERNS.items():
        if names and sum(bool(re.fullmatch(pattern, item)) for item in names) >= 0.8 * len(names):
            return name
    return "plain"


def _gradescope_names(folder: Path) -> dict[str, str]:
    """Students by submission, from Gradescope's metadata, read line by line: only two keys are of interest."""
    path = folder / "submission_metadata.yml"
    if not path.is_file() or path.is_symlink():
        return {}
    names, current = {}, ""
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        if match := re.match(r"submission_(\d+):", line):
            current = match[1]
        elif current and current not in names and (match := re.match(r"\s*-?\s*:?email:\s*(\S+)", line)):
            names[current] = match[1].strip("'\"")
    return names


def _read(student: str, paths: list[Path], curriculum: Curriculum, rule: re.Pattern[str]) -> Submission:
    submission = Submission(student, submitted=max(_modified(path) for path in paths))
    try:
        return _assign(submission, dict(_contents(paths, rule)), curriculum)
    except Refused as refused:
        return replace(submission, problem=str(refused))
    except NotebookError as error:
        return replace(submission, problem=printable(error.message))
    except Exception as error:  # the libraries raise anything over bytes that were made for it
        text = f"{type(error).__name__}: {error}"[:300]
        return replace(submission, problem=f"the submission cannot be read: {printable(text)}")


def _told_apart(students: list[str]) -> dict[str, str]:
    """A printable name for each student: two that would look the same get a number, so that no mark is overwritten."""
    names: dict[str, str] = {}
    taken: set[str] = set()
    for student in sorted(students, key=lambda student: (printable_name(student) != student, student)):
        plain = printable_name(student)
        numbered = (f"{plain} ({number})" for number in itertools.count(2))
        names[student] = next(name for name in itertools.chain([plain], numbered) if _as_a_file(name) not in taken)
        taken.add(_as_a_file(names[student]))
    return names


def _as_a_file(name: str) -> str:
    """What some file systems make of a name: they tell neither case nor ways to write an accent apart."""
    return unicodedata.normalize("NFC", name).casefold()


def _modified(path: Path) -> float:
    """When the newest of its files was changed."""
    try:
        own = path.lstat()
        if not stat.S_ISDIR(own.st_mode):
            return own.st_mtime
        files = [
            info for _, info in itertools.islice(_entries(path), MAX_SUBMITTED_FILES) if stat.S_ISREG(info.st_mode)
        ]
        return max((info.st_mtime for info in files), default=own.st_mtime)
    except (OSError, Refused):
        return 0.0


# -- reading ------------------------------------------------------------------------------------------


def _contents(paths: list[Path], rule: re.Pattern[str]) -> Iterator[tuple[str, bytes]]:
    """Names and bytes of everything that a student handed in, within the caps."""
    budget = Budget()
    for path in paths:
        info = path.lstat()
        if stat.S_ISLNK(info.st_mode):
            raise Refused(f"{printable_name(path.name)} is a symbolic link")
        if stat.S_ISDIR(info.st_mode):
            yield from _folder(path, budget)
        elif path.name.lower().endswith(ARCHIVES):
            yield from _packed(path, info, budget)
        elif stat.S_ISREG(info.st_mode):
            match = rule.fullmatch(path.name)
            name = match["file"] if match and match["file"].strip(".").count(".") else path.name
            yield budget.take(name, _regular(path))


def _entries(top: Path) -> Iterator[tuple[Path, os.stat_result]]:
    """What lies in a folder, links not followed, hidden folders left out."""
    waiting = [(top, 0)]
    while waiting:
        folder, depth = waiting.pop()
        if depth > MAX_FOLDER_DEPTH:
            raise Refused(f"folders more than {MAX_FOLDER_DEPTH} deep")
        with os.scandir(folder) as items:
            for item in sorted(items, key=lambda item: item.name):
                info = item.stat(follow_symlinks=False)
                if not stat.S_ISDIR(info.st_mode):
                    yield Path(item.path), info
                elif not item.name.startswith((".", "__pycache__")):
                    waiting.append((Path(item.path), depth + 1))


def _folder(top: Path, budget: Budget) -> Iterator[tuple[str, bytes]]:
    for path, info in _entries(top):
        if path.name.lower().endswith(ARCHIVES) and stat.S_ISREG(info.st_mode) and path.parent == top:
            yield from _packed(path, info, budget)
        elif stat.S_ISREG(info.st_mode) and path.name.endswith(WORK_SUFFIXES):
            yield budget.take(path.relative_to(top).as_posix(), _regular(path))
        else:
            budget.count(0)


def _packed(path: Path, info: os.stat_result, budget: Budget) -> Iterator[tuple[str, bytes]]:
    data = path.read_bytes() if info.st_size <= MAX_SUBMISSION_BYTES else None
    yield from read_archive(path.name, data, budget)


def _regular(path: Path) -> bytes:
    """The bytes of a regular file that nobody swaps for a link meanwhile."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with os.fdopen(descriptor, "rb") as file:
        info = os.fstat(file.fileno())
        if not stat.S_ISREG(info.st_mode):
            raise Refused(f"{printable_name(path.name)} is no regular file")
        check_size(path.name, info.st_size)
        return file.read(largest(path.name) + 1)


# -- which file is which exercise ---------------------------------------------------------------------


def _assign(submission: Submission, content: dict[str, bytes], curriculum: Curriculum) -> Submission:
    files: dict[str, bytes] = {}
    modules: dict[str, Module] = {}
    used: set[str] = set()
    copies = {name: _copy_number(name) for name in content}
    for exercise in curriculum.exercises:
        for suffix in (exercise.suffix, ".ipynb"):
            found = _best(exercise.name + suffix, copies)
            if found is not None and exercise.name not in files:
                used.add(found)
                module = _module(content[found], found)
                files[exercise.name] = content[found] if module is None else module.source.encode()
                if module is not None:
                    modules[exercise.name] = module
    ignored = sorted(set(content) - used)
    notes = (f"not part of the course: {', '.join(printable_name(n) for n in ignored[:8])}",) if ignored else ()
    problem = "" if files else "no exercise's file was found in it"
    return replace(submission, files=files, modules=modules, notes=notes, problem=problem)


def _module(data: bytes, name: str) -> Module | None:
    """The cells of a notebook, or of the Python file that one was saved as; None for any other file."""
    if name.endswith(".ipynb"):
        return read_notebook(data, printable_name(name))
    return module_of_script(data) if name.endswith(".py") else None


def _best(path_wanted: str, copies: dict[str, tuple[str, int]]) -> str | None:
    """`…/ch3_attention/softmax.py` first, then a `softmax.py` outside any chapter's folder; of copies the last one."""
    short = path_wanted.rpartition("/")[2]
    whole = [name for name, (path, _) in copies.items() if path == path_wanted or path.endswith("/" + path_wanted)]
    alone = [
        name
        for name, (path, _) in copies.items()
        if path.rsplit("/", 1)[-1] == short and not re.search(r"(^|/)ch\d+_\w+/", path)
    ]
    return min(whole or alone, key=lambda name: (len(copies[name][0]), -copies[name][1]), default=None)


def _copy_number(name: str) -> tuple[str, int]:
    """`softmax-2.py`, a system's second upload, and a browser's `softmax (2).py`, as `softmax.py` and 2."""
    found = re.fullmatch(r"(.*?)(?:-(\d{1,6})| ?\((\d{1,6})\))(\.\w+)", name, re.DOTALL)
    return (found[1] + found[4], int(found[2] or found[3])) if found else (name, 0)
