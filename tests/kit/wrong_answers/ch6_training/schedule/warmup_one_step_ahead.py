"""`cosine_with_warmup` warms up by step + 1, so step 0 has more than 0 and `max_lr` is there one step too early."""

import math
from collections.abc import Iterable

import torch
from torch import Tensor, nn


def cosine_with_warmup(step: int, max_lr: float, min_lr: float, warmup_steps: int, total_steps: int) -> float:
    if total_steps < warmup_steps:
        raise ValueError(f"cannot warm up for {warmup_steps} of {total_steps} steps")
    if step < warmup_steps:
        return max_lr * (step + 1) / warmup_steps
    if step >= total_steps:
        return min_lr
    t = (step - warmup_steps) / (total_steps - warmup_steps)
    return min_lr + 0.5 * (max_lr - min_lr) * (1 + math.cos(t * math.pi))


def clip_gradients(parameters: Iterable[nn.Parameter], max_norm: float) -> Tensor:
    if not max_norm > 0:
        raise ValueError(f"max_norm={max_norm} must be > 0")
    params = [p for p in parameters if p.grad is not None]
    if not params:
        return torch.zeros(())
    norm = torch.linalg.vector_norm(torch.cat([p.grad.flatten() for p in params]))
    if norm.item() > max_norm:
        for p in params:
            p.grad *= max_norm / norm
    return norm
