"""Names that come from strangers, as they can stand in a table, on a page and as a file."""

from __future__ import annotations

import hashlib
import re
import unicodedata

from grader.course.visible import UNSEEN, visible_line

MAX_SHOWN = 100
MAX_PATH_SHOWN = 1000
MAX_FILE_BYTES = 120  # with a suffix and what marks a temporary file it fits on an encrypted disk, which takes 143
BLANKS = re.compile(r"[\s\u2800]+")
MARKUP = re.compile('[<>&"]')
NOT_IN_FILES = re.compile(r'[<>&":/\\|?*]')
RESERVED = re.compile(r"con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[0-9¹²³]", re.IGNORECASE)
JOINERS = "\u200c\u200d\ufe0e\ufe0f"


def shown_name(name: str) -> str:
    """A student's name as it can stand in a table and on a page. What looks alike is the same name."""
    line = " ".join(BLANKS.split(MARKUP.sub("_", visible_line(name)))).replace("/", "_").strip()
    return visible_line(line[:MAX_SHOWN].strip()) or "unnamed"


def shown_path(path: str) -> str:
    """A file's path as it can stand in a line of text and on a page."""
    return MARKUP.sub("_", visible_line(path[:MAX_PATH_SHOWN]))[:MAX_PATH_SHOWN]


def file_name(label: str) -> str:
    """A student's label as the name of a file or folder on any disk, without a suffix.

    It is bounded in bytes, as disks have it. One that had to be cut ends with a mark of the whole label. Labels whose
    files would be the same are never given to two people: see `as_a_file`.
    """
    name = NOT_IN_FILES.sub("_", visible_line(label)).strip(". ") or "unnamed"
    if RESERVED.fullmatch(name.partition(".")[0].rstrip()):  # Windows takes these for devices, whatever the suffix
        name = f"_{name}"
    whole = name.encode()
    if len(whole) <= MAX_FILE_BYTES:
        return name
    mark = "~" + hashlib.sha256(label.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return whole[: MAX_FILE_BYTES - len(mark)].decode(errors="ignore").rstrip(f". {JOINERS}") + mark


def as_a_file(name: str) -> str:
    """What is left of a name where least is told apart: by a disk, by eye, by a spreadsheet that drops apostrophes."""
    folded = unicodedata.normalize("NFKC", file_name(name)).casefold()
    return " ".join(UNSEEN.sub("", unicodedata.normalize("NFKC", folded)).split()).lstrip("' ")
