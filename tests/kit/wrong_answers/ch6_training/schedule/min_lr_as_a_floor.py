"""`cosine_with_warmup` lets the cosine fall from `max_lr` towards 0 and only cuts it off at `min_lr` from below."""

import math

import torch


def cosine_with_warmup(step: int, max_lr: float, min_lr: float, warmup_steps: int, total_steps: int) -> float:
    if warmup_steps > total_steps:
        raise ValueError(f"a warm-up of {warmup_steps} does not fit into {total_steps} steps")
    if step >= total_steps:
        return min_lr
    if step < warmup_steps:
        return max_lr * step / warmup_steps
    progress = (step - warmup_steps) / (total_steps - warmup_steps)
    lr = max_lr * 0.5 * (1.0 + math.cos(math.pi * progress))
    return max(lr, min_lr)


def clip_gradients(parameters, max_norm: float):
    if not max_norm > 0:
        raise ValueError(f"max_norm should be above 0, not {max_norm}")
    parameters = list(parameters)
    squares = 0.0
    for p in parameters:
        if p.grad is not None:
            squares = squares + torch.sum(p.grad.detach() * p.grad.detach())
    norm = squares**0.5
    if norm > max_norm:
        scale = max_norm / norm
        for p in parameters:
            if p.grad is not None:
                p.grad.detach().mul_(scale)
    return norm
