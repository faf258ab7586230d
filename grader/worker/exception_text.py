"""What an exception of the learner's says of itself, as text."""

from __future__ import annotations


def message_of(error: BaseException) -> str:
    """Its message. An exception may lie about its own text, or raise another one over it."""
    try:
        return str.encode(str(error), "utf-8", "replace").decode()
    except BaseException:
        return "(its message could not be read)"
