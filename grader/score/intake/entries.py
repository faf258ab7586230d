"""The entries of a class: what lies at the top of its folder, or of the archive that a system exported."""

from __future__ import annotations

import contextlib
import enum
import functools
import os
import stat
import zipfile
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import IO

from grader.course.file_names import CHAPTER_FOLDER, MAX_NAME
from grader.course.passed_over import is_passed_over
from grader.errors import UsageError
from grader.judge.apart import NotDone, apart
from grader.score.intake.archives import Member, Refused, is_archive_name, members
from grader.score.intake.systems import PLAIN, guess
from grader.score.intake.walking import HandedFile, files_below, files_of_members

JOURNAL = "journal.sqlite"
BESIDE_A_JOURNAL = ("grades.csv", "intake.txt", "feedback", ".lock")
SYSTEMS_OWN = frozenset({".ds_store", ".git", ".gitignore", ".gitattributes", ".localized", ".trashes", ".fseventsd"})
HIDDEN = "its name begins with a dot, as those of hidden files do"
TABLES = (".csv", ".tsv", ".xlsx", ".xls", ".ods", ".yml", ".yaml", ".json", ".log")


class Kind(enum.Enum):
    """What an entry is. A link or a pipe is of another kind, which is not read."""

    FOLDER = "folder"
    FILE = "file"
    OTHER = "other"


@dataclass(frozen=True)
class Entry:
    """One entry of a class. `files` looks at what is in it; nothing is read before.

    `inside` names what lies directly in a folder, and `child` is such a thing as an entry.
    """

    name: str
    kind: Kind
    files: Callable[[], list[HandedFile]]
    inside: Callable[[], list[tuple[str, Kind]]]
    child: Callable[[str], Entry]
    reason: str = ""  # why it is nobody's work, where that can be seen from outside


@contextlib.contextmanager
def open_class(path: Path, out: Path | None, pattern: str | None) -> Iterator[list[Entry]]:
    """The entries of the class at `path`: a folder, or an archive. `out` is where results go: not a student.

    An export that lies alone in the folder, packed or not, is the class itself, unless `pattern` says otherwise. What
    lies beside it is nobody's, and is told of.
    """
    if not path.exists():
        raise UsageError(f"{path} does not exist", "give the folder, or the archive, that a system exported")
    beside = [entry for entry in _on_disk(path, out) if entry.reason] if path.is_dir() else []
    alone = _alone_in(path, out)
    if alone is not None and os.path.isdir(alone) and _is_export(alone.name, _names_in(alone), pattern):
        path = alone
    if path.is_file() and not is_archive_name(path.name):
        raise UsageError(f"{path} is no folder and no archive", "give the folder that holds an entry for each student")
    with contextlib.ExitStack() as opened:
        if path.is_file():
            yield _entries_of(_members(path, opened.enter_context(path.open("rb"))))
        elif found := _packed_exports(path, out, pattern, opened):
            yield [*_entries_of(found), *beside]
        else:
            entries = _on_disk(path, out)
            _refuse_a_kit(path)
            yield [*entries, *(entry for entry in beside if path == alone)]


def _packed_exports(folder: Path, out: Path | None, pattern: str | None, opened: contextlib.ExitStack) -> list[Member]:
    """What is in the archives of an export that lie in a folder with nothing else: a large one comes in several."""
    paths = [folder / name for name in _names_in(folder) if not _reason_on_disk(folder / name, out)]
    found: list[Member] = []
    for path in paths:
        inside = _packed_export(path, pattern, opened)
        if not inside:
            return []
        found += inside
    return found


def _refuse_a_kit(folder: Path) -> None:
    """One student's tree of exercises is no class."""
    names = [name for tree in (folder, folder / "exercises") for name in _names_in(tree)]
    if sum(CHAPTER_FOLDER.fullmatch(name) is not None for name in names) > 1:
        raise UsageError(f"{folder} is one kit, not a class", "give the folder that holds an entry for each student")


def _is_export(own: str, inside: Iterable[str], pattern: str | None) -> bool:
    """Whether a system named what is in it, the one that was asked for if one was, and not the thing itself."""
    system = _guessed(inside)
    return system != PLAIN and pattern in (None, system) and guess([own]) == PLAIN


def _packed_export(path: Path, pattern: str | None, opened: contextlib.ExitStack) -> list[Member]:
    """What is in the archive if it is an export, else nothing. It stays open as long as `opened` does."""
    if not os.path.isfile(path) or not is_archive_name(path.name):
        return []
    try:
        if not apart(lambda: _looks_like_an_export(path, pattern), bool):
            return []
        return _members(path, opened.enter_context(path.open("rb")))
    except (OSError, UsageError, NotDone):
        return []


def _looks_like_an_export(path: Path, pattern: str | None) -> bool:
    """Whether the names in an archive are a system's. It may be one student's."""
    with path.open("rb") as file:
        names = {PurePosixPath(member.path).parts[0] for member in _members(path, file)}
        return _is_export(path.name, names, pattern)


