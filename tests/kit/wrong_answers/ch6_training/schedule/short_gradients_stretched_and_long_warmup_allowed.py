"""`clip_gradients` also scales gradients up to `max_norm` that are shorter and `cosine_with_warmup` does not reject a
warm-up that is longer than the whole."""

import math

import torch


def cosine_with_warmup(step, max_lr, min_lr, warmup_steps, total_steps):
    if step >= total_steps:
        return min_lr
    if step < warmup_steps:
        return max_lr * step / warmup_steps
    progress = (step - warmup_steps) / max(1, total_steps - warmup_steps)
    return min_lr + (max_lr - min_lr) * 0.5 * (1.0 + math.cos(math.pi * progress))


def clip_gradients(parameters, max_norm):
    if not max_norm > 0:
        raise ValueError(f"max_norm must be greater than 0, got {max_norm}")
    grads = [p.grad for p in parameters if p.grad is not None]
    if not grads:
        return torch.tensor(0.0)
    norm = torch.norm(torch.stack([torch.norm(g, 2) for g in grads]), 2)
    if norm == 0:
        return norm
    clip_coef = max_norm / norm
    for g in grads:
        g.mul_(clip_coef)
    return norm
