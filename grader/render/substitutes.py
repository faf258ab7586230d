"""What is printed in place of a character that the terminal's encoding lacks: something that reads the same."""

from __future__ import annotations

import codecs
import re
import unicodedata
from types import MappingProxyType
from typing import Any

HANDLER = "grader-substitutes"
SIGNS = MappingProxyType(
    {
        "✓": "+", "✗": "x", "·": ".", "…": "...", "−": "-", "–": "-", "—": "-", "×": "x", "√": "sqrt ", "→": "->",
        "←": "<-", "⇒": "=>", "≤": "<=", "≥": ">=", "≠": "!=", "≈": "~", "∞": "inf", "∈": "in", "∑": "sum", "∏": "prod",
        "‖": "||", "⊙": "*", "•": "*", "’": "'", "′": "'", "‘": "'", "“": '"', "”": '"', "«": '"', "»": '"', "│": "|",
        "┃": "|", "■": "1", "□": "0",
    }
)  # fmt: skip
LETTER = re.compile(r"GREEK (SMALL|CAPITAL) LETTER (?:FINAL )?(\w+)")


def register() -> None:
    """Make the handler known by its name, for `reconfigure(errors=HANDLER)`."""
    codecs.register_error(HANDLER, _replace)


def readable(stream: Any) -> None:
    """Have the stream print what it can in place of what it cannot. Streams that are no text files stay as they are."""
    if hasattr(stream, "reconfigure"):
        register()
        stream.reconfigure(errors=HANDLER)


def substitute(character: str) -> str:
    """ASCII that reads like the character, `?` where nothing does."""
    if character in SIGNS:
        return SIGNS[character]
    name = unicodedata.name(character, "")
    if name.startswith("BOX DRAWINGS"):
        return "-" if "HORIZONTAL" in name and "VERTICAL" not in name else "+"
    if found := LETTER.match(name):
        return found[2].lower() if found[1] == "SMALL" else found[2].capitalize()
    if name.startswith("SUPERSCRIPT"):
        return "^" + unicodedata.normalize("NFKD", character)
    plain = unicodedata.normalize("NFKD", character).encode("ascii", "ignore").decode()
    return plain or "?"


def _replace(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(substitute(character) for character in error.object[error.start : error.end]), error.end
