"""Pictures of chapter 2: a model that is broken in four ways."""

from __future__ import annotations

from grader.learner.pictures.data import Curves, Line, rounded
from grader.learner.pictures.studio import Made, Studio, number

CHARACTERS = 20_000
STEPS = (0, 50, 100, 200, 300)
SEED = 0
BROKEN = (
    ("freeze_experiment", "trainable", "frozen", "table frozen"),
    ("permute_experiment", "original", "permuted", "ids permuted"),
    ("dimension_experiment", "dim_16", "dim_2", "2 numbers per token"),
    ("mismatch_experiment", "matched", "mismatched", "read with another tokenizer"),
)


def breakage(studio: Studio) -> Made:
    """The held-out loss of the healthy model and of the four broken ones, by the steps of training."""
    own = studio.part("ch2_embeddings/breakage")
    text = studio.text("language.txt")[:CHARACTERS]
    healthy: list[float] = []
    broken: dict[str, list[float]] = {label: [] for *_, label in BROKEN}
    for steps in STEPS:
        studio.say(f"training seven small models for {steps} steps")
        for function, good, bad, label in BROKEN:
            losses = getattr(own, function)(text, steps, SEED)
            call = f"{function}(text, {steps}, {SEED})"
            broken[label].append(number(losses[bad], f'{call}["{bad}"]'))
            if good == "trainable":
                healthy.append(number(losses[good], f'{call}["{good}"]'))
    x = tuple(map(float, STEPS))
    lines = [Line("healthy", x, rounded(healthy), is_marked=True)]
    lines += [Line(label, x, rounded(losses), is_marked=True) for label, losses in broken.items()]
    return Made(
        (
            Curves(
                title="loss on text that no model has trained on",
                x_label="steps of training",
                y_label="held-out loss (nats per character)",
                lines=tuple(lines),
            ),
        )
    )
