"""Pictures of chapter 6: operations and memory."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch

from grader.learner.pictures.data import Curves, Limit, Line, rounded
from grader.learner.pictures.studio import Made, Studio, number

LENGTHS = tuple(2**n for n in range(6, 17))
MEMORY_LENGTHS = (16, 32, 64, 128, 256, 512)
MIB = 2**20


def context_cost(studio: Studio) -> Made:
    """The operations of one forward pass of a GPT-1 by its context, and the part that grows with the square."""
    own, models = studio.part("ch6_training/cost"), studio.part("ch5_models/gpt")
    config = models.GPTConfig(40_478, LENGTHS[-1], d_model=768, n_layers=12, n_heads=12, d_ff=3072)
    total = np.array([number(own.forward_flops(config, 1, n), f"forward_flops(config, 1, {n})") for n in LENGTHS])
    share = np.array([number(own.attention_share(config, n), f"attention_share(config, {n})") for n in LENGTHS])
    x = tuple(map(float, LENGTHS))
    half = _length_at_half(lambda n: number(own.attention_share(config, n), f"attention_share(config, {n})"))
    return Made(
        (
            Curves(
                title="one text through a model of GPT-1's sizes",
                x_label="context (tokens, logarithmic)",
                y_label="operations of a forward pass (logarithmic)",
                lines=(
                    Line("all operations", x, rounded(total), is_marked=True),
                    Line("quadratic part: scores and mixing", x, rounded(total * share), is_marked=True),
                    Line("the rest: linear in the context", x, rounded(total * (1 - share)), is_marked=True),
                ),
                limits=(Limit(f"half of all work: {half:,.0f} tokens", float(half), is_upright=True),),
                log_x=True,
                log_y=True,
                shaded="quadratic part: scores and mixing",
            ),
        ),
        f"At {LENGTHS[3]} tokens the quadratic part is {share[3]:.0%} of the work, at {LENGTHS[-1]:,} tokens"
        f" {share[-1]:.0%}. When the context doubles, that part becomes four times as large. It is half of all"
        f" work at about {half:,.0f} tokens.",
    )


def _length_at_half(share: Callable[[int], float]) -> int:
    """The shortest context at which the share is a half."""
    low, high = 1, LENGTHS[-1]
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if share(middle) >= 0.5 else (middle + 1, high)
    return low


def activation_memory(studio: Studio) -> Made:
    """What a forward pass keeps for the backward pass, counted and by the published formula."""
    own, models = studio.part("ch6_training/cost"), studio.part("ch5_models/gpt")
    config = models.GPTConfig(100, MEMORY_LENGTHS[-1], d_model=64, n_layers=2, n_heads=4, d_ff=256)
    model = models.GPT(config)
    counted, published = [], []
    for n in MEMORY_LENGTHS:
        studio.say(f"counting what a forward pass of {n} tokens keeps")
        counted.append(number(own.saved_bytes(model, torch.zeros(1, n, dtype=torch.int64)), "saved_bytes(model, ids)"))
        published.append(number(own.activation_bytes(config, 1, n), f"activation_bytes(config, 1, {n})"))
    parameters = number(models.count_parameters(model), "count_parameters(model)")
    adamw = number(own.optimizer_bytes(int(parameters)), "optimizer_bytes(n)") / MIB
    x = tuple(map(float, MEMORY_LENGTHS))
    return Made(
        (
            Curves(
                title="2 layers, 64 numbers per token, 4 heads, one text",
                x_label="context (tokens, logarithmic)",
                y_label="memory (MiB, logarithmic)",
                lines=(
                    Line("counted in your GPT, float32", x, rounded(np.array(counted) / MIB), is_marked=True),
                    Line("published formula, 16 bits", x, rounded(np.array(published) / MIB), is_marked=True),
                ),
                limits=(Limit(f"AdamW's two moments: {adamw:.2f} MiB", rounded([adamw])[0]),),
                log_x=True,
                log_y=True,
            ),
        )
    )
