"""Which kit this is: `kit.json`, which `grader release` writes."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import msgspec

from grader.course.files import write_atomically

ABOUT = "kit.json"


class About(msgspec.Struct, frozen=True):
    """When the kit was released, in UTC, as ISO 8601 writes it. Empty in kits from before this file was there."""

    released: str = ""


def about(root: Path) -> About:
    """What a kit says of itself."""
    try:
        return msgspec.json.decode((root / ABOUT).read_bytes(), type=About)
    except (OSError, msgspec.DecodeError):
        return About()


def write_about(root: Path) -> None:
    """Say of a kit that it is released now."""
    released = datetime.now(UTC).isoformat(timespec="seconds")
    write_atomically(root / ABOUT, msgspec.json.encode(About(released)) + b"\n")
