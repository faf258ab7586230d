"""Pictures of chapter 2: what training does to a table of vectors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from grader.learner.pictures.data import Cloud, Grid, Group, decimal, rounded, rounded_rows
from grader.learner.pictures.studio import Made, Studio, array

CHARACTERS = 60_000
CONTEXT = 4
DIM = 16
STEPS = 700
BATCH_SIZE = 64
LR = 1e-2
VOWELS = "aeiou"
_Array = np.ndarray[Any, np.dtype[Any]]
KINDS = ("vowel", "consonant", "other")


@dataclass(frozen=True)
class _Tables:
    """The characters of the text, and their vectors before and after training."""

    characters: tuple[str, ...]
    before: torch.Tensor
    after: torch.Tensor


def embedding_map(studio: Studio) -> Made:
    """The table's two widest directions, before training and after it."""
    own, tables = studio.part("ch2_embeddings/geometry"), studio.once(_tables)
    panels = []
    for title, table in (("before training", tables.before), ("after training", tables.after)):
        points = array(own.pca(table, 2), "pca(table, 2)", len(tables.characters), 2)
        panels.append(_cloud(title, tables.characters, _turned(points)))
    return Made(tuple(panels))


def cosine_matrix(studio: Studio) -> Made:
    """The cosines of all pairs, vowels first, before training and after it."""
    own, tables = studio.part("ch2_embeddings/geometry"), studio.once(_tables)
    order = sorted(range(len(tables.characters)), key=lambda i: (KINDS.index(_kind(tables.characters[i])), i))
    names = tuple(_shown(tables.characters[i]) for i in order)
    kinds = np.array([KINDS.index(_kind(tables.characters[i])) for i in order])
    panels, means = [], []
    for title, table in (("before training", tables.before), ("after training", tables.after)):
        size = len(names)
        cosines = array(own.cosine_matrix(table), "cosine_matrix(table)", size, size)[np.ix_(order, order)]
        means.append((_mean(cosines, kinds == 0, kinds == 0), _mean(cosines, kinds == 0, kinds == 1)))
        panels.append(
            Grid(
                title=title,
                x_label="token (␣ space, ⏎ line end)",
                y_label="token",
                value_label="cosine (no unit)",
                rows=rounded_rows(cosines.round(3)),
                low=-1.0,
                high=1.0,
                x_names=names,
                y_names=names,
            )
        )
    (vowels, apart), (vowels_after, apart_after) = means
    return Made(
        tuple(panels),
        f"The vowels stand first. The mean cosine of two vowels was {decimal(vowels)} before training and is"
        f" {decimal(vowels_after)} after it. That of a vowel and a consonant was {decimal(apart)} and is"
        f" {decimal(apart_after)}.",
    )


def _tables(studio: Studio) -> _Tables:
    """Train a toy model on the course's text; both tables."""
    characters, lesson = studio.part("ch1_tokens/characters"), studio.part("ch2_embeddings/toy_lm")
    text = studio.text("language.txt")[:CHARACTERS]
    tokenizer = characters.CharTokenizer(text)
    ids = torch.tensor(tokenizer.encode(text))
    torch.manual_seed(0)
    model = lesson.ToyLM(tokenizer.vocab_size, DIM)
    before = model.embed.weight.detach().clone()
    studio.say(f"training the toy model for {STEPS} steps")
    lesson.train_toy_lm(model, ids, CONTEXT, STEPS, BATCH_SIZE, LR, torch.Generator().manual_seed(0))
    return _Tables(tuple(tokenizer.chars), before, model.embed.weight.detach().clone())


def _cloud(title: str, characters: tuple[str, ...], points: _Array) -> Cloud:
    groups = []
    for kind in KINDS:
        chosen = [i for i, character in enumerate(characters) if _kind(character) == kind]
        label = "space ␣, full stop, line end ⏎" if kind == "other" else f"{kind}s"
        names = tuple(_shown(characters[i]) for i in chosen)
        groups.append(Group(label, rounded(points[chosen, 0]), rounded(points[chosen, 1]), names))
    return Cloud(title, "component 1 (no unit)", "component 2 (no unit)", tuple(groups))


def _mean(cosines: _Array, rows: _Array, columns: _Array) -> float:
    """The mean cosine of two different tokens, one of these rows and one of these columns."""
    chosen = np.outer(rows, columns) & ~np.eye(len(cosines), dtype=bool)
    return float(cosines[chosen].mean())


def _turned(points: _Array) -> _Array:
    """With the farthest point of each axis on its positive side: the signs of components are free."""
    farthest = np.abs(points).argmax(axis=0)
    signs = np.sign(points[farthest, range(points.shape[1])])
    return points * np.where(signs == 0, 1, signs)


def _kind(character: str) -> str:
    if character in VOWELS:
        return "vowel"
    return "consonant" if character.isalpha() else "other"


def _shown(character: str) -> str:
    return {" ": "␣", "\n": "⏎"}.get(character, character)
