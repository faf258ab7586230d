"""The files of a kit that somebody downloaded: a folder or an archive, laid out in a folder that nothing leaves."""

from __future__ import annotations

import contextlib
import functools
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from grader.course.files import files_below, write_atomically
from grader.course.passed_over import is_passed_over
from grader.errors import UsageError

MAX_FILES, MAX_BYTES = 20_000, 2**30
PROGRAM = "grader/__main__.py"  # where this lies, there a kit begins
LEARNERS = ("exercises", "solutions")  # what a kit does not bring: its stubs lie in `tests/graded/pristine`
HIDDEN = (".github", ".gitignore")  # the only ones that belong to a kit


@dataclass(frozen=True)
class Entry:
    """A file by its path in the folder or the archive. `read` gives its bytes, `size` says how many they are."""

    path: str
    size: int
    read: Callable[[], bytes]


def lay_out(source: Path, folder: Path) -> None:
    """Write the files of the kit in `source` into the folder."""
    with _readable(source), contextlib.ExitStack() as stack:
        entries = list(_bounded(source, _entries(source, stack)))
        paths = {entry.path for entry in entries}
        tops = sorted((path.removesuffix(PROGRAM) for path in paths if f"/{path}".endswith(f"/{PROGRAM}")), key=len)
        if not tops or not any(path.startswith(f"{tops[0]}tests/graded/pristine/") for path in paths):
            raise UsageError(f"{source} is no learner's kit: it has no `{PROGRAM}` beside `tests/graded/pristine`")
        if any(path.startswith(f"{tops[0]}solutions/") for path in paths):
            raise UsageError(f"{source} is the course with its solutions, and no learner's kit")
        for entry in entries:
            if entry.path.startswith(tops[0]) and _is_the_kits(name := entry.path.removeprefix(tops[0])):
                write_atomically(folder / name, entry.read())


@contextlib.contextmanager
def _readable(source: Path) -> Iterator[None]:
    """What goes wrong with an archive, as a message."""
    try:
        yield
    except (OSError, EOFError, zipfile.BadZipFile, tarfile.TarError, zlib.error, RuntimeError) as error:
        raise UsageError(f"{source} cannot be read: {error}", "download it again") from None


def _is_the_kits(name: str) -> bool:
    parts = name.split("/")
    if parts[0] in LEARNERS or (parts[0].startswith(".") and parts[0] not in HIDDEN):
        return False
    return not any(is_passed_over(part) for part in parts if part not in HIDDEN)


def _entries(source: Path, stack: contextlib.ExitStack) -> Iterator[Entry]:
    """Those of a folder or an archive, which stays open as long as the stack."""
    if source.is_dir():
        return _of_folder(source.resolve())
    if not source.exists():
        raise UsageError(f"there is no {source}")
    if zipfile.is_zipfile(source):
        return _of_zip(source, stack.enter_context(zipfile.ZipFile(source)))
    if tarfile.is_tarfile(source):
        return _of_tar(source, stack.enter_context(tarfile.open(source)))
    raise UsageError(f"{source} is no kit: a folder, a .zip or a .tar.gz was expected")


def _bounded(source: Path, entries: Iterator[Entry]) -> Iterator[Entry]:
    """All of them, unless one would lead out of the folder, or they are too many or too large."""
    files = size = 0
    for entry in entries:
        path = PurePosixPath(entry.path)
        if path.is_absolute() or ".." in path.parts or "\\" in entry.path or ":" in path.parts[0]:
            raise UsageError(f"{source} has a path that leads out of it: {entry.path}", "download the kit again")
        files, size = files + 1, size + entry.size
        if files > MAX_FILES or size > MAX_BYTES:
            raise UsageError(f"{source} is too large for a kit")
        yield replace(entry, path=path.as_posix())  # without `./` at its beginning


def _of_folder(folder: Path) -> Iterator[Entry]:
    """Without links: what they lead to may be anywhere."""
    for path in files_below(folder):
        name = path.relative_to(folder)
        is_known = name.parts[0] == "solutions" or _is_the_kits(name.as_posix())
        if is_known and not any((folder / part).is_symlink() for part in (name, *list(name.parents)[:-1])):
            yield Entry(name.as_posix(), path.stat().st_size, path.read_bytes)


def _of_zip(source: Path, archive: zipfile.ZipFile) -> Iterator[Entry]:
    for info in archive.infolist():
        if stat.S_ISLNK(info.external_attr >> 16):
            raise UsageError(f"{source} has a link in it: {info.filename}", "download the kit again")
        if not info.is_dir():
            yield Entry(info.filename, info.file_size, functools.partial(archive.read, info))


def _of_tar(source: Path, archive: tarfile.TarFile) -> Iterator[Entry]:
    for member in archive:
        if not (member.isfile() or member.isdir()):
            raise UsageError(f"{source} has something in it that is no file: {member.name}", "download the kit again")
        if member.isfile():
            yield Entry(member.name, member.size, functools.partial(_read_member, archive, member))


def _read_member(archive: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    file = archive.extractfile(member)
    return b"" if file is None else file.read()
