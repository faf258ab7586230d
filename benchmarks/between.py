"""Two checkouts of the kit against one another, in turn within one run: is the newer one slower?

.venv/bin/python benchmarks/between.py BEFORE AFTER [rounds] [students]

Both run with this interpreter and its libraries, each on its own exercises, solutions and suites.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from timing import Contender, command, compare

PYTHON = sys.executable
SCORED = ("ch3_attention/softmax", "ch3_attention/scaled_dot_product", "ch3_attention/multi_head")
WRONG_EVERY = 3


class Side:
    """One checkout: a kit whose exercises are solved, and a class that has handed in."""

    def __init__(self, checkout: Path, folder: Path, students: int) -> None:
        self.env = {**os.environ, "PYTHONPATH": str(checkout)}
        self.kit = folder / "kit"
        for name in ("solutions", "tests/graded", "exercises", "data"):
            shutil.copytree(checkout / name, self.kit / name, ignore=shutil.ignore_patterns("__pycache__"))
        for path in (self.kit / "solutions").rglob("*.py"):
            shutil.copy(path, self.kit / "exercises" / path.relative_to(self.kit / "solutions"))
        self.out = folder / "out"
        self.right, self.mixed = folder / "right", folder / "mixed"
        for number in range(students):
            self._hand_in(self.right, number, mistaken=False)
            self._hand_in(self.mixed, number, mistaken=number % WRONG_EVERY == 0)

    def _hand_in(self, people: Path, number: int, mistaken: bool) -> None:
        for name in SCORED:
            text = (self.kit / "solutions" / f"{name}.py").read_text(encoding="utf-8")
            if mistaken:
                text = text.replace("return ", "return 2 * ", 1) if name == SCORED[0] else text
            path = people / f"student{number:03}" / f"{name}.py"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"{text}\n# {number}\n", encoding="utf-8")

    def grader(self, *words: str) -> Callable[[], None]:
        return command(PYTHON, "-m", "grader", *words, cwd=str(self.kit), env=self.env)

    def forget(self) -> None:
        shutil.rmtree(self.kit / ".grader", ignore_errors=True)
        shutil.rmtree(self.out, ignore_errors=True)

    def score(self, people: Path) -> Callable[[], None]:
        only = [word for name in SCORED for word in ("--only", name)]
        return self.grader("score", str(people), "--out", str(self.out), "--seed", "1", *only)

    def contenders(self, label: str) -> list[Contender]:
        """What is timed, under the same names on both sides."""
        return [
            Contender(f"{label} list", self.grader("list")),
            Contender(f"{label} check one_hot (NumPy), cold", self.grader("check", "one_hot"), self.forget),
            Contender(f"{label} check softmax (torch), cold", self.grader("check", "softmax"), self.forget),
            Contender(f"{label} check softmax, unchanged", self.grader("check", "softmax")),
            Contender(f"{label} check multi_head and before, cold", self.grader("check", "multi_head"), self.forget),
            Contender(f"{label} score, all right", self.score(self.right), self.forget),
            Contender(f"{label} score, every third wrong", self.score(self.mixed), self.forget),
        ]


def main(before: Path, after: Path, rounds: int, students: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        sides = [
            Side(checkout.resolve(), Path(folder) / name, students).contenders(name)
            for name, checkout in (("before", before), ("after", after))
        ]
        medians = compare([one for pair in zip(*sides, strict=True) for one in pair], rounds)
    print(f"{'':<40}{'before':>9}{'after':>9}{'ratio':>8}")
    for old, new in zip(*sides, strict=True):
        a, b = medians[old.name], medians[new.name]
        print(f"{old.name.removeprefix('before '):<40}{a:>9.3f}{b:>9.3f}{b / a:>8.2f}")


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    numbers = [int(word) for word in sys.argv[3:]]
    main(Path(sys.argv[1]), Path(sys.argv[2]), *(numbers + [5, 12][len(numbers) :]))
