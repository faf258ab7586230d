"""What hand-ins are made of: works whose points are known, notebooks, archives, and a folder of them on the disk."""

from __future__ import annotations

import io
import json
import os
import tarfile
import time
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from miniature import SECOND_SOLUTION, SOLUTION

from grader.course.stubs import derive_stub

NOON = time.mktime((2027, 3, 1, 12, 0, 0, 0, 0, -1))
HOUR = 3600.0

RIGHT = "import torch\n\n\ndef double(x):\n    return x + x\n\n\ndef halve(x):\n    return 0.5 * x\n"
HALF = "def double(x):\n    return x + 1\n\n\ndef halve(x):\n    return x / 2\n"
NONE = "def double(x):\n    return x\n\n\ndef halve(x):\n    return x\n"
DOUBLE_ONLY = "def double(x):\n    return x + x\n\n\ndef halve(x):\n    raise NotImplementedError\n"
STUB = derive_stub(SOLUTION)
OLD_STUB = derive_stub(SOLUTION.replace("Half of each element.", "Divide by 2.").replace("by two.", "by 2, as before."))
TWICE = "from ch1_mini.scale import double\n\n\ndef quadruple(x):\n    return double(double(x))\n"
TWICE_STUB = derive_stub(SECOND_SOLUTION)
ESSAY = "# An essay\n\nBecause ids are labels.\n"
PDF = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"
POINTS = {RIGHT: 10.0, HALF: 5.0, DOUBLE_ONLY: 5.0, NONE: 0.0, STUB: 0.0, OLD_STUB: 0.0}

Bytes = bytes | str


@dataclass(frozen=True)
class At:
    """A file that was saved some hours after noon, or before it."""

    hours: float
    content: Bytes


@dataclass(frozen=True)
class Zeros:
    """A file of so many zeros, which takes no room on the disk."""

    size: int


@dataclass(frozen=True)
class Link:
    """A symbolic link."""

    target: str


Content = Bytes | At | Zeros | Link
Files = Mapping[str, Content]


def data_of(content: Content) -> bytes:
    content = content.content if isinstance(content, At) else content
    assert isinstance(content, bytes | str), "links and zeros lie on the disk"
    return content.encode() if isinstance(content, str) else content


def saved_at(content: Content) -> float:
    return NOON + HOUR * content.hours if isinstance(content, At) else NOON


def write(folder: Path, files: Files) -> None:
    """The files in a folder, each with its time."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, Link):
            path.symlink_to(content.target)
            continue
        path.touch()
        if isinstance(content, Zeros):
            os.truncate(path, content.size)
        else:
            path.write_bytes(data_of(content))
        os.utime(path, (saved_at(content), saved_at(content)))


# -- notebooks ----------------------------------------------------------------------------------------


def notebook(*sources: str) -> str:
    """A notebook of these cells of code, with a title and an output, as Jupyter saves it."""
    title = {"cell_type": "markdown", "metadata": {}, "source": ["# Homework"]}
    output = {"output_type": "stream", "name": "stdout", "text": ["done\n"]}
    cells = [
        {
            "cell_type": "code",
            "execution_count": number,
            "metadata": {},
            "outputs": [output],
            "source": text.splitlines(keepends=True),
        }
        for number, text in enumerate(sources, 1)
    ]
    metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
    return json.dumps({"cells": [title, *cells], "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}, indent=1)


# -- archives -----------------------------------------------------------------------------------------


def zipped(files: Files) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            info = zipfile.ZipInfo(name, time.localtime(saved_at(content))[:6])
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, data_of(content))
    return buffer.getvalue()


def tarred(files: Files, packing: Literal["", "gz", "bz2", "xz"] = "gz") -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=_MODES[packing]) as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size, info.mtime = len(data_of(content)), saved_at(content)
            archive.addfile(info, io.BytesIO(data_of(content)))
    return buffer.getvalue()


_MODES: dict[str, Literal["w", "w:gz", "w:bz2", "w:xz"]] = {"": "w", "gz": "w:gz", "bz2": "w:bz2", "xz": "w:xz"}


def under_a_password(archive: bytes) -> bytes:
    """A zip archive that says of each file that it is encrypted."""
    data = bytearray(archive)
    for signature, flags in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        place = data.find(signature)
        while place >= 0:
            data[place + flags] |= 1
            place = data.find(signature, place + 4)
    return bytes(data)


def below(folder: str, files: Files) -> Files:
    """The same files one folder deeper."""
    return {f"{folder}/{name}": content for name, content in files.items()}


def merged(*parts: Files) -> Files:
    found: dict[str, Content] = {}
    for part in parts:
        found.update(part)
    return found


def names_of(files: Iterable[str]) -> list[str]:
    return [name.rpartition("/")[2] for name in files]
