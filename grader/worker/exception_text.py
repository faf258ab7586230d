"""What an exception of the learner's says of itself, as text."""

from __future__ import annotations

TORCHS_STACK = "\nException raised from "  # then come addresses, which are others in each process


def message_of(error: BaseException) -> str:
    """Its message. An exception may lie about its own text, or raise another one over it."""
    try:
        return str.encode(str(error), "utf-8", "replace").decode().partition(TORCHS_STACK)[0]
    except BaseException:
        return "(its message could not be read)"
