"""Submissions as they lie on a disk, read as data: regular files only, no links, no path outside, with caps.

A class may come as folders, archives, single files or notebooks named by student, or as a learning-management system
exports it. Nothing is unpacked to the disk and nothing in it is run.
"""

from __future__ import annotations

import io
import os
import re
import stat
import tarfile
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import IO

from grader.curriculum import Curriculum
from grader.errors import UsageError
from grader.notebook import NotebookError, read_notebook

LARGEST_FILE = 2 * 2**20
LARGEST_SUBMISSION = 32 * 2**20
MOST_FILES = 2000
EXPANSION = 200
ARCHIVES = (".zip", ".tar", ".tgz", ".tar.gz", ".tar.bz2", ".tar.xz")
KEPT = (".py", ".ipynb", ".md")

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
    """One student's work: `files` maps exercises to the bytes of their file, `problem` says why there are none."""

    student: str
    files: dict[str, bytes] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    problem: str = ""
    submitted: float = 0.0


class Refused(Exception):
    """A submission that is not read any further, with the reason."""


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
    return [_read(student, paths, curriculum, rule) for student, paths in sorted(found.items())]


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
    submission = Submission(printable_name(student), submitted=max(_modified(path) for path in paths))
    try:
        content = dict(_contents(paths, rule))
    except Refused as refused:
        return replace(submission, problem=str(refused))
    except (zipfile.BadZipFile, tarfile.TarError, OSError, EOFError, ValueError, NotImplementedError) as error:
        return replace(submission, problem=f"the submission cannot be read: {type(error).__name__}: {error}")
    return _assign(submission, content, curriculum)


def printable_name(name: str) -> str:
    """A student's name as it can stand in a table, a page and a file name."""
    text = "".join(c if c.isprintable() and c not in '/\\<>&"' else "_" for c in name).strip(". ")
    return text[:100] or "unnamed"


def _modified(path: Path) -> float:
    try:
        if path.is_dir() and not path.is_symlink():
            times = [p.lstat().st_mtime for p in path.rglob("*") if p.is_file() and not p.is_symlink()]
            return max(times, default=path.lstat().st_mtime)
        return path.lstat().st_mtime
    except OSError:
        return 0.0


# -- reading ------------------------------------------------------------------------------------------


def _contents(paths: list[Path], rule: re.Pattern[str]) -> Iterator[tuple[str, bytes]]:
    """Names and bytes of everything that a student handed in, within the caps."""
    budget = _Budget()
    for path in paths:
        info = path.lstat()
        if stat.S_ISLNK(info.st_mode):
            raise Refused(f"{printable_name(path.name)} is a symbolic link")
        if stat.S_ISDIR(info.st_mode):
            yield from _folder(path, budget)
        elif path.name.lower().endswith(ARCHIVES):
            yield from _archive(path.name, path.read_bytes() if info.st_size <= LARGEST_SUBMISSION else None, budget)
        elif stat.S_ISREG(info.st_mode):
            match = rule.fullmatch(path.name)
            name = match["file"] if match and match["file"].strip(".").count(".") else path.name
            yield budget.take(_without_copy_number(name), _regular(path))


class _Budget:
    """Counts files and bytes of one submission."""

    def __init__(self) -> None:
        self.files = 0
        self.bytes = 0

    def take(self, name: str, data: bytes) -> tuple[str, bytes]:
        self.count(len(data))
        return name, data

    def count(self, size: int) -> None:
        self.files += 1
        self.bytes += size
        if self.files > MOST_FILES:
            raise Refused(f"more than {MOST_FILES} files")
        if self.bytes > LARGEST_SUBMISSION:
            raise Refused(f"more than {LARGEST_SUBMISSION // 2**20} MB")


def _folder(top: Path, budget: _Budget) -> Iterator[tuple[str, bytes]]:
    for folder, folders, files in os.walk(top, followlinks=False):
        folders[:] = sorted(name for name in folders if not name.startswith((".", "__pycache__")))
        for name in sorted(files):
            path = Path(folder) / name
            relative = path.relative_to(top).as_posix()
            info = path.lstat()
            if name.lower().endswith(ARCHIVES) and stat.S_ISREG(info.st_mode) and Path(folder) == top:
                data = path.read_bytes() if info.st_size <= LARGEST_SUBMISSION else None
                yield from _archive(name, data, budget)
            elif stat.S_ISREG(info.st_mode) and name.endswith(KEPT):
                yield budget.take(relative, _regular(path))
            else:
                budget.count(0)


