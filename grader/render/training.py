"""The words of `grader train`: each step, what the model wrote at moments of the run, and what the run came to."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

from grader.learner.train_loop import Step
from grader.learner.training import Done
from grader.learner.writing import Moment, Writing
from grader.render.terminal import Lines

MARGIN = 4


def step_text(step: Step) -> str:
    """Step, loss, floor, pace and the time left, once there is a pace to tell it from."""
    floor = "" if step.floor is None else f"  floor {step.floor:.3f}"
    return f"step {step.step} of {step.steps}  loss {step.loss:.3f}{floor}{_pace(step)}"


def _pace(step: Step) -> str:
    if math.isnan(step.seconds_left):
        return ""
    left = f"{step.seconds_left / 60:.1f} min" if step.seconds_left >= 60 else f"{step.seconds_left:.0f} s"
    return f"  {step.tokens_per_second:,.0f} tokens/s  {left} left"


def interrupted_text(checkpoint: Path | None) -> str:
    """What a run that was stopped by hand left behind."""
    if checkpoint is None:
        return "Stopped. Nothing of this run is kept. With --checkpoint FILE, a run can be continued."
    if not checkpoint.exists():
        return "Stopped before the first checkpoint, so the same command begins again."
    return f"Stopped. The same command continues from {checkpoint}."


def floors_of(writing: Writing) -> dict[str, float]:
    """The floors by their names in a figure, as far as they are known."""
    found = {
        f"floor for windows of {writing.context} characters": writing.reachable,
        "floor: the entropy": writing.floor,
    }
    return {name: floor for name, floor in found.items() if floor is not None}


def trained_lines(done: Done, lines: Lines, picture: str) -> None:
    """The samples beside their losses, then how near the floor the run came, and where everything is."""
    if done.trained.taken == 0:
        lines.line(f"No step was taken: {done.trained.steps} steps have been taken already.")
        lines.line("")
    _moments(done.writing, lines)
    for text in _losses(done):
        lines.line(text)
    lines.line("")
    lines.line(f"losses   {picture}")
    lines.line(f"model    {done.folder}")
    lines.line(f"try it   grader play{'' if str(done.folder) == 'my-gpt' else f' {done.folder}'}")


def _moments(writing: Writing, lines: Lines) -> None:
    if not writing.moments:
        return
    lines.line(f"What your model wrote during training (mean loss of the last steps, nats per {unit_of(writing)}):")
    for moment in writing.moments:
        lines.line("")
        lines.line(f"step {moment.step}, loss {moment.loss:.3f}", 0, "bold")
        for line in _sample(moment):
            lines.line(line, MARGIN)
    lines.line("")


def _sample(moment: Moment) -> Iterator[str]:
    """The sample's lines without empty ones at its ends; a line end that is all of it shows as such."""
    text = moment.text.strip("\n")
    yield from (line if line.strip() else "" for line in text.split("\n")) if text else ["(line ends alone)"]


def unit_of(writing: Writing) -> str:
    """What a loss is for."""
    return "character" if writing.floor is not None else "token"


def _losses(done: Done) -> Iterator[str]:
    writing = done.writing
    yield f"Loss on text that the model has not seen: {writing.held_out:.3f} nats per {unit_of(writing)}"
    if writing.reachable is not None and writing.floor is not None:
        above = writing.held_out - writing.reachable
        windows = f"floor for windows of {writing.context} characters"
        yield f"  {windows}: {writing.reachable:.3f}; the loss is {apart(above)}"
        yield f"  floor with all of the text before: {writing.floor:.3f}; a window cannot reach it"
    elif abs(done.characters_per_token - 1) > 0.01:
        yield (
            f"  {writing.held_out / done.characters_per_token:.3f} nats per character; a token has "
            f"{done.characters_per_token:.2f} characters"
        )
    first = done.trained.losses.training[0]
    yield f"  the first step's loss was {first:.3f}; the loss is {100 * writing.held_out / first:.0f} % of that"


def apart(above: float) -> str:
    """On a text of finite length a model may come out below the mean of all texts."""
    return f"{above:.3f} above it" if above >= 0 else f"{-above:.3f} below it, by chance in this text"
