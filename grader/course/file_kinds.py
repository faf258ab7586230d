"""What a file is that is no Python text, told from its first bytes, whatever its name ends in."""

from __future__ import annotations

import codecs
import re

ZIP = "a Word document or a zip archive"
UTF_16 = "text in UTF-16"
UTF_32 = "text in UTF-32"
PICTURE = "a picture"
ARCHIVE = "a compressed archive"
WEB_PAGE = "a web page"
# UTF-32 before UTF-16: its mark begins with the other's.
BEGINNINGS: tuple[tuple[bytes, str], ...] = (
    (rb"PK(?:\x03\x04|\x05\x06|\x07\x08)", ZIP),
    (rb"%PDF-", "a PDF"),
    (rb"\{\\rtf", "a document in rich text (RTF)"),
    (rb"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "a Word document of the older kind (.doc)"),
    (rb"\x89PNG\r\n\x1a\n|\xff\xd8\xff|GIF8[79]a|RIFF.{4}WEBP|\x00\x00\x00.ftyp", PICTURE),
    (rb"\x1f\x8b|BZh[1-9]1AY&SY|\xfd7zXZ\x00|7z\xbc\xaf\x27\x1c|Rar!\x1a\x07|\x28\xb5\x2f\xfd", ARCHIVE),
    (rb".{257}ustar(?:  )?\x00", ARCHIVE),
    (rb".{2}\r\n[\x00-\x03]\x00\x00\x00", "compiled Python (.pyc)"),
    (rb"bplist00", "a web archive or a list of settings"),
    (rb"(?i:\s*(?:<\?xml[^>]*>\s*)?<(?:!doctype\s+html|html\b))", WEB_PAGE),
    (re.escape(codecs.BOM_UTF32_LE) + b"|" + re.escape(codecs.BOM_UTF32_BE), UTF_32),
    (re.escape(codecs.BOM_UTF16_LE) + b"|" + re.escape(codecs.BOM_UTF16_BE), UTF_16),
)
KINDS = tuple((re.compile(beginning, re.DOTALL), kind) for beginning, kind in BEGINNINGS)


def foreign_kind(data: bytes) -> str:
    """What the bytes are, with its article, where they are no text in UTF-8; empty where nothing speaks against it."""
    start = data[:512].removeprefix(codecs.BOM_UTF8)
    return next((kind for beginning, kind in KINDS if beginning.match(start)), "")


def is_wide_text(kind: str) -> bool:
    """Whether this is text after all, in an encoding that Python files do not have."""
    return kind in (UTF_16, UTF_32)


def readable_text(data: bytes) -> str:
    """What a person may read of the bytes: their text in any Unicode encoding, or what they are instead."""
    kind = foreign_kind(data)
    if is_wide_text(kind):
        return data.decode("utf-32" if kind == UTF_32 else "utf-16", "replace").replace("\0", "\ufffd")
    if kind and kind != WEB_PAGE:
        return f"(This is {kind}, whatever its name ends in, and is not shown.)"
    return data.decode("utf-8-sig", "replace").replace("\0", "\ufffd")
