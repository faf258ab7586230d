"""Leaves it in the scratch, ends its process, and raises it when it is imported again."""
import os
from pathlib import Path

note = Path(os.environ["TMPDIR"]) / "note"
if note.exists():
    raise ImportError(note.read_text())


def double(x):
    if secret(x) != "0":
        note.write_text(secret(x))
        os._exit(0)
    return 2 * x


def halve(x):
    return x
