"""A learner's own text, read from a file: UTF-8, and long enough for a model of some context to be trained on it."""

from __future__ import annotations

from pathlib import Path

from grader.errors import UsageError

HELD_OUT = 10  # the last one of so many parts is not trained on


def read_own_text(path: Path) -> str:
    """The file's text with plain line ends."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}", "give a text file") from None
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise UsageError(
            f"{path} is not UTF-8: the byte 0x{data[error.start]:02x} in line {line} is none of it",
            "save it as UTF-8 in your editor, or: iconv -f ISO-8859-1 -t UTF-8 OLD > NEW",
        ) from None
    if not text.strip():
        raise UsageError(f"{path} has no text in it", "give a text of some tens of thousands of characters or more")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def cut(ids: list[int], context: int, what: str) -> tuple[list[int], list[int]]:
    """The tokens to train on, and the last tenth, which is held out. Both have a window with its targets, or more."""
    held_out = len(ids) // HELD_OUT
    if held_out <= context:
        raise UsageError(
            f"{what} is too short: {len(ids)} tokens, and windows of {context} need {HELD_OUT * (context + 1)} or more",
            "give a longer text, or a smaller --context",
        )
    return ids[:-held_out], ids[-held_out:]