def _guessed(names: Iterable[str]) -> str:
    """The system that named these; what is nobody's in any case does not count."""
    return guess(name for name in names if not why_nobodys(name))


def _alone_in(folder: Path, out: Path | None) -> Path | None:
    """What lies alone in a folder, but for what systems add."""
    paths = [folder / name for name in _names_in(folder)]
    found = [path for path in paths if not _reason_on_disk(path, out) and not os.path.islink(path)]
    return found[0] if len(found) == 1 else None


def _names_in(folder: Path) -> list[str]:
    """What lies in a folder, as far as it can be seen."""
    try:
        return sorted(os.listdir(folder))
    except OSError:
        return []


def _on_disk(folder: Path, out: Path | None) -> list[Entry]:
    try:
        return [_entry_on_disk(path, _reason_on_disk(path, out)) for path in sorted(folder.iterdir())]
    except OSError as error:
        raise UsageError(f"{folder} cannot be read: {error.strerror}", "make it readable, and try again") from None


def _entry_on_disk(path: Path, reason: str = "") -> Entry:
    return Entry(
        path.name,
        _kind(path),
        lambda: files_below(path),
        lambda: [(name, _kind_if_seen(path / name)) for name in _names_in(path)],
        lambda name: _entry_on_disk(path / name),
        reason,
    )


def _kind_if_seen(path: Path) -> Kind:
    try:
        return _kind(path)
    except OSError:  # a folder that may be listed and not entered
        return Kind.OTHER


def _kind(path: Path) -> Kind:
    mode = path.lstat().st_mode
    if stat.S_ISDIR(mode):
        return Kind.FOLDER
    return Kind.FILE if stat.S_ISREG(mode) else Kind.OTHER


def _reason_on_disk(path: Path, out: Path | None) -> str:
    if out is not None and os.path.realpath(path) == os.path.realpath(out):
        return "the results go there"
    marks = [name for name in BESIDE_A_JOURNAL if os.path.exists(path / name)]  # in what cannot be read: none
    if os.path.isdir(path) and marks and os.path.exists(path / JOURNAL):
        return "it holds the results of an earlier scoring"
    return why_nobodys(path.name, os.path.isdir(path))


def why_nobodys(name: str, is_folder: bool = False) -> str:
    """Why an entry of this name is nobody's work, if it is."""
    if name.startswith(".") and not name.startswith("._") and name.lower() not in SYSTEMS_OWN:
        return HIDDEN
    if len(name) > MAX_NAME:  # only an archive can hold such a one
        return "its name is longer than any disk takes: give it a shorter one"
    if is_passed_over(name):
        return "a system made it"
    return "it is a table or a list, nobody's work" if name.lower().endswith(TABLES) and not is_folder else ""


# -- an export as one archive -------------------------------------------------------------------------


def _members(path: Path, file: IO[bytes]) -> list[Member]:
    """The archive's files, without the folder that holds all of them where it only says what the archive is."""
    try:
        found = [member for member in members(file) if PurePosixPath(member.path).parts]
    except (Refused, zipfile.BadZipFile, OSError, EOFError) as error:
        raise UsageError(f"{path} cannot be read: {error}", "export the submissions anew") from None
    parts = [PurePosixPath(m.path).parts for m in found if not is_passed_over(PurePosixPath(m.path).parts[0])]
    outer = {part[0] for part in parts if len(part) > 1} if all(len(part) > 1 for part in parts) else set()
    if len(outer) != 1:
        return found
    name = next(iter(outer))
    if name not in (path.name.partition(".")[0], "submissions") and _guessed({part[1] for part in parts}) == PLAIN:
        return found
    return [replace(member, path=member.path.removeprefix(f"{name}/")) for member in found]


def _entries_of(found: list[Member]) -> list[Entry]:
    """Members grouped by the first part of their path."""
    groups: dict[str, list[Member]] = defaultdict(list)
    for member in found:
        parts = PurePosixPath(member.path).parts
        if parts:
            groups[parts[0]].append(member)
    return [_entry_of(name, group) for name, group in sorted(groups.items())]


def _entry_of(name: str, group: list[Member]) -> Entry:
    """What an archive holds under one name: a folder or a file."""
    is_folder = len(group) > 1 or "/" in group[0].path
    below = [replace(m, path=m.path[len(name) + 1 :]) for m in group] if is_folder else group
    inside = functools.cache(lambda: {entry.name: entry for entry in _entries_of(below)} if is_folder else {})
    return Entry(
        name,
        Kind.FOLDER if is_folder else Kind.FILE,
        lambda: files_of_members(below, is_folder),
        lambda: [(entry.name, entry.kind) for entry in inside().values()],
        lambda child: inside()[child],
        why_nobodys(name, is_folder),
    )
