"""One run of the learner's own `train_gpt`: progress, samples on the way, a checkpoint that goes on, its losses."""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from grader.learner.run_record import RunRecord, keep_record, record_of
from grader.learner.sampling import Sampler, moments_of
from grader.learner.writing import Moment

LOSSES_IN_MEAN = 20  # of single batches, so that the figure at a moment is not that of one draw


@dataclass(frozen=True)
class Step:
    """How far a training run is. Losses are in nats per token; `floor` is None where nobody knows it."""

    step: int
    steps: int
    loss: float
    floor: float | None
    seconds_left: float
    tokens_per_second: float


@dataclass(frozen=True)
class Losses:
    """A run's losses: `training[i]` is that of step i + 1, `held_out` has pairs of step and loss."""

    training: tuple[float, ...]
    held_out: tuple[tuple[int, float], ...]


@dataclass(frozen=True)
class Trained:
    """What a run came to. `taken` steps were taken now, the others by an earlier run."""

    losses: Losses
    moments: tuple[Moment, ...]
    taken: int

    @property
    def steps(self) -> int:
        return len(self.losses.training)


@dataclass(frozen=True)
class Plan:
    """A run as it is asked for. `settings` is the learner's TrainSettings; `about` tells this run from others."""

    settings: Any
    about: dict[str, str]
    checkpoint: Path | None = None
    floor: float | None = None


def run(lesson: Any, sampler: Sampler, ids: tuple[Any, Any], plan: Plan, report: Callable[[Step], None]) -> Trained:
    """Train the sampler's model on the first of `ids`, evaluated on the second, by the learner's `lesson`."""
    watcher = _Watcher(sampler, plan, report, record_of(plan.checkpoint, plan.about))
    result = lesson.train_gpt(sampler.model, *ids, plan.settings, plan.checkpoint, watcher)
    training = tuple(float(loss) for loss in result.losses)
    evaluated = [step for step in watcher.record.evaluated() if step <= len(training)]
    values = [float(loss) for loss in result.val_losses]
    held_out = tuple(zip(evaluated, values, strict=True)) if len(evaluated) == len(values) else ()
    return Trained(Losses(training, held_out), watcher.record.moments, watcher.taken)


@dataclass
class _Watcher:
    """Hears of each step. The first one of a run that goes on sets the pace anew."""

    sampler: Sampler
    plan: Plan
    report: Callable[[Step], None]
    record: RunRecord
    taken: int = 0
    started: float = 0.0
    sampling: float = 0.0
    latest: deque[float] = field(default_factory=lambda: deque(maxlen=LOSSES_IN_MEAN))

    def __call__(self, step: int, loss: float, *_: object) -> None:
        settings = self.plan.settings
        if not self.taken:
            self.started = time.monotonic()
            self._keep(self.record.begun_at(step, settings.eval_every, settings.steps))
        self.taken += 1
        self.latest.append(float(loss))
        pace = (time.monotonic() - self.started - self.sampling) / (self.taken - 1) if self.taken > 1 else math.nan
        tokens = settings.batch_size * settings.context
        self.report(
            Step(step, settings.steps, float(loss), self.plan.floor, pace * (settings.steps - step), tokens / pace)
        )
        if step in moments_of(settings.steps):
            self._sample(step)

    def _sample(self, step: int) -> None:
        began = time.monotonic()
        mean = sum(self.latest) / len(self.latest)
        self._keep(self.record.with_moment(Moment(step, mean, self.sampler.sample(self.plan.settings.seed + step))))
        self.sampling += time.monotonic() - began

    def _keep(self, record: RunRecord) -> None:
        self.record = record
        if self.plan.checkpoint is not None:
            keep_record(self.plan.checkpoint, record)
