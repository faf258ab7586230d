"""The words of the translator: a run of its training, and a translation with what each word of it looked at."""

from __future__ import annotations

from collections.abc import Iterator

from grader.learner.translating import Translated, TranslatorTrained
from grader.render.terminal import Lines

GAP = 2
LEAST_SHOWN = 0.05
NUMBERED = 3  # columns to a word, where the words themselves do not fit


def translator_trained_lines(done: TranslatorTrained, lines: Lines) -> None:
    """The losses, the share that is right, and where it is kept."""
    lines.line(f"The loss fell from {done.losses[0]:.3f} to {done.losses[-1]:.3f} nats per word.")
    lines.line(
        f"Of {done.sentences} sentences that it has not seen, it translates {100 * done.right:.0f} % without a mistake."
    )
    lines.line("")
    lines.line(f"model    {done.folder}")
    folder = "" if str(done.folder) == "my-translator" else f" --folder {done.folder}"
    lines.line(f'try it   grader translate{folder} "the old man gives the dog a ball"')


def translated_lines(done: Translated, lines: Lines) -> None:
    """The translation, and the grid of attention weights under it."""
    lines.line(" ".join(done.target) or "(nothing)", 0, "bold")
    if not done.is_whole:
        lines.line("(the translation was cut off: it did not end by itself)")
    if done.weights is None:
        lines.line("(your DecoderBlock does not call its cross_attention, so there are no weights to show)")
        return
    if not done.target:
        return
    lines.line("")
    lines.line("Attention weights in percent, from each word of the translation (mean of the heads):")
    lines.line("")
    for line in _grid(done, done.weights, lines.console.width):
        lines.line(line)


def _grid(done: Translated, weights: tuple[tuple[float, ...], ...], width: int) -> Iterator[str]:
    """A column for each word of the sentence; numbered ones with a legend, where the words do not fit the line."""
    margin = max(map(len, done.target)) + GAP
    columns = [max(3, len(word)) + GAP for word in done.source]
    heads = list(done.source)
    if margin + sum(columns) > width:
        yield "   ".join(f"{number} {word}" for number, word in enumerate(done.source, 1))
        columns, heads = [NUMBERED] * len(done.source), [str(number) for number in range(1, len(done.source) + 1)]
    yield " " * margin + "".join(f"{head:>{column}}" for head, column in zip(heads, columns, strict=True))
    for word, row in zip(done.target, weights, strict=True):
        cells = (f"{_cell(share):>{column}}" for share, column in zip(row, columns, strict=True))
        yield f"{word:<{margin}}" + "".join(cells)


def _cell(share: float) -> str:
    return "·" if share < LEAST_SHOWN else str(min(99, round(100 * share)))
