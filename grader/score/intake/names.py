"""Names that come from strangers, as they can stand in a table, on a page and as a file."""

from __future__ import annotations

import unicodedata

MAX_SHOWN = 100
MAX_PATH_SHOWN = 1000


def printable_name(name: str) -> str:
    """A student's name as it can stand in a table, a page and a file name."""
    return printable_path(name).replace("/", "_").replace("\\", "_").strip(". ")[:MAX_SHOWN] or "unnamed"


def printable_path(path: str) -> str:
    """A file's path as it can stand in a line of text and on a page."""
    return "".join(c if c not in '<>&"' else "_" for c in printable(path))[:MAX_PATH_SHOWN]


def printable(text: str) -> str:
    """The text without what moves a cursor, ends a line or has no form as bytes."""
    return "".join(c if c.isprintable() else "_" for c in text)


def as_a_file(name: str) -> str:
    """What some file systems make of a name: they tell neither case nor ways to write an accent apart."""
    return unicodedata.normalize("NFC", name).casefold()
