"""`clip_gradients` returns the norm that the gradients have after the clipping, not the one before it."""

import math

import numpy as np
import torch


def cosine_with_warmup(step, max_lr, min_lr, warmup_steps, total_steps):
    if warmup_steps > total_steps:
        raise ValueError(f"warmup {warmup_steps} > total {total_steps}")
    if step >= total_steps:
        return min_lr
    if warmup_steps > 0 and step <= warmup_steps:
        return max_lr * (step / warmup_steps)
    progress = (step - warmup_steps) / (total_steps - warmup_steps)
    return float(min_lr + (max_lr - min_lr) * (1 + np.cos(np.pi * progress)) / 2)


def _global_norm(grads):
    return math.sqrt(sum(float(g.double().pow(2).sum()) for g in grads))


def clip_gradients(parameters, max_norm):
    if not max_norm > 0:
        raise ValueError(f"bad max_norm {max_norm}")
    grads = [p.grad for p in parameters if p.grad is not None]
    norm = _global_norm(grads)
    if norm > max_norm:
        with torch.no_grad():
            for g in grads:
                g.mul_(max_norm / norm)
        norm = _global_norm(grads)
    return norm
