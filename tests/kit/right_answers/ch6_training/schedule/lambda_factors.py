"""A multiplier of the highest rate, as schedulers take it; clipping by a flattened vector and foreach products."""

from math import cos, pi

import torch


def _factor(step, warmup, total, floor):
    if step < warmup:
        return float(step) / float(max(1, warmup))
    if step >= total:
        return floor
    fraction = float(step - warmup) / float(max(1, total - warmup))
    return floor + (1.0 - floor) * 0.5 * (1.0 + cos(pi * fraction))


def cosine_with_warmup(step, max_lr, min_lr, warmup_steps, total_steps):
    if not warmup_steps <= total_steps:
        raise ValueError("warmup_steps must not exceed total_steps=%d" % total_steps)
    return max_lr * _factor(step, warmup_steps, total_steps, min_lr / max_lr)


@torch.no_grad()
def clip_gradients(parameters, max_norm):
    if max_norm <= 0.0:
        raise ValueError("max_norm=%r" % max_norm)
    grads = [g for g in (p.grad for p in parameters) if g is not None]
    if len(grads) == 0:
        return 0.0
    total = torch.linalg.vector_norm(torch.cat([g.detach().flatten() for g in grads]))
    coefficient = torch.clamp(max_norm / (total + 1e-6), max=1.0)
    torch._foreach_mul_(grads, coefficient)
    return total
