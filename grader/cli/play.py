"""A learner's `grader play`: their own trained model goes on from a prompt."""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator
from pathlib import Path

import click

from grader.cli.echo import echo
from grader.cli.own_code import own_code
from grader.errors import UsageError
from grader.learner.devices import check_device
from grader.learner.gpt2_files import load_gpt2_folder
from grader.learner.own_gpt import load_gpt
from grader.learner.playing import Choice, Player, Written
from grader.render.playing import KEYS, likely_lines, opening_text, pace_text, shown_piece

SEEDS = 2**31


@click.command()
@click.argument("folder", type=click.Path(path_type=Path), default="my-gpt")
@click.option("--gpt2", type=click.Path(path_type=Path), help="A folder with GPT-2's files instead (docs/play.md).")
@click.option("--prompt", help="The text to continue. Without it and without a terminal: standard input.")
@click.option("--tokens", type=click.IntRange(min=1), default=200, show_default=True, help="Tokens to write.")
@click.option("--temperature", type=click.FloatRange(min=0), default=0.8, show_default=True, help="0 is greedy.")
@click.option("--top-k", type=click.IntRange(min=1), help="Choose among the k likeliest.")
@click.option("--top-p", type=click.FloatRange(0, 1, min_open=True), help="Choose among the likeliest that sum to p.")
@click.option("--seed", type=click.IntRange(min=0), help="The same seed gives the same text.")
@click.option("--likely", is_flag=True, help="Print the three likeliest tokens at each place.")
@click.option("--no-cache", is_flag=True, help="Do not use your KV cache.")
@click.option("--device", default="cpu", show_default=True, help="cpu, cuda or mps.")
def play(
    folder: Path,
    gpt2: Path | None,
    prompt: str | None,
    tokens: int,
    temperature: float,
    top_k: int | None,
    top_p: float | None,
    seed: int | None,
    likely: bool,
    no_cache: bool,
    device: str,
) -> None:
    """Generate text with your trained GPT, token by token.

    FOLDER is where `grader train` saved the model.
    """
    check_device(device)
    with own_code() as (_, code):
        own = load_gpt(code, folder, device) if gpt2 is None else load_gpt2_folder(code, gpt2, device)
        player = Player(code, own, Choice(temperature, top_k, top_p), not no_cache)
        session = Session(player, tokens, random.randrange(SEEDS) if seed is None else seed, likely)
        if prompt is None and sys.stdin.isatty() and sys.stdout.isatty():
            session.talk()
        else:
            session.write_once(sys.stdin.read().rstrip("\n") if prompt is None else prompt)


class Session:
    """Texts that a player writes, one after another, each under a seed of its own."""

    def __init__(self, player: Player, tokens: int, seed: int, likely: bool) -> None:
        self.player = player
        self.tokens = tokens
        self.seed = seed
        self.likely = likely

    def write_once(self, prompt: str) -> None:
        """The text alone on standard output, and what is told of it on standard error."""
        ids = self._ids(prompt)
        sys.stdout.write(shown_piece(prompt))
        written = list(self._shown(ids))
        if self.likely:
            self._tell_likely(written, err=False)
        echo(pace_text(self.player.pace(ids, self.tokens, self.seed), self.player.why_no_cache), err=True)

    def talk(self) -> None:
        """Prompts and texts in turns, until somebody quits."""
        echo(opening_text(self.player.own.name, self.player.why_no_cache))
        while (prompt := self._asked()) is not None:
            try:
                ids = self._ids(prompt)
            except UsageError as error:
                echo(f"{error.message}\n{error.hint}")
                continue
            sys.stdout.write(shown_piece(prompt))
            if not self._write_on(ids):
                return

    def _asked(self) -> str | None:
        try:
            return input("\nprompt> ")
        except EOFError:
            echo("")
            return None

    def _write_on(self, ids: list[int]) -> bool:
        """Write, and go on as long as Enter is pressed. Whether another prompt is wanted."""
        while True:
            written = list(self._shown(ids))
            if self.likely:
                self._tell_likely(written)
            echo(pace_text(self.player.pace(ids, len(written) or 1, self.seed), self.player.why_no_cache))
            ids = [*ids, *(token.id for token in written)]
            while (key := self._key()) == "l":
                self._tell_likely(written)
            if key in ("q", "\x04", "\x03"):
                return False
            if key == "p":
                return True
            self.seed += 1
            sys.stdout.write("…")

    def _key(self) -> str:
        echo(KEYS)
        while (key := click.getchar()) not in ("l", "p", "q", "\r", "\n", "\x04", "\x03"):
            pass
        return key

    def _shown(self, ids: list[int]) -> Iterator[Written]:
        """Each token, printed as it comes. Ctrl-C ends the text."""
        try:
            for token in self.player.write(ids, self.tokens, self.seed):
                sys.stdout.write(shown_piece(token.text))
                sys.stdout.flush()
                yield token
        except KeyboardInterrupt:
            if not sys.stdout.isatty():
                raise
        finally:
            sys.stdout.write("\n")
            sys.stdout.flush()

    def _tell_likely(self, written: list[Written], err: bool = False) -> None:
        for line in likely_lines(self.player.likely(token) for token in written):
            echo(line, err)

    def _ids(self, prompt: str) -> list[int]:
        """The prompt's tokens. Without one, the model begins where its text did."""
        return self.player.own.tokenizer.encode(prompt or self.player.own.start)
