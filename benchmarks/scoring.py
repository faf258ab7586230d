"""Submissions per minute: `grader score` on a class, against plain pytest in a fresh process for each submission.

    .venv/bin/python benchmarks/scoring.py [submissions] [pytest runs]

pytest is timed before and after, half of its runs each. Then a class in which four files of ten hold a listed mistake,
and the first class with `--dask`, one worker against two, where `distributed` is installed.
"""

from __future__ import annotations

import os
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from grader.course.layout import Layout
from grader.course.mistakes import load_mutants

ROOT = Path(__file__).resolve().parents[1]
EXERCISES = ("ch3_attention/softmax", "ch3_attention/scaled_dot_product", "ch3_attention/multi_head")
MISTAKEN = 0.4
PLAIN = """
import torch
from ch3_attention.softmax import softmax
from ch3_attention.scaled_dot_product import scaled_dot_product_attention
from ch3_attention.multi_head import MultiHeadAttention


def test_softmax():
    x = torch.randn(3, 5)
    torch.testing.assert_close(softmax(x, 1), torch.softmax(x, 1))


def test_attention():
    q, k, v = torch.randn(2, 4, 8), torch.randn(2, 6, 8), torch.randn(2, 6, 5)
    out, _ = scaled_dot_product_attention(q, k, v)
    torch.testing.assert_close(out, torch.nn.functional.scaled_dot_product_attention(q, k, v))


def test_heads():
    layer = MultiHeadAttention(8, 2)
    layer(torch.randn(3, 5, 8)).sum().backward()
    assert layer.q_proj.weight.grad is not None
"""


def main(count: int, sample: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        people, mixed = Path(folder) / "class", Path(folder) / "mixed"
        _hand_in(people, count, lambda name: (ROOT / "solutions" / (name + ".py")).read_text())
        _hand_in(mixed, count, _sometimes_mistaken(random.Random(1)))
        students = sorted(people.iterdir())[:sample]
        plain = _plain(students[: sample // 2])
        ours = _score(people, Path(folder) / "out")
        plain += _plain(students[sample // 2 :])
        wrong = _score(mixed, Path(folder) / "mixed-out")
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
        dask = {workers: _score_with_dask(people, Path(folder) / f"dask{workers}", workers) for workers in (1, 2)}
    print(f"grader score   {60 * count / ours:8.1f} submissions per minute ({count} distinct, {ours:.1f} s)")
    print(f"plain pytest   {60 * sample / plain:8.1f} submissions per minute ({sample} runs of 3 tests, one by one)")
    print(f"ratio          {(count / ours) / (sample / plain):8.1f}")
    print(f"with mistakes  {60 * count / wrong:8.1f} submissions per minute (each named, earlier parts judged twice)")
    print(f"largest process {peak:7.0f} MiB")
    for workers, seconds in dask.items():
        if seconds is not None:
            print(f"--dask, {workers} worker{'s' * (workers > 1):<2}{60 * count / seconds:8.1f} submissions per minute")


def _hand_in(people: Path, count: int, text_of: Callable[[str], str]) -> None:
    for number in range(count):
        for name in EXERCISES:
            path = people / f"student{number:03}" / (name + ".py")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text_of(name) + f"\n# {number}\n")


def _sometimes_mistaken(chance: random.Random) -> Callable[[str], str]:
    layout = Layout(ROOT)
    mutants = {name: load_mutants(layout, name) for name in EXERCISES}

    def text_of(name: str) -> str:
        right = (ROOT / "solutions" / (name + ".py")).read_text()
        return chance.choice(mutants[name]).source if chance.random() < MISTAKEN else right

    return text_of


def _score_with_dask(people: Path, out: Path, workers: int) -> float | None:
    """The seconds on a scheduler of this machine that was started beforehand."""
    try:
        from distributed import LocalCluster
    except ImportError:
        return None
    options = {"n_workers": workers, "threads_per_worker": 1, "processes": True, "dashboard_address": None}
    with LocalCluster(**options) as cluster:  # type: ignore[no-untyped-call]  # untyped in distributed
        return _score(people, out, "--dask", cluster.scheduler_address)


def _score(people: Path, out: Path, *more: str) -> float:
    options = [*more, *(word for name in EXERCISES for word in ("--only", name))]
    started = time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", "grader", "score", str(people), "--out", str(out), *options],
        cwd=ROOT,
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    return time.perf_counter() - started


def _plain(students: list[Path]) -> float:
    started = time.perf_counter()
    for student in students:
        shutil.copy(ROOT / "solutions/ch3_attention/masks.py", student / "ch3_attention")
        test = student / "test_plain.py"
        test.write_text(PLAIN)
        environment = {**os.environ, "PYTHONPATH": str(student)}
        subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(test)],
            env=environment,
            check=True,
            stdout=subprocess.DEVNULL,
        )
    return time.perf_counter() - started


if __name__ == "__main__":
    numbers = [int(word) for word in sys.argv[1:]]
    main(*(numbers + [100, 6][len(numbers) :]))
