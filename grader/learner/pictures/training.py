"""Pictures of chapter 6: a run of training."""

from __future__ import annotations

import math

import torch

from grader.course import texts
from grader.learner.pictures.data import Curves, Limit, Line, rounded
from grader.learner.pictures.studio import Made, Studio, array, number

MAX_LR, MIN_LR, WARMUP, TOTAL = 1e-3, 1e-4, 100, 1000
STEPS, EVAL_EVERY, CONTEXT, D_MODEL = 240, 40, 32, 32
HELD_OUT = 2000  # characters


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


def losses(studio: Studio) -> Made:
    """The losses of a short run of the learner's own loop, above the floor of the text."""
    models, own = studio.part("ch5_models/gpt"), studio.part("ch6_training/train")
    text = studio.text("language.txt")
    place = {character: i for i, character in enumerate(texts.ALPHABET)}
    ids = torch.tensor([place[character] for character in text])
    model = models.GPT(models.GPTConfig(len(place), CONTEXT, D_MODEL, 1, 4, 4 * D_MODEL))
    settings = own.TrainSettings(
        steps=STEPS, batch_size=16, context=CONTEXT, max_lr=0.015, min_lr=0.0005,
        warmup_steps=STEPS // 8, weight_decay=0.01, max_norm=1.0, seed=0, eval_every=EVAL_EVERY,
    )  # fmt: skip

    def tell(step: int, loss: float, *_: object) -> None:
        if step % 25 == 0:
            studio.say(f"training a small GPT, step {step} of {STEPS}, loss {loss:.2f}")

    result = own.train_gpt(model, ids[:-HELD_OUT], ids[-HELD_OUT:], settings, None, tell)
    evaluated = range(EVAL_EVERY, STEPS + 1, EVAL_EVERY)
    trained = array(result.losses, "train_gpt(…).losses", STEPS)
    held_out = array(result.val_losses, "train_gpt(…).val_losses", len(evaluated))
    floor = texts.floor()
    return Made(
        (
            Curves(
                title=f"a small GPT, {STEPS} steps with windows of {CONTEXT} characters",
                x_label="step",
                y_label="loss (nats per character)",
                lines=(
                    Line("training, each batch", tuple(map(float, range(1, STEPS + 1))), rounded(trained)),
                    Line("held-out text", tuple(map(float, evaluated)), rounded(held_out), is_marked=True),
                ),
                limits=(
                    Limit(f"a guess: ln {len(place)}", rounded([math.log(len(place))])[0]),
                    Limit("floor: the text's entropy", rounded([floor])[0]),
                ),
            ),
        ),
        f"The loss starts at a guess and falls to {held_out[-1]:.2f} on held-out text. The floor is {floor:.2f}: no"
        f" model can do better. These are {STEPS} steps of a small model; `grader train` takes a larger one further.",
    )
