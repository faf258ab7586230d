"""Python finds the learner's exercises: `import ch3_attention.softmax`, and a file run by its path that imports others.

That holds in the kit's own environment, `.venv` in its folder, and in no other: there may be a second kit beside this.
"""

from __future__ import annotations

import contextlib
import sys
import sysconfig
from pathlib import Path

from grader.course.files import write_atomically
from grader.course.layout import Layout

FILE = "transformer-kit-exercises.pth"
# Last, so that whatever a program puts on its path goes before. Not under -P and -I: judging processes are started so,
# and see no tree but the one that they are given.
LINE = "import sys; sys.flags.safe_path or sys.path.append({path!a})\n"


def let_python_find(layout: Layout) -> None:
    """Write the line that every Python of the kit's environment runs when it starts, if it is not there yet."""
    if layout.work is not None or not Path(sys.prefix).is_relative_to(layout.root.resolve()):
        return
    file = Path(sysconfig.get_path("purelib"), FILE)
    line = LINE.format(path=str(layout.exercises.resolve()))
    with contextlib.suppress(OSError):
        if not file.exists() or file.read_text(encoding="utf-8", errors="replace") != line:
            write_atomically(file, line)
