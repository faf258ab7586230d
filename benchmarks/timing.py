"""Commands timed in turn within one run, compared as ratios of medians: the machines are noisy."""

from __future__ import annotations

import statistics
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Contender:
    """Something to time. `before` restores the state that each round begins with, untimed."""

    name: str
    run: Callable[[], None]
    before: Callable[[], None] = lambda: None


def command(*words: str, cwd: str | None = None, env: dict[str, str] | None = None) -> Callable[[], None]:
    """A process to wait for. Its exit code is not looked at: a check that finds something returns 1."""

    def run() -> None:
        subprocess.run(words, cwd=cwd, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)

    return run


def compare(contenders: list[Contender], rounds: int) -> dict[str, float]:
    """Median seconds of each, the contenders taking turns, after one round that does not count."""
    seconds: dict[str, list[float]] = {contender.name: [] for contender in contenders}
    for number in range(rounds + 1):
        for contender in contenders:
            contender.before()
            started = time.perf_counter()
            contender.run()
            if number:
                seconds[contender.name].append(time.perf_counter() - started)
    return {name: statistics.median(found) for name, found in seconds.items()}


def table(medians: dict[str, float], base: str) -> str:
    """One line each: the median and its ratio to the base."""
    lines = [f"{'':<46}{'seconds':>9}{'ratio':>8}"]
    lines += [f"{name:<46}{value:>9.3f}{value / medians[base]:>8.2f}" for name, value in medians.items()]
    return "\n".join(lines)
