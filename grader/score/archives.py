"""Archives that other people made, read within bounds: nothing is unpacked, no path outside, no more than the caps."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import re
import stat
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import IO, Any

MAX_SUBMITTED_FILE_BYTES = 2 * 2**20
MAX_SUBMITTED_NOTEBOOK_BYTES = 16 * 2**20  # most of it outputs, which are not read; its source has the bound of a file
MAX_SUBMISSION_BYTES = 32 * 2**20
MAX_SUBMITTED_FILES = 2000
MAX_EXPANSION_FACTOR = 200
MAX_EXPANDED_BYTES = 8 * MAX_SUBMISSION_BYTES
ARCHIVES = (".zip", ".tar", ".tgz", ".tar.gz", ".tar.bz2", ".tar.xz")
WORK_SUFFIXES = (".py", ".ipynb", ".md")


class Refused(Exception):
    """A submission that is not read any further, with the reason."""


def printable_name(name: str) -> str:
    """A student's name as it can stand in a table, a page and a file name."""
    return "".join(c if c not in '/\\<>&"' else "_" for c in printable(name)).strip(". ")[:100] or "unnamed"


def printable(text: str) -> str:
    """The text without what moves a cursor, ends a line or has no form as bytes."""
    return "".join(c if c.isprintable() else "_" for c in text)


class Budget:
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
        if self.files > MAX_SUBMITTED_FILES:
            raise Refused(f"more than {MAX_SUBMITTED_FILES} files")
        if self.bytes > MAX_SUBMISSION_BYTES:
            raise Refused(f"more than {MAX_SUBMISSION_BYTES // 2**20} MB")


def read_archive(name: str, data: bytes | None, budget: Budget) -> Iterator[tuple[str, bytes]]:
    """Names and bytes of its regular files that may be work. `data` None stands for one that is too large to read."""
    if data is None:
        raise Refused(f"{printable_name(name)} is larger than {MAX_SUBMISSION_BYTES // 2**20} MB")
    reader = _zip if name.lower().endswith(".zip") else _tar
    yield from reader(data, budget)


def _zip(data: bytes, budget: Budget) -> Iterator[tuple[str, bytes]]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = archive.infolist()
        if len(members) > MAX_SUBMITTED_FILES:
            raise Refused(f"more than {MAX_SUBMITTED_FILES} files")
        if sum(member.file_size for member in members) > max(
            MAX_EXPANSION_FACTOR * len(data), MAX_SUBMITTED_FILE_BYTES
        ):
            raise Refused("the archive expands too far")
        for member in members:
            kind = stat.S_IFMT(member.external_attr >> 16)
            if member.is_dir() or kind not in (0, stat.S_IFREG) or not member.filename.endswith(WORK_SUFFIXES):
                budget.count(0)
                continue
            path = _inside(member.filename)
            check_size(path, member.file_size)
            with archive.open(member) as file:
                yield budget.take(path, _capped(file, path))


def _tar(data: bytes, budget: Budget) -> Iterator[tuple[str, bytes]]:
    with tarfile.open(fileobj=io.BytesIO(_expanded(data)), mode="r:") as archive:
        for member in archive:
            if not member.isreg() or not member.name.endswith(WORK_SUFFIXES):
                budget.count(0)
                continue
            path = _inside(member.name)
            check_size(path, member.size)
            file = archive.extractfile(member)
            if file is not None:
                yield budget.take(path, _capped(file, path))


def _expanded(data: bytes) -> bytes:
    """The archive without its compression: never more than the cap, so that no header in it can ask for more."""
    openers: dict[bytes, Any] = {
        b"\x1f\x8b": gzip.open,
        b"BZh": bz2.open,
        b"\xfd7zXZ": lzma.open,
    }
    opener = next((opener for magic, opener in openers.items() if data.startswith(magic)), None)
    if opener is None:
        return data
    most = min(MAX_EXPANDED_BYTES, max(MAX_EXPANSION_FACTOR * len(data), MAX_SUBMITTED_FILE_BYTES))
    with opener(io.BytesIO(data)) as file:
        content: bytes = file.read(most + 1)
    if len(content) > most:
        raise Refused("the archive expands too far")
    return content


def _capped(file: IO[bytes], name: str) -> bytes:
    """What is really there, whatever the archive's index says."""
    data = file.read(largest(name) + 1)
    check_size(name, len(data))
    return data


def largest(name: str) -> int:
    """How many bytes a file of this name may have."""
    return MAX_SUBMITTED_NOTEBOOK_BYTES if name.endswith(".ipynb") else MAX_SUBMITTED_FILE_BYTES


def check_size(name: str, size: int) -> None:
    """Refuse a file that is too large."""
    if size > largest(name):
        raise Refused(f"{printable_name(name)} is larger than {largest(name) // 2**20} MB")


def _inside(name: str) -> str:
    """The member's path, if it stays inside the archive."""
    path = PurePosixPath(name.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or re.match(r"[A-Za-z]:", name):
        raise Refused(f"{printable_name(name)} points outside the archive")
    return path.as_posix()
