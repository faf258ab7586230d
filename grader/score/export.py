"""Gradescope's autograder archive: the kit, a set-up script and a run script."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

from grader.course.files import write_atomically
from grader.course.layout import Layout

SETUP_SCRIPT = """#!/usr/bin/env bash
# Runs once, when the image is built.
set -euo pipefail
cd /autograder/source/kit
apt-get update
apt-get install -y python3 python3-venv python3-pip
python3 -m venv /autograder/venv
/autograder/venv/bin/python -m pip install torch==2.13.0 --index-url https://download.pytorch.org/whl/cpu
/autograder/venv/bin/python -m pip install -c constraints.txt -e .
"""

RUN_SCRIPT = """#!/usr/bin/env bash
# Runs for each submission. The verdict is made outside of the process that runs the student's code.
# With exit code 3 something could not be judged; the results say what.
set -euo pipefail
cd /autograder/source/kit
rm -rf /tmp/class /tmp/out
mkdir -p /tmp/class
cp -r /autograder/submission /tmp/class/student
/autograder/venv/bin/grader score /tmp/class --out /tmp/out --pattern plain{only} || test $? -eq 3
mkdir -p /autograder/results
cp /tmp/out/gradescope/student/results.json /autograder/results/results.json
"""

SHIPPED_TREES = ("grader", "solutions", "tests/graded", "data", "exercises")
SHIPPED_FILES = ("pyproject.toml", "constraints.txt", "README.md")


def write_gradescope(layout: Layout, out: Path, only: list[str]) -> int:
    """Write the archive and return the number of its files. Only those who may see solutions may have it."""
    buffer = io.BytesIO()
    options = "".join(f" --only {name}" for name in only)
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        _add(archive, "setup.sh", SETUP_SCRIPT.encode(), 0o755)
        _add(archive, "run_autograder", RUN_SCRIPT.format(only=options).encode(), 0o755)
        for name in SHIPPED_FILES:
            _add(archive, f"kit/{name}", (layout.root / name).read_bytes(), 0o644)
        for tree in SHIPPED_TREES:
            for path in sorted((layout.root / tree).rglob("*")):
                if path.is_file() and "__pycache__" not in path.parts:
                    _add(archive, f"kit/{path.relative_to(layout.root).as_posix()}", path.read_bytes(), 0o644)
        count = len(archive.namelist())
    write_atomically(out, buffer.getvalue())
    return count


def _add(archive: zipfile.ZipFile, name: str, data: bytes, mode: int) -> None:
    info = zipfile.ZipInfo(name)
    info.compress_type = zipfile.ZIP_DEFLATED
    info.external_attr = (0o100000 | mode) << 16
    archive.writestr(info, data)
