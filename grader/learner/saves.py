"""Noticing that a learner has saved files of the course, without waiting for it."""

from __future__ import annotations

import contextlib
import os
import subprocess
from pathlib import Path

import msgspec

from grader.course.layout import Layout
from grader.course.passed_over import is_passed_over
from grader.judge.launch import boot_command

CHUNK_BYTES = 1 << 16
PROCESS = "grader.learner.save_process"
KINDS = (".py", ".ipynb", ".md")


class Saves:
    """The files that were saved since the last look. Use it as a context.

    `descriptor` is ready to be read when there is something to tell. What was saved before the process watched is
    found by its time.
    """

    def __init__(self, layout: Layout) -> None:
        self.folder = layout.exercises
        self.before = _times(self.folder)
        self.started = False
        self.rest = b""
        command = boot_command(PROCESS, str(self.folder))
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self.process.stdout is not None
        self.descriptor = self.process.stdout.fileno()

    def __enter__(self) -> Saves:
        return self

    def __exit__(self, *_: object) -> None:
        for stream in (self.process.stdin, self.process.stdout):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(2)
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    @property
    def is_over(self) -> bool:
        """Whether the process has ended, so that nothing will ever be noticed."""
        return self.process.poll() is not None

    def read(self) -> tuple[Path, ...]:
        """What was saved, once the descriptor is ready. Empty where the process had something else to say."""
        data = os.read(self.descriptor, CHUNK_BYTES)
        *lines, self.rest = (self.rest + data).split(b"\n")
        found = {Path(path) for line in lines for path in msgspec.json.decode(line, type=list[str])}
        if lines and not self.started:
            self.started = True
            found |= _changed(self.before, _times(self.folder))
        return tuple(sorted(found))


def _times(folder: Path) -> dict[Path, int]:
    """When each file that may hold an answer was written last."""
    found = {}
    for path in folder.resolve().rglob("*"):
        if is_work(path, folder.resolve()):
            with contextlib.suppress(OSError):
                found[path] = path.stat().st_mtime_ns
    return found


def is_work(path: Path, folder: Path) -> bool:
    """Whether the path may hold an answer; editors' own files, caches and environments do not."""
    return path.suffix.lower() in KINDS and not any(map(is_passed_over, path.relative_to(folder).parts))


def _changed(before: dict[Path, int], after: dict[Path, int]) -> set[Path]:
    return {path for path in before.keys() | after.keys() if before.get(path) != after.get(path)}
