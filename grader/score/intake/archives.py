"""Archives that other people made, read within bounds: nothing is unpacked, and nothing but what is asked for is read.

What is looked into is told by its first bytes, whatever its name ends in.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import re
import stat
import tarfile
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import IO, Any

MAX_ARCHIVE_BYTES = 2**29
MAX_INNER_ARCHIVE_BYTES = 32 * 2**20
MAX_EXPANDED_BYTES = 2**28
ARCHIVES = (".zip", ".tar", ".tgz", ".tar.gz", ".tar.bz2", ".tar.xz", ".tbz2", ".txz")
NOT_READ = {b"Rar!\x1a\x07": "a RAR archive", b"7z\xbc\xaf\x27\x1c": "a 7z archive"}
COMPRESSED: dict[bytes, Any] = {b"\x1f\x8b": gzip.open, b"BZh": bz2.open, b"\xfd7zXZ": lzma.open}
NO_FILE = "it is a link, or of another kind that is not read: hand in the file itself"
EMPTY_ZIP, ZIP, SPANNED_ZIP = b"PK\5\6", b"PK\3\4", b"PK\7\x08"
UTF_8_NAME = 0x800
TAR_MAGIC, TAR_MAGIC_AT = b"ustar", 257


class Refused(Exception):
    """Something that is not read any further, with the reason."""


@dataclass(frozen=True)
class Member:
    """A regular file of an archive. `read` gives at most so many bytes. `problem` says why it is not read."""

    path: str
    size: int
    modified: float
    read: Callable[[int], bytes]
    problem: str = ""


def is_archive_name(name: str) -> bool:
    """Whether a name says that this is an archive of a kind that is read, or would be if it could."""
    return name.lower().endswith((*ARCHIVES, ".rar", ".7z"))


def members(file: IO[bytes]) -> Iterator[Member]:
    """The files of an archive, in its own order. `file` can be gone back in, and stays open while they are read."""
    head = file.read(TAR_MAGIC_AT + len(TAR_MAGIC))
    file.seek(0)
    if not head:
        raise Refused("it is empty: pack the files anew, or hand them in one by one")
    if name := next((name for magic, name in NOT_READ.items() if head.startswith(magic)), None):
        raise Refused(f"it is {name}, which is not read here: pack the files as .zip, or hand them in one by one")
    if head.startswith((ZIP, EMPTY_ZIP, SPANNED_ZIP)):
        yield from _zip(file)
    elif head.startswith(tuple(COMPRESSED)) or head[TAR_MAGIC_AT:] == TAR_MAGIC:
        yield from _tar(file, head)
    else:
        raise Refused("it is no archive, whatever its name ends in: pack the files anew, or hand them in one by one")


def _zip(file: IO[bytes]) -> Iterator[Member]:
    try:
        archive = zipfile.ZipFile(file)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise Refused(f"the archive cannot be read ({error}): pack the files anew") from None
    for info in archive.infolist():
        kind = stat.S_IFMT(info.external_attr >> 16)
        if info.is_dir():
            continue
        problem = _outside(info.filename)
        if kind not in (0, stat.S_IFREG):
            problem = NO_FILE
        elif info.flag_bits & 1:
            problem = "the archive asks for a password: pack the files without one"
        yield Member(_path(_zip_name(info)), info.file_size, _zip_time(info), _zip_reader(archive, info), problem)


def _zip_name(info: zipfile.ZipInfo) -> str:
    """The member's name. Some systems write UTF-8 and do not say so; then it was read as another encoding."""
    if not info.flag_bits & UTF_8_NAME:
        with suppress(UnicodeError):
            return info.filename.encode("cp437").decode("utf-8")
    return info.filename


def _zip_reader(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Callable[[int], bytes]:
    def read(most: int) -> bytes:
        with archive.open(info) as file:
            return file.read(most)

    return read


def _zip_time(info: zipfile.ZipInfo) -> float:
    with suppress(ValueError, OverflowError):
        return time.mktime((*info.date_time, 0, 0, -1))
    return 0.0


def _tar(file: IO[bytes], head: bytes) -> Iterator[Member]:
    try:
        archive = tarfile.open(fileobj=io.BytesIO(_expanded(file, head)), mode="r:")  # noqa: SIM115 # read from later
        for info in archive:
            if info.isdir():
                continue
            problem = _outside(info.name) if info.isreg() else NO_FILE
            if info.size < 0:
                raise Refused("the archive cannot be read (a size below zero): pack the files anew")
            yield Member(_path(info.name), info.size, float(info.mtime), _tar_reader(archive, info), problem)
    except (tarfile.TarError, OSError, EOFError, lzma.LZMAError, ValueError) as error:
        raise Refused(f"the archive cannot be read ({error}): pack the files anew") from None


def _tar_reader(archive: tarfile.TarFile, info: tarfile.TarInfo) -> Callable[[int], bytes]:
    def read(most: int) -> bytes:
        file = archive.extractfile(info)
        return b"" if file is None else file.read(most)

    return read


def _expanded(file: IO[bytes], head: bytes) -> bytes:
    """The archive without its compression: never more than the cap, so that no header in it can ask for more."""
    opener = next((opener for magic, opener in COMPRESSED.items() if head.startswith(magic)), None)
    with opener(file) if opener is not None else file as expanded:
        content: bytes = expanded.read(MAX_EXPANDED_BYTES + 1)
    if len(content) > MAX_EXPANDED_BYTES:
        raise Refused(f"the archive expands to more than {MAX_EXPANDED_BYTES // 2**20} MB: leave out what is not work")
    return content


def _outside(name: str) -> str:
    """Why a member's path is not followed, if it leaves the archive."""
    path = PurePosixPath(name.replace("\\", "/"))
    leaves = path.is_absolute() or ".." in path.parts or re.match(r"[A-Za-z]:", name)
    return "its path points outside the archive" if leaves else ""


def _path(name: str) -> str:
    return PurePosixPath(name.replace("\\", "/")).as_posix()
