"""The process that notices saves: a line for each batch of files, until the command's end of its input closes.

It is a process of its own because the library that watches keeps threads, and the command forks.
"""

from __future__ import annotations

import signal
import sys
import threading
from pathlib import Path

import msgspec
from watchfiles import Change, watch

from grader.learner.saves import is_work

DEBOUNCE_MS = 200  # a batch takes no longer than this to be gathered
QUIET_MS = 20  # and ends when nothing was written for so long
LOOK_UP_MS = 500


def start(arguments: list[str]) -> None:
    """`FOLDER`: print `[]` once it is watched, then the paths of each batch."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C goes to the whole group; the command decides
    folder = Path(arguments[0]).resolve()
    ended = threading.Event()
    threading.Thread(target=_wait_for_the_end, args=(ended,), daemon=True).start()

    def filtered(_: Change, path: str) -> bool:
        return is_work(Path(path), folder)

    batches = watch(
        folder, watch_filter=filtered, debounce=DEBOUNCE_MS, step=QUIET_MS, rust_timeout=LOOK_UP_MS,
        yield_on_timeout=True, stop_event=ended, raise_interrupt=False,
    )  # fmt: skip
    for number, changes in enumerate(batches):
        if changes or not number:
            line = msgspec.json.encode(sorted({path for _, path in changes}))
            sys.stdout.buffer.write(line + b"\n")
            sys.stdout.buffer.flush()


def _wait_for_the_end(ended: threading.Event) -> None:
    sys.stdin.buffer.read()
    ended.set()
