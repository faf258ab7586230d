"""Pictures of chapter 6: a run of training."""

from __future__ import annotations

from grader.learner.pictures.data import Curves, Limit, Line, rounded
from grader.learner.pictures.studio import Made, Studio, number

MAX_LR, MIN_LR, WARMUP, TOTAL = 1e-3, 1e-4, 100, 1000


def schedule(studio: Studio) -> Made:
    """The learning rate over a run and a little beyond its end."""
    own = studio.part("ch6_training/schedule")
    steps = range(1, TOTAL + 101, 5)
    rates = [
        number(own.cosine_with_warmup(step, MAX_LR, MIN_LR, WARMUP, TOTAL), f"cosine_with_warmup({step}, …)")
        for step in steps
    ]
    return Made(
        (
            Curves(
                title=f"{WARMUP} steps of warm-up, {TOTAL} steps in all",
                x_label="step",
                y_label="learning rate (per step, no unit)",
                lines=(Line("learning rate", tuple(map(float, steps)), rounded(rates)),),
                limits=(
                    Limit("end of the warm-up", WARMUP, is_upright=True),
                    Limit("last step", TOTAL, is_upright=True),
                    Limit("smallest rate", MIN_LR),
                ),
            ),
        )
    )
