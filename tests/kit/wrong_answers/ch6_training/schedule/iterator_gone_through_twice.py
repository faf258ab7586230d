"""`clip_gradients` goes through `parameters` twice, so with an iterator such as `model.parameters()` nothing is
scaled."""

import math
from collections.abc import Iterable

import torch
from torch import Tensor, nn


def cosine_with_warmup(step: int, max_lr: float, min_lr: float, warmup_steps: int, total_steps: int) -> float:
    if warmup_steps > total_steps:
        raise ValueError(f"{warmup_steps} steps of warm-up, but only {total_steps} in all")
    if step < min(warmup_steps, total_steps):
        return max_lr * step / warmup_steps
    if step < total_steps:
        angle = math.pi * (step - warmup_steps) / (total_steps - warmup_steps)
        return min_lr + (max_lr - min_lr) * (1 + math.cos(angle)) / 2
    return min_lr


@torch.no_grad()
def clip_gradients(parameters: Iterable[nn.Parameter], max_norm: float) -> Tensor:
    if not max_norm > 0:
        raise ValueError(f"max_norm must be positive: {max_norm}")

    norms = [p.grad.norm() for p in parameters if p.grad is not None]
    if not norms:
        return torch.tensor(0.0)
    total_norm = torch.stack(norms).norm()

    if total_norm > max_norm:
        for p in parameters:
            if p.grad is not None:
                p.grad.mul_(max_norm / total_norm)
    return total_norm
