"""Archives that other people made, read within bounds: nothing is unpacked, and nothing but what is asked for is read.

What is looked into is told by its first bytes, whatever its name ends in.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import math
import re
import stat
import tarfile
import time
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import IO, Any, Self

MAX_ARCHIVE_BYTES = 2**29
MAX_INNER_ARCHIVE_BYTES = 32 * 2**20
MAX_EXPANDED_BYTES = 2**28
MAX_HEADER_BYTES = 2**16  # of a tar: names and times that do not fit where they were in 1979
ARCHIVES = (".zip", ".tar", ".tgz", ".tar.gz", ".tar.bz2", ".tar.xz", ".tbz2", ".txz")
NOT_READ = {b"Rar!\x1a\x07": "a RAR archive", b"7z\xbc\xaf\x27\x1c": "a 7z archive"}
COMPRESSED: dict[bytes, Any] = {b"\x1f\x8b": gzip.open, b"BZh": bz2.open, b"\xfd7zXZ": lzma.open}
NO_FILE = "it is a link, or of another kind that is not read: hand in the file itself"
HOLES = "it is stored with holes (as a sparse file), which is not read: pack the files anew, without `--sparse`"
DAMAGED = "it is damaged, or was cut short"
# Of what the libraries raise over an archive: what that means. What they say themselves is for who writes programs.
MEANINGS: tuple[tuple[type[Exception], str], ...] = (
    (MemoryError, "it takes too much memory"),
    (RecursionError, "its headers are nested too deep"),
    (NotImplementedError, "it is packed in a way that is not known here"),
    (EOFError, DAMAGED),
    (zlib.error, DAMAGED),
    (lzma.LZMAError, DAMAGED),
    (OSError, DAMAGED),
)
HEADERS = (
    tarfile.XHDTYPE,
    tarfile.XGLTYPE,
    tarfile.SOLARIS_XHDTYPE,
    tarfile.GNUTYPE_LONGNAME,
    tarfile.GNUTYPE_LONGLINK,
)
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
    except Exception as error:  # of bytes that were made for it the library raises anything
        raise Refused(cannot_be_read(error)) from None
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


def cannot_be_read(error: Exception) -> str:
    """Why an archive is not read, and what to do."""
    meant = next((meaning for kind, meaning in MEANINGS if isinstance(error, kind)), "it is not as such archives are")
    return f"the archive cannot be read ({meant}): pack the files anew, or hand them in one by one"


class _Header(tarfile.TarInfo):
    """A header of a tar, refused where what belongs to it could cost more than any name does."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> Self:
        header = super().frombuf(buf, encoding, errors)
        if header.size < 0:
            raise Refused("the archive cannot be read (a size below zero): pack the files anew")
        if header.type in HEADERS and header.size > MAX_HEADER_BYTES:
            raise Refused("the archive cannot be read (a header of it is larger than any name): pack the files anew")
        return header


def _tar(file: IO[bytes], head: bytes) -> Iterator[Member]:
    try:
        content = io.BytesIO(_expanded(file, head))
        archive = tarfile.open(fileobj=content, mode="r:", tarinfo=_Header)  # noqa: SIM115 # read from later
        for info in archive:
            if not info.isdir():
                yield Member(_path(info.name), info.size, _tar_time(info), _tar_reader(archive, info), _unfit(info))
    except Refused:
        raise
    except Exception as error:  # likewise
        raise Refused(cannot_be_read(error)) from None


def _unfit(info: tarfile.TarInfo) -> str:
    """Why a member of a tar is not read, if it is not."""
    if not info.isreg():
        return NO_FILE
    return HOLES if info.issparse() else _outside(info.name)


def _tar_time(info: tarfile.TarInfo) -> float:
    """The member's time. One that is no number, or endless, is neither before nor after another."""
    return float(info.mtime) if math.isfinite(info.mtime) else 0.0


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