def _regular(path: Path) -> bytes:
    """The bytes of a regular file that nobody swaps for a link meanwhile."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with os.fdopen(descriptor, "rb") as file:
        info = os.fstat(file.fileno())
        if not stat.S_ISREG(info.st_mode):
            raise Refused(f"{printable_name(path.name)} is no regular file")
        if info.st_size > LARGEST_FILE:
            raise Refused(f"{printable_name(path.name)} is larger than {LARGEST_FILE // 2**20} MB")
        return file.read(LARGEST_FILE + 1)


def _archive(name: str, data: bytes | None, budget: _Budget) -> Iterator[tuple[str, bytes]]:
    if data is None:
        raise Refused(f"{printable_name(name)} is larger than {LARGEST_SUBMISSION // 2**20} MB")
    reader = _zip if name.lower().endswith(".zip") else _tar
    yield from reader(data, budget)


def _zip(data: bytes, budget: _Budget) -> Iterator[tuple[str, bytes]]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = archive.infolist()
        if len(members) > MOST_FILES:
            raise Refused(f"more than {MOST_FILES} files")
        if sum(member.file_size for member in members) > max(EXPANSION * len(data), LARGEST_FILE):
            raise Refused("the archive expands too far")
        for member in members:
            kind = stat.S_IFMT(member.external_attr >> 16)
            if member.is_dir() or kind not in (0, stat.S_IFREG) or not member.filename.endswith(KEPT):
                budget.count(0)
                continue
            path = _inside(member.filename)
            if member.file_size > LARGEST_FILE:
                raise Refused(f"{printable_name(path)} is larger than {LARGEST_FILE // 2**20} MB")
            with archive.open(member) as file:
                yield budget.take(path, _capped(file, path))


def _tar(data: bytes, budget: _Budget) -> Iterator[tuple[str, bytes]]:
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        for member in archive:
            if not member.isreg() or not member.name.endswith(KEPT):
                budget.count(0)
                if member.size > max(EXPANSION * len(data), LARGEST_FILE):
                    raise Refused("the archive expands too far")
                continue
            path = _inside(member.name)
            if member.size > LARGEST_FILE:
                raise Refused(f"{printable_name(path)} is larger than {LARGEST_FILE // 2**20} MB")
            file = archive.extractfile(member)
            if file is not None:
                yield budget.take(path, _capped(file, path))


def _capped(file: IO[bytes], name: str) -> bytes:
    """What is really there, whatever the archive's index says."""
    data = file.read(LARGEST_FILE + 1)
    if len(data) > LARGEST_FILE:
        raise Refused(f"{printable_name(name)} is larger than {LARGEST_FILE // 2**20} MB")
    return data


def _inside(name: str) -> str:
    """The member's path, if it stays inside the archive."""
    path = PurePosixPath(name.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or re.match(r"[A-Za-z]:", name):
        raise Refused(f"{printable_name(name)} points outside the archive")
    return path.as_posix()


def _without_copy_number(name: str) -> str:
    """`softmax-2.py`, which a system made of a second upload, is `softmax.py`."""
    return re.sub(r"-\d+(\.\w+)\Z", r"\1", name)


# -- which file is which exercise ---------------------------------------------------------------------


def _assign(submission: Submission, content: dict[str, bytes], curriculum: Curriculum) -> Submission:
    files: dict[str, bytes] = {}
    names: dict[str, str] = {}
    used: set[str] = set()
    for exercise in curriculum.exercises:
        for suffix in (exercise.suffix, ".ipynb"):
            found = _best(exercise.name + suffix, content)
            if found is not None and exercise.name not in files:
                try:
                    files[exercise.name] = _code(found, content[found])
                except NotebookError as error:
                    return replace(submission, problem=error.message)
                names[exercise.name] = found
                used.add(found)
    ignored = sorted(set(content) - used)
    notes = (f"not part of the course: {', '.join(printable_name(n) for n in ignored[:8])}",) if ignored else ()
    problem = "" if files else "no exercise's file was found in it"
    return replace(submission, files=files, names=names, notes=notes, problem=problem)


def _code(name: str, data: bytes) -> bytes:
    """A notebook's code cells, or the file as it is."""
    return read_notebook(data, printable_name(name)).source.encode() if name.endswith(".ipynb") else data


def _best(wanted: str, content: Iterable[str]) -> str | None:
    """`…/ch3_attention/softmax.py` first, then a `softmax.py` outside any chapter's folder."""
    short = wanted.rpartition("/")[2]
    whole = [n for n in content if n == wanted or n.endswith("/" + wanted)]
    if whole:
        return min(whole, key=len)
    alone = [n for n in content if n.rsplit("/", 1)[-1] == short and not re.search(r"(^|/)ch\d+_\w+/", n)]
    return min(alone, key=len) if alone else None
