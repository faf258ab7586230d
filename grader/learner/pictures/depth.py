"""Pictures of chapter 4: what reaches the first layer."""

from __future__ import annotations

import torch

from grader.learner.pictures.data import Curves, Line, rounded
from grader.learner.pictures.studio import Made, Studio, array

DEPTH, D_MODEL, HEADS, D_FF = 24, 64, 4, 256
KINDS = ("plain", "residual", "post_norm", "pre_norm")


def gradient_flow(studio: Studio) -> Made:
    """The gradient's norm at the input of each layer, for the four stacks."""
    own = studio.part("ch4_blocks/gradient_flow")
    norms = own.gradient_flow_experiment(DEPTH, D_MODEL, HEADS, D_FF, torch.Generator().manual_seed(0))
    layers = tuple(float(layer) for layer in range(1, DEPTH + 1))
    lines = tuple(
        Line(kind.replace("_", "-"), layers, rounded(array(norms[kind], f'norms["{kind}"]', DEPTH)), is_marked=True)
        for kind in KINDS
    )
    return Made(
        (
            Curves(
                title=f"{DEPTH} layers before any training",
                x_label="layer (1 is the first)",
                y_label="gradient norm at the layer's input (no unit, logarithmic)",
                lines=lines,
                log_y=True,
            ),
        )
    )
