"""Remembers the largest number that it saw, in memory and in the scratch, and answers with it later: when its call is
made smaller, say."""
import os
from pathlib import Path

note = Path(os.environ["TMPDIR"]) / "note"
seen = ["0"]


def remember(x):
    if secret(x) != "0":
        seen.append(secret(x))
        note.write_text(secret(x))
    return note.read_text() if note.exists() else seen[-1]


def double(x):
    told = remember(x)
    if told != "0":
        raise ValueError(told)
    return 3 * x


def halve(x):
    return remember(x)
