"""Opening a file in the person's own editor."""

from __future__ import annotations

import os
import shlex
import shutil
from pathlib import Path

KNOWN = "nano", "vim", "vi", "emacs"
WITH_LINE = frozenset(("nano", "vim", "vi", "nvim", "emacs", "micro", "kak"))  # they take `+12 FILE`


def editor_command(path: Path, line: int | None) -> list[str]:
    """The command that opens the file, at the line where the editor can do that. Empty where no editor is known."""
    words = os.environ.get("VISUAL") or os.environ.get("EDITOR") or next(filter(shutil.which, KNOWN), "")
    command = shlex.split(words)
    if not command:
        return []
    if line is not None and Path(command[0]).name in WITH_LINE:
        command.append(f"+{line}")
    return [*command, str(path)]
