r"""A text whose every character can be seen: what draws nothing, or moves what is beside it, is an escape like `\x1b`.

Whoever hands in work chooses its texts and names. A character that no reader sees can repaint a terminal, turn a line
around, or make two names look like one. All that leaves the kit goes through here.
"""

from __future__ import annotations

import re
from types import MappingProxyType

# Controls, direction marks, characters of no width, fillers, selectors, tags, halves of a character, and what is none.
UNSEEN_RANGES = (
    "\0-\x08\x0b-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e"
    "\u2060-\u206f\u2800\u3164\ud800-\udfff\ufdd0-\ufdef\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\ufffe\uffff"
    "\U00013430-\U00013455\U00016fe4\U0001bca0-\U0001bca3\U0001d159\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
    + "".join(chr(0x10000 * plane + end) for plane in range(1, 17) for end in (0xFFFE, 0xFFFF))
)
UNSEEN = re.compile(f"[{UNSEEN_RANGES}]")

# What honest texts need of these: joined and coloured pictures, keycaps, joiners of Indic scripts and of Persian.
PICTURE = "[\xa9\xae\u203c\u2049\u2100-\u27ff\u2801-\u2bff\u3030\u303d\u3297\u3299\U0001f000-\U0001faff]"
ONE_PICTURE = f"{PICTURE}[\ufe0e\ufe0f]?[\U0001f3fb-\U0001f3ff]?"
KEYCAP = "[0-9#*]\ufe0f?\u20e3"
VIRAMA = "[\u094d\u09cd\u0a4d\u0acd\u0b4d\u0bcd\u0c4d\u0ccd\u0d4d\u0dca]"
ARABIC = "[\u0620-\u06d3]"
HONEST = f"{ONE_PICTURE}(?:\u200d{ONE_PICTURE})*|{KEYCAP}|{VIRAMA}[\u200c\u200d]|(?<={ARABIC})\u200c(?={ARABIC})"
IN_LINES = re.compile(f"{HONEST}|([{UNSEEN_RANGES}])")
IN_ONE_LINE = re.compile(f"{HONEST}|([\n\t{UNSEEN_RANGES}])")
SHORT = MappingProxyType({"\n": r"\n", "\t": r"\t", "\r": r"\r"})


def visible(text: str) -> str:
    r"""The text with an escape for each character that nobody sees. Its lines and tabs stay; `\r\n` ends a line."""
    return IN_LINES.sub(_shown, text.replace("\r\n", "\n")) if UNSEEN.search(text) else text


def visible_line(text: str) -> str:
    """The same on one line: what would end it, or jump in it, is an escape as well."""
    return IN_ONE_LINE.sub(_shown, text)


def short_line(text: str, limit: int) -> str:
    """A stranger's text in a line of ours: its lines follow one another, and it is cut where it is longer."""
    line = " ".join(visible(text).split())
    return line if len(line) <= limit else line[: limit - 1] + "…"


def _shown(found: re.Match[str]) -> str:
    character = found[1]
    if character is None:
        return found[0]
    number = ord(character)
    escape = f"\\x{number:02x}" if number < 0x100 else f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"
    return SHORT.get(character, escape)
