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
from grader.learner.train_loop import Step
from grader.learner.training import Request
from grader.learner.training import train as train_gpt
from grader.learner.translating import train_translator
from grader.render.live import SECONDS_BETWEEN_LINES, LiveLine
from grader.render.loss_figure import loss_figure
from grader.render.terminal import Lines, make_console
from grader.render.training import floors_of, interrupted_text, step_text, trained_lines, unit_of
from grader.render.translation import translator_trained_lines

FILE = click.Path(path_type=Path)
GPT_STEPS, TRANSLATOR_STEPS = 1600, 400
AT_LEAST_ONE = click.IntRange(min=1)
WITH_A_TEXT = MappingProxyType(
    {name: f"--{name}" for name in ("tokenizer", "vocabulary", "width", "layers", "heads")} | {"window": "--context"}
)


@click.command()
@click.argument("model", type=click.Choice(["gpt", "translator"]), default="gpt")
@click.option("--text", type=FILE, help="A text of your own to train on, UTF-8. Without it: the kit's text.")
@click.option("--out", type=FILE, help="The folder for the trained model.  [my-gpt, my-translator]")
@click.option("--steps", type=AT_LEAST_ONE, help="Steps in all.  [1600, the translator 400]")
@click.option("--device", default="cpu", show_default=True, help="cpu, cuda or mps.")
@click.option("--checkpoint", type=FILE, help="The run is saved here and continues from here.  [with --text: in --out]")
@click.option("--anew", is_flag=True, help="Begin again, even if there is a checkpoint or a model.")
@click.option("--tokenizer", type=click.Choice(["characters", "bytes"]), help="How --text is cut into tokens.")
@click.option("--vocabulary", type=click.IntRange(min=256), help="Tokens in all, with --tokenizer bytes.  [512]")
@click.option(
    "--context", "window", type=AT_LEAST_ONE, default=64, show_default=True, help="Tokens in a window of --text."
)
@click.option("--width", type=AT_LEAST_ONE, default=64, show_default=True, help="Size of a vector, with --text.")
@click.option("--layers", type=AT_LEAST_ONE, default=2, show_default=True, help="Blocks, with --text.")
@click.option("--heads", type=AT_LEAST_ONE, default=4, show_default=True, help="Heads of a block, with --text.")
@click.option("--picture", type=FILE, help="The figure of the losses.  [losses.png; with --text: in --out]")
@click.pass_context
def train(context: click.Context, /, model: str, **asked: Any) -> None:
    """Train your own GPT, and see what it writes.

    The exercises train and gpt must be done, and the exercises that they need. If a stopped run has a checkpoint, the
    same command continues it. `grader train translator` trains your translator on the kit's pairs of sentences.
    """
    given = {name for name in asked if context.get_parameter_source(name) is ParameterSource.COMMANDLINE}
    if model == "translator":
        _train_translator(asked, given)
    else:
        _refuse_what_does_not_fit(asked, given)
        _train_gpt(asked)


def _train_gpt(asked: dict[str, Any]) -> None:
    picture, size = asked.pop("picture"), asked.pop("window")
    out, steps = asked.pop("out") or Path("my-gpt"), asked.pop("steps") or GPT_STEPS
    request = Request(out=out, steps=steps, context=size, **asked)
    place = picture or (Path("losses.png") if request.text is None else request.out / "losses.png")
    with own_code() as (course, code):
        try:
            with LiveLine(sys.stderr, SECONDS_BETWEEN_LINES) as line:
                done = train_gpt(course.layout, code, request, lambda step: _show(line, step))
        except KeyboardInterrupt:
            echo(interrupted_text(request.place_of_checkpoint), err=True)
            raise
    write_atomically(place, loss_figure(done.trained.losses, floors_of(done.writing), unit_of(done.writing)))
    trained_lines(done, Lines(make_console()), str(place))


def _train_translator(asked: dict[str, Any], given: set[str]) -> None:
    if others := given - {"out", "steps", "device"}:
        raise click.UsageError(f"--{min(others)} is for the GPT; the translator takes --out, --steps and --device")
    out, steps = asked["out"] or Path("my-translator"), asked["steps"] or TRANSLATOR_STEPS
    with own_code() as (course, code), LiveLine(sys.stderr, SECONDS_BETWEEN_LINES) as line:
        done = train_translator(course.layout, code, out, steps, asked["device"], lambda step: _show(line, step))
    translator_trained_lines(done, Lines(make_console()))


def _show(line: LiveLine, step: Step) -> None:
    line.show(step_text(step), step.step == step.steps)


def _refuse_what_does_not_fit(asked: dict[str, Any], given: set[str]) -> None:
    """The kit's text has a known floor for one model: its sizes stand fast."""
    if asked["text"] is None and (needless := given & WITH_A_TEXT.keys()):
        option = WITH_A_TEXT[min(needless)]
        raise click.UsageError(f"{option} goes with --text FILE: the model for the kit's own text has fixed sizes")
    if asked["width"] % asked["heads"]:
        raise click.UsageError(f"a width of {asked['width']} cannot be shared by {asked['heads']} heads")
    if asked["tokenizer"] == "characters" and asked["vocabulary"] is not None:
        raise click.UsageError("--vocabulary goes with --tokenizer bytes; with characters, the text sets the size")
