"""Running the command line on a kit, as a person would."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[2]


def grader(
    root: Path,
    *arguments: str,
    stdin: str = "",
    env: dict[str, str] | None = None,
    encoding: str | None = None,
    timeout: float = 180,
) -> subprocess.CompletedProcess[str]:
    """`grader …` in the folder `root`, without colour. `encoding` is the terminal's, UTF-8 unless given."""
    return subprocess.run(
        [sys.executable, "-m", "grader", *arguments],
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(PACKAGE), "NO_COLOR": "1", "COLUMNS": "80", **(env or {})},
        input=stdin,
        capture_output=True,
        encoding=encoding or "utf-8",
        timeout=timeout,
        check=False,
    )
