"""From a save to the first verdict on the screen of `grader watch`, against `import torch` and a cold check.

.venv/bin/python benchmarks/watch.py [SAVES] [EXERCISE|CHAPTER …]
"""

from __future__ import annotations

import os
import pty
import re
import select
import shutil
import signal
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from timing import command

from grader.course.curriculum import Curriculum, Exercise, load_curriculum
from grader.course.files import write_atomically
from grader.course.layout import Layout

ROOT = Path(__file__).resolve().parents[1]
TORCH = (sys.executable, "-c", "import torch")
FIRST_VERDICT = re.compile(rb"[1-9]\d* of \d+ tests?")
PATIENCE_SECONDS = 300.0


@dataclass(frozen=True)
class Timed:
    """One exercise: medians in seconds."""

    exercise: str
    first_verdict: float
    torch: float
    cold: float


class Watched:
    """A watch on a terminal of its own. What is written to it is read, and forgotten before each save."""

    def __init__(self, folder: Path) -> None:
        self.pid, self.descriptor = pty.fork()
        if self.pid == 0:
            os.chdir(folder)
            environment = {**os.environ, "TERM": "xterm-256color", "PYTHONPATH": str(ROOT)}
            os.execve(sys.executable, [sys.executable, "-m", "grader", "watch"], environment)

    def seconds_until(self, pattern: re.Pattern[bytes]) -> float:
        """How long it takes until this is written."""
        started, seen = time.perf_counter(), b""
        while not pattern.search(seen):
            left = PATIENCE_SECONDS - (time.perf_counter() - started)
            if left <= 0 or not select.select([self.descriptor], [], [], left)[0]:
                raise TimeoutError(f"{pattern.pattern!r} did not come: {seen[-500:]!r}")
            seen += os.read(self.descriptor, 1 << 16)
        return time.perf_counter() - started

    def quiet(self, seconds: float = 0.4) -> None:
        """Read until nothing more comes."""
        while select.select([self.descriptor], [], [], seconds)[0]:
            os.read(self.descriptor, 1 << 16)


@contextmanager
def watched(folder: Path) -> Iterator[Watched]:
    found = Watched(folder)
    try:
        yield found
    finally:
        os.kill(found.pid, signal.SIGTERM)
        os.waitpid(found.pid, 0)
        os.close(found.descriptor)


def solved_course(folder: Path) -> Layout:
    """The course with every exercise solved."""
    for name in ("solutions", "tests/graded", "data"):
        shutil.copytree(ROOT / name, folder / name)
    shutil.copytree(ROOT / "solutions", folder / "exercises")
    return Layout(folder)


def timed(layout: Layout, curriculum: Curriculum, exercise: Exercise, watch: Watched, saves: int) -> Timed:
    """Each save is a change: a comment with its number. The first, which may check earlier parts, does not count."""
    path, seconds = layout.exercise_file(exercise.name), []
    text = path.read_text(encoding="utf-8")
    for number in range(saves + 1):
        watch.quiet()
        write_atomically(path, f"{text}\n# {number}\n")
        took = watch.seconds_until(FIRST_VERDICT if number else re.compile(rb"passed"))
        seconds.append(took)
    name = curriculum.shortest_name(exercise)
    check = (sys.executable, "-m", "grader", "check", name, "--no-cache")
    return Timed(
        exercise.name,
        statistics.median(seconds[1:]),
        statistics.median(_seconds_of(TORCH, layout.root) for _ in range(3)),
        _seconds_of(check, layout.root),
    )


def _seconds_of(words: tuple[str, ...], folder: Path) -> float:
    started = time.perf_counter()
    command(*words, cwd=str(folder), env={**os.environ, "PYTHONPATH": str(ROOT)})()
    return time.perf_counter() - started


def main(arguments: list[str]) -> None:
    saves = int(arguments[0]) if arguments else 20
    with tempfile.TemporaryDirectory() as folder:
        layout = solved_course(Path(folder))
        curriculum = load_curriculum(layout)
        chosen = [e for e in curriculum.find_all(arguments[1:]) or curriculum.graded if not e.manually_graded]
        found = []
        print(f"{'exercise':<36}{'seconds':>9}{'of torch':>10}{'of a cold check':>17}", flush=True)
        with watched(Path(folder)) as watch:
            for exercise in chosen:
                one = timed(layout, curriculum, exercise, watch, saves)
                found.append(one)
                ratios = f"{one.first_verdict / one.torch:>10.3f}{one.first_verdict / one.cold:>17.3f}"
                print(f"{one.exercise:<36}{one.first_verdict:>9.3f}{ratios}", flush=True)
    torch = statistics.median(one.torch for one in found)
    middle = statistics.median(one.first_verdict for one in found)
    slowest = max(found, key=lambda one: one.first_verdict)
    print(f"import torch takes {torch:.2f} s; of that the median exercise takes {middle / torch:.3f},")
    print(f"the slowest one, {slowest.exercise}, {slowest.first_verdict / torch:.3f}")


if __name__ == "__main__":
    main(sys.argv[1:])
