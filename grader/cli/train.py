"""A learner's `grader train`: their own model and loop, in this process."""

from __future__ import annotations

import sys
from pathlib import Path
from types import MappingProxyType
from typing import Any

import click
from click.core import ParameterSource

from grader.cli.echo import echo
from grader.cli.own_code import own_code
from grader.course.files import write_atomically
from grader.learner.training import Request
from grader.learner.training import train as train_gpt
from grader.render.live import SECONDS_BETWEEN_LINES, LiveLine
from grader.render.loss_figure import loss_figure
from grader.render.terminal import Lines, make_console
from grader.render.training import floors_of, interrupted_text, step_text, trained_lines, unit_of

FILE = click.Path(path_type=Path)
AT_LEAST_ONE = click.IntRange(min=1)
WITH_A_TEXT = MappingProxyType(
    {name: f"--{name}" for name in ("tokenizer", "vocabulary", "width", "layers", "heads")} | {"window": "--context"}
)


@click.command()
@click.option("--text", type=FILE, help="A text of your own to train on, UTF-8. Otherwise it is the kit's.")
@click.option("--out", type=FILE, default="my-gpt", show_default=True, help="The folder for the trained model.")
@click.option("--steps", type=AT_LEAST_ONE, default=1600, show_default=True, help="Steps in all.")
@click.option("--device", default="cpu", show_default=True, help="cpu, cuda or mps.")
@click.option("--checkpoint", type=FILE, help="A file to write, and to go on from. With --text it is in the folder.")
@click.option("--anew", is_flag=True, help="Begin again where there is a checkpoint or a model already.")
@click.option("--tokenizer", type=click.Choice(["characters", "bytes"]), help="How --text is cut into tokens.")
@click.option("--vocabulary", type=click.IntRange(min=256), help="Tokens, where they are bytes and pairs.  [512]")
@click.option(
    "--context", "window", type=AT_LEAST_ONE, default=64, show_default=True, help="Tokens in a window of --text."
)
@click.option("--width", type=AT_LEAST_ONE, default=64, show_default=True, help="Numbers in a vector, with --text.")
@click.option("--layers", type=AT_LEAST_ONE, default=2, show_default=True, help="Blocks, with --text.")
@click.option("--heads", type=AT_LEAST_ONE, default=4, show_default=True, help="Heads of a block, with --text.")
@click.option("--picture", type=FILE, help="Where the losses are drawn.  [losses.png, with --text in the folder]")
@click.pass_context
def train(context: click.Context, /, picture: Path | None, anew: bool, checkpoint: Path | None, **asked: Any) -> None:
    """Train your own GPT on the kit's text, or on any other, and see what it writes.

    The exercises train, gpt and what they need must be done. A run that was stopped goes on with the same command
    where it has a checkpoint.
    """
    _refuse_what_needs_a_text(context)
    size = asked.pop("window")
    request = Request(anew=anew, checkpoint=checkpoint, context=size, **asked)
    place = picture or (Path("losses.png") if request.text is None else request.out / "losses.png")
    with own_code() as (course, code):
        try:
            with LiveLine(sys.stderr, SECONDS_BETWEEN_LINES) as line:
                done = train_gpt(
                    course.layout, code, request, lambda step: line.show(step_text(step), step.step == step.steps)
                )
        except KeyboardInterrupt:
            echo(interrupted_text(request.place_of_checkpoint), err=True)
            raise
    write_atomically(place, loss_figure(done.trained.losses, floors_of(done.writing), unit_of(done.writing)))
    trained_lines(done, Lines(make_console()), str(place))


def _refuse_what_needs_a_text(context: click.Context) -> None:
    """The kit's text has a known floor for one model: its sizes stand fast."""
    if context.params["text"] is not None:
        return
    for name, option in WITH_A_TEXT.items():
        if context.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            raise click.UsageError(f"{option} goes with --text FILE: the model for the kit's own text has fixed sizes")
