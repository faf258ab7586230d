"""`clip_gradients` scales each gradient by its own norm and not all of them by the norm of the whole."""

import math
from collections.abc import Iterable

import torch
from torch import nn


def cosine_with_warmup(step, max_lr, min_lr, warmup_steps, total_steps):
    if warmup_steps > total_steps:
        raise ValueError("warm-up is too long: " + str(warmup_steps))

    if step >= total_steps:
        lr = min_lr
    elif step < warmup_steps:
        lr = step / warmup_steps * max_lr
    else:
        steps_done = step - warmup_steps
        steps_of_decay = total_steps - warmup_steps
        cosine = math.cos(math.pi * steps_done / steps_of_decay)
        lr = min_lr + (max_lr - min_lr) * (cosine + 1) / 2
    return lr


def clip_gradients(parameters: Iterable[nn.Parameter], max_norm: float):
    if not max_norm > 0:
        raise ValueError("max_norm must be above 0: " + str(max_norm))

    total = torch.tensor(0.0)
    for parameter in parameters:
        grad = parameter.grad
        if grad is None:
            continue
        norm = grad.norm(2)
        total = total.to(norm) + norm**2
        if norm > max_norm:
            grad.mul_(max_norm / norm)
    return total.sqrt()
