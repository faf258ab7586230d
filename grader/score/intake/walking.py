"""The files of one entry of a class, wherever they lie: in folders, in archives, in archives of archives.

What no assistant would open is passed over before anything is counted: hidden folders, caches, environments, a
repository's own store, what a system adds, and the kit's own program where a whole kit was handed in.
"""

from __future__ import annotations

import io
import itertools
import os
import re
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from grader.course.passed_over import ENVIRONMENT_MARKS, is_an_environment, is_passed_over
from grader.score.intake.archives import (
    MAX_ARCHIVE_BYTES,
    MAX_INNER_ARCHIVE_BYTES,
    NO_FILE,
    Member,
    Refused,
    cannot_be_read,
    is_archive_name,
    members,
)

MAX_FOLDER_DEPTH = 64
MAX_FILES_LOOKED_AT = 20_000
MAX_ARCHIVES_INSIDE = 3  # one in another
MAX_KIT_DEPTH = 64  # of the folders in which a whole kit is looked for
UPLOAD_NUMBER = re.compile(r"(?:-(\d{1,6})| ?\((\d{1,6})\))\.[\w.]+\Z")
KIT_MARKS = (("grader", "__main__.py"), ("tests", "graded"))
EXERCISES = "exercises"
KIT_FOLDERS = frozenset({"grader", "tests", "solutions", "docs", "data", "benchmarks"})
KIT_FILES = frozenset(
    {
        "CHANGELOG.md",
        "CONTRIBUTING.md",
        "LICENSE",
        "Makefile",
        "README.md",
        "SECURITY.md",
        "constraints.txt",
        "pyproject.toml",
    }
)


@dataclass(frozen=True)
class HandedFile:
    """A file as it was handed in. `read` gives at most so many of its bytes; `problem` says why it is not read.

    `taken` is when it came, as far as the disk or the export knows: the time of the outermost archive that it is in,
    for the times inside are the student's own. `upload` is the number of the archive that it came in, where a system
    or a browser gave it one: `work-2.zip`. `passed_over` tells that it is nobody's work, and was not looked into.
    """

    path: str
    size: int
    modified: float
    read: Callable[[int], bytes]
    problem: str = ""
    upload: int = 0
    taken: float = 0.0
    passed_over: bool = False


def files_below(path: Path) -> list[HandedFile]:
    """What lies at a path on the disk: a file itself, a folder's files, an archive's members."""
    info = path.lstat()
    if stat.S_ISDIR(info.st_mode):
        found = _bounded(_folder(path))
    elif stat.S_ISREG(info.st_mode):
        found = _bounded(_opened(_on_disk(path, path.name, info), 0, prefix=""))
    else:
        found = [_unread(path.name, NO_FILE)]
    return _without_kit(list({file.path: file for file in found}.values()))  # of one name the last, as unpacked


def files_of_members(found: list[Member], is_folder: bool) -> list[HandedFile]:
    """The same of some members of the class's own archive: those of a folder, paths already below it, or one file."""
    return _without_kit(_bounded(_of_members(found, "", 0, 0, prefix=None if is_folder else "")))


def _bounded(files: Iterator[HandedFile]) -> list[HandedFile]:
    found = list(itertools.islice(files, MAX_FILES_LOOKED_AT))
    if next(files, None) is not None:
        found.append(_unread("the rest", f"there are more than {MAX_FILES_LOOKED_AT} files; no more were looked at"))
    return found


def _unread(path: str, problem: str) -> HandedFile:
    return HandedFile(path, 0, 0.0, lambda most: b"", problem)


def _passed_over(path: str) -> HandedFile:
    return replace(_unread(path, "hidden files, caches and environments are passed over"), passed_over=True)


# -- on the disk --------------------------------------------------------------------------------------


def _folder(top: Path) -> Iterator[HandedFile]:
    """Links are not followed."""
    waiting = [(top, 0)]
    while waiting:
        folder, depth = waiting.pop()
        name = folder.relative_to(top).as_posix() if folder != top else top.name
        try:
            with os.scandir(folder) as items:
                listed = sorted(items, key=lambda item: item.name)
        except OSError as error:
            yield _unread(name, f"the folder cannot be read: {error.strerror}")
            continue
        if folder != top and is_an_environment([item.name for item in listed]):
            yield _passed_over(name)
            continue
        for item in listed:
            path = Path(item.path)
            shown = path.relative_to(top).as_posix()
            if is_passed_over(item.name):
                yield _passed_over(shown)
                continue
            try:
                info = item.stat(follow_symlinks=False)
            except OSError as error:
                yield _unread(shown, f"it cannot be read: {error.strerror}")
                continue
            if not stat.S_ISDIR(info.st_mode):
                yield from _opened(_on_disk(path, shown, info), 0)
            elif depth >= MAX_FOLDER_DEPTH:
                yield _unread(shown, f"it lies more than {MAX_FOLDER_DEPTH} folders deep")
            else:
                waiting.append((path, depth + 1))


