"""A learner's `grader translate`: their own trained translator, with what it looked at."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from grader.cli.echo import echo
from grader.cli.own_code import own_code
from grader.course.files import write_atomically
from grader.errors import UsageError
from grader.learner.translating import OwnTranslator, load_translator
from grader.render.attention_figure import attention_figure
from grader.render.messages import wrote_text
from grader.render.terminal import Lines, make_console
from grader.render.translation import translated_lines

FORMATS = {".png": "png", ".svg": "svg"}
FILE = click.Path(path_type=Path)


@click.command()
@click.argument("sentence", nargs=-1)
@click.option("--folder", type=FILE, default="my-translator", show_default=True, help="Where the translator is.")
@click.option("--picture", type=FILE, help="Draw the attention weights into this file, .png or .svg.")
@click.option("--device", default="cpu", show_default=True, help="cpu, cuda or mps.")
def translate(sentence: tuple[str, ...], folder: Path, picture: Path | None, device: str) -> None:
    """Translate a sentence with your own model. A table shows the attention weights.

    Without a SENTENCE, it reads one sentence per line. `grader train translator` trains the model.
    """
    if picture is not None and picture.suffix.lower() not in FORMATS:
        raise click.UsageError(f"a picture ends in .png or .svg; {picture} does not")
    with own_code() as (_, code):
        own = load_translator(code, folder, device)
        if sentence:
            _translate(own, " ".join(sentence), picture)
        else:
            _talk(own, picture)


def _translate(own: OwnTranslator, sentence: str, picture: Path | None) -> None:
    done = own.translate(sentence)
    translated_lines(done, Lines(make_console()))
    if picture is None:
        return
    if not done.weights:
        raise UsageError("there is nothing to draw: this translation has no attention weights")
    write_atomically(picture, attention_figure(done, FORMATS[picture.suffix.lower()]))
    echo(wrote_text(str(picture)))


def _talk(own: OwnTranslator, picture: Path | None) -> None:
    """A sentence a line, from whoever types or from a file. A word that is not there ends nothing."""
    while True:
        try:
            sentence = input("\nenglish> " if sys.stdin.isatty() else "")
        except EOFError:
            return
        if not sentence.strip():
            continue
        try:
            _translate(own, sentence, picture)
        except UsageError as error:
            echo(f"{error.message}: {error.hint}" if error.hint else error.message, err=not sys.stdin.isatty())
