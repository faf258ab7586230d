"""A clamped progress and sin² for the cosine; clipping with PyTorch's small number in the divisor."""

import math

import torch
from torch import nn


def cosine_with_warmup(step, max_lr, min_lr, warmup_steps, total_steps):
    if total_steps < warmup_steps:
        raise ValueError(f"{warmup_steps} steps of warm-up do not fit into {total_steps}")
    if step < warmup_steps:
        return step / warmup_steps * max_lr
    left = 1.0 - min(1.0, (step - warmup_steps) / max(1, total_steps - warmup_steps))
    if warmup_steps == total_steps:
        left = 0.0
    return min_lr + (max_lr - min_lr) * math.sin(math.pi / 2 * left) ** 2


def clip_gradients(parameters, max_norm):
    if max_norm <= 0:
        raise ValueError(f"{max_norm} is no length to clip to")
    parameters: list[nn.Parameter] = list(parameters)
    square = 0.0
    for p in parameters:
        if p.grad is not None:
            square += float((p.grad.double() ** 2).sum())
    norm = math.sqrt(square)
    factor = min(1.0, max_norm / (norm + 1e-6))
    if factor < 1.0:
        for p in parameters:
            if p.grad is not None:
                with torch.no_grad():
                    p.grad *= factor
    return norm
