"""Pictures of chapter 5: one word in two senses."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from grader.learner.pictures.data import Cloud, Group, rounded
from grader.learner.pictures.studio import Made, Studio, array, number

STEPS, BATCH_SIZE, LR = 300, 64, 2e-3
SHOWN = 60
SENSES = ("money", "river")
LEAST_LENGTH = 1e-6


def two_senses(studio: Studio) -> Made:
    """The vectors of "bank" in the table, and those that leave the last block, along the line between its senses.

    The line is drawn through the means of other sentences: those that are shown have no part in it.
    """
    own = studio.part("ch5_models/contextual")
    rows = [line.split("\t") for line in studio.text("senses.tsv").splitlines()]
    words = {word: i for i, word in enumerate(sorted({word for *_, text in rows for word in text.split()}))}
    sentences = [[words[word] for word in text.split()] for *_, text in rows]
    model = own.small_bert(len(words) + 1, max(map(len, sentences)))
    studio.say(f"training a small BERT for {STEPS} steps")
    own.train_masked(model, sentences, len(words), STEPS, BATCH_SIZE, LR, torch.Generator().manual_seed(0))
    senses, places = np.array([row[0] for row in rows]), [int(row[1]) for row in rows]
    shown = slice(None, SHOWN)
    static, contextual = own.sense_separation(model, sentences[shown], places[shown], list(senses[shown]))
    before, after = _vectors(model, sentences, places)
    on_the_right_side = _share_on_the_right_side(after, senses)
    return Made(
        (
            _cloud(f"in the table: separation {number(static, 'sense_separation'):.2f}", before, senses),
            _cloud(f"after the last block: separation {number(contextual, 'sense_separation'):.2f}", after, senses),
        ),
        "In the table the word has one vector, so all sentences share one point. After the last block"
        f" {on_the_right_side:.0%} of these sentences lie on their sense's side of the middle; other sentences say"
        " where the sides are. Nobody told the model the senses.",
    )


_Array = np.ndarray[Any, np.dtype[Any]]


def _vectors(model: Any, sentences: list[list[int]], places: list[int]) -> tuple[_Array, _Array]:
    lengths = torch.tensor([len(sentence) for sentence in sentences])
    ids = torch.zeros(len(sentences), int(lengths.max()), dtype=torch.int64)
    for row, sentence in zip(ids, sentences, strict=True):
        row[: len(sentence)] = torch.tensor(sentence)
    chosen = range(len(sentences)), places
    model.eval()
    with torch.no_grad():
        static = model.token_embedding(ids)
        hidden = model(ids, lengths=lengths)
    size = len(sentences), ids.shape[1], None
    return (
        array(static, "model.token_embedding(ids)", *size)[chosen],
        array(hidden, "model(ids, lengths=lengths)", *size)[chosen],
    )


def _along(vectors: _Array, senses: _Array) -> tuple[_Array, _Array]:
    """Where each vector lies between the means of the two senses, 0 in the middle, and the direction itself."""
    others, named = vectors[SHOWN:], senses[SHOWN:]
    money, river = (others[named == sense].mean(axis=0) for sense in SENSES)
    direction = river - money
    length = float(np.linalg.norm(direction))
    unit = direction / length if length > LEAST_LENGTH else np.zeros_like(direction)
    return (vectors - (money + river) / 2) @ unit, unit


def _share_on_the_right_side(vectors: _Array, senses: _Array) -> float:
    along, _ = _along(vectors, senses)
    return float(((along > 0) == (senses == "river"))[:SHOWN].mean())


def _cloud(title: str, vectors: _Array, senses: _Array) -> Cloud:
    along, unit = _along(vectors, senses)
    across = vectors - np.outer(vectors @ unit, unit)
    across = across - across.mean(axis=0)
    *_, axes = np.linalg.svd(across, full_matrices=False)
    heights = (across @ axes[0]).round(3)
    groups = []
    for sense in SENSES:
        chosen = np.flatnonzero(senses[:SHOWN] == sense)
        groups.append(Group(f"bank: {sense}", rounded(along[chosen].round(3)), rounded(heights[chosen])))
    return Cloud(
        title, "from the money side to the river side (no unit)", "widest direction across it (no unit)", tuple(groups)
    )