def _on_disk(path: Path, shown: str, info: os.stat_result) -> HandedFile:
    problem = "" if stat.S_ISREG(info.st_mode) else NO_FILE

    def read(most: int) -> bytes:
        """The bytes of a regular file that nobody swaps for a link meanwhile."""
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with os.fdopen(descriptor, "rb") as file:
            return file.read(most) if stat.S_ISREG(os.fstat(descriptor).st_mode) else b""

    return HandedFile(shown, info.st_size, info.st_mtime, read, problem, taken=info.st_mtime)


# -- in archives --------------------------------------------------------------------------------------


def _opened(file: HandedFile, depth: int, prefix: str | None = None) -> Iterator[HandedFile]:
    """The file, or what is in it if it is an archive. One that cannot be read costs only itself."""
    if file.problem or not is_archive_name(file.path):
        yield file
        return
    most = MAX_INNER_ARCHIVE_BYTES if depth else MAX_ARCHIVE_BYTES
    if file.size > most:
        yield replace(file, problem=f"the archive is larger than {most // 2**20} MB: leave out what is not work")
    elif depth >= MAX_ARCHIVES_INSIDE:
        yield replace(file, problem=f"it is an archive in {depth} others: pack the files once")
    else:
        try:
            content = io.BytesIO(file.read(most))
            found = list(itertools.islice(members(content), MAX_FILES_LOOKED_AT + 1))
        except Refused as refused:
            yield replace(file, problem=str(refused))
        except OSError as error:
            yield replace(file, problem=f"it cannot be read: {error.strerror}")
        except Exception as error:  # the libraries raise anything over bytes that were made for it
            yield replace(file, problem=cannot_be_read(error))
        else:
            number = UPLOAD_NUMBER.search(file.path)
            upload = int(number[1] or number[2]) if number else file.upload
            above = f"{file.path}/" if prefix is None else prefix
            for inner in _of_members(found, above, depth + 1, upload):
                yield replace(inner, taken=file.taken, modified=min(inner.modified, file.taken or inner.modified))


def _of_members(
    found: list[Member], above: str, depth: int, upload: int, prefix: str | None = None
) -> Iterator[HandedFile]:
    """Files of an archive. `above` is put before their paths, `prefix` before those in an archive among them."""
    environments, told = _environments(found), set()
    for member in found:
        path = PurePosixPath(member.path)
        if (passed := _first_passed_over(path.parts[:MAX_FOLDER_DEPTH], environments)) is not None:
            if passed not in told:
                told.add(passed)
                yield _passed_over(above + passed)
            continue
        if len(path.parts) > MAX_FOLDER_DEPTH:
            yield _unread(above + member.path, f"it lies more than {MAX_FOLDER_DEPTH} folders deep")
            continue
        time = member.modified
        read = _guarded(member)
        file = HandedFile(above + member.path, member.size, time, read, member.problem, upload, taken=time)
        yield from _opened(file, depth, prefix)


def _first_passed_over(parts: tuple[str, ...], environments: set[str]) -> str | None:
    """The outermost part of a path that is passed over, with what is above it; None where all of it is looked at."""
    for place, part in enumerate(parts, 1):
        above = "/".join(parts[:place])
        if (part not in (".", "..") and is_passed_over(part)) or (above in environments and place < len(parts)):
            return above
    return None


def _environments(found: list[Member]) -> set[str]:
    """The folders in an archive that are Python environments."""
    paths = [PurePosixPath(member.path) for member in found]
    return {
        "/".join(path.parts[:place])
        for path in paths
        for place, part in enumerate(path.parts[:MAX_FOLDER_DEPTH])
        if part in ENVIRONMENT_MARKS
    }


def _guarded(member: Member) -> Callable[[int], bytes]:
    def read(most: int) -> bytes:
        try:
            return member.read(most)
        except Exception:  # likewise
            raise Refused("it cannot be read from its archive, which is damaged there: pack the files anew") from None

    return read


# -- a whole kit --------------------------------------------------------------------------------------


def _without_kit(files: list[HandedFile]) -> list[HandedFile]:
    """Without the grader's own modules, suites and texts, where somebody handed in all of the kit."""
    paths = [PurePosixPath(file.path).parts[: MAX_KIT_DEPTH + 1] for file in files]
    pairs = [(parts[:place], parts[place : place + 2]) for parts in paths for place in range(len(parts) - 1)]
    roots = {root for root, pair in pairs if pair in KIT_MARKS} & {root for root, pair in pairs if pair[0] == EXERCISES}
    return [file for file, parts in zip(files, paths, strict=True) if not roots or not _is_of_a_kit(parts, roots)]


def _is_of_a_kit(parts: tuple[str, ...], roots: set[tuple[str, ...]]) -> bool:
    if parts[:-1] in roots:
        return parts[-1] in KIT_FILES
    return any(part in KIT_FOLDERS and parts[:place] in roots for place, part in enumerate(parts[:-1]))
