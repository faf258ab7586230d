"""A learner's `grader train`: their own model and loop, in this process."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from grader.cli.course import open_course
from grader.cli.echo import echo
from grader.learner import training
from grader.render.live import SECONDS_BETWEEN_LINES, LiveLine
from grader.render.training import step_text, trained_text


@click.command()
@click.option("--device", default="cpu", show_default=True, help="cpu, cuda or mps.")
@click.option("--steps", default=1600, show_default=True, help="Steps in all.")
@click.option("--checkpoint", type=click.Path(path_type=Path), help="A file to write, and to go on from.")
@click.option("--picture", default="losses.png", show_default=True, type=click.Path(path_type=Path))
def train(device: str, steps: int, checkpoint: Path | None, picture: Path) -> None:
    """Train your own GPT on the kit's text, and see how near the floor it comes."""
    layout = open_course().layout
    try:
        with LiveLine(sys.stderr, SECONDS_BETWEEN_LINES) as line:
            done = training.train(
                layout, device, steps, checkpoint, picture,
                lambda step: line.show(step_text(step), step.step == step.steps),
            )  # fmt: skip
    except NotImplementedError as error:
        if not training.is_of_a_stub(error, layout):
            raise
        raise click.UsageError("gpt, train and what they need are still to do: `grader check train`") from None
    echo(trained_text(done))
