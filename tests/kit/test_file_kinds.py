"""A file that is no Python text says what it is, and what to do."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import py_compile
import tarfile
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
from miniature import SOLUTION, Kit

from grader.course.cells import Cells
from grader.course.curriculum import Ban
from grader.course.file_kinds import foreign_kind, readable_text
from grader.course.source import first_problem


def zipped(name: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(name, SOLUTION)
    return buffer.getvalue()


def tarred() -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("scale.py"))
    return buffer.getvalue()


KINDS = {
    "Word": (zipped("word/document.xml"), "a Word document or a zip archive"),
    "an empty zip": (b"PK\5\6" + bytes(18), "a Word document or a zip archive"),
    "PDF": (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n", "a PDF"),
    "RTF": (rb"{\rtf1\ansi def double(x):\par return 2 * x}", "a document in rich text (RTF)"),
    "old Word": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504), "a Word document of the older kind (.doc)"),
    "PNG": (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "a picture"),
    "JPEG": (b"\xff\xd8\xff\xe0\0\x10JFIF\0", "a picture"),
    "GIF": (b"GIF89a\1\0\1\0", "a picture"),
    "WebP": (b"RIFF\x24\0\0\0WEBPVP8 ", "a picture"),
    "HEIC": (b"\0\0\0\x18ftypheic\0\0\0\0", "a picture"),
    "gzip": (gzip.compress(b"x = 1"), "a compressed archive"),
    "bzip2": (bz2.compress(b"x = 1"), "a compressed archive"),
    "xz": (lzma.compress(b"x = 1"), "a compressed archive"),
    "7z": (b"7z\xbc\xaf\x27\x1c\0\4", "a compressed archive"),
    "RAR": (b"Rar!\x1a\7\1\0", "a compressed archive"),
    "tar": (tarred(), "a compressed archive"),
    "a page": (b"\n<!DOCTYPE html>\n<html><body>def double</body></html>", "a web page"),
    "XHTML": (b'<?xml version="1.0"?>\n<html xmlns="x">', "a web page"),
    "a web archive": (b"bplist00\xd1\1\2_\x10", "a web archive or a list of settings"),
}
WIDE = {
    "UTF-16": (SOLUTION.encode("utf-16"), "text in UTF-16"),
    "UTF-16, the other way": (b"\xfe\xff" + SOLUTION.encode("utf-16-be"), "text in UTF-16"),
    "UTF-32": (SOLUTION.encode("utf-32"), "text in UTF-32"),
}
TEXTS = {
    "Python": SOLUTION.encode(),
    "with a mark": b"\xef\xbb\xbf" + SOLUTION.encode(),
    "a name of an archive at its place": b"#" * 256 + b"\nustar = 1\n",
    "short first line": b"x\n\r\n# 1234567 \xe3\x81\x82\n",
    "ftyp": b"abcdftypheic = 1\n",
    "names": b"PK = 3\n",
    "another": b"GIF = 89\n",
    "empty": b"",
}


@pytest.mark.parametrize("name", list(KINDS))
def test_another_kind_of_file_is_named(kit: Kit, name: str) -> None:
    data, kind = KINDS[name]
    kit.file.write_bytes(data)
    problem = kit.judge().problem
    assert problem is not None
    assert problem.message == f"exercises/ch1_mini/scale.py is {kind}, whatever its name ends in."
    assert problem.advice == "Hand in the Python file itself."


def test_compiled_python_is_named(kit: Kit, tmp_path: Path) -> None:
    compiled = tmp_path / "scale.pyc"
    py_compile.compile(str(kit.layout.solution_file(kit.name)), str(compiled))
    kit.file.write_bytes(compiled.read_bytes())
    problem = kit.judge().problem
    assert problem is not None
    assert "is compiled Python (.pyc), whatever its name ends in" in problem.message


@pytest.mark.parametrize("name", list(WIDE))
def test_text_in_a_wide_encoding_is_to_be_saved_as_utf_8(kit: Kit, name: str) -> None:
    data, kind = WIDE[name]
    kit.file.write_bytes(data)
    problem = kit.judge().problem
    assert problem is not None
    assert problem.message == f"exercises/ch1_mini/scale.py is {kind}; it is read as UTF-8 alone."
    assert problem.advice == "Save it as UTF-8 in your editor."


@pytest.mark.parametrize("name", list(TEXTS))
def test_text_is_taken_for_nothing_else(name: str) -> None:
    assert foreign_kind(TEXTS[name]) == ""


@pytest.mark.parametrize("data", [data for data, _ in WIDE.values()] + [b"\xef\xbb\xbf" + SOLUTION.encode()])
def test_a_person_reads_text_in_any_encoding(data: bytes) -> None:
    assert readable_text(data) == SOLUTION


def test_a_person_is_told_what_is_no_text() -> None:
    said = "(This is a Word document or a zip archive, whatever its name ends in, and is not shown.)"
    assert readable_text(KINDS["Word"][0]) == said


# -- text that is not Python --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("```python\n" + SOLUTION + "```\n", "begins with a Markdown fence in line 1, which is no Python."),
        ("\n\n~~~\n" + SOLUTION + "~~~\n", "begins with a Markdown fence in line 3, which is no Python."),
        ("x = 1\n```\n", "holds a Markdown fence in line 2, which is no Python."),
    ],
)
def test_a_fence_that_was_copied_along_is_named(kit: Kit, text: str, says: str) -> None:
    kit.file.write_text(text)
    problem = kit.judge().problem
    assert problem is not None
    assert problem.message == f"exercises/ch1_mini/scale.py {says}"
    assert problem.advice


def test_a_fence_in_a_docstring_is_not_to_blame(kit: Kit) -> None:
    kit.file.write_text('"""\n```python\n```\n"""\ndef double(x:\n')
    problem = kit.judge().problem
    assert problem is not None
    assert problem.message.startswith("SyntaxError in line 5")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("x = " + "-" * 20_000 + "1\n", "it is nested too deep, or takes too much memory"),
        ("x = " + "+".join("y" * 5000) + "\n", "it is nested too deep"),
        ("x = 1\0\n", "it holds NUL bytes"),
        (SOLUTION.encode("utf-16-le").decode("latin-1"), "it holds NUL bytes"),
    ],
)
def test_a_reason_is_always_given(kit: Kit, text: str, reason: str) -> None:
    kit.file.write_text(text)
    problem = kit.judge().problem
    assert problem is not None
    assert problem.message == f"exercises/ch1_mini/scale.py cannot be read as Python: {reason}."


@pytest.mark.parametrize("cells", [None, ((1, 1),)])
def test_no_name_is_too_long_to_look_for_bans_in(kit: Kit, cells: Cells | None) -> None:
    exercise = replace(kit.curriculum.get(kit.name), bans=(Ban(names=("torch.nn.Linear",), instead="multiply"),))
    kit.file.write_text("x = y" + ".a" * 2000 + "\n")
    assert first_problem(kit.file, "scale.py", exercise, cells) is None
    kit.file.write_text("import torch\nx = torch" + ".a" * 2000 + ".Linear\n")
    problem = first_problem(kit.file, "scale.py", exercise, cells)
    assert problem is not None
    assert problem.predicate == ", does this exercise's own work."
