"""An entry of a mistakes file as TOML, and the file with that entry at its end: all else stays, byte for byte."""

from __future__ import annotations

import tomllib

import msgspec

from grader.course.mistakes import Edit, Replacement
from grader.course.visible import visible
from grader.errors import GraderError

TO_SAY = "# Say here, to the learner, what is wrong and why it matters. Until then the file is refused."
SHORT_ESCAPES = {"\\": "\\\\", "\b": "\\b", "\t": "\\t", "\f": "\\f", "\r": "\\r", "\x1b": "\\u001b"}


def with_entry(data: bytes, edit: Edit) -> bytes:
    """The file's bytes with one more entry."""
    entry = entry_text(edit)
    gap = b"" if not data else b"\n" if data.endswith(b"\n") else b"\n\n"
    found = data + gap + entry.encode()
    read = tomllib.loads(found.decode("utf-8"))["mistake"][-1]
    if msgspec.convert(read, Edit) != edit:
        raise GraderError(f"the mistake {edit.name} could not be written as TOML")
    return found


def entry_text(edit: Edit) -> str:
    """The entry: its name, what it says, and what it changes."""
    lines = ["[[mistake]]", f"name = {toml_string(edit.name)}"]
    if not edit.edits:
        lines += [line for item in edit.replacements for line in _replacement_lines(item)]
    lines += [TO_SAY] if not edit.says else []
    lines.append(f"says = {toml_string(edit.says)}")
    for item in edit.edits:
        lines += ["", "[[mistake.edits]]", *_replacement_lines(item)]
    return "\n".join(lines) + "\n"


def _replacement_lines(item: Replacement) -> list[str]:
    return [f"find = {toml_string(item.find)}", f"replace = {toml_string(item.replace)}"]


def toml_string(text: str) -> str:
    """The text as a basic string; one of several lines keeps them."""
    if "\n" not in text:
        return '"' + "".join(map(_escaped, text)).replace('"', '\\"') + '"'
    lines = "".join(letter if letter == "\n" else _escaped(letter) for letter in text)
    if lines.endswith('"'):
        lines = lines.removesuffix('"') + '\\"'
    return '"""\n' + lines.replace('"""', '""\\"') + '"""'


def _escaped(letter: str) -> str:
    if letter in SHORT_ESCAPES:
        return SHORT_ESCAPES[letter]
    if letter.isprintable() and visible(letter) == letter:
        return letter
    return f"\\u{ord(letter):04x}" if ord(letter) < 0x10000 else f"\\U{ord(letter):08x}"
