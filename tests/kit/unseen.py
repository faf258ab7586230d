"""Which characters nobody sees, or move what stands beside them, said anew: the kit's own list is not asked."""

from __future__ import annotations

import json
import unicodedata
from pathlib import Path

SEEN_THOUGH_FORMATS = frozenset(
    "\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd"
)
FILLERS = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u3164\uffa0")
HONEST = ("👩‍💻", "❤️‍🔥", "1️⃣", "می‌خواهم", "ක්‍ෂ", "✔️")


def is_unseen(character: str) -> bool:
    kind = unicodedata.category(character)
    return (
        (kind in ("Cc", "Cf", "Cs", "Zl", "Zp") and character not in "\n\t" and character not in SEEN_THOUGH_FORMATS)
        or character in FILLERS
        or 0xFE00 <= ord(character) <= 0xFE0F
        or 0xE0000 <= ord(character) <= 0xE0FFF
        or ord(character) & 0xFFFE == 0xFFFE
        or 0xFDD0 <= ord(character) <= 0xFDEF
    )


ALL_UNSEEN = "".join(character for number in range(0x110000) if is_unseen(character := chr(number)))
# A few of each kind, where the whole list would be too long: for names of files.
SOME_UNSEEN = (
    "\x07\x0b\r\x1b\x7f", "\x85\x9b\xad", "\u061c\u200b\u200c\u200d\u200e\u200f", "\u2028\u2029\u202a\u202e",
    "\u2060\u2066\u2069", "\u3164\uffa0", "\ufe0f\ufeff\ufffb\uffff", "\U000e0041\U000e007f\U000e0100",
)  # fmt: skip


def unseen_in(text: str) -> set[str]:
    """Those in the text, but for the honest sequences."""
    for honest in HONEST:
        text = text.replace(honest, "")
    return {ascii(character) for character in set(text) if is_unseen(character)}


def unseen_in_json(text: str) -> set[str]:
    """Those in any string of a document, and in the document itself."""
    found: set[str] = set(unseen_in(text))

    def look(value: object) -> None:
        if isinstance(value, str):
            found.update(unseen_in(value))
        for inner in [*value.items()] if isinstance(value, dict) else value if isinstance(value, list | tuple) else ():
            look(inner)

    look(json.loads(text))
    return found


def unseen_below(folder: Path) -> dict[str, set[str]]:
    """Those in the texts of a folder and in the names of its files, by file. Each is UTF-8, whatever was handed in."""
    found: dict[str, set[str]] = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.suffix not in (".sqlite", ".pages") and not path.name.startswith((".", "journal")):
            text = path.read_bytes().decode()
            found[str(path)] = (unseen_in_json if path.suffix == ".json" else unseen_in)(text)
        found[f"the name of {path}"] = unseen_in(path.name)
    return {path: characters for path, characters in found.items() if characters}
