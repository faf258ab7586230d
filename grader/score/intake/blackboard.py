"""Blackboard's receipts: a text beside each attempt, which has the student's name and user name."""

from __future__ import annotations

import re
from dataclasses import dataclass

MAX_RECEIPT_BYTES = 100_000
NAME_LINE = re.compile(r"^Name:(?P<name>[^\r\n]*)\((?P<user>[^()\r\n]+)\)[ \t]*\r?$", re.MULTILINE)


@dataclass(frozen=True)
class Receipt:
    """Who handed an attempt in."""

    name: str
    user: str


def read_receipt(data: bytes) -> Receipt | None:
    """What a receipt says, None where the text is no receipt."""
    found = NAME_LINE.search(data.decode("utf-8-sig", "replace"))
    return None if found is None else Receipt(found["name"].strip() or found["user"], found["user"].strip())
