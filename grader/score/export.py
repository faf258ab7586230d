"""Gradescope's autograder archive: the kit, a set-up script and a run script.

The set-up runs on Gradescope's own default image, whose Python is older than the kit's: it brings one with uv. The run
always leaves a `results.json`: the student and the instructor are told when the fault is the grader's own.
"""

from __future__ import annotations

import io
import json
import secrets
import zipfile
from pathlib import Path

from grader.course.constraints import pinned
from grader.course.files import files_below, write_atomically
from grader.course.layout import Layout
from grader.judge.job_builder import SEED_BITS

PYTHON = "3.11"

SETUP_SCRIPT = """#!/usr/bin/env bash
# Runs once, when the image is built. The default image will do: Ubuntu 22.04 with any Python 3.
set -euo pipefail
export UV_PYTHON_INSTALL_DIR=/autograder/python
cd /autograder/source/kit
if ! python3 -m pip --version >/dev/null 2>&1; then
  apt-get update
  apt-get install -y python3 python3-pip
fi
python3 -m pip install uv || python3 -m pip install --break-system-packages uv
python3 -m uv venv --python {python} /autograder/venv || {{
  echo "Python {python} could not be had: choose Gradescope's base image Ubuntu 22.04 or newer" >&2
  exit 1
}}
python3 -m uv pip install --python /autograder/venv/bin/python '{torch}' --index-url https://download.pytorch.org/whl/cpu
python3 -m uv pip install --python /autograder/venv/bin/python -c constraints.txt -e .
/autograder/venv/bin/grader doctor || true  # for the build's log: which sandbox there is
"""

RUN_SCRIPT = """#!/usr/bin/env bash
# Runs for each submission. The verdict is made outside of the process that runs the student's code.
set -uo pipefail
results=/autograder/results/results.json
work=$(mktemp -d || mktemp -d -p /tmp)
trap 'rm -rf "$work"' EXIT
cd /autograder/source/kit
mkdir -p /autograder/results "$work/class"
cp fault.json "$results"  # whatever ends this run, there is something to show
cp -r /autograder/submission "$work/class/student" >"$work/said" 2>&1
code=$?
if [ "$code" -eq 0 ]; then
  /autograder/venv/bin/grader score "$work/class" --out "$work/out" --pattern plain --seed {seed}{only} \\
    >"$work/said" 2>&1
  code=$?
fi
cat "$work/said"
if [ -s "$work/out/gradescope/student/results.json" ]; then
  cp "$work/out/gradescope/student/results.json" "$results"
else
  /autograder/venv/bin/python {fault} "$code" "$work/said" >"$results" || cp fault.json "$results"
fi
"""

FAULT_SCRIPT = Path(__file__).with_name("gradescope_fault.py")
# For where not even the script runs that says why.
FAULT = {
    "score": 0,
    "output": "Your work was not judged: the autograder itself failed. This is not your fault. "
    "Please tell your instructor, who can run it again.",
}

SHIPPED_TREES = ("grader", "solutions", "tests/graded", "data", "exercises")
SHIPPED_FILES = ("pyproject.toml", "constraints.txt", "README.md")


def write_gradescope(layout: Layout, out: Path, only: list[str], seed: int | None = None) -> int:
    """Write the archive and return the number of its files. Only those who may see solutions may have it.

    The whole class is judged under one seed, drawn here unless it is given.
    """
    buffer = io.BytesIO()
    options = "".join(f" --only {name}" for name in only)
    seed = secrets.randbits(SEED_BITS) if seed is None else seed
    setup = SETUP_SCRIPT.format(python=PYTHON, torch=pinned(layout, "torch"))
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        _add(archive, "setup.sh", setup.encode(), 0o755)
        _add(
            archive,
            "run_autograder",
            RUN_SCRIPT.format(only=options, seed=seed, fault=FAULT_SCRIPT.name).encode(),
            0o755,
        )
        _add(archive, f"kit/{FAULT_SCRIPT.name}", FAULT_SCRIPT.read_bytes(), 0o644)
        _add(archive, "kit/fault.json", json.dumps(FAULT).encode(), 0o644)
        for name in SHIPPED_FILES:
            _add(archive, f"kit/{name}", (layout.root / name).read_bytes(), 0o644)
        for tree in SHIPPED_TREES:
            for path in files_below(layout.root / tree):
                _add(archive, f"kit/{path.relative_to(layout.root).as_posix()}", path.read_bytes(), 0o644)
        count = len(archive.namelist())
    write_atomically(out, buffer.getvalue())
    return count


def _add(archive: zipfile.ZipFile, name: str, data: bytes, mode: int) -> None:
    info = zipfile.ZipInfo(name)
    info.compress_type = zipfile.ZIP_DEFLATED
    info.external_attr = (0o100000 | mode) << 16
    archive.writestr(info, data)
