"""`grader train`: the learner's own GPT and training loop on the kit's text, with progress, on any device.

Unlike a check this runs the learner's code in this process, as they would themselves: nothing is judged.
"""

from __future__ import annotations

import math
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from grader.course import texts
from grader.course.layout import Layout
from grader.errors import UsageError
from grader.worker.loading import load_exercise

CONTEXT_TOKENS = 64
HELD_OUT_CHARACTERS = 20_000


@dataclass(frozen=True)
class Step:
    """How far a training run is. Losses are in nats per character."""

    step: int
    steps: int
    loss: float
    floor: float
    seconds_left: float


@dataclass(frozen=True)
class Trained:
    """What a run came to, on text drawn freshly from the grammar."""

    held_out: float
    floor: float
    picture: Path


def train(
    layout: Layout, device: str, steps: int, checkpoint: Path | None, picture: Path, report: Callable[[Step], None]
) -> Trained:
    """Train the learner's GPT with their own loop, and measure it on fresh text."""
    import torch  # heavy, and only this command needs it

    _check_device(torch, device)
    lesson, models = _learner(layout)
    place = {character: i for i, character in enumerate(texts.ALPHABET)}

    def encode(text: str) -> Any:
        return torch.tensor([place[character] for character in text], device=device)

    model = models.GPT(models.GPTConfig(len(place), CONTEXT_TOKENS, 64, 2, 4, 128)).to(device)
    settings = lesson.TrainSettings(
        steps=steps, batch_size=16, context=CONTEXT_TOKENS, max_lr=0.015, min_lr=0.0005,
        warmup_steps=max(1, steps // 8), weight_decay=0.01, max_norm=1.0, seed=0, eval_every=max(1, steps // 8),
    )  # fmt: skip
    floor = texts.floor()
    text = (layout.data / "language.txt").read_text(encoding="utf-8")
    train_ids, val_ids = encode(text[: -HELD_OUT_CHARACTERS // 10]), encode(text[-HELD_OUT_CHARACTERS // 10 :])
    result = lesson.train_gpt(model, train_ids, val_ids, settings, checkpoint, _Reporter(steps, floor, report))
    if hasattr(lesson, "plot_losses"):
        lesson.plot_losses(result, settings, floor, picture)
    fresh = encode(texts.fresh_text(HELD_OUT_CHARACTERS, time.time_ns() % 2**31))
    return Trained(float(lesson.evaluate(model, fresh, CONTEXT_TOKENS, 32)), floor, picture)


class _Reporter:
    """Turns each step into a report. The first step of a run that goes on sets the pace anew."""

    def __init__(self, steps: int, floor: float, report: Callable[[Step], None]) -> None:
        self.steps = steps
        self.floor = floor
        self.report = report
        self.first = 0
        self.started = 0.0

    def __call__(self, step: int, loss: float, *_: object) -> None:
        if not self.first:
            self.first, self.started = step, time.monotonic()
        done = step - self.first
        pace = (time.monotonic() - self.started) / done if done else math.nan
        self.report(Step(step, self.steps, float(loss), self.floor, pace * (self.steps - step)))


def _learner(layout: Layout) -> tuple[Any, Any]:
    root = layout.exercises
    models = load_exercise("ch5_models.gpt", layout.exercise_file("ch5_models/gpt"), root)
    lesson = load_exercise("ch6_training.train", layout.exercise_file("ch6_training/train"), root)
    return lesson, models


def _check_device(torch: Any, device: str) -> None:
    there = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    kind = device.split(":")[0]
    if not there.get(kind):
        found = ", ".join(name for name, available in there.items() if available)
        raise UsageError(f"there is no device {device!r} here", f"there is: {found}")


def is_of_a_stub(error: NotImplementedError, layout: Layout) -> bool:
    """Whether a stub of the learner's raised it. torch raises the same where it has no such operation."""
    innermost = traceback.extract_tb(error.__traceback__)[-1]
    own = Path(innermost.filename).resolve().is_relative_to(layout.exercises.resolve())
    return own and (innermost.line or "").startswith("raise NotImplementedError")
