"""Pictures of chapter 3: how a query shares its attention, and what it may look at."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import torch
from torch import nn

from grader.learner.pictures.data import Bars, Grid, Series, rounded, rounded_rows
from grader.learner.pictures.studio import Made, Studio, array

SCORES = (3.0, 2.0, 1.5, 1.0, 0.0, -1.0)
TEMPERATURES = (0.3, 1.0, 3.0)
MAY, MAY_NOT = "may look", "may not look"

SENTENCE = "my big hens behind the barns hear the maid . they eat soon ."
LINES = 2500
LONGEST = 16  # words of a line
OFTEN = 15  # a rarer word is a name
NAME = "(name)"
D_MODEL, HEADS = 32, 4
STEPS, BATCH_SIZE, LR = 300, 64, 5e-3


def temperatures(studio: Studio) -> Made:
    """The softmax of the same scores, divided by three temperatures."""
    own = studio.part("ch3_attention/softmax")
    series = []
    for temperature in TEMPERATURES:
        weights = own.softmax(torch.tensor(SCORES, dtype=torch.float64) / temperature, dim=-1)
        numbers = array(weights, f"softmax(scores / {temperature}, dim=-1)", len(SCORES))
        series.append(Series(f"temperature {temperature:g}", rounded(numbers)))
    return Made(
        (
            Bars(
                title="the same six scores, divided by a temperature first",
                x_label="score of the key (no unit)",
                y_label="weight (share of 1)",
                names=tuple(f"{score:g}".replace("-", "−") for score in SCORES),
                series=tuple(series),
            ),
        )
    )


def masks(studio: Studio) -> Made:
    """Causal masks, a padding mask, and both together."""
    own, size = studio.part("ch3_attention/masks"), 6
    causal = own.causal_mask(size)
    padding = own.padding_mask(torch.tensor([4]), size)
    both = own.combine_masks(causal, padding)
    padded = array(padding, "padding_mask([4], 6)", 1, 1, size)[0]
    return Made(
        (
            _mask("causal", array(causal, "causal_mask(6)", size, size)),
            _mask("causal, last 3 queries", array(own.causal_mask(3, size), "causal_mask(3, 6)", 3, size)),
            _mask("padding after 4 tokens", np.broadcast_to(padded, (size, size))),
            _mask("both together", array(both, "combine_masks(causal, padding)", 1, size, size)[0]),
        )
    )


def sparse_masks(studio: Studio) -> Made:
    """A sliding window and a strided pattern."""
    own, size = studio.part("ch3_attention/sparse"), 12
    window = array(own.sliding_window_mask(size, 4), "sliding_window_mask(12, 4)", size, size)
    strided = array(own.strided_mask(size, 4), "strided_mask(12, 4)", size, size)
    full = size * (size + 1) // 2
    return Made(
        (
            _mask(f"window of 4: {int(window.sum())} of {full} pairs", window),
            _mask(f"stride of 4: {int(strided.sum())} of {full} pairs", strided),
        )
    )


def _mask(title: str, allowed: np.ndarray[Any, np.dtype[np.float64]]) -> Grid:
    rows, columns = allowed.shape
    return Grid(
        title=title,
        x_label="key (position)",
        y_label="query (position)",
        value_label="",
        rows=rounded_rows(allowed),
        low=0.0,
        high=1.0,
        x_names=tuple(str(i) for i in range(columns)),
        y_names=tuple(str(i) for i in range(rows)),
        words=(MAY, MAY_NOT),
    )


class _OneLayer(nn.Module):
    """The smallest language model with the learner's attention in it: words and places in, the next word out."""

    def __init__(self, attention: nn.Module, vocab_size: int) -> None:
        super().__init__()
        self.words = nn.Embedding(vocab_size, D_MODEL)
        self.places = nn.Parameter(0.3 * torch.randn(LONGEST, D_MODEL))
        self.attention = attention
        self.head = nn.Linear(D_MODEL, vocab_size)
        self.mask = torch.ones(LONGEST, LONGEST, dtype=torch.bool).tril()

    def read(self, ids: torch.Tensor) -> torch.Tensor:
        """What the attention reads."""
        vectors: torch.Tensor = self.words(ids) + self.places[: ids.shape[1]]
        return vectors

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        x, seq = self.read(ids), ids.shape[1]
        logits: torch.Tensor = self.head(x + self.attention(x, mask=self.mask[:seq, :seq]))
        return logits


def attention_heads(studio: Studio) -> Made:
    """What the learner's four heads look at in a sentence, after a short training inside a model of one layer."""
    own = studio.part("ch3_attention/multi_head")
    lines = [_words(line) for line in studio.text("language.txt").splitlines()[:LINES]]
    counts = Counter(word for line in lines for word in line)
    known = sorted(word for word, count in counts.items() if count >= OFTEN)
    number = {word: i for i, word in enumerate([NAME, *known])}
    sentence = _words(SENTENCE)
    model = _OneLayer(own.MultiHeadAttention(D_MODEL, HEADS), len(number))
    _train(model, [[number.get(word, 0) for word in line] for line in lines], studio)
    ids = torch.tensor([[number.get(word, 0) for word in sentence]])
    size = len(sentence)
    with torch.no_grad():
        weights = model.attention.attention_weights(model.read(ids), mask=model.mask[:size, :size])  # type: ignore[operator]
    heads = array(weights, "attention_weights(x, mask=mask)", 1, HEADS, size, size)[0]
    return Made(tuple(_head(f"head {i + 1}", head, tuple(sentence)) for i, head in enumerate(heads)))


def _words(line: str) -> list[str]:
    return line.replace(".", " .").split()


def _train(model: _OneLayer, lines: list[list[int]], studio: Studio) -> None:
    ids = torch.full((len(lines), LONGEST), -100)
    for row, line in zip(ids, lines, strict=True):
        row[: len(line)] = torch.tensor(line[:LONGEST])
    optimizer, generator = torch.optim.Adam(model.parameters(), lr=LR), torch.Generator().manual_seed(0)
    for step in range(STEPS):
        if step % 100 == 0:
            studio.say(f"training one layer of attention, step {step} of {STEPS}")
        batch = ids[torch.randint(len(ids), (BATCH_SIZE,), generator=generator)]
        logits = model(batch[:, :-1].clamp(min=0))
        loss = nn.functional.cross_entropy(logits.flatten(0, 1), batch[:, 1:].flatten())
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()


def _head(title: str, weights: np.ndarray[Any, np.dtype[np.float64]], words: tuple[str, ...]) -> Grid:
    return Grid(
        title=title,
        x_label="key: the word that is looked at",
        y_label="query: the word that looks",
        value_label="weight (share of 1)",
        rows=rounded_rows(weights.round(3)),
        low=0.0,
        high=1.0,
        x_names=words,
        y_names=words,
    )
