"""Pictures of chapter 3: how a model knows where a token stands."""

from __future__ import annotations

import math

import numpy as np
import torch

from grader.learner.pictures.data import Curves, Grid, Line, rounded, rounded_rows
from grader.learner.pictures.studio import Made, Part, Studio, array

LENGTH, D_MODEL = 48, 32
STARTS, FARTHEST = (0, 12, 24), 20
PAIRS, TURNS = 4, 7
KEY_PLACES, DISTANCES = (0, 10, 100), 33


def position_table(studio: Studio) -> Made:
    """The table of sinusoids, and the cosine of two positions by their distance."""
    own = studio.part("ch3_attention/positions")
    table = array(
        own.sinusoidal_positions(LENGTH, D_MODEL), f"sinusoidal_positions({LENGTH}, {D_MODEL})", LENGTH, D_MODEL
    )
    unit = table / np.linalg.norm(table, axis=1, keepdims=True)
    distances = range(FARTHEST + 1)
    lines = tuple(
        Line(
            f"from position {start}",
            tuple(map(float, distances)),
            rounded(unit[start : start + FARTHEST + 1] @ unit[start]),
        )
        for start in STARTS
    )
    return Made(
        (
            Grid(
                title=f"the table: {LENGTH} positions, {D_MODEL} numbers each",
                x_label="dimension",
                y_label="position",
                value_label="value (no unit)",
                rows=rounded_rows(table.round(3)),
                low=-1.0,
                high=1.0,
            ),
            Curves(
                title="how alike two positions are",
                x_label="distance (positions)",
                y_label="cosine (no unit)",
                lines=lines,
            ),
        )
    )


def rotary_turns(studio: Studio) -> Made:
    """How far each pair of numbers is turned, and the score of two vectors by their distance."""
    own = studio.part("ch3_attention/rotary")
    return Made((_turns(own), _scores(own)))


def _turns(own: Part) -> Curves:
    """Pair i of a vector lies on a circle of radius `PAIRS - i`, so that the circles can be told apart."""
    start = torch.zeros(TURNS, 2 * PAIRS, dtype=torch.float64)
    start[:, ::2] = torch.arange(PAIRS, 0, -1)
    turned = array(
        own.apply_rotary(start, torch.arange(TURNS)),
        "apply_rotary(x, positions)",
        TURNS,
        2 * PAIRS,
    )
    lines = []
    for pair in range(PAIRS):
        x, y = turned[:, 2 * pair], turned[:, 2 * pair + 1]
        degrees = math.degrees(math.atan2(y[1], x[1]) - math.atan2(y[0], x[0]))
        names = tuple(map(str, range(TURNS))) if pair == 0 else ()
        lines.append(
            Line(f"pair {pair}: {degrees:.3g}° a position", rounded(x), rounded(y), is_marked=True, names=names)
        )
    return Curves(
        title=f"a vector at the positions 0 to {TURNS - 1}",
        x_label="first number of the pair (no unit)",
        y_label="second number of the pair (no unit)",
        lines=tuple(lines),
        is_square=True,
    )


def _scores(own: Part) -> Curves:
    generator = torch.Generator().manual_seed(3)
    key = torch.randn(D_MODEL, generator=generator, dtype=torch.float64)
    query = key + 0.3 * torch.randn(D_MODEL, generator=generator, dtype=torch.float64)
    distances = torch.arange(DISTANCES)
    lines = []
    for place in KEY_PLACES:
        rotate = own.apply_rotary
        queries = array(
            rotate(query.expand(DISTANCES, -1), place + distances), "apply_rotary(q, positions)", DISTANCES, D_MODEL
        )
        keys = array(
            rotate(key.expand(DISTANCES, -1), place + 0 * distances), "apply_rotary(k, positions)", DISTANCES, D_MODEL
        )
        lines.append(
            Line(f"key at position {place}", rounded(distances.tolist()), rounded((queries * keys).sum(axis=1)))
        )
    return Curves(
        title="the score of one query and one key",
        x_label="distance of the query from the key (positions)",
        y_label="score (no unit)",
        lines=tuple(lines),
    )
